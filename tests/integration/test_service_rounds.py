"""The rounds of the service: who is told what, and that years of it cost no memory."""

import gc
import io
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
import time_machine

from safetymon.service.monitor_file import Limits, Served
from safetymon.service.notify import Outbox
from safetymon.service.reply import Event, Mark, Reply, parsed
from safetymon.service.rounds import Rounds
from safetymon.service.settings import Notify
from safetymon.service.state import State
from safetymon.service.told import Told
from safetymon.service.ward import ward
from tests.service_world import Inline, Post, World, logged

pytestmark = pytest.mark.slow

NOW = datetime(2024, 3, 1, 6, tzinfo=UTC)
STUDY = Served(file=Path("/s1/study.toml"), schedule="0 6 * * *")
LOOK = Event(1, "schedule", NOW, "look", 1, late=False, stale=False, raised=False, reason=None,
             recorded_at=NOW.isoformat())  # fmt: skip
FAILED = replace(LOOK, outcome="failed", look=None, reason="ae.csv: is missing")


def round_of(replies: list[Reply], folder: Path) -> tuple[Post, State, Rounds, io.StringIO]:
    """One study, attended to as often as there are replies, every ten minutes."""
    said, post, state, left = io.StringIO(), Post(), State(), list(replies)
    rounds = Rounds([ward(STUDY, NOW)], Limits(), lambda *_: left.pop(0), Inline(), post, state,
                    Told(folder))  # fmt: skip
    with logged(said):
        for n in range(len(replies)):
            rounds.wards[0].wake = NOW
            rounds.tick(NOW + n * timedelta(minutes=10))
            rounds.tick(NOW + n * timedelta(minutes=10))
    return post, state, rounds, said


def told(post: Post) -> list[tuple[str, str, int | None]]:
    return [(n.audience, n.kind, n.look) for n in post.notices.values()]


@pytest.mark.parametrize(
    ("event", "expected", "word"),
    [
        (LOOK, [("operations", "look made", 1)], "ok"),
        (replace(LOOK, late=True), [("operations", "late", 1)], "ok"),
        (replace(LOOK, raised=True),
         [("operations", "look made", 1), ("board", "new signal", 1)], "ok"),
        (replace(LOOK, stale=True),
         [("operations", "data stale", 1), ("operations", "look made", 1)], "data stale"),
        (FAILED, [("operations", "failed", None)], "failed"),
        (replace(FAILED, stale=True),
         [("operations", "data stale", None), ("operations", "failed", None)], "data stale"),
        (replace(LOOK, outcome="missed", look=None), [], "ok"),
    ],
    ids=["made", "late", "signal", "stale", "failed", "refused as stale", "missed"],
)  # fmt: skip
def test_who_is_told_of_what(
    event: Event, expected: list[tuple[str, str, int | None]], word: str, tmp_path: Path
) -> None:
    post, state, _, said = round_of([Reply(events=(event,))], tmp_path)
    assert told(post) == expected
    assert state.studies["s1"].word == word
    assert "signal" not in said.getvalue()


def test_a_service_that_starts_again_stands_as_it_did(tmp_path: Path) -> None:
    round_of([Reply(events=(LOOK,), last=LOOK)], tmp_path)
    failed = replace(FAILED, seq=2, recorded_at=(NOW + timedelta(days=1)).isoformat())
    round_of([Reply(events=(failed,), last=failed)], tmp_path)
    post, state, *_ = round_of([Reply(last=failed)], tmp_path)
    assert (told(post), state.studies["s1"].word) == ([], "failed")
    assert sum(state.studies["s1"].counts.values()) == 0
    _, state, *_ = round_of([Reply(last=failed), Reply(events=(replace(LOOK, seq=3),))], tmp_path)
    assert state.studies["s1"].word == "ok"


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (LOOK, "look made, due 2024-03-01 06:00:00 UTC\n"),
        (replace(LOOK, earlier=True), "served by look 1, due 2024-03-01 06:00:00 UTC\n"),
        (replace(LOOK, cause="arrival"), "look made, at a new extract\n"),
        (replace(FAILED, cause="arrival"), "the look at a new extract failed: ae.csv: is missing"),
    ],
)
def test_the_log_says_what_a_look_was_for(event: Event, line: str, tmp_path: Path) -> None:
    *_, said = round_of([Reply(events=(event,))], tmp_path)
    assert line in said.getvalue()


