"""The columns of every frame that is handed from one stage to the next, and what one row is."""

import polars as pl

from safetymon.domain import Estimand

Columns = dict[str, pl.DataType | type[pl.DataType]]

COUNTS: dict[Estimand, pl.Expr] = {
    "all": pl.lit(value=True),
    "related": pl.col("related"),
    "serious": pl.col("serious"),
    "related serious": pl.col("related") & pl.col("serious"),
}
"""Estimand -> which occurrences count for it: the one definition for tables and for rules."""

SUBJECTS: Columns = {
    "subject": pl.String,  # unique; text, always
    "arm": pl.String,  # randomised assignment as recorded; null if not recorded
    "randomised": pl.Date,  # null if not recorded
    "left": pl.Date,  # end of study participation, null while in the study or not recorded
    "died": pl.Date,
}
"""One row a subject."""

EXPOSURE: Columns = {
    "subject": pl.String,
    "period": pl.String,
    "treatment": pl.String,  # the study file's name of what was actually taken
    "start": pl.Date,
    "end": pl.Date,  # null: ongoing at the data cut
    "administrations": pl.Int64,  # null where the listing has intervals, not administrations
}
"""One row a recorded exposure (an infusion cycle, or an interval of treatment)."""

EVENTS: Columns = {
    "subject": pl.String,
    "key": pl.String,  # the record's number within the subject, as recorded
    "term": pl.String,  # as reported
    "pt": pl.String,  # MedDRA preferred term
    "soc": pl.String,  # MedDRA system organ class; null if not recorded
    "onset_recorded": pl.String,  # as recorded, partial or blank
    "onset_low": pl.Date,  # earliest day the record allows; null: unknown
    "onset_high": pl.Date,  # latest day the record allows; null: unknown
    "end_recorded": pl.String,
    "end_high": pl.Date,  # latest day the event can have ended; null: ongoing or unknown
    "serious": pl.Boolean,  # null: not recorded or not understood
    "related": pl.Boolean,  # null: not recorded or not understood
    "severity": pl.String,  # mild, moderate, severe, or as recorded in lower case; null
    "outcome": pl.String,
    "action": pl.String,
    "fatal": pl.Boolean,
    "withdrawn": pl.Boolean,  # led to discontinuation of treatment
    "emergent_flag": pl.Boolean,  # as recorded, blank is no; null: no such column, not understood
    "reported": pl.Date,  # when the record was entered; null if not recorded
}
"""One row an adverse event record; (subject, key) is unique."""

ADJUDICATION: Columns = {
    "subject": pl.String,
    "key": pl.String,
    "topic": pl.String,
    "decision": pl.Boolean,
}
"""One row an adjudicated record and topic."""

RECORDED: Columns = {
    "what": pl.String,  # what the date is of, in words
    "day": pl.Date,  # a partial date by its first day
    "count": pl.Int64,
}
"""One row a kind of date and a day that the accepted rows record."""

REJECTED: Columns = {
    "file": pl.String,
    "row": pl.Int64,  # 1 is the first row after the header
    "rule": pl.String,  # the rule it broke, from a fixed list
    "column": pl.String,  # where
    "record": pl.String,  # the row as read, JSON
}
"""One row a rejected input row."""

LEDGER: Columns = {
    "subject": pl.String,
    "period": pl.String,
    "treatment": pl.String,
    "start": pl.Date,
    "last_dose": pl.Date,
    "risk_end": pl.Date,  # last day at risk: the end of the emergent window
    "days_at_risk": pl.Int64,
    "days_on_treatment": pl.Int64,
    "administrations": pl.Int64,
}
"""The treatment ledger: one row a subject, period and treatment actually received."""

GROUPS: Columns = {
    "group": pl.String,
    "treatment": pl.String,  # null for a total and for all subjects
    "periods": pl.List(pl.String),
    "subjects": pl.Int64,
    "person_years": pl.Float64,
    "administrations": pl.Int64,
}
"""One row a group."""

INCIDENCE: Columns = {
    "term": pl.String,
    "level": pl.String,  # any, topic, soc, pt
    "estimand": pl.String,
    "adjudicated": pl.Boolean,  # topics: both; else null
    "group": pl.String,
    "subjects": pl.Int64,  # subjects with at least one event
    "at_risk": pl.Int64,
    "percent": pl.Float64,
    "ci_low": pl.Float64,
    "ci_high": pl.Float64,
    "events": pl.Int64,
    "person_years": pl.Float64,  # full time: the denominator of rate_per_100py
    "rate_per_100py": pl.Float64,  # all occurrences
    "rate_low": pl.Float64,
    "rate_high": pl.Float64,
    "first_person_years": pl.Float64,  # time to the first event: its denominator
    "first_rate_per_100py": pl.Float64,  # first occurrence a subject
    "first_rate_low": pl.Float64,
    "first_rate_high": pl.Float64,
    "per_100_administrations": pl.Float64,  # events; null without an administration listing
}
"""One row a term, level, estimand, adjudicated or not, and group; zeros included."""

COMPARISONS: Columns = {
    "term": pl.String,
    "level": pl.String,
    "estimand": pl.String,
    "adjudicated": pl.Boolean,
    "group": pl.String,
    "reference": pl.String,
    "risk_difference": pl.Float64,  # percentage points
    "rd_low": pl.Float64,
    "rd_high": pl.Float64,
    "risk_ratio": pl.Float64,  # null: not estimable
    "rr_low": pl.Float64,
    "rr_high": pl.Float64,
    "fisher_p": pl.Float64,
    "odds_ratio": pl.Float64,  # null: not estimable
    "or_low": pl.Float64,
    "or_high": pl.Float64,
    "rate_ratio": pl.Float64,  # of first events per person-year; null: not estimable
    "rate_ratio_low": pl.Float64,
    "rate_ratio_high": pl.Float64,
}
"""One row a term, level, estimand and group that has a reference."""

