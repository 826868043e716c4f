"""Rules as data -> one verdict a rule, and what became of it since the look before."""

from safetymon.signals.defaults import effective, unwatched
from safetymon.signals.detect import Detected, Numbers, detect, find, refuse_small_plans, states
from safetymon.signals.transitions import State

__all__ = [
    "Detected",
    "Numbers",
    "State",
    "detect",
    "effective",
    "find",
    "refuse_small_plans",
    "states",
    "unwatched",
]
