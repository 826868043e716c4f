"""The page of figures: what a verdict is, that no goal is left out, and that chance is seeded."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest

from tests.simulation import __main__ as command
from tests.simulation import goals, jobs, single_arm
from tests.simulation.document import Made, document
from tests.simulation.jobs import Job
from tests.simulation.rows import Goal, Row, mean_of, share_of, verdict
from tests.simulation.tables import cell, figure, worst

pytestmark = pytest.mark.slow

MOST, LEAST = Goal("most", 0.06), Goal("least", -0.05, at_least=True)
PAGE = Path(__file__).parents[2] / "docs" / "simulations.md"


def row(value: float, error: float, goal: Goal | None, scenario: str = "") -> Row:
    return Row("one group", scenario, "rule", "figure", 10, value, error, goal)


@pytest.mark.parametrize(
    ("goal", "value", "error", "expected"),
    [
        (MOST, 0.060, 0.0, "met"),
        (MOST, 0.0601, 0.0, "NOT MET"),
        (MOST, 0.064, 0.001, "NOT MET"),
        (MOST, 0.062, 0.001, "within 3 errors"),
        (LEAST, -0.04, 0.01, "met"),
        (LEAST, -0.07, 0.01, "within 3 errors"),
        (LEAST, -0.09, 0.01, "NOT MET"),
        (None, 1.0, 0.0, ""),
    ],
)
def test_a_goal_is_met_missed_by_chance_or_not_met(
    goal: Goal | None, value: float, error: float, expected: str
) -> None:
    assert verdict(row(value, error, goal)) == expected


def test_the_worst_row_is_one_that_chance_does_not_explain() -> None:
    rows = [row(0.09, 0.05, MOST, "a"), row(0.07, 0.001, MOST, "b"), row(0.01, 0.001, MOST, "c")]
    assert worst(rows, MOST).scenario == "b"
    assert worst(rows[::2], MOST).scenario == "a"


def test_an_error_is_never_below_that_of_one_trial() -> None:
    assert share_of(np.zeros(100, bool)) == (0, 0.01)
    assert share_of(np.arange(100) < 20) == pytest.approx((0.2, 0.04))
    assert mean_of(np.zeros(100)) == (0, 0.01)
    assert mean_of(np.array([1.0, 3.0] * 50)) == pytest.approx((2, 0.1))


def test_figures_are_printed_to_what_they_bear() -> None:
    assert [figure(x) for x in (4, 0.0, 0.05, 5.6e-11)] == ["4", "0", "0.050", "5.6e-11"]
    assert cell(row(0.0, 0.01, None)) == "0.000 ± 0.0100"
    assert cell(row(353.64, 36.21, None)) == "353.6 ± 36.2"


@pytest.fixture(scope="module")
def full() -> list[Row]:
    return one_after_the_other(jobs.full(6), seed=7)


def one_after_the_other(todo: list[Job], seed: int) -> list[Row]:
    seeds = np.random.SeedSequence(seed).spawn(len(todo))
    return jobs.together([jobs.rows_of(job, child) for job, child in zip(todo, seeds, strict=True)])


def test_the_full_set_has_a_figure_for_every_goal_and_the_page_shows_them_all(
    full: list[Row],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(jobs, "run", lambda *_: full)
    out = tmp_path / "page.md"
    command.main(["--trials", "6", "--seed", "7", "--date", "2026-01-02", "--out", str(out)])
    page = out.read_text(encoding="utf-8")
    assert "`python -m tests.simulation --trials 6 --seed 7` on 2026-01-02" in page
    assert str(tmp_path) not in page
    assert len(capsys.readouterr().out.splitlines()) == len(goals.ALL)
    assert headings(page) == {goal.name for goal in goals.ALL}


def test_figures_beyond_their_goal_are_listed_as_falling_short(full: list[Row]) -> None:
    rows = [*full, row(0.2, 0.001, goals.DOSED, "far too often")]
    page = document(rows, Made("command", "date", "versions"))
    assert "far too often" in page.split("## Known to fall short")[1]


def test_published_values_six_of_95_and_the_first_signal_day_are_exact(full: list[Row]) -> None:
    aims = (goals.MAXSPRT, goals.SIX_OF_95, goals.SAME_DAY)
    rows = [row for row in full if row.goal in aims]
    assert [verdict(row) for row in rows] == ["met"] * 4
    (power,) = (row for row in full if row.measure == "power at 6.3%, exact")
    assert power.value >= 0.85


def headings(page: str) -> set[str]:
    section = page.split("## Every figure with a goal")[1].split("\n## ", maxsplit=1)[0]
    return {
        line.removeprefix("### ").rsplit(": ", 1)[0]
        for line in section.splitlines()
        if line.startswith("### ")
    }


def test_figures_do_not_depend_on_the_number_of_processes() -> None:
    harm = [job for job in jobs.two_groups(8) if job.name == "N 95, 30%, ratio 2.5"]
    arm = single_arm.HARM[0]
    todo = [*harm, Job(arm.name, partial(single_arm.run, arm, 20), 1.0)]
    assert jobs.run(todo, seed=3, processes=2) == one_after_the_other(todo, seed=3)


def test_the_page_in_the_repository_has_every_goal() -> None:
    assert headings(PAGE.read_text(encoding="utf-8")) == {goal.name for goal in goals.ALL}
