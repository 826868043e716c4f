"""The closed report with its treatments under codes: A, B, … instead of their names. Pure.

Which treatment has which code is drawn once a study, kept in its store, and in no report. A code
hides a name from whoever catches sight of a page; it does not hide what numbers give away. The
coded report therefore says how it would unmask itself (`unmasks`), and its numbers are those of the
closed one, one for one.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from itertools import product
from string import ascii_uppercase
from typing import Any

import polars as pl

from safetymon import derive
from safetymon.domain import ALL_SUBJECTS, Finding, Group, Results
from safetymon.signals import effective
from safetymon.study import Rule, Study, rule_title

MEDICAL = frozenset({"term", "pt", "soc", "topic", "subject", "key", "record", "file"})
"""Columns of the data's own words, in which no treatment stands as one."""
PROSE = frozenset({"text", "basis", "reason", "definition", "before", "now", "outcome", "action"})
"""Columns of sentences, in which names can stand anywhere."""
_DEFINED = re.compile(r"\[\[(rule|group)\]\] '(.*)' [a-z_]+$")
"""How a changed key of a rule or group is told (`changes`)."""
_SITE = re.compile(r"infusion|injection site|administration site|application site", re.IGNORECASE)


def letters() -> Iterator[str]:
    """The codes in their order: A to Z, then AA, AB, …."""
    yield from ascii_uppercase
    yield from ("".join(pair) for pair in product(ascii_uppercase, repeat=2))


def fresh(
    treatments: Sequence[str], known: Mapping[str, str], shuffled: Callable[[list[str]], list[str]]
) -> dict[str, str]:
    """Codes for the treatments that have none: the next letters, as `shuffled` deals them."""
    wanted = [name for name in treatments if name not in known]
    free = (letter for letter in letters() if letter not in known.values())
    return dict(zip(wanted, shuffled([next(free) for _ in wanted]), strict=True))


def coded(
    results: Results, study: Study, codes: Mapping[str, str], exposure: pl.DataFrame
) -> Results:
    """The closed results with codes for names: treatments, groups, rules by treatment, sentences.

    Args:
        results: Of the closed report.
        study: The study file.
        codes: Code of each of its treatments.
        exposure: One row a recorded exposure, with its treatment and period.
    """
    names = names_of(study, codes)
    told = _Names(names | _gone(results, names))
    made: Results = _walked(results, told)
    findings = tuple(replace(f, text=told.in_prose(f.text)) for f in results.findings)
    definitions = tuple((told.in_prose(n), told.in_prose(s)) for n, s in results.definitions)
    reasons = tuple(unmasks(made, codes, exposure))
    return replace(made, findings=findings, definitions=definitions, unmasks=reasons)


def names_of(study: Study, codes: Mapping[str, str]) -> dict[str, str]:
    """Every name that tells a treatment -> what stands for it.

    A group is called by its code and periods and a rule by treatment by what it is about, whatever
    they are called in the study file: "high dose" is a name too.
    """
    aliases = {alias: codes[name] for name, t in study.treatments.items() for alias in t.names}
    groups = _groups(study.group, codes)
    rules = [rule for rule in effective(study) if rule.group != ALL_SUBJECTS]
    titles = _unique([_title(rule, groups) for rule in rules])
    return {
        **aliases, **codes, **groups,
        **{rule.title: title for rule, title in zip(rules, titles, strict=True)},
    }  # fmt: skip


def _gone(results: Results, names: Mapping[str, str]) -> dict[str, str]:
    """Names that only earlier looks had, of rules and groups: they may tell a treatment too."""
    redefined = [_DEFINED.match(text) for text in results.changes.redefined["definition"]]
    had = {
        "rule": [*results.signals["rule"], *results.history["rule"]],
        "group": results.signals.filter(pl.col("group") != ALL_SUBJECTS)["group"].to_list(),
    }
    for kind, title in (found.groups() for found in redefined if found):
        had[kind].append(title)
    known = {name.casefold() for name in names} | {
        rule.casefold() for rule in results.signals.filter(group=ALL_SUBJECTS)["rule"]
    }
    return {
        title: f"a {kind} no longer in the study file ({place})"
        for kind, titles in had.items()
        for place, title in enumerate(
            sorted({title for title in titles if title.casefold() not in known}), 1
        )
    }


def _title(rule: Rule, groups: Mapping[str, str]) -> str:
    return rule_title(None, rule.topic, groups[rule.group], rule.estimand, rule.method)


def _groups(groups: Sequence[Group], codes: Mapping[str, str]) -> dict[str, str]:
    plain = {g.name: ", ".join([codes[g.treatment], *g.periods]) for g in groups if g.treatment}
    totals = {g.name: " + ".join(plain[n] for n in g.total_of) for g in groups if g.total_of}
    both = {**plain, **totals}
    return dict(zip(both, _unique(list(both.values())), strict=True))


