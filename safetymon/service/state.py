"""How the service stands: what its probes and metrics read. Of signals it knows nothing.

Nor does it know how long a look took: a look that moves a verdict explains it by counting again,
so its duration would tell. Times of looks are the times they were due.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

Outcome = Literal["made", "late", "failed", "data stale"]
OUTCOMES: tuple[Outcome, ...] = ("made", "late", "failed", "data stale")


@dataclass(frozen=True, slots=True)
class Standing:
    """One study: looks by outcome since the start, the last due time served, the next one."""

    counts: dict[Outcome, int] = field(default_factory=lambda: dict.fromkeys(OUTCOMES, 0))
    last: Outcome | None = None
    last_due: datetime | None = None
    next_due: datetime | None = None

    @property
    def word(self) -> str:
        """`ok`, or what is wrong."""
        return self.last if self.last in ("failed", "data stale") else "ok"


class State:
    """Written by the service after each tick and look, read by the HTTP thread.

    `waiting` gives the number of notices that wait for operations; `clock` is monotonic seconds.
    """

    def __init__(
        self,
        waiting: Callable[[], int] = lambda: 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.waiting = waiting
        self.stopping = False
        self._clock, self._lock = clock, threading.Lock()
        self._ticked: float | None = None
        self._tick_at: datetime | None = None
        self._studies: dict[str, Standing] = {}

    def plan(self, study: str, next_due: datetime | None) -> None:
        """A study is served, and its next look is due then (None: only when data arrive)."""
        with self._lock:
            self._studies[study] = replace(self._of(study), next_due=next_due)

    def recall(self, study: str, outcome: Outcome, due: datetime) -> None:
        """What became of the last look, if nothing was told of any since the service started."""
        with self._lock:
            if self._of(study).last is None:
                self._studies[study] = replace(self._of(study), last=outcome, last_due=due)

    def look(self, study: str, outcome: Outcome, due: datetime) -> None:
        """What became of the look due then."""
        with self._lock:
            old = self._of(study)
            counts = {**old.counts, outcome: old.counts[outcome] + 1}
            self._studies[study] = replace(old, counts=counts, last=outcome, last_due=due)

    def tick(self, now: datetime) -> None:
        """The service has seen to everything that was due at `now`."""
        with self._lock:
            self._ticked, self._tick_at = self._clock(), now

    @property
    def studies(self) -> dict[str, Standing]:
        """By study id."""
        with self._lock:
            return dict(self._studies)

    @property
    def last_tick(self) -> datetime | None:
        """When the last tick was; None before the first."""
        return self._tick_at

    @property
    def tick_age_s(self) -> float | None:
        """Seconds since the last tick, whatever happens to the wall clock."""
        return None if self._ticked is None else self._clock() - self._ticked

    def _of(self, study: str) -> Standing:
        return self._studies.get(study, Standing())
