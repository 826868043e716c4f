"""What a look says first: verdicts, what is new, one sentence a signal."""

from dataclasses import replace

import polars as pl
import pytest

from safetymon import schema
from safetymon.domain import Results, Scope
from safetymon.report import sentences, wording
from safetymon.report.lead import FIRST_LOOK, gravest, lead, news, verdict_sentence
from tests import evidence_fixture
from tests.evidence_fixture import AGAINST, POOLED, WALK
from tests.report_fixture import ALL_IVIG, results, schema_frame

CHANGED = (
    "12 new event records, of 9 subjects; 1 deleted event record, of 1 subject; "
    "earlier event records edited"
)
"""What the record fixture says of the data."""


def test_the_lead_counts_verdicts_and_tells_each_signal() -> None:
    told = lead(results())
    assert told.verdict == (
        "Of the 8 rules, 3 newly raise a signal; 1 raised earlier is still open; 2 find none, "
        "1 has too little data and 1 is not applicable."
    )
    assert [alert.verdict for alert in told.alerts] == ["raised", "raised", "raised", "open"]
    assert told.alerts[1].rule == AGAINST
    assert told.alerts[1].text == (
        "5 of 95 subjects with an event (at the look before 2 of 43); boundary reached on 19 Feb "
        "2018."
    )
    first = lead(results(look=1)).alerts[1]
    assert first.text == "5 of 95 subjects with an event; boundary reached on 19 Feb 2018."
    assert "of 95 subjects" in told.alerts[0].text
    assert told.alerts[3].text.endswith("(raised at look 2).")


def _with_fatal(
    subjects: dict[str, int], scope: Scope = "closed", untold: int = 0
) -> tuple[str, ...]:
    """The sentences on deaths and serious events where so many died in each group."""
    made = results(scope)
    died = pl.col("group").replace_strict(subjects, default=0, return_dtype=pl.Int64)
    fatal = made.overview["kind"] == "fatal"
    overview = made.overview.with_columns(
        pl.when(fatal).then(died).otherwise("subjects").alias("subjects"),
        pl.when(fatal).then(untold).otherwise("untold").alias("untold"),
    )
    return tuple(gravest(replace(made, overview=overview)).split(". "))


def test_deaths_and_serious_events_are_told_first_group_by_group() -> None:
    serious = results().incidence.filter(level="any", estimand="serious").rows(named=True)
    fatal, grave = _with_fatal({ALL_IVIG: 1})
    assert fatal == (
        "Subjects with a fatal event: 0 of 52 First period, IVIg; 0 of 48 First period, placebo; "
        "1 of 95 All IVIg (the groups overlap)"
    )
    counts = "; ".join(f"{r['subjects']} of {r['at_risk']} {r['group']}" for r in serious)
    assert grave == f"With a serious event: {counts} (the groups overlap)."


def test_no_death_and_deaths_that_are_not_recorded_are_three_answers() -> None:
    assert _with_fatal({"nobody": 1})[0] == "Subjects with a fatal event: none"
    assert _with_fatal({"nobody": 1}, untold=2)[0] == (
        "Subjects with a fatal event: none (of some events it is not recorded)"
    )
    assert gravest(results()).startswith("Subjects with a fatal event: not recorded. ")


def test_the_open_report_tells_deaths_pooled() -> None:
    fatal, _ = _with_fatal({"All subjects": 2}, "open")
    assert fatal == "Subjects with a fatal event: 2 of 100"


def test_nobody_at_risk_is_not_none() -> None:
    made = results()
    empty = replace(made, overview=made.overview.with_columns(at_risk=pl.lit(0, pl.Int64)))
    assert gravest(empty).startswith("Subjects with a fatal event: nobody at risk. ")


def test_a_rule_that_can_tell_now_says_where_it_comes_from() -> None:
    made = results("open")
    turned = made.signals.with_columns(
        verdict=pl.lit("no signal"), since_look=pl.lit(3, pl.Int64), against=pl.lit(0, pl.Int64)
    ).head(1)
    past = made.history.filter(pl.col("last_look") != 3).head(1)
    rule = turned["rule"].item()
    past = past.with_columns(rule=pl.lit(rule), verdict=pl.lit("too little data"))
    told = news(replace(made, signals=turned, history=past))
    assert "1 rule from too little data to no signal" in told


def test_the_open_report_speaks_of_pooled_rules() -> None:
    assert verdict_sentence(_signals("raised"), pooled=True) == (
        "The only pooled rule newly raises a signal."
    )
    assert verdict_sentence(_signals("raised", "no signal"), pooled=True).startswith(
        "Of the 2 pooled rules, 1 newly raises"
    )
    assert verdict_sentence(_signals(), pooled=True).startswith("No pooled signal rule is defined")


