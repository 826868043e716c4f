"""Which EDC listing and column is probably which, by the names and formats that are common."""

import re
from collections.abc import Iterable, Iterator, Mapping

import polars as pl

from safetymon.listings import dates
from safetymon.listings.edc import COLUMNS
from safetymon.listings.formats import Sheet
from safetymon.listings.parts import Part

_SUBJECT = (
    "USUBJID", "SUBJECT", "SUBJECTID", "SUBJID", "SUBJECTNUMBER", "SUBJECTNO", "SUBJNO", "PATNUM",
    "PATIENT", "PATIENTID", "PATIENTNUMBER", "PATID", "PATNO", "PTID", "SUBNUM", "SUBJ",
)  # fmt: skip
# Names as they are once a prefix before a dot ("IT.AETERM") and all marks are taken away.
NAMES: dict[str, dict[str, tuple[str, ...]]] = {
    "subjects": {
        "subject": _SUBJECT,
        "arm": ("ARM", "PLANNEDARM", "TRT01P", "TREATMENTARM", "RANDOMISEDARM", "RANDOMIZEDARM",
                "TREATMENTGROUP", "ARMCD"),
        "randomised": ("RANDOMISED", "RANDOMIZED", "RANDDT", "RANDDAT", "RANDDATE", "RNDDAT",
                       "RANDOMISATIONDATE", "RANDOMIZATIONDATE", "DATERANDOMISED",
                       "DATERANDOMIZED"),
        "left": ("COMPLETEDORLEFT", "LEFT", "EOSDT", "EOSDAT", "EOSDATE", "ENDOFSTUDY",
                 "ENDOFSTUDYDATE", "RFPENDTC", "DISCONTINUATIONDATE"),
        "died": ("DIED", "DTHDT", "DTHDTC", "DTHDAT", "DEATHDT", "DEATHDAT", "DEATHDATE",
                 "DATEOFDEATH"),
    },
    "exposure": {
        "subject": _SUBJECT,
        "treatment": ("TREATMENT", "DRUG", "DRUGAD", "EXTRT", "ECTRT", "STUDYDRUG", "PRODUCT",
                      "IMP", "DRUGNAME", "TREATMENTNAME"),
        "start": ("START", "STARTDATE", "EXSTDTC", "EXSTDAT", "ECSTDTC", "ECSTDAT", "INFUSIONDATE",
                  "INFUSIONSTART", "DOSEDATE", "DOSINGDATE", "FIRSTDOSE", "DATESTART"),
        "end": ("END", "ENDDATE", "STOP", "STOPDATE", "EXENDTC", "EXENDAT", "ECENDTC", "ECENDAT",
                "INFUSIONEND", "LASTDOSE", "DATEEND"),
        "period": ("PERIOD", "EPOCH", "APERIODC", "STUDYPERIOD", "TREATMENTPERIOD"),
    },
    "events": {
        "subject": _SUBJECT,
        "key": ("AENO", "AESEQ", "AENUM", "AENUMBER", "AESPID", "EVENTNO", "RECORDNO", "RECORDID",
                "LINENO"),
        "term": ("AETERM", "TERM", "REPORTEDTERM", "VERBATIM", "VERBATIMTERM", "EVENT",
                 "ADVERSEEVENT"),
        "pt": ("AEDECOD", "PREFERREDTERM", "PT", "PTTERM", "PTNAME", "AEPT", "MEDDRAPT",
               "MEDDRAPREFERREDTERM"),
        "soc": ("AESOC", "SOC", "SYSTEMORGANCLASS", "AEBODSYS", "SOCNAME", "SOCTERM", "MEDDRASOC"),
        "onset": ("ONSET", "ONSETDATE", "AESTDTC", "AESTDAT", "AESTDT", "AESTARTDATE", "AEONSET",
                  "STARTDATE", "START", "DATEOFONSET"),
        "end": ("RESOLVED", "AEENDTC", "AEENDAT", "AEENDT", "AEENDDATE", "ENDDATE", "END",
                "STOPDATE", "RESOLUTIONDATE", "RESOLVEDDATE"),
        "serious": ("AESER", "SERIOUS", "SERIOUSNESS", "SAE"),
        "related": ("AEREL", "CAUSALITY", "RELATED", "RELATEDNESS", "RELATIONSHIP",
                    "RELATIONSHIPTOSTUDYDRUG"),
        "severity": ("AESEV", "SEVERITY", "INTENSITY", "AETOXGR", "GRADE"),
        "outcome": ("AEOUT", "AEOUTCOME", "OUTCOME"),
        "action": ("AEACN", "ACTION", "ACTIONTAKEN", "ACTIONTAKENWITHSTUDYDRUG"),
        "fatal": ("AESDTH", "FATAL"),
        "withdrawn": ("WITHDRAWN", "LEDTOWITHDRAWAL", "LEDTODISCONTINUATION"),
        "emergent": ("TRTEMFL", "AETRTEM", "TEAE", "TREATMENTEMERGENT"),
        "reported": ("REPORTED", "AEDTC", "AEDTCOL", "REPORTDATE", "ENTRYDATE", "DATEREPORTED",
                     "DATAENTRYDATE"),
    },
    "adjudication": {
        "subject": _SUBJECT,
        "key": ("AENO", "AESEQ", "AENUM", "AENUMBER", "AESPID", "EVENTNO"),
        "topic": ("TOPIC", "CONCEPT", "ENDPOINT"),
        "decision": ("DECISION", "ADJUDICATION", "ADJUDICATED", "CONFIRMED"),
    },
}  # fmt: skip
"""Role -> our column -> the names it goes by, the likeliest first."""

