"""Re-enacts a trial by calendar date: at which look would each signal first have been raised?

Evidence rules need no loop: their path does not depend on when anybody looked, so the look is the
first one on or after the day the boundary was reached. They are weighed together, because
comparisons of arms may share their alpha. Threshold rules are counted anew at every look, from what
was known by then.
"""

from datetime import date, timedelta
from typing import Literal

import polars as pl

from safetymon import analysis
from safetymon.analysis import Frames
from safetymon.signals.evidence import date_of
from safetymon.study import Rule, Study, ThresholdRule

Every = Literal["day", "week", "month"]
_STEP: dict[Every, str] = {"day": "1d", "week": "1w", "month": "1mo"}

REPLAY: dict[str, pl.DataType | type[pl.DataType]] = {
    "rule": pl.String,
    "method": pl.String,
    "look": pl.Int64,  # number of the look that would first have raised it; null: none
    "date": pl.Date,  # that look's cut-off
    "text": pl.String,  # what it would have said
}
"""One row a rule."""


def looks(first: date, last: date, every: Every) -> list[date]:
    """The cut-offs of a schedule that begins with treatment and ends with the data."""
    start = first + timedelta(days=1 if every == "day" else 7)
    dates = pl.date_range(start, last, _STEP[every], eager=True).to_list()
    return [*dates, *([last] if not dates or dates[-1] != last else [])]


def first_on_or_after(day: date, schedule: list[date]) -> tuple[int, date]:
    """The number and the cut-off of the first look on or after a day."""
    return next((i, cutoff) for i, cutoff in enumerate(schedule, start=1) if cutoff >= day)


def replay(frames: Frames, study: Study, every: Every) -> pl.DataFrame:
    """Every rule with the look that would first have raised it (`REPLAY`), in the study's order."""
    first = frames.exposure["start"].min()
    if not isinstance(first, date):
        return pl.DataFrame(schema=REPLAY)
    schedule = looks(first, frames.cutoff, every)
    rules = analysis.rules_of(study, frames.scope)
    told = _by_path(frames, study, schedule)
    rows = [_row(rule, told, frames, study, schedule) for rule in rules if not rule.off]
    return pl.DataFrame(rows, schema=REPLAY, orient="row")


Told = tuple[int | None, str]
"""The number of the look that would first have raised a rule's signal, and what it says."""


def _row(
    rule: Rule, told: dict[str, Told], frames: Frames, study: Study, schedule: list[date]
) -> dict[str, object]:
    counts = isinstance(rule, ThresholdRule)
    number, text = _by_counting(rule, frames, study, schedule) if counts else told[rule.title]
    when = schedule[number - 1] if number else None
    return {"rule": rule.title, "method": rule.method, "look": number, "date": when, "text": text}


def _by_path(frames: Frames, study: Study, schedule: list[date]) -> dict[str, Told]:
    """What becomes of each rule that has a path."""
    whole = analysis.counted(frames, study).found
    looks_ = {
        title: first_on_or_after(date_of(found.path.first_crossing), schedule)
        for title, found in whole.items()
        if found.path is not None and found.path.first_crossing is not None
    }
    then = {
        cutoff: analysis.counted(frames.known_by(cutoff), study).found
        for cutoff in {cutoff for _, cutoff in looks_.values()}
    }
    made: dict[str, Told] = {title: (None, found.text) for title, found in whole.items()}
    return made | {title: (n, then[cutoff][title].text) for title, (n, cutoff) in looks_.items()}


def _alone(rule: Rule, study: Study) -> Study:
    evidence = study.evidence.model_copy(update={"defaults": "never"})
    return study.model_copy(update={"rule": (rule,), "evidence": evidence})


def _by_counting(rule: Rule, frames: Frames, study: Study, schedule: list[date]) -> Told:
    study = _alone(rule, study)
    for number, cutoff in enumerate(schedule, start=1):
        found = analysis.counted(frames.known_by(cutoff), study).found[rule.title]
        if found.state == "over":
            return number, found.text
    return None, analysis.counted(frames, study).found[rule.title].text
