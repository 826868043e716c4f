"""Probes, metrics and the dead-man's switch."""

import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest

from safetymon.errors import UsageError
from safetymon.service import health, logs
from safetymon.service.metrics import Metrics
from safetymon.service.pulse import Pulse
from safetymon.service.settings import Health, Log
from safetymon.service.state import Outcome, State
from tests import sinks
from tests.sinks import until

DUE = datetime(2026, 11, 22, 6, tzinfo=UTC)


class Clock:
    """Seconds that pass when told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def state(clock: Clock) -> State:
    return State(clock=clock)


def test_the_service_is_well_while_it_ticks(state: State, clock: Clock) -> None:
    def code() -> int:
        return health.healthz(state, stalled_after_s=120).code

    assert code() == 503
    state.tick(DUE)
    assert code() == 200
    clock.now += 120
    assert code() == 200
    clock.now += 1
    assert health.healthz(state, 120) == health.Answer(503, "stuck: no tick for 121 s\n")
    state.tick(DUE - timedelta(hours=1))  # the wall clock went back; the service still ticks
    assert code() == 200


@pytest.mark.parametrize(
    ("outcome", "answer"),
    [
        ("made", health.Answer(200, "ok\n")),
        ("late", health.Answer(200, "ok\n")),
        ("failed", health.Answer(503, "ABC-1: failed\n")),
        ("data stale", health.Answer(503, "ABC-1: data stale\n")),
    ],
)
def test_a_study_that_is_not_served_is_named(
    state: State, outcome: Outcome, answer: health.Answer
) -> None:
    assert health.readyz(state).text == "starting\n"
    state.tick(DUE)
    state.look("ABC-1", outcome, DUE)
    state.look("XYZ-2", "made", DUE)
    assert health.readyz(state) == answer
    state.look("ABC-1", "made", DUE)
    assert health.readyz(state).code == 200


def test_a_service_that_is_leaving_is_not_ready(state: State) -> None:
    state.tick(DUE)
    state.stopping = True
    assert health.readyz(state) == health.Answer(503, "stopping\n")


def samples(state: State) -> dict[str, str]:
    lines = Metrics(state).text().decode().splitlines()
    return dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))


def test_metrics_say_how_the_studies_are_served() -> None:
    state = State(waiting=lambda: 3)
    state.plan("ABC-1", DUE + timedelta(days=1))
    state.look("ABC-1", "made", DUE - timedelta(days=1))
    state.look("ABC-1", "failed", DUE)
    state.tick(DUE)
    told = samples(state)
    assert told['safetymon_looks_total{outcome="made",study="ABC-1"}'] == "1.0"
    assert told['safetymon_looks_total{outcome="failed",study="ABC-1"}'] == "1.0"
    assert told['safetymon_looks_total{outcome="late",study="ABC-1"}'] == "0.0"
    assert float(told['safetymon_last_due_timestamp_seconds{study="ABC-1"}']) == DUE.timestamp()
    due = float(told['safetymon_next_due_timestamp_seconds{study="ABC-1"}'])
    assert due == DUE.timestamp() + 86400
    assert told['safetymon_study_ok{study="ABC-1"}'] == "0.0"
    assert told["safetymon_operations_notices_waiting"] == "3.0"
    assert float(told["safetymon_last_tick_timestamp_seconds"]) == DUE.timestamp()
    assert float(told["process_open_fds"]) > 0


def test_metrics_know_no_word_of_closed_content(state: State) -> None:
    state.look("ABC-1", "made", DUE)
    names = {name.split("{")[0] for name in samples(state)}
    assert not [n for n in names if any(w in n for w in ("signal", "verdict", "arm", "board"))]
    # How long a look took would tell whether a verdict moved.
    assert not [n for n in names if "duration" in n or n.endswith("_seconds_sum")]


@pytest.fixture
def port() -> Iterator[int]:
    state = State()
    state.tick(DUE)
    state.look("ABC-1", "failed", DUE)
    server = health.serve(Health(port=0), state)
    assert server
    yield server.port
    server.close()


def get(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with closing(error):
            return error.code, error.read().decode()


def test_the_port_answers(port: int) -> None:
    assert get(port, "/healthz") == (200, "ok\n")
    assert get(port, "/readyz") == (503, "ABC-1: failed\n")
    assert 'safetymon_study_ok{study="ABC-1"} 0.0' in get(port, "/metrics")[1]
    assert get(port, "/reports")[0] == get(port, "/")[0] == 404


def test_the_port_is_open_on_the_loopback_only(port: int) -> None:
    with socket.socket() as other, pytest.raises(OSError, match="refused"):
        other.connect(("127.0.0.2", port))


def test_nothing_listens_unless_a_port_is_named(state: State) -> None:
    assert health.serve(Health(), state) is None


def test_a_port_that_is_taken_is_said_plainly(port: int, state: State) -> None:
    with pytest.raises(UsageError, match=rf"127.0.0.1 port {port} cannot be opened \(Address"):
        health.serve(Health(port=port), state)


def test_without_prometheus_the_extra_is_named(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "safetymon.service.metrics", None)
    with pytest.raises(UsageError, match=r"pip install 'safetymon\[metrics\]'"):
        health.serve(Health(port=0), state)


def pulse(port: int, clock: Clock) -> Pulse:
    settings = Health(ping_environment="PING", ping_every_s=60)
    return Pulse(settings, environ={"PING": f"http://127.0.0.1:{port}/geheim"}, clock=clock)


def test_a_healthy_service_is_heard_of_once_in_a_while(clock: Clock) -> None:
    with sinks.http() as sink:
        heart = pulse(sink.port, clock)
        beats = []
        for clock.now in (0, 1, 59, 60, 61, 120):
            beats.append(heart.beat())
            heart.wait()
        assert beats == [True, False, False, True, False, True]
        assert sink.attempts == 3


def test_a_switch_out_of_reach_is_said_once_and_stops_nothing(clock: Clock) -> None:
    stream = StringIO()
    logs.configure(Log(), stream)
    with sinks.http() as sink:
        heart = pulse(sink.port, clock)
        for clock.now, sink.refusing in ((0, True), (60, True), (120, False), (180, False)):
            assert heart.beat()
            heart.wait()
    told = [line.split("look=- ")[1] for line in stream.getvalue().splitlines()]
    assert told == [
        "the dead-man's switch cannot be reached",
        "the dead-man's switch is reached again",
    ]
    assert "geheim" not in stream.getvalue()


def test_a_slow_switch_does_not_hold_up_the_tick(clock: Clock) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        heart = pulse(deaf.getsockname()[1], clock)
        assert heart.beat()
        clock.now = 60
        assert not heart.beat()  # one ping at a time
        caller, _ = deaf.accept()
        caller.close()
        heart.wait()
    clock.now = 120
    assert heart.beat()
    heart.wait()


def test_without_a_switch_nothing_beats() -> None:
    assert not Pulse(Health()).beat()


@pytest.mark.parametrize("url", ["", "geheim", "file:///etc/passwd", "http://"])
def test_a_switch_that_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match=r"^monitor file: health\.ping_environment: ") as refused:
        Pulse(Health(ping_environment="PING"), environ={"PING": url})
    assert "geheim" not in str(refused.value)


def test_a_caller_that_says_nothing_is_let_go(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health._Handler, "timeout", 0.1)
    with socket.create_connection(("127.0.0.1", port), timeout=5) as silent:
        assert silent.recv(1) == b""
    until(lambda: get(port, "/healthz")[0] == 200)
