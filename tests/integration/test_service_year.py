"""A year of the service on a fake clock: every due time is settled once, whatever happens."""

import io
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import time_machine

from safetymon.service.monitor_file import Limits, Served
from safetymon.service.reply import Event
from safetymon.service.rounds import Rounds
from safetymon.service.state import State
from safetymon.service.told import Told
from safetymon.service.ward import ward
from tests.service_world import Inline, KilledError, Post, World, logged

pytestmark = pytest.mark.slow

START, END = datetime(2024, 1, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC)
TICK = timedelta(minutes=5)
QUARTER = timedelta(minutes=15)
PATIENCE = Limits().patience

# What each setting means, said a second time and in another way: a test of a local time.
STUDIES: list[tuple[str, str, Callable[[datetime], bool]]] = [
    ("30 1 * * *", "America/New_York", lambda t: (t.hour, t.minute) == (1, 30)),
    ("30 2 * * *", "Europe/Berlin", lambda t: (t.hour, t.minute) == (2, 30)),
    ("15 2 * * sun", "Australia/Lord_Howe",
     lambda t: (t.weekday(), t.hour, t.minute) == (6, 2, 15)),
    ("0 */4 * * *", "Asia/Kathmandu", lambda t: t.hour % 4 == 0 and t.minute == 0),
    ("45 2 * * mon-fri", "Pacific/Chatham",
     lambda t: t.weekday() < 5 and (t.hour, t.minute) == (2, 45)),
    ("0 0 1 * *", "America/Sao_Paulo", lambda t: (t.day, t.hour, t.minute) == (1, 0, 0)),
    ("*/30 1-3 * * sat-sun", "Europe/London",
     lambda t: t.weekday() > 4 and 1 <= t.hour <= 3 and t.minute % 30 == 0),
    ("0 6 * * mon", "Africa/Casablanca", lambda t: (t.weekday(), t.hour, t.minute) == (0, 6, 0)),
    ("0 23,0 * * *", "America/Santiago", lambda t: t.hour in (23, 0) and t.minute == 0),
    ("0 * * * *", "UTC", lambda t: t.minute == 0),
]  # fmt: skip


def due_times(zone: str, is_due: Callable[[datetime], bool]) -> list[datetime]:
    """Every due time of the year, by walking it: the first of two, the end of a gap."""
    found, seen, before = set(), set(), (START - QUARTER).astimezone(ZoneInfo(zone))
    now = START
    while now < END:
        local = now.astimezone(ZoneInfo(zone))
        wall, last = local.replace(tzinfo=None), before.replace(tzinfo=None)
        while last < wall:  # one step, or a gap
            last += QUARTER
            if is_due(last) and last not in seen:
                seen.add(last)
                found.add(now)
        before = local
        now += QUARTER
    return sorted(t for t in found if t > START)


def outages(chance: random.Random) -> list[tuple[datetime, datetime]]:
    """When the machine is down: dozens of times, for minutes or for days."""
    starts = sorted(START + chance.random() * (END - START) for _ in range(60))
    found = []
    for start, following in pairwise(starts):
        length = timedelta(minutes=chance.choice([1, 20, 400, 3000, 9000]))
        end = min(start + length, following - 12 * TICK)  # then it is up for an hour at least
        if end > start:
            found.append((start, end))
    return found


@dataclass
class Machine:
    """Where the service runs: it goes down, is killed in the middle of a look, starts again."""

    world: World
    post: Post
    folder: Path
    down: list[tuple[datetime, datetime]]
    chance: random.Random
    running: Rounds | None = None

    def step(self, now: datetime) -> None:
        if any(a <= now < b for a, b in self.down):
            self.running = None
            return
        self.running = self.running or self.service(now)
        try:
            self.running.tick(now)
            if self.chance.random() < 0.001:
                self.service(now).tick(now)  # started a second time, by mistake
        except KilledError:
            self.running = None

    def service(self, now: datetime) -> Rounds:
        """A service that has just been started."""
        studies = [
            Served(file=Path(f"/{zone}/study.toml"), schedule=cron, zone=zone)
            for cron, zone, _ in STUDIES
        ]
        wards, state, told = [ward(one, now) for one in studies], State(), Told(self.folder)
        return Rounds(wards, Limits(), self.world.attend, Inline(), self.post, state, told)


def a_year(machine: Machine) -> None:
    now = START
    with time_machine.travel(START, tick=False) as clock:
        while now < END:
            clock.move_to(now)
            machine.step(now)
            now += TICK


def test_looks_made_are_looks_due_each_once(tmp_path: Path) -> None:
    chance = random.Random(20240310)  # noqa: S311 - a story to be told again, not a secret
    kills = 0

    def fate(_moment: str) -> None:
        nonlocal kills
        if chance.random() < 0.01:
            kills += 1
            raise KilledError

    machine = Machine(World(PATIENCE, fate), Post(), tmp_path, outages(chance), chance)
    with logged(io.StringIO()):
        a_year(machine)
    events = []
    for _cron, zone, is_due in STUDIES:
        of_study = machine.world.studies[Path(f"/{zone}/study.toml")].events
        assert [e.due_at for e in of_study] == due_times(zone, is_due)  # each once, and no other
        assert_missed_only_in_an_outage(of_study, machine.down)
        events += of_study
    looks = [e for e in events if e.outcome == "look"]
    told = [n for n in machine.post.notices.values() if n.kind in ("look made", "late")]
    print(f"\n10 studies, a year, {len(machine.down)} outages, {kills} kills: {len(events)} due "
          f"times, {len(looks)} looks ({sum(e.late for e in looks)} late), "
          f"{len(events) - len(looks)} missed and answered for by a later look, "
          f"{len(told)} notices; none twice, none lost")  # fmt: skip
    assert len(told) == len(looks)
    assert kills > 50


def assert_missed_only_in_an_outage(
    events: list[Event], down: list[tuple[datetime, datetime]]
) -> None:
    for event, later in pairwise(events):
        if event.outcome == "missed":
            assert any(a <= event.due_at < b and a <= later.due_at < b + TICK for a, b in down)
    assert events[-1].outcome == "look"
