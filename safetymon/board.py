"""What the board does with signals: lists them, looks into one, records its decision."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, get_args

import polars as pl

from safetymon import cipher, config, monitor
from safetymon.audit import AuditEvent
from safetymon.errors import UsageError
from safetymon.signals.detect import SWITCHED_OFF
from safetymon.store import opened

Decision = Literal["new", "under evaluation", "confirmed", "refuted", "closed"]
DECISIONS: tuple[Decision, ...] = get_args(Decision)


@dataclass(frozen=True, slots=True)
class Board:
    """The history of every rule (one row a look and rule) and every decision, oldest first.

    `looks` has one row a look, by cut-off: number, cutoff, back (is it a look back in time).
    `cards` (`schema.CARDS`) were simulated under the definitions of the study file as it is now.
    """

    history: pl.DataFrame
    decisions: pl.DataFrame
    cards: pl.DataFrame
    looks: pl.DataFrame

    def latest(self) -> pl.DataFrame:
        """One row a rule: its last verdict by cut-off, with the latest decision on it.

        `evaluated_at` is the look that last evaluated it, `evaluated` whether that is the look at
        the latest cut-off: of a rule that was renamed, removed or switched off it is not, though
        its signal may stand.
        """
        decided = self.decisions.group_by("rule").last().select("rule", "decision")
        last = self.history.group_by("scope", "rule", maintain_order=True).last()
        real = self.history.filter(pl.col("text") != SWITCHED_OFF)
        at = real.group_by("scope", "rule").agg(evaluated_at=pl.col("look").last())
        known = last.join(at, on=["scope", "rule"], how="left", maintain_order="left")
        latest = pl.lit(self.looks["number"][-1])
        current = known.with_columns(evaluated=pl.col("evaluated_at").eq_missing(latest))
        return current.join(decided, on="rule", how="left", maintain_order="left")

    def of(self, rule: str) -> "Board":
        """The same for one rule.

        Raises:
            UsageError: No look has evaluated a rule of that name.
        """
        known = self.history["rule"].unique(maintain_order=True).to_list()
        if rule not in known:
            raise UsageError(
                f"rule '{rule}': no look has evaluated it; there is {', '.join(known) or 'none'}"
            )
        history, decisions, cards = (
            f.filter(rule=rule) for f in (self.history, self.decisions, self.cards)
        )
        return Board(history, decisions, cards, self.looks)


def board(study_file: Path, now: datetime) -> Board:
    """Everything the board knows of a study's signals.

    Raises:
        UsageError: No look has been made yet.
    """
    study, folder = monitor.made(study_file)
    with opened(folder, study.study.id, now, cipher.key(study, study_file.parent)) as store:
        cards = store.cards(config.definitions_sha256(study))
        return Board(store.history(), store.decisions(), cards, store.order())


def assess(
    study_file: Path, rule: str, decision: str, by: str, note: str, now: datetime
) -> Decision:
    """Records a decision of the board on a rule's signal, with an audit event.

    Raises:
        UsageError: The decision or the rule is unknown, or nobody is named.
    """
    chosen = next((d for d in DECISIONS if d == decision.lower()), None)
    if chosen is None:
        raise UsageError(f"--decision {decision}: is none of {', '.join(DECISIONS)}")
    if not by.strip():
        raise UsageError("--by: name who decided")
    board(study_file, now).of(rule)
    study, folder = monitor.made(study_file)
    key = cipher.key(study, study_file.parent)
    with opened(folder, study.study.id, now, key) as store, store.transaction():
        detail = {"rule": rule, "decision": chosen}
        store.record_decision(rule, chosen, note, AuditEvent(now, by, "decision", rule, detail))
    return chosen
