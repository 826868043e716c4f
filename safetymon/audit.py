"""Who or what did what when: the value every store writer takes, and the chain that links them."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

START = "0" * 64
"""What the first act of a store is chained to."""


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One act. `about` names its object (a cut, a look); `detail` holds no patient identifier."""

    at: datetime
    actor: str
    action: str
    about: str
    detail: Mapping[str, str | int] = field(default_factory=dict)


def record(event: AuditEvent, seq: int, previous: str) -> dict[str, str | int]:
    """The row of the audit table: the act, the hash of the act before it, and its own hash."""
    row: dict[str, str | int] = {
        "seq": seq,
        "at": event.at.isoformat(timespec="microseconds"),
        "actor": event.actor,
        "action": event.action,
        "about": event.about,
        "detail": json.dumps(dict(event.detail), sort_keys=True),
        "previous": previous,
    }
    return {**row, "hash": digest(row)}


def digest(row: Mapping[str, str | int]) -> str:
    """SHA-256 over every field of an audit row except its own hash."""
    fields = {name: value for name, value in row.items() if name != "hash"}
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()