def test_a_failure_that_cannot_be_recorded_is_told_once_and_tried_again(tmp_path: Path) -> None:
    full = Reply(3, "the disk is full")
    post, state, rounds, said = round_of([full, full, full], tmp_path)
    assert told(post) == [("operations", "failed", None)]
    assert state.studies["s1"].word == "failed"
    assert said.getvalue().count("could not be attended to: the disk is full") == 3
    assert rounds.wards[0].wake == NOW + timedelta(minutes=30)


def test_a_study_held_by_another_process_is_asked_for_soon_and_then_is_a_failure(
    tmp_path: Path,
) -> None:
    held = Reply(4, "study S1 is held by process 1 on host")
    post, state, rounds, _ = round_of([held], tmp_path)
    assert told(post) == []
    assert rounds.wards[0].wake == NOW + timedelta(seconds=5)
    post, state, _, _ = round_of([held] * 5, tmp_path)  # forty minutes; a look may take thirty
    assert told(post) == [("operations", "failed", None)]
    assert state.studies["s1"].word == "failed"


def test_what_was_told_is_not_told_again_but_what_was_not_is(tmp_path: Path) -> None:
    asked: list[Mark | None] = []

    def attend(_study: Served, _arrived: str | None, since: Mark | None) -> Reply:
        asked.append(since)
        return Reply(events=(replace(LOOK, seq=7),))

    for _ in range(2):  # the second is a service started anew
        one = Rounds([ward(STUDY, NOW)], Limits(), attend, Inline(), Post(), State(),
                     Told(tmp_path))  # fmt: skip
        one.tick(NOW)
        one.tick(NOW)
    assert asked == [None, Mark(7, NOW.isoformat())]
    assert (tmp_path / "told.jsonl").stat().st_mode & 0o777 == 0o600


def event(of: Event, seq: int, hours: float) -> Event:
    at = NOW + timedelta(hours=hours)
    look = seq if of.look else None
    return replace(of, seq=seq, due_at=at, look=look, recorded_at=at.isoformat())


def test_after_a_restore_each_event_is_told_once_and_what_happens_again_is_told_again(
    tmp_path: Path,
) -> None:
    kept = (event(replace(LOOK, raised=True), 1, 0), event(FAILED, 2, 24))
    lost, again = event(LOOK, 3, 48), event(replace(LOOK, late=True), 3, 50)
    _, state, _, _ = round_of([Reply(events=kept), Reply(events=(lost,))], tmp_path)
    assert state.studies["s1"].counts == {"made": 2, "late": 0, "failed": 1, "data stale": 0}
    # The backup holds the first two: the store does not know the last one told, and tells all.
    after, state, _, said = round_of(
        [Reply(events=kept), Reply(events=(again,)), Reply(events=(*kept, lost))], tmp_path
    )
    assert told(after) == [("operations", "late", 3)]
    assert state.studies["s1"].counts == {"made": 0, "late": 1, "failed": 0, "data stale": 0}
    assert said.getvalue().count("look made") == 1
    assert Told(tmp_path).last(STUDY.file) == lost.mark  # a later backup was restored at last


def test_a_failure_that_cannot_be_recorded_after_a_restore_is_told(tmp_path: Path) -> None:
    round_of([Reply(3, "no", (FAILED,))], tmp_path)
    post, *_ = round_of([Reply(3, "the disk is full", (FAILED,))], tmp_path)
    assert told(post) == [("operations", "failed", None)]


def test_of_what_was_told_so_much_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("safetymon.service.told.KEPT", 2)
    marks = [Mark(n, "2024") for n in range(1, 30)]
    for one in marks:
        Told(tmp_path).add(STUDY.file, [one])
    kept = Told(tmp_path)
    assert [one for one in marks if kept.knows(STUDY.file, one)] == marks[-2:]
    assert len((tmp_path / "told.jsonl").read_text().split()) < len(marks)


