"""One group against an acceptable risk or rate: the product's paths against plain day-by-day ones.

A path lists the days on which something can change. On every day in between the plain version must
see what the path's day before says, so that a look there would find nothing else.
"""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safetymon.errors import UsageError
from safetymon.signals.evidence import NOBODY, Path, Units
from safetymon.signals.rate import poisson_path
from safetymon.signals.single import (
    STRIP,
    background_path,
    protocol_path,
    reached_by_chance,
    sensitivity,
)
from safetymon.stats.boundary import binomial_boundary, false_signal, limit_at
from safetymon.stats.poisson import maxsprt_critical_value
from safetymon.study import BackgroundRule, PoissonRule, ProtocolRule
from tests.unit import plain_single as plain
from tests.unit.drawn_units import people, units_of
from tests.unit.plain_single import Day, Person

QUICK = settings(max_examples=60, deadline=None)
cutoffs = st.integers(25, 90)


def background(**more: Any) -> BackgroundRule:  # noqa: ANN401 - any key of a rule
    base = {"method": "background", "topic": "t", "group": "g", "background": 0.03, "planned": 15}
    return BackgroundRule(**{**base, **more})


def protocol(**more: Any) -> ProtocolRule:  # noqa: ANN401 - any key of a rule
    base = {"method": "protocol", "topic": "t", "group": "g", "background": 0.05}
    return ProtocolRule(**{**base, "n": (3, 6, 10), "stop_at": (2, 3, 3), **more})


def rate(**more: Any) -> PoissonRule:  # noqa: ANN401 - any key of a rule
    base = {"method": "poisson", "topic": "t", "group": "g", "background_per_100py": 40.0}
    return PoissonRule(**{**base, **more})


def group(*spans: tuple[int, ...]) -> Units:
    """Units from (entry, last), (entry, last, event) or (entry, last, seen, onset)."""
    full = [(*span, *(span[2:] or (-1, -1)))[:4] for span in spans]
    return units_of([Person(f"{i:03d}", *span) for i, span in enumerate(full)])


def agree(path: Path, days: list[Day], *, moving: bool = False) -> None:
    """The path is the plain version, on its own days and on those in between.

    `moving`: what is counted among moves on days in between, and only the count is compared there.
    """
    assert path.day[-1] == days[-1].day
    assert path.first_crossing == next((d.day for d in days if d.crossed), None)
    at = {day: i for i, day in enumerate(path.day.tolist())}
    i = 0
    for day in days:
        i = at.get(day.day, i)
        assert path.count[i] == day.count
        if moving and day.day not in at:
            continue
        assert path.of[i] == pytest.approx(day.of)
        assert path.expected[i] == pytest.approx(day.expected)
        assert path.limit[i] == pytest.approx(math.nan if day.limit is None else day.limit,
                                              nan_ok=True)  # fmt: skip
        assert path.crossed[i] == day.crossed
        for name in ("log_e", "spent"):
            if (value := getattr(day, name)) is not None:
                assert getattr(path, name)[i] == pytest.approx(value, abs=1e-9)


denominators = st.sampled_from(
    [("dosed", None), ("dosed", 10), ("matured", 10), ("matured", 35), ("km", 10), ("km", 35)]
)


@QUICK
@given(people(), cutoffs, denominators, st.sampled_from(["pocock", "linear"]), st.data())
def test_background_is_the_plain_rule_on_every_day(
    drawn: list[Person], cutoff: int, by: tuple[str, int | None], shape: str, data: st.DataObject
) -> None:
    denominator, window = by
    more = {
        "planned": data.draw(st.sampled_from([5, 12, 40])),  # 5: beyond plan
        "alpha": data.draw(st.sampled_from([0.05, 0.31])),
    }
    p0 = data.draw(st.sampled_from([0.011, 0.07, 0.23]))
    rule = background(
        background=p0, spending=shape, denominator=denominator, window_days=window, **more
    )
    days = plain.background(
        drawn, cutoff, p0=p0, shape=shape, denominator=denominator, window=window, **more
    )
    agree(background_path(rule, units_of(drawn), cutoff), days)


@QUICK
@given(people(), cutoffs)
def test_protocol_is_the_plain_rule_on_every_day(drawn: list[Person], cutoff: int) -> None:
    days = plain.protocol(drawn, cutoff, [(3, 2), (6, 3), (10, 3)], 0.05)
    agree(protocol_path(protocol(), units_of(drawn), cutoff), days)


