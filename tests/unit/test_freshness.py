"""What counts as stale or shrunken: drawn small, each row says why."""

from datetime import UTC, date, datetime

import pytest

from safetymon import freshness
from safetymon.domain import STALE, InputFile
from safetymon.errors import DataRefusedError
from safetymon.freshness import CHECKS, Before, Check, Data
from safetymon.study import Freshness

NOW = datetime(2020, 6, 1, tzinfo=UTC)


def file(role: str, rows: int) -> InputFile:
    return InputFile(role, f"{role}.csv", "a" * 64, rows, rows, 0)


DATA = Data(date(2020, 5, 20), (file("ae", 100), file("ex", 40)), frozenset({"1", "2", "3"}))
BEFORE = Before(4, DATA)
BANNERS = Freshness(older="banner", fewer="banner")


def checks(
    data: Data = DATA, settings: Freshness = BANNERS, *, since: datetime | None = None
) -> list[Check]:
    found = freshness.findings(settings, data, BEFORE, since, NOW)
    names = {name: check for check, name in CHECKS.items()}
    return [names[finding.check] for finding in found]


def test_data_that_lost_nothing_are_fresh() -> None:
    grown = Data(date(2020, 5, 21), (file("ae", 101), file("ex", 41)), DATA.subjects | {"4"})
    assert checks(DATA) == checks(grown) == []


def test_the_first_data_are_held_to_nothing() -> None:
    assert freshness.findings(Freshness(), DATA, None, None, NOW) == ()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (DATA._replace(until=date(2020, 5, 19)), ["older"]),
        (DATA._replace(inputs=(file("ae", 95), file("ex", 40))), []),  # 5% is the limit
        (DATA._replace(inputs=(file("ae", 94), file("ex", 40))), ["fewer"]),
        (DATA._replace(inputs=(file("ae", 100),)), ["fewer"]),  # a file that is gone
        (DATA._replace(subjects=frozenset({"1", "2", "9"})), ["gone"]),  # one gone, one new
        (Data(date(2020, 1, 1), (file("ae", 1),), frozenset()), ["older", "fewer", "gone"]),
    ],
)
def test_what_was_there_and_is_not(data: Data, expected: list[Check]) -> None:
    assert checks(data) == expected


def test_what_was_explained_is_not_said_again() -> None:
    allowed = Freshness(max_gone=1)
    assert checks(DATA._replace(subjects=frozenset({"1", "2"})), allowed) == []
    assert checks(DATA._replace(subjects=frozenset({"1"})), allowed) == ["gone"]


def test_files_that_do_not_change_are_stale_after_a_while() -> None:
    settings = Freshness(max_unchanged_days=10)
    assert checks(settings=settings, since=datetime(2020, 5, 22, tzinfo=UTC)) == []
    assert checks(settings=settings, since=datetime(2020, 5, 21, tzinfo=UTC)) == ["unchanged"]


def test_new_files_with_old_dates_are_stale_if_the_study_says_so() -> None:
    assert checks(settings=Freshness(max_lag_days=12)) == []
    assert checks(settings=Freshness(max_lag_days=11)) == ["lagging"]


@pytest.mark.parametrize("check", ["older", "fewer", "gone", "unchanged", "lagging"])
def test_each_can_be_refused_or_marked(check: Check) -> None:
    everything = dict.fromkeys(CHECKS, "banner") | {"max_unchanged_days": 1, "max_lag_days": 1}
    data = Data(date(2020, 1, 1), (file("ae", 1),), frozenset())
    since = datetime(2020, 1, 1, tzinfo=UTC)
    assert checks(data, Freshness.model_validate(everything), since=since) == list(CHECKS)
    block = Freshness.model_validate(everything | {check: "block"})
    with pytest.raises(DataRefusedError, match=f'{STALE}: .* set {check} = "banner"'):
        checks(data, block, since=since)


def test_what_is_said() -> None:
    data = Data(date(2020, 5, 19), (file("ae", 90), file("ex", 2)), frozenset({"1"}))
    since = datetime(2020, 4, 1, tzinfo=UTC)
    found = freshness.findings(BANNERS, data, BEFORE, since, NOW)
    assert [finding.text for finding in found] == [
        "the latest date in the data is 19 May 2020, at look 4 it was 20 May 2020.",
        "ae.csv has 90 rows, 100; ex.csv has 2 rows, 40 at look 4 (limit 5%).",
        "2 of 3 subjects of look 4 are not there.",
        "no file has changed since 01 Apr 2020: 61 days (limit 35).",
    ]
    assert all(f.severity == "error" and f.about == "open" for f in found)
