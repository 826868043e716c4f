"""What is due: decided from what is on record and the time, and from nothing else."""

from datetime import UTC, datetime, timedelta

import pytest

from safetymon import schedule
from safetymon.schedule import Failure, Past, Patience, Plan, Timetable

PATIENCE = Patience(tries=3, retry=timedelta(minutes=10), late=timedelta(minutes=5))


def at(text: str) -> datetime:
    """Day and time of January 2024, UTC."""
    return datetime.fromisoformat(f"2024-01-{text}").replace(tzinfo=UTC)


DAILY = Past((Timetable(at("01 12:00"), "0 6 * * *", "UTC"),))


def after(past: Past, settled: str, *failures: Failure) -> Past:
    return past._replace(settled=at(settled), failures=failures)


def test_a_new_timetable_owes_nothing_of_the_time_before() -> None:
    assert schedule.plan(DAILY, at("01 12:00"), PATIENCE) == Plan()
    assert schedule.wake(DAILY, at("01 12:00"), PATIENCE) == at("02 06:00")


@pytest.mark.parametrize(
    ("now", "plan"),
    [
        ("02 05:59", Plan()),
        ("02 06:00", Plan(at("02 06:00"))),
        ("02 06:05", Plan(at("02 06:00"))),
        ("02 06:06", Plan(at("02 06:00"), late=True)),
        ("04 09:00", Plan(at("04 06:00"), late=True, missed=(at("02 06:00"), at("03 06:00")))),
    ],
)
def test_the_latest_due_time_is_served_and_those_before_it_are_missed(now: str, plan: Plan) -> None:
    assert schedule.plan(DAILY, at(now), PATIENCE) == plan


def test_a_settled_due_time_is_never_due_again_even_if_the_clock_goes_back() -> None:
    served = after(DAILY, "04 06:00")
    for now in ("04 06:00", "04 05:00", "02 06:00", "04 09:00"):
        assert schedule.plan(served, at(now), PATIENCE).due is None
    assert schedule.wake(served, at("04 09:00"), PATIENCE) == at("05 06:00")


FAILED = Failure(at("02 06:00"), at("02 06:00:30"))


@pytest.mark.parametrize(
    ("failures", "now", "due", "wake"),
    [
        ((FAILED,), "02 06:05", None, "02 06:10:30"),  # not yet
        ((FAILED,), "02 06:10:30", "02 06:00", "02 06:10:30"),  # again
        ((FAILED, FAILED._replace(at=at("02 06:11"))), "02 06:12", None, "02 06:21"),
        ((FAILED,) * 3, "02 07:00", None, "03 06:00"),  # three times is enough
        ((FAILED,) * 3, "03 06:00", "03 06:00", "03 06:00"),  # the next one has its own tries
    ],
)
def test_a_failed_look_is_tried_again_after_a_while_and_so_many_times(
    failures: tuple[Failure, ...], now: str, due: str | None, wake: str
) -> None:
    past = DAILY._replace(failures=failures)
    assert schedule.plan(past, at(now), PATIENCE).due == (at(due) if due else None)
    assert schedule.wake(past, at(now), PATIENCE) == at(wake)


def test_a_due_time_that_failed_is_missed_when_the_next_one_comes() -> None:
    past = DAILY._replace(failures=(FAILED,))
    assert schedule.plan(past, at("03 06:00"), PATIENCE) == Plan(
        at("03 06:00"), missed=(at("02 06:00"),)
    )


def test_a_changed_timetable_counts_from_its_change_and_the_old_one_up_to_it() -> None:
    changed = DAILY._replace(
        timetables=(*DAILY.timetables, Timetable(at("03 12:00"), "0 18 * * *", "UTC"))
    )
    assert schedule.plan(changed, at("05 00:00"), PATIENCE) == Plan(
        at("04 18:00"), late=True, missed=(at("02 06:00"), at("03 06:00"), at("03 18:00"))
    )


def test_a_timetable_set_by_a_clock_that_ran_ahead_is_not_in_force_yet() -> None:
    first, ahead = DAILY.timetables[0], Timetable(at("20 00:00"), "0 18 * * *", "UTC")
    wrong = DAILY._replace(timetables=(first, ahead))
    assert schedule.plan(wrong, at("02 06:00"), PATIENCE) == Plan(at("02 06:00"))
    # Set again by the right clock, it counts from then, and what the wrong one set is void.
    right = DAILY._replace(timetables=(first, ahead, Timetable(at("03 12:00"), "0 9 * * *", "UTC")))
    assert schedule.plan(right, at("04 09:00"), PATIENCE) == Plan(
        at("04 09:00"), missed=(at("02 06:00"), at("03 06:00"))
    )
    settled = right._replace(settled=at("20 09:00"))
    assert schedule.plan(settled, at("20 18:00"), PATIENCE) == Plan()


WATCHED = Past((Timetable(at("01 12:00"), None, "UTC"),), folder="A")


@pytest.mark.parametrize(
    ("arrived", "due"),
    [(None, None), ("A", None), ("B", "02 03:04")],
    ids=["nothing stable", "looked at already", "new"],
)
def test_a_new_extract_is_due_when_it_is_noticed(arrived: str | None, due: str | None) -> None:
    plan = schedule.plan(WATCHED, at("02 03:04"), PATIENCE, arrived)
    assert plan == (Plan(at(due), "arrival") if due else Plan())
    assert schedule.wake(WATCHED, at("02 03:04"), PATIENCE) is None


def test_an_extract_that_failed_is_tried_again_under_its_own_due_time() -> None:
    past = WATCHED._replace(tried="B", failures=(
        Failure(at("02 03:04"), at("02 03:05"), "arrival", "B"),))  # fmt: skip
    assert schedule.plan(past, at("02 03:10"), PATIENCE, "B") == Plan()
    assert schedule.wake(past, at("02 03:10"), PATIENCE) == at("02 03:15")
    assert schedule.plan(past, at("02 03:15"), PATIENCE, "B") == Plan(at("02 03:04"), "arrival")
    # Another extract is another matter: it does not wait.
    assert schedule.plan(past, at("02 03:10"), PATIENCE, "C") == Plan(at("02 03:10"), "arrival")


def test_an_extract_that_is_not_there_any_more_is_not_waited_for() -> None:
    past = WATCHED._replace(tried="B", failures=(
        Failure(at("02 03:04"), at("02 03:05"), "arrival", "B"),))  # fmt: skip
    assert schedule.plan(past, at("02 04:00"), PATIENCE, "A") == Plan()
    assert schedule.wake(past, at("02 04:00"), PATIENCE) is None


def test_a_due_time_goes_before_an_arrival() -> None:
    past = DAILY._replace(folder="A")
    assert schedule.plan(past, at("02 06:00"), PATIENCE, "B") == Plan(at("02 06:00"))
