"""Notices arrive: by real mail and HTTP, once, after crashes, and only at those they are for."""

import json
import os
import random
import re
import resource
import signal
import stat
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from filelock import FileLock

from safetymon.cli import run
from safetymon.errors import UsageError
from safetymon.service import journal, logs
from safetymon.service.notice import Notice, of_look
from safetymon.service.notify import FULL, Outbox
from safetymon.service.settings import Log, Notify
from tests import sinks
from tests.sinks import until

pytestmark = pytest.mark.slow

DUE = datetime(2026, 11, 22, 6, tzinfo=UTC)
BOTH = Notify.model_validate(
    {"board": {"environment": ["BOARD"]}, "operations": {"environment": ["OPS"]}}
)
NOWHERE = {"BOARD": "json://127.0.0.1:9/board", "OPS": "json://127.0.0.1:9/ops"}


def made(look: int = 4, study: str = "ABC-1") -> Notice:
    return Notice("operations", "look made", study, look, DUE.replace(day=look))


def signal_at(look: int = 4) -> Notice:
    return Notice("board", "new signal", "ABC-1", look, DUE)


class Hand:
    """Takes notices instead of a network; refuses the first `refuse` attempts at each URL."""

    def __init__(self, refuse: int = 0) -> None:
        self.taken: list[tuple[str, Notice]] = []
        self.attempts: dict[str, int] = {}
        self.refuse = refuse

    def __call__(self, url: str, notice: Notice) -> bool:
        self.attempts[url] = self.attempts.get(url, 0) + 1
        if self.attempts[url] <= self.refuse:
            return False
        self.taken.append((url.rsplit("/", 1)[1], notice))
        return True

    def by(self, target: str) -> list[Notice]:
        return [notice for to, notice in self.taken if to == target]


@contextmanager
def outbox(folder: Path, hand: object = None, **more: object) -> Iterator[Outbox]:
    given = {"environ": NOWHERE, **({"carry": hand} if hand else {}), **more}
    box = Outbox(folder, given.pop("settings", BOTH), **given)  # type: ignore[arg-type]  # keywords of Outbox
    try:
        yield box
    finally:
        box.close()


@pytest.fixture
def told() -> Iterator[StringIO]:
    """The log, as it would stand on standard error."""
    stream = StringIO()
    logs.configure(Log(), stream)
    yield stream
    logs.configure(Log())


# By the network, for real.


def test_mail_and_webhook_arrive_with_their_words(tmp_path: Path) -> None:
    with sinks.smtp() as mail, sinks.http() as hook:
        where = {
            "BOARD": f"mailto://127.0.0.1:{mail.port}?from=monitor@example.org&to=chair@example.org",
            "OPS": f"json://127.0.0.1:{hook.port}/ops",
        }
        with outbox(tmp_path, environ=where) as box:
            for notice in of_look("ABC-1", 4, DUE, late=False, newly_raised=True):
                assert box.put(notice)
            until(lambda: bool(mail.arrived) and bool(hook.arrived))
        (letter,) = mail.mails
        assert letter["Subject"] == "safetymon: ABC-1: a closed report awaits you"
        assert "chair@example.org" in letter["To"]
        text = " ".join(
            part.get_payload(decode=True).decode()  # type: ignore[union-attr]  # a plain part
            for part in letter.walk()
            if not part.is_multipart()
        )
        assert "Study ABC-1, look 4: a closed report awaits you." in text
        assert b"github" not in mail.arrived[0].lower()  # no picture fetched from elsewhere
        (posted,) = map(json.loads, hook.arrived)
        assert posted["title"] == "safetymon: ABC-1: look made"
        assert posted["message"].startswith("Study ABC-1: look 4, due 2026-11-22 06:00:00 UTC,")


