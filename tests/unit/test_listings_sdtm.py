"""SDTM: DM, EX, AE and SUPPAE."""

from datetime import date
from pathlib import Path

import pytest

from safetymon.domain import Listings
from safetymon.errors import DataRefusedError
from tests.unit.listings_trial import cells, found, read, rejected

D = date.fromisoformat
TREATMENTS = {
    "High": {"from": ["High", "DRUG"]}, "Low": {"from": ["Low"]}, "Placebo": {"from": ["PLACEBO"]},
}  # fmt: skip
DM = """
    USUBJID | ARM            | ACTARM         | RFXENDTC   | RFPENDTC         | DTHDTC
    01      | High           | Low            | 2024-06-30 | 2024-07-30T10:00 |
    02      | Placebo        | Placebo        |            |                  | 2024-05
    03      | Screen Failure | Screen Failure |            | 2024-01-01       |
"""
EX = """
    USUBJID | EXSEQ | EXTRT   | EXSTDTC          | EXENDTC
    01      | 1     | DRUG    | 2024-01-02T08:00 | 2024-03-01
    01      | 2     | DRUG    | 2024-03-02       |
    02      | 1     | PLACEBO | 2024-01-03       |
"""
AE = """
    USUBJID | AESEQ | AETERM | AEDECOD  | AESOC   | AESTDTC    | AEENDTC | AESER | AEREL    | AESDTH | AEDTC
    01      | 1     | pain   | Headache | Nervous | 2024-01-05 |         | N     | POSSIBLE | N      | 2024-01-09
    01      | 2     | pain   | Headache | Nervous | 2024       |         | N     | NONE     | N      | 2024-01-09
    02      | 1     | faint  | Syncope  | Nervous | 2024-02-01 | 2024-02 | Y     | REMOTE   | Y      |
"""  # noqa: E501 - a table
SUPPAE = """
    USUBJID | IDVAR | IDVARVAL | QNAM    | QVAL
    01      | AESEQ | 1        | AETRTEM | Y
    01      | AESEQ | 2        | AETRTEM | N
    01      | AESEQ | 2        | OTHER   | Y       # something else
"""


def sdtm(
    folder: Path,
    suppae: str | None = None,
    *,
    ex: str = EX,
    dm: str = DM,
    **data: str,
) -> Listings:
    drawn = {"dm": dm, "ex": ex, "ae": AE} | ({"suppae": suppae} if suppae else {})
    return read(folder, "sdtm", drawn, data, TREATMENTS)


def test_subjects_keep_the_planned_arm_and_screen_failures(tmp_path: Path) -> None:
    assert sdtm(tmp_path).subjects.rows() == [
        ("01", "High", None, D("2024-07-30"), None),
        ("02", "Placebo", None, None, D("2024-05-31")),  # a partial death: its last possible day
        ("03", "Screen Failure", None, D("2024-01-01"), None),
    ]


def test_exposure_is_every_record_and_its_blank_ends_are_closed(tmp_path: Path) -> None:
    got = sdtm(tmp_path)
    assert got.exposure.rows() == [
        ("01", "Treatment", "Low", D("2024-01-02"), D("2024-03-01"), None),
        ("01", "Treatment", "Low", D("2024-03-02"), D("2024-06-30"), None),  # RFXENDTC
        ("02", "Treatment", "Placebo", D("2024-01-03"), D("2024-05-31"), None),  # death
    ]
    assert [n for n, _ in found(got, "exposure without an end")] == [1, 1]


@pytest.mark.parametrize(("source", "taken"), [("ARM", "High"), ("ACTARM", "Low"), ("EX", "High")])
def test_the_study_file_says_what_tells_the_treatment(
    tmp_path: Path, source: str, taken: str
) -> None:
    got = sdtm(tmp_path, treatment_from=source)
    assert got.exposure["treatment"].to_list() == [taken, taken, "Placebo"]


