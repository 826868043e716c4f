"""One verdict a rule: finds the rule's numbers, evaluates it, sets it beside the look before."""

from collections.abc import Sequence
from typing import Any

import polars as pl

from safetymon.domain import Rule
from safetymon.errors import UsageError
from safetymon.schema import SIGNALS
from safetymon.signals import threshold, transitions


def detect(
    rules: Sequence[Rule],
    incidence: pl.DataFrame,
    comparisons: pl.DataFrame,
    previous: pl.DataFrame,
    look: int,
) -> pl.DataFrame:
    """Every rule's verdict at this look.

    One row a rule (`schema.SIGNALS`), in the study's order. `previous` is one row a rule: rule,
    verdict, since_look of the look before.

    Raises:
        UsageError: A rule names a group or topic that the tables do not have.
    """
    before = {row["rule"]: row for row in previous.to_dicts()}
    rows = [_row(rule, incidence, comparisons, before.get(rule.title), look) for rule in rules]
    return pl.DataFrame(rows, schema=SIGNALS, orient="row")


def _row(
    rule: Rule,
    incidence: pl.DataFrame,
    comparisons: pl.DataFrame,
    before: dict[str, Any] | None,
    look: int,
) -> dict[str, Any]:
    cell = _cell(rule, incidence)
    if cell is None:
        raise UsageError(f"rule '{rule.title}': nothing is counted for topic '{rule.topic}' in "
                         f"group '{rule.group}'; check both names")  # fmt: skip
    outcome = threshold.evaluate(rule, cell, _cell(rule, comparisons))
    then = before["verdict"] if before else None
    now = transitions.verdict(outcome.state, then)
    return {
        "rule": rule.title,
        "topic": rule.topic,
        "group": rule.group,
        "method": rule.method,
        "verdict": now,
        "value": outcome.value,
        "limit": rule.limit,
        "since_look": transitions.since(now, then, before["since_look"] if before else None, look),
        "text": outcome.text,
    }


def _cell(rule: Rule, table: pl.DataFrame) -> dict[str, Any] | None:
    """The rule's row of a table of terms and groups."""
    found = table.filter(
        level="topic",
        term=rule.topic,
        adjudicated=rule.adjudicated,
        estimand=rule.estimand,
        group=rule.group,
    )
    return found.row(0, named=True) if len(found) else None
