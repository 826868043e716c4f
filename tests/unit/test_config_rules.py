"""Wrong rules are refused in one plain line, with exit code 2, before or at the first look."""

from pathlib import Path

import pytest

from safetymon import cli, config
from safetymon.errors import UsageError
from safetymon.study import Study
from tests.integration.test_monitor import STUDY, TWO, small
from tests.unit.test_config import MINIMAL, load

ABOUT = '[[rule]]\ntopic = "nausea"\ngroup = "Active"\n'


def rule(method: str, more: str = "") -> str:
    return f'{ABOUT}method = "{method}"\n{more}'


BACKGROUND = rule("background")
PROTOCOL = rule("protocol", "background = 0.1\n")
POISSON = rule("poisson")
ECL = rule("ecl")


@pytest.mark.parametrize(
    ("added", "message"),
    [
        (f"{BACKGROUND}background = 0", "background: input should be greater than 0"),
        (f"{BACKGROUND}background = 1", "background: input should be less than 1"),
        (f"{BACKGROUND}background = -0.1", "background: input should be greater than 0"),
        (f"{BACKGROUND}background = nan", "background: "),
        (f'{BACKGROUND}background = "1%"', "background: input should be a valid number"),
        (f"{BACKGROUND}alpha = 0", "alpha: input should be greater than 0"),
        (f"{BACKGROUND}alpha = 0.5", "alpha: input should be less than 0.5"),
        (f"{ECL}alpha = 0.5", "alpha: input should be less than 0.5"),
        (f"{POISSON}background_per_100py = 1\nalpha = 0", "alpha: input should be greater than 0"),
        (f"{BACKGROUND}planned = 0", "planned: input should be greater than or equal to 1"),
        (f"{BACKGROUND}planned = 9.5", "planned: input should be a valid integer"),
        (f'{BACKGROUND}spending = "flat"', "spending: input should be 'pocock', 'linear' or"),
        (f'{BACKGROUND}denominator = "matured"', '"matured" needs window_days'),
        (f'{BACKGROUND}denominator = "km"', '"km" needs window_days'),
        (f"{BACKGROUND}backgruond = 0.1", "backgruond: is not a key"),
        (f"{ECL}margin = 0", "margin: input should be greater than 0"),
        (f'{ECL}mode = "calendar"', "mode: input should be 'weighted' or 'band'"),
        (f"{ECL}background = 0.1", "background: is not a key"),
        (f"{PROTOCOL}n = []\nstop_at = []", "n: .*at least 1"),
        (f"{PROTOCOL}n = [5, 10]\nstop_at = [2]", "n and stop_at must have the same length"),
        (f"{PROTOCOL}n = [5, 5]\nstop_at = [2, 3]", "n must increase"),
        (
            f"{PROTOCOL}n = [5]\nstop_at = [0]",
            r"rule 1 \(nausea\): stop_at 1: input should be greater than or equal",
        ),
        (POISSON, r"rule 1 \(nausea\): background_per_100py: is missing; add it$"),
        (
            f"{POISSON}background_per_100yp = 1",
            r"rule 1 \(nausea\): background_per_100yp: is not a key .*100py'\? \(and 1 more\)$",
        ),
        (f"{ECL}{POISSON}background_per_100py = 0", r"rule 2 \(nausea\): background_per_100py: "),
        (f'{ECL}name = "N"\necl = 1', r"rule 1 \(N\): ecl: is not a key"),
        (f"{POISSON}background_per_100py = 0", "background_per_100py: input should be greater"),
        (f'{POISSON}background_per_100py = 1\nstatistic = "maxsprt"', '"maxsprt" needs planned_'),
        (BACKGROUND.replace("nausea", "nausia"), "no topic 'nausia'; there is headache"),
        (ECL.replace("Active", "Activ"), "no group 'Activ'; there is Active, Placebo"),
        (ECL * 2, r"rule 'Nausea, all events: Active against .*' is defined twice"),
        ('[[topic]]\nname = "nausea"\nbackground = 1', "background: input should be less than 1"),
        ("[evidence]\nalpha = 0.5", "evidence.alpha: input should be less than 0.5"),
        ("[evidence]\nplanned_subjects = 0", "evidence.planned_subjects: "),
        ("[evidence]\nscreen_q = 1", "evidence.screen_q: input should be less than 1"),
        ('[evidence]\ndefaults = "some"', "evidence.defaults: input should be 'if no rule'"),
        ("[evidence]\nplaned_subjects = 9", "did you mean 'planned_subjects'"),
    ],
)
def test_a_wrong_rule_is_one_line_that_names_the_key(
    tmp_path: Path, added: str, message: str
) -> None:
    with pytest.raises(UsageError, match=message) as refused:
        load(tmp_path, f"{MINIMAL}\n{added}")
    text = str(refused.value)
    assert text.startswith("study.toml: ")
    assert "\n" not in text
    assert refused.value.exit_code == 2


def test_a_right_rule_of_each_method_is_read(tmp_path: Path) -> None:
    added = [
        f"{BACKGROUND}background = 0.02\nplanned = 95\ndenominator = 'km'\nwindow_days = 28",
        f"{PROTOCOL}n = [5, 10]\nstop_at = [2, 3]",
        f"{POISSON}background_per_100py = 1.5\nstatistic = 'maxsprt'\nplanned_events = 4",
        f"{ECL}planned = 95\nwindow_days = 112\nmargin = 1.25\nmode = 'band'",
    ]
    study: Study = load(tmp_path, "\n".join([MINIMAL, *added]))
    assert [r.method for r in study.rule] == ["background", "protocol", "poisson", "ecl"]
    assert config.definitions_sha256(study) != config.definitions_sha256(load(tmp_path, MINIMAL))


