"""SDTM: DM, EX, AE and SUPPAE -> parts."""

import polars as pl

from safetymon.domain import Data
from safetymon.listings.adam import needed
from safetymon.listings.exposure import ONLY_PERIOD
from safetymon.listings.formats import Sheet
from safetymon.listings.parts import Part, Parts, Sheets, part


def parts(sheets: Sheets, data: Data) -> Parts:
    """The parts of an SDTM study.

    Exposure is every record of EX. Its treatment is the subject's ARM or ACTARM in DM, or EXTRT,
    as `treatment_from` says. Its period is EPOCH where EX has several, else "Treatment". A blank
    end of a subject's last record is RFXENDTC of DM where recorded, else treatment is ongoing.
    Screen failures stay subjects without exposure.

    Raises:
        DataRefusedError: A column is missing that nothing can stand in for.
    """
    dm, ex, ae = (sheets[role].in_capitals() for role in ("dm", "ex", "ae"))
    subjects = part(dm, {
        "subject": needed(dm, "USUBJID"), "arm": dm.first("ARM"),
        "left": dm.first("RFPENDTC"), "died": dm.first("DTHDTC"),
    })  # fmt: skip
    events = part(ae, {
        "subject": needed(ae, "USUBJID"), "key": ae.first("AESEQ"), "term": ae.first("AETERM"),
        "pt": needed(ae, "AEDECOD"), "soc": ae.first("AESOC", "AEBODSYS"),
        "onset": needed(ae, "AESTDTC"), "end": ae.first("AEENDTC"), "serious": ae.first("AESER"),
        "related": ae.first("AEREL"), "severity": ae.first("AESEV"), "outcome": ae.first("AEOUT"),
        "action": ae.first("AEACN"), "fatal": ae.first("AESDTH"), "reported": ae.first("AEDTC"),
    })  # fmt: skip
    flags = _flags(sheets["suppae"].in_capitals()) if "suppae" in sheets else None
    if flags is not None:
        needed(ae, "AESEQ")
        events = _flagged(events, flags)
    return Parts(subjects, _exposure(ex, dm, data), events, flags=flags)


def _exposure(ex: Sheet, dm: Sheet, data: Data) -> Part:
    columns = {
        "subject": needed(ex, "USUBJID"), "key": ex.first("EXSEQ"), "period": ex.first("EPOCH"),
        "start": needed(ex, "EXSTDTC"), "end": ex.first("EXENDTC"),
    }  # fmt: skip
    of_subject = {"subject": "USUBJID", "last_end": dm.first("RFXENDTC")}
    if data.treatment_from == "EX":
        columns["treatment"] = needed(ex, "EXTRT")
    else:
        of_subject["treatment"] = needed(dm, data.treatment_from)
    one = part(ex, columns)
    # A subject that DM lists twice is rejected or refused later; here it must not double the rows.
    known = dm.text(of_subject).drop("row").unique("subject", keep="first", maintain_order=True)
    text = one.text.join(known, on="subject", how="left", maintain_order="left")
    names = {**one.columns, "treatment": columns.get("treatment") or data.treatment_from}
    return Part(ex, _with_period(text), names)


def _with_period(text: pl.DataFrame) -> pl.DataFrame:
    if "period" in text.columns and text["period"].drop_nulls().n_unique() > 1:
        return text
    return text.with_columns(pl.lit(ONLY_PERIOD).alias("period"))


def _flags(suppae: Sheet) -> Part | None:
    """The treatment-emergent flags (QNAM AETRTEM) by AESEQ; None if there is none of them."""
    flags = part(suppae, {
        "subject": needed(suppae, "USUBJID"), "variable": needed(suppae, "IDVAR"),
        "key": needed(suppae, "IDVARVAL"), "name": needed(suppae, "QNAM"),
        "emergent": needed(suppae, "QVAL"),
    })  # fmt: skip
    text = flags.text.filter(pl.col("name") == "AETRTEM")
    # Another IDVAR points elsewhere: without a key, the row is rejected as a flag without an event.
    by_number = pl.when(pl.col("variable") == "AESEQ").then("key").alias("key")
    names = {"subject": "USUBJID", "key": "IDVARVAL"}
    return Part(suppae, text.with_columns(by_number), names) if text.height else None


def _flagged(events: Part, flags: Part) -> Part:
    once = flags.text.unique(["subject", "key"], keep="first", maintain_order=True)
    once = once.select("subject", "key", "emergent")
    text = events.text.join(once, on=["subject", "key"], how="left", maintain_order="left")
    return Part(events.sheet, text, {**events.columns, "emergent": "QVAL"})