def test_several_epochs_are_periods_and_one_is_none(tmp_path: Path) -> None:
    lines = EX.strip().splitlines()
    one = [f"{line} | {'EPOCH' if i == 0 else 'TREATMENT'}" for i, line in enumerate(lines)]
    two = [*one[:2], one[2].replace("TREATMENT", "EXTENSION"), one[3]]
    assert set(sdtm(tmp_path, ex="\n".join(one)).exposure["period"]) == {"Treatment"}
    got = sdtm(tmp_path, ex="\n".join(two))
    assert got.exposure["period"].to_list() == ["TREATMENT", "EXTENSION", "TREATMENT"]


def test_events_without_suppae_have_no_recorded_flag(tmp_path: Path) -> None:
    got = sdtm(tmp_path)
    assert got.events["emergent_flag"].to_list() == [None] * 3
    assert cells(got.events, "key", "end_high", "serious", "related", "fatal", "reported") == [
        ("1", None, False, True, False, D("2024-01-09")),
        ("2", None, False, False, False, D("2024-01-09")),
        ("1", D("2024-02-29"), True, False, True, None),
    ]


def test_suppae_flags_are_joined_by_subject_and_number(tmp_path: Path) -> None:
    got = sdtm(tmp_path, SUPPAE)
    assert got.events["emergent_flag"].to_list() == [True, False, False]
    assert (got.inputs[3].rows, got.inputs[3].accepted) == (3, 3)


def test_suppae_without_that_flag_says_nothing(tmp_path: Path) -> None:
    got = sdtm(tmp_path, SUPPAE.replace("AETRTEM", "AEX"))
    assert got.events["emergent_flag"].to_list() == [None] * 3


def test_flags_on_no_event_are_rejected_and_repeated_ones_do_not_double_events(
    tmp_path: Path,
) -> None:
    suppae = """
        USUBJID | IDVAR  | IDVARVAL | QNAM    | QVAL
        01      | AESEQ  | 1        | AETRTEM | Y
        01      | AESEQ  | 1        | AETRTEM | N    # the first one counts
        01      | AESEQ  | 9        | AETRTEM | Y    # no such event
        02      | AESPID | 1        | AETRTEM | Y    # not by AESEQ
    """
    got = sdtm(tmp_path, suppae)
    assert [row[1:] for row in rejected(got)] == [
        (2, "duplicate key", "IDVARVAL"),
        (3, "flag without an event", "IDVARVAL"),
        (4, "flag without an event", "IDVARVAL"),
    ]
    assert got.events["emergent_flag"].to_list() == [True, False, False]


def test_a_repeated_exposure_number_is_rejected(tmp_path: Path) -> None:
    got = sdtm(tmp_path, ex=f"{EX.rstrip()}\n 02 | 1 | PLACEBO | 2024-02-03 | 2024-02-09")
    assert rejected(got) == [("ex.csv", 4, "duplicate key", "EXSEQ")]


def test_a_repeated_subject_does_not_double_the_exposure(tmp_path: Path) -> None:
    got = sdtm(tmp_path, dm=f"{DM.rstrip()}\n 02 | Placebo | Placebo | | | 2024-05")
    assert rejected(got) == [("dm.csv", 4, "duplicate key", "USUBJID")]
    assert got.exposure.height == 3


def test_flags_need_the_numbers_they_point_to(tmp_path: Path) -> None:
    drawn = {"dm": DM, "ex": EX, "ae": AE.replace("AESEQ", "AENO "), "suppae": SUPPAE}
    with pytest.raises(DataRefusedError, match=r"ae.csv: has no column AESEQ"):
        read(tmp_path, "sdtm", drawn, treatments=TREATMENTS)


def test_exposure_of_nobody_in_dm_is_rejected_before_its_treatment_is_asked(tmp_path: Path) -> None:
    got = sdtm(tmp_path, ex=f"{EX.rstrip()}\n 09 | 1 | PLACEBO | 2024-02-03 | 2024-02-09")
    assert rejected(got) == [("ex.csv", 4, "exposure without a subject", "USUBJID")]


def test_an_exposed_screen_failure_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataRefusedError, match="ACTARM 'Screen Failure'"):
        sdtm(tmp_path, ex=f"{EX.rstrip()}\n 03 | 1 | PLACEBO | 2024-02-03 | 2024-02-09")
