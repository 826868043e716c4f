"""The columns of what a report says of single records: who they are, what changed, what was before.

As in `schema`, whose floor this stands on.
"""

import polars as pl

from safetymon.schema import Columns

OVERVIEW: Columns = {
    "kind": pl.String,  # an estimand, "led to discontinuation" or "fatal"
    "group": pl.String,
    "subjects": pl.Int64,  # with at least one such event; null: not recorded in any event
    "at_risk": pl.Int64,
    "percent": pl.Float64,
    "ci_low": pl.Float64,
    "ci_high": pl.Float64,
    "events": pl.Int64,
    "untold": pl.Int64,  # events that do not say it and count as no; null: an estimand
}
"""One row a kind of event and group, zeros included: treatment-emergent events of any term."""

CHANGES: Columns = {
    "part": pl.String,  # subject, exposure, event, adjudication
    "change": pl.String,  # new, deleted, edited
    "column": pl.String,  # what was edited: a column, or an adjudication's topic; else null
    "move": pl.String,  # which way: yes, no, not recorded, earlier, later, worse, milder; or null
    "records": pl.Int64,
    "subjects": pl.Int64,
}
"""One row a kind of change between the cut of the look before and this one; only those found."""

EDITS: Columns = {
    "part": pl.String,
    "change": pl.String,
    "subject": pl.String,
    "key": pl.String,  # of the event record; null for a subject, the first day of an exposure
    "about": pl.String,  # the preferred term or treatment, as it reads now
    "column": pl.String,
    "before": pl.String,
    "now": pl.String,
    "move": pl.String,
}
"""One row a changed record and column (a new or deleted record: one row)."""

REDEFINED: Columns = {
    "definition": pl.String,  # [table] key, or [[table]] 'name' key
    "before": pl.String,  # as JSON; null: was not there
    "now": pl.String,
}
"""One row a key of the study file that differs from the look before."""

HISTORY: Columns = {
    "rule": pl.String,
    "verdict": pl.String,
    "first_look": pl.Int64,
    "first_cutoff": pl.Date,
    "last_look": pl.Int64,
    "last_cutoff": pl.Date,
    "looks": pl.Int64,  # with this verdict, in a row
}
"""One row a rule and run of looks with one verdict, by rule and cut-off; the last run is now."""

REJECTED_COUNTS: Columns = {
    "file": pl.String,
    "rule": pl.String,
    "column": pl.String,
    "rows": pl.Int64,
}
"""One row a file, rule that input rows broke, and column."""

LISTING: Columns = {
    "subject": pl.String,
    "key": pl.String,
    "term": pl.String,
    "pt": pl.String,
    "soc": pl.String,
    "topics": pl.List(pl.String),  # after adjudication
    "topics_by_terms": pl.List(pl.String),  # by preferred term alone
    "treatment": pl.String,  # that the event is attributed to; null: none
    "period": pl.String,
    "groups": pl.List(pl.String),  # that count it
    "emergent": pl.Boolean,
    "study_day": pl.Int64,  # from the first dose in the trial, which is day 1; there is no day 0
    "onset": pl.Date,  # imputed where the record is partial
    "onset_recorded": pl.String,
    "end_recorded": pl.String,
    "end": pl.Date,  # null: ongoing or unknown
    "severity": pl.String,
    "serious": pl.Boolean,  # as recorded
    "related": pl.Boolean,
    "outcome": pl.String,
    "action": pl.String,
    "fatal": pl.Boolean,
    "withdrawn": pl.Boolean,
    "adjudication": pl.String,  # "topic: yes; other: no"; null: none
    "is_new": pl.Boolean,  # not known at the look before
}
"""One row an adverse event record of a treated subject, by subject, onset and record."""

ABOUT_RULES: Columns = {
    "rule": pl.String,
    "topic": pl.String,
    "group": pl.String,
    "estimand": pl.String,
    "adjudicated": pl.Boolean,
}
"""One row a rule: which events are its cases."""