@QUICK
@given(people(gaps=True), cutoffs, st.sampled_from([2.0, 40.0, 300.0]))
def test_mixture_rate_is_the_plain_rule_on_every_day(
    drawn: list[Person], cutoff: int, per_100py: float
) -> None:
    days = plain.rate(drawn, cutoff, per_100py=per_100py, alpha=0.05)
    path = poisson_path(rate(background_per_100py=per_100py), units_of(drawn), cutoff)
    agree(path, days, moving=True)


@QUICK
@given(people(gaps=True), cutoffs, st.sampled_from([0.2, 1.0]))
def test_maxsprt_is_the_plain_rule_on_every_day(
    drawn: list[Person], cutoff: int, horizon: float
) -> None:
    rule = rate(statistic="maxsprt", planned_events=horizon, background_per_100py=100.0)
    days = plain.rate(
        drawn, cutoff, per_100py=100.0, alpha=0.05, horizon=horizon,
        critical=maxsprt_critical_value(horizon),
    )  # fmt: skip
    agree(poisson_path(rule, units_of(drawn), cutoff), days, moving=True)


@QUICK
@given(people(), cutoffs, denominators)
def test_the_boundary_of_a_path_is_that_of_stats_at_every_day(
    drawn: list[Person], cutoff: int, by: tuple[str, int | None]
) -> None:
    rule = background(denominator=by[0], window_days=by[1])
    path = background_path(rule, units_of(drawn), cutoff)
    table = binomial_boundary(15, 0.03, 0.05, "pocock", subjects=15)
    n = np.ceil(path.of - 1e-9).astype(int)
    assert path.limit[n > 0].tolist() == limit_at(table, n[n > 0]).tolist()
    assert np.isnan(path.limit[n == 0]).all()
    assert path.fraction.tolist() == (n / 15).tolist()


def test_the_rule_against_one_percent_signals_at_the_third_of_fifty() -> None:
    """The demonstration's own case, drawn: the boundary among 50 of 95 planned is 3."""
    units = group(*[(i, 200, 49) for i in range(3)], *[(i, 200) for i in range(3, 95)])
    path = background_path(background(background=0.01, planned=95), units, 120)
    assert path.first_crossing == 49
    row = path.day.tolist().index(49)
    assert (path.count[row], path.of[row], path.limit[row]) == (3, 50, 3)


def test_an_effective_number_looks_no_further_than_a_tenth_of_the_subjects_have_been_followed() -> (
    None
):
    """One of twelve was followed to day 21 and had its event there: it shrinks nobody's weight."""
    units = group((0, 60, 20), *[(20, 60)] * 11)
    path = background_path(background(denominator="km", window_days=30), units, 24)
    # 11 followed for 5 of 30 days: (0 + 5 / (30 x 12)) / (0 + 1 / 12) = 1/6 each, and the event.
    assert path.of[-1] == pytest.approx(1 + 11 / 6)


# Edge cases, decided aloud.


def test_without_a_background_there_is_no_path_and_the_strip_stands() -> None:
    path = background_path(background(background=None), group((0, 30, 5)), 30)
    assert (path.day.size, path.state) == (0, "not applicable")
    assert path.cannot == "no background rate given: add background to the rule or its topic"
    strip = sensitivity(background(background=None), group((0, 30, 5)), 30)
    assert strip["background"].to_list() == list(STRIP)
    assert strip["limit"].null_count() == 0


def test_without_a_planned_size_there_is_no_path() -> None:
    path = background_path(background(planned=None), group((0, 30, 5), (0, 30)), 30)
    assert (path.day.size, path.state) == (0, "not applicable")
    assert path.cannot.startswith("no planned size given")


@pytest.mark.parametrize("units", [group(), group((40, 60))], ids=["nobody", "not entered yet"])
def test_nobody_at_risk_cannot_tell(units: Units) -> None:
    paths = [
        background_path(background(), units, 30),
        protocol_path(protocol(), units, 30),
        poisson_path(rate(), units, 30),
    ]
    assert {(p.day.size, p.state, p.cannot) for p in paths} == {(0, "too little data", NOBODY)}
    strip = sensitivity(background(denominator="km", window_days=5), units, 30)
    row = strip.row(0, named=True)
    assert (row["subjects"], row["of"], row["limit"], row["crossed"]) == (0, 0, None, False)
    assert (row["chance"], row["log_e"]) == (1.0, pytest.approx(0.0))


