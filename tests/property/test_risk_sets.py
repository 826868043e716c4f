"""What was known of who was at risk on a day never changes with what comes later.

Doses come at any distance, so that the lag after a dose passes and treatment resumes; subjects
switch and return; events are seen late, begin in a pause, or are recorded as treatment-emergent.
The units of the whole trial, cut at a day, must be the units of the trial as it stood on that day.
"""

from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safetymon import analysis, schema
from safetymon.analysis import Frames
from safetymon.signals.evidence import Path, Units
from safetymon.signals.units import alone, compared
from safetymon.signals.weigh import path_of
from safetymon.study import BackgroundRule, EclRule, EvidenceRule, PoissonRule, ProtocolRule
from tests.unit.simulated_study import NO_ADJUDICATION, study

pytestmark = pytest.mark.slow

START = date(2020, 1, 1)
END = 60
ABOUT = {"topic": "headache", "group": "A"}
ALONE = {**ABOUT, "group": "A alone"}
PLAN = {"planned": 8, "window_days": 20}
RULES: list[EvidenceRule] = [
    EclRule(method="ecl", alpha=0.3, **ABOUT, **PLAN),
    BackgroundRule(method="background", background=0.2, planned=8, **ALONE),
    BackgroundRule(method="background", background=0.2, denominator="matured", **ALONE, **PLAN),
    BackgroundRule(method="background", background=0.2, denominator="km", **ALONE, **PLAN),
    PoissonRule(method="poisson", background_per_100py=300, **ALONE),
    ProtocolRule(method="protocol", n=(2, 4), stop_at=(1, 2), background=0.1, **ALONE),
]
Dose = tuple[int, str, int, int]  # subject, treatment, first and last day
Event = tuple[int, int, int, bool | None]  # subject, onset, seen, recorded as emergent


def on(day: int) -> date:
    return START + timedelta(days=day)


@st.composite
def trials(draw: st.DrawFn) -> tuple[list[Dose], list[Event], int]:
    doses: list[Dose] = []
    events: list[Event] = []
    for i in range(draw(st.integers(2, 6))):
        day, treatment = draw(st.integers(0, 15)), draw(st.sampled_from("AB"))
        first = day
        for _ in range(draw(st.integers(1, 5))):
            last = day + draw(st.integers(0, 3))
            doses.append((i, treatment, day, last))
            day = last + draw(st.integers(1, 14))
            treatment = draw(st.sampled_from([treatment, treatment, treatment, "A", "B"]))
        for _ in range(draw(st.integers(0, 2))):
            onset = draw(st.integers(first, first + 30))
            seen = onset + draw(st.sampled_from([0, 0, 2, 12]))
            events.append((i, onset, seen, draw(st.sampled_from([None, None, True, False]))))
    return doses, events, draw(st.sampled_from([0, 4, 9]))


def frames(doses: list[Dose], events: list[Event]) -> Frames:
    exposure = [
        {"subject": f"S{i}", "period": "P", "treatment": t, "start": on(a), "end": on(b)}
        for i, t, a, b in doses
    ]
    records = [
        {"subject": f"S{i}", "key": str(k), "pt": "Headache", "onset_low": on(onset),
         "onset_high": on(onset), "related": True, "serious": False, "seen": on(seen),
         "emergent_flag": flag}
        for k, (i, onset, seen, flag) in enumerate(events)
    ]  # fmt: skip
    people = pl.DataFrame({"subject": sorted({row["subject"] for row in exposure})})
    blank = [pl.lit(None, kind).alias(n) for n, kind in schema.SUBJECTS.items() if n != "subject"]
    return Frames(
        "closed",
        on(END),
        people.with_columns(blank),
        pl.DataFrame(exposure, schema=schema.EXPOSURE, orient="row"),
        pl.DataFrame(records, schema={**schema.EVENTS, "seen": pl.Date}, orient="row"),
        NO_ADJUDICATION,
    )


def units(known: Frames, lag: int, rule: EvidenceRule) -> Units:
    of = study(rule)
    lagged = of.model_copy(update={"emergent": of.emergent.model_copy(update={"lag_days": lag})})
    people = analysis.counted(known, lagged).numbers.people
    happened = people.counted(rule)
    if isinstance(rule, EclRule):
        return compared(people.spans("A", "B"), happened)
    return alone(people.spans(rule.group), happened, getattr(rule, "window_days", None))