FORMATS = (
    "%d-%b-%Y", "%d %b %Y", "%d%b%Y", "%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%m-%d-%Y", "%d-%m-%Y",
    "%Y/%m/%d", "%Y%m%d", "%b %d, %Y",
)  # fmt: skip
_TELLING = {
    "adjudication": ("topic", "decision"),
    "events": ("pt",),
    "exposure": ("treatment", "start"),
    "subjects": ("subject",),
}
_DATED = ("start", "end", "onset", "reported", "randomised", "left", "died")


def columns(role: str, sheet: Sheet) -> dict[str, str]:
    """Our column -> the sheet's, for the columns of a role whose names are known."""
    by_name = {_plain(name): name for name in reversed(sheet.frame.columns)}
    found = {
        ours: next((by_name[name] for name in names if name in by_name), None)
        for ours, names in NAMES[role].items()
    }
    return {ours: theirs for ours, theirs in found.items() if theirs}


def roles(sheets: Iterable[Sheet]) -> dict[str, Sheet]:
    """Role -> the sheet that has most of its columns; no sheet plays two roles."""
    left, found = list(sheets), dict[str, Sheet]()
    for role in ("adjudication", "events", "exposure", "subjects"):
        able = [sheet for sheet in left if _is_able(role, columns(role, sheet))]
        if able:
            found[role] = max(able, key=lambda sheet: _fit(role, sheet))
            left.remove(found[role])
    return {role: Sheet(role, s.name, s.sha256, s.frame) for role, s in reversed(found.items())}


def missing(known: Mapping[str, Mapping[str, str]]) -> Iterator[tuple[str, str]]:
    """(role, our column) for everything that a study file has to map and that was not found."""
    for role in ("subjects", "exposure", "events"):
        yield from ((role, ours) for ours in COLUMNS[role][0] if ours not in known.get(role, {}))


def date_formats(parts: Iterable[Part]) -> tuple[tuple[str, ...], list[str]]:
    """The formats that read the dates of the parts (ISO 8601 needs none), and what is open.

    A format is chosen only if it is the one that reads most of a column; where several do
    (03/04/2014 all through), none is, and a remark asks.
    """
    dated = [(p, name) for p in parts for name in _DATED if name in p.text.columns]
    best = {f"{p.sheet.name} {p.name(name)}": _best(p, name) for p, name in dated}
    chosen = dict.fromkeys(forms[0] for forms, _ in best.values() if len(forms) == 1)
    remarks = []
    for where, (forms, bad) in best.items():
        if bad:
            remarks.append(f"{where}: {bad} values are no date in any format that was tried.")
        if forms and not {"", *chosen} & set(forms):
            remarks.append(
                f"{where}: could be any of {', '.join(forms)}; write the right one into [data] "
                "date_formats."
            )
    return tuple(form for form in chosen if form), remarks


def _best(part: Part, name: str) -> tuple[list[str], int]:
    """The formats that leave fewest values of a column unread, and how many; "" is ISO 8601 alone.

    None, if that is still half of them.
    """
    texts = part.text.select(name).drop_nulls()
    bad = {form: _unread(texts, name, form) for form in ("", *FORMATS)}
    least = min(bad.values())
    if texts.height and least * 2 >= texts.height:
        return [], least
    forms = [form for form, count in bad.items() if count == least]
    return [""] if "" in forms else forms, least


def _unread(texts: pl.DataFrame, name: str, form: str) -> int:
    forms = (form,) if form else ()
    return int(dates.ranges(texts, [name], forms)[f"{name}_bad"].sum())


def _plain(name: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", name.upper().rsplit(".", 1)[-1])


def _is_able(role: str, known: Mapping[str, str]) -> bool:
    """Whether a sheet has what tells its role from the others; other columns may be missing."""
    return all(ours in known for ours in _TELLING[role])


def _fit(role: str, sheet: Sheet) -> tuple[bool, int]:
    known = columns(role, sheet)
    one_row_each = role == "subjects" and not sheet.frame[known["subject"]].is_duplicated().any()
    return one_row_each, len(known)
