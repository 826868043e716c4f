"""Opens the store of a study: one holder, the newest schema, no way out for a statement."""

import logging
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime
from pathlib import Path

import duckdb

from safetymon.audit import AuditEvent
from safetymon.cipher import Key
from safetymon.errors import DataRefusedError, StorageError
from safetymon.holding import held
from safetymon.store import migrating, seal
from safetymon.store.connecting import connected
from safetymon.store.looks import Store

log = logging.getLogger(__name__)


@contextmanager
def opened(
    folder: Path, study_id: str, now: datetime, key: Key | None = None, wait: float = 0
) -> Iterator[Store]:
    """The store of a study in `folder`, made if it is not there; held until the end of the block.

    With a `key` (`cipher.key`) it is encrypted. A store that another process holds is waited for,
    `wait` seconds. One that was not closed is checked against its audit and sealed anew.

    Raises:
        StudyBusyError: Another process holds it.
        DataRefusedError: It was written by a newer safetymon, or was changed by another hand.
        UsageError: The key is wrong, missing, or not called for; encryption is not installed.
        StorageError: The disk refuses.
    """
    with reserved(folder, study_id, wait) as path, entered(path, now, key) as store:
        yield store


@contextmanager
def entered(path: Path, now: datetime, key: Key | None = None) -> Iterator[Store]:
    """The store at a reserved path; sealed when the block ends. Raises as `opened` does."""
    with _plain(path):
        # Rows that a killed process spilt.
        shutil.rmtree(path.with_name(f"{path.name}.tmp"), ignore_errors=True)
        before = seal.condition(path)
        with _sealed(path) as heads, closing(_current(path, before, key, now)) as connection:
            store = Store(connection)
            if before.state in ("interrupted", "unsealed"):
                _recover(path, before, store, now)
            _harden(connection)
            try:
                yield store
            finally:
                heads.extend(_head(store))


@contextmanager
def reserved(folder: Path, study_id: str, wait: float = 0) -> Iterator[Path]:
    """The path of a study's store, which no other process opens until the end of the block.

    Raises:
        StudyBusyError: Another process holds it.
        StorageError: The disk refuses.
    """
    path = folder / f"{study_id}.duckdb"
    with _plain(path), ExitStack() as stack:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Always its owner's alone: DuckDB writes its log and spilt rows there by the umask.
        folder.chmod(0o700)
        stack.enter_context(held(folder / f"{study_id}.lock", f"study {study_id}", wait))
        yield path


@contextmanager
def _plain(path: Path) -> Iterator[None]:
    """The disk's refusals, in words."""
    try:
        yield
    except OSError as error:
        raise StorageError.of(error.filename or path, error) from error
    except (duckdb.IOException, duckdb.FatalException, duckdb.OutOfMemoryException) as error:
        raise StorageError(
            f"{path.name}: cannot be read or written; see to the disk and its permissions, then "
            "run it again: what was stored before stands"
        ) from error


@contextmanager
def _sealed(path: Path) -> Iterator[list[str]]:
    """Seals the store when it is closed, if its head was told; else it counts as interrupted."""
    heads: list[str] = []
    try:
        yield heads
    finally:
        if heads:
            seal.seal(path, heads[0])


def _head(store: Store) -> list[str]:
    try:
        return [store.head()]
    except duckdb.Error:  # the connection is beyond use: what went wrong is on its way already
        return []


def _current(
    path: Path, before: seal.Condition, key: Key | None, now: datetime
) -> duckdb.DuckDBPyConnection:
    """A connection to the store at its newest version; from here on it counts as in use."""
    if before.state == "new":
        seal.begin(path)
    connection = connected(path, key)
    try:
        path.chmod(0o600)
        found = migrating.version(connection)
        migrating.refuse_newer(path, found)
        if migrating.is_old(found):
            connection.close()
            copy = migrating.keep_copy(path, f"v{found}", now)
            log.warning("%s: copied to %s, then brought up to date", path.name, copy.name)
            connection = connected(path, key)
        if before.state == "sealed":
            _refuse_other_head(path, before, Store(connection))
            seal.mark(path)
        migrating.migrate(Store(connection), found, now)
        if before.state in ("new", "unsealed"):
            seal.mark(path)
    except BaseException:
        connection.close()
        raise
    return connection


def _refuse_other_head(path: Path, before: seal.Condition, store: Store) -> None:
    if before.head is not None and not store.has_act(before.head):
        raise DataRefusedError(
            f"{path.name}: its seal names another head of the audit; restore a backup"
        )


def _recover(path: Path, before: seal.Condition, store: Store, now: datetime) -> None:
    """Checks a store that nobody sealed against its audit, and says so for good."""
    migrating.refuse_broken(store, path.name)
    why = "was not closed" if before.state == "interrupted" else "has no seal"
    log.warning("%s: %s; it agrees with its audit and is sealed anew", path.name, why)
    with store.transaction():
        store.record_act(AuditEvent(now, migrating.ACTOR, "seal", path.name, {"why": why}))


def _harden(connection: duckdb.DuckDBPyConnection) -> None:
    """No statement can reach another file or the network, or change that."""
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")
