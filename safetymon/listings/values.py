"""Recorded words -> yes, no, related, severity; what is not understood stays "cannot tell".

Words are compared ignoring case. A word that no map knows becomes null and a finding, never "no".
"""

from collections.abc import Mapping
from typing import Final

import polars as pl

from safetymon.domain import Finding, Values
from safetymon.listings.parts import Part

_SHOWN, _LONGEST = 5, 40
_FATAL: Final = frozenset({"FATAL", "DEATH", "DIED", "RESULTED IN DEATH"})
_UNTOLD: Final = frozenset(
    {"UNKNOWN", "UNK", "NOT KNOWN", "NOT REPORTED", "NOT EVALUABLE", "MULTIPLE"}
)
_STOPPED = r"^(?:STUDY )?(?:DRUG |TREATMENT |MEDICATION |PERMANENTLY )*(?:WITHDRAWN|DISCONTINUED)\b"


def yes_no(values: Values) -> dict[str, bool]:
    """Upper-case word -> yes or no."""
    return _map(values.yes, values.no)


def causality(values: Values) -> dict[str, bool]:
    """Upper-case word -> related or not related."""
    return _map(values.related, values.not_related)


def read(part: Part, ours: str, words: Mapping[str, bool]) -> pl.Expr:
    """Our column of `part` by a map of words; null where blank, not a column, or not known."""
    if ours not in part.text.columns:
        return pl.lit(None, pl.Boolean).alias(ours)
    upper = pl.col(ours).str.to_uppercase()
    return upper.replace_strict(dict(words), default=None, return_dtype=pl.Boolean).alias(ours)


def not_understood(part: Part, ours: str, words: Mapping[str, bool], keys: str) -> list[Finding]:
    """The finding about recorded words of one column that its map does not know.

    `keys` are the keys of `[data.values]` that would make them known.
    """
    if ours not in part.text.columns:
        return []
    unknown = part.text.select(pl.col(ours).drop_nulls().value_counts(sort=True)).unnest(ours)
    unknown = unknown.filter(~pl.col(ours).str.to_uppercase().is_in(list(words)))
    if unknown.is_empty():
        return []
    count = int(unknown["count"].sum())
    most = unknown.sort(["count", ours], descending=[True, False]).head(_SHOWN)
    more = f" and {unknown.height - _SHOWN} more" if unknown.height > _SHOWN else ""
    text = (
        f"{part.sheet.name}: {count} values of {part.name(ours)} are not understood and count as "
        f"not recorded: {_shown(part, most)}{more}; add them to {keys} under [data.values]"
    )
    return [Finding("unmapped values", "warning", count, text)]


def _shown(part: Part, most: pl.DataFrame) -> str:
    """Words and how often each is recorded; of those that say who somebody is, only how often."""
    words = [(word, n, part.names_somebody(word)) for word, n in most.iter_rows()]
    hidden = sum(n for _, n, personal in words if personal)
    told = [f"'{word[:_LONGEST]}' ({n})" for word, n, personal in words if not personal]
    return ", ".join([*told, *([f"{hidden} of words that name a subject"] if hidden else [])])


def severity(part: Part, values: Values) -> pl.Expr:
    """Mild, moderate or severe by the study's words or where exactly one is in the text.

    What is neither stays as recorded, in lower case.
    """
    if "severity" not in part.text.columns:
        return pl.lit(None, pl.String).alias("severity")
    degrees = {"mild": values.mild, "moderate": values.moderate, "severe": values.severe}
    words = {word.upper(): degree for degree, known in degrees.items() for word in known}
    lower = pl.col("severity").str.to_lowercase()
    found = lower.str.extract_all(r"\b(?:mild|moderate|severe)\b").list.unique()
    otherwise = pl.when(found.list.len() == 1).then(found.list.first()).otherwise(lower)
    upper = pl.col("severity").str.to_uppercase()
    mapped = upper.replace_strict(words, default=None, return_dtype=pl.String)
    return pl.coalesce(mapped, otherwise).alias("severity")


def fatal(part: Part, words: Mapping[str, bool]) -> pl.Expr:
    """Whether the event was fatal: by its own flag or by its outcome; null if neither tells."""
    outcome: pl.Expr = pl.lit(None, pl.Boolean)
    if "outcome" in part.text.columns:
        upper = pl.col("outcome").str.to_uppercase()
        told = upper.is_in(list(_UNTOLD)).not_()
        outcome = pl.when(told).then(upper.is_in(list(_FATAL)))
    return _either(read(part, "fatal", words), outcome).alias("fatal")


def withdrawn(part: Part, words: Mapping[str, bool]) -> pl.Expr:
    """Whether treatment was stopped for the event: by its own flag or by the action taken."""
    action: pl.Expr = pl.lit(None, pl.Boolean)
    if "action" in part.text.columns:
        upper = pl.col("action").str.to_uppercase()
        action = pl.when(upper.is_in(list(_UNTOLD)).not_()).then(upper.str.contains(_STOPPED))
    return _either(read(part, "withdrawn", words), action).alias("withdrawn")


def emergent(part: Part, words: Mapping[str, bool]) -> pl.Expr:
    """A recorded treatment-emergent flag: a blank is no, a word that no map knows cannot tell."""
    if "emergent" not in part.text.columns:
        return pl.lit(None, pl.Boolean).alias("emergent_flag")
    blank = pl.col("emergent").is_null()
    told = pl.when(blank).then(statement=False).otherwise(read(part, "emergent", words))
    return told.alias("emergent_flag")


def _either(one: pl.Expr, other: pl.Expr) -> pl.Expr:
    """True if either is, null if neither tells, else false."""
    return pl.when(one | other).then(statement=True).otherwise(pl.coalesce(one, other))


def _map(yes: tuple[str, ...], no: tuple[str, ...]) -> dict[str, bool]:
    return dict.fromkeys(map(str.upper, no), False) | dict.fromkeys(map(str.upper, yes), True)
