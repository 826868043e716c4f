"""A small study, drawn, and what the live product would be given of it."""

from datetime import date, timedelta

import numpy as np
import polars as pl

from safetymon import schema
from safetymon.analysis import Frames
from safetymon.domain import Data, Emergent, Group, Head, ReportSettings, Treatment
from safetymon.simulate.trials import Drawn
from safetymon.study import Evidence, Rule, Study

START = date(2020, 1, 1)
NO_ADJUDICATION = pl.DataFrame(schema=schema.ADJUDICATION)


def study(*rules: Rule, confidence: float = 0.95, **evidence: int) -> Study:
    """A beside its reference B, a subject at risk from first to last dose; no rules but these."""
    return Study(
        study=Head(id="S", title="S"),
        data=Data(standard="edc"),
        treatments={
            "A": Treatment(**{"from": ("A",)}),
            "B": Treatment(**{"from": ("B",)}, reference=True),
        },
        emergent=Emergent(lag_days=0),
        group=(
            Group(name="A", treatment="A", reference="B"),
            Group(name="B", treatment="B"),
            Group(name="A alone", treatment="A"),
        ),
        rule=rules,
        evidence=Evidence(defaults="never", **evidence),
        report=ReportSettings(confidence=confidence),
    )


def frames(
    entry: list[int],
    last: list[int],
    treated: list[bool],
    event: list[int],
    cutoff: int,
    term: str = "Headache",
) -> Frames:
    """The closed frames of subjects on given days; -1 is no event; the term is a headache."""
    names = [f"S{i:03d}" for i in range(len(entry))]
    exposure = pl.DataFrame(
        {
            "subject": names,
            "period": "P",
            "treatment": ["A" if on else "B" for on in treated],
            "start": [_day(d) for d in entry],
            "end": [_day(d) for d in last],
            "administrations": None,
        },
        schema=schema.EXPOSURE,
    )
    subjects = pl.DataFrame({"subject": names}).with_columns(
        pl.lit(None, kind).alias(name)
        for name, kind in schema.SUBJECTS.items()
        if name != "subject"
    )
    whole = Frames("closed", _day(max(*last, cutoff)), subjects, exposure,
                   _events(names, event, term), NO_ADJUDICATION)  # fmt: skip
    return whole.known_by(_day(cutoff))


def frames_of(drawn: Drawn, event: np.typing.NDArray[np.int64], trial: int) -> Frames:
    """A simulated trial as the live product is given a trial, at its end."""
    days = (drawn.entry[trial].tolist(), drawn.last[trial].tolist(), drawn.treated.tolist())
    return frames(*days, event[trial].tolist(), int(drawn.end[trial]))


def _events(names: list[str], event: list[int], term: str) -> pl.DataFrame:
    had = [(name, day) for name, day in zip(names, event, strict=True) if day >= 0]
    rows = [
        {"subject": name, "key": "1", "pt": term, "onset_low": _day(day), "onset_high": _day(day),
         "related": True, "serious": False, "seen": _day(day)}
        for name, day in had
    ]  # fmt: skip
    return pl.DataFrame(rows, schema={**schema.EVENTS, "seen": pl.Date}, orient="row")


def _day(number: int) -> date:
    return START + timedelta(days=number)
