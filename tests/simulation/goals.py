"""The goals, one name each: what the methods promise over a whole trial, looked at every night."""

from typing import Final

from tests.simulation.rows import Goal

STANDARD: Final = Goal("ECL, false signals, standard set", 0.060)
STRESS: Final = Goal("ECL, false signals, stress set", 0.070)
BAND: Final = Goal("ECL by band, false signals, both sets", 0.055)
LAG: Final = Goal("ECL, false signals, equal reporting lag of 56 days on average", 0.060)
EVIDENCE: Final = Goal("Evidence ever reaches 20 without harm", 0.050)
POWER: Final = Goal("ECL, power less that of the oracle", -0.05, at_least=True)
TIME: Final = Goal("ECL, restricted mean time to the flag over the oracle's", 1.30)
MEDIAN_TIME: Final = Goal("The same, median of the scenarios", 1.10)
DOSED: Final = Goal("One group, `dosed`, false signals", 0.050)
MATURED: Final = Goal("One group, `matured`, false signals", 0.050)
KM: Final = Goal("One group, `km` with least share 0.1 (what the product uses)", 0.070)
KM_AS_WRITTEN: Final = Goal("One group, `km`, the formula as it stands", 0.070)
SIX_OF_95: Final = Goal("6 events in 95 against 1% flag: events needed", 6)
SIX_OF_95_POWER: Final = Goal("The same boundary, power at a true 6.3%", 0.85, at_least=True)
FDR_10: Final = Goal("200 terms, ever-flagged false discovery rate, q = 0.10", 0.05)
FDR_20: Final = Goal("200 terms, ever-flagged false discovery rate, q = 0.20", 0.10)
FALSE_FLAGS: Final = Goal("200 terms, false flags a trial, q = 0.10", 0.5)
SAME_DAY: Final = Goal("Trials whose first-signal day depends on the looks", 0)
MAXSPRT: Final = Goal("MaxSPRT Poisson critical values, largest difference", 1e-6)

ALL: Final = (
    STANDARD, STRESS, BAND, EVIDENCE, POWER, TIME, MEDIAN_TIME,
    DOSED, MATURED, KM, KM_AS_WRITTEN, SIX_OF_95, SIX_OF_95_POWER,
    FDR_10, FDR_20, FALSE_FLAGS, LAG, SAME_DAY, MAXSPRT,
)  # fmt: skip
