"""What moved a verdict: new data, edited history or changed definitions, drawn."""

from typing import Any

import polars as pl
import pytest

from safetymon import attribution, schema
from safetymon.analysis import Frames
from safetymon.domain import Verdict
from safetymon.signals import detect
from safetymon.signals.detect import SWITCHED_OFF
from safetymon.signals.evidence import Finding
from safetymon.signals.transitions import State
from safetymon.study import Rule, Study
from tests.tables import day, frame

EXPOSURE = """
    subject | period | treatment | start      | end
    001     | First  | Drug      | 2020-01-01 | 2020-03-31
    002     | First  | Drug      | 2020-01-01 | 2020-03-31
    003     | First  | Drug      | 2020-02-20 | 2020-03-31
    """
EVENTS = """
    subject | key | pt     | onset_low  | seen
    001     | 1   | Nausea | 2020-01-05 | 2020-01-05
    002     | 1   | Rash   | 2020-01-06 | 2020-01-06
    """
SUBJECTS = frame("subject\n001\n002\n003", schema.SUBJECTS)
LIMIT = {"name": "R", "topic": "nausea", "group": "Drug", "method": "subjects", "limit": 2,
         "min_at_risk": 1}  # fmt: skip
AGAINST = {"name": "R", "topic": "nausea", "group": "Drug", "method": "background",
           "background": 0.01, "planned": 10}  # fmt: skip
COLUMNS = {**schema.EVENTS, "seen": pl.Date}


def study(base: dict[str, Any] = LIMIT, **rule: Any) -> Study:  # noqa: ANN401 - keys of a rule
    return Study.model_validate(
        {
            "study": {"id": "S1", "title": "A study"},
            "data": {"standard": "edc"},
            "treatments": {"Drug": {"from": ["D"]}},
            "group": [{"name": "Drug", "treatment": "Drug"}],
            "rule": [{**base, **rule}],
        }
    )


def known(
    events: str = EVENTS,
    cutoff: str = "2020-01-31",
    exposure: str = EXPOSURE,
    adjudication: str = "subject | key | topic | decision",
) -> Frames:
    """What was known at a cut-off."""
    drawn = frame(events, COLUMNS).with_columns(onset_high=pl.col("onset_low"))
    decided = frame(adjudication, schema.ADJUDICATION)
    dosed = frame(exposure, schema.EXPOSURE)
    whole = Frames("closed", day("2020-12-31"), SUBJECTS, dosed, drawn, decided)
    return whole.known_by(day(cutoff))


def reason(new: Frames, old: Frames | None = None, **rule: Any) -> str:  # noqa: ANN401 - any key of a rule
    """What moved rule R, from what was known at the end of January."""
    return attribution.reasons(["R"], old or known(), new, study(**rule))["R"]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("002 | 2 | Nausea | 2020-02-10 | 2020-02-10", "happened since"),
        ("002 | 2 | Nausea | 2020-01-10 | 2020-02-05", "happened before, seen since"),
        ("003 | 1 | Nausea | 2020-02-25 | 2020-02-25", "a subject who has entered since"),
    ],
)
def test_a_record_that_was_not_known_is_new_data(row: str, why: str) -> None:
    assert reason(known(f"{EVENTS}{row}", "2020-02-28")) == "new data", why


def test_a_record_that_reads_differently_is_edited_history() -> None:
    assert reason(known(EVENTS.replace("Rash", "Nausea"), "2020-02-28")) == "edited history"


def test_a_record_that_is_gone_is_edited_history() -> None:
    before = known(EVENTS.replace("Rash", "Nausea"))
    assert reason(known(cutoff="2020-02-28"), before) == "edited history"
    without = "\n".join(EVENTS.splitlines()[:-2])
    assert reason(known(without, "2020-02-28"), before) == "edited history"


def test_an_adjudication_of_an_old_record_is_edited_history() -> None:
    decided = "subject | key | topic | decision\n002 | 1 | nausea | Y"
    assert reason(known(cutoff="2020-02-28", adjudication=decided)) == "edited history"


def test_a_treatment_recorded_anew_is_edited_history() -> None:
    """Both had nausea; the second was on nothing we know of until the listing was corrected."""
    events = EVENTS.replace("Rash", "Nausea")
    untreated = "\n".join(line for line in EXPOSURE.splitlines() if "002" not in line)
    before = known(events, exposure=untreated)
    assert reason(known(events, "2020-02-28"), before) == "edited history"


def test_a_limit_that_was_lowered_is_changed_definitions_whatever_else_came() -> None:
    new = known(f"{EVENTS}003 | 1 | Rash | 2020-02-25 | 2020-02-25", "2020-02-28")
    assert reason(new, limit=1) == "changed definitions"


def test_the_first_step_that_suffices_is_the_reason() -> None:
    """An edit makes the second subject, a new event the third: for a limit of 2 the edit did."""
    new = known(
        f"{EVENTS.replace('Rash', 'Nausea')}003 | 1 | Nausea | 2020-02-25 | 2020-02-25",
        "2020-02-28",
    )
    assert reason(new) == "edited history"
    assert reason(new, limit=3) == "new data"


