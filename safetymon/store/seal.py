"""The seal of a store: the SHA-256 of its file, beside it while nobody has it open.

DuckDB's file has bytes that carry nothing; the audit cannot tell when one of them changes, the
seal can. While a process has the store open the seal says so instead, so that after a crash nobody
mistakes the changed file for a forged one: then the audit decides, and the store is sealed anew.
"""

import os
import re
from contextlib import suppress
from hashlib import file_digest
from pathlib import Path
from typing import Literal, NamedTuple

from safetymon.errors import DataRefusedError

_SEAL = "# safetymon seal; head of the audit: {head}\n{sha256}  {name}\n"
_IN_USE = "# safetymon: in use, sealed again when its process has ended\n"
_BEGUN = "# safetymon: begun, nothing is kept in it yet\n"
_HEX = "([0-9a-f]{64})"


class Condition(NamedTuple):
    """What a store was left as; `head`, of its audit, where it is sealed."""

    state: Literal["new", "sealed", "interrupted", "unsealed"]
    head: str | None = None


def condition(store: Path) -> Condition:
    """What the last process left.

    Raises:
        DataRefusedError: The file or its seal was changed, or one of them is gone.
    """
    text = _text(store)
    if text == _BEGUN:
        return Condition("new")
    if text == _IN_USE:
        return Condition("interrupted" if store.exists() else "new")
    if not store.exists():
        if text is None:
            return Condition("new")
        raise DataRefusedError(
            f"{store.name}: is gone, but its seal is there; restore a backup, or remove "
            f"{_path(store).name} to begin anew"
        )
    return Condition("unsealed") if text is None else Condition("sealed", _head(store, text))


def _head(store: Path, text: str) -> str:
    """The head that the seal states, once the file is found to be the one that was sealed."""
    shape = re.escape(_SEAL).replace(r"\{head\}", _HEX).replace(r"\{sha256\}", _HEX)
    found = re.fullmatch(shape.replace(r"\{name\}", re.escape(store.name)), text)
    if found is None:
        raise DataRefusedError(_advice(store, f"{_path(store).name}: the seal itself was changed"))
    if found[2] != sha256(store) or _log(store).exists():
        raise DataRefusedError(
            _advice(store, f"{store.name}: was changed since safetymon closed it (other SHA-256)")
        )
    return found[1]


def begin(store: Path) -> None:
    """Says that a store is being made; what an earlier attempt left of it is removed."""
    _write(store, _BEGUN)
    store.unlink(missing_ok=True)
    _log(store).unlink(missing_ok=True)


def mark(store: Path) -> None:
    """Says that the store is in use; until it is sealed again, it counts as interrupted."""
    _write(store, _IN_USE)


def seal(store: Path, head: str) -> None:
    """Seals a store that was closed. One whose log could not be merged stays as it is."""
    if not _log(store).exists():
        _write(store, _SEAL.format(head=head, sha256=sha256(store), name=store.name))


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _advice(store: Path, what: str) -> str:
    return (
        f"{what}; restore a backup, or, if you know why, remove {_path(store).name}: the store is "
        "then checked against its audit and sealed anew, which the audit records"
    )


def _path(store: Path) -> Path:
    return store.with_name(f"{store.name}.sha256")


def _log(store: Path) -> Path:
    """DuckDB's write-ahead log; merged and gone when the store is closed."""
    return store.with_name(f"{store.name}.wal")


def _text(store: Path) -> str | None:
    with suppress(FileNotFoundError):
        return _path(store).read_bytes().decode("latin-1")
    return None


def _write(store: Path, text: str) -> None:
    """Whole or not at all, and on the disk before anything that relies on it."""
    path = _path(store)
    aside = path.with_name(f".{path.name}")
    with os.fdopen(os.open(aside, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as file:
        file.write(text.encode())
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
