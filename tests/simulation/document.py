"""The page of simulated figures: the goals, every scenario, the common rules, what falls short."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from tests.simulation import exact, goals
from tests.simulation.rows import Row, verdict
from tests.simulation.screening import LEVELS
from tests.simulation.tables import at_a_glance, bound, by_measure, listed, pivot
from tests.simulation.two_group_scenarios import LAG_AND_DROPOUT, UNEQUAL_LAG

TWO_GROUPS: Final = (
    "ECL", "ECL band", "e-process >= 20",
    "Fisher nightly", "posterior nightly", "log-rank z nightly", "MaxSPRT nightly",
)  # fmt: skip
HARM: Final = (
    "ECL", "e-process >= 20", "Fisher calibrated", "posterior calibrated",
    "log-rank z calibrated", "MaxSPRT calibrated",
)  # fmt: skip
ONE_GROUP: Final = (
    "boundary, dosed", "boundary, matured", "boundary, km, least share 0.1",
    "e-value >= 20, dosed", "Poisson e-value >= 20", "MaxSPRT Poisson",
    "naive exact test, dosed", "naive z-score >= 1.645, dosed",
    "naive Beta(1,1) posterior >= 0.95, dosed", "boundary, events + completers",
)  # fmt: skip
DENOMINATORS: Final = (
    "boundary, km", "boundary, km, least share 0.1", "boundary, dosed", "boundary, matured",
)  # fmt: skip

HEAD: Final = """\
# What the methods do over a whole trial, simulated

Written by `{command}` on {date},
with {versions}.
Do not edit: `make simulate` writes it anew; the same command and versions give the same figures.

- **False signal**: the share of simulated trials without harm in which a rule signals at least
  once, looked at every night from the first subject to the last.
- **Error**: the Monte-Carlo standard error of the figure. **Met**: the figure is on the right side
  of its goal; *within 3 errors*: it is not, by no more than chance explains; **NOT MET**: by more.
- **Two groups**: entry over 540 days, 180 days at risk from the first dose, 10% dropout by then in
  each group, one-sided alpha 0.05. Risks are those of the reference within the 180 days without
  dropout; *falling* is a Weibull hazard of shape 0.4; what differs by group is given as treatment v
  reference. **One group**: entry over 300 days (*fast*: 60 or 100), a window of
  84 days, 10% dropout.
- Costs are measured by `make bench`, not here."""

GLANCE: Final = """\
The worst figure of every goal; all of them are in the next section. The oracle is the best of four
rules with a limit chosen, knowing the true rate, so that it signals falsely in 5% of trials; every
scenario with harm has at least 20 first events expected without it."""

NAIVE: Final = """\
The same trials, judged by what is commonly done: Fisher's test and the Beta(1,1) posterior at 5%
one-sided and a log-rank z-score of 1.645 on calendar risk sets, every night; and MaxSPRT with its
exact limit, which takes the randomised share of events (two groups) or a constant hazard (one
group) for known, and holds as long as that is so."""

CALIBRATED: Final = """\
*Calibrated*: the limit was chosen by simulation at the true rate, which nobody knows in a trial, to
signal falsely in 5% of trials. Days count from the first possible entry; a trial without a flag
counts with its last day."""

UNEQUAL: Final = """\
A reporting lag that differs by group breaks every method: events of the group that reports faster
look like an excess. The goals do not cover it; the closed report shows the lag by arm beside every
flag. In the reverse direction there are few false signals, and harm is found late."""

DROPOUT: Final = """\
An equal lag together with unequal dropout: events of subjects who have left still arrive, but are
weighed against those who are still there. Where treatment loses more subjects, ECL signals falsely
more often than it promises."""

KM: Final = """\
The denominator `km` as its formula stands breaks its goal in large groups, and most where entry is
about as quick as the window is long: a late event among the few who are followed that far shrinks
everyone's weight. The product carries the curve forward from where at least a tenth of the subjects
were followed to."""

SCREEN: Final = """\
The screen keeps its false flags low, and pays with power: a term with treble the hazard is often
missed, above all a rare one. A screen finds what is worth a rule of its own; it clears nothing."""

RARE: Final = """\
Rare events: fewer than five first events, all on treatment, can never make ECL signal. Its false
signals near 0 at 5% of 95 or 0.5% of 500 subjects are a want of power too; the rules for one group
are meant for such topics."""


class Made(NamedTuple):
    """How the page was made."""

    command: str
    date: str
    versions: str


def document(rows: Sequence[Row], made: Made) -> str:
    """The page, in Markdown."""
    parts = [
        HEAD.format(**made._asdict()),
        *("## The goals", GLANCE, at_a_glance(rows, goals.ALL)),
        *("## Every figure with a goal", *every(rows)),
        *("## Beside what is commonly done", NAIVE, *beside(rows)),
        *("## Known to fall short", *short(rows)),
    ]
    return "\n\n".join(parts) + "\n"


def every(rows: Sequence[Row]) -> list[str]:
    return [
        f"### {goal.name}: {bound(goal)}\n\n{listed(row for row in rows if row.goal == goal)}"
        for goal in goals.ALL
    ]


def beside(rows: Sequence[Row]) -> list[str]:
    return [
        "### Two groups without harm: false signals",
        pivot(rows, "two groups", "false signal", TWO_GROUPS),
        "### Two groups with harm: power and mean days to the flag",
        CALIBRATED,
        pivot(rows, "two groups", "power", HARM),
        pivot(rows, "two groups", "mean days to flag", HARM),
        "### One group at the background: false signals",
        pivot(rows, "one group", "false signal", ONE_GROUP),
        "### One group with harm: power",
        "The power of a rule that signals without harm is no merit.",
        pivot(rows, "one group", "power", ONE_GROUP),
        "Six events among the 95, exactly:",
        listed(row for row in rows if row.scenario == exact.SIX_OF_95),
        "### 200 terms at once",
        f"{of_screen(rows)[0].scenario}, {of_screen(rows)[0].trials} trials.",
        by_measure(rows, "200 terms"),
    ]


def short(rows: Sequence[Row]) -> list[str]:
    unequal = [scenario.name for scenario in UNEQUAL_LAG]
    dropout = [scenario.name for scenario in LAG_AND_DROPOUT]
    return [
        UNEQUAL,
        pivot(rows, "two groups", "false signal", TWO_GROUPS, unequal),
        DROPOUT,
        pivot(rows, "two groups", "false signal", TWO_GROUPS, dropout),
        KM,
        pivot(rows, "one group", "false signal", DENOMINATORS),
        SCREEN,
        listed(row for row in of_screen(rows) if is_screen_power(row)),
        RARE,
        *beyond(rows),
    ]


def of_screen(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row.design == "200 terms"]


def is_screen_power(row: Row) -> bool:
    return row.measure == "power a term" and row.rule in LEVELS


def beyond(rows: Sequence[Row]) -> list[str]:
    """Every figure on the wrong side of its goal, other than those of `km` as written."""
    found = [
        row for row in rows if verdict(row) not in ("", "met") and row.goal != goals.KM_AS_WRITTEN
    ]
    if not found:
        return ["Every other figure is on the right side of its goal."]
    return ["Other figures on the wrong side of their goal:", listed(found)]
