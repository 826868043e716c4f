"""Small random trials on disk, in which who took what can be dealt anew and nothing else moves.

A trial is drawn once from its seed. `write` deals the treatment names over its exposures: another
`deal` gives another allocation of the same names to the same exposures, every other byte the same.
The names are words that no medical dictionary holds, so that they can be searched for.
"""

import csv
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal

import polars as pl

Style = Literal["edc intervals", "edc doses", "adam", "sdtm"]
STYLES: tuple[Style, ...] = ("edc intervals", "edc doses", "adam", "sdtm")
TREATMENTS = {"Zorvexumab": "ZRVX-100 MG", "Quilbrane": "QLB-7", "Nullatrol": "NLTR/0"}
"""Our name of a treatment -> its name in the data; the last is the reference."""
FIRST = date(2020, 1, 6)
TERMS = (
    ("Headache", "Nervous system disorders"), ("Nausea", "Gastrointestinal disorders"),
    ("Pyrexia", "General disorders"), ("Deep vein thrombosis", "Vascular disorders"),
    ("Rash", "Skin disorders"), ("Fatigue", "General disorders"), ("Cough", ""),
)  # fmt: skip
Row = dict[str, str]


@dataclass(frozen=True)
class Stay:
    """One stretch on one treatment: whose, in which period, from when to when."""

    subject: str
    period: str
    start: date
    end: date


@dataclass(frozen=True)
class Trial:
    """A drawn trial: everything about it but who took what."""

    seed: int
    style: Style
    treatments: dict[str, str]
    subjects: list[Row]
    stays: list[Stay]
    events: list[Row]
    adjudication: list[Row]
    study: str

    def names(self, deal: int) -> list[str]:
        """The treatment of each stay, as the data write it; deal 0 is the trial as it was."""
        rng = random.Random(f"{self.seed}/names")  # noqa: S311 - a drawn trial, no secret
        coded = list(self.treatments.values())
        dealt = [coded[i % len(coded)] for i in range(len(self.stays))]
        for _ in range(deal + 1):
            rng.shuffle(dealt)
        return dealt

    def write(self, folder: Path, deal: int, *, early: bool = False) -> Path:
        """Writes study file and listings; returns the study file.

        `early` writes an older extract: the last events are missing, some records differ.
        """
        listings = folder / "listings"
        listings.mkdir(parents=True, exist_ok=True)
        events = _older(self.events) if early else self.events
        for name, rows in _files(self, self.names(deal), events).items():
            _write(listings / f"{name}.csv", rows)
        path = folder / "study.toml"
        path.write_text(self.study, encoding="utf-8")
        return path


def drawn(seed: int) -> Trial:
    """The trial of a seed."""
    rng = random.Random(seed)  # noqa: S311 - a drawn trial, no secret
    style = STYLES[seed % len(STYLES)]
    names = list(TREATMENTS)
    kept = names if rng.random() < 0.4 else [names[0], names[2]]
    treatments = {name: TREATMENTS[name] for name in kept}
    subjects = [_subject(rng, i) for i in range(rng.randint(6, 26))]
    stays = [stay for row in subjects for stay in _stays(rng, row, style)]
    events = [event for row in subjects for event in _events(rng, row)]
    decisions = _adjudication(rng, events, style)
    study = _study(rng, style, treatments, decided=bool(decisions))
    return Trial(seed, style, treatments, subjects, stays, events, decisions, study)


def _subject(rng: random.Random, number: int) -> Row:
    entered = FIRST + timedelta(days=rng.randint(0, 300))
    left = entered + timedelta(days=rng.randint(60, 400))
    died = left if rng.random() < 0.05 else None
    return {
        "subject": f"S-{number:03d}",
        "entered": str(entered),
        "left": str(left) if rng.random() < 0.4 or died else "",
        "died": str(died or ""),
    }


def _stays(rng: random.Random, row: Row, style: Style) -> list[Stay]:
    """One or two periods; now and then a change of treatment within the first one."""
    if rng.random() < 0.06:
        return []  # never exposed
    day, made = date.fromisoformat(row["entered"]), []
    for period in ("First", "Second")[: rng.choice((1, 2, 2))]:
        parts = 2 if style.startswith("edc") and rng.random() < 0.2 else 1
        for _ in range(parts):
            end = day + timedelta(days=rng.randint(0, 80))
            made.append(Stay(row["subject"], period, day, end))
            day = end + timedelta(days=rng.randint(1, 50))
    return made


def _events(rng: random.Random, row: Row) -> list[Row]:
    entered = date.fromisoformat(row["entered"])
    return [_event(rng, row["subject"], entered, i) for i in range(rng.choice((0, 1, 2, 3, 6)))]


