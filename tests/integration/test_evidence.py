"""Evidence through the product: replay, the board's decisions, boundary, looks that agree."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from safetymon import board, cli, demonstration, monitor, rehearsal, replay, store
from safetymon.errors import UsageError
from tests.integration.test_monitor import ONE, STUDY, TWO, small

NOW = datetime(2024, 1, 1, tzinfo=UTC)
AGAINST_1 = "Thromboembolism, related, all IVIg: against 1%"
Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return demonstration.unpack(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module")
def looked(study: Path) -> dict[str, Any]:
    done = monitor.look(study, NOW, "tester")
    return {row["rule"]: row for row in done.closed.signals.to_dicts()}


def test_the_single_arm_rule_raises_the_thromboembolic_signal(looked: dict[str, Any]) -> None:
    signal = looked[AGAINST_1]
    assert signal["verdict"] == "raised"
    assert (signal["value"], signal["limit"]) == (5.0, 4.0)
    # The third subject was reported when 50 had been dosed; the boundary there is 3.
    assert signal["crossed_on"] == date(2018, 9, 29)


def test_the_comparison_of_arms_says_why_it_cannot(looked: dict[str, Any]) -> None:
    signal = looked["Thromboembolism, all events: First period, IVIg against its reference"]
    assert signal["verdict"] == "too little data"
    assert "too few events" in signal["text"]
    none = looked["Thromboembolism, related: IVIg against placebo"]
    assert none["verdict"] == "no events"


def test_every_topic_has_a_verdict_with_numbers(looked: dict[str, Any]) -> None:
    for topic, verdict in (("Headache", "raised"), ("Pyrexia", "no signal"),
                           ("Nausea", "no signal")):  # fmt: skip
        signal = looked[f"{topic}, all events: First period, IVIg against its reference"]
        assert signal["verdict"] == verdict
        assert signal["limit"] is not None
        assert "first events on treatment" in signal["text"]


def test_a_pooled_trigger_says_how_often_a_wrong_background_would_reach_it(
    looked: dict[str, Any],
) -> None:
    told = looked["Thromboembolism, pooled: against 1%"]["text"]
    assert "were the true background 1.25%, it would be reached without any harm in 7.4%" in told
    assert "without any harm" not in looked[AGAINST_1]["text"]


def test_without_a_background_the_rule_says_so_plainly(looked: dict[str, Any]) -> None:
    signal = looked["Nausea, all events: All IVIg against a background risk"]
    assert signal["verdict"] == "not applicable"
    assert "no background rate given" in signal["text"]


@pytest.mark.slow
@pytest.mark.parametrize(("every", "look"), [("week", 83), ("month", 20)])
def test_the_replay_names_the_look(study: Path, every: replay.Every, look: int) -> None:
    rows = {row["rule"]: row for row in rehearsal.replayed(study, every, NOW)[0].to_dicts()}
    assert rows[AGAINST_1]["look"] == look
    assert "(3 of 50, the boundary 3)" in rows[AGAINST_1]["text"]
    threshold = rows["Thromboembolism, related, all IVIg: 3 subjects"]
    assert threshold["look"] == look  # the same third subject
    walk = "Pyrexia, all events: First period, IVIg against its reference"
    assert rows[walk]["look"] is None


def test_the_replayed_look_is_the_look_that_would_have_been_made(tmp_path: Path) -> None:
    """Looks made for real, week by week around the crossing, raise the signal where it says."""
    made = demonstration.unpack(tmp_path)
    verdicts = []
    for cutoff in (date(2018, 9, 26), date(2018, 10, 3)):
        done = monitor.look(made, NOW, "tester", cutoff=cutoff)
        rows = {row["rule"]: row["verdict"] for row in done.closed.signals.to_dicts()}
        verdicts.append(rows[AGAINST_1])
    assert verdicts == ["no signal", "raised"]


def test_the_demonstration_says_at_which_look(tmp_path: Path, capsys: Capture) -> None:
    assert cli.run(["demo", "--out", str(tmp_path)]) == 0
    said = f"a signal from look 83 on, 03 Oct 2018: {AGAINST_1}"
    assert said in capsys.readouterr().out


def test_schedules() -> None:
    first, last = date(2020, 1, 1), date(2020, 1, 20)
    assert replay.looks(first, last, "week") == [date(2020, 1, 8), date(2020, 1, 15), last]
    assert len(replay.looks(first, last, "day")) == 19
    assert replay.looks(first, date(2020, 1, 3), "month") == [date(2020, 1, 3)]


def test_a_rule_that_is_no_longer_evaluated_is_not_shown_as_current(
    tmp_path: Path, capsys: Capture
) -> None:
    study = small(tmp_path, TWO)
    monitor.look(study, NOW, "a")
    text = study.read_text(encoding="utf-8")
    study.write_text(text.replace('name = "nausea"', 'name = "renamed"'), encoding="utf-8")
    monitor.look(study, NOW, "a")
    assert cli.run(["signals", "list", str(study)]) == 0
    assert sorted(capsys.readouterr().out.splitlines()) == [
        "not evaluated since look 1 (open, since look 1), not assessed: nausea",
        "raised, since look 2, not assessed: renamed",
    ]
    assert cli.run(["signals", "show", str(study), "nausea"]) == 0
    assert capsys.readouterr().out.endswith("Not evaluated since look 1.\n")
    assert cli.run(["signals", "show", str(study), "renamed"]) == 0
    assert "ot evaluated" not in capsys.readouterr().out


def test_a_look_back_is_called_one_and_does_not_unseat_the_latest(
    tmp_path: Path, capsys: Capture
) -> None:
    study = small(tmp_path, TWO)
    monitor.look(study, NOW, "a")
    monitor.look(study, NOW, "a", date(2020, 1, 20))
    assert cli.run(["signals", "show", str(study), "nausea"]) == 0
    back, latest = capsys.readouterr().out.splitlines()
    assert back.startswith("look 2, 20 Jan 2020, look back: ")
    assert latest.startswith("look 1, 01 Feb 2020: ")


def test_a_replay_says_how_many_records_are_dated_by_their_onset(
    tmp_path: Path, capsys: Capture
) -> None:
    assert cli.run(["replay", str(small(tmp_path, TWO))]) == 0
    said = "2 records are dated by their onset; the monitor may have seen them later\n"
    assert capsys.readouterr().out.endswith(said)


def test_topics_without_a_rule_are_named_for_the_board_only(
    tmp_path: Path, capsys: Capture
) -> None:
    study = small(tmp_path, TWO)
    assert cli.run(["check", str(study)]) == 0
    warned = "warning: no rule watches the topics headache, pyrexia, thromboembolism: the study"
    assert warned in capsys.readouterr().out
    done = monitor.look(study, NOW, "a")
    assert "topic without a rule" in {f.check for f in done.closed.findings}
    assert "topic without a rule" not in {f.check for f in done.open.findings}
    assert "no rule watches the topics" in done.closed_report.read_text(encoding="utf-8")
    assert "no rule watches" not in done.open_report.read_text(encoding="utf-8")


def test_the_board_s_decisions_are_added_and_shown(tmp_path: Path, capsys: Capture) -> None:
    study = small(tmp_path, TWO)
    monitor.look(study, NOW, "a")
    arguments = ["signals", "assess", str(study), "nausea", "--by", "Dr A", "--decision"]
    assert cli.run([*arguments, "under evaluation", "--note", "asked for data"]) == 0
    assert cli.run([*arguments, "confirmed"]) == 0
    capsys.readouterr()
    assert cli.run(["signals", "list", str(study)]) == 0
    assert capsys.readouterr().out == "raised, since look 1, confirmed: nausea\n"
    assert cli.run(["signals", "show", str(study), "nausea"]) == 0
    shown = capsys.readouterr().out
    assert "look 1, 01 Feb 2020: raised (first look). 2 of 2 subjects, 2 events" in shown
    assert "under evaluation, Dr A: asked for data" in shown
    assert shown.index("under evaluation") < shown.index("confirmed")


def test_a_decision_leaves_an_audit_event(tmp_path: Path) -> None:
    study = small(tmp_path, TWO)
    monitor.look(study, NOW, "a")
    board.assess(study, "nausea", "Refuted", "Dr B", "coding error", NOW)
    with store.opened(tmp_path / "state", "S1", NOW) as opened:
        last = opened._read("audit/read").to_dicts()[-1]
    assert (last["actor"], last["action"], last["about"]) == ("Dr B", "decision", "nausea")


@pytest.mark.parametrize(
    ("rule", "decision", "by", "said"),
    [
        ("rash", "confirmed", "A", "no look has evaluated it"),
        ("nausea", "maybe", "A", "is none of new, under evaluation"),
        ("nausea", "confirmed", " ", "name who decided"),
    ],
)
def test_a_wrong_decision_is_refused(
    tmp_path: Path, rule: str, decision: str, by: str, said: str
) -> None:
    study = small(tmp_path, ONE)
    monitor.look(study, NOW, "a")
    with pytest.raises(UsageError, match=said):
        board.assess(study, rule, decision, by, "", NOW)


def test_before_the_first_look_there_is_nothing_to_list(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no look has been made"):
        board.board(small(tmp_path), NOW)
    assert not (tmp_path / "state").exists()


def test_boundary_as_json_is_the_contract(capsys: Capture) -> None:
    arguments = ["boundary", "--background", "0.01", "--planned", "95", "--rates", "0.063"]
    assert cli.run([*arguments, "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert set(made) == {"boundary", "false_signal", "power"}
    assert made["boundary"][0] == {"n": 1, "stop_at": 2}
    assert set(made["power"][0]) == {"rate", "power", "mean_subjects"}
    assert made["power"][0]["power"] > 0.85
    assert cli.run(arguments) == 0
    assert "n    70 to    95: 4" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--background", "1", "--planned", "95"], "between 0 and 1"),
        (["--background", "0.1", "--planned", "95", "--alpha", "0.7"], "0.5"),
        (["--background", "0.1", "--planned", "0"], "planned"),
        (["--background", "0.1", "--planned", "9", "--rates", "a"], "not a list of numbers"),
        (["--planned", "95"], "background"),
    ],
)
def test_a_wrong_boundary_is_one_line_and_2(
    arguments: list[str], said: str, capsys: Capture
) -> None:
    assert cli.run(["boundary", *arguments]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert said in error


SCREENED = STUDY + "[evidence]\nplanned_subjects = 3\nwindow_days = 60\ndefaults = 'always'\n"


def test_a_study_gets_its_built_in_rules_and_a_screen(tmp_path: Path) -> None:
    done = monitor.look(small(tmp_path, TWO, SCREENED), NOW, "a")
    methods = done.closed.signals["method"].to_list()
    assert methods == ["subjects", "ecl", "ecl", "ecl", "ecl"]
    assert done.closed.screen.select("term", "events", "flagged").rows() == [("Nausea", 2, False)]
    assert done.open.screen.is_empty()


def test_a_simulation_is_kept_and_shown_to_the_board_only(tmp_path: Path, capsys: Capture) -> None:
    study = demonstration.unpack(tmp_path)
    assert cli.run(["simulate", str(study), "--trials", "4", "--seed", "7"]) == 0
    printed = capsys.readouterr().out
    assert f"{AGAINST_1} (against a background risk):" in printed
    assert "  no harm: a signal in 0." in printed
    assert "of 4 trials" in printed
    done = monitor.look(study, NOW, "a")
    assert AGAINST_1 in done.closed.cards["rule"].to_list()
    assert done.open.cards.is_empty()
    again = rehearsal.simulated(study, 4, 7, NOW, "a")
    assert again.equals(done.closed.cards)
    told = {scope: json.loads((folder / "results.json").read_text())["cards"]
            for scope, folder in (("closed", done.closed_report.parent),
                                  ("open", done.open_report.parent))}  # fmt: skip
    assert [card["rule"] for card in told["closed"]] == done.closed.cards["rule"].to_list()
    assert told["open"] == []
    assert cli.run(["signals", "show", str(study), AGAINST_1]) == 0
    shown = capsys.readouterr().out
    assert f"{AGAINST_1} (against a background risk): 95 subjects entering over" in shown
    assert "  no harm: a signal in 0." in shown
    assert "(against its reference)" not in shown  # its own card, and no other


def test_a_simulation_says_which_events_count_and_at_which_level(tmp_path: Path) -> None:
    study = demonstration.unpack(tmp_path)
    text = study.read_text().replace(
        'method = "background"\nbackground = 0.01\nplanned = 95',
        'method = "background"\nbackground = 0.01\nwindow_days = 90',
        1,
    )
    study.write_text(text.replace("alpha = 0.05", 'alpha = 0.05\nfamily = "topics"', 1))
    cards = rehearsal.simulated(study, 2, 7, NOW, "a")
    basis = dict(cards.select("rule", "basis").rows())
    assert "; an event counts if it begins within 90 days; " in basis[AGAINST_1]
    walk = basis["Headache, all events: First period, IVIg against its reference"]
    assert "; at level 0.01, while no other of 5 comparisons has signalled; " in walk
    assert "an event counts" not in walk


@pytest.mark.slow
def test_the_final_analysis_of_a_study_file_spends_what_is_left(tmp_path: Path) -> None:
    study = demonstration.unpack(tmp_path)
    text = study.read_text().replace(
        "planned_subjects = 95", "planned_subjects = 950\nfinal_analysis = 2018-12-31"
    )
    study.write_text(text)
    rule = "Pyrexia, all events: First period, IVIg against its reference"
    before = monitor.look(study, NOW, "a", cutoff=date(2018, 12, 30)).closed
    after = monitor.look(study, NOW, "a", cutoff=date(2018, 12, 31)).closed
    later = monitor.look(study, NOW, "a").closed
    last = [one.evidence.filter(rule=rule).row(-1, named=True) for one in (before, after, later)]
    assert last[0]["fraction"] < 0.2
    assert (last[1]["date"], last[1]["fraction"]) == (date(2018, 12, 31), 1.0)
    assert last[1]["limit"] < last[0]["limit"]
    assert last[2] == last[1]
    texts = later.signals.filter(pl.col("text").str.contains("after the final analysis of"))
    assert set(texts["method"]) == {"ecl"}
    assert after.screen.select("term", "p", "log_e").equals(
        later.screen.select("term", "p", "log_e")
    )


def test_a_look_back_that_finds_a_record_first_does_not_date_it_before_later_looks(
    tmp_path: Path,
) -> None:
    """A record of January, first found by a look back to February after the look of 2021."""
    rule = (
        '[[rule]]\ntopic = "nausea"\ngroup = "Active"\nmethod = "background"\n'
        "background = 0.02\nplanned = 9\n"
    )
    written = STUDY + rule.replace("Active", "Drug")
    title = "Nausea, all events: Drug against a background risk"
    small(tmp_path, ONE, written)
    subjects = tmp_path / "ex.csv"
    assert subjects.exists()
    first = monitor.look(tmp_path / "study.toml", NOW, "a").closed
    latest = first.cut.cutoff
    back = monitor.look(small(tmp_path, TWO, written), NOW, "a", cutoff=date(2020, 1, 20)).closed
    then = back.evidence.filter(rule=title)
    assert then["count"].max() == 1  # the second record was not known to any look by then
    whole = back.incidence.filter(level="topic", term="nausea", group="Drug", estimand="all")
    assert set(whole["subjects"]) == {2}  # the tables count what the records say
    assert latest > date(2020, 1, 20)
    again = monitor.look(tmp_path / "study.toml", NOW, "a").closed.evidence.filter(rule=title)
    assert again.filter(pl.col("date") < latest).equals(
        first.evidence.filter(pl.col("date") < latest, rule=title)
    )


def test_no_trials_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="give at least 1"):
        rehearsal.simulated(small(tmp_path), 0, 1, NOW, "a")
