"""The outbox: notices kept safe on disk and sent by threads of their own, so no look ever waits.

    outbox = Outbox(folder, settings)     # at the start; sends what an earlier process could not
    for notice in of_look(...):
        outbox.put(notice)                # returns at once
    outbox.drain(5)                       # before leaving

Each target has its own thread, so a mailbox that is down holds up no chat, and nothing that
concerns the board moves what operations sees: not its order, not its time, not its logs. A notice
leaves at least once: a process killed between the other side's "accepted" and its own note of it
sends the notice again, with the same reference.
"""

import os
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from threading import Event
from types import ModuleType

from safetymon.errors import UsageError
from safetymon.service import addresses, logs
from safetymon.service.addresses import Address
from safetymon.service.journal import Journal
from safetymon.service.lane import Carry, Lane, Means, Sender
from safetymon.service.notice import Audience, Notice
from safetymon.service.settings import Notify

AUDIENCES: tuple[Audience, ...] = ("operations", "board")
FULL = 1_000
"""Notices that may wait for operations. The board's are not limited: at most one a look."""
LEAVING_S = 30.0
"""How long `close` waits for a message that is being handed over."""


def by_apprise(url: str, notice: Notice) -> bool:
    """Carries `notice` to `url` through Apprise; whether it was accepted."""
    return bool(_courier().carry(url, notice))


def try_out(
    settings: Notify,
    about: str,
    now: datetime,
    *,
    environ: Mapping[str, str] = os.environ,
    carry: Carry = by_apprise,
) -> list[tuple[Audience, str, bool]]:
    """Sends a test to every target, now and once: audience, target, whether it was accepted.

    `about` is the name in the subject line. Only this shows that the board can be reached: a notice
    that fails is not logged, because it would tell of a signal. Raises UsageError as `Outbox`.
    """
    targets = _targets(settings, environ)
    return [
        (audience, to.name, carry(to.url, Notice(audience, "test", about, None, now)))
        for audience in AUDIENCES
        for to in targets[audience]
    ]


class Outbox:
    """The notices of a state folder; several processes may share it, one of them sends.

    `folder` is made, readable by its owner alone. `environ`, `carry` and `sleep` are the outside
    world. Raises UsageError if a target is not usable or the `notify` extra is missing.
    """

    def __init__(
        self,
        folder: Path,
        settings: Notify,
        *,
        environ: Mapping[str, str] = os.environ,
        carry: Carry = by_apprise,
        sleep: Callable[[float], None] | None = None,
    ) -> None:
        targets = _targets(settings, environ)
        self._about = settings.operations.about
        self._journals = _journals(folder)
        self._means = Means(Sender(folder), Event(), carry, sleep)
        self._lanes = {a: self._open(a, targets[a]) for a in AUDIENCES}

    def put(self, notice: Notice) -> bool:
        """Takes a notice; False if it is not wanted or was put before. Never raises.

        If the disk cannot be written it is sent from memory: only a crash would then lose it.
        """
        if not self._wanted(notice):
            return False
        try:
            new = self._journals[notice.audience].put(notice)
        except OSError:
            new = True
            if notice.audience == "operations":
                logs.warn("the outbox cannot be written; a notice is in memory only",
                          study=notice.study, look=notice.look)  # fmt: skip
        for lane in self._lanes[notice.audience]:
            lane.wake.set()
        return new

    def waiting(self, audience: Audience) -> int:
        """Notices not yet delivered. Of the board it is closed content: it tells of a signal."""
        return len(self._journals[audience].waiting())

    def drain(self, timeout: float) -> int:
        """Lets the threads send for at most `timeout` seconds; what operations still waits for.

        With an address for the board it always takes the whole time: how long a process takes to
        leave must not tell whether the board had a notice. What is left stays on disk.
        """
        end = time.monotonic() + timeout
        while time.monotonic() < end and (self._lanes["board"] or self.waiting("operations")):
            time.sleep(0.05)
        return self.waiting("operations")

    def close(self) -> None:
        """Stops the threads, each after the message it is handing over."""
        self._means.closing.set()
        lanes = [lane for audience in AUDIENCES for lane in self._lanes[audience]]
        for lane in lanes:
            lane.wake.set()
        end = time.monotonic() + LEAVING_S
        for lane in lanes:
            lane.join(max(0.0, end - time.monotonic()))
        if not any(lane.is_alive() for lane in lanes):
            self._means.sender.release()

    def _open(self, audience: Audience, targets: tuple[Address, ...]) -> list[Lane]:
        """A thread for each target; what an earlier process left is sent at once."""
        journal, names = self._journals[audience], [to.name for to in targets]
        if names:
            journal.settle(names)
        said = audience == "operations"
        lanes = [Lane(to, names, journal, self._means, said=said) for to in targets]
        for lane in lanes:
            lane.start()
        return lanes

    def _wanted(self, notice: Notice) -> bool:
        if not self._lanes[notice.audience]:
            return False
        if notice.audience == "board":
            return True
        if self.waiting("operations") < FULL:
            return notice.kind in self._about
        logs.warn(f"the outbox is full: {FULL} notices wait; this one is dropped",
                  study=notice.study, look=notice.look)  # fmt: skip
        return False


def _journals(folder: Path) -> dict[Audience, Journal]:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        journals = {a: Journal(folder / f"{a}.jsonl") for a in AUDIENCES}
    except OSError as error:
        raise UsageError(
            f"{folder}: the outbox of the notifications cannot be opened ({error.strerror})"
        ) from None
    # Which of the two it is, is not said: that the board's file has lines would tell of a signal.
    if any(journal.unreadable for journal in journals.values()):
        logs.warn("the outbox has lines that cannot be read, so a notice may be lost; see the disk")
    return journals


def _targets(settings: Notify, environ: Mapping[str, str]) -> dict[Audience, tuple[Address, ...]]:
    """By audience; every URL is one that Apprise understands."""
    channels = {"operations": settings.operations, "board": settings.board}
    targets = {a: addresses.of(a, channels[a], environ) for a in AUDIENCES}
    for audience in AUDIENCES:
        _check(audience, targets[audience])
    return targets


def _check(audience: Audience, targets: tuple[Address, ...]) -> None:
    for to in targets:
        if not _courier().understands(to.url):
            raise UsageError(
                f"monitor file: notify.{audience}: what {to.name} holds is not a URL that "
                "Apprise knows, such as mailto:// or json:// (it is not shown here)"
            )


def _courier() -> ModuleType:
    try:
        from safetymon.service import courier  # noqa: PLC0415 - an optional extra
    except ImportError:
        raise UsageError(
            "monitor file: [notify] needs the package apprise; "
            "install it with: pip install 'safetymon[notify]'"
        ) from None
    return courier