def test_the_data_are_told_with_what_was_rejected_and_found() -> None:
    made = results()
    files = made.cut.inputs
    rejected, rows = sum(f.rejected for f in files), sum(f.rows for f in files)
    others = [f.severity for f in made.findings if f.check != "rejected rows"]
    told = lead(made).trust
    assert told.startswith(f"Data: {rejected} of {rows:,} rows rejected")
    for kind in ("error", "warning"):
        n = others.count(kind)
        assert (f"{n} other {kind}" in told) == bool(n)


def test_what_goes_with_a_signal_stands_beside_it() -> None:
    tags = {alert.rule: alert.tags for alert in lead(results()).alerts}
    limit = next(rule for rule in tags if rule.startswith("Thromboembolism, related events"))
    assert tags[limit] == ("new data", "Not valid evidence over repeated looks")
    assert tags[AGAINST] == (
        "new data",
        "Against an assumed risk, not a control group",
        "One subject fewer would clear it",
    )
    assert tags[POOLED] == ("new data", "A trigger to unblind, not evidence of harm")


def test_what_is_new_is_counted_with_its_reason() -> None:
    assert news(results()) == (
        "New since look 2: 3 rules now raised (new data); 1 open signal spoken against "
        "for the first time; 1 preferred term newly flagged by the screen (Term 066); "
        f"1 new serious event record, of 1 subject; {CHANGED}; "
        "changed definitions: [emergent] lag_days, [[group]] 'All IVIg'."
    )


def _with(made: Results, **columns: object) -> Results:
    """The same look, the given columns of its signals constant."""
    values = [
        pl.lit(value, dtype=schema.SIGNALS[name]).alias(name) for name, value in columns.items()
    ]
    return replace(made, signals=made.signals.with_columns(values))


def test_every_reason_is_counted_apart_the_most_urgent_verdict_first() -> None:
    made = results("open")
    mixed = made.signals.with_columns(
        verdict=pl.Series(["no signal", "cleared", "cleared", "raised", "raised"]),
        reason=pl.Series(["new data", "edited history", "changed definitions", None, "new data"]),
        since_look=pl.lit(3, pl.Int64),
        against=pl.lit(0, pl.Int64),
    )
    assert news(replace(made, signals=mixed)) == (
        "New since look 2: 1 rule now raised; 1 rule now raised (new data); 1 rule now "
        "cleared (changed definitions); 1 rule now cleared (edited history); 1 rule now no signal "
        f"(new data); {CHANGED}; changed definitions: [emergent] lag_days."
    )


def test_a_look_at_which_nothing_turned_says_so() -> None:
    quiet = _with(results("open"), since_look=1, against=0, reason=None)
    assert news(quiet) == (
        f"New since look 2: {CHANGED}; changed definitions: [emergent] lag_days; no verdict has "
        "turned."
    )


def test_new_serious_fatal_and_ending_records_are_told_to_the_board_with_their_subjects() -> None:
    made = results()
    assert made.cases is not None
    grave = made.cases.listing.with_columns(fatal=pl.col("is_new"), withdrawn=pl.col("is_new"))
    told = news(replace(made, cases=replace(made.cases, listing=grave)))
    new = [row for row in grave.to_dicts() if row["is_new"] and row["emergent"]]
    subjects = len({row["subject"] for row in new})
    assert 1 < subjects <= len(new)
    assert f"{len(new)} new fatal event records, of {subjects} subjects; 1 new serious" in told
    assert f"{len(new)} new discontinuation records, of {subjects} subjects" in told
    assert "new serious" not in news(results("open"))


def test_a_look_without_a_new_record_says_so() -> None:
    quiet = _with(results("open"), since_look=1, against=0, reason=None)
    known = quiet.changes
    same = replace(known, counts=known.counts.clear(), redefined=known.redefined.clear())
    assert news(replace(quiet, changes=same)) == (
        "Nothing is new since look 2: no event record, no verdict."
    )


def test_a_first_look_has_nothing_to_compare_with() -> None:
    assert news(results(look=1)) == FIRST_LOOK


def test_a_look_before_all_others_has_nothing_to_compare_with() -> None:
    made = results()
    first = replace(made, changes=replace(made.changes, since=None))
    assert news(first) == FIRST_LOOK


def _told(**changed: object) -> str:
    made = _with(results(), **changed)
    row = made.signals.filter(rule=WALK).row(0, named=True)
    return sentences.told(row, sentences.last_rows(made.evidence)[WALK])


def test_a_walk_is_told_by_subjects_and_group() -> None:
    assert _told() == (
        "20 of 40 subjects with a first event had it in “First period, IVIg”; the boundary is 25."
    )


@pytest.mark.parametrize(
    ("against", "ending"),
    [(1, " This look speaks against it."), (3, " The last 3 looks speak against it.")],
)
def test_looks_against_an_open_signal_are_told(against: int, ending: str) -> None:
    assert _told(against=against).endswith(f"the boundary is 25.{ending}")