def test_zero_events_still_have_a_path_with_its_boundary() -> None:
    units = group((0, 30), (0, 30))
    path = background_path(background(), units, 30)
    assert (path.state, path.count.tolist(), path.of.tolist()) == ("no events", [0, 0], [2.0, 2.0])
    assert (path.limit[-1], path.expected[-1]) == (2, 0.06)
    assert path.log_e[-1] < 0  # two subjects without an event speak for the background
    assert protocol_path(protocol(), units, 30).state == "no events"
    assert poisson_path(rate(), units, 30).state == "no events"


def test_an_event_that_is_seen_after_the_cut_off_is_not_known() -> None:
    units = group((0, 30, 31), (0, 30))
    for path in (
        background_path(background(), units, 30),
        protocol_path(protocol(), units, 30),
        poisson_path(rate(), units, 30),
    ):
        assert (path.state, path.count[-1]) == ("no events", 0)


def test_one_subject_cannot_signal_against_a_background_and_says_so() -> None:
    path = background_path(background(), group((0, 30, 4)), 30)
    assert (path.state, path.limit.tolist()) == ("too little data", [2, 2, 2])
    assert path.cannot == "too few subjects: even 1 of 1 with an event could not have signalled yet"


def test_matured_with_no_window_closed_says_so_and_has_no_boundary() -> None:
    rule = background(denominator="matured", window_days=28)
    path = background_path(rule, group((0, 20, 4), (0, 20)), 20)
    assert (path.count.tolist(), path.of.tolist()) == ([0] * 3, [0.0] * 3)
    assert np.isnan(path.limit).all()
    assert path.cannot == "nobody has been followed to the end of the window yet"


def test_matured_sees_the_day_on_which_a_window_closes_whenever_anybody_looks() -> None:
    """Two events of the first days count when their windows close, on day 9: that is the day."""
    rule = background(denominator="matured", window_days=10, background=0.01)
    units = group((0, 60, 2), (0, 60, 3), *[(30, 60)] * 4)
    assert [background_path(rule, units, cut).first_crossing for cut in (8, 9, 10, 29, 60)] == [
        None, 9, 9, 9, 9,
    ]  # fmt: skip


def test_an_event_counts_by_its_onset_in_the_window_however_late_it_is_reported() -> None:
    rule = background(window_days=10)
    late = group((0, 60, 40, 9), (0, 60))  # began on day 9, reported on day 40
    assert background_path(rule, late, 60).count.tolist() == [0, 1, 1]
    after = group((0, 60, 40, 10), (0, 60))  # began the day after the window closed
    assert background_path(rule, after, 60).state == "no events"


def test_beyond_plan_the_boundary_goes_on_with_what_is_left_of_alpha() -> None:
    units = group(*[(i, 100) for i in range(30)], (30, 100, 31))
    path = background_path(background(planned=10), units, 100)
    assert path.notes == ("more subjects than planned: only alpha left by then is spent",)
    assert path.fraction[-1] == 1
    assert path.spent[-1] == pytest.approx(
        false_signal(binomial_boundary(10, 0.03, subjects=31), 0.03)
    )
    assert path.spent[-1] <= 0.05
    within = background_path(background(planned=31), units, 100)
    assert within.notes == ()
    assert within.limit[-1] <= path.limit[-1]


def test_a_protocol_s_table_is_silent_before_its_first_row() -> None:
    path = protocol_path(protocol(), group((0, 30, 1), (0, 30, 2)), 30)
    assert np.isnan(path.limit).all()
    assert not path.crossed.any()
    assert (path.state, path.cannot) == (
        "too little data", "the protocol's table begins at 3 subjects",
    )  # fmt: skip


def test_a_protocol_asks_the_first_n_dosed_and_nobody_after() -> None:
    # Of the first three one has an event; the next two are not asked about before the sixth.
    five = group((0, 50), (1, 50), (2, 50, 9), (3, 50, 9), (4, 50, 9))
    assert protocol_path(protocol(), five, 50).first_crossing is None
    six = group((0, 50), (1, 50), (2, 50, 9), (3, 50, 9), (4, 50, 9), (20, 50))
    path = protocol_path(protocol(), six, 50)
    assert path.first_crossing == 20
    assert (path.count[-1], path.of[-1], path.limit[-1]) == (3, 6, 3)


