"""An open store reaches its own file and nothing else; all in its folder is its owner's."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from safetymon import cipher
from safetymon.audit import AuditEvent
from safetymon.errors import DataRefusedError
from safetymon.store import Store, opened

NOW = datetime(2020, 7, 1, 12, tzinfo=UTC)
KEYS = {"plain": None, "encrypted": cipher.Key("5a" * 32, "test")}

OUTSIDE = [
    "from read_csv('/etc/passwd')",
    "from read_text('/etc/passwd')",
    "from '/etc/passwd'",
    "from glob('/etc/*')",
    "from read_json('http://127.0.0.1/x')",
    "from read_parquet('https://127.0.0.1/x')",
    "from read_csv('{folder}/other.csv')",
    "copy (select 1) to '{folder}/stolen.csv'",
    "copy (select 1) to '{folder}/S1.duckdb'",
    "export database '{folder}/stolen'",
    "import database '{folder}'",
    "attach '{folder}/other.duckdb'",
    "attach '/etc/passwd'",
    "install json",
    "install '{extension}'",
    "load '{extension}'",
    "create secret (type s3, key_id 'a', secret 'b')",
    "create persistent secret (type s3)",
]
SETTINGS = [
    "set enable_external_access = true",
    "set lock_configuration = false",
    "reset lock_configuration",
    "set allowed_directories = ['/']",
    "set allowed_paths = ['/etc/passwd']",
    "set temp_directory = '/tmp'",
    "set extension_directory = '/tmp'",
    "set allow_unsigned_extensions = true",
    "set allow_community_extensions = true",
    "set autoinstall_known_extensions = true",
    "set custom_extension_repository = 'http://127.0.0.1'",
    "set home_directory = '/tmp'",
]


@pytest.fixture(params=KEYS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with opened(tmp_path / "state", "S1", NOW, KEYS[request.param]) as made:
        yield made


@pytest.fixture
def names(tmp_path: Path) -> dict[str, str]:
    """What the statements name: files that are there, so that only the lock refuses them."""
    folder = tmp_path / "state"
    folder.mkdir(exist_ok=True)
    (folder / "other.csv").write_text("a\n1\n")
    duckdb.connect(folder / "other.duckdb").close()
    extension = tmp_path / "other.duckdb_extension"
    shutil.copy(cipher.extension(duckdb.__version__), extension)
    return {"folder": str(folder), "extension": str(extension)}


@pytest.mark.parametrize("statement", OUTSIDE)
def test_no_statement_reaches_outside(
    statement: str, store: Store, names: dict[str, str], tmp_path: Path
) -> None:
    before = {path: path.stat().st_size for path in tmp_path.rglob("*")}
    with pytest.raises(duckdb.Error) as refused:
        store._connection.execute(statement.format(**names)).fetchall()
    assert "root:" not in str(refused.value)
    assert {path: path.stat().st_size for path in tmp_path.rglob("*")} == before


@pytest.mark.parametrize("statement", SETTINGS)
def test_the_lock_cannot_be_undone(statement: str, store: Store) -> None:
    with pytest.raises(duckdb.Error, match=r"locked|while database is running"):
        store._connection.execute(statement)


def test_the_same_statements_run_where_nothing_is_locked(names: dict[str, str]) -> None:
    with duckdb.connect() as connection:
        for statement in (OUTSIDE[0], OUTSIDE[6], OUTSIDE[11], *SETTINGS[5:7]):
            connection.execute(statement.format(**names)).fetchall()


def test_the_key_cannot_be_asked_for(tmp_path: Path) -> None:
    key = cipher.Key("5a" * 32, "test")
    with opened(tmp_path, "S1", NOW, key) as store:
        for source in ("duckdb_settings()", "duckdb_databases()", "duckdb_secrets()"):
            try:
                rows = store._connection.execute(f"from {source}").fetchall()
            except duckdb.Error:
                continue
            assert key.text not in str(rows)


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077], ids=oct)
@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_a_store_is_its_owners_whatever_the_umask(
    mask: int, key: cipher.Key | None, tmp_path: Path
) -> None:
    folder = tmp_path / "state"
    with umask(mask), opened(folder, "S1", NOW, key) as store:
        with store.transaction():
            store.record_decision("r", "new", "", AuditEvent(NOW, "x", "decision", "r"))
        assert mode(folder) == 0o700  # DuckDB's log may be wider; nobody else can get at it
    assert mode(folder) == 0o700
    files = {path.name: mode(path) for path in folder.iterdir()}
    assert {"S1.duckdb", "S1.lock"} <= set(files)
    assert set(files.values()) == {0o600}, files


def test_a_folder_that_was_left_open_is_closed(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state").chmod(0o755)
    with opened(tmp_path / "state", "S1", NOW):
        assert mode(tmp_path / "state") == 0o700


@pytest.mark.parametrize(
    "data", [b"", b"x" * 5000, b"\0" * 20_000], ids=["empty", "noise", "zeros"]
)
def test_a_file_that_is_no_store_is_refused(data: bytes, tmp_path: Path) -> None:
    """An empty one too: it may be what is left of a store."""
    (tmp_path / "S1.duckdb").write_bytes(data)
    with (
        pytest.raises(DataRefusedError, match="cannot be opened as a store"),
        opened(tmp_path, "S1", NOW),
    ):
        pass
    assert (tmp_path / "S1.duckdb").read_bytes() == data


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777
