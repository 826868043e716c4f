"""The packaged demo listings have every published count of ProDERM, recounted from the CSV files.

Nothing of safetymon's counting is used, nor of the generator's own recount: plain loops over rows
of text. The expected numbers are typed in from

* Aggarwal et al., Arthritis Res Ther 2024;26:27, doi 10.1186/s13075-023-03232-2, Table 1 and the
  supplement's listings of related serious events and of discontinuations;
* the US label of Octagam 10% in dermatomyositis (octagamus.net), related and within 72 h;
* ClinicalTrials.gov NCT02728752, non-serious ("other") adverse events.
"""

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from safetymon.demo import generate
from safetymon.demo.dice import picked, roll
from safetymon.demo.recount import verify
from tests.unit.demo_recount import (
    ADJUDICATION,
    BAD,
    COLUMNS,
    COUNTED,
    EVENTS,
    FOLDER,
    GOOD,
    INFUSIONS,
    PLACED,
    RELATED,
    SUBJECTS,
    Row,
    day_of,
    days_allowed,
    is_confirmed,
    is_infusional,
    is_partial,
    is_related,
    of_topic,
    places,
    rows_of,
    subjects_and_events,
    subjects_by_term,
    treatment_on,
)

OVERVIEW: list[tuple[str, Callable[[Row], bool], list[tuple[int, int]]]] = [
    ("TEAE", bool, [(42, 196), (28, 135), (84, 545)]),
    ("Infusional TEAE", is_infusional, [(34, 139), (19, 65), (76, 351)]),
    ("Serious TEAE", lambda row: row["SERIOUS"] == "Y", [(3, 5), (2, 4), (14, 22)]),
    ("Related TEAE", is_related, [(30, 113), (11, 38), (62, 282)]),
    ("TEAE leading to discontinuation", lambda row: row["ACTION"] == "drug withdrawn",
     [(3, 8), (0, 0), (13, 25)]),
    ("TEE", is_confirmed, [(1, 2), (0, 0), (6, 8)]),
    ("Related TEE", lambda row: is_confirmed(row) and is_related(row), [(0, 0), (0, 0), (5, 6)]),
    ("HTR", lambda row: "aemoly" in row["PREFERRED_TERM"], [(0, 0), (0, 0), (0, 0)]),
    ("Death", lambda row: row["OUTCOME"] == "fatal", [(0, 0), (0, 0), (0, 0)]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("test", "expected"), [o[1:] for o in OVERVIEW], ids=[o[0] for o in OVERVIEW]
)
def test_overview_is_table_1(test: Callable[[Row], bool], expected: list[tuple[int, int]]) -> None:
    rows = [[row for row in rows_of(column) if test(row)] for column in COLUMNS]
    assert [subjects_and_events(found) for found in rows] == expected


def test_subjects_arms_switches_and_cycles() -> None:
    assert len({row["SUBJECT"] for row in SUBJECTS}) == len(SUBJECTS) == 95
    arms = [row["ARM"] for row in SUBJECTS]
    assert (arms.count("IVIG"), arms.count("PLACEBO")) == (47, 48)
    ivig, placebo, ever = (
        {row["SUBJECT"] for row in INFUSIONS if f"{row['PERIOD']}/{row['DRUG']}" in cells}
        for cells in COLUMNS.values()
    )
    assert [len(ivig), len(placebo), len(ever), len(ivig & placebo)] == [52, 48, 95, 5]
    assert sum(row["DRUG"] == "OCTAGAM 10%" for row in INFUSIONS) == 664


def test_early_switchers_take_ivig_from_week_8_or_12() -> None:
    switches = [
        (before, row)
        for before, row in pairwise(INFUSIONS)
        if before["SUBJECT"] == row["SUBJECT"]
        and row["PERIOD"] == "First"
        and before["DRUG"] != row["DRUG"]
    ]
    assert [(a["DRUG"], b["DRUG"]) for a, b in switches] == 5 * [("PLACEBO", "OCTAGAM 10%")]
    assert {row["CYCLE"] for _, row in switches} == {"3", "4"}


def test_cycles_are_28_days_apart_and_last_2_to_5_days() -> None:
    assert {(day_of(r["END"]) - day_of(r["START"])).days + 1 for r in INFUSIONS} == {2, 3, 4, 5}
    same = [(a, b) for a, b in pairwise(INFUSIONS) if a["SUBJECT"] == b["SUBJECT"]]
    assert {(day_of(b["START"]) - day_of(a["START"])).days for a, b in same} == {28}
    assert {int(b["CYCLE"]) - int(a["CYCLE"]) for a, b in same} == {1}


def test_enrolment_is_staggered_and_some_leave_early() -> None:
    days = [day_of(row["RANDOMISED"]) for row in SUBJECTS]
    assert days == sorted(days)
    assert (days[0], days[-1].year) == (date(2017, 2, 27), 2019)
    assert 850 <= (days[-1] - days[0]).days <= 930  # about 2.5 years
    reasons = [row["END_REASON"] for row in SUBJECTS]
    assert (reasons.count("completed"), reasons.count("adverse event")) == (70, 13)


LABEL = [
    (is_related, {"Headache": 40, "Pyrexia": 18, "Nausea": 15, "Vomiting": 8, "Chills": 7,
                  "Musculoskeletal pain": 7, "Blood pressure increased": 6}),
    (is_infusional, {"Headache": 44, "Pyrexia": 19, "Nausea": 16, "Vomiting": 8,
                     "Blood pressure increased": 8, "Musculoskeletal pain": 5,
                     "Heart rate increased": 5, "Dyspnoea": 5, "Infusion site reaction": 5}),
]  # fmt: skip


@pytest.mark.parametrize(("test", "published"), LABEL, ids=["related", "within 72 h"])
def test_terms_above_5_percent_on_ivig_are_those_of_the_label_and_no_others(
    test: Callable[[Row], bool], published: dict[str, int]
) -> None:
    found = subjects_by_term([row for row in rows_of("Overall all IVIg") if test(row)])
    assert {term: n for term, n in found.items() if n / 95 > 0.05} == published


# Pyrexia is published as 17, which cannot hold beside 18 subjects with a related, non-serious one.
REGISTRY = [
    ("Headache", 4, 46), ("Nausea", 2, 18), ("Pyrexia", 3, 19), ("Vomiting", 0, 9),
    ("Condition aggravated", 9, 9), ("Myalgia", 0, 9), ("Chills", 1, 7), ("Arthralgia", 4, 7),
]  # fmt: skip


@pytest.mark.parametrize(("term", "placebo", "all_ivig"), REGISTRY)
def test_non_serious_terms_are_those_of_the_registry(
    term: str, placebo: int, all_ivig: int
) -> None:
    columns = (rows_of("First period placebo"), rows_of("Overall all IVIg"))
    mild = [subjects_by_term([r for r in rows if r["SERIOUS"] == "N"]) for rows in columns]
    assert [found.get(term, 0) for found in mild] == [placebo, all_ivig]


RELATED_SERIOUS = """\
1 First Muscle spasms,severe,1,probable,recovered/resolved,drug withdrawn,N
1 First Dyspnoea,severe,1,probable,recovered/resolved,drug withdrawn,N
2 Extension Deep vein thrombosis,severe,73,probable,recovered/resolved,drug withdrawn,Y
2 Extension Pulmonary embolism,severe,73,probable,recovered/resolved,drug withdrawn,Y
3 Extension Cerebrovascular accident,moderate,109,possible,recovered/resolved with sequelae,\
drug withdrawn,Y
4 Extension Pulmonary embolism,moderate,14,possible,recovered/resolved with sequelae,\
drug withdrawn,Y
5 Extension Loss of consciousness,moderate,1,probable,recovered/resolved,dose not changed,N
6 Extension Cerebral infarction,moderate,99,possible,recovered/resolved with sequelae,\
not applicable,Y
7 Extension Hypoaesthesia,mild,1,possible,recovered/resolved,dose not changed,Y
"""

DISCONTINUATIONS = """\
1 First Muscle spasms,severe,Y,probable
1 First Sinus tachycardia,moderate,N,probable
1 First Chills,mild,N,probable
1 First Pyrexia,mild,N,probable
1 First Dyspnoea,severe,Y,probable
1 First Back pain,moderate,N,probable
2 Extension Deep vein thrombosis,severe,Y,probable
2 Extension Pulmonary embolism,severe,Y,probable
3 Extension Vertigo,moderate,N,possible
3 Extension Vision blurred,mild,N,possible
3 Extension Cerebrovascular accident,moderate,Y,possible
4 Extension Pulmonary embolism,moderate,Y,possible
8 Extension Musculoskeletal pain,mild,N,possible
8 Extension Paraesthesia,mild,N,possible
8 Extension Dizziness,mild,N,possible
8 Extension Condition aggravated,mild,N,not related
9 Extension Headache,moderate,N,probable
9 Extension Nausea,moderate,N,probable
10 Extension Hypersensitivity,mild,N,probable
11 Extension Vomiting,mild,N,probable
"""


def by_patient(lines: Iterable[tuple[str, str]]) -> list[list[str]]:
    """The lines of each patient, whatever the patient is called."""
    found: dict[str, list[str]] = {}
    for patient, line in lines:
        found.setdefault(patient, []).append(line)
    return sorted(sorted(group) for group in found.values())


def as_published(text: str) -> list[list[str]]:
    parts = [line.partition(" ") for line in text.splitlines()]
    return by_patient((patient, line) for patient, _, line in parts)


def serious_line(row: Row, place: str) -> str:
    days = (day_of(row["RESOLVED"]) - day_of(row["ONSET"])).days + 1
    first = f"{place.partition('/')[0]} {row['PREFERRED_TERM']}"
    tee = "Y" if is_confirmed(row) else "N"
    rest = (row["CAUSALITY"], row["OUTCOME"], row["ACTION"], tee)
    return ",".join((first, row["SEVERITY"], str(days), *rest))


def withdrawal_line(row: Row, place: str) -> str:
    first = f"{place.partition('/')[0]} {row['PREFERRED_TERM']}"
    return ",".join((first, row["SEVERITY"], row["SERIOUS"], row["CAUSALITY"]))


def test_related_serious_events_are_the_nine_of_the_supplement() -> None:
    rows = [(row, place) for row, place in COUNTED if row["SERIOUS"] == "Y" and is_related(row)]
    found = by_patient((row["SUBJECT"], serious_line(row, place)) for row, place in rows)
    assert found == as_published(RELATED_SERIOUS)


def test_cerebral_infarction_comes_12_days_after_the_last_cycle() -> None:
    (event,) = (row for row in GOOD if row["PREFERRED_TERM"] == "Cerebral infarction")
    last = max(row["END"] for row in INFUSIONS if row["SUBJECT"] == event["SUBJECT"])
    assert (day_of(event["ONSET"]) - day_of(last)).days == 12


def test_discontinuations_are_those_of_the_supplement_and_five_unrelated_ones() -> None:
    rows = [(row, place) for row, place in COUNTED if row["ACTION"] == "drug withdrawn"]
    found = by_patient((row["SUBJECT"], withdrawal_line(row, place)) for row, place in rows)
    published = as_published(DISCONTINUATIONS)
    others = [lines for lines in found if lines not in published]
    assert [lines for lines in found if lines in published] == published
    assert [len(lines) for lines in others] == 5 * [1]
    assert not {lines[0].split(",")[-1] for lines in others} & set(RELATED)
    left = {row["SUBJECT"] for row in SUBJECTS if row["END_REASON"] == "adverse event"}
    assert left == {row["SUBJECT"] for row, _ in rows}


@pytest.mark.parametrize(("topic", "related"), [("headache", 40), ("pyrexia", 18), ("nausea", 15)])
def test_topics_by_term_equal_the_preferred_term_counts(topic: str, related: int) -> None:
    assert {r["PREFERRED_TERM"].lower() for r in EVENTS if of_topic(r, topic)} == {topic}
    rows = [row for row in rows_of("Overall all IVIg") if is_related(row) and of_topic(row, topic)]
    assert subjects_and_events(rows)[0] == related


def test_thromboembolic_by_term_alone_misses_the_hypoaesthesia() -> None:
    rows = rows_of("Overall all IVIg")
    by_term = [row for row in rows if of_topic(row, "thromboembolism")]
    assert subjects_and_events(by_term) == (5, 7)
    assert subjects_and_events([row for row in by_term if is_related(row)]) == (4, 5)
    missed = [row["PREFERRED_TERM"] for row in rows if is_confirmed(row) and row not in by_term]
    assert missed == ["Hypoaesthesia"]


def test_every_adjudicated_event_exists_and_one_suspicion_is_refuted() -> None:
    by_key = {(row["SUBJECT"], row["AE_NO"]): row for row in GOOD}
    decided = [(row, by_key[row["SUBJECT"], row["AE_NO"]]) for row in ADJUDICATION]
    assert len({(row["SUBJECT"], row["AE_NO"]) for row in ADJUDICATION}) == len(ADJUDICATION) == 9
    assert {row["TOPIC"] for row in ADJUDICATION} == {"thromboembolism"}
    refuted = [event["PREFERRED_TERM"] for row, event in decided if row["DECISION"] == "N"]
    assert refuted == ["Pain in extremity"]
    assert all(row["ADJUDICATED_ON"] > event["REPORTED"] for row, event in decided)


def test_exactly_three_rows_must_be_rejected() -> None:
    assert {why: len(rows) for why, rows in BAD.items()} == dict.fromkeys(BAD, 1)
    assert BAD["no date"][0]["ONSET"] == "2018-02-31"
    assert EVENTS.count(BAD["key twice"][0]) == 2
    assert len(EVENTS) == len(GOOD) + 3


def test_events_before_the_first_dose_count_nowhere() -> None:
    outside = [row for row, found in PLACED if not found]
    assert len(outside) == len(GOOD) - len(COUNTED) == 6
    for row in outside:
        own = [infusion["START"] for infusion in INFUSIONS if infusion["SUBJECT"] == row["SUBJECT"]]
        assert row["ONSET"] < min(own)
    assert {"Headache", "Pyrexia", "Nausea"} <= {row["PREFERRED_TERM"] for row in outside}


def test_every_counted_event_belongs_to_one_treatment_even_if_its_date_is_partial() -> None:
    assert {len(found) for _, found in PLACED if found} == {1}


def test_twelve_partial_onsets_of_which_the_first_day_rule_loses_three() -> None:
    partial = [(row, place) for row, place in COUNTED if is_partial(row)]
    assert sorted(len(row["ONSET"]) for row, _ in partial) == 3 * [4] + 9 * [7]
    for row, place in partial:
        first_day = [day_of(f"{row['ONSET']}-01")] if len(row["ONSET"]) == 7 else []
        assert places(row, first_day) == ({place} if first_day else set())


def test_counted_events_keep_clear_of_switch_days_and_of_the_end_of_a_window() -> None:
    for row, place in COUNTED:
        if not is_partial(row):
            around = [day_of(row["ONSET"]) + timedelta(n) for n in (-1, 0, 1)]
            assert [treatment_on(day, row["SUBJECT"]) for day in around] == 3 * [place]


def test_events_are_entered_after_onset_about_6_days_later() -> None:
    assert all(day_of(row["REPORTED"]) >= days_allowed(row["ONSET"])[0] for row in GOOD)
    exact = [row for row in GOOD if not is_partial(row)]
    lags = [(day_of(row["REPORTED"]) - day_of(row["ONSET"])).days for row in exact]
    assert 5 <= sum(lags) / len(lags) <= 7


def test_no_event_after_the_end_of_participation_or_ended_before_it_began() -> None:
    left = {row["SUBJECT"]: row["COMPLETED_OR_LEFT"] for row in SUBJECTS}
    for row in GOOD:
        assert row["ONSET"] <= left[row["SUBJECT"]]
        assert not row["RESOLVED"] or row["RESOLVED"] >= row["ONSET"]
        assert bool(row["RESOLVED"]) == (row["OUTCOME"] != "not recovered/not resolved")


def test_one_class_a_term_and_between_60_and_100_terms() -> None:
    pairs = {(row["PREFERRED_TERM"], row["SOC"]) for row in EVENTS}
    assert len({term for term, _ in pairs}) == len(pairs)
    assert 60 <= len(pairs) <= 100


def test_every_row_says_that_it_is_synthetic() -> None:
    for rows in (SUBJECTS, INFUSIONS, EVENTS, ADJUDICATION):
        assert {row["SYNTHETIC"] for row in rows} == {"synthetic"}


def test_regenerating_gives_the_committed_bytes(tmp_path: Path) -> None:
    generate.write(tmp_path)
    made, committed = (
        {path.name: path.read_bytes() for path in folder.iterdir()} for folder in (tmp_path, FOLDER)
    )
    assert made == committed


UNRELATED = [row | {"CAUSALITY": "unlikely"} for row in EVENTS]
DIFFERENCES = [
    (INFUSIONS[:-1], EVENTS, "IVIg infusion cycles: the listings have 663, published is 664"),
    (INFUSIONS, UNRELATED, r"Related TEAE, .* have \(0, 0\), published is \(30, 113\)"),
    (INFUSIONS, [r for r in EVENTS if r["PREFERRED_TERM"] != "Myalgia"], "TEAE, First period"),
]


@pytest.mark.parametrize(("infusions", "events", "message"), DIFFERENCES)
def test_generation_stops_at_the_first_count_that_differs(
    infusions: list[Row], events: list[Row], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        verify(SUBJECTS, infusions, events, ADJUDICATION)


def test_dice_depend_on_the_key_alone_and_refuse_the_impossible() -> None:
    assert [roll(1000, "a", n) for n in range(3)] == [roll(1000, "a", n) for n in range(3)]
    assert len({roll(10**9, "a", n) for n in range(50)}) == 50
    assert picked("abc", 2, "c", "key") >= {"c"}
    with pytest.raises(ValueError, match="cannot pick 4 of 3"):
        picked("abc", 4, "", "key")