def test_a_protocol_s_limit_above_n_cannot_stop() -> None:
    path = protocol_path(protocol(n=(2,), stop_at=(9,)), group((0, 30, 1), (0, 30, 1)), 30)
    assert (path.limit[-1], path.first_crossing) == (3, None)


def test_person_time_of_a_late_report_is_never_taken_back() -> None:
    """At risk until it was counted: the event of day 3 was reported on day 9, or after the end."""
    seen = group((0, 20, 9, 3))
    assert poisson_path(rate(), seen, 20).of * 365.25 == pytest.approx([1, 10, 10])
    after = group((0, 5, 9, 3))
    assert poisson_path(rate(), after, 20).of * 365.25 == pytest.approx([1, 6, 6])


def test_times_away_are_no_person_time() -> None:
    person = Person("001", 0, 20, away=((5, 9), (12, 12)))
    assert poisson_path(rate(), units_of([person]), 20).of[-1] * 365.25 == pytest.approx(15)
    assert poisson_path(rate(), units_of([person]), 7).of[-1] * 365.25 == pytest.approx(5)


def test_a_rate_is_per_year_of_the_report_s_days() -> None:
    """What 400 subject-days are in years, and how many events the rate expects in them."""
    units = group(*(((0, 99, -1),) * 4))
    for days, asked in ((365.25, None), (365.25, 365.25), (365.0, 365.0)):
        path = poisson_path(rate(background_per_100py=50.0, days_per_year=asked), units, 99)
        assert path.of[-1] == pytest.approx(400 / days)
        assert path.expected[-1] == pytest.approx(200 / days)


def test_maxsprt_ends_at_its_horizon() -> None:
    """One expected a year and 0.5 planned: after half a year nothing signals any more."""
    rule = rate(statistic="maxsprt", planned_events=0.5, background_per_100py=100.0)
    units = group((0, 400), *[(0, 400, 300)] * 5)
    path = poisson_path(rule, units, 400)
    assert path.first_crossing is None
    assert math.isnan(path.limit[-1])
    assert path.fraction[-1] == 1
    assert path.notes == ("0.5 expected events were planned: the rule has ended",)
    assert poisson_path(rate(), units, 400).notes == ()  # the mixture has no horizon
    early = group((0, 400), *[(0, 400, 9)] * 5)
    assert poisson_path(rule, early, 10).notes == ()
    assert poisson_path(rule, early, 400).first_crossing == 9  # what was signalled stays


def test_a_horizon_too_short_for_alpha_is_a_wrong_study_file() -> None:
    rule = rate(statistic="maxsprt", planned_events=0.01, name="short")
    with pytest.raises(UsageError, match=r"rule 'short': planned_events: .* give a longer horizon"):
        poisson_path(rule, group((0, 9)), 9)


def walked(limits: list[int], risk: float) -> float:
    """The chance of ever reaching the limit of n subjects with an event, subject by subject."""
    alive, reached = {0: 1.0}, 0.0
    for limit in limits:
        moved: dict[int, float] = {}
        for count, chance in alive.items():
            moved[count] = moved.get(count, 0.0) + chance * (1 - risk)
            moved[count + 1] = moved.get(count + 1, 0.0) + chance * risk
        reached += sum(chance for count, chance in moved.items() if count >= limit)
        alive = {count: chance for count, chance in moved.items() if count < limit}
    return reached


@pytest.mark.parametrize(("true", "told"), [(0.01, 0.0439), (0.0125, 0.074), (0.02, 0.203)])
def test_how_often_a_rule_signals_where_its_background_is_wrong_is_exact(
    true: float, told: float
) -> None:
    rule = background(planned=95, background=0.01)
    found = reached_by_chance(rule, true)
    limits = [limit for limit, _ in plain.boundary(95, 0.01, 0.05, "pocock", 95)]
    assert found == pytest.approx(walked(limits, true), abs=1e-12)
    assert found == pytest.approx(told, abs=6e-4)


def test_where_it_is_not_exact_nothing_is_said() -> None:
    assert reached_by_chance(background(planned=None), 0.04) is None
    assert reached_by_chance(background(denominator="km", window_days=20), 0.04) is None
