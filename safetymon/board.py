"""What the board does with signals: lists them, looks into one, records its decision."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, get_args

import polars as pl

from safetymon import config
from safetymon.audit import AuditEvent
from safetymon.errors import UsageError
from safetymon.monitor import STATE
from safetymon.store import opened

Decision = Literal["new", "under evaluation", "confirmed", "refuted", "closed"]
DECISIONS: tuple[Decision, ...] = get_args(Decision)


@dataclass(frozen=True, slots=True)
class Board:
    """The history of every rule (one row a look and rule) and every decision, oldest first."""

    history: pl.DataFrame
    decisions: pl.DataFrame

    def latest(self) -> pl.DataFrame:
        """One row a rule: its verdict at the latest cut-off, with the latest decision on it."""
        decided = self.decisions.group_by("rule").last().select("rule", "decision")
        last = self.history.group_by("scope", "rule", maintain_order=True).last()
        return last.join(decided, on="rule", how="left", maintain_order="left")

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
        return Board(self.history.filter(rule=rule), self.decisions.filter(rule=rule))


def board(study_file: Path, now: datetime) -> Board:
    """Everything the board knows of a study's signals.

    Raises:
        UsageError: No look has been made yet.
    """
    study = config.load(study_file)
    folder = _made(study_file, study.study.id)
    with opened(folder, study.study.id, now) as store:
        return Board(store.history(), store.decisions())


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
    study = config.load(study_file)
    with opened(study_file.parent / STATE, study.study.id, now) as store, store.transaction():
        detail = {"rule": rule, "decision": chosen}
        store.record_decision(rule, chosen, note, AuditEvent(now, by, "decision", rule, detail))
    return chosen


def _made(study_file: Path, study_id: str) -> Path:
    folder = study_file.parent / STATE
    if not (folder / f"{study_id}.duckdb").exists():
        raise UsageError(f"{study_file.name}: no look has been made; run `safetymon run` first")
    return folder
