"""What can go wrong, for whom, and the exit code that says so.

Every message is one plain line: file, row or key, what is wrong, what to do. It never holds a
patient identifier, because it may be mailed, logged or pasted into a ticket.
"""

from typing import ClassVar


class SafetymonError(Exception):
    """An error whose message is written for the person who runs safetymon."""

    exit_code: ClassVar[int] = 1


class UsageError(SafetymonError):
    """Wrong usage or a wrong study file: nothing was read, nothing was stored."""

    exit_code: ClassVar[int] = 2


class DataRefusedError(SafetymonError):
    """The data cannot be trusted as a whole: nothing was stored, nothing was written."""

    exit_code: ClassVar[int] = 3


class StudyBusyError(SafetymonError):
    """Another process holds the study."""

    exit_code: ClassVar[int] = 4


NEW_SIGNAL_EXIT_CODE = 10
"""`run --fail-on-signal`: the look is complete, and a signal is newly raised."""
