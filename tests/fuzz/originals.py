"""Small sound studies, one in each standard and format: what the mutations start from."""

import io
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import polars as pl
import pyreadstat

from tests.trials import PILOT, package_data

SUBJECTS = 8
_LONGEST = 32  # an XPT text column is as wide as its longest text; short ones keep the files small


@dataclass(frozen=True, slots=True)
class Original:
    """A study file, its listings by file name, and the identifiers that no message may show."""

    name: str
    study: bytes
    listings: Mapping[str, bytes]
    identifiers: tuple[str, ...]


@cache
def originals() -> tuple[Original, ...]:
    """Every combination of standard and format that is read."""
    demo = (_demo_study(), _demo_frames(), "SUBJECT")
    adam = (_pilot_study("adam", ""), _pilot("cdiscpilotadam", ("adsl", "adae")), "USUBJID")
    sdtm_names = ("dm", "ae", "ex", "suppae")
    sdtm_study = _pilot_study("sdtm", 'treatment_from = "ARM"')
    sdtm = (sdtm_study, _pilot("pharmaversesdtm", sdtm_names), "USUBJID")
    return tuple(
        _original(f"{name} {suffix}", study.replace(".csv", f".{suffix}"), frames, subject, suffix)
        for name, (study, frames, subject) in {"edc": demo, "adam": adam, "sdtm": sdtm}.items()
        for suffix in WRITERS
        if (name, suffix) != ("edc", "xpt")  # its column names are too long for the format
    )


def _original(
    name: str, study: str, frames: Mapping[str, pl.DataFrame], subject: str, suffix: str
) -> Original:
    listings = {f"{role}.{suffix}": WRITERS[suffix](frame) for role, frame in frames.items()}
    known = {i for frame in frames.values() for i in frame[subject].drop_nulls()}
    return Original(name, study.encode(), listings, tuple(sorted(known)))


def as_csv(frame: pl.DataFrame) -> bytes:
    return frame.write_csv().encode()


def as_parquet(frame: pl.DataFrame) -> bytes:
    target = io.BytesIO()
    frame.write_parquet(target, compression="uncompressed")
    return target.getvalue()


def as_xpt(frame: pl.DataFrame) -> bytes:
    texts = frame.with_columns(pl.col(pl.String).str.slice(0, _LONGEST).fill_null(""))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.xpt"
        pyreadstat.write_xport(texts, str(path), table_name="X", file_format_version=5)
        return path.read_bytes()


WRITERS: dict[str, Callable[[pl.DataFrame], bytes]] = {
    "csv": as_csv,
    "parquet": as_parquet,
    "xpt": as_xpt,
}


def _demo_study() -> str:
    return (files("safetymon") / "demo" / "study.toml").read_text(encoding="utf-8")


def _demo_frames() -> dict[str, pl.DataFrame]:
    """The demonstration's listings, cut to its first subjects."""
    folder = files("safetymon") / "demo" / "listings"
    names = ("subjects", "infusions", "adverse_events", "adjudication")
    read = {
        name: pl.read_csv((folder / f"{name}.csv").read_bytes(), infer_schema=False)
        for name in names
    }
    few = read["subjects"].head(SUBJECTS).select("SUBJECT")
    return {name: frame.join(few, on="SUBJECT", how="semi") for name, frame in read.items()}


def _pilot_study(standard: str, data: str) -> str:
    return PILOT.format(standard=standard, data=data, more="")


def _pilot(collection: str, names: tuple[str, ...]) -> dict[str, pl.DataFrame]:
    """CDISC Pilot 01, cut to its first subjects that were treated, and to 24 columns."""
    read = {name: pl.read_parquet(package_data(collection, name)) for name in names}
    first = read[names[0]]
    treated = first.filter(~pl.col("ARM").str.contains("Screen")).head(SUBJECTS).select("USUBJID")
    return {
        name: _narrow(frame.join(treated, on="USUBJID", how="semi")) for name, frame in read.items()
    }


_WANTED = (
    "STUDYID", "USUBJID", "ARM", "ACTARM", "TRT01A", "TRT01P", "TRTSDT", "TRTEDT", "SAFFL",
    "RANDDT", "EOSDT", "DTHDT", "RFPENDTC", "RFXENDTC", "DTHDTC", "AESEQ", "AETERM", "AEDECOD",
    "AESOC", "AEBODSYS", "AESTDTC", "AEENDTC", "ASTDT", "ASTDTF", "AENDT", "AESER", "AEREL",
    "AESEV", "AEOUT", "AEACN", "AESDTH", "TRTEMFL", "AEDTC", "EXSEQ", "EXTRT", "EXSTDTC",
    "EXENDTC", "EPOCH", "IDVAR", "IDVARVAL", "QNAM", "QVAL", "AGE", "SITEID",
)  # fmt: skip


def _narrow(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(name for name in _WANTED if name in frame.columns)
