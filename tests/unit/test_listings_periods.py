"""A group's period that nobody has been exposed in: mistyped, or not begun."""

from pathlib import Path

import pytest

from safetymon.errors import UsageError
from tests.unit.listings_trial import COLUMNS, EXPOSURE, edc, found

PERIODS = EXPOSURE.replace("STOP\n", "STOP | PERIOD\n").replace("-31\n", "-31 | First\n")
MAPPED = {"exposure": {**COLUMNS["exposure"], "period": "PERIOD"}}


def read(folder: Path, *names: str, **more: object) -> list[tuple[int, str]]:
    """What is found where a group has these periods."""
    group = {"name": "G", "treatment": "Active", "periods": names}
    got = edc(folder, exposure=PERIODS, columns=MAPPED, group=[group], **more)
    return found(got, "period without exposure")


def test_a_period_of_the_data_is_no_finding(tmp_path: Path) -> None:
    assert read(tmp_path, "First") == []


@pytest.mark.parametrize("name", ["Frist", "first", "FIRST ", "Firsts"])
def test_a_mistyped_period_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"group 'G': .*no period '.*'.*did you mean 'First'"):
        read(tmp_path, name)


@pytest.mark.parametrize("name", ["Second", "First 2", "Open label"])
def test_a_period_that_is_like_none_may_not_have_begun(tmp_path: Path, name: str) -> None:
    said = [(1, f"nobody has been exposed in period '{name}', which a group names; it counts none")]
    assert read(tmp_path, "First", name) == said


def test_a_name_that_is_declared_is_not_held_for_a_mistype(tmp_path: Path) -> None:
    declared = {"First": ["First"], "Firsts": ["Firsts"]}
    assert [n for n, _ in read(tmp_path, "Firsts", periods=declared)] == [1]
