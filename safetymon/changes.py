"""What changed since the look before: the data, the definitions, and each rule's verdicts. Pure."""

import json
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import polars as pl

from safetymon.domain import ALL_SUBJECTS, Changes, Scope
from safetymon.record_schema import CHANGES, HISTORY, REDEFINED, REJECTED_COUNTS
from safetymon.study import rule_title

Json = Mapping[str, Any]

_OPEN_PARTS = ("subject", "event", "adjudication")
_CLOSED_COLUMNS = ("arm",)
# The open report is told of these tables of the study file: none names or groups a treatment.
_OPEN_TABLES = ("emergent", "evidence", "report", "topic", "rule")
_KIND = ["part", "change", "column", "move"]
# What a study file says of names and places changes no number.
_NO_DEFINITION = {"study": ("title",), "data": ("folder", "files")}
_NOT_DEFINED = ("store", "freshness")

FIRST_LOOK = Changes(None, None, pl.DataFrame(schema=CHANGES), pl.DataFrame(schema=REDEFINED))


def counts(edits: pl.DataFrame, scope: Scope) -> pl.DataFrame:
    """One row a kind of change (`record_schema.CHANGES`).

    The open scope knows nothing of arms and of what was taken.
    """
    if scope == "open":
        told = pl.col("part").is_in(_OPEN_PARTS)
        edits = edits.filter(told, ~pl.col("column").is_in(_CLOSED_COLUMNS).fill_null(value=False))
    counted = edits.group_by(_KIND).agg(
        pl.len().alias("records"), pl.col("subject").n_unique().alias("subjects")
    )
    typed = counted.select(pl.col(name).cast(kind) for name, kind in CHANGES.items())
    return typed.sort(_KIND, nulls_last=True)


def redefined(before: Json, now: Json, versions: tuple[str, str], scope: Scope) -> pl.DataFrame:
    """The keys of the study file that differ, and safetymon's version (`record_schema.REDEFINED`).

    Args:
        before: The study file at the look before, as JSON.
        now: The study file now.
        versions: Of safetymon, at the look before and now.
        scope: The open one is told only of tables that name or group no treatment.
    """
    old, new = (dict(_keys(_told(study, scope))) for study in (before, now))
    old["version of safetymon"], new["version of safetymon"] = (json.dumps(v) for v in versions)
    rows = [
        (key, old.get(key), new.get(key))
        for key in dict.fromkeys((*new, *old))
        if old.get(key) != new.get(key)
    ]
    return pl.DataFrame(rows, schema=REDEFINED, orient="row")


def _told(study: Json, scope: Scope) -> dict[str, Any]:
    """The tables of a study file that a scope is told of; of rules, the open one the pooled."""
    if scope == "closed":
        return {name: table for name, table in study.items() if name not in _NOT_DEFINED}
    told = {name: study[name] for name in _OPEN_TABLES if name in study}
    return {**told, "rule": [r for r in study.get("rule", ()) if r["group"] == ALL_SUBJECTS]}


def _keys(study: Json) -> Iterator[tuple[str, str]]:
    """(key as a reader would name it, value as JSON) of every key of a study file."""
    for name, table in study.items():
        if isinstance(table, Mapping):
            left_out = _NO_DEFINITION.get(name, ())
            kept = {key: value for key, value in table.items() if key not in left_out}
            yield from _values(f"[{name}]", kept)
        else:
            for one in table:
                yield from _values(f"[[{name}]] '{_name(one)}'", one)


def _values(where: str, table: Json) -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _values(f"{where} {key}", value)
        else:
            yield f"{where} {key}", json.dumps(value, ensure_ascii=False)


def _name(one: Json) -> str:
    if "method" not in one:
        return str(one["name"])
    return rule_title(one["name"], one["topic"], one["group"], one["estimand"], one["method"])


def history(before: pl.DataFrame, signals: pl.DataFrame, look: int, cutoff: date) -> pl.DataFrame:
    """Each rule's verdicts over the looks, one row a run of equal ones (`record_schema.HISTORY`).

    Args:
        before: Of the looks before: rule, look, cutoff, verdict, by cut-off and look.
        signals: The verdicts of this look.
        look: Its number.
        cutoff: Its cut-off.
    """
    now = signals.select("rule", pl.lit(look, pl.Int64).alias("look"),
                         pl.lit(cutoff).alias("cutoff"), "verdict")  # fmt: skip
    earlier = before.select(pl.col(name).cast(kind) for name, kind in now.schema.items())
    runs = (
        pl.concat([earlier, now])
        .with_columns(pl.col("verdict").rle_id().over("rule").alias("run"))
        .group_by("rule", "run", maintain_order=True)
        .agg(
            pl.col("verdict").first(),
            pl.col("look").first().alias("first_look"),
            pl.col("cutoff").first().alias("first_cutoff"),
            pl.col("look").last().alias("last_look"),
            pl.col("cutoff").last().alias("last_cutoff"),
            pl.len().alias("looks"),
        )
    )
    ordered = runs.sort("rule", "run")
    return ordered.select(pl.col(name).cast(kind) for name, kind in HISTORY.items())


def rejected(rows: pl.DataFrame) -> pl.DataFrame:
    """How many input rows broke which rule (`record_schema.REJECTED_COUNTS`)."""
    counted = rows.group_by("file", "rule", "column").agg(pl.len().alias("rows"))
    typed = counted.select(pl.col(name).cast(kind) for name, kind in REJECTED_COUNTS.items())
    return typed.sort("file", "rule", "column", nulls_last=True)
