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


class StorageError(SafetymonError):
    """The disk refused: full, read-only, unreadable. What was stored before stands."""

    exit_code: ClassVar[int] = 3

    @classmethod
    def of(cls, path: object, error: OSError) -> "StorageError":
        """The refusal of `path` in words."""
        why = error.strerror or type(error).__name__
        return cls(
            f"{path}: cannot be read or written ({why}); see to the disk and its permissions, "
            "then run it again: what was stored before stands"
        )


class StudyBusyError(SafetymonError):
    """Another process holds the study."""

    exit_code: ClassVar[int] = 4


def is_panic(error: BaseException) -> bool:
    """Whether a library written in Rust panicked; each has a class of its own, and no Exception."""
    return type(error).__name__ == "PanicException"


NEW_SIGNAL_EXIT_CODE = 10
"""`run --fail-on-signal`: the look is complete, and a signal is newly raised."""
