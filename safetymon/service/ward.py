"""One study in the service's care: where it is, when to attend to it, what it waits for."""

from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from threading import Event

from safetymon import tomlfile
from safetymon.errors import UsageError
from safetymon.service.monitor_file import Served
from safetymon.service.reply import Reply
from safetymon.service.watch import Watch, data_folder


@dataclass(slots=True)
class Ward:
    """One study and how it stands.

    `wake` is when to attend to it; None: when something arrives. `failing` is the first due time
    of a row of failures that could not be put on record.
    """

    served: Served
    name: str
    wake: datetime | None
    known: bool = False
    watch: Watch | None = None
    tried: str | None = None
    code: int = 0
    busy_since: datetime | None = None
    failing: datetime | None = None
    running: "Future[Reply] | None" = None

    @property
    def arrived(self) -> str | None:
        """The fingerprint of an extract that is stable and has not been tried."""
        new = self.watch.arrived if self.watch else None
        return new if new != self.tried else None

    @property
    def waits(self) -> bool:
        """Whether it waits for another process, or for an extract to become stable."""
        return self.busy_since is not None or (self.watch is not None and self.watch.changing)

    def wants(self, now: datetime) -> bool:
        """Whether it is worth asking what is due."""
        return (self.wake is not None and now >= self.wake) or self.arrived is not None

    def introduce(self, until: Event) -> None:
        """Learns the study's id and begins to watch its folder, once its file can be read."""
        if self.known:
            return
        try:
            raw = tomlfile.parsed(self.served.file, "study file", "")
            name, folder = str(raw["study"]["id"]), str(raw["data"].get("folder", "."))
        except (UsageError, KeyError, TypeError, AttributeError):
            return  # attending to it says what is wrong, and to whom
        self.name, self.known = name, True
        if self.served.watch_seconds is not None:
            self.watch = Watch(data_folder(self.served.file, folder), self.served.watch_seconds)
            self.watch.keep_watching(until)


def ward(served: Served, now: datetime) -> Ward:
    """A study that has yet to be attended to; until its file is read it is called by its folder."""
    return Ward(served, served.file.parent.name or served.file.name, now)