@pytest.mark.parametrize(
    ("method", "evidence", "sentence"),
    [
        (
            "poisson",
            evidence_fixture.poisson("rule"),
            "6 subjects with an event in 45.0 person-years; boundary not reached.",
        ),
        (
            "protocol",
            evidence_fixture.protocol("rule"),
            "3 of the first 30 subjects with an event; the boundary is 3.",
        ),
    ],
)
def test_each_method_says_what_it_counts(
    method: str, evidence: pl.DataFrame, sentence: str
) -> None:
    row = {"method": method, "crossed_on": None, "against": 0, "group": ALL_IVIG}
    assert sentences.told(row, sentences.last_rows(evidence)["rule"]) == sentence


def test_a_rule_without_a_path_speaks_in_its_own_words() -> None:
    assert sentences.told({"text": "3 of 95 subjects."}, None) == "3 of 95 subjects."


@pytest.mark.parametrize(
    ("method", "group", "begins"),
    [
        ("incidence", ALL_IVIG, "Not valid evidence over repeated looks."),
        ("background", "All subjects", "A trigger to unblind, not evidence of harm: pooled"),
        ("protocol", "All subjects", "A trigger to unblind, not evidence of harm."),
        ("background", ALL_IVIG, ""),
        ("ecl", "First period, IVIg", ""),
    ],
)
def test_a_caution_names_what_a_verdict_is_not(method: str, group: str, begins: str) -> None:
    said = sentences.caution({"method": method, "group": group})
    assert said.startswith(begins)
    assert bool(said) == bool(begins)


def test_an_e_value_of_nothing_is_told() -> None:
    assert sentences.e_value({"e_value": 0.0}) == "<0.001"
    assert sentences.e_value({"e_value": None}) == "–"


def test_without_signals_there_is_no_alert_but_the_screen_still_speaks() -> None:
    quiet = replace(results(), signals=schema_frame({}, schema.SIGNALS))
    assert lead(quiet).alerts == ()
    assert news(quiet) == (
        "New since look 2: 1 preferred term newly flagged by the screen (Term 066); "
        f"1 new serious event record, of 1 subject; {CHANGED}; "
        "changed definitions: [emergent] lag_days, [[group]] 'All IVIg'."
    )


def test_the_topics_are_told_for_the_widest_group_that_is_no_reference() -> None:
    made = results()
    row = made.incidence.row(
        by_predicate=(pl.col("term") == "headache")
        & pl.col("adjudicated")
        & (pl.col("estimand") == "related")
        & (pl.col("group") == ALL_IVIG),
        named=True,
    )
    assert f"in {ALL_IVIG}: {wording.incidence(row)}" in lead(made).topics
    assert len(lead(made).topics) == 5  # any event and four topics, none twice


def test_without_a_rule_the_numbers_only_describe() -> None:
    told = lead(results(rules=False))
    assert told.verdict.startswith("No signal rule is defined")
    assert told.alerts == ()


def _signals(*verdicts: str) -> pl.DataFrame:
    return pl.DataFrame({"verdict": verdicts}, schema={"verdict": pl.String})


@pytest.mark.parametrize(
    ("verdicts", "sentence"),
    [
        (["no signal"], "The only rule finds no signal."),
        (["raised"], "The only rule newly raises a signal."),
        (["no signal", "no signal"], "No signal is raised by the 2 rules."),
        (["too little data"], "The only rule has too little data to find a signal."),
        (
            ["no signal", "no events", "too little data", "too little data"],
            (
                "No signal is raised by the 4 rules; 1 finds none, 2 have too little data and "
                "1 has no events yet."
            ),
        ),
        (["raised", "raised"], "Of the 2 rules, 2 newly raise a signal."),
        (
            ["open", "open", "no signal"],
            (
                "Of the 3 rules, none newly raises a signal; 2 raised earlier are still open; "
                "1 finds none."
            ),
        ),
        (
            ["cleared", "not applicable"],
            "No signal is raised by the 2 rules; 1 signal is cleared and 1 is not applicable.",
        ),
    ],
)
def test_the_verdicts_are_counted_in_words(verdicts: list[str], sentence: str) -> None:
    assert verdict_sentence(_signals(*verdicts)) == sentence


@pytest.mark.parametrize("scope", ["closed", "open"])
@pytest.mark.parametrize("rules", [True, False])
def test_no_sentence_ever_says_safe(scope: Scope, rules: bool) -> None:
    assert "safe" not in str(lead(results(scope, rules=rules))).lower()


def test_the_open_lead_names_no_group() -> None:
    text = str(lead(results("open")))
    assert "of 100 subjects" in text
    assert not any(word in text.lower() for word in ("ivig", "placebo"))
