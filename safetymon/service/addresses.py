"""Where an audience's notices go: the URLs behind the names in monitor.toml, kept out of sight."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from safetymon.errors import UsageError
from safetymon.service.notice import Audience
from safetymon.service.settings import Channel

EVERYONE_READS = 0o004


@dataclass(frozen=True, slots=True)
class Address:
    """One target. `name` may be said anywhere; `url` may hold a password and is never printed."""

    name: str
    url: str = field(repr=False)


def of(audience: Audience, channel: Channel, environ: Mapping[str, str]) -> tuple[Address, ...]:
    """The audience's targets.

    Raises:
        UsageError: A variable is not set, or a file cannot be read or is readable by everyone.
    """
    here = f"notify.{audience}"
    return (
        *(Address(name, variable(name, here, environ)) for name in channel.environment),
        *(_in_file(channel.file, here) if channel.file else ()),
    )


def variable(name: str, here: str, environ: Mapping[str, str]) -> str:
    """The value of an environment variable that monitor.toml names at `here`."""
    value = environ.get(name, "").strip()
    if not value:
        raise UsageError(f"monitor file: {here}: the environment variable {name} is not set")
    return value


def _in_file(path: Path, here: str) -> Iterator[Address]:
    try:
        everyone = path.stat().st_mode & EVERYONE_READS
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: {here}.file cannot be read ({type(error).__name__})") from None
    if everyone:
        raise UsageError(f"{path}: holds secrets and everyone can read it; run: chmod o-r {path}")
    for number, line in enumerate(lines, start=1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield Address(f"{path.name}:{number}", line.strip())
