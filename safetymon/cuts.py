"""What a look looks at: the listings of a study as read, and the data cut made of them."""

import hashlib
import logging
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import polars as pl

from safetymon import __version__, analysis, caveats, config, derive, listings
from safetymon.analysis import Frames
from safetymon.domain import EVENT_ROLE, Cut, Extract, InputFile, Listings
from safetymon.errors import DataRefusedError, UsageError
from safetymon.study import Study

log = logging.getLogger(__name__)

_EAST = timedelta(hours=14)
"""How far ahead of UTC a calendar can be: listings are dated by the calendars of their sites."""


class Source(NamedTuple):
    """A study file with its listings as read, as an extract, and cut off at a date.

    `until` is the latest date in the listings that does not lie in the future.
    """

    study: Study
    read: Listings
    extract: Extract
    cut: Cut
    until: date

    @property
    def rows(self) -> int:
        """Rows of all its listings."""
        return sum(file.rows for file in self.read.inputs)

    def frames(self) -> Frames:
        """The closed frames of listings no look has seen: events count from their entry date."""
        read, cutoff = self.read, self.cut.cutoff
        nothing = pl.DataFrame(schema={"subject": pl.String, "key": pl.String, "seen": pl.Date})
        events = derive.first_seen(read.events, nothing, None, cutoff)
        exposure = read.exposure.filter(pl.col("start") <= cutoff)
        known = analysis.known_by(events, cutoff)
        return Frames("closed", cutoff, read.subjects, exposure, known, read.adjudication)

    def events_file(self) -> InputFile:
        """The file that lists the adverse events."""
        role = EVENT_ROLE[self.study.data.standard]
        return next(i for i in self.read.inputs if i.role == role)


def source(study_file: Path, now: datetime, asked: date | None = None) -> Source:
    """Reads a study file and its data, as of a cut-off (none: as the study file says).

    Raises:
        UsageError: The study file is wrong.
        DataRefusedError: The data cannot be trusted as a whole.
    """
    study = config.load(study_file)
    read = listings.read(study, study_file.parent)
    for file in read.inputs:
        log.info("read %s: %d rows, %d rejected", file.path, file.rows, file.rejected)
    extract, today = _extract(study, read), (now.astimezone(UTC) + _EAST).date()
    read = read._replace(findings=(*read.findings, *caveats.future(read.recorded, today)))
    until = caveats.latest_date(read.recorded, today)
    setting = asked or study.data.cutoff
    cutoff = until if setting == "latest" else _begun(setting, today)
    made = Source(study, read, extract, _cut(read, extract, cutoff), until)
    _refuse_unreadable_events(made.events_file())
    return made


def _extract(study: Study, read: Listings) -> Extract:
    """The same files read the same way by the same version are the same extract."""
    reading = study.model_dump_json(
        include={"data": True, "treatments": True, "periods": True},
        exclude={"data": {"folder", "files", "cutoff"}},
    )
    files = [f"{i.role} {i.sha256}" for i in read.inputs]
    return Extract(_hash(__version__, reading, *sorted(files)), reading)


def _begun(cutoff: date, today: date) -> date:
    """A cut-off that is not in the future: nobody was at risk on days to come."""
    if cutoff > today:
        raise UsageError(
            f"cut-off {cutoff}: lies in the future; choose a date up to {today}, or 'latest'"
        )
    return cutoff


def _cut(read: Listings, extract: Extract, cutoff: date) -> Cut:
    first = read.exposure["start"].min()
    if isinstance(first, date) and first > cutoff:
        raise DataRefusedError(
            f"cut-off {cutoff}: nobody had been treated by then (first treatment {first}); "
            "choose a later cut-off"
        )
    return Cut(_hash(extract.id, cutoff.isoformat()), cutoff, read.inputs)


def _hash(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _refuse_unreadable_events(events: InputFile) -> None:
    if events.rows and not events.accepted:
        raise DataRefusedError(
            f"{events.path}: none of its {events.rows} rows could be accepted; "
            "see `safetymon check`, and correct the listing or the study file"
        )