def _event(rng: random.Random, subject: str, entered: date, number: int) -> Row:
    term, soc = rng.choice(TERMS)
    onset = entered + timedelta(days=rng.randint(-20, 260))
    entry = onset + timedelta(days=rng.randint(0, 30))
    return {
        "subject": subject, "key": str(number + 1), "pt": term, "soc": soc,
        "onset": str(onset)[: rng.choice((10, 10, 10, 10, 7, 4))],
        "end": str(entry) if rng.random() < 0.6 else "",
        "serious": rng.choice(("Y", "N", "N", "N", "")), "related": rng.choice(("Y", "N", "N", "")),
        "severity": rng.choice(("MILD", "MODERATE", "SEVERE", "")),
        "outcome": rng.choice(("RECOVERED", "ONGOING", "FATAL", "")),
        "action": rng.choice(("DOSE NOT CHANGED", "DRUG WITHDRAWN", "")),
        "emergent": rng.choice(("Y", "N", "", "")), "reported": str(entry),
    }  # fmt: skip


def _adjudication(rng: random.Random, events: list[Row], style: Style) -> list[Row]:
    if not style.startswith("edc"):
        return []
    return [
        {"subject": e["subject"], "key": e["key"], "topic": "thromboembolism",
         "decision": rng.choice(("Y", "N"))}
        for e in events if rng.random() < 0.1
    ]  # fmt: skip


