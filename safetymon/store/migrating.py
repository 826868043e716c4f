"""Brings a store to the newest schema; the audit says so, and what became of the rows."""

import os
import shutil
from datetime import datetime
from pathlib import Path

import duckdb

from safetymon import audit
from safetymon.audit import AuditEvent
from safetymon.errors import DataRefusedError
from safetymon.sql import migrations, query
from safetymon.store.looks import Store

ACTOR = "safetymon"
"""Who acts when nobody asked for it."""


def version(connection: duckdb.DuckDBPyConnection) -> int:
    """The version of the schema; 0: there is nothing yet."""
    if not connection.execute("show tables").fetchall():
        return 0
    rows = connection.execute(query("checks/store_version")).fetchall()
    return int(rows[0][0])


def refuse_newer(path: Path, found: int) -> None:
    """A store that a newer safetymon wrote is left alone.

    Raises:
        DataRefusedError: It is.
    """
    newest = migrations()[-1][0]
    if found > newest:
        raise DataRefusedError(
            f"{path.name}: was written by a newer safetymon (store version {found}, this one "
            f"knows {newest}); update safetymon"
        )


def is_old(found: int) -> bool:
    """Whether there is a store, and an older one than this version writes."""
    return 0 < found < migrations()[-1][0]


def keep_copy(path: Path, what: str, now: datetime) -> Path:
    """Copies a closed store aside before it is changed as a whole; never over an earlier copy.

    Args:
        path: The store.
        what: It was until now; it is in the name of the copy.
        now: The time.
    """
    copy = path.with_name(f"{path.stem}.{what}.{now:%Y%m%dT%H%M%S%f}.duckdb")
    with path.open("rb") as source, copy.open("xb") as target:
        copy.chmod(0o600)
        shutil.copyfileobj(source, target)
        target.flush()
        os.fsync(target.fileno())
    return copy


def migrate(store: Store, found: int, now: datetime) -> None:
    """Each missing step with its act in a transaction of its own; a new store in one."""
    steps = migrations()[found:]
    for taken in [[step] for step in steps] if found else [steps]:
        number = taken[-1][0]
        event = AuditEvent(now, ACTOR, "migrate", str(number), {"from": found})
        with store.transaction():
            store.record_migration(taken, event, restate=found > 0)


def refuse_broken(store: Store, name: str) -> None:
    """A store that is not what its audit says is left alone.

    Raises:
        DataRefusedError: It is not; the first broken link is named.
    """
    acts = store.acts()
    broken = audit.broken_link(acts) or audit.unlike_content(acts, store.content())
    if broken:
        raise DataRefusedError(f"{name}: {broken}; restore a backup")
