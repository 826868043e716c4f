"""The study file: what is accepted, and that every error is one line naming file and key."""

from pathlib import Path

import pytest

from safetymon import config
from safetymon.errors import UsageError
from safetymon.study import Study, rule_title, with_method

MINIMAL = """
[study]
id = "S1"
title = "A study"

[data]
standard = "adam"

[treatments.Active]
from = ["Active"]

[treatments.Placebo]
from = ["Placebo"]
reference = true
"""


def load(tmp_path: Path, text: str) -> Study:
    path = tmp_path / "study.toml"
    path.write_text(text, encoding="utf-8")
    return config.load(path)


def test_a_minimal_file_has_a_group_for_each_treatment_beside_the_reference(tmp_path: Path) -> None:
    study = load(tmp_path, MINIMAL)
    assert [(g.name, g.treatment, g.reference) for g in study.group] == [
        ("Active", "Active", "Placebo"), ("Placebo", "Placebo", None),
    ]  # fmt: skip
    assert study.emergent.lag_days == 30
    assert study.emergent.partial_onset == "conservative"


PLAIN = '[[group]]\nname = "G"\ntreatment = "Active"\n'
OWN = '[[topic]]\nname = "rash"\nterms = ["Rash"]\n'
RULE = '[[rule]]\ntopic = "{}"\ngroup = "{}"\nmethod = "{}"\nlimit = 5\n'