SIGNALS: Columns = {
    "rule": pl.String,
    "topic": pl.String,
    "group": pl.String,
    "method": pl.String,
    "verdict": pl.String,
    "value": pl.Float64,  # what is compared with the limit, in the method's unit; null: none
    "limit": pl.Float64,
    "since_look": pl.Int64,  # the look since which the verdict stands
    "text": pl.String,  # the verdict in a sentence
    "e_value": pl.Float64,  # evidence against the null, valid at any look; null: method has none
    "crossed_on": pl.Date,  # the day the boundary was first reached; null: never, or no boundary
    "looks": pl.Int64,  # looks in a row with this verdict
    "against": pl.Int64,  # looks in a row that speak against a signal that is still open
    "fragile": pl.Boolean,  # one subject fewer with an event, and there would be no signal
    "reason": pl.String,  # what moved the verdict since the look before
}
"""One row a rule: its verdict at this look."""

EVIDENCE: Columns = {
    "rule": pl.String,
    "date": pl.Date,
    "count": pl.Int64,  # what the boundary limits: subjects with an event; events on treatment
    "of": pl.Float64,  # among: subjects dosed (effective number); events in both groups; years
    "limit": pl.Float64,  # the boundary: a signal at or above it; null: none on this day
    "fraction": pl.Float64,  # of the planned information
    "expected": pl.Float64,  # ECL: expected share on treatment; else the number expected
    "spent": pl.Float64,  # alpha spent by then
    "log_e": pl.Float64,  # natural logarithm of the e-value
    "crossed": pl.Boolean,  # at or above the boundary on this day
}
"""One row an evidence rule and day on which something was learnt."""

SENSITIVITY: Columns = {
    "rule": pl.String,
    "background": pl.Float64,
    "subjects": pl.Int64,  # with an event
    "of": pl.Int64,
    "limit": pl.Float64,  # the boundary now
    "chance": pl.Float64,  # exact chance of as many subjects with an event at this background
    "log_e": pl.Float64,
    "crossed": pl.Boolean,  # the boundary was reached at some time
}
"""One row a single-arm rule and background: the same verdict under other assumptions."""

SCREEN: Columns = {
    "term": pl.String,
    "group": pl.String,
    "reference": pl.String,
    "treated_events": pl.Int64,  # first events while both groups were at risk
    "events": pl.Int64,
    "p": pl.Float64,  # sequential p-value of the walk
    "log_e": pl.Float64,
    "flagged": pl.Boolean,
    "since_look": pl.Int64,  # the look that flagged it; null: not flagged
}
"""One row a preferred term and group with a reference: the tier 2 screen."""

CARDS: Columns = {
    "rule": pl.String,
    "method": pl.String,
    "harm": pl.String,  # what was true in the simulated trials, in words
    "effect": pl.Float64,  # how large: a ratio of risks or hazards, 1 is no harm
    "trials": pl.Int64,  # simulated; 0: the rule was not, and basis says why
    "signals": pl.Float64,  # share of the trials with a signal at any look
    "error": pl.Float64,  # Monte-Carlo standard error of that share
    "median_days": pl.Float64,  # from the first dose in the trial to the signal; null: none
    "median_subjects": pl.Float64,  # treated by the day of the signal; null: none
    "basis": pl.String,  # what the simulated trials were drawn from, in words
}
"""One row a rule and simulated harm: what the rule does over a whole trial.

Medians are over all trials: null where fewer than half of them give a signal.
"""

CALENDAR: Columns = {
    "term": pl.String,
    "group": pl.String,
    "date": pl.Date,
    "subjects": pl.Int64,  # with a first event on or before the date
    "at_risk": pl.Int64,  # treated on or before the date
    "percent": pl.Float64,
}
"""One row a topic (adjudicated, all events), group and calendar date."""

CURVES: Columns = {
    "kind": pl.String,  # incidence: of a first event, death competing; mean: events a subject
    "term": pl.String,  # any event, or a topic (adjudicated)
    "estimand": pl.String,
    "group": pl.String,
    "day": pl.Int64,  # at risk in the group, from the subject's first day there
    "at_risk": pl.Int64,  # incidence: without an event so far; mean: under observation
    "events": pl.Int64,  # up to and including the day: subjects (incidence), events (mean)
    "value": pl.Float64,  # incidence: percent of subjects; mean: events a subject
    "low": pl.Float64,
    "high": pl.Float64,
}
"""One row a kind of curve, term, estimand, group and day."""

SEVERITY: Columns = {
    "term": pl.String,
    "estimand": pl.String,
    "group": pl.String,
    "severity": pl.String,  # the highest recorded for the subject
    "subjects": pl.Int64,
    "at_risk": pl.Int64,
    "percent": pl.Float64,
}
"""One row a term (any event, topics adjudicated), estimand, group and severity."""

LAGS: Columns = {
    "group": pl.String,
    "events": pl.Int64,  # treatment-emergent
    "dated": pl.Int64,  # of them: whole onset date, and a recording date on or after it
    "before": pl.Int64,  # of them: recorded before their onset
    "q10": pl.Int64,  # days from onset to record; null: nothing is dated
    "q25": pl.Int64,
    "median": pl.Int64,
    "q75": pl.Int64,
    "q90": pl.Int64,
    "longest": pl.Int64,
}
"""One row a group: how long it took until an event was recorded."""

ENROLMENT: Columns = {
    "group": pl.String,
    "date": pl.Date,
    "subjects": pl.Int64,  # treated on or before the date
    "person_years": pl.Float64,  # by then
}
"""One row a group and date."""
