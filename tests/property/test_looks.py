"""However often the monitor looks, its rules say the same: through the product, not the formulas.

Trials are made as listings. A look sees what its cut-off lets through, dates it as the monitor
does, keeps those days as the store does, and counts with `analysis.counted`. Many small trials lie
side by side in one study, each with groups and rules of its own.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from safetymon import analysis, config, demonstration, derive, listings, schema, signals
from safetymon.analysis import Frames
from safetymon.signals.evidence import Finding
from safetymon.study import Rule, Study

pytestmark = pytest.mark.slow

START = date(2020, 1, 1)
LAST = 27  # the last day on which anything is learnt
NIGHTLY = range(LAST + 1)
WEEKLY = range(6, LAST + 1, 7)
MONTHLY = [LAST]
NOTHING_SEEN = pl.DataFrame(schema={"subject": pl.String, "key": pl.String, "seen": pl.Date})
SIZE = 12  # subjects of a trial
ABOUT = {"topic": "nausea", "planned": SIZE}
ALONE: tuple[dict[str, Any], ...] = (
    {"method": "background", "background": 0.1},
    {"method": "background", "background": 0.1, "denominator": "matured", "window_days": 6},
    {"method": "background", "background": 0.1, "denominator": "km", "window_days": 9},
    {"method": "protocol", "background": 0.1, "n": [2, 4, 6], "stop_at": [2, 3, 4],
     "planned": None},
    {"method": "poisson", "background_per_100py": 300, "planned": None},
    {"method": "poisson", "background_per_100py": 300, "statistic": "maxsprt",
     "planned_events": 0.4, "planned": None},
)  # fmt: skip


@dataclass(frozen=True)
class Listed:
    """A study of many trials and its listings; day of the extract that first held each event."""

    study: Study
    subjects: pl.DataFrame
    exposure: pl.DataFrame
    events: pl.DataFrame
    arrives: pl.Series

    def asking(self, rules: Iterable[Rule]) -> "Listed":
        """The same listings, of which only some rules are asked."""
        asked = tuple(rules)
        trials = {(rule.name or "")[:3] for rule in asked}
        groups = tuple(group for group in self.study.group if group.name[:3] in trials)
        study = self.study.model_copy(update={"group": groups, "rule": asked})
        return replace(self, study=study)


def on(days: int) -> date:
    return START + timedelta(days=int(days))


def listed(trials: int, lag: int, *, reported: bool) -> Listed:
    """Random trials; events reach the extract up to `lag` days after they began.

    Args:
        trials: Number of trials, one a period.
        lag: Most days from onset to the extract.
        reported: Whether the listing has the reporting date.
    """
    rng = np.random.default_rng(20_200_101)
    exposure, events, arrives = [], [], []
    for trial in range(trials):
        harm = rng.choice([0.1, 0.9])
        for i in range(SIZE):
            who, period = f"{trial:03d}-{i}", f"{trial:03d}"
            treated, first = bool(i % 2), int(rng.integers(0, 9))
            last = first + int(rng.integers(0, 10))
            spans = [("Drug" if treated else "Control", first, last)]
            if not treated and rng.random() < 0.3:  # switches
                spans.append(("Drug", last + 1, last + 4))
            for k, (treatment, begin, end) in enumerate(spans):
                exposure.append((who, period, treatment, on(begin), on(end)))
                if rng.random() < (harm if treatment == "Drug" else 0.1):
                    onset = int(rng.integers(begin, end + 4))  # up to the lag after the last dose
                    late = int(rng.integers(0, lag + 1))
                    seen = min(onset + late, LAST)
                    events.append((who, str(k), "Nausea", on(onset), on(onset),
                                   on(seen) if reported else None))  # fmt: skip
                    arrives.append(on(seen))
    columns = ("subject", "key", "pt", "onset_low", "onset_high", "reported")
    names = sorted({row[0] for row in exposure})
    return Listed(
        study_of(trials),
        full([(name,) for name in names], ("subject",), schema.SUBJECTS),
        full(exposure, ("subject", "period", "treatment", "start", "end"), schema.EXPOSURE),
        full(events, columns, schema.EVENTS),
        pl.Series(arrives),
    )


def full(rows: list[Any], names: tuple[str, ...], columns: schema.Columns) -> pl.DataFrame:
    drawn = pl.DataFrame(rows, schema={name: columns[name] for name in names}, orient="row")
    rest = [pl.lit(None, kind).alias(name) for name, kind in columns.items() if name not in names]
    return drawn.with_columns(rest).select(*columns)


def study_of(trials: int) -> Study:
    groups, rules = [], []
    for t in range(trials):
        period = f"{t:03d}"
        groups += [
            {"name": f"{period} drug", "treatment": "Drug", "periods": [period],
             "reference": f"{period} control"},
            {"name": f"{period} control", "treatment": "Control", "periods": [period]},
        ]  # fmt: skip
        ecl = {"method": "ecl", "window_days": 9, "mode": ["weighted", "band"][t % 2]}
        alone = [ALONE[t // 2 % len(ALONE)]] if t % 2 == 0 else []
        for kind, rule in enumerate((ecl, *alone)):
            named = {"name": f"{period} {kind}", "group": f"{period} drug", **ABOUT, **rule}
            rules.append({key: value for key, value in named.items() if value is not None})
    return Study.model_validate(
        {
            "study": {"id": "S1", "title": "Many trials"},
            "data": {"standard": "edc"},
            "treatments": {"Drug": {"from": ["D"]}, "Control": {"from": ["C"], "reference": True}},
            "emergent": {"lag_days": 3},
            "group": groups,
            "rule": rules,
        }
    )


class Monitor:
    """Looks one after the other, and keeps the day on which each event was first seen."""

    def __init__(self, trials: Listed) -> None:
        self.trials = trials
        self.seen = NOTHING_SEEN
        self.before: date | None = None

    def frames(self, day: int) -> Frames:
        """What the monitor knows at a cut-off, which it then remembers."""
        cutoff, of = on(day), self.trials
        known = of.events.filter((of.arrives <= cutoff) & (of.events["onset_low"] <= cutoff))
        events = derive.first_seen(known, self.seen, self.before, cutoff)
        mine = events.select("subject", "key", "seen")
        new = mine.join(self.seen, on=["subject", "key"], how="anti")
        self.seen, self.before = pl.concat([self.seen, new]), cutoff
        exposure = of.exposure.filter(pl.col("start") <= cutoff)
        nobody = pl.DataFrame(schema=schema.ADJUDICATION)
        return Frames("closed", cutoff, of.subjects, exposure, events, nobody)

    def look(self, day: int) -> dict[str, Finding]:
        return analysis.counted(self.frames(day), self.trials.study).found


def raised(trials: Listed, schedule: Iterable[int]) -> dict[str, tuple[date, int]]:
    """Rule -> first-signal day and the look that raised it.

    A rule is asked at every look from the first event of its trial until it has signalled.
    """
    told: dict[str, tuple[date, int]] = {}
    monitor = Monitor(trials)
    for day in schedule:
        frames = monitor.frames(day)
        begun = set(monitor.seen["subject"].str.head(3))
        rules = [r for r in trials.study.rule if r.title[:3] in begun and r.title not in told]
        for rule, finding in analysis.counted(frames, trials.asking(rules).study).found.items():
            crossing = finding.path.first_crossing if finding.path else None
            if crossing is not None:
                told[rule] = (date(1970, 1, 1) + timedelta(days=crossing), day)
    return told


@pytest.mark.parametrize(
    ("lag", "reported"), [(0, False), (5, True)], ids=["no lag", "reporting dates"]
)
def test_nightly_weekly_and_monthly_looks_name_the_same_first_signal_day(
    lag: int, reported: bool
) -> None:
    trials = listed(100, lag, reported=reported)
    nightly, weekly, monthly = (raised(trials, s) for s in (NIGHTLY, WEEKLY, MONTHLY))
    days = {rule: day for rule, (day, _) in nightly.items()}
    assert {rule: day for rule, (day, _) in weekly.items()} == days
    assert {rule: day for rule, (day, _) in monthly.items()} == days
    for rule, (day, look) in nightly.items():
        assert on(look) == day  # the night of the very day
        assert 0 <= (on(weekly[rule][1]) - day).days < 7
    asked = [rule.method for rule in trials.study.rule]
    signalled = [rule.method for rule in trials.study.rule if rule.title in days]
    for method in ("ecl", "background", "protocol", "poisson"):
        assert 0 < signalled.count(method) < asked.count(method)
    assert signalled.count("ecl") > 10


def paths(monitor: Monitor, day: int) -> pl.DataFrame:
    found = monitor.look(day)
    return pl.concat([f.path.frame(title) for title, f in found.items() if f.path])


IRREGULAR = {
    "nights skipped": [1, 2, 5, 6, 12, 13, 20, LAST],
    "extra looks and repeated ones": [1, 1, 2, 3, 3, 3, 9, 9, 10, 20, 20, LAST, LAST],
    "one look": [LAST],
}


@pytest.mark.parametrize("schedule", IRREGULAR.values(), ids=list(IRREGULAR))
@pytest.mark.parametrize(("lag", "reported"), [(0, False), (5, True)])
def test_a_repeated_a_skipped_or_an_extra_look_changes_no_path(
    schedule: list[int], lag: int, reported: bool
) -> None:
    trials = listed(len(ALONE) * 2, lag, reported=reported)
    nightly, other = Monitor(trials), Monitor(trials)
    for day in NIGHTLY:
        nightly.frames(day)
    for day in schedule[:-1]:
        other.frames(day)
    assert paths(other, schedule[-1]).equals(paths(nightly, LAST))


def told_so_far(trials: Listed) -> Iterator[tuple[int, pl.DataFrame]]:
    monitor = Monitor(trials)
    for day in NIGHTLY:
        yield day, paths(monitor, day)


@pytest.mark.parametrize("reported", [True, False])
def test_a_later_look_adds_days_and_changes_none_that_were_told(reported: bool) -> None:
    """Also where late reports have no date: what a look has told is not rewritten by them."""
    before = None
    for day, told in told_so_far(listed(len(ALONE) * 2, 5, reported=reported)):
        if before is not None:
            old = before.filter(pl.col("date") < on(day))
            again = old.select("rule", "date").join(told, on=["rule", "date"], how="left")
            quiet = again["count"].is_null()  # its cut-off, on which nothing had happened
            assert set(old.filter(quiet)["date"]) <= {on(day - 1)}
            assert told.filter(pl.col("date") < on(day)).height == (~quiet).sum()
            assert_same(again.filter(~quiet), old.filter(~quiet))
        before = told
    assert before is not None
    assert before["rule"].n_unique() > 12


def assert_same(left: pl.DataFrame, right: pl.DataFrame) -> None:
    numbers = pl.selectors.float()
    assert left.select(~numbers).equals(right.select(~numbers))
    difference = left.select(numbers).fill_null(-1) - right.select(numbers).fill_null(-1)
    assert float(np.abs(difference.to_numpy()).max(initial=0)) < 1e-9


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Frames, Study]:
    file: Path = demonstration.unpack(tmp_path_factory.mktemp("demo"))
    study = config.load(file)
    read = listings.read(study, file.parent)
    cutoff = date(2020, 5, 25)
    events = derive.first_seen(read.events, NOTHING_SEEN, None, cutoff)
    frames = Frames("closed", cutoff, read.subjects, read.exposure, events, read.adjudication)
    return frames, study


def test_the_evidence_agrees_with_the_verdict_at_every_look_of_a_replay(
    demo: tuple[Frames, Study],
) -> None:
    """Month by month: a signal stands if and only if the table's own boundary was reached."""
    frames, study = demo
    before, verdicts = pl.DataFrame(schema=schema.SIGNALS), set()
    cutoffs = pl.date_range(date(2017, 4, 1), frames.cutoff, "1mo", eager=True).to_list()
    for look, cutoff in enumerate(cutoffs, start=1):
        counted = analysis.counted(frames.known_by(cutoff), study)
        made = signals.detect(counted.rules, counted.found, before, look, clear_after=2)
        for row in made.signals.filter(
            ~pl.col("method").is_in(["subjects", "difference"])
        ).to_dicts():
            path = made.evidence.filter(rule=row["rule"])
            reached = path.filter(pl.col("count") >= pl.col("limit"))
            assert path.filter("crossed").equals(reached)
            assert (row["verdict"] in ("raised", "open")) == (len(reached) > 0)
            assert row["crossed_on"] == (reached["date"][0] if len(reached) else None)
            if len(path):
                assert (row["value"], row["limit"]) == path.select("count", "limit").row(-1)
            verdicts.add((row["method"], row["verdict"]))
        before = made.signals
    assert {("ecl", "raised"), ("ecl", "no signal"), ("background", "open")} <= verdicts