@pytest.mark.parametrize(
    ("added", "message"),
    [
        ("[emergent]\nlag_day = 3", "emergent.lag_day: is not a key .* did you mean 'lag_days'"),
        ("[study2]\n", "study2: is not a key of a study file; did you mean 'study'"),
        ("[emergent]\nlag_days = -1", "emergent.lag_days"),
        ('[emergent]\npartial_onset = "maybe"', "emergent.partial_onset: .*'conservative'"),
        ("[report]\nconfidence = 95", "report.confidence: .*less than 1"),
        ('[treatments.Other]\nfrom = ["ACTIVE"]', "'ACTIVE' in the data means two treatments"),
        ('[treatments.Other]\nfrom = ["x"]\nreference = true', "only one can be the reference"),
        ('[[group]]\nname = "G"\ntreatment = "Nothing"', "no treatment 'Nothing'; there is Active"),
        ('[[group]]\nname = "G"', "group 'G': give either treatment or total_of"),
        ('[[group]]\nname = "G"\ntreatment = "Active"\nreference = "H"', "no group 'H'"),
        ('[[group]]\nname = "G"\ntreatment = "Active"\nreference = "G"', "its own reference"),
        ('[[group]]\nname = "All subjects"\ntreatment = "Active"', "kept for the open report"),
        ('[[group]]\nname = "G"\ntreatment = "Active"\n' * 2, "group 'G' is defined twice"),
        (RULE.format("nausia", "Active", "incidence"), "no topic 'nausia'; there is headache"),
        (RULE.format("nausea", "Activ", "incidence"), "no group 'Activ'; there is Active, Placebo"),
        (RULE.format("nausea", "All subjects", "ratio"), "pooled, so it has nothing to compare"),
        (
            RULE.format("nausea", "All subjects", "incidence") + 'name = "nausea on ACTIVE"',
            "goes into the open report, so its name may not hold 'Active'",
        ),
        (
            '[[rule]]\ntopic = "nausea"\ngroup = "All subjects"\nmethod = "ecl"',
            "pooled, so it has nothing to compare",
        ),
        (RULE.format("nausea", "Active", "guess"), r"rule 1 \(nausea\): input tag .guess. found"),
        (
            '[[rule]]\ntopic = "nausea"\ngroup = "Active"\nmethod = "ecl"\nmargni = 2',
            "margni: is not a key .* did you mean 'margin'",
        ),
        (
            '[[rule]]\ntopic = "nausea"\ngroup = "Active"\nmethod = "background"\nbackgruond = 0.1',
            "backgruond: is not a key .* did you mean 'background'",
        ),
        ('[treatments.Other]\nfrom = ["x", "X"]', "Other: 'X' is listed twice; list it once"),
        (
            f'{PLAIN}[[group]]\nname = "T"\ntotal_of = ["G"]\nperiods = ["First"]',
            "group 'T': total_of takes the periods of its groups; remove periods",
        ),
        (
            '[[topic]]\nname = "Thromboembolism"\nadd_terms = ["Retinal ischaemia"]',
            "topic 'Thromboembolism': is 'thromboembolism' in another case; write it so",
        ),
        (
            f'{OWN}[[topic]]\nname = "Rash"\nterms = ["Rash"]',
            "topic 'Rash': is 'rash' in another case",
        ),
        (
            '[[topic]]\nname = "tromboembolism"\nadd_terms = ["Retinal ischaemia"]',
            "topic 'tromboembolism': is not built in, .* terms; did you mean 'thromboembolism'",
        ),
        (
            f'{OWN}drop_terms = ["Rash"]',
            "topic 'rash': is not built in, so nothing to change; list what it has as terms$",
        ),
        ('[[topic]]\nname = "rash"', "topic 'rash': has no terms; list them as terms, or"),
        ('[[topic]]\nname = "nausae"\nbackground = 0.1', "no terms.* did you mean 'nausea'"),
        (
            '[[topic]]\nname = "nausea"\ndrop_terms = ["Nausea", "procedural nausea"]',
            "topic 'nausea': has no terms",
        ),
        (
            '[[topic]]\nname = "nausea"\ndrop_terms = ["Procedual nausea"]',
            "drop_terms: 'Procedual nausea' is not .* terms; did you mean 'Procedural nausea'",
        ),
        (RULE.format("nausea", "Active", "ratio") * 2, "is defined twice"),
    ],
)
def test_a_wrong_file_is_refused_in_one_line_that_names_the_key(
    tmp_path: Path, added: str, message: str
) -> None:
    with pytest.raises(UsageError, match=message) as refused:
        load(tmp_path, f"{MINIMAL}\n{added}")
    text = str(refused.value)
    assert text.startswith("study.toml: ")
    assert "\n" not in text
    assert refused.value.exit_code == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[study", "is not valid TOML"),
        ("", "study: is missing"),
        (MINIMAL.replace('"S1"', '"a/b"'), "study.id: may hold only letters"),
        (MINIMAL.replace("[treatments.Active]", "[treatments.Active]\nfroms = []"), "from"),
    ],
)
def test_a_file_that_is_no_study_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load(tmp_path, text)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            'related = ["Likely"]\nnot_related = ["likely", "none"]',
            "data.values: 'LIKELY' stands in related and in not_related; leave it in one",
        ),
        ('yes = ["1"]\nno = ["1"]', "'1' stands in yes and in no"),
        ('severe = ["moderate"]', "'MODERATE' stands in moderate and in severe"),
    ],
)
def test_a_word_of_the_listing_has_one_meaning(tmp_path: Path, values: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load(tmp_path, f"{MINIMAL}\n[data.values]\n{values}")


def test_topics_that_change_the_built_in_ones_or_have_their_own_terms_are_read(
    tmp_path: Path,
) -> None:
    added = """
        [[topic]]
        name = "nausea"
        drop_terms = ["procedural NAUSEA"]
        [[topic]]
        name = "headache"
        background = 0.1
        [[topic]]
        name = "rash"
        terms = ["Rash"]
    """
    assert len(load(tmp_path, MINIMAL + added).topic) == 3


def test_a_topic_that_adjudication_alone_decides_needs_no_term(tmp_path: Path) -> None:
    files = '[data.files]\nadjudication = "adjudication.csv"\n'
    study = load(tmp_path, f'{MINIMAL}\n{files}[[topic]]\nname = "MACE"')
    assert study.topic[0].terms == ()


def test_a_rule_without_a_name_has_a_title_to_be_read(tmp_path: Path) -> None:
    rule = '[[rule]]\ntopic = "nausea"\ngroup = "{}"\nestimand = "{}"\nmethod = "{}"\n'
    study = load(
        tmp_path,
        MINIMAL
        + rule.format("Active", "all", "ecl")
        + rule.format("Active", "serious", "background")
        + rule.format("All subjects", "related serious", "background"),
    )
    assert [one.title for one in study.rule] == [
        "Nausea, all events: Active against its reference",
        "Nausea, serious events: Active against a background risk",
        "Nausea, related serious events: All subjects against a background risk",
    ]


POOLED = '[[rule]]\ntopic = "{}"\ngroup = "All subjects"\nmethod = "incidence"\nlimit = 5\n'
SHORT = '[treatments.A]\nfrom = ["Al", "All"]\n'


def test_a_pooled_rule_is_not_refused_for_letters_that_a_short_name_shares(tmp_path: Path) -> None:
    (rule,) = load(tmp_path, MINIMAL + SHORT + POOLED.format("headache")).rule
    assert rule.title == "Headache, all events: All subjects by incidence"


@pytest.mark.parametrize("named", ["rash on A", "Rash (al)", "INACTIVE or active"])
def test_a_pooled_rule_may_not_name_a_treatment_by_name_or_topic(
    tmp_path: Path, named: str
) -> None:
    topic = f'[[topic]]\nname = "{named}"\nterms = ["Rash"]\n'
    for rule in (topic + POOLED.format(named), f'{POOLED.format("nausea")}name = "{named}"\n'):
        with pytest.raises(UsageError, match="goes into the open report, so its name may not hold"):
            load(tmp_path, MINIMAL + SHORT + rule)


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="safetymon init"):
        config.load(tmp_path / "none.toml")


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="UTF-8"):
        config.load(tmp_path / "study.toml")


