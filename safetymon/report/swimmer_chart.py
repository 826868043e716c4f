"""The gravest events of each subject on its time line. Pure; for the closed report only.

As in `charts`, texts of the data stand in data sets and titles only, never in an expression.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Final, NamedTuple

import altair as alt

from safetymon.domain import Cases
from safetymon.report import marks, wording
from safetymon.report.marks import Looks, Spec
from safetymon.report.wording import Row

MOST_SUBJECTS: Final = 60
"""Subjects drawn; the others are in the listing, and the chart says how many they are."""
TOPIC: Final = "thromboembolism"
BOTH, ONE, OTHER = "thromboembolic and serious", "thromboembolic", "serious"
KINDS: Final = (BOTH, ONE, OTHER)
TIPS: Final = ("subject", "label", "kind", "day")


class Swimmer(NamedTuple):
    """The chart, and how many subjects it leaves to the listing."""

    spec: Spec
    left_out: int


def swimmer(cases: Cases, treatments: Sequence[str], cutoff: date) -> Swimmer | None:
    """A line a subject with a serious or thromboembolic emergent event; None: there is none.

    Subjects with a thromboembolic event stand first, then those with most serious events. An
    unrecorded seriousness counts as the study file says. `treatments` are all that were taken, in
    their order (`view.treatments`), so that each looks the same everywhere.
    """
    grave = _grave(cases)
    if not grave:
        return None
    order = sorted(grave, key=lambda subject: _gravest_first(subject, grave[subject]))
    shown = {subject: rank for rank, subject in enumerate(order[:MOST_SUBJECTS])}
    events = [_event(row, kind, shown) for subject in shown for row, kind in grave[subject]]
    episodes = _episodes(cases, shown)
    left_out = len(order) - len(shown)
    return Swimmer(
        _spec(episodes, events, _looks(episodes, treatments), len(order), cutoff), left_out
    )


def _looks(episodes: list[Spec], treatments: Sequence[str]) -> Looks:
    """The treatments shown, each as it looks everywhere."""
    taken = {row["label"] for row in episodes}
    shown = {name: place for place, name in enumerate(treatments) if name in taken}
    return Looks(list(shown), list(shown.values()))


def _lane(subject: str, shown: dict[str, int]) -> dict[str, str]:
    """The subject, and its line: numbered, so that lines are in order of their names."""
    return {"subject": subject, "lane": f"{shown[subject]:03d} {subject}"}


def _grave(cases: Cases) -> dict[str, list[tuple[Row, str]]]:
    """Subject -> its grave events, and what makes each grave."""
    columns = ("subject", "pt", "study_day", "serious", "topics")
    found: dict[str, list[tuple[Row, str]]] = defaultdict(list)
    for row in cases.listing.filter("emergent").select(columns).rows(named=True):
        serious = cases.conservative if row["serious"] is None else row["serious"]
        topical = TOPIC in row["topics"]
        if serious or topical:
            kind = OTHER if not topical else BOTH if serious else ONE
            found[row["subject"]].append((row, kind))
    return found


def _gravest_first(subject: str, events: list[tuple[Row, str]]) -> tuple[bool, int, str]:
    kinds = [kind for _, kind in events]
    return kinds.count(OTHER) == len(kinds), -len(kinds) + kinds.count(ONE), subject


def _event(row: Row, kind: str, shown: dict[str, int]) -> Spec:
    return {
        **_lane(row["subject"], shown),
        "label": row["pt"],
        "kind": kind,
        "x": row["study_day"],
        "day": f"{row['study_day']:,}",
    }


def _episodes(cases: Cases, shown: dict[str, int]) -> list[Spec]:
    """One row an episode of treatment, in days from the subject's first dose (day 1)."""
    columns = ("subject", "treatment", "start", "last_dose")
    rows = [row for row in cases.ledger.select(columns).rows() if row[0] in shown]
    first: dict[str, date] = {}
    for subject, _, start, _ in rows:
        first[subject] = min(start, first.get(subject, start))
    return [
        {
            **_lane(subject, shown), "label": treatment, "kind": "treatment",
            "x": (start - first[subject]).days + 1, "end": (last - first[subject]).days + 2,
            "day": f"{(start - first[subject]).days + 1:,} to {(last - first[subject]).days + 1:,}",
        }
        for subject, treatment, start, last in rows
    ]  # fmt: skip


def _spec(
    episodes: list[Spec], events: list[Spec], looks: Looks, subjects: int, cutoff: date
) -> Spec:
    day = wording.day(cutoff)
    faint = marks.when_chosen("subject")
    shared = marks.layer([_bars(looks), _points()], y=_lanes(), opacity=faint)
    drawn = min(subjects, MOST_SUBJECTS)
    title = alt.TitleParams(
        text="Thromboembolic and serious events, subject by subject",
        subtitle=[
            f"{drawn:,} of {wording.plural(subjects, 'subject')} with such an emergent event",
            f"data up to {day}",
        ],
    )
    about = (
        "Thromboembolic and serious events of each subject who had one, on its days since the "
        f"first dose, with its treatment; data up to {day}"
    )
    spec = marks.chart(events, [shared], title, about)
    spec["datasets"]["episodes"] = episodes
    return spec | {
        "height": {"step": 16},
        "params": marks.parameters(),
        "resolve": {"scale": {"color": "independent"}},
    }


def _lanes() -> alt.Y:
    axis = alt.Axis(
        ticks=False, domain=False, labelPadding=6, labelLimit=120, grid=True,
        labelExpr="slice(datum.value, 4)",
    )  # fmt: skip
    return alt.Y(field="lane", type="nominal", title=None, axis=axis)


def _bars(looks: Looks) -> alt.UnitSpec:
    return alt.UnitSpec(
        data=alt.NamedData(name="episodes"),
        mark=alt.MarkDef(type="bar", height=7),
        encoding=alt.Encoding(
            x=alt.X(field="x", type="quantitative", title="Day since the first dose"),
            x2=alt.X2(field="end"),
            color=looks.colour(),
            tooltip=marks.tooltip(TIPS, label="Treatment"),
        ),
    )


def _points() -> alt.UnitSpec:
    """Shape tells the kind; black with a white rim stands out on any bar, on any page."""
    shapes = alt.Scale(domain=list(KINDS), range=["diamond", "triangle-up", "circle"])
    return alt.UnitSpec(
        mark=alt.MarkDef(
            type="point", filled=True, size=90, color="#000000", stroke="#ffffff", strokeWidth=1
        ),
        encoding=alt.Encoding(
            x=alt.X(field="x", type="quantitative"),
            shape=alt.Shape(field="kind", type="nominal", title=None, scale=shapes),
            tooltip=marks.tooltip(TIPS, label="Preferred term"),
        ),
    )
