"""What a trial's rules would have done, and would do: the trial re-enacted, and simulated."""

from datetime import date, datetime
from pathlib import Path

import polars as pl

from safetymon import cipher, config, replay
from safetymon.audit import AuditEvent
from safetymon.cuts import source
from safetymon.domain import Results
from safetymon.errors import UsageError
from safetymon.monitor import STATE
from safetymon.store import opened


def replayed(study_file: Path, every: replay.Every, now: datetime) -> tuple[pl.DataFrame, int]:
    """At which look of a schedule each signal would first have been raised (`replay.REPLAY`).

    With it, the number of event records without a data-entry date: they are taken as known on their
    onset, where looks that were made may first have seen them later.

    Raises:
        UsageError: The study file is wrong.
        DataRefusedError: The data cannot be trusted as a whole.
    """
    made = source(study_file, now)
    frames = made.frames()
    undated = pl.col("reported").is_null() & pl.col("onset_low").is_not_null()
    return replay.replay(frames, made.study, every), frames.events.filter(undated).height


def first_looks(results: Results, method: str, every: replay.Every) -> list[tuple[str, int, date]]:
    """(rule, look, cut-off) of the first look of a schedule that shows each signal of a method.

    For evidence rules only: their path does not depend on when anybody looked.
    """
    first: date = results.calendar["date"].min()  # type: ignore[assignment]  # a date column
    schedule = replay.looks(first, results.cut.cutoff, every)
    crossed = results.signals.filter(pl.col("crossed_on").is_not_null(), method=method)
    return [
        (rule, *replay.first_on_or_after(day, schedule))
        for rule, day in crossed.select("rule", "crossed_on").rows()
    ]


def simulated(study_file: Path, trials: int, seed: int, now: datetime, actor: str) -> pl.DataFrame:
    """Simulates the study's own design and keeps a rule card for each rule (`schema.CARDS`).

    The next look at new data under these definitions shows them in its closed report. Only the last
    simulation under the same definitions is kept.

    Raises:
        UsageError: The study file is wrong, or fewer than 1 trial is asked for.
        DataRefusedError: The data cannot be trusted as a whole.
        StudyBusyError: Another process holds the study.
    """
    from safetymon.simulate.run import simulate  # noqa: PLC0415 - pools and bars: not for a look

    if trials < 1:
        raise UsageError(f"--trials {trials}: give at least 1")
    made = source(study_file, now)
    key = cipher.key(made.study, study_file.parent)
    cards = simulate(made.study, made.frames(), trials, seed)
    definitions = config.definitions_sha256(made.study)
    detail = {"trials": trials, "seed": seed}
    event = AuditEvent(now, actor, "simulate", definitions, detail)
    folder = study_file.parent / STATE
    with opened(folder, made.study.study.id, now, key) as store, store.transaction():
        store.record_cards(definitions, cards, event)
    return cards
