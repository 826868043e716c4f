"""Reads monitor.toml: which studies are served, when, within which limits, who is told.

folder = "service"              # what the service keeps, beside this file

[[study]]
file = "s1/study.toml"
schedule = "0 6 * * mon-fri"    # minute, hour, day of the month, month, day of the week
zone = "Europe/Berlin"
watch_seconds = 60              # also look when a new extract has been stable for so long
"""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, model_validator

from safetymon import cron, tomlfile
from safetymon.domain import Definition
from safetymon.errors import UsageError
from safetymon.schedule import Patience
from safetymon.service.settings import Health, Log, Notify

_KIND = "monitor file"


def _is_cron(text: str) -> str:
    cron.parsed(text)
    return text


def _is_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"'{name}' is not a time zone such as Europe/Berlin or UTC") from None
    return name


Positive = Annotated[int, Field(ge=1)]


class Limits(Definition):
    """`[look]`: what one look may take, and how often it is tried.

    A look is ended after `seconds`, or when it needs more than `memory_mb`; a failed one is tried
    `tries` times in all, `retry_minutes` apart. It is late `late_minutes` after it was due. At
    most `at_once` studies are looked at at the same time.
    """

    seconds: Positive = 1800
    memory_mb: Annotated[int, Field(ge=600)] = 4096
    tries: Positive = 3
    retry_minutes: Annotated[float, Field(gt=0)] = 10
    late_minutes: Annotated[float, Field(gt=0)] = 5
    at_once: Positive = 1

    @property
    def patience(self) -> Patience:
        """The same, as the schedule asks for it."""
        return Patience(
            self.tries, timedelta(minutes=self.retry_minutes), timedelta(minutes=self.late_minutes)
        )


class Served(Definition):
    """`[[study]]`: a study file, when looks at it are due, where its reports go.

    Without `schedule` it is looked at only when a new extract arrives, which needs `watch_seconds`.
    Reports older than `keep_reports_days` are removed after a look, but for the last one; the looks
    themselves are kept for ever.
    """

    file: Path
    schedule: Annotated[str, AfterValidator(_is_cron)] | None = None
    zone: Annotated[str, AfterValidator(_is_zone)] = "UTC"
    watch_seconds: Positive | None = None
    reports: Path | None = None
    keep_reports_days: Positive | None = None

    @model_validator(mode="after")
    def _is_ever_due(self) -> "Served":
        if self.schedule is None and self.watch_seconds is None:
            raise ValueError("is never looked at; give it a schedule, or watch_seconds")
        return self


class MonitorFile(Definition):
    """monitor.toml, validated; paths are absolute once it is loaded."""

    folder: Path = Path("service")
    look: Limits = Limits()
    study: Annotated[tuple[Served, ...], Field(min_length=1)]
    notify: Notify = Notify()
    health: Health = Health()
    log: Log = Log()

    def served(self, file: Path) -> Served:
        """The study of this file.

        Raises:
            UsageError: The monitor file does not name it.
        """
        for one in self.study:
            if one.file == file:
                return one
        raise UsageError(f"{file}: is no study of this monitor file")


def load(path: Path) -> MonitorFile:
    """The monitor file at `path`; relative paths in it are relative to its folder.

    Raises:
        UsageError: It cannot be read, is not TOML, or breaks a rule of its language.
    """
    raw = tomlfile.parsed(path, _KIND, "docs/operations.md shows one")
    settings = tomlfile.validated(raw, MonitorFile, path, _KIND)
    base = path.absolute().parent
    studies = tuple(_placed(one, base) for one in settings.study)
    files = [one.file for one in studies]
    for twice in {file for file in files if files.count(file) > 1}:
        raise UsageError(f"{path.name}: {twice.name} is named twice; name each study file once")
    return settings.model_copy(update={"folder": base / settings.folder, "study": studies})


def _placed(one: Served, base: Path) -> Served:
    paths: dict[str, Any] = {"file": (base / one.file).resolve()}
    if one.reports is not None:
        paths["reports"] = base / one.reports
    return one.model_copy(update=paths)
