"""Makes a plain store an encrypted one: written aside, checked, then renamed in one step."""

import os
import shutil
from contextlib import closing
from datetime import datetime
from itertools import chain
from pathlib import Path

import duckdb

from safetymon.audit import AuditEvent
from safetymon.cipher import Key, extension
from safetymon.errors import UsageError
from safetymon.store import migrating, seal
from safetymon.store.connecting import attached, is_encrypted, quoted
from safetymon.store.looks import Store
from safetymon.store.opening import entered
from safetymon.store.trail import TABLES


def encrypt(path: Path, key: Key, now: datetime, actor: str) -> Path:
    """Encrypts the store at a reserved path; returns the copy that stays of the plain one.

    The copy is its owner's to delete. Whatever interrupts this, the store is plain or encrypted,
    and whole; one that is still plain is encrypted by the next call.

    Raises:
        UsageError: It is encrypted already, or encryption is not installed.
        DataRefusedError: The store is not what its audit says.
        StorageError: The disk refuses.
    """
    if is_encrypted(path):
        raise UsageError(f"{path.name}: is encrypted already; a key cannot be changed in place")
    with entered(path, now, key=None) as store:  # it is plain still
        migrating.refuse_broken(store, path.name)
    kept = migrating.keep_copy(path, "plain", now)
    event = AuditEvent(now, actor, "encrypt", path.stem, {"plain": kept.name})
    aside = path.with_name(f".{path.name}")
    try:
        _replace(path, aside, _written(path, aside, key, event))
    except BaseException:
        if not is_encrypted(path):
            kept.unlink()
        raise
    finally:
        _remove(aside)
    return kept


def _written(path: Path, aside: Path, key: Key, event: AuditEvent) -> str:
    """Writes all rows to an encrypted file `aside`, and the act of it; the head of the audit."""
    _remove(aside)  # a killed process left it
    with closing(attached(aside, key, extension(duckdb.__version__))) as connection:
        aside.chmod(0o600)
        connection.execute(f"attach {quoted(path)} as plain (read_only)")
        connection.execute("copy from database plain to study (schema)")
        for table in ("audit", *chain.from_iterable(TABLES.values())):
            # Table by table: DuckDB's own copy of rows minds no foreign key.
            connection.table(f"plain.{table}").insert_into(table)
        connection.execute("detach plain")
        store = Store(connection)
        migrating.refuse_broken(store, path.name)
        with store.transaction():
            store.record_act(event)
        return store.head()


def _replace(path: Path, aside: Path, head: str) -> None:
    """The encrypted file takes the place of the plain one.

    In between, the seal says "in use": a process that is killed here leaves a store whose audit
    decides, whichever of the two it is.
    """
    with aside.open("rb") as file:
        os.fsync(file.fileno())
    seal.mark(path)
    aside.replace(path)
    seal.seal(path, head)


def _remove(aside: Path) -> None:
    shutil.rmtree(aside.with_name(f"{aside.name}.tmp"), ignore_errors=True)  # rows that were spilt
    for path in (aside, aside.with_name(f"{aside.name}.wal")):
        path.unlink(missing_ok=True)
