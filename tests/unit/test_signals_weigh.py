"""What an evidence rule says: its state, a sentence that can be recomputed, its warnings."""

import math
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from safetymon.domain import Estimand
from safetymon.schema import EVIDENCE, SIGNALS
from safetymon.signals import Detected, detect
from safetymon.signals.evidence import Finding
from safetymon.signals.units import People
from safetymon.signals.weigh import evaluate
from safetymon.study import BackgroundRule, EclRule, EvidenceRule, PoissonRule, ProtocolRule

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


def background(**more: Any) -> BackgroundRule:  # noqa: ANN401 - any key of a rule
    return BackgroundRule(
        **{**ABOUT, "method": "background", "background": 0.05, "planned": 20, **more}
    )


def ecl(**more: Any) -> EclRule:  # noqa: ANN401 - any key of a rule
    return EclRule(**{**ABOUT, "method": "ecl", "planned": 20, "window_days": 50, **more})


def protocol(**more: Any) -> ProtocolRule:  # noqa: ANN401 - any key of a rule
    table = {"n": (5, 10), "stop_at": (2, 3), "background": 0.1}
    return ProtocolRule(**{**ABOUT, "method": "protocol", **table, **more})


def rate(**more: Any) -> PoissonRule:  # noqa: ANN401 - any key of a rule
    return PoissonRule(**{**ABOUT, "method": "poisson", "background_per_100py": 50, **more})


def found(
    rule: EvidenceRule,
    people: pl.DataFrame,
    happened: pl.DataFrame | None = None,
    cutoff: int = 99,
    reference: str | None = None,
) -> Finding:
    happened = events() if happened is None else happened
    return evaluate(rule, reference, People(people, happened), on(cutoff))


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


@pytest.mark.parametrize("more", [{"background": None}, {}])
def test_without_a_plan_the_strip_says_whose_boundary_it_shows(more: dict[str, None]) -> None:
    finding = found(background(planned=None, **more), members(10), events((0, 50), (1, 50)))
    assert finding.state == "not applicable"
    assert finding.text.endswith(
        " Without a planned size, the boundary at other backgrounds is where the e-value reaches "
        "1/alpha."
    )
    assert finding.sensitivity is not None
    assert finding.sensitivity["crossed"].null_count() == 0


def test_without_a_reference_the_comparison_of_arms_says_why_it_cannot() -> None:
    finding = found(ecl(), members(10), events((0, 50)))
    assert finding.state == "not applicable"
    assert "no concurrent reference" in finding.text
    assert "single-arm rule against a background rate can" in finding.text


def test_without_a_plan_the_comparison_says_what_to_add() -> None:
    finding = found(ecl(planned=None), members(5, 5), events((0, 50)), reference="P")
    assert finding.state == "not applicable"
    assert "add planned and window_days" in finding.text


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


def test_an_earlier_known_event_outside_the_window_does_not_hide_one_inside() -> None:
    """Known first: an event of day 50. Known last, but of day 10: that one counts."""
    happened = pl.concat([events((0, 50)), events((0, 10)).with_columns(seen=pl.lit(on(60)))])
    finding = found(background(window_days=20), members(10), happened)
    assert finding.value == 1
    assert finding.path is not None
    assert finding.path.frame("R").filter(pl.col("count") == 1)["date"][0] == on(60)


# Frames.


def looked(rule: EvidenceRule, finding: Finding, before: pl.DataFrame = NO_HISTORY) -> Detected:
    return detect([rule], {rule.title: finding}, before, 2, clear_after=2)


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