def test_evidence_is_attributed_by_the_same_steps() -> None:
    """Two of two against 1% signal; the walk over the old data alone does not."""
    one = study(AGAINST)
    new = known(f"{EVENTS}002 | 2 | Nausea | 2020-02-10 | 2020-02-10", "2020-02-28")
    assert attribution.reasons(["R"], known(), new, one) == {"R": "new data"}
    edited = known(EVENTS.replace("Rash", "Nausea"), "2020-02-28")
    assert attribution.reasons(["R"], known(), edited, one) == {"R": "edited history"}


def verdict(
    verdict: Verdict, against: int = 0, text: str = "", reason: str | None = None
) -> pl.DataFrame:
    row = {"rule": "R", "verdict": verdict, "against": against, "text": text, "reason": reason}
    return pl.DataFrame([row], schema=schema.SIGNALS)


@pytest.mark.parametrize(
    ("then", "now", "turned", "why"),
    [
        (None, ("no signal",), True, "its first look"),
        (("no signal",), ("no signal",), False, "nothing happened"),
        (("no signal",), ("raised",), True, "raised"),
        (("raised",), ("open",), False, "open only follows raised"),
        (("open",), ("open",), False, "still open"),
        (("raised",), ("open", 1), True, "the first look that speaks against it"),
        (("open", 1), ("open", 2), False, "the second: it turned at the first"),
        (("open", 1), ("open", 0), True, "looks no longer speak against it"),
        (("open", 2), ("cleared",), False, "cleared follows looks against it: turned before"),
        (("raised",), ("cleared",), True, "cleared at once, where one look is enough"),
        (("cleared",), ("raised",), True, "raised again"),
        (("no events",), ("too little data",), True, "another verdict"),
        (("open",), ("open", 0, SWITCHED_OFF), True, "its rule was switched off"),
        (("open", 0, SWITCHED_OFF), ("open", 0, SWITCHED_OFF), False, "and still is"),
        (("open", 0, SWITCHED_OFF), ("open",), False, "switched on again, and over the limit"),
    ],
)
def test_which_rules_have_turned(
    then: tuple[Any, ...] | None, now: tuple[Any, ...], turned: bool, why: str
) -> None:
    before = verdict(*then) if then else pl.DataFrame(schema=schema.SIGNALS)
    assert attribution.moved(verdict(*now), before) == (["R"] if turned else []), why


@pytest.mark.parametrize(
    ("then", "now", "moved", "told"),
    [
        (("no signal",), ("raised",), {"R": "new data"}, "new data"),
        (("raised", 0, "", "new data"), ("open",), {}, None),
        (("raised",), ("open", 1), {"R": "edited history"}, "edited history"),
        (("open", 1, "", "edited history"), ("open", 2), {}, "edited history"),
        (("open", 1, "", "edited history"), ("cleared",), {}, "edited history"),
        (("open", 1, "", "edited history"), ("open",), {"R": "new data"}, "new data"),
        (("cleared", 0, "", "edited history"), ("cleared",), {}, None),
    ],
)
def test_the_reason_stands_with_the_look_that_turned_and_with_what_follows_from_it(
    then: tuple[Any, ...], now: tuple[Any, ...], moved: dict[str, str], told: str | None
) -> None:
    made = attribution.with_reasons(verdict(*now), moved, verdict(*then))
    assert made["reason"].item() == told


def look(rules: tuple[Rule, ...], state: State, before: pl.DataFrame, number: int) -> pl.DataFrame:
    """The verdicts of one look with their reasons, as a look of the product makes them."""
    found = {r.title: Finding(state, 1.0, 2.0, state) for r in rules if not r.off}
    made = detect(rules, found, before, number, clear_after=2).signals
    moved = dict.fromkeys(attribution.moved(made, before), f"look {number}")
    return attribution.with_reasons(made, moved, before)


def story(*steps: tuple[Study, State]) -> list[tuple[str, int, str | None]]:
    """(verdict, looks against it, reason) of rule R over successive looks."""
    told, before = [], pl.DataFrame(schema=schema.SIGNALS)
    for number, (made, state) in enumerate(steps, start=1):
        before = look(made.rule, state, before, number)
        told.append(before.select("verdict", "against", "reason").row(0))
    return told


def test_a_signal_that_wavers_is_told_look_by_look() -> None:
    on = study()
    states: list[State] = ["over", "under", "over", "under", "too little data", "under", "under"]
    assert story(*((on, state) for state in states)) == [
        ("raised", 0, "look 1"),
        ("open", 1, "look 2"),
        ("open", 0, "look 3"),  # speaks for it again
        ("open", 1, "look 4"),
        ("open", 0, "look 5"),  # cannot tell: does not count against it
        ("open", 1, "look 6"),
        ("cleared", 0, "look 6"),
    ]


def test_a_rule_that_is_switched_off_keeps_its_signal_and_is_told_once() -> None:
    on, off = study(), study(off=True)
    assert story((on, "over"), (on, "under"), (off, "over"), (off, "over"), (on, "over")) == [
        ("raised", 0, "look 1"),
        ("open", 1, "look 2"),
        ("open", 0, "look 3"),  # neither for nor against it: there is no rule
        ("open", 0, None),
        ("open", 0, None),
    ]


def test_a_rule_that_is_gone_was_moved_by_definitions() -> None:
    gone = study(name="Another")
    assert attribution.reasons(["R"], known(), known(), gone) == {"R": "changed definitions"}
