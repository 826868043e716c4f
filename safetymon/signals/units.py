"""Who a rule weighs: one unit a subject and stay, with the day its first event was first seen."""

from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from safetymon.schema import COUNTS
from safetymon.signals.evidence import IntArray, Units
from safetymon.signals.spans import First, Happened, Spans, spans
from safetymon.stats.steps import Left
from safetymon.study import Rule


@dataclass(frozen=True, slots=True)
class People:
    """Everybody who can be weighed, and what happened to them: read once for all rules.

    `members` is one row a group, ledger row and time at risk (`derive.courses`); `occurrences` one
    row an event and term (`derive.occurrences`).
    """

    members: pl.DataFrame
    occurrences: pl.DataFrame
    _spans: dict[tuple[str, str | None], Spans] = field(default_factory=dict)
    _topics: dict[tuple[object, ...], pl.DataFrame] = field(default_factory=dict)

    def spans(self, group: str, reference: str | None = None) -> Spans:
        """The times at risk of a group, and of its reference if there is one."""
        if (group, reference) not in self._spans:
            self._spans[group, reference] = spans(self.members, group, reference)
        return self._spans[group, reference]

    def everyone(self, group: str, reference: str | None = None) -> Units:
        """The units of a group, and of its reference if there is one, before any event."""
        none = Happened(*(np.empty(0, np.int64) for _ in Happened._fields))
        made = self.spans(group, reference)
        return alone(made, none) if reference is None else compared(made, none)

    def counted(self, rule: Rule) -> Happened:
        """The occurrences that count for a rule: of its topic, estimand and adjudication."""
        if not self._topics:
            topics = self.occurrences.filter(level="topic")
            self._topics.update(topics.partition_by("term", "adjudicated", as_dict=True))
            self._topics[()] = topics.clear()
        of_topic = self._topics.get((rule.topic, rule.adjudicated), self._topics[()])
        return happened(of_topic.filter(COUNTS[rule.estimand]))


def happened(occurrences: pl.DataFrame) -> Happened:
    """Occurrences as arrays."""
    days = occurrences.select("row", pl.col("onset", "seen").to_physical().cast(pl.Int64))
    return Happened(*(days[name].to_numpy() for name in ("row", "onset", "seen")))


def compared(made: Spans, events: Happened) -> Units:
    """The units of a group beside its reference: one a subject's unbroken time on either side.

    A switch ends a unit, and a return begins another. A subject is counted once, for the event
    that was seen first on either side (of two seen on one day, that of the earlier stay). A unit
    that begins on or after that day is left out; one that would go on ends there.
    """
    first = made.firsts(events)
    event, onset = _none(made.entry), _none(made.entry)
    event[first.unit], onset[first.unit] = first.seen, first.onset
    last, inside = made.last.copy(), np.ones(made.entry.size, np.bool_)
    place, other = made.others(first)
    last[other] = np.minimum(last[other], first.seen[place])
    inside[other] = made.entry[other] < first.seen[place]
    return _ordered(made, np.flatnonzero(inside), made.entry, last, event, onset)


def left(made: Spans, first: First) -> Left:
    """The units that leave the risk sets of a term because their subject was counted in another.

    The same rule as in `compared`, for many terms that share one table of risk sets.
    """
    place, other = made.others(first)
    seen, entry = first.seen[place], made.entry[other]
    goes = made.last[other] > seen
    since = np.where(entry < seen, seen + 1, entry)
    goes |= entry >= seen
    return Left(first.term[place][goes], other[goes], since[goes])


def alone(made: Spans, events: Happened, window: int | None = None) -> Units:
    """The units of one group: one a subject, with the times between as `away`.

    Events count that begin within `window` days of the first dose; none: without end.
    """
    first = made.firsts(events, window=window)
    who, subjects = made.subject, np.arange(len(made.names))
    begin = np.searchsorted(who, subjects)
    end = np.searchsorted(who, subjects, side="right") - 1
    event, onset = _none(who), _none(who)
    event[begin[who[first.unit]]], onset[begin[who[first.unit]]] = first.seen, first.onset
    units = _ordered(made, begin, made.entry, made.last[end][who], event, onset)
    resumed = np.delete(np.arange(who.size), begin)
    if not resumed.size:
        return units
    place = np.argsort(np.lexsort((subjects, made.entry[begin])))[who[resumed]]
    away = np.column_stack([place, made.last[resumed - 1] + 1, made.entry[resumed] - 1])
    return replace(units, away=away[np.lexsort((away[:, 1], place))])


def _none(like: IntArray) -> IntArray:
    return np.full(like.size, -1, np.int64)


def _ordered(
    made: Spans, kept: IntArray, entry: IntArray, last: IntArray, event: IntArray, onset: IntArray
) -> Units:
    """The units at `kept` of the arrays, by entry and subject."""
    kept = kept[np.lexsort((made.subject[kept], entry[kept]))]
    return Units(
        subject=tuple(made.names[i] for i in made.subject[kept].tolist()),
        entry=entry[kept],
        last=last[kept],
        event=event[kept],
        treated=made.treated[kept],
        onset=onset[kept],
        dosed=made.dosed[kept],
    )
