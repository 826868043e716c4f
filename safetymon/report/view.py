"""The tables around the counts: groups, data findings, files read. Pure."""

import polars as pl

from safetymon.domain import Results
from safetymon.report import wording
from safetymon.report.table import Block, Column, Number, Table, caption
from safetymon.report.wording import Row


def groups(results: Results) -> Table:
    """Who was at risk, for how long. The open report has no treatment to name."""
    closed = results.scope == "closed"
    definition = [Column("Treatment", "text"), Column("Periods", "text")] if closed else []
    counts = [Column("Subjects"), Column("Person-years"), Column("Administrations")]
    rows = [
        [
            row["group"], *(_definition(row) if closed else []), f"{row['subjects']:,}",
            wording.number(row["person_years"]), wording.count(row["administrations"]),
        ]
        for row in results.groups.rows(named=True)
    ]  # fmt: skip
    return Table(
        number=Number.GROUPS,
        caption=caption(results, "Groups: subjects treated, and their time"),
        columns=[Column("Group", "text"), *definition, *counts],
        blocks=[Block(rows)],
    )


def _definition(row: Row) -> list[str]:
    return [row["treatment"] or "all", ", ".join(row["periods"] or []) or "all"]


def overlaps(groups: pl.DataFrame, ledger: pl.DataFrame | None) -> str:
    """The warning that must stand over columns that share subjects, or may; else empty.

    Without a treatment `ledger` (`schema.LEDGER`), as in the open report, nobody can tell.
    """
    rows = groups.rows(named=True)
    if len(rows) < 2:
        return ""
    pairs = [
        f"“{a['group']}” and “{b['group']}”"
        for i, a in enumerate(rows)
        for b in rows[i + 1 :]
        if _overlap(a, b)
    ]
    if not pairs:
        if ledger is not None and not _shared(rows, ledger):
            return ""
        return "A subject who took both treatments stands in both columns: do not add columns."
    return f"Columns overlap; do not add them: {'; '.join(pairs)}."


def _shared(rows: list[Row], ledger: pl.DataFrame) -> bool:
    """Whether any subject stands in two groups that have no treatment and period in common."""
    inside = [_member(row) for row in rows]
    subjects = pl.col("subject")
    each = [subjects.filter(one).n_unique().alias(f"{i}") for i, one in enumerate(inside)]
    of_any = subjects.filter(pl.any_horizontal(inside)).n_unique().alias("any")
    *counts, together = ledger.select(*each, of_any).row(0)
    return bool(sum(counts) > together)


def _member(row: Row) -> pl.Expr:
    """The rows of the treatment ledger that belong to a group."""
    treatment = [] if row["treatment"] is None else [pl.col("treatment") == row["treatment"]]
    periods = [pl.col("period").is_in(row["periods"])] if row["periods"] else []
    return pl.all_horizontal(*treatment, *periods)


def _overlap(a: Row, b: Row) -> bool:
    """Whether two groups share treatment and period. No treatment, no periods: all of them."""
    treatments = {a["treatment"], b["treatment"]}
    periods = [set(row["periods"] or []) for row in (a, b)]
    same_period = not all(periods) or bool(periods[0] & periods[1])
    return (len(treatments) == 1 or None in treatments) and same_period


def findings(results: Results) -> Table:
    """What a reader must know about the data, the gravest first."""
    order = {"error": 0, "warning": 1, "info": 2}
    kept = sorted(results.findings, key=lambda finding: order[finding.severity])
    columns = [
        Column("Check", "text"), Column("Severity", "badge"), Column("Count"),
        Column("What it means", "words"),
    ]  # fmt: skip
    rows = [[f.check, f.severity, f"{f.count:,}", f.text] for f in kept]
    return Table(Number.FINDINGS, caption(results, "Data findings"), columns, [Block(rows)])


def inputs(results: Results) -> Table:
    """The files read; rows = accepted + rejected."""
    columns = [
        Column("File", "text"), Column("Rows"), Column("Accepted"), Column("Rejected"),
        Column("SHA-256", "code"),
    ]  # fmt: skip
    rows = [
        [wording.file_name(f.path), f"{f.rows:,}", f"{f.accepted:,}", f"{f.rejected:,}", f.sha256]
        for f in results.cut.inputs
    ]
    return Table(Number.INPUTS, caption(results, "Files read"), columns, [Block(rows)])


def treatments(groups: pl.DataFrame, taken: pl.DataFrame) -> list[str]:
    """The treatments that were taken, in the order in which they have their colours everywhere.

    Those of the groups come first, in the report's order.
    """
    found = set(taken["treatment"].to_list())
    named = [name for name in dict.fromkeys(groups["treatment"].to_list()) if name in found]
    return [*named, *sorted(found - set(named))]
