"""However often the monitor looks, the walk first signals on the same day."""

from collections.abc import Iterator

import numpy as np
import pytest

from safetymon.stats.eprocess import eprocess
from safetymon.stats.risksets import Mode, risk_tables
from safetymon.stats.steps import steps
from safetymon.stats.walk import ecl, walk
from tests.simulation.two_group_trials import Cohort, Scenario, draw

pytestmark = pytest.mark.slow

TRIALS = 200
SCHEDULES = {"nightly": 1, "weekly": 7, "monthly": 30}
SMALL = Scenario("", 60, 0.35, 3.0, 0.5, dropout=(0.1, 0.2), accrual=50, window=40)
REPORTED = SMALL._replace(lag=(12.0, 12.0))


def seen_by(cohort: Cohort, cut: int) -> Cohort:
    """What the data cut of a day holds: who has entered, followed up to the day, known events."""
    entered = cohort.entry <= cut
    event = np.where(cohort.event <= cut, cohort.event, -1)
    last = np.minimum(cohort.last, cut)
    return Cohort(cohort.entry[entered], last[entered], cohort.treated[entered], event[entered])


def looks(cohort: Cohort, every: int) -> Iterator[tuple[int, Cohort]]:
    """The cuts of a schedule; the last look has every event."""
    end = int(max(cohort.last.max(), cohort.event.max())) + every
    for cut in range(int(cohort.entry.min()), end, every):
        yield cut, seen_by(cohort, cut)


def raised(cohort: Cohort, every: int) -> tuple[int, int]:
    """First-signal day said by the look that raised it, -1 where none did, and that look's day."""
    for cut, seen in looks(cohort, every):
        first = int(ecl(*seen, planned=60, window=40).first_signal[0])
        if first >= 0:
            return first, cut
    return -1, -1


@pytest.mark.parametrize("scenario", [SMALL, REPORTED], ids=["no lag", "reporting dates given"])
def test_nightly_weekly_and_monthly_looks_name_the_same_first_signal_day(
    scenario: Scenario,
) -> None:
    signals = 0
    for seed in range(TRIALS):
        cohort = draw(scenario, np.random.default_rng(seed))
        found = {name: raised(cohort, every) for name, every in SCHEDULES.items()}
        whole = int(ecl(*cohort, planned=60, window=40).first_signal[0])
        assert {first for first, _ in found.values()} == {whole}
        assert found["nightly"][1] == whole
        if whole >= 0:
            assert all(0 <= cut - whole < SCHEDULES[name] for name, (_, cut) in found.items())
        signals += whole >= 0
    assert 40 < signals < TRIALS


@pytest.mark.parametrize("mode", ["weighted", "band"])
def test_a_later_look_adds_rows_and_changes_none(mode: Mode) -> None:
    for seed in range(20):
        cohort = draw(REPORTED, np.random.default_rng(seed))
        rows = [np.empty((0, 4))]
        for _, seen in looks(cohort, 7):
            rows.append(evidence(seen, mode))
            np.testing.assert_allclose(rows[-1][: len(rows[-2])], rows[-2], rtol=1e-12)
        assert len(rows[-1]) > 5


def evidence(seen: Cohort, mode: Mode) -> np.ndarray:
    tables = risk_tables(*seen[:3], planned=60, window=40, horizon=int(seen.event.max()))
    who = np.flatnonzero(seen.event >= 0)
    path = steps(tables, 0 * who, who, seen.event[who], terms=1, mode=mode)
    found = walk(path)
    return np.stack([found.day, found.boundary, found.spent, eprocess(path).log_e], axis=1)