def test_operations_traffic_is_the_same_with_and_without_a_signal(tmp_path: Path) -> None:
    def traffic(folder: Path, *, raised: bool) -> tuple[list[bytes], list[bytes], bytes]:
        with sinks.smtp() as mail, sinks.http() as hook, sinks.http() as board:
            targets = {"environment": ["OPS", "OPS_MAIL"]}
            settings = Notify.model_validate(
                {"board": {"environment": ["BOARD"]}, "operations": targets}
            )
            where = {
                "BOARD": f"json://127.0.0.1:{board.port}/",
                "OPS": f"json://127.0.0.1:{hook.port}/",
                "OPS_MAIL": f"mailto://127.0.0.1:{mail.port}?from=m@example.org&to=o@example.org",
            }
            with outbox(folder, environ=where, settings=settings) as box:
                for look in (1, 2, 3):
                    due = DUE.replace(day=look)
                    for notice in of_look("ABC-1", look, due, late=look == 2, newly_raised=raised):
                        box.put(notice)
                until(lambda: len(mail.arrived) == len(hook.arrived) == 3)
                until(lambda: len(board.arrived) == 3 * raised)
                until(lambda: not box.waiting("operations"))
            return (
                hook.arrived,
                [_without_chance(m) for m in mail.arrived],
                (folder / "operations.jsonl").read_bytes(),
            )

    quiet, loud = traffic(tmp_path / "a", raised=False), traffic(tmp_path / "b", raised=True)
    assert quiet[:2] == loud[:2]
    # Which of two targets was served first is the network's chance; what was put is not.
    assert sorted(quiet[2].splitlines()) == sorted(loud[2].splitlines())


def _without_chance(mail: bytes) -> bytes:
    """A mail without what differs between any two: its date, its id, its boundary, the port."""
    for boundary in re.findall(rb'boundary="([^"]+)"', mail):
        mail = mail.replace(boundary, b"boundary")
    return re.sub(rb"(?m)^(Date|Message-ID): .*\r\n( .*\r\n)*", b"", mail)


# Safe on disk.


def test_the_same_notice_goes_out_once_ever(tmp_path: Path) -> None:
    hand = Hand()
    for _ in range(2):  # and again after a restart
        with outbox(tmp_path, hand) as box:
            for _ in range(3):
                box.put(made())
                box.put(signal_at())
            until(lambda: not box.waiting("operations") + box.waiting("board"))
    assert hand.by("ops") == [made()]
    assert hand.by("board") == [signal_at()]


def test_what_a_failing_target_missed_is_sent_after_a_restart(tmp_path: Path) -> None:
    with outbox(tmp_path, Hand(refuse=99)) as box:
        box.put(made())
        box.put(signal_at())
        until(lambda: box.waiting("operations") == box.waiting("board") == 1)
    hand = Hand()
    with outbox(tmp_path, hand) as box:
        until(lambda: not box.waiting("operations") + box.waiting("board"))
    assert sorted(to for to, _ in hand.taken) == ["board", "ops"]


KILLED = """
import os, sys, time
from pathlib import Path
from tests.integration.test_notify import BOTH, NOWHERE, made, signal_at
from safetymon.service.notify import Outbox

def carry(url, notice):
    os.write(1, b"sending\\n")  # at one go: two threads say it
    time.sleep(60)

box = Outbox(Path(sys.argv[1]), BOTH, environ=NOWHERE, carry=carry)
box.put(made())
box.put(signal_at())
time.sleep(60)
"""


def test_a_killed_sender_is_made_good_once(tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)],
        stdout=subprocess.PIPE, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert child.stdout
    assert [child.stdout.readline() for _ in range(2)] == [b"sending\n"] * 2
    hand = Hand()
    with outbox(tmp_path, hand) as box:  # while the first lives, it alone may send
        threading.Event().wait(0.3)
        assert (hand.taken, box.waiting("operations")) == ([], 1)
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    for _ in range(2):
        with outbox(tmp_path, hand) as box:
            until(lambda: not box.waiting("operations") + box.waiting("board"))
    assert sorted(to for to, _ in hand.taken) == ["board", "ops"]