def _unique(names: Sequence[str]) -> list[str]:
    """The names, a repeated one with its number."""
    before = [names[:i].count(name) for i, name in enumerate(names)]
    return [f"{n} ({k + 1})" if k else n for n, k in zip(names, before, strict=True)]


class _Names:
    """Puts codes for names: of a whole cell, or within a sentence, whatever their case."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self.whole = {name.casefold(): code for name, code in names.items()}
        longest = sorted(self.whole, key=len, reverse=True)
        either = "|".join(map(re.escape, longest))
        self.within = re.compile(rf"(?<!\w)(?:{either})(?!\w)", re.IGNORECASE)

    def in_prose(self, text: str) -> str:
        return self.within.sub(lambda found: self.whole[found[0].casefold()], text)

    def frame(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame with codes in every column but those of the data's own words."""
        kinds = frame.schema.items()
        texts = [name for name, kind in kinds if kind == pl.String and name not in MEDICAL]
        lists = [name for name, kind in kinds if kind == pl.List(pl.String)]
        if {"column", "before", "now"} <= set(frame.columns):  # an edited arm, as below
            told = pl.col("column").ne_missing("arm")
            frame = frame.with_columns(pl.when(told).then(pl.col("before", "now")))
        return frame.with_columns(
            *(self.column(frame[name]) for name in texts), *(self.lists(frame[n]) for n in lists)
        )

    def lists(self, column: pl.Series) -> pl.Series:
        return pl.Series(
            column.name,
            [None if row is None else [self.of(text) for text in row] for row in column.to_list()],
            dtype=pl.List(pl.String),
        )

    def of(self, text: str) -> str:
        """What stands for a whole cell."""
        return self.whole.get(text.casefold(), text)

    def column(self, column: pl.Series) -> pl.Series:
        prose = column.name in PROSE
        told = {
            text: self.in_prose(text) if prose else self.of(text)
            for text in column.drop_nulls().unique().to_list()
        }
        if column.name == "arm":  # as recorded, in any words: nothing can stand for it
            return pl.Series("arm", [None] * len(column), dtype=pl.String)
        changed = {text: code for text, code in told.items() if text != code}
        return column.replace(changed) if changed else column


def _walked(value: Any, names: _Names) -> Any:  # noqa: ANN401 - whatever results hold
    """The value with codes in each of its frames."""
    if isinstance(value, pl.DataFrame):
        return names.frame(value)
    if isinstance(value, tuple):
        inside = [_walked(part, names) for part in value]
        return value._make(inside) if hasattr(value, "_make") else tuple(inside)
    if isinstance(value, list):
        return [_walked(part, names) for part in value]
    if isinstance(value, Mapping):
        return {key: _walked(part, names) for key, part in value.items()}
    if is_dataclass(value) and not isinstance(value, type) and not isinstance(value, Finding):
        held = {field.name: getattr(value, field.name) for field in fields(value)}
        return replace(value, **{name: _walked(part, names) for name, part in held.items()})
    return value


def unmasks(made: Results, codes: Mapping[str, str], exposure: pl.DataFrame) -> Iterator[str]:
    """How a coded report gives its codes away, one sentence each; `made` has the codes already."""
    sizes = made.groups.select("group", "subjects").rows()
    if len({n for _, n in sizes}) > 1:
        told = ", ".join(f"{n:,} in {group}" for group, n in sizes)
        yield f"The groups differ in size ({told}): the allocation ratio tells them apart."
    if made.comparisons.height or "ecl" in made.signals["method"].to_list():
        yield (
            "Each comparison and each rule says which group is held against which: the one held "
            "against is the reference."
        )
    alone = set(made.groups["group"]) - {
        name for column in ("group", "reference") for name in made.comparisons[column].to_list()
    }
    if alone:
        yield (
            f"{', '.join(sorted(alone))}: compared with nothing; treatments without a concurrent "
            "reference are usually the active one."
        )
    yield from _extensions(exposure, codes)
    if made.groups["administrations"].is_not_null().any():
        yield "Administrations are counted: a schedule of infusions tells its treatment."
    terms = made.incidence.filter(level="pt")["term"].unique().sort().to_list()
    sites = [term for term in terms if _SITE.search(term)]
    if sites:
        yield f"Preferred terms tell how a treatment is given: {'; '.join(sites[:5])}."


def _extensions(exposure: pl.DataFrame, codes: Mapping[str, str]) -> Iterator[str]:
    for period, treatment, _ in derive.taken_by_all(exposure):
        yield (
            f"Everybody in period {period} took {codes[treatment]}: an extension in which all take "
            "the active treatment tells which one it is."
        )
