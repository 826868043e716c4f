"""More subjects than planned: refused where the rule is new, reported where it is not."""

import polars as pl
import pytest

from safetymon.errors import UsageError
from safetymon.study import EvidenceRule
from tests.unit.test_signals_weigh import (
    MEMBERS,
    background,
    ecl,
    events,
    found,
    looked,
    members,
    on,
)


@pytest.mark.parametrize(
    ("rule", "people", "reference"),
    [
        (background(planned=9), members(10), None),
        (background(planned=9, background=None), members(10), None),
        (ecl(planned=9), members(5, 5), "P"),
        (ecl(planned=9), members(10), "P"),  # nobody in the reference group yet
    ],
)
def test_a_new_rule_that_plans_for_too_few_is_refused_with_exit_code_2(
    rule: EvidenceRule, people: pl.DataFrame, reference: str | None
) -> None:
    said = (
        "rule 'R': more subjects have been treated than planned; correct planned, or "
        "planned_subjects in [evidence]"
    )  # how many is closed: a failure is told to operations
    with pytest.raises(UsageError) as refused:
        looked(rule, found(rule, people, reference=reference))
    assert (str(refused.value), refused.value.exit_code) == (said, 2)


@pytest.mark.parametrize(
    ("rule", "people", "reference"),
    [(background(planned=9), members(10), None), (ecl(planned=9), members(5, 5), "P")],
)
def test_a_plan_exceeded_later_is_reported_and_evaluated(
    rule: EvidenceRule, people: pl.DataFrame, reference: str | None
) -> None:
    first = looked(rule, found(rule, people, events((0, 5)), 6, reference)).signals
    later = looked(rule, found(rule, people, events((0, 5)), 99, reference), first).signals
    assert "planned is 9, but 10 subjects have been treated" in later["text"].item()
    assert "planned is" not in first["text"].item()


def test_those_not_yet_treated_do_not_count_against_the_plan() -> None:
    assert found(background(planned=9), members(10), cutoff=8).beyond_plan == ""


def test_a_switcher_is_one_subject_of_the_plan() -> None:
    rows = [("P", 0, "001", on(0), on(9)), ("T", 1, "001", on(10), on(39)),
            ("P", 2, "002", on(0), on(9))]  # fmt: skip
    people = pl.DataFrame(rows, schema=MEMBERS, orient="row")
    assert found(ecl(planned=2), people, reference="P").beyond_plan == ""
    assert found(ecl(planned=1), people, reference="P").beyond_plan != ""