PUTTING = """
import sys, time, urllib.request
from pathlib import Path
from safetymon.service.notice import Notice
from safetymon.service.notify import Outbox
from tests.integration.test_notify import BOTH, NOWHERE, day

def carry(url, notice):
    body = f"{notice.audience} {notice.reference}".encode()
    with urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[2]}/", body, timeout=20) as answer:
        return answer.status == 200

box = Outbox(Path(sys.argv[1]), BOTH, environ=NOWHERE, carry=carry)
print("up", flush=True)
for n in range(100):
    box.put(day(n))
    box.put(Notice("board", "new signal", "ABC-1", n, day(n).due))
while box.waiting("operations") + box.waiting("board"):
    time.sleep(0.01)
"""


def day(number: int) -> Notice:
    return Notice("operations", "look made", "ABC-1", number, DUE + timedelta(days=number))


def arrived_despite(kills: int, tmp_path: Path) -> Counter[bytes]:
    """What 100 notices to each audience come to, put by processes of which `kills` are killed."""
    chance = random.Random(20261122)  # noqa: S311 - a moment, not a secret
    with sinks.http() as sink:
        for run in range(kills + 1):
            child = subprocess.Popen(
                [sys.executable, "-c", PUTTING, str(tmp_path), str(sink.port)],
                stdout=subprocess.PIPE, cwd=Path(__file__).parents[2],
            )  # fmt: skip
            with child:
                assert child.stdout
                assert child.stdout.readline() == b"up\n"
                if run < kills:
                    threading.Event().wait(chance.uniform(0, 0.15))
                    child.kill()
        assert child.returncode == 0
        return Counter(sink.arrived)


def test_no_kill_at_any_moment_loses_a_notice(tmp_path: Path) -> None:
    kills = 5
    arrived = arrived_despite(kills, tmp_path)
    assert len(arrived) == 200
    # A kill between "accepted" and the note of it sends that one again: at most one a thread.
    assert sum(arrived.values()) - len(arrived) <= 2 * kills


def test_two_processes_share_an_outbox_and_send_each_notice_once(tmp_path: Path) -> None:
    hand = Hand()
    with outbox(tmp_path, hand) as first, outbox(tmp_path, hand) as second:
        for look in range(1, 11):
            (first if look % 2 else second).put(made(look))
            second.put(made(look))
        until(lambda: len(hand.by("ops")) == 10, 15)
    assert sorted(n.look or 0 for n in hand.by("ops")) == list(range(1, 11))


@pytest.mark.parametrize("cut", [1, 20, 60])
def test_half_a_line_of_a_killed_process_is_cut_off(tmp_path: Path, cut: int) -> None:
    with outbox(tmp_path, Hand(refuse=99)) as box:
        box.put(made(1))
        box.put(made(2))
    file = tmp_path / "operations.jsonl"
    file.write_bytes(file.read_bytes()[:-cut])
    hand = Hand()
    with outbox(tmp_path, hand) as box:
        box.put(made(2))
        until(lambda: not box.waiting("operations"))
    assert [n.look for n in hand.by("ops")] == [1, 2]


def test_a_damaged_line_is_said_and_the_others_are_sent(tmp_path: Path, told: StringIO) -> None:
    with outbox(tmp_path, Hand(refuse=99)) as box:
        box.put(made(1))
        box.put(made(2))
    file = tmp_path / "operations.jsonl"
    file.write_bytes(file.read_bytes().replace(b"look made", b"look nade", 1))
    hand = Hand()
    with outbox(tmp_path, hand) as box:
        until(lambda: not box.waiting("operations"))
    assert [n.look for n in hand.by("ops")] == [2]
    assert "the outbox has lines that cannot be read" in told.getvalue()


