"""ADaM: ADSL and ADAE -> parts."""

import re

import polars as pl

from safetymon.domain import Data
from safetymon.errors import DataRefusedError
from safetymon.listings.exposure import ONLY_PERIOD
from safetymon.listings.formats import Sheet
from safetymon.listings.parts import Part, Parts, Sheets, part
from safetymon.listings.subjects import refuse_two

_PERIOD = re.compile(r"AP(\d\d)SDT")


def parts(sheets: Sheets, data: Data) -> Parts:  # noqa: ARG001 - one signature for all standards
    """The parts of an ADaM study.

    Exposure is one interval a period where ADSL has periods (APxxSDT, TRTxxA), else one in all
    (TRTSDT to TRTEDT, TRT01A). Within a period it runs from TRxxSDT to TRxxEDT, the first and last
    dose, where ADSL has them, else over the period. Subjects outside the safety population
    (SAFFL) and subjects without a start date stay subjects without exposure.

    Raises:
        DataRefusedError: A column is missing that nothing can stand in for, or a subject is listed
            twice with different treatments.
    """
    adsl, adae = sheets["adsl"].in_capitals(), sheets["adae"].in_capitals()
    subjects = part(adsl, {
        "subject": needed(adsl, "USUBJID"), "arm": adsl.first("ARM", "TRT01P"),
        "randomised": adsl.first("RANDDT"), "left": adsl.first("EOSDT"),
        "died": adsl.first("DTHDT"),
    })  # fmt: skip
    return Parts(subjects, _exposure(adsl), _events(adae), doses="never")


def needed(sheet: Sheet, *names: str) -> str:
    """The first of `names` that is a column of the sheet.

    Raises:
        DataRefusedError: None is.
    """
    found = sheet.first(*names)
    if found is None:
        raise DataRefusedError(f"{sheet.name}: has no column {' or '.join(names)}; export it too")
    return found


def _exposure(adsl: Sheet) -> Part:
    numbers = [m[1] for name in adsl.frame.columns if (m := _PERIOD.fullmatch(name))]
    if numbers:
        each = [_interval(adsl, f"Period {n}", _period_columns(adsl, n)) for n in sorted(numbers)]
    else:
        columns = {
            "treatment": needed(adsl, "TRT01A", "ACTARM", "ARM"),
            "start": needed(adsl, "TRTSDT"), "end": needed(adsl, "TRTEDT"),
        }  # fmt: skip
        each = [_interval(adsl, ONLY_PERIOD, columns)]
    text = pl.concat([one.text for one in each]).filter(pl.col("start").is_not_null())
    return Part(adsl, text, each[0].columns)


def _period_columns(adsl: Sheet, number: str) -> dict[str, str]:
    return {
        "treatment": needed(adsl, f"TRT{number}A"),
        "start": needed(adsl, f"TR{number}SDT", f"AP{number}SDT"),
        "end": needed(adsl, f"TR{number}EDT", f"AP{number}EDT"),
    }


def _interval(adsl: Sheet, period: str, columns: dict[str, str]) -> Part:
    have = {"subject": "USUBJID", **columns, "safety": adsl.first("SAFFL")}
    one = part(adsl, have)
    text = one.text
    if "safety" in text.columns:
        text = text.filter(pl.col("safety").str.to_uppercase() == "Y").drop("safety")
    refuse_two(one, text, "treatment")
    name = pl.lit(period)
    return Part(adsl, text.with_columns(name.alias("period"), name.alias("key")), one.columns)


def _events(adae: Sheet) -> Part:
    """Onset and end as collected where ADAE has them, else the analysis dates and their flags."""
    return part(adae, {
        "subject": needed(adae, "USUBJID"), "key": adae.first("AESEQ"),
        "term": adae.first("AETERM"), "pt": needed(adae, "AEDECOD"),
        "soc": adae.first("AESOC", "AEBODSYS"),
        "onset": needed(adae, "AESTDTC", "ASTDT"), "end": adae.first("AEENDTC", "AENDT"),
        "onset_flag": None if adae.first("AESTDTC") else adae.first("ASTDTF"),
        "end_flag": None if adae.first("AEENDTC") else adae.first("AENDTF"),
        "serious": adae.first("AESER"), "related": adae.first("AEREL", "AREL"),
        "severity": adae.first("AESEV"), "outcome": adae.first("AEOUT"),
        "action": adae.first("AEACN"), "fatal": adae.first("AESDTH"),
        "emergent": adae.first("TRTEMFL"), "reported": adae.first("AEDTC"),
    })  # fmt: skip
