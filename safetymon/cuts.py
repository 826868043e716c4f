"""What a look looks at: the listings of a study as read, and the data cut made of them."""

import hashlib
import logging
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import polars as pl

from safetymon import __version__, analysis, config, derive, listings
from safetymon.analysis import Frames
from safetymon.domain import EVENT_ROLE, Cut, Extract, InputFile, Listings
from safetymon.errors import DataRefusedError
from safetymon.study import Study

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Source:
    """A study file with its listings as read, as an extract, and cut off at a date.

    `until` is the latest date in the listings that does not lie in the future.
    """

    study: Study
    read: Listings
    extract: Extract
    cut: Cut
    until: date

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
    extract = _extract(study, read)
    # A mistyped date in the future must not carry the cut-off with it.
    until = min(derive.latest_date(read), now.date())
    made = Source(study, read, extract, _cut(study, read, extract, asked, until), until)
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


def _cut(study: Study, read: Listings, extract: Extract, asked: date | None, until: date) -> Cut:
    setting = asked or study.data.cutoff
    cutoff = until if setting == "latest" else setting
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