def test_the_fingerprint_follows_every_definition_and_not_the_place(tmp_path: Path) -> None:
    def fingerprint(old: str, new: str) -> str:
        return config.definitions_sha256(load(tmp_path, MINIMAL.replace(old, new)))

    same = fingerprint("", "")
    assert fingerprint("A study", "The study") == same
    assert fingerprint("[data]", '[data]\nfolder = "elsewhere"') == same
    assert fingerprint("[data]", "[emergent]\nlag_days = 14\n[data]") != same
    assert fingerprint("[data]", '[[topic]]\nname = "rash"\nterms = ["Rash"]\n[data]') != same


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("x = " + "[" * 2000, "brackets are too deep"),
        ("x = " + "1" * 5000, "a number is too long"),
    ],
)
def test_what_the_reader_of_toml_cannot_bear_is_refused(
    tmp_path: Path, line: str, message: str
) -> None:
    with pytest.raises(UsageError, match=f"study.toml: .*{message}"):
        load(tmp_path, f"{line}\n{MINIMAL}")


@pytest.mark.parametrize("value", ["inf", "-inf", "nan"])
def test_a_number_of_a_study_file_is_finite(tmp_path: Path, value: str) -> None:
    rule = f'[[rule]]\ntopic = "headache"\ngroup = "Active"\nmethod = "ratio"\nlimit = {value}'
    with pytest.raises(UsageError, match="limit: input should be"):
        load(tmp_path, f"{MINIMAL}\n{rule}")


def test_a_plan_larger_than_any_trial_is_refused_before_it_is_computed(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="planned_subjects: input should be less than or equal"):
        load(tmp_path, f"{MINIMAL}\n[evidence]\nplanned_subjects = 50001")


def test_a_treatment_without_a_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"treatments"):
        load(tmp_path, f'{MINIMAL}\n[treatments." "]\nfrom = ["x"]')


@pytest.mark.parametrize(
    ("topic", "begins"), [("nausea", "Nausea, "), ("eGFR decreased", "eGFR decreased, ")]
)
def test_a_rule_without_a_name_begins_with_its_topic_as_a_sentence_would(
    topic: str, begins: str
) -> None:
    assert rule_title(None, topic, "g", "all", "ecl").startswith(begins)


def test_a_method_is_not_said_twice() -> None:
    assert with_method("TE: the protocol's limits", "protocol") == (
        "TE: the protocol's limits (against the protocol's table)"
    )
    named = rule_title(None, "nausea", "g", "all", "ecl")
    assert with_method(named, "ecl") == named
    assert with_method(f"{named} (2)", "ecl") == f"{named} (2)"
