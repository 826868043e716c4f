"""Which events are treatment-emergent, of which treatment, and which topics they belong to."""

from typing import get_args

import polars as pl
import pytest

from safetymon import caveats, derive, schema
from safetymon.domain import Emergent, PartialOnset
from tests.tables import day, frame

SUBJECTS = frame("subject\n001\n002", schema.SUBJECTS)
LEDGER = derive.ledger(
    frame(
        """
        subject | period    | treatment | start      | end
        001     | First     | Placebo   | 2020-02-10 | 2020-03-20
        001     | Extension | IVIg      | 2020-05-15 | 2020-06-15
        """,
        schema.EXPOSURE,
    ),
    SUBJECTS,
    day("2020-12-31"),
    Emergent(),
)  # windows: placebo 10 February to 19 April, IVIg 15 May to 15 July


def placed(text: str, **settings: object) -> list[tuple[object, ...]]:
    """(treatment or "-", onset, flag) of each drawn event."""
    drawn = frame(text, {**schema.EVENTS, "onset_low": pl.Date, "onset_high": pl.Date})
    events = drawn.with_columns(
        pl.col("subject").fill_null("001"), pl.col("pt").fill_null("Headache"),
        key=pl.int_range(pl.len()).cast(pl.String),
    )  # fmt: skip
    made = derive.attributed(events, LEDGER, Emergent(**settings), "Placebo")  # type: ignore[arg-type]  # words of a table of cases
    named = made.join(LEDGER.select("row", "treatment"), on="row", maintain_order="left")
    counted = pl.when("emergent").then("treatment").otherwise(pl.lit("-"))
    return named.select(counted, pl.col("onset").cast(pl.String), "onset_flag").rows()


def test_the_window_runs_from_the_first_dose_to_the_last_plus_thirty_days() -> None:
    assert placed("""
        onset_low  | onset_high
        2020-02-09 | 2020-02-09   # the day before the first dose
        2020-02-10 | 2020-02-10   # the first day
        2020-04-19 | 2020-04-19   # the last day of the lag
        2020-04-20 | 2020-04-20   # one day too late
        2020-05-15 | 2020-05-15   # the first day of the next treatment
        2020-07-16 | 2020-07-16   # one day too late
        """) == [
        ("-", "2020-02-09", None),
        ("Placebo", "2020-02-10", None),
        ("Placebo", "2020-04-19", None),
        ("-", "2020-04-20", None),
        ("IVIg", "2020-05-15", None),
        ("-", "2020-07-16", None),
    ]


PARTIAL = """
    onset_low  | onset_high | end_high
    2020-02-01 | 2020-02-29 |              # the month of the first dose
    2020-02-01 | 2020-02-29 | 2020-02-05   # ended before the first dose
    2020-03-01 | 2020-03-31 |              # within the placebo window
    2020-01-01 | 2020-12-31 |              # a bare year: could be either treatment
    2019-01-01 | 2019-12-31 |              # the year before
               |            |              # not recorded
"""


def test_conservative_an_onset_that_could_be_on_treatment_counts() -> None:
    assert placed(PARTIAL) == [
        ("Placebo", "2020-02-10", "D"),
        ("-", "2020-02-10", "D"),
        ("Placebo", "2020-03-01", "D"),
        ("IVIg", "2020-05-15", "M"),  # not hidden in the reference
        ("-", "2020-02-10", "M"),
        ("IVIg", "2020-05-15", "Y"),
    ]


def test_first_day_a_month_is_its_first_day_and_a_year_says_nothing() -> None:
    emergent = [row[0] for row in placed(PARTIAL, partial_onset="first-day")]
    assert emergent == ["-", "-", "Placebo", "-", "-", "-"]


def test_the_report_can_say_how_many_subjects_the_rule_moves() -> None:
    events = frame(PARTIAL, schema.EVENTS).with_columns(
        subject=pl.lit("001"), key=pl.int_range(pl.len()).cast(pl.String)
    )
    for rule in get_args(PartialOnset):  # whichever is in force, the other moves as many
        emergent = Emergent(partial_onset=rule)
        for some, moved in ((events, 1), (events.slice(2, 1), 0)):
            placed = derive.attributed(some, LEDGER, emergent, "Placebo")
            assert derive.moved_by_partial_rule(placed, some, LEDGER, emergent, "Placebo") == moved


FLAGGED = """
    onset_low  | onset_high | emergent_flag
    2020-02-20 | 2020-02-20 | N
    2020-04-25 | 2020-04-25 | Y   # outside the window, but recorded as emergent: nearest treatment
    2020-02-20 | 2020-02-20 |
"""


def test_a_recorded_flag_is_honoured_and_a_missing_one_derived() -> None:
    assert [row[0] for row in placed(FLAGGED)] == ["-", "Placebo", "Placebo"]


def test_a_recorded_flag_can_be_left_out() -> None:
    assert [row[0] for row in placed(FLAGGED, flag="derive")] == ["Placebo", "-", "Placebo"]


def test_disagreement_with_a_recorded_flag_is_a_finding() -> None:
    events = frame(FLAGGED, schema.EVENTS).with_columns(subject=pl.lit("001"))
    made = derive.attributed(events, LEDGER, Emergent())
    found = caveats.emergence(made, events, 0)
    assert [(f.check, f.count) for f in found] == [("emergent flag disagrees", 2)]


def test_events_of_the_untreated_count_nowhere_and_are_a_finding() -> None:
    events = frame("subject | onset_low | onset_high\n002 | 2020-03-01 | 2020-03-01", schema.EVENTS)
    made = derive.attributed(events, LEDGER, Emergent())
    assert made.is_empty()
    assert caveats.emergence(made, events, 0)[0].check == "event without treatment"


@pytest.mark.parametrize(("missing", "counts"), [("conservative", True), ("as no", False)])
def test_an_unrecorded_causality_counts_as_the_study_says(missing: str, *, counts: bool) -> None:
    events = frame("subject | onset_low | onset_high\n001 | 2020-03-01 | 2020-03-01", schema.EVENTS)
    made = derive.attributed(events, LEDGER, Emergent(missing=missing))  # type: ignore[arg-type]  # words of a table of cases
    assert made.select("serious", "related").row(0) == (counts, counts)


TOPICS = {"thromboembolism": ("PULMONARY EMBOLISM", "THROMBOSIS"), "headache": ("HEADACHE",)}
EVENTS = frame(
    """
    subject | key | pt
    001     | 1   | Pulmonary embolism
    001     | 2   | HYPOAESTHESIA
    002     | 1   | Thrombosis
    002     | 2   | headache
    """,
    schema.EVENTS,
)
ADJUDICATION = frame(
    """
    subject | key | topic           | decision
    001     | 2   | thromboembolism | Y
    002     | 1   | thromboembolism | N
    001     | 9   | thromboembolism | Y   # no such event
    """,
    schema.ADJUDICATION,
)


def test_adjudication_overrides_the_term_in_both_directions() -> None:
    made = derive.topic_terms(EVENTS, TOPICS, ADJUDICATION).sort("adjudicated", "subject", "key")
    assert made.select("adjudicated", "topic", "subject", "key").rows() == [
        (False, "thromboembolism", "001", "1"),
        (False, "thromboembolism", "002", "1"),
        (False, "headache", "002", "2"),
        (True, "thromboembolism", "001", "1"),
        (True, "thromboembolism", "001", "2"),
        (True, "headache", "002", "2"),
    ]