def told(made: Units) -> list[tuple[Any, ...]]:
    """One row a unit, and one a time away."""
    dosed = made.entry if made.dosed is None else made.dosed
    columns = (made.entry, made.last, made.event, made.began, made.treated, dosed)
    rows = zip(made.subject, *(column.tolist() for column in columns), strict=True)
    away = [(made.subject[i], first, last) for i, first, last in made.away.tolist()]
    return [*rows, *sorted(away)]


def day_of(day: int) -> int:
    return (on(day) - date(1970, 1, 1)).days


@settings(max_examples=40, deadline=None)
@given(trials(), st.integers(1, END), st.sampled_from(RULES))
def test_the_units_of_a_day_are_those_that_were_known_on_it(
    trial: tuple[list[Dose], list[Event], int], day: int, rule: EvidenceRule
) -> None:
    doses, events, lag = trial
    whole = frames(doses, events)
    then = units(whole.known_by(on(day)), lag, rule).known_by(day_of(day))
    assert told(units(whole, lag, rule).known_by(day_of(day))) == told(then)


@settings(max_examples=40, deadline=None)
@given(trials(), st.integers(1, END), st.sampled_from(RULES))
def test_a_later_look_says_of_a_day_what_the_look_of_that_day_said(
    trial: tuple[list[Dose], list[Event], int], day: int, rule: EvidenceRule
) -> None:
    doses, events, lag = trial
    whole = frames(doses, events)
    cut = day_of(day)
    then = path_of(rule, cut)(units(whole.known_by(on(day)), lag, rule))
    now = path_of(rule, day_of(END))(units(whole, lag, rule))
    assert rows_of(now, then.day) == rows_of(then, now.day)


def rows_of(path: Path, others: np.ndarray) -> list[tuple[float, ...]]:
    """The rows of the days that both paths have; a path has one on its own cut-off as well."""
    both = np.isin(path.day, others)
    columns = (path.day, path.count, path.of, path.limit, path.expected, path.log_e)
    return [
        tuple(round(float(v), 9) if v == v else -1.0 for v in row)  # noqa: PLR0124 - NaN
        for row in zip(*(column[both].tolist() for column in columns), strict=True)
    ]


PAUSED: list[Dose] = [(0, "A", 0, 0), (0, "A", 20, 20), (1, "B", 0, 40), (2, "A", 0, 40)]


@pytest.mark.parametrize(
    ("onset", "seen", "flag", "weighed"),
    [
        (3, 3, None, True),  # within the lag of the first dose
        (10, 10, None, False),  # in the pause: on that day it was not treatment-emergent
        (10, 25, None, False),  # nor does it become so because it is seen after the next dose
        (10, 10, True, True),  # the record says that it is
        (21, 21, None, True),  # after the second dose
    ],
)
def test_an_event_that_began_in_a_pause_is_counted_and_not_weighed(
    onset: int, seen: int, flag: bool | None, weighed: bool
) -> None:
    rule = RULES[0]
    made = frames(PAUSED, [(0, onset, seen, flag)])
    of = study(rule)
    lagged = of.model_copy(update={"emergent": of.emergent.model_copy(update={"lag_days": 4})})
    numbers = analysis.counted(made, lagged).numbers
    one = numbers.incidence.filter(level="topic", term="headache", group="A", estimand="all")
    assert one["subjects"].to_list() == [1, 1]  # adjudicated, and by its terms alone
    assert (units(made, 4, rule).event >= 0).sum() == weighed


def test_an_open_partial_onset_seen_after_treatment_resumed_begins_with_the_next_dose() -> None:
    """It began on day 10 or later, and was seen on day 25: it can have been after the dose."""
    made = frames(PAUSED, [(0, 10, 25, None)])
    events = made.events.with_columns(onset_high=pl.lit(on(30)))
    partial = Frames("closed", on(END), made.subjects, made.exposure, events, NO_ADJUDICATION)
    found = units(partial, 4, RULES[0])
    assert [found.began[i] for i in np.flatnonzero(found.event >= 0)] == [day_of(20)]
