"""Who or what did what when: the value every store writer takes, and the chain that links them.

Every act holds the hash of the act before it and, as `wrote`, the SHA-256 of the rows it wrote. So
whoever keeps the hash of the last act, the head, outside the store holds the store to everything
that was written up to then.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

START = "0" * 64
"""What the first act of a store is chained to."""

Act = Mapping[str, Any]
"""A row of the audit table: seq, at, actor, action, about, detail (JSON text), previous, hash."""

LATER = ("card", "report_file", "due", "timetable", "decision")
"""Tables to whose rows of one owner a later act may add: the last act that wrote them counts. It
also does where a migration changed the shape of rows; else what was written stands for good."""


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One act. `about` names its object (a cut, a look); `detail` holds no patient identifier."""

    at: datetime
    actor: str
    action: str
    about: str
    detail: Mapping[str, str | int] = field(default_factory=dict)


def record(
    event: AuditEvent, seq: int, previous: str, wrote: Mapping[str, str]
) -> dict[str, str | int]:
    """The row of the audit table: the act, the hash of the act before it, and its own hash.

    Args:
        event: The act.
        seq: Its number; the first is 1.
        previous: The hash of the act before it, or `START`.
        wrote: The SHA-256 of the rows it wrote, by table and owner.
    """
    detail = {**event.detail, **({"wrote": dict(wrote)} if wrote else {})}
    row: dict[str, str | int] = {
        "seq": seq,
        "at": event.at.isoformat(timespec="microseconds"),
        "actor": event.actor,
        "action": event.action,
        "about": event.about,
        "detail": json.dumps(detail, sort_keys=True),
        "previous": previous,
    }
    return {**row, "hash": digest(row)}


def digest(row: Act) -> str:
    """SHA-256 over every field of an audit row except its own hash."""
    fields = {name: value for name, value in row.items() if name != "hash"}
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()


def broken_link(acts: Iterable[Act]) -> str | None:
    """Where a chain of acts is broken first, in words; None: it is whole."""
    previous = START
    for seq, act in enumerate(acts, start=1):
        if act["seq"] != seq:
            return f"act {seq} is missing from the audit (the next there is act {act['seq']})"
        if act["previous"] != previous:
            return f"act {seq} of the audit does not follow act {seq - 1}"
        if digest(act) != act["hash"]:
            return f"act {seq} of the audit ({act['action']}) is not what was recorded"
        previous = act["hash"]
    return None


def written(acts: Iterable[Act]) -> dict[str, str]:
    """What the acts say of the rows there are: their SHA-256, by table and owner."""
    wrote: dict[str, str] = {}
    for act in acts:
        for rows, sha256 in json.loads(act["detail"]).get("wrote", {}).items():
            if rows not in wrote or act["action"] == "migrate" or rows.split()[0] in LATER:
                wrote[rows] = sha256
    return wrote


def unlike_content(acts: Iterable[Act], content: Mapping[str, str]) -> str | None:
    """The first rows that are not what the acts wrote, in words; None: all are, and no others.

    Args:
        acts: The whole chain, oldest first.
        content: The SHA-256 of the rows there are now, by table and owner.
    """
    wrote = written(acts)
    for rows, sha256 in wrote.items():
        if content.get(rows) != sha256:
            return f"rows of {rows} {'were changed' if rows in content else 'are gone'}"
    return next((f"rows of {rows} were written by no act" for rows in content.keys() - wrote), None)


def lines(acts: Iterable[Act]) -> Iterator[str]:
    """The acts as JSON Lines; equal acts give equal bytes."""
    for act in acts:
        yield json.dumps(act, sort_keys=True, ensure_ascii=True) + "\n"


def parsed(exported: bytes) -> list[dict[str, Any]]:
    """The acts of an export.

    Raises:
        ValueError: A byte differs from what `lines` writes; the message names the line.
    """
    *whole, rest = exported.split(b"\n")
    if rest or not whole:
        raise ValueError(f"line {len(whole) + 1} is cut short")
    acts = [_parsed(line, number) for number, line in enumerate(whole, start=1)]
    for number, (line, again) in enumerate(zip(whole, lines(acts), strict=True), start=1):
        if line + b"\n" != again.encode():
            raise ValueError(f"line {number} is not as it was exported")
    return acts


def _parsed(line: bytes, number: int) -> dict[str, Any]:
    try:
        act = json.loads(line)
    except ValueError:
        raise ValueError(f"line {number} is not as it was exported") from None
    if not isinstance(act, dict) or {"seq", "previous", "hash", "action"} - act.keys():
        raise ValueError(f"line {number} is not an act")
    return act
