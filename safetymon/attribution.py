"""What moved a verdict since the look before: recomputed in steps, not guessed.

The old data are looked at under the new definitions; then with the old records as they read now;
then with everything. The first step at which the rule finds what it finds today is the reason.
"""

from collections.abc import Mapping
from typing import Any

import polars as pl

from safetymon import analysis
from safetymon.analysis import Frames
from safetymon.signals.detect import SWITCHED_OFF
from safetymon.study import Study

DEFINITIONS, EDITED, NEW = "changed definitions", "edited history", "new data"


def moved(verdicts: pl.DataFrame, before: pl.DataFrame) -> list[str]:
    """The rules that turned at this look: another verdict, or a signal's looks that now differ.

    Open follows raised, and cleared follows looks that spoke against it: those turned before. A
    standing signal turns when a look first speaks against it, when looks stop doing so, and when
    its rule is switched off.
    """
    then = {row["rule"]: row for row in before.to_dicts()}
    return [row["rule"] for row in verdicts.to_dicts() if _turned(row, then.get(row["rule"]))]


def _turned(now: Mapping[str, Any], then: Mapping[str, Any] | None) -> bool:
    if then is None:
        return True
    if now["text"] == SWITCHED_OFF:
        return bool(then["text"] != SWITCHED_OFF)
    if now["verdict"] == "open":
        return bool(now["against"]) != bool(then["against"])
    return bool(now["verdict"] != then["verdict"] and not then["against"])


def reasons(rules: list[str], old: Frames, new: Frames, study: Study) -> Mapping[str, str]:
    """The reason for each of `rules`, all of which have moved between `old` and `new`."""
    now = analysis.states(new, study)
    redefined = analysis.states(old, study)
    edited = analysis.states(_old_records(old, new), study)
    steps = ((DEFINITIONS, redefined), (EDITED, edited))
    return {
        rule: next((name for name, found in steps if found.get(rule) == now.get(rule)), NEW)
        for rule in rules
    }


def _old_records(old: Frames, new: Frames) -> Frames:
    """The records that were known at the old cut-off, as they read now."""
    keys = ["subject", "key"]
    kept = new.events.join(old.events.select(keys), on=keys, how="semi")
    return new._replace(cutoff=old.cutoff, events=kept)


def with_reasons(
    verdicts: pl.DataFrame, reasons: Mapping[str, str], before: pl.DataFrame
) -> pl.DataFrame:
    """The verdicts with the reason of each that turned; a signal's clearing keeps its reason."""
    earlier = dict(before.filter(pl.col("against") > 0).select("rule", "reason").rows())
    told = [reasons.get(rule, earlier.get(rule)) for rule in verdicts["rule"]]
    return verdicts.with_columns(pl.Series("reason", told, pl.String))
