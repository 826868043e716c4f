"""A connection to the file of a store, plain or encrypted. No message shows a statement."""

import re
from pathlib import Path

import duckdb

from safetymon.cipher import VARIABLE, Key, extension
from safetymon.errors import (
    DataRefusedError,
    SafetymonError,
    StorageError,
    StudyBusyError,
    UsageError,
)

_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    # DuckDB's blocks are made for large tables; a study's store has many small ones.
    "default_block_size": 16384,
    # One thread reads a study's rows sooner than several agree who reads which: a look is 3% faster
    # for it, and that of 50,000 subjects no slower.
    "threads": 1,
    # Of a new store; an old one keeps its own. The first that writes many small columns fast, in
    # half the space; any DuckDB that this package runs with reads it.
    "storage_compatibility_version": "v1.4.0",
}
"""A store fetches no code, whatever a statement asks for."""


def connected(path: Path, key: Key | None) -> duckdb.DuckDBPyConnection:
    """A connection to the store's file, which is encrypted if there is a key.

    Raises:
        UsageError: The key is wrong, missing, or not called for; encryption is not installed.
        StudyBusyError: Another program has the file open.
        StorageError: The disk refuses.
        DataRefusedError: It is no store.
    """
    try:
        if key is None:
            return duckdb.connect(path, config=_CONFIG)
        return attached(path, key, extension(duckdb.__version__))
    except duckdb.Error as error:
        raise _not_opened(path, str(error), key) from None


def attached(path: Path, key: Key, library: Path) -> duckdb.DuckDBPyConnection:
    """An encrypted store; rows that do not fit into memory are spilt beside it, encrypted too."""
    connection = duckdb.connect(config=_CONFIG | {"temp_directory": f"{path}.tmp"})
    try:
        connection.load_extension(str(library))
        connection.execute("set temp_file_encryption = true")
        # ATTACH takes no parameters; a key is hexadecimal digits and nothing else.
        connection.execute(f"attach {quoted(path)} as study (encryption_key '{key.text}')")
        connection.execute("use study")
    except BaseException:
        connection.close()
        raise
    return connection


def quoted(path: Path) -> str:
    """A path as a literal, for statements that take no parameters."""
    return "'" + str(path).replace("'", "''") + "'"


def _not_opened(path: Path, error: str, key: Key | None) -> SafetymonError:
    """What DuckDB's refusal to open a file means to its owner."""
    if "Wrong encryption key" in error and key:
        return UsageError(f"{path.name}: is encrypted with another key than that of {key.source}")
    if "without a key" in error:
        return UsageError(
            f"{path.name}: is encrypted; name its key file as encryption_key_file under [store], "
            f"or set {VARIABLE}"
        )
    if "is not encrypted" in error and key:
        return UsageError(
            f"{path.name}: is not encrypted, but there is a key ({key.source}); encrypt it "
            "with `safetymon encrypt`, or take the key away"
        )
    if found := re.search(r"(?:Could not write|Cannot open) file .*: (.+)", error):
        return StorageError(
            f"{path.name}: cannot be written ({found[1]}); see to the disk and its permissions, "
            "then run it again: what was stored before stands"
        )
    if "Could not set lock" in error:
        return StudyBusyError(f"{path.name}: another program has the file open; close it there")
    return DataRefusedError(f"{path.name}: cannot be opened as a store; restore a backup of it")


def is_encrypted(path: Path) -> bool:
    """Whether the file of a store is encrypted."""
    try:
        duckdb.connect(path, read_only=True, config=_CONFIG).close()
    except duckdb.Error as error:
        return "without a key" in str(error)
    return False
