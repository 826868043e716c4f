"""The sentence of an evidence rule: every number in it can be recomputed by hand."""

import math
import re

import pytest

from tests.unit import plain_single as plain
from tests.unit.test_signals_weigh import (
    background,
    ecl,
    events,
    found,
    members,
    protocol,
    rate,
)


def numbers(text: str) -> list[float]:
    return [float(n) for n in re.findall(r"\d+(?:\.\d+)?(?:e[+-]\d+)?", text)]


def test_the_sentence_of_a_background_rule_can_be_recomputed() -> None:
    finding = found(background(), members(10), events((0, 50)))
    counted, boundary, evidence, bound = finding.text.rstrip(".").split("; ")
    x, n, expected = numbers(counted)
    assert counted == "1 of 10 subjects with an event, 0.50 expected"
    assert expected == pytest.approx(n * 0.05)
    limit = plain.boundary(20, 0.05, 0.05, "pocock", 10)[-1][0]
    assert boundary == f"the boundary is {limit}"
    (e_value,) = numbers(evidence)
    assert math.log(e_value) == pytest.approx(plain.log_e(int(x), int(n), 0.05), rel=0.01)
    assert finding.e_value == pytest.approx(math.exp(plain.log_e(1, 10, 0.05)))
    assert bound == "lower bound of the risk 0.00%, at any number of looks"


def test_the_lower_bound_is_the_least_background_that_is_not_refuted() -> None:
    finding = found(background(), members(10), events(*[(i, 50) for i in range(5)]))
    low = float(re.findall(r"lower bound of the risk ([\d.]+)%", finding.text)[0]) / 100
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
    # 6 of 12, 5 of 11 and 5 of 10 who were still at risk and not yet counted were treated.
    expected = 6 / 12 + 5 / 11 + 5 / 10
    assert finding.text.startswith(
        f"2 of 3 first events on treatment, {expected:.1f} expected without harm; "
    )
    assert "too few events: even 3 of 3 on treatment could not have signalled yet" in finding.text


def test_the_sentence_of_a_rate_counts_years_and_can_be_recomputed() -> None:
    finding = found(rate(), members(1), events((0, 73)), cutoff=73)
    assert finding.path is not None
    assert finding.path.of[-1] == pytest.approx(74 / 365.25)
    limit = next(d for d in range(1, 99) if plain.log_e_rate(d, 37 / 365.25) >= math.log(20))
    assert finding.text == (
        "1 subject with an event in 0.2 person-years, 0.10 expected; "
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
    assert "even 1 of 1 with an event could not have signalled yet" in text


def test_an_effective_number_is_shown_as_the_whole_number_the_boundary_takes() -> None:
    rule = background(denominator="km", window_days=90)
    finding = found(rule, members(10), events((0, 30)), cutoff=40)
    assert finding.path is not None
    n = finding.path.of[-1]
    assert n != round(n)
    assert finding.text.startswith(
        f"1 of {math.ceil(n)} subjects with an event, {0.05 * math.ceil(n):.2f} expected"
    )
