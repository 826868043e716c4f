"""Which rows are rejected, and the account of them: rows = accepted + rejected, per file."""

from collections.abc import Iterable, Mapping, Sequence

import polars as pl

from safetymon import schema
from safetymon.domain import Finding, InputFile
from safetymon.listings.formats import Sheet
from safetymon.listings.parts import Part

RULES: dict[str, str] = {
    "subject without an identifier": "a row that names no subject is nobody",
    "event without a subject": "its subject is blank or not among the accepted subjects",
    "exposure without a subject": "its subject is blank or not among the accepted subjects",
    "exposure without a start date": "nobody can say from when the subject was at risk",
    "exposure that ends before it starts": "its days at risk cannot be counted",
    "unparseable date": "the text is no date in any format of the study file",
    "duplicate key": "an earlier row of the file has the same key; the first one counts",
    "flag without an event": "its subject and AESEQ are not an accepted event",
    "adjudication without an event": "its subject and key are not an accepted event",
    "adjudication without a decision": "its topic or decision is blank or not understood",
}
"""Rule -> why a row that breaks it cannot be counted."""

Check = tuple[str, str, pl.Expr]
"""Rule, our column, and whether the row breaks it."""


def broken(part: Part, frame: pl.DataFrame, checks: Iterable[Check]) -> pl.DataFrame:
    """The rows of `frame` that break a rule: `row`, `rule`, `column`; the first rule counts."""
    rules, columns = [], []
    for rule, ours, is_broken in checks:
        rules.append(pl.when(is_broken).then(pl.lit(rule)))
        columns.append(pl.when(is_broken).then(pl.lit(part.name(ours))))
    named = frame.select(
        "row", pl.coalesce(rules).alias("rule"), pl.coalesce(columns).alias("column")
    )
    return named.filter(pl.col("rule").is_not_null())


def repeated(part: Part, frame: pl.DataFrame, *key: str) -> pl.DataFrame:
    """The rows of `frame` whose key an earlier row of it has; give it otherwise sound rows only."""
    again = frame.select("row", again=~pl.struct(key).is_first_distinct())
    return broken(part, again, [("duplicate key", key[-1], pl.col("again"))])


def unread_dates(part: Part, frame: pl.DataFrame, names: Iterable[str]) -> list[Finding]:
    """The findings about dates that are none (`X_bad`), where that does not reject the row."""
    counts = {name: int(frame[f"{name}_bad"].sum()) for name in names}
    return [
        Finding(
            "unparseable date", "warning", n,
            f"{part.sheet.name}: {n} values of {part.name(name)} are no date and count as not "
            "recorded; name their format under [data] date_formats",
        )
        for name, n in counts.items() if n
    ]  # fmt: skip


class Rejections:
    """The rejected rows of every sheet, as they are found."""

    def __init__(self) -> None:
        self._found: dict[str, list[pl.DataFrame]] = {}

    def add(self, sheet: Sheet, found: pl.DataFrame) -> None:
        """Takes note of rows (`row`, `rule`, `column`); a row is rejected once."""
        if found.height:
            self._found.setdefault(sheet.role, []).append(found)

    def keep(self, sheet: Sheet, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows of `frame` that have not been rejected so far."""
        if sheet.role not in self._found:
            return frame
        return frame.join(self._of(sheet), on="row", how="anti", maintain_order="left")

    def account(
        self, sheets: Sequence[Sheet], handed_on: Mapping[str, int]
    ) -> tuple[InputFile, ...]:
        """Rows, accepted and rejected of every file.

        Args:
            sheets: Every file that was read.
            handed_on: Role -> number of rows in the frame that its file became, where one row
                becomes one row; a file that only adds to another (SUPPAE) is not in it.

        Raises:
            AssertionError: A bug of ours: rows were lost or made on the way.
        """
        return tuple(self._counted(sheet, handed_on.get(sheet.role)) for sheet in sheets)

    def frame(self, sheets: Sequence[Sheet]) -> pl.DataFrame:
        """All rejected rows with their records, by `schema.REJECTED`, in the order of the files."""
        frames = [self._recorded(sheet) for sheet in sheets if sheet.role in self._found]
        return pl.concat([pl.DataFrame(schema=schema.REJECTED), *frames])

    def findings(self, sheets: Sequence[Sheet]) -> list[Finding]:
        """How many rows of each file broke each rule."""
        return [
            Finding(
                "rejected rows", "error", n,
                f"{sheet.name}: {n} of {sheet.frame.height} rows rejected ({rule}): {RULES[rule]}",
            )
            for sheet in sheets if sheet.role in self._found
            for rule, n in self._of(sheet)["rule"].value_counts().sort("rule").iter_rows()
        ]  # fmt: skip

    def _of(self, sheet: Sheet) -> pl.DataFrame:
        return pl.concat(self._found[sheet.role]).unique("row", keep="first", maintain_order=True)

    def _counted(self, sheet: Sheet, handed_on: int | None) -> InputFile:
        rows = sheet.frame.height
        rejected = self._of(sheet).height if sheet.role in self._found else 0
        accepted = rows - rejected if handed_on is None else handed_on
        if accepted + rejected != rows:
            raise AssertionError(
                f"{sheet.name}: {rows} rows are not {accepted} accepted and {rejected} rejected"
            )
        return InputFile(sheet.role, sheet.name, sheet.sha256, rows, accepted, rejected)

    def _recorded(self, sheet: Sheet) -> pl.DataFrame:
        found = self._of(sheet).sort("row")
        return found.select(
            pl.lit(sheet.name).alias("file"), "row", "rule", "column",
            sheet.records(found["row"]).alias("record"),
        )  # fmt: skip
