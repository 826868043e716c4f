"""Serves the studies of a monitor file until it is told to stop, or once.

The scheduler is only the clock: it wakes the service every second. The first SIGTERM (or SIGINT)
lets running looks finish; the second ends them at once, and what they had not finished is rolled
back and made up at the next start.
"""

import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

from apscheduler.schedulers.background import BackgroundScheduler

from safetymon.errors import UsageError
from safetymon.holding import held
from safetymon.service import health, logs, monitor_file
from safetymon.service.monitor_file import MonitorFile
from safetymon.service.notify import Outbox
from safetymon.service.pulse import Pulse
from safetymon.service.rounds import Rounds
from safetymon.service.state import State
from safetymon.service.stopping import Asked
from safetymon.service.told import Told
from safetymon.service.ward import Ward, ward
from safetymon.service.worker import Worker

TICK_S = 1
LONGEST_WAIT_S = 5.0
"""The scheduler goes by the wall clock; if that is set back, the service still ticks."""
DRAIN_S = 10.0
"""How long notices may still be sent before the process leaves; the next start sends the rest."""


@dataclass(slots=True)
class Service:
    """A service at work, until it is `asked` to stop."""

    rounds: Rounds
    worker: Worker
    state: State
    pulse: Pulse
    asked: Asked
    wake: Event = field(default_factory=Event)
    over: Event = field(default_factory=Event)

    def run(self, *, once: bool) -> None:
        """Ticks until it is told to stop or, with `once`, until nothing is due any more."""
        logs.say("serving" if not once else "one round")
        while not self._ticked(once=once):
            self.wake.wait(LONGEST_WAIT_S)
            self.wake.clear()
        logs.say("stopped" if self.asked.times else "nothing else is due")
        self.pulse.wait()

    def end(self) -> None:
        """Ends what is still running; after an ordinary `run` there is nothing."""
        self.over.set()
        self.worker.stop()

    def _ticked(self, *, once: bool) -> bool:
        """One tick; whether it was the last."""
        now = datetime.now(UTC)
        self._heed()
        for one in self.rounds.wards:
            one.introduce(self.over)
        _refuse_same_name(self.rounds.wards)
        self.rounds.tick(now)
        self.pulse.beat()
        return self.rounds.idle(now) if once and not self.asked.times else self._drained()

    def _drained(self) -> bool:
        return self.asked.times > 0 and not self.rounds.busy()

    def _heed(self) -> None:
        if self.asked.times and not self.state.stopping:
            self.state.stopping = True
            logs.say("stopping: looks being made are finished; ask again to end them at once")
        if self.asked.times > 1:
            self.worker.stop()


def serve(path: Path, asked: Asked, *, once: bool = False) -> int:
    """Serves a monitor file until it is `asked` to stop; returns the exit code.

    With `once`, does what is due now: the exit code is that of the first study that failed, or 0.

    Raises:
        UsageError: The monitor file is wrong, or something it names cannot be used.
        StudyBusyError: Another service serves from the same folder.
    """
    settings = monitor_file.load(path)
    logs.configure(settings.log)
    settings.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with held(settings.folder / "serve.lock", f"{path.name}: the service"):
        outbox = Outbox(settings.folder / "outbox", settings.notify)
        try:
            return _served(path, settings, outbox, asked, once=once)
        finally:
            outbox.drain(DRAIN_S)
            outbox.close()


def _served(path: Path, settings: MonitorFile, outbox: Outbox, asked: Asked, *, once: bool) -> int:
    state = State(waiting=lambda: outbox.waiting("operations"))
    worker = Worker(path, settings.look.seconds)
    wards = [ward(one, datetime.now(UTC)) for one in settings.study]
    pool = ThreadPoolExecutor(settings.look.at_once)
    told = Told(settings.folder)
    rounds = Rounds(wards, settings.look, worker.attend, pool, outbox, state, told)
    service = Service(rounds, worker, state, Pulse(settings.health), asked)
    asked.then = service.wake.set
    with pool, _clock(service.wake), _port(settings, state):
        try:
            service.run(once=once)
        finally:
            service.end()
    return next((w.code for w in wards if w.code), 0) if once else 0


def _refuse_same_name(wards: Sequence[Ward]) -> None:
    names = [one.name for one in wards if one.known]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"study {name}: two study files have this id; give each its own")


@contextmanager
def _clock(wake: Event) -> Iterator[None]:
    logging.getLogger("apscheduler").setLevel(logging.ERROR)  # "missed by": the records know better
    scheduler = BackgroundScheduler(timezone=UTC)
    scheduler.add_job(wake.set, "interval", seconds=TICK_S, coalesce=True, misfire_grace_time=None)
    scheduler.start()
    try:
        yield
    finally:
        scheduler.shutdown(wait=False)


@contextmanager
def _port(settings: MonitorFile, state: State) -> Iterator[None]:
    server = health.serve(settings.health, state)
    if server is not None:
        logs.say(f"health and metrics on port {server.port}")
    try:
        yield
    finally:
        if server is not None:
            server.close()
