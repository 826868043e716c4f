"""The house keeps its shape: imports, queries, writers."""

import ast
import inspect
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest

from safetymon import sql, store
from safetymon.audit import AuditEvent
from safetymon.domain import ChangedPart
from safetymon.store.trail import TABLES

ROOT = Path(__file__).parents[1]
QUERIES = sorted((ROOT / "queries").rglob("*.sql"))
MODULES = sorted((ROOT / "safetymon").rglob("*.py"))


def test_import_contracts_hold() -> None:
    run = subprocess.run(
        [Path(sys.executable).with_name("lint-imports")],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout


@pytest.mark.parametrize("path", QUERIES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_query_says_its_grain_first(path: Path) -> None:
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith("-- Grain: ") or path.parent.name == "schema"


def test_every_query_is_asked_and_every_question_has_one() -> None:
    names = {str(p.relative_to(ROOT / "queries").with_suffix("")) for p in QUERIES}
    text = "".join(p.read_text() for p in (ROOT / "safetymon" / "store").glob("*.py"))
    asked = set(re.findall(r'"([a-z]+/[a-z_{}]+)"', text))
    tables = ("inputs", "findings", "subjects", "exposure", "events", "adjudication", "rejected")
    asked |= {f"cut/write_{name}" for name in tables}
    asked |= {f"derive/exposure_{scope}" for scope in ("closed", "open")}
    asked |= {f"diff/{part}" for part in get_args(ChangedPart)}
    asked |= {f"digest/{family}" for family in TABLES}
    asked = {name for name in asked if "{" not in name}
    assert {n for n in names if not n.startswith("schema/")} == asked


def test_the_audit_covers_every_table(tmp_path: Path) -> None:
    with store.opened(tmp_path, "S1", datetime(2020, 7, 1, tzinfo=UTC)) as opened:
        there = {name for (name,) in opened._connection.sql("show tables").fetchall()}
    assert {table for tables in TABLES.values() for table in tables} == there - {"audit"}


def test_a_hash_covers_every_table_of_its_family() -> None:
    for family, tables in TABLES.items():
        hashed = re.findall(r'from "(\w+)" as t', sql.query(f"digest/{family}"))
        assert tuple(hashed) == tables


def test_no_sql_outside_the_queries() -> None:
    words = re.compile(r"\b(select|insert|update|delete)\s+\S+.*\b(from|into|set)\b", re.IGNORECASE)
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert not words.match(node.value.strip()), f"{path.name}:{node.lineno}"


def test_every_writer_of_the_store_takes_an_audit_event() -> None:
    writers = [
        function
        for name, function in inspect.getmembers(store.Store, inspect.isfunction)
        if re.match(r"(save|record|write|delete|update)_", name)
    ]
    assert writers
    for writer in writers:
        kinds = [p.annotation for p in inspect.signature(writer).parameters.values()]
        assert AuditEvent in kinds, writer.__name__


def test_migrations_are_numbered_without_a_gap() -> None:
    assert [number for number, _ in sql.migrations()] == list(range(1, len(sql.migrations()) + 1))


def test_modules_are_small() -> None:
    long = {p.name: n for p in MODULES if (n := len(p.read_text().splitlines())) > 350}
    assert not long


def test_most_functions_are_short() -> None:
    lengths = []
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                lengths.append(body[-1].end_lineno - body[0].lineno + 1 if body else 0)  # type: ignore[operator]  # parsed code has its lines
    lengths.sort()
    assert lengths[len(lengths) // 2] <= 12
    assert sum(n < 16 for n in lengths) / len(lengths) > 0.8


def test_every_opening_of_a_store_passes_the_key() -> None:
    """Without one, a study that asks for encryption would be kept in clear."""
    calls = [
        (path, node)
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("opened", "entered")
    ]
    assert len(calls) > 5
    for path, node in calls:
        position = {"opened": 3, "entered": 2}[node.func.id]  # type: ignore[attr-defined]  # a name, as chosen above
        keyed = len(node.args) > position or any(word.arg == "key" for word in node.keywords)
        assert keyed, f"{path.name}:{node.lineno}"
