"""What an evidence rule says: its state, a sentence that can be recomputed, its warnings."""

import math
import re
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from safetymon.domain import Estimand
from safetymon.errors import UsageError
from safetymon.schema import EVIDENCE, SIGNALS
from safetymon.signals import Detected, detect
from safetymon.signals.evidence import Finding
from safetymon.signals.weigh import evaluate
from safetymon.study import BackgroundRule, EclRule, EvidenceRule, PoissonRule, ProtocolRule
from tests.unit import plain_single as plain

START = date(2020, 1, 1)
MEMBERS = {"group": pl.String, "row": pl.Int64, "subject": pl.String, "start": pl.Date,
           "until": pl.Date}  # fmt: skip
OCCURRENCES = {
    "row": pl.Int64, "level": pl.String, "term": pl.String, "adjudicated": pl.Boolean,
    "related": pl.Boolean, "serious": pl.Boolean, "onset": pl.Date, "seen": pl.Date,
}  # fmt: skip
ABOUT = {"topic": "t", "group": "T", "name": "R"}
NO_HISTORY = pl.DataFrame(schema=SIGNALS)


def on(days: int) -> date:
    return START + timedelta(days=days)


def members(treated: int, reference: int = 0, last: int = 99, every: int = 1) -> pl.DataFrame:
    """One subject begins `every` day, first those on treatment, then those in the reference group.

    Subjects are numbered from 0.
    """
    sides = ["T"] * treated + ["P"] * reference
    rows = [(side, i, f"{i:03d}", on(i * every), on(last)) for i, side in enumerate(sides)]
    return pl.DataFrame(rows, schema=MEMBERS, orient="row")


def events(*at: tuple[int, int], **more: Any) -> pl.DataFrame:  # noqa: ANN401 - any column
    """Events of the topic: (subject, day)."""
    base = {"level": "topic", "term": "t", "adjudicated": True, "related": True, "serious": False}
    rows = [{"row": i, "onset": on(d), "seen": on(d), **base, **more} for i, d in at]
    return pl.DataFrame(rows, schema=OCCURRENCES)


def background(**more: Any) -> BackgroundRule:  # noqa: ANN401
    return BackgroundRule(
        **{**ABOUT, "method": "background", "background": 0.05, "planned": 20, **more}
    )


def ecl(**more: Any) -> EclRule:  # noqa: ANN401
    return EclRule(**{**ABOUT, "method": "ecl", "planned": 20, "window_days": 50, **more})


def protocol(**more: Any) -> ProtocolRule:  # noqa: ANN401
    table = {"n": (5, 10), "stop_at": (2, 3), "background": 0.1}
    return ProtocolRule(**{**ABOUT, "method": "protocol", **table, **more})


def rate(**more: Any) -> PoissonRule:  # noqa: ANN401
    return PoissonRule(**{**ABOUT, "method": "poisson", "background_per_100py": 50, **more})


def found(
    rule: EvidenceRule,
    people: pl.DataFrame,
    happened: pl.DataFrame | None = None,
    cutoff: int = 99,
    reference: str | None = None,
) -> Finding:
    happened = events() if happened is None else happened
    return evaluate(rule, reference, people, happened, on(cutoff))


# States.


@pytest.mark.parametrize(
    ("rule", "reference"),
    [(background(), None), (protocol(), None), (rate(), None), (ecl(), "P")],
)
def test_nobody_at_risk_yet_is_too_little_data(rule: EvidenceRule, reference: str | None) -> None:
    finding = found(rule, members(0), reference=reference)
    assert finding.state == "too little data"
    assert finding.text.startswith("Too little data: nobody has been at risk")
    assert (finding.value, finding.limit, finding.path) == (None, None, None)


@pytest.mark.parametrize("rule", [background(), protocol(), rate()])
def test_no_events_keeps_its_numbers(rule: EvidenceRule) -> None:
    finding = found(rule, members(10))
    assert (finding.state, finding.value) == ("no events", 0)
    assert finding.path is not None