def _older(events: list[Row]) -> list[Row]:
    """An earlier extract: without the last fifth, every seventh record not yet as it became."""
    kept = events[: max(1, len(events) * 4 // 5)]
    return [
        {**e, "serious": "N", "related": "N", "pt": "Malaise"} if i % 7 == 0 else e
        for i, e in enumerate(kept)
    ]


def _files(trial: Trial, names: list[str], events: list[Row]) -> dict[str, list[Row]]:
    match trial.style:
        case "adam":
            return _adam(trial, names, events)
        case "sdtm":
            return _sdtm(trial, names, events)
        case _:
            return _edc(trial, names, events)


def _edc(trial: Trial, names: list[str], events: list[Row]) -> dict[str, list[Row]]:
    arm = _arms(trial, names)
    subjects = [{**row, "arm": arm.get(row["subject"], "")} for row in trial.subjects]
    exposure = [
        {"subject": s.subject, "period": s.period, "treatment": name, "start": str(s.start),
         "end": str(s.end)}
        for s, name in zip(trial.stays, names, strict=True)
    ]  # fmt: skip
    if trial.style == "edc doses":
        exposure = [dose for row in exposure for dose in _doses(row)]
    made = {"subjects": subjects, "exposure": exposure, "events": events}
    return made | ({"adjudication": trial.adjudication} if trial.adjudication else {})


def _doses(row: Row) -> list[Row]:
    start, end = (date.fromisoformat(row[name]) for name in ("start", "end"))
    days = range(0, (end - start).days + 1, 28)
    kept = {name: row[name] for name in ("subject", "period", "treatment")}
    return [{**kept, "start": str(start + timedelta(days=d))} for d in days]


def _arms(trial: Trial, names: list[str]) -> dict[str, str]:
    """Subject -> the first treatment."""
    pairs = list(zip(trial.stays, names, strict=True))
    return {stay.subject: name for stay, name in reversed(pairs)}


def _adam(trial: Trial, names: list[str], events: list[Row]) -> dict[str, list[Row]]:
    arm = _arms(trial, names)
    taken = {(s.subject, s.period): (s, n) for s, n in zip(trial.stays, names, strict=True)}
    adsl = [_adsl(row, arm, taken) for row in trial.subjects]
    adae = [
        {"USUBJID": e["subject"], "AESEQ": e["key"], "AEDECOD": e["pt"], "AEBODSYS": e["soc"],
         "AESTDTC": e["onset"], "AEENDTC": e["end"], "AESER": e["serious"], "AEREL": e["related"],
         "AESEV": e["severity"], "AEOUT": e["outcome"], "AEACN": e["action"],
         "TRTEMFL": e["emergent"], "AEDTC": e["reported"], "TRTA": arm.get(e["subject"], "")}
        for e in events
    ]  # fmt: skip
    return {"adsl": adsl, "adae": adae}


def _adsl(row: Row, arm: dict[str, str], taken: dict[tuple[str, str], tuple[Stay, str]]) -> Row:
    made = {"USUBJID": row["subject"], "ARM": arm.get(row["subject"], ""), "EOSDT": row["left"],
            "DTHDT": row["died"], "SAFFL": "Y" if row["subject"] in arm else "N"}  # fmt: skip
    for number, period in (("01", "First"), ("02", "Second")):
        stay, name = taken.get((row["subject"], period), (None, ""))
        made |= {f"TRT{number}A": name, f"AP{number}SDT": str(stay.start) if stay else "",
                 f"AP{number}EDT": str(stay.end) if stay else ""}  # fmt: skip
    return made


def _sdtm(trial: Trial, names: list[str], events: list[Row]) -> dict[str, list[Row]]:
    arm = _arms(trial, names)
    dm = [
        {"USUBJID": r["subject"], "ARM": arm.get(r["subject"], "Screen Failure"),
         "ACTARM": arm.get(r["subject"], "Screen Failure"), "RFPENDTC": r["left"],
         "DTHDTC": r["died"]}
        for r in trial.subjects
    ]  # fmt: skip
    ex = [
        {"USUBJID": s.subject, "EXSEQ": str(i), "EXTRT": name, "EPOCH": s.period.upper(),
         "EXSTDTC": str(s.start), "EXENDTC": str(s.end)}
        for i, (s, name) in enumerate(zip(trial.stays, names, strict=True))
    ]  # fmt: skip
    ae = [
        {"USUBJID": e["subject"], "AESEQ": e["key"], "AEDECOD": e["pt"], "AEBODSYS": e["soc"],
         "AESTDTC": e["onset"], "AEENDTC": e["end"], "AESER": e["serious"], "AEREL": e["related"],
         "AESEV": e["severity"], "AEOUT": e["outcome"], "AEACN": e["action"]}
        for e in events
    ]  # fmt: skip
    return {"dm": dm, "ex": ex, "ae": ae}


def _write(path: Path, rows: list[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _study(rng: random.Random, style: Style, treatments: dict[str, str], *, decided: bool) -> str:
    parts = [_HEAD, _DATA[style].replace("{adjudication}", _DECIDED if decided else "")]
    for name, recorded in treatments.items():
        reference = "reference = true\n" if name == "Nullatrol" else ""
        parts.append(f'[treatments.{name}]\nfrom = ["{recorded}"]\n{reference}')
    if rng.random() < 0.5 and style != "sdtm":
        parts.append(_GROUPS.replace("PERIOD", "Period 01" if style == "adam" else "First"))
    parts.append(rng.choice(_EMERGENT))
    defaults = rng.choice(("always", "if no rule"))
    parts.append(_EVIDENCE.format(defaults))
    parts += rng.sample(_RULES, rng.randint(0, len(_RULES)))
    return "\n".join(parts)


_HEAD = """
[study]
id = "BLIND"
title = "A drawn trial"
"""
_EDC = """
[data]
folder = "listings"
standard = "edc"
[data.files]
subjects = "subjects.csv"
exposure = "exposure.csv"
events = "events.csv"
[data.columns.subjects]
subject = "subject"
arm = "arm"
left = "left"
died = "died"
[data.columns.exposure]
subject = "subject"
period = "period"
treatment = "treatment"
start = "start"
{end}
[data.columns.events]
subject = "subject"
key = "key"
pt = "pt"
soc = "soc"
onset = "onset"
end = "end"
serious = "serious"
related = "related"
severity = "severity"
outcome = "outcome"
action = "action"
emergent = "emergent"
reported = "reported"
{adjudication}
"""
_DECIDED = """
[data.columns.adjudication]
subject = "subject"
key = "key"
topic = "topic"
decision = "decision"
"""
_DATA: dict[Style, str] = {
    "edc intervals": _EDC.replace("{end}", 'end = "end"'),
    "edc doses": _EDC.replace("{end}", ""),
    "adam": '[data]\nfolder = "listings"\nstandard = "adam"\n',
    "sdtm": '[data]\nfolder = "listings"\nstandard = "sdtm"\ntreatment_from = "EX"\n',
}
_EVIDENCE = """
[evidence]
planned_subjects = 60
window_days = 80
defaults = "{}"
"""
_GROUPS = """
[[group]]
name = "PERIOD, on Zorvexumab"
treatment = "Zorvexumab"
periods = ["PERIOD"]
reference = "PERIOD, on Nullatrol"

[[group]]
name = "PERIOD, on Nullatrol"
treatment = "Nullatrol"
periods = ["PERIOD"]

[[group]]
name = "Ever Zorvexumab"
treatment = "Zorvexumab"
"""
_EMERGENT = (
    "",
    "[emergent]\nlag_days = 0\nflag = 'derive'\n",
    "[emergent]\nlag_days = 'unlimited'\npartial_onset = 'first-day'\nmissing = 'as no'\n",
)
_RULES = [
    """
[[rule]]
name = "Headache, pooled: against 5%"
topic = "headache"
group = "All subjects"
method = "background"
background = 0.05
planned = 60
""",
    """
[[rule]]
name = "Nausea, pooled: 2 subjects"
topic = "nausea"
group = "All subjects"
method = "subjects"
limit = 2
min_at_risk = 1
""",
    """
[[rule]]
name = "Pyrexia, pooled: against a rate"
topic = "pyrexia"
group = "All subjects"
method = "poisson"
background_per_100py = 20.0
""",
]


def frames_of(value: Any) -> Iterator[pl.DataFrame]:  # noqa: ANN401 - whatever results hold
    """Every frame of some results, also of those that are added later."""
    if isinstance(value, pl.DataFrame):
        yield value
    elif isinstance(value, Mapping):
        yield from frames_of(tuple(value.values()))
    elif isinstance(value, (tuple, list)):
        for part in value:
            yield from frames_of(part)
    elif is_dataclass(value):
        for part in fields(value):
            yield from frames_of(getattr(value, part.name))
