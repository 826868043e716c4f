"""Subject rows -> `schema.SUBJECTS`, and the subjects that cannot be trusted."""

import polars as pl

from safetymon import schema
from safetymon.domain import Finding
from safetymon.errors import DataRefusedError
from safetymon.listings import dates, rules
from safetymon.listings.parts import Part

_DATES = ("randomised", "left", "died")


def build(part: Part, formats: tuple[str, ...]) -> tuple[pl.DataFrame, list[Finding]]:
    """Subject rows with `row`, `left_low` and `died_low`, before any was rejected.

    A partial date of leaving or death is its last possible day, so that no time at risk and no
    event is lost; one of randomisation its first. A date that no format reads is unknown and a
    finding: it must not cost the study a subject and all of that subject's events.
    """
    have = [name for name in _DATES if name in part.text.columns]
    frame = dates.ranges(part.text, have, formats) if have else part.text
    sides = {"randomised": "low", "left": "high", "died": "high"}
    columns = [pl.col(f"{n}_{sides[n]}").alias(n) if n in have else _no_date(n) for n in _DATES]
    arm = pl.col("arm") if "arm" in frame.columns else pl.lit(None, pl.String).alias("arm")
    first = [pl.col(f"{n}_low") if n in have else _no_date(f"{n}_low") for n in ("left", "died")]
    return frame.select("row", "subject", arm, *columns, *first), rules.unread_dates(
        part, frame, have
    )


def broken(part: Part, frame: pl.DataFrame) -> pl.DataFrame:
    """Rows without a subject, and all but the first row of a subject.

    Raises:
        DataRefusedError: A subject is listed twice with different arms.
    """
    refuse_two(part, frame, "arm")
    checks = [
        ("subject without an identifier", "subject", pl.col("subject").is_null()),
    ]
    nameless = rules.broken(part, frame, checks)
    return pl.concat([nameless, rules.repeated(part, frame.drop_nulls("subject"), "subject")])


def refuse_two(part: Part, frame: pl.DataFrame, ours: str) -> None:
    """Refuses subjects that are listed twice with different values of our column.

    Raises:
        DataRefusedError: There are such subjects.
    """
    values = frame.drop_nulls(["subject", ours]).group_by("subject").agg(pl.col(ours).n_unique())
    count = values.filter(pl.col(ours) > 1).height
    if count:
        raise DataRefusedError(
            f"{part.sheet.name}: {count} subjects are listed twice with different "
            f"{part.name(ours)}; correct them at the source and export again"
        )


def final(frame: pl.DataFrame, part: Part) -> pl.DataFrame:
    """The accepted rows by `schema.SUBJECTS`.

    Raises:
        DataRefusedError: There is none.
    """
    if frame.is_empty():
        raise DataRefusedError(
            f"{part.sheet.name}: holds no usable subject, so there are no denominators; "
            "check the file and the column of the subject"
        )
    return frame.select(schema.SUBJECTS.keys())


def _no_date(name: str) -> pl.Expr:
    return pl.lit(None, pl.Date).alias(name)
