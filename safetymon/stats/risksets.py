"""Who was at risk on each day, by time since first dose and group: once a trial, for all its terms.

Each term then only takes out its own subjects who were already counted (``steps``).
"""

from typing import Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from safetymon.stats.inputs import BoolArray, FloatArray, IntArray, planned_subjects

Mode = Literal["weighted", "band"]

EDGES: Final = (0, 1, 3, 7, 14, 28, 56, 112, 224, 448)
"""First day of each band of time since first dose; the last band is open."""


class RiskTables(NamedTuple):
    """Counts a trial's terms share; row u is day ``origin + u``; bands nobody reaches are left out.

    Attributes:
        entry: first day at risk, (subjects,).
        dosed: day of first dose, from which bands are counted, (subjects,).
        last: last day at risk, (subjects,).
        treated: on treatment rather than in the reference group, (subjects,).
        origin: day of row 0.
        at_risk: subjects at risk at the start of the day, (days, 2, bands), reference then treated.
        person_days: pooled days at risk up to and including the day, (days, bands).
        exposed: blinded exposure so far, up to the window of each subject, (days,).
        planned: planned number of subjects.
        window: planned days at risk of each.
    """

    entry: IntArray
    dosed: IntArray
    last: IntArray
    treated: BoolArray
    origin: int
    at_risk: IntArray
    person_days: IntArray
    exposed: IntArray
    planned: int
    window: int

    @property
    def days(self) -> int:
        """Days tabulated."""
        return self.exposed.size

    def fraction(self, exposed: IntArray) -> FloatArray:
        """Share of the planned exposure, not capped at 1."""
        return exposed / (self.planned * self.window)


def risk_tables(
    entry: npt.ArrayLike,
    last: npt.ArrayLike,
    treated: npt.ArrayLike,
    *,
    planned: int,
    window: int,
    horizon: int | None = None,
    dosed: npt.ArrayLike | None = None,
) -> RiskTables:
    """Tabulate one trial's risk sets, ignoring events.

    Args:
        entry: first day at risk, (subjects,), whole days from 0 on any common origin.
        last: last day at risk (window end, switch, withdrawal or data cut), (subjects,).
        treated: true on treatment, false in the reference group, (subjects,).
        planned: planned number of subjects, both groups together.
        window: planned days at risk per subject.
        horizon: last day on which an event can be counted, if later than every ``last``.
        dosed: day of first dose where that is before ``entry``: a row that resumes after a time
            away. Its bands go on from the first dose, and its exposure was planned with the row
            that it resumes. Left out, every row begins with its first dose.

    Raises:
        ValueError: no subject, lengths differ, a day below 0, ``last`` before ``entry``, ``entry``
            before ``dosed``, planned or window below 1.
    """
    start, end = np.asarray(entry, np.int64), np.asarray(last, np.int64)
    begun = start if dosed is None else np.asarray(dosed, np.int64)
    arm = np.asarray(treated, np.bool_)
    _check_subjects(start, end, arm, planned, window)
    if begun.shape != start.shape or (start < begun).any():
        raise ValueError("a row is at risk before its first dose")
    origin = int(start.min())
    days = max(int(end.max()), origin if horizon is None else horizon) - origin + 2
    at_risk = _at_risk(begun - origin, start - origin, end - origin, arm, days)
    exposed = np.bincount((start - origin)[start == begun], minlength=days + window)
    exposed[window:] -= exposed[:-window].copy()
    return RiskTables(
        entry=start,
        dosed=begun,
        last=end,
        treated=arm,
        origin=origin,
        at_risk=at_risk,
        person_days=np.cumsum(at_risk.sum(axis=1), axis=0),
        exposed=np.cumsum(np.cumsum(exposed))[:days],
        planned=planned,
        window=window,
    )


def _check_subjects(
    entry: IntArray, last: IntArray, treated: BoolArray, planned: int, window: int
) -> None:
    if not entry.ndim == 1 or not entry.shape == last.shape == treated.shape:
        raise ValueError("entry, last and treated must be arrays of one length")
    if not entry.size:
        raise ValueError("no subject: risk sets need at least one")
    planned_subjects(planned)
    if window < 1:
        raise ValueError(f"window is {window}: give the planned days at risk, at least 1")
    if entry.min() < 0:
        raise ValueError("a first dose is before day 0: count days from the earliest or before")
    if (last < entry).any():
        row = int(np.flatnonzero(last < entry)[0])
        raise ValueError(f"row {row}: the last day at risk is before the first dose")


def band_of(since: IntArray) -> IntArray:
    """Band of a time since first dose."""
    band: IntArray = np.searchsorted(EDGES, since, side="right") - 1
    return band


def breaks(dosed: IntArray, since: IntArray, last: IntArray, bands: int) -> IntArray:
    """First day of each band, and the day after the last, within since..last; (n, bands + 1)."""
    edges = np.array([*EDGES[:bands], np.iinfo(np.int32).max])
    first: IntArray = dosed[:, None] + edges
    np.maximum(first, since[:, None], out=first)
    np.minimum(first, last[:, None] + 1, out=first)
    return first


def _at_risk(
    dosed: IntArray, entry: IntArray, last: IntArray, treated: BoolArray, days: int
) -> IntArray:
    """Subjects at risk by day, group and band: entered the band, less entered the next."""
    edges = int(band_of(last - dosed).max()) + 2
    day = breaks(dosed, entry, last, edges - 1)
    cell = (day * 2 + treated[:, None]) * edges + np.arange(edges)
    entered = np.bincount(cell.ravel(), minlength=days * 2 * edges)
    reached = np.cumsum(entered.reshape(days, 2, edges), axis=0)
    at_risk: IntArray = reached[..., :-1] - reached[..., 1:]
    return at_risk