def test_no_events_in_either_group_has_no_numbers_yet() -> None:
    finding = found(ecl(), members(5, 5), reference="P")
    assert (finding.state, finding.text, finding.value) == ("no events", "No events yet.", None)


def test_events_of_another_topic_estimand_or_adjudication_are_not_weighed() -> None:
    for other in (
        events((0, 1), (1, 2), term="u"),
        events((0, 1), (1, 2), level="pt"),
        events((0, 1), (1, 2), adjudicated=False),
        events((0, 1), (1, 2), related=False),
    ):
        assert found(background(estimand="related"), members(3), other).state == "no events"


@pytest.mark.parametrize(
    ("estimand", "counted"), [("all", 4), ("related", 2), ("serious", 2), ("related serious", 1)]
)
def test_each_estimand_counts_its_own(estimand: Estimand, counted: int) -> None:
    happened = pl.concat(
        [
            events((i, 50), related=related, serious=serious)
            for i, (related, serious) in enumerate(
                [(True, True), (True, False), (False, True), (False, False)]
            )
        ]
    )
    assert found(background(estimand=estimand), members(10), happened).value == counted


@pytest.mark.parametrize(
    ("rule", "people", "happened", "reference", "state"),
    [
        (background(), members(10), events((0, 50), (1, 50), (2, 50)), None, "over"),  # 3 is it
        (background(), members(10), events((0, 50)), None, "under"),
        (background(), members(1), events((0, 50)), None, "too little data"),
        (protocol(), members(10), events((0, 50), (1, 50)), None, "over"),
        (protocol(), members(10), events((0, 50)), None, "under"),
        (protocol(), members(4), events((0, 50), (1, 50)), None, "too little data"),
        (rate(), members(10), events(*[(i, 50) for i in range(6)]), None, "over"),
        (rate(), members(10), events((0, 50)), None, "under"),
        (ecl(), members(6, 6), events(*[(i, 50 + i) for i in range(6)]), "P", "over"),
        (
            ecl(),
            members(6, 6),
            events(*[(6 * (i % 2) + i // 2, 50 + i) for i in range(12)]),
            "P",
            "under",
        ),  # one in each group by turns
        (ecl(), members(6, 6), events((0, 50)), "P", "too little data"),
    ],
)
def test_states(
    rule: EvidenceRule,
    people: pl.DataFrame,
    happened: pl.DataFrame,
    reference: str | None,
    state: str,
) -> None:
    finding = found(rule, people, happened, reference=reference)
    assert finding.state == state
    assert finding.path is not None
    assert (finding.path.first_crossing is not None) == (state == "over")


def test_a_signal_stands_although_the_count_has_fallen_below_the_boundary_since() -> None:
    """Two of the first two; among the forty of today the boundary is higher."""
    rule = background(planned=40, background=0.02)
    finding = found(rule, members(40), events((0, 2), (1, 3)))
    assert (finding.state, finding.value) == ("over", 2)
    assert finding.limit is not None
    assert finding.limit > 2
    assert "boundary reached on 04 Jan 2020 (2 of 4, the boundary 2)" in finding.text


# Not applicable, said plainly.


def test_without_a_background_it_is_said_plainly_and_the_strip_is_given() -> None:
    finding = found(background(background=None), members(10), events((0, 50), (1, 50)))
    assert (finding.state, finding.value, finding.e_value) == ("not applicable", None, None)
    assert finding.text == (
        "Not applicable: no background rate given: add background to the rule or its topic."
    )
    assert finding.sensitivity is not None
    strip = finding.sensitivity
    assert (strip["background"].min(), strip["background"].max()) == (0.005, 0.05)
    assert strip["subjects"].unique().to_list() == [2]


def test_without_a_reference_the_comparison_of_arms_says_why_it_cannot() -> None:
    finding = found(ecl(), members(10), events((0, 50)))
    assert finding.state == "not applicable"
    assert "no concurrent reference" in finding.text
    assert "single-arm rule against a background rate can" in finding.text


def test_without_a_plan_the_comparison_says_what_to_add() -> None:
    finding = found(ecl(planned=None), members(5, 5), events((0, 50)), reference="P")
    assert finding.state == "not applicable"
    assert "add planned and window_days" in finding.text


# Sentences: every number can be recomputed by hand.


def numbers(text: str) -> list[float]:
    return [float(n) for n in re.findall(r"\d+(?:\.\d+)?(?:e[+-]\d+)?", text)]


def test_the_sentence_of_a_background_rule_can_be_recomputed() -> None:
    finding = found(background(), members(10), events((0, 50)))
    counted, boundary, evidence = finding.text.rstrip(".").split("; ")
    x, n, expected = numbers(counted)
    assert counted == "1 of 10 subjects with an event, 0.50 expected"
    assert expected == pytest.approx(n * 0.05)
    limit = plain.boundary(20, 0.05, 0.05, "pocock", 10)[-1][0]
    assert boundary == f"the boundary is {limit}"
    e_value, low = numbers(evidence)[:2]
    assert math.log(e_value) == pytest.approx(plain.log_e(int(x), int(n), 0.05), rel=0.01)
    assert finding.e_value == pytest.approx(math.exp(plain.log_e(1, 10, 0.05)))
    assert (evidence.split(", ")[1], low) == ("risk above 0.00% at any number of looks", 0)


def test_the_lower_bound_is_the_least_background_that_is_not_refuted() -> None:
    finding = found(background(), members(10), events(*[(i, 50) for i in range(5)]))
    low = float(re.findall(r"risk above ([\d.]+)% at any number of looks", finding.text)[0]) / 100
    assert plain.log_e(5, 10, low - 0.0001) > math.log(20) > plain.log_e(5, 10, low + 0.0001)


def test_the_sentence_of_a_signal_says_when_and_at_what_count() -> None:
    finding = found(background(), members(10), events((0, 3), (1, 20), (2, 25), (3, 40)))
    # Among 10 of 20 planned against 5% the boundary is 3: P(X >= 3) = 0.012, P(X >= 2) = 0.086,
    # and 0.05 log(1 + 1.718 x 10/20) = 0.031 may be spent by then.
    assert plain.boundary(20, 0.05, 0.05, "pocock", 10)[-1][0] == 3
    assert finding.text.startswith(
        "4 of 10 subjects with an event, 0.50 expected; "
        "boundary reached on 26 Jan 2020 (3 of 10, the boundary 3); e-value "
    )


def test_the_sentence_of_a_comparison_says_the_share() -> None:
    people = members(6, 6, every=0)  # all of one day: the share is that of the heads
    finding = found(ecl(), people, events((0, 50), (6, 55), (1, 60)), reference="P")
    # The last: 5 of the 10 who were still at risk and not yet counted.
    assert finding.text.startswith("2 of 3 first events on treatment, 50.0% expected of the last")
    assert "too few events: even all 3 on treatment could not have signalled yet" in finding.text


def test_the_sentence_of_a_rate_counts_years_and_can_be_recomputed() -> None:
    finding = found(rate(), members(1), events((0, 73)), cutoff=73)
    assert finding.path is not None
    assert finding.path.of[-1] == pytest.approx(74 / 365.25)
    limit = next(d for d in range(1, 99) if plain.log_e_rate(d, 37 / 365.25) >= math.log(20))
    assert finding.text == (
        "1 subjects with an event in 0.2 person-years, 0.10 expected; "
        f"the boundary is {limit}; e-value {math.exp(plain.log_e_rate(1, 37 / 365.25)):.3g}."
    )
    over = found(rate(), members(10), events(*[(i, 50) for i in range(6)]))
    assert re.search(r"reached on .* \(6 subjects .* person-years, the boundary \d\)", over.text)


@pytest.mark.parametrize(
    ("happened", "said"),
    [
        ([(0, 50)], "1 of 5 subjects with an event, 0.50 expected; the boundary is 2."),
        ([(9, 50)], "0 of 5 subjects with an event, 0.50 expected; the boundary is 2."),
        ([(0, 50), (1, 50)],
         ("2 of 5 subjects with an event, 0.50 expected; boundary reached on 20 Feb 2020 "
          "(2 of 5, the boundary 2). One subject fewer would clear it.")),
    ],
)  # fmt: skip
def test_the_sentence_of_a_protocol_s_table(happened: list[tuple[int, int]], said: str) -> None:
    # The row that is nearest to its limit is shown, of two as near the first: among the first 5
    # (2 stop) and the first 10 (3 stop).
    assert found(protocol(), members(10), events(*happened)).text == said


def test_a_protocol_before_its_first_row_says_where_it_begins() -> None:
    text = found(protocol(), members(4), events((0, 50))).text
    assert text == (
        "1 of 4 subjects with an event, 0.40 expected; boundary not reached; "
        "the protocol's table begins at 5 subjects."
    )


def test_where_no_count_could_signal_it_is_said() -> None:
    text = found(background(), members(1), events((0, 50))).text
    assert "no count could reach the boundary yet" in text
    assert "even all 1 with an event could not have signalled yet" in text


def test_an_effective_number_is_shown_as_the_whole_number_the_boundary_takes() -> None:
    rule = background(denominator="km", window_days=90)
    finding = found(rule, members(10), events((0, 30)), cutoff=40)
    assert finding.path is not None
    n = finding.path.of[-1]
    assert n != round(n)
    assert finding.text.startswith(
        f"1 of {math.ceil(n)} subjects with an event, {0.05 * math.ceil(n):.2f} expected"
    )


# Fragility and the e-value.


@pytest.mark.parametrize(
    ("happened", "fragile"),
    [
        ([(0, 50), (1, 50), (2, 50)], True),  # the boundary among 10 is 3
        ([(0, 50), (1, 50), (2, 50), (3, 50)], False),
        ([(0, 50), (1, 50)], False),  # no signal: nothing to clear
        ([(0, 50), (1, 50), (2, 50), (3, 120)], True),  # the fourth is not known yet
    ],
)
def test_a_signal_is_fragile_if_one_subject_fewer_would_clear_it(
    happened: list[tuple[int, int]], fragile: bool
) -> None:
    finding = found(background(), members(10), events(*happened))
    assert finding.fragile == fragile
    assert ("One subject fewer would clear it." in finding.text) == fragile


def test_fragile_looks_for_the_one_subject_that_matters() -> None:
    """Four of four on treatment signal (0.043), three of three do not; a later one is no matter."""
    people = members(10, 10, every=0)
    four = [(i, 50 + i) for i in range(4)]
    finding = found(ecl(), people, events((10, 80), *four), reference="P")
    assert (finding.state, finding.fragile) == ("over", True)
    eight = [(i, 50 + i) for i in range(8)]
    finding = found(ecl(), people, events((10, 80), *eight), reference="P")
    assert (finding.state, finding.fragile) == ("over", False)


def test_an_e_value_too_large_for_a_number_is_capped() -> None:
    everyone = events(*[(i, 400) for i in range(400)])
    finding = found(background(background=1e-6), members(400, last=500), everyone, cutoff=400)
    assert finding.e_value == pytest.approx(math.exp(700))


@pytest.mark.parametrize("rule", [protocol(), background(background=None)])
def test_a_method_without_an_e_value_has_none(rule: EvidenceRule) -> None:
    assert found(rule, members(10), events((0, 50))).e_value is None


# Times between periods count for nothing where person-time is the denominator.


def test_a_rate_does_not_count_the_time_between_two_periods() -> None:
    rows = [("T", 0, "001", on(0), on(9)), ("T", 1, "001", on(30), on(39))]
    people = pl.DataFrame(rows, schema=MEMBERS, orient="row")
    finding = found(rate(), people)
    assert finding.path is not None
    assert finding.path.of[-1] * 365.25 == pytest.approx(20)


def test_a_background_rule_s_window_begins_with_the_first_dose() -> None:
    rule = background(window_days=20)
    assert found(rule, members(10), events((0, 19))).value == 1
    assert found(rule, members(10), events((0, 20))).state == "no events"


# Beyond plan.


def looked(rule: EvidenceRule, finding: Finding, before: pl.DataFrame = NO_HISTORY) -> Detected:
    return detect([rule], {rule.title: finding}, before, 2, clear_after=2)


@pytest.mark.parametrize(
    ("rule", "people", "reference"),
    [
        (background(planned=9), members(10), None),
        (background(planned=9, background=None), members(10), None),
        (ecl(planned=9), members(5, 5), "P"),
        (ecl(planned=9), members(10), "P"),  # nobody in the reference group yet
    ],
)
def test_a_new_rule_that_plans_for_too_few_is_refused_with_exit_code_2(
    rule: EvidenceRule, people: pl.DataFrame, reference: str | None
) -> None:
    said = "rule 'R': planned is 9, but 10 subjects have been treated; correct planned"
    with pytest.raises(UsageError, match=f"^{said}$") as refused:
        looked(rule, found(rule, people, reference=reference))
    assert refused.value.exit_code == 2


@pytest.mark.parametrize(
    ("rule", "people", "reference"),
    [(background(planned=9), members(10), None), (ecl(planned=9), members(5, 5), "P")],
)
def test_a_plan_exceeded_later_is_reported_and_evaluated(
    rule: EvidenceRule, people: pl.DataFrame, reference: str | None
) -> None:
    first = looked(rule, found(rule, people, events((0, 5)), 6, reference)).signals
    later = looked(rule, found(rule, people, events((0, 5)), 99, reference), first).signals
    assert "planned is 9, but 10 subjects have been treated" in later["text"].item()
    assert "planned is" not in first["text"].item()


def test_those_not_yet_treated_do_not_count_against_the_plan() -> None:
    assert found(background(planned=9), members(10), cutoff=8).beyond_plan == ""


def test_a_switcher_is_one_subject_of_the_plan() -> None:
    rows = [("P", 0, "001", on(0), on(9)), ("T", 1, "001", on(10), on(39)),
            ("P", 2, "002", on(0), on(9))]  # fmt: skip
    people = pl.DataFrame(rows, schema=MEMBERS, orient="row")
    assert found(ecl(planned=2), people, reference="P").beyond_plan == ""
    assert found(ecl(planned=1), people, reference="P").beyond_plan != ""


# Frames.


def test_what_is_stored_is_what_was_decided() -> None:
    """Value, limit and the day of the crossing are those of the path that table and chart show."""
    rule = background()
    finding = found(rule, members(10), events((0, 50), (1, 51), (2, 52), (3, 60)))
    made = looked(rule, finding)
    row, path = made.signals.row(0, named=True), made.evidence
    assert path.schema == pl.Schema(EVIDENCE)
    assert (row["verdict"], row["value"], row["limit"]) == ("raised", 4, 3)
    assert path.select("count", "limit").row(-1) == (4, 3)
    assert path.filter("crossed")["date"][0] == row["crossed_on"] == on(52)
    assert path["crossed"].to_list() == (path["count"] >= path["limit"]).to_list()
    assert made.sensitivity["rule"].unique().to_list() == ["R"]


def test_a_column_that_a_method_does_not_have_is_null() -> None:
    made = looked(protocol(), found(protocol(), members(10), events((0, 50)))).evidence
    assert made.select("spent", "log_e").null_count().row(0) == (len(made), len(made))
    assert made["limit"].null_count() == 4  # the first four subjects: the table begins at 5
