"""One target's thread: sends what waits for it, in order, and tries again until it is accepted."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock, Thread

import tenacity
from filelock import FileLock, Timeout

from safetymon.service import logs
from safetymon.service.addresses import Address
from safetymon.service.journal import Journal
from safetymon.service.notice import Notice

FIRST_WAIT_S, LONGEST_WAIT_S = 5.0, 3600.0
"""Seconds before the second attempt, doubled at each further one, and their longest."""
OTHERS_S = 5.0
"""Seconds between two looks for notices that another process put."""

Carry = Callable[[str, Notice], bool]
"""Sends a notice to a URL once; whether the other side accepted it."""


class Sender:
    """The right to send from a folder: of one process at a time, of the next when that one ends."""

    def __init__(self, folder: Path) -> None:
        self._lock = FileLock(folder / "sender.lock", 0, mode=0o600, thread_local=False)
        self._ours = Lock()

    def held(self) -> bool:
        """Whether this process may send; takes the right if nobody has it."""
        with self._ours:
            if not self._lock.is_locked:
                try:
                    self._lock.acquire()
                except Timeout:
                    return False
            return True

    def release(self) -> None:
        """Lets the next process send."""
        self._lock.release()


@dataclass(frozen=True, slots=True)
class Means:
    """What every lane of a process works with; `sleep` is a test's, else it ends at `closing`."""

    sender: Sender
    closing: Event
    carry: Carry
    sleep: Callable[[float], None] | None = None


class Lane(Thread):
    """The thread of one target. It never ends but by `closing`, and it never raises.

    `names` are all targets of the audience; `said`: what it does may be logged.
    """

    def __init__(
        self, to: Address, names: Collection[str], journal: Journal, means: Means, *, said: bool
    ) -> None:
        super().__init__(daemon=True)
        self.wake = Event()
        self._to, self._names, self._journal = to, names, journal
        self._means, self._said = means, said
        self._attempts = tenacity.Retrying(
            retry=tenacity.retry_if_result(lambda accepted: not accepted),
            wait=tenacity.wait_exponential(multiplier=FIRST_WAIT_S, max=LONGEST_WAIT_S),
            stop=tenacity.stop_when_event_set(means.closing),
            sleep=means.sleep or tenacity.sleep_using_event(means.closing),
            before_sleep=self._tell,
            retry_error_callback=lambda _: False,
        )

    def run(self) -> None:
        """Sends whenever it is woken, and now and then for what other processes put."""
        while not self._means.closing.is_set():
            self.wake.clear()
            self._send_all()
            self.wake.wait(OTHERS_S)

    def _send_all(self) -> None:
        if not self._means.sender.held():
            return
        self._look_again()
        for notice in self._journal.waiting(self._to.name):
            if not self._attempts(self._once, notice):
                return
            self._note(notice)

    def _look_again(self) -> None:
        try:
            self._journal.refresh()
        except OSError:
            self._say("the outbox cannot be read; what this process put is still sent", None)

    def _once(self, notice: Notice) -> bool:
        try:
            return self._means.carry(self._to.url, notice)
        except Exception:  # noqa: BLE001 - a plugin may raise anything, and its text may hold a URL
            return False

    def _note(self, notice: Notice) -> None:
        try:
            self._journal.sent(notice, self._to.name, self._names)
        except OSError:
            self._say("the outbox cannot be written; a restart may send this again", notice)
        else:
            self._say(f"notice sent to {self._to.name}", notice)

    def _tell(self, state: tenacity.RetryCallState) -> None:
        wait = state.next_action.sleep if state.next_action else 0.0
        text = f"notice not accepted by {self._to.name}, attempt {state.attempt_number}"
        self._say(f"{text}; next in {wait:.0f} s", state.args[0])

    def _say(self, text: str, notice: Notice | None) -> None:
        """Of operations' notices only: a line about one of the board's would tell of a signal."""
        if self._said and notice:
            logs.say(text, study=notice.study, look=notice.look)
        elif self._said:
            logs.say(text)
