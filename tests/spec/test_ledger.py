"""Who is at risk on what treatment when: the treatment ledger, drawn."""

import polars as pl
import pytest

from safetymon import derive, schema
from safetymon.domain import Emergent, Group
from safetymon.errors import UsageError
from tests.tables import day, frame

CUTOFF = day("2020-12-31")
LAG_30 = Emergent(lag_days=30)

SUBJECTS = frame(
    """
    subject | left       | died
    001     |            |
    002     | 2020-03-10 |
    003     |            | 2020-02-20
    """,
    schema.SUBJECTS,
)


def ledger(
    text: str, cutoff: str = "2020-12-31", lag: Emergent = LAG_30
) -> list[tuple[object, ...]]:
    exposure = frame(text, schema.EXPOSURE)
    made = derive.ledger(exposure, SUBJECTS, day(cutoff), lag)
    return made.select(
        "subject", "period", "treatment",
        pl.col("start", "last_dose", "risk_end").cast(pl.String), "days_at_risk", "administrations",
    ).rows()  # fmt: skip


def test_cycles_become_one_row_from_the_first_dose_to_the_last_plus_the_lag() -> None:
    assert ledger("""
        subject | period | treatment | start      | end        | administrations
        001     | First  | IVIg      | 2020-01-01 | 2020-01-03 | 1
        001     | First  | IVIg      | 2020-01-29 | 2020-01-31 | 1
        """) == [("001", "First", "IVIg", "2020-01-01", "2020-01-31", "2020-03-01", 61, 2)]


def test_a_switch_ends_the_window_the_day_before_the_next_treatment() -> None:
    assert ledger("""
        subject | period | treatment | start      | end        | administrations
        001     | First  | Placebo   | 2020-01-01 | 2020-01-20 | 1
        001     | First  | IVIg      | 2020-02-01 | 2020-02-03 | 1
        """) == [
        ("001", "First", "Placebo", "2020-01-01", "2020-01-20", "2020-01-31", 31, 1),
        ("001", "First", "IVIg", "2020-02-01", "2020-02-03", "2020-03-04", 33, 1),
    ]


def test_a_return_to_the_first_treatment_is_an_episode_of_its_own() -> None:
    rows = ledger("""
        subject | period | treatment | start      | end
        001     | First  | Placebo   | 2020-01-01 | 2020-01-10
        001     | First  | IVIg      | 2020-01-15 | 2020-01-17
        001     | First  | Placebo   | 2020-02-01 | 2020-02-10
        """)
    assert [(row[2], row[3]) for row in rows] == [
        ("Placebo", "2020-01-01"), ("IVIg", "2020-01-15"), ("Placebo", "2020-02-01"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("subject", "days", "why"),
    [
        ("001", 60, "29 days to the last dose, 30 of lag, both ends counted"),
        ("002", 60, "left after the window"),
        ("003", 51, "died on 20 February"),
    ],
)
def test_time_at_risk_ends_with_observation(subject: str, days: int, why: str) -> None:
    rows = ledger(f"""
        subject   | period | treatment | start      | end
        {subject} | First  | IVIg      | 2020-01-01 | 2020-01-30
        """)
    assert rows[0][6] == days, why


def test_what_is_after_the_cut_off_does_not_exist() -> None:
    assert ledger(
        """
        subject | period    | treatment | start      | end
        001     | First     | IVIg      | 2020-01-01 | 2020-01-30  # under way at the cut-off
        001     | Extension | IVIg      | 2020-03-01 | 2020-03-30  # not begun
        """,
        cutoff="2020-01-10",
    ) == [("001", "First", "IVIg", "2020-01-01", "2020-01-10", "2020-02-09", 10, None)]


def test_an_open_end_is_ongoing_at_the_cut_off() -> None:
    rows = ledger("""
        subject | period | treatment | start      | end
        001     | First  | IVIg      | 2020-12-01 |
        """)
    assert rows[0][4] == "2020-12-31"
    assert rows[0][6] == 31


def test_without_a_lag_limit_the_window_runs_to_the_cut_off() -> None:
    rows = ledger(
        """
        subject | period | treatment | start      | end
        001     | First  | IVIg      | 2020-01-01 | 2020-01-30
        """,
        lag=Emergent(lag_days="unlimited"),
    )
    assert rows[0][5] == "2020-12-31"


def test_a_frame_without_treatment_gives_the_same_days_and_no_treatment() -> None:
    exposure = frame(
        """
        subject | period | treatment | start      | end
        001     | First  | Placebo   | 2020-01-01 | 2020-01-20
        001     | First  | IVIg      | 2020-02-01 | 2020-02-03
        """,
        schema.EXPOSURE,
    )
    blind = derive.ledger(exposure.drop("treatment"), SUBJECTS, CUTOFF, LAG_30)
    seen = derive.ledger(exposure, SUBJECTS, CUTOFF, LAG_30)
    assert "treatment" not in blind.columns
    assert len(blind) == 1
    assert blind["days_at_risk"].sum() == seen["days_at_risk"].sum()


TWO = """
    subject | period    | treatment | start      | end
    001     | First     | Placebo   | 2020-01-01 | 2020-01-20
    001     | Extension | IVIg      | 2020-03-01 | 2020-03-20
    002     | First     | IVIg      | 2020-01-01 | 2020-01-20
    002     | Extension | IVIg      | 2020-03-01 | 2020-03-05
    """
FIRST_IVIG = Group(name="First, IVIg", treatment="IVIg", periods=("First",))
FIRST_PLACEBO = Group(name="First, placebo", treatment="Placebo", periods=("First",))
ALL_IVIG = Group(name="All IVIg", treatment="IVIg")


def grouped(*groups: Group) -> pl.DataFrame:
    made = derive.ledger(frame(TWO, schema.EXPOSURE), SUBJECTS, CUTOFF, LAG_30)
    return derive.members(made, groups, "at risk")


def test_groups_are_treatment_by_period_and_may_overlap() -> None:
    counted = (
        grouped(FIRST_IVIG, FIRST_PLACEBO, ALL_IVIG)
        .group_by("group")
        .agg(pl.col("subject").unique().sort())
    )
    assert dict(counted.iter_rows()) == {
        "First, IVIg": ["002"], "First, placebo": ["001"], "All IVIg": ["001", "002"],
    }  # fmt: skip


def test_days_in_a_group_run_on_over_its_periods() -> None:
    rows = grouped(ALL_IVIG).filter(subject="002").sort("row").select("days", "offset", "total")
    # First: 20 days and 30 of lag. Extension: 5 days, then the subject left on 10 March.
    assert rows.rows() == [(50, 0, 60), (10, 50, 60)]


def test_groups_without_a_common_subject_can_be_summed() -> None:
    total = Group(name="First period", total_of=("First, IVIg", "First, placebo"))
    made = grouped(FIRST_IVIG, FIRST_PLACEBO, total).filter(group="First period")
    assert sorted(made["subject"]) == ["001", "002"]


def test_overlapping_groups_cannot_be_summed() -> None:
    total = Group(name="Everybody", total_of=("First, placebo", "All IVIg"))
    with pytest.raises(UsageError, match="have subjects in common; overlapping"):
        grouped(FIRST_PLACEBO, ALL_IVIG, total)
