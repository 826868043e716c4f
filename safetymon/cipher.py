"""The key of an encrypted store: where it comes from, what it must look like, what DuckDB needs.

A key is 256 random bits, written as 64 hexadecimal digits. It is read from a file that only its
owner can read, or from the environment; never from the study file, and no message shows it.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import util
from pathlib import Path

from safetymon.errors import UsageError
from safetymon.study import Study

VARIABLE = "SAFETYMON_STORE_KEY"
"""The environment variable that holds a key, for studies that name no key file."""
_KEY = re.compile(r"[0-9a-fA-F]{64}")
_MAKE_ONE = "make one with `openssl rand -hex 32`"
_PACKAGE = "duckdb_extension_httpfs"


@dataclass(frozen=True, slots=True)
class Key:
    """A key, and where it came from. Its text is in no repr, so in no log and no traceback."""

    text: str = field(repr=False)
    source: str


def key(study: Study, base: Path, environ: Mapping[str, str] = os.environ) -> Key | None:
    """The key of a study's store; None: the store is not encrypted.

    The study's key file goes before the environment, which may serve several studies.

    Args:
        study: The study file, validated.
        base: Its folder, to which the key file's name is relative.
        environ: The environment.

    Raises:
        UsageError: The key file is missing, unreadable, readable by others, or holds no key; the
            variable holds no key.
    """
    name = study.store.encryption_key_file
    if name is not None:
        return _checked(_text_of(base / name), f"key file {name}")
    if VARIABLE in environ:
        return _checked(environ[VARIABLE], f"environment variable {VARIABLE}")
    return None


def _checked(text: str, source: str) -> Key:
    if not _KEY.fullmatch(text.strip()):
        raise UsageError(f"{source}: does not hold a key of 64 hexadecimal digits; {_MAKE_ONE}")
    return Key(text.strip().lower(), source)


def _text_of(path: Path) -> str:
    """What a key file holds. Its mode is that of the very file that is read."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if mode & 0o077:
                raise UsageError(
                    f"key file {path}: others can read or change it (mode {mode & 0o777:03o}); "
                    f"chmod 600 {path}"
                )
            return file.read(4096).decode("ascii", errors="replace")
    except FileNotFoundError:
        raise UsageError(f"key file {path}: no such file; {_MAKE_ONE}, with mode 600") from None
    except OSError as error:
        raise UsageError(f"key file {path}: cannot be read ({error.strerror})") from None
    except ValueError:  # a NUL in the name
        raise UsageError(f"key file {path}: no file can have this name") from None


def extension(duckdb_version: str) -> Path:
    """DuckDB's extension for writing encrypted files, as installed from the package index.

    Raises:
        UsageError: It is not installed, or not for this version of DuckDB.
    """
    found = util.find_spec(_PACKAGE)
    if found is None or found.origin is None:
        raise UsageError(
            "encryption: the extension that encrypts a store is not installed; "
            "pip install 'safetymon[encryption]'"
        )
    built_for = Path(found.origin).parent / "extensions"
    path = built_for / f"v{duckdb_version}" / "httpfs.duckdb_extension"
    if not path.is_file():
        versions = ", ".join(sorted(p.name for p in built_for.glob("v*"))) or "none"
        raise UsageError(
            f"encryption: the installed extension is for DuckDB {versions}, and DuckDB is "
            f"v{duckdb_version}; install the same version of duckdb and duckdb-extension-httpfs"
        )
    return path
