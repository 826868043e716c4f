"""The `[notify]`, `[health]` and `[log]` tables of monitor.toml, as frozen values.

No URL stands in monitor.toml: the URL of a mailbox or a chat holds its password, so the file names
the environment variable, or the file readable by its owner, that holds it.
"""

import ipaddress
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from safetymon.domain import Definition

OperationsKind = Literal["look made", "failed", "late", "data stale"]


def _name_of_a_variable(name: str) -> str:
    if "://" in name:
        raise ValueError(
            "holds a URL, which may hold a password; put the URL into an environment variable "
            "and write the variable's name here"
        )
    if not name.isidentifier() or not name.isascii():
        raise ValueError("is not the name of an environment variable")
    return name


def _absolute(path: Path) -> Path:
    if ":/" in str(path):  # a Path folds the second slash
        raise ValueError("holds a URL; write the path of a file that holds it")
    if not path.is_absolute():
        raise ValueError("must be an absolute path, such as /etc/safetymon/board.urls")
    return path


Variable = Annotated[str, AfterValidator(_name_of_a_variable)]
SecretFile = Annotated[Path, AfterValidator(_absolute)]


class Channel(Definition):
    """Where the notices of one audience go.

    `environment` names environment variables that hold one Apprise URL each; `file` is a file of
    such URLs, one a line, `#` for comments. Both empty: the audience gets no notices.
    """

    environment: tuple[Variable, ...] = ()
    file: SecretFile | None = None


class Operations(Channel):
    """`[notify.operations]`: `about` narrows what operations wants to be told of."""

    about: tuple[OperationsKind, ...] = ("look made", "failed", "late", "data stale")


class Notify(Definition):
    """`[notify]`: two audiences, configured apart."""

    board: Channel = Channel()
    operations: Operations = Operations()


class Health(Definition):
    """`[health]`: the HTTP port for probes and metrics, and the dead-man's switch.

    Without `port` nothing listens. `stalled_after_s` is the age in seconds of the last tick at
    which the service counts as stuck. `ping_environment` names the environment variable that holds
    the URL to ping after every healthy tick, at most once in `ping_every_s` seconds.
    """

    host: str = "127.0.0.1"
    beyond_loopback: bool = False
    port: Annotated[int, Field(ge=0, le=65535)] | None = None
    stalled_after_s: Annotated[int, Field(ge=1)] = 120
    ping_environment: Variable | None = None
    ping_every_s: Annotated[int, Field(ge=1)] = 60

    @model_validator(mode="after")
    def _stays_on_this_machine(self) -> "Health":
        if not (self.beyond_loopback or _is_loopback(self.host)):
            raise ValueError(
                "host is not this machine's loopback (127.0.0.1, ::1); the port has no password, "
                "so say beyond_loopback = true if a firewall guards it"
            )
        return self


class Log(Definition):
    """`[log]`: lines on standard error, plain for people or JSON for a collector."""

    format: Literal["plain", "json"] = "plain"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
