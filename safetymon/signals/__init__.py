"""Rules as data -> one verdict a rule, and what became of it since the look before."""

from safetymon.signals.detect import detect

__all__ = ["detect"]
