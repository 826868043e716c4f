"""Adjudication rows -> `schema.ADJUDICATION`: what a committee decided on a record and a topic."""

import polars as pl

from safetymon import schema
from safetymon.domain import Finding
from safetymon.listings import rules, values
from safetymon.listings.parts import Part
from safetymon.study import Study
from safetymon.topics import resolved

DEFAULT_COLUMNS = {"subject": "USUBJID", "key": "AESEQ", "topic": "TOPIC", "decision": "DECISION"}
"""Where the columns are in an ADaM or SDTM study, unless its study file says otherwise."""


def build(part: Part, study: Study) -> pl.DataFrame:
    """Adjudication rows with `row`; topics are spelled as the study spells them."""
    spelled = {name.upper(): name for name in resolved(study.topic)}
    topic = pl.col("topic").str.to_uppercase().replace_strict(spelled, default=pl.col("topic"))
    decision = values.read(part, "decision", values.yes_no(study.data.values))
    return part.text.select("row", "subject", "key", topic.alias("topic"), decision)


def broken(part: Part, frame: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """Rows on no accepted event, and rows that decide nothing.

    A decision that is not understood is rejected, so that the preferred term goes on deciding.
    """
    undecided = pl.col("decision").is_null()
    checks = [
        ("adjudication without an event", "key", without_event(frame, events)),
        ("adjudication without a decision", "topic", pl.col("topic").is_null()),
        ("adjudication without a decision", "decision", undecided),
    ]
    return rules.broken(part, frame, checks)


def without_event(frame: pl.DataFrame, events: pl.DataFrame) -> pl.Expr:
    """Whether (subject, key) of a row of `frame` is not among `events`, row by row."""
    known = events.select("subject", "key", found=pl.lit(value=True))
    found = frame.join(known, on=["subject", "key"], how="left", maintain_order="left")["found"]
    return pl.lit(found.is_null())


def final(frame: pl.DataFrame) -> pl.DataFrame:
    """The accepted rows by `schema.ADJUDICATION`."""
    return frame.select(schema.ADJUDICATION.keys())


def findings(part: Part, frame: pl.DataFrame, study: Study) -> list[Finding]:
    """Decisions that are not understood, and decisions on topics that the study does not have."""
    words = values.yes_no(study.data.values)
    other = frame.filter(~pl.col("topic").is_in(list(resolved(study.topic)))).height
    found = values.not_understood(part, "decision", words, "yes or no")
    if other:
        text = (
            f"{part.sheet.name}: {other} decisions are on topics that the study file does not have"
        )
        found.append(Finding("adjudicated topic", "warning", other, text))
    return found