Capture = pytest.CaptureFixture[str]


def refused(study: Path, capsys: Capture) -> str:
    """The one line of a check and of a run that end with exit code 2, and write no report."""
    said = []
    for command in ("check", "run"):
        assert cli.run([command, str(study)]) == 2
        printed = capsys.readouterr()
        assert printed.err.count("\n") == 1
        assert printed.err.startswith("safetymon: ")
        said.append(printed.err)
    assert not (study.parent / "reports").exists()
    assert said[0] == said[1]
    return said[0]


def with_rule(folder: Path, text: str) -> Path:
    return small(folder, TWO, STUDY + text.replace("Active", "Drug"))


def test_a_background_of_one_is_exit_code_2(tmp_path: Path, capsys: Capture) -> None:
    said = refused(with_rule(tmp_path, f"{BACKGROUND}background = 1"), capsys)
    assert "study.toml: rule 2 (nausea): background: input should be less than 1" in said
    assert not (tmp_path / "state").exists()


TOO_MANY = "more subjects have been treated than planned"


def test_planned_below_observed_is_exit_code_2(tmp_path: Path, capsys: Capture) -> None:
    said = refused(with_rule(tmp_path, f"{BACKGROUND}background = 0.02\nplanned = 1"), capsys)
    assert f"'Nausea, all events: Drug against a background risk': {TOO_MANY}" in said
    assert said.rstrip().endswith("correct planned, or planned_subjects in [evidence]")


def test_a_plan_of_the_trial_below_observed_is_exit_code_2(tmp_path: Path, capsys: Capture) -> None:
    text = "[evidence]\nplanned_subjects = 2\nwindow_days = 30\ndefaults = 'always'\n"
    said = refused(with_rule(tmp_path, text), capsys)
    assert f"{TOO_MANY}; correct planned" in said


def test_planned_events_too_few_for_alpha_are_exit_code_2(tmp_path: Path, capsys: Capture) -> None:
    more = "background_per_100py = 1\nstatistic = 'maxsprt'\nplanned_events = 0.01"
    said = refused(with_rule(tmp_path, f"{POISSON}{more}"), capsys)
    assert "'Nausea, all events: Drug against a known rate': planned_events: " in said
    assert "give a longer horizon" in said


def test_a_group_beside_a_reference_with_the_same_time_in_it_is_exit_code_2(
    tmp_path: Path, capsys: Capture
) -> None:
    groups = """
    [[group]]
    name = "Drug"
    treatment = "Drug"
    reference = "Everybody on drug"
    [[group]]
    name = "Everybody on drug"
    treatment = "Drug"
    """
    said = refused(with_rule(tmp_path, groups), capsys)
    assert "group 'Drug': its reference 'Everybody on drug' counts the same time" in said
    assert "(subjects:" not in said  # a number by arm is closed; a failure is told to operations


def test_a_plan_exceeded_after_the_first_look_is_reported(tmp_path: Path, capsys: Capture) -> None:
    text = f"{BACKGROUND}background = 0.02\nplanned = 2"
    study = with_rule(tmp_path, text)
    assert cli.run(["run", str(study)]) == 0
    more = (tmp_path / "ex.csv").read_text() + "004,D,2020-01-02,2020-02-02\n"
    (tmp_path / "dm.csv").write_text((tmp_path / "dm.csv").read_text() + "004\n")
    (tmp_path / "ex.csv").write_text(more)
    assert cli.run(["run", str(study)]) == 0
    capsys.readouterr()
    pages = sorted((tmp_path / "reports/S1/closed").glob("0002-*/results.json"))
    assert "planned is 2, but 3 subjects have been treated" in pages[0].read_text()
    assert cli.run(["check", str(study)]) == 0
    about = "rule 'Nausea, all events: Drug against a background risk'"
    told = f"{about}: planned is 2, but 3 subjects have been treated"
    assert f"warning: {told}" in capsys.readouterr().out


def test_a_pooled_plan_below_observed_is_exit_code_2(tmp_path: Path, capsys: Capture) -> None:
    pooled = f"{BACKGROUND}background = 0.02\nplanned = 1\nname = 'One'".replace(
        "Active", "All subjects"
    )
    said = refused(with_rule(tmp_path, pooled), capsys)
    assert TOO_MANY in said


SHARED = "[evidence]\nfamily = 'topics'\nplanned_subjects = 9\nwindow_days = 9\n"
WALK = '[[rule]]\ntopic = "nausea"\ngroup = "Active"\nmethod = "ecl"\n'


def test_a_comparison_with_an_alpha_of_its_own_in_a_family_is_exit_code_2(
    tmp_path: Path, capsys: Capture
) -> None:
    said = refused(with_rule(tmp_path, f"{SHARED}{WALK}alpha = 0.1\n"), capsys)
    assert "'Nausea, all events: Drug against its reference': alpha is 0.1, but with" in said
    assert 'with family = "topics"' in said
    assert cli.run(["check", str(with_rule(tmp_path, SHARED + WALK))]) == 0
    assert (
        cli.run(["check", str(with_rule(tmp_path, f"{SHARED}{WALK}alpha = 0.1\noff = true"))]) == 0
    )