@pytest.mark.parametrize(
    "line", ["", "[]", "7", "null", "{}", '["/s1/study.toml"]', '["/s1/study.toml", null]',
             '["/s1/study.toml", 7]', '["/s1/study.toml", "7"]', '["/s1/study.toml", "a b"]',
             '["/s1/study.toml", "7 a b"]', '["/s1/study.toml", "8 20'],
)  # fmt: skip
def test_a_damaged_line_of_what_was_told_spoils_no_other(tmp_path: Path, line: str) -> None:
    file = tmp_path / "told.jsonl"
    file.write_text(line)
    assert Told(tmp_path).last(STUDY.file) is None
    Told(tmp_path).add(STUDY.file, [Mark(7, "2024")])
    with file.open("a") as damaged:
        damaged.write("\n" + line)
    assert Told(tmp_path).last(STUDY.file) == Mark(7, "2024")


def test_without_text_nothing_was_told(tmp_path: Path) -> None:
    (tmp_path / "told.jsonl").write_bytes(b"\xff\xfe")
    assert Told(tmp_path).last(STUDY.file) is None


def test_a_stop_begins_no_look_that_waits_for_its_turn(tmp_path: Path) -> None:
    begun: list[str] = []
    end, state = Barrier(2), State()
    studies = [STUDY.model_copy(update={"file": Path(f"/s{n}/study.toml")}) for n in range(3)]

    def attend(study: Served, _arrived: str | None, _since: Mark | None) -> Reply:
        begun.append(study.file.parent.name)
        end.wait(20)  # it has begun
        end.wait(20)  # it may end
        return Reply()

    with ThreadPoolExecutor(1) as pool:
        rounds = Rounds([ward(one, NOW) for one in studies], Limits(), attend, pool, Post(), state,
                        Told(tmp_path))  # fmt: skip
        rounds.tick(NOW)
        end.wait(20)
        state.stopping = True
        rounds.tick(NOW)
        assert [one.running is not None for one in rounds.wards] == [True, False, False]
        end.wait(20)
        wait([one.running for one in rounds.wards if one.running])
        rounds.tick(NOW)
    assert not rounds.busy()
    assert begun == ["s0"]


def test_a_reply_comes_back_as_it_was_sent() -> None:
    reply = Reply(3, "no", (LOOK, FAILED), NOW, "f", FAILED)
    assert parsed(reply.text()) == reply


def measured() -> tuple[int, int]:
    """Resident memory in kB, open handles."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 1024, len(list(Path("/proc/self/fd").iterdir()))


def test_two_thousand_looks_cost_no_memory_and_no_handle(tmp_path: Path) -> None:
    world, state = World(Limits().patience), State()
    post = Outbox(tmp_path / "outbox", Notify())
    studies = [Served(file=tmp_path / f"s{n}" / "study.toml", schedule="0 * * * *")
               for n in range(10)]  # fmt: skip
    now, first = NOW, (0, 0)
    with (
        (tmp_path / "log").open("w") as file, logged(file),
        time_machine.travel(NOW, tick=False) as clock, ThreadPoolExecutor(2) as pool,
    ):  # fmt: skip
        rounds = Rounds([ward(s, NOW) for s in studies], Limits(), forgetful(world), pool, post,
                        state, Told(tmp_path))  # fmt: skip
        for hour in range(2 * 221):
            clock.move_to(now)
            rounds.tick(now)
            wait([w.running for w in rounds.wards if w.running])
            now += timedelta(minutes=30)
            if hour == 2 * 20:
                first = measured()
        last = measured()
    post.close()
    looks = sum(standing.counts["made"] for standing in state.studies.values())
    print(f"\n{looks} looks: memory {first[0]} kB after 200, {last[0]} kB at the end; handles "
          f"{first[1]} and {last[1]}")  # fmt: skip
    assert looks >= 2000
    assert last[1] == first[1]
    assert last[0] - first[0] < 2048  # kB: what an allocator may keep


def forgetful(world: World) -> Callable[..., Reply]:
    """The records grow with the years, in a store on disk; here only the last is kept."""

    def attend(study: Served, arrived: str | None, since: Mark | None) -> Reply:
        reply: Any = world.attend(study, arrived, None)
        records = world.studies[study.file]
        records.settled.clear()
        return replace(
            reply, events=tuple(e for e in reply.events if since is None or e.seq > since.seq)
        )

    return attend