def test_a_full_disk_costs_the_safety_and_not_the_notice(tmp_path: Path, told: StringIO) -> None:
    hand = Hand()
    with outbox(tmp_path, hand) as box:
        with _no_file_grows_beyond(10):
            assert box.put(made(1))
            assert box.put(signal_at())
            assert not box.put(made(1))
            until(lambda: len(hand.taken) == 2)
            until(lambda: "a restart may send this again" in told.getvalue())
        assert box.put(made(2))
        until(lambda: len(hand.taken) == 3)
        until(lambda: not box.waiting("operations"))
    assert "study=ABC-1 look=1 the outbox cannot be written; a notice is in" in told.getvalue()
    assert told.getvalue().count("look=4") == 0  # the board's
    with outbox(tmp_path, hand) as box:
        threading.Event().wait(0.2)
    assert len(hand.taken) == 3


def test_a_process_that_hangs_with_the_file_in_hand_stops_no_notice(
    tmp_path: Path, told: StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "LOCK_WAIT_S", 0.1)
    hand = Hand()
    with outbox(tmp_path, hand) as box, FileLock(tmp_path / "operations.lock"):
        assert box.put(made())
        assert not box.put(made())
        until(lambda: hand.by("ops") == [made()])
        until(lambda: "a restart may send this again" in told.getvalue())
    assert "in memory only" in told.getvalue()


