"""The chain: what breaks it is named."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from safetymon import audit
from safetymon.audit import AuditEvent

START = datetime(2020, 1, 1, tzinfo=UTC)


def chain(*wrote: dict[str, str], actions: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    acts: list[dict[str, Any]] = []
    for seq, rows in enumerate(wrote, start=1):
        action = actions[seq - 1] if actions else "cut"
        event = AuditEvent(START + timedelta(seq), "tester", action, f"é{seq}")
        previous = acts[-1]["hash"] if acts else audit.START
        acts.append(audit.record(event, seq, previous, rows))
    return acts


ACTS = chain({"event a": "1", "cut c": "2"}, {"look 1": "3"}, {"card d": "4"}, {"card d": "5"})
CONTENT = {"event a": "1", "cut c": "2", "look 1": "3", "card d": "5"}


def test_a_whole_chain_is_whole() -> None:
    assert audit.broken_link(ACTS) is None
    assert audit.broken_link([]) is None
    assert audit.unlike_content(ACTS, CONTENT) is None


@pytest.mark.parametrize("field", ["at", "actor", "action", "about", "detail"])
def test_a_changed_act_is_named(field: str) -> None:
    changed = [*ACTS[:1], {**ACTS[1], field: "else"}, *ACTS[2:]]
    assert str(audit.broken_link(changed)).startswith("act 2 of the audit (")


def test_an_act_forged_with_its_own_hash_breaks_the_next() -> None:
    forged = {**ACTS[1], "actor": "somebody else"}
    forged["hash"] = audit.digest(forged)
    found = audit.broken_link([ACTS[0], forged, *ACTS[2:]])
    assert found == "act 3 of the audit does not follow act 2"


def test_an_act_taken_away_is_missed() -> None:
    assert audit.broken_link([ACTS[0], *ACTS[2:]]) == (
        "act 2 is missing from the audit (the next there is act 3)"
    )


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({**CONTENT, "event a": "x"}, "rows of event a were changed"),
        ({k: v for k, v in CONTENT.items() if k != "look 1"}, "rows of look 1 are gone"),
        ({**CONTENT, "event b": "1"}, "rows of event b were written by no act"),
        ({**CONTENT, "card d": "4"}, "rows of card d were changed"),  # the last simulation counts
    ],
)
def test_rows_that_no_act_wrote_are_named(content: dict[str, str], expected: str) -> None:
    assert audit.unlike_content(ACTS, content) == expected


def test_rows_cannot_be_laundered_by_writing_them_again() -> None:
    acts = chain({"event a": "1"}, {"event a": "forged"})
    assert audit.unlike_content(acts, {"event a": "forged"}) == "rows of event a were changed"


def test_a_migration_restates_rows_of_a_new_shape() -> None:
    acts = chain({"event a": "1"}, {"event a": "2"}, actions=("cut", "migrate"))
    assert audit.unlike_content(acts, {"event a": "2"}) is None


def exported() -> bytes:
    return "".join(audit.lines(ACTS)).encode()


def test_an_export_reads_back() -> None:
    assert audit.parsed(exported()) == ACTS


@pytest.mark.parametrize("bit", range(8))
def test_every_changed_byte_of_an_export_is_found(bit: int) -> None:
    whole = exported()
    for place in range(len(whole)):
        changed = bytearray(whole)
        changed[place] ^= 1 << bit
        assert not is_whole(bytes(changed)), place


def is_whole(data: bytes) -> bool:
    try:
        return audit.broken_link(audit.parsed(data)) is None
    except ValueError:
        return False


def test_an_export_cut_short_is_no_export() -> None:
    with pytest.raises(ValueError, match="cut short"):
        audit.parsed(exported()[:-1])
    with pytest.raises(ValueError, match="cut short"):
        audit.parsed(b"")


def test_the_detail_keeps_what_was_said_and_what_was_written() -> None:
    event = AuditEvent(START, "a", "decision", "rule", {"decision": "confirmed"})
    row = audit.record(event, 1, audit.START, {"decision 2020": "f"})
    detail = json.loads(str(row["detail"]))
    assert detail == {"decision": "confirmed", "wrote": {"decision 2020": "f"}}