@contextmanager
def _no_file_grows_beyond(size: int) -> Iterator[None]:
    """The kernel itself refuses to write on, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_only_the_owner_can_read_the_outbox(tmp_path: Path) -> None:
    with outbox(tmp_path / "box", Hand()) as box:
        box.put(made())
    modes = {p: stat.S_IMODE(p.stat().st_mode) for p in [tmp_path / "box", *tmp_path.glob("*/*")]}
    assert not {p.name: oct(m) for p, m in modes.items() if m & 0o077}
    # The board's file is there from the start, so its being there tells nothing.
    assert (tmp_path / "box" / "board.jsonl").read_bytes() == b""


# Again and again.


def test_attempts_back_off_to_an_hour_and_never_end(tmp_path: Path) -> None:
    waits: list[float] = []
    hand = Hand(refuse=14)
    with outbox(tmp_path, hand, sleep=waits.append) as box:
        box.put(made())
        until(lambda: not box.waiting("operations"))
    assert waits == [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600, 3600, 3600]
    assert hand.by("ops") == [made()]


def test_a_carrier_that_crashes_is_tried_again(tmp_path: Path) -> None:
    hand = Hand()

    def carry(url: str, notice: Notice) -> bool:
        if hand(url, notice) and len(hand.taken) == 1:
            raise RuntimeError(url)
        return True

    with outbox(tmp_path, carry, sleep=lambda _: None) as box:
        box.put(made())
        until(lambda: not box.waiting("operations"))
    assert hand.by("ops") == [made(), made()]


def test_a_target_that_is_down_holds_up_neither_a_look_nor_another_target(tmp_path: Path) -> None:
    settings = Notify.model_validate(
        {"board": {"environment": ["BOARD"]}, "operations": {"environment": ["OPS", "CHAT"]}}
    )
    stuck = threading.Event()
    hand = Hand()

    def carry(url: str, notice: Notice) -> bool:
        if url.endswith(("board", "ops")):
            stuck.wait(20)
        return hand(url, notice)

    where = {**NOWHERE, "CHAT": "json://127.0.0.1:9/chat"}
    with outbox(tmp_path, carry, environ=where, settings=settings) as box:
        box.put(signal_at())
        box.put(made())
        until(lambda: hand.by("chat") == [made()], 1)
        assert not hand.by("ops")
        stuck.set()
        until(lambda: len(hand.taken) == 3)
    assert hand.by("chat") == hand.by("ops") == [made()]


def test_a_target_taken_away_or_renamed_loses_nothing(tmp_path: Path) -> None:
    with outbox(tmp_path, Hand(refuse=99)) as box:
        box.put(made())
    renamed = Notify.model_validate({"operations": {"environment": ["CHAT"]}})
    where = {"CHAT": "json://127.0.0.1:9/chat"}
    hand = Hand()
    with outbox(tmp_path, hand, environ=where, settings=renamed) as box:
        until(lambda: not box.waiting("operations"))
    assert hand.by("chat") == [made()]
    with outbox(tmp_path, hand) as box:  # a target added later is not told old news
        threading.Event().wait(0.2)
    assert len(hand.taken) == 1


def test_too_many_wait_for_operations_and_that_is_said(tmp_path: Path, told: StringIO) -> None:
    with outbox(tmp_path, Hand(refuse=10**6), sleep=lambda _: threading.Event().wait(0.1)) as box:
        # Not by putting a thousand, each safe on disk before the next: by the file.
        line = (
            '{"put": {"audience": "operations", "kind": "failed", "study": "S%d", "look": null, '
            '"due": "2026-01-01T00:00:00+00:00"}}\n'
        )
        (tmp_path / "operations.jsonl").write_text("".join(line % n for n in range(FULL)))
        assert not box.put(made()) or not box.put(made(5))
        assert box.waiting("operations") >= FULL
        assert box.put(signal_at())
    assert "the outbox is full" in told.getvalue()


# Who is told what.


def test_nothing_about_a_notice_to_the_board_is_logged(tmp_path: Path, told: StringIO) -> None:
    with sinks.http() as hook:
        hook.refusing = True
        where = {"BOARD": f"json://127.0.0.1:{hook.port}/", "OPS": NOWHERE["OPS"]}
        with outbox(tmp_path, environ=where, sleep=lambda _: threading.Event().wait(0.05)) as box:
            box.put(signal_at())
            until(lambda: hook.attempts > 2)
            hook.refusing = False
            until(lambda: not box.waiting("board"))
    assert told.getvalue() == ""


def test_a_failing_notice_to_operations_is_logged_without_its_url(
    tmp_path: Path, told: StringIO
) -> None:
    where = {"BOARD": NOWHERE["BOARD"], "OPS": "json://user:geheim@127.0.0.1:9/ops"}
    with outbox(tmp_path, environ=where) as box:
        box.put(made())
        until(lambda: "not accepted" in told.getvalue())
    assert (
        "study=ABC-1 look=4 notice not accepted by OPS, attempt 1; next in 5 s" in told.getvalue()
    )
    assert "geheim" not in told.getvalue()


def test_leaving_takes_as_long_whether_or_not_the_board_is_told(tmp_path: Path) -> None:
    import time

    def carry(url: str, _: Notice) -> bool:
        return not url.endswith("board")  # which is down

    took = []
    for raised in (False, True):
        with outbox(tmp_path / str(raised), carry) as box:
            for notice in of_look("ABC-1", 4, DUE, late=False, newly_raised=raised):
                box.put(notice)
            start = time.monotonic()
            assert box.drain(0.5) == 0
            took.append(time.monotonic() - start)
    assert min(took) >= 0.5  # nothing is waited for, and it stays all the same
    assert max(took) < 1.5  # something is, and it goes all the same


def test_operations_says_what_it_wants_to_be_told(tmp_path: Path) -> None:
    settings = Notify.model_validate(
        {"operations": {"environment": ["OPS"], "about": ["failed", "data stale"]}}
    )
    hand = Hand()
    with outbox(tmp_path, hand, settings=settings) as box:
        assert not box.put(made())
        assert not box.put(signal_at())  # the board has no target
        assert box.put(Notice("operations", "failed", "ABC-1", None, DUE))
        until(lambda: not box.waiting("operations"))
    assert [n.kind for n in hand.by("ops")] == ["failed"]


# Tried out by hand.


def test_every_target_is_tried_and_what_it_said_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "monitor.toml"
    studies = '[[study]]\nfile = "study.toml"\nwatch_seconds = 1\n'
    channels = '[notify.board]\nenvironment = ["BOARD"]\n[notify.operations]\nenvironment = ["OPS"]'
    file.write_text(studies + channels)
    with sinks.http() as board, sinks.http() as ops:
        monkeypatch.setenv("BOARD", f"json://geheim@127.0.0.1:{board.port}/")
        monkeypatch.setenv("OPS", f"json://127.0.0.1:{ops.port}/")
        assert run(["notify", str(file)]) == 0
        assert capsys.readouterr().out == "operations  OPS: accepted\nboard       BOARD: accepted\n"
        board.refusing = True
        assert run(["notify", str(file)]) == 2
        said = capsys.readouterr()
        assert said.out == "operations  OPS: accepted\nboard       BOARD: NOT ACCEPTED\n"
        assert said.err.startswith("safetymon: monitor.toml: a test was not accepted; check")
        assert "geheim" not in said.out + said.err
    file.write_text(studies)
    assert run(["notify", str(file)]) == 2
    assert "[notify] names no target" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [file]


# Wrong settings, at the start.


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({}, "notify.operations: the environment variable OPS is not set"),
        ({"OPS": "  "}, "notify.operations: the environment variable OPS is not set"),
        ({"OPS": "geheim", "BOARD": "x"}, "notify.operations: what OPS holds is not a URL"),
        ({"OPS": "nosuch://geheim", "BOARD": "x"}, "notify.operations: what OPS holds is not"),
        ({"OPS": "json://h/", "BOARD": "geheim:/x"}, "notify.board: what BOARD holds is not"),
    ],
)
def test_an_unusable_address_is_refused_at_the_start(
    tmp_path: Path, environ: dict[str, str], said: str
) -> None:
    with pytest.raises(UsageError) as refused:
        Outbox(tmp_path, BOTH, environ={"BOARD": "json://h/", **environ})
    assert said in str(refused.value)
    assert "geheim" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_addresses_stand_in_a_file_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "board.urls"
    file.write_text("# the chair\njson://127.0.0.1:9/one\n\n  json://127.0.0.1:9/two\n")
    file.chmod(0o600)
    settings = Notify.model_validate({"board": {"file": str(file)}})
    hand = Hand()
    with outbox(tmp_path / "box", hand, settings=settings) as box:
        box.put(signal_at())
        until(lambda: not box.waiting("board"))
    assert sorted(to for to, _ in hand.taken) == ["one", "two"]
    file.chmod(0o644)
    with pytest.raises(UsageError, match="everyone can read it; run: chmod o-r"):
        Outbox(tmp_path / "box", settings)
    file.unlink()
    with pytest.raises(UsageError, match=r"notify.board.file cannot be read \(FileNotFoundError\)"):
        Outbox(tmp_path / "box", settings)


def test_an_outbox_that_cannot_be_made_is_refused_plainly(tmp_path: Path) -> None:
    (tmp_path / "box").write_text("a file")
    with pytest.raises(UsageError, match="the outbox of the notifications cannot be opened"):
        Outbox(tmp_path / "box", BOTH, environ=NOWHERE)


def test_without_apprise_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "safetymon.service.courier", None)
    monkeypatch.delattr("safetymon.service.courier", raising=False)
    with pytest.raises(UsageError, match=r"pip install 'safetymon\[notify\]'"):
        Outbox(tmp_path, BOTH, environ=NOWHERE)
    Outbox(tmp_path, Notify()).close()  # nobody to tell: no extra needed


def test_apprise_is_not_imported_where_nobody_is_to_be_told() -> None:
    code = (
        "import sys, safetymon.service.notify, safetymon.service.health; "
        "sys.exit(any(m in sys.modules for m in ('apprise', 'prometheus_client')))"
    )
    assert subprocess.run([sys.executable, "-c", code], env=os.environ, check=False).returncode == 0
