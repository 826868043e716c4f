"""The store: what is kept once, what is rolled back, who may write."""

import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from safetymon import audit, schema
from safetymon.audit import AuditEvent
from safetymon.domain import Cut, Extract, Finding, InputFile, Listings, Look, Presented
from safetymon.errors import DataRefusedError, StudyBusyError
from safetymon.store import Store, opened
from tests.tables import frame

NOW = datetime(2020, 7, 1, 12, tzinfo=UTC)
EVENT = AuditEvent(NOW, "tester", "cut", "c1")
INPUTS = (InputFile("events", "ae.csv", "a" * 64, 3, 2, 1),)
CUT = Cut("c1", date(2020, 6, 30), INPUTS)
EXTRACT = Extract("e1", "{}")
LISTINGS = Listings(
    subjects=frame("subject | arm\n001 | A\n002 | B", schema.SUBJECTS),
    exposure=frame(
        """
        subject | period | treatment | start      | administrations
        001     | First  | IVIg      | 2020-01-01 | 1
        002     | First  | Placebo   | 2020-07-05 | 1   # after the cut-off
        """,
        schema.EXPOSURE,
    ),
    events=frame(
        """
        subject | key | pt       | onset_low  | reported
        001     | 1   | Headache | 2020-01-02 | 2020-01-05
        001     | 2   | Headache | 2020-06-29 | 2020-07-02   # entered after the cut-off
        001     | 3   | Headache | 2020-07-02 |              # began after the cut-off
        001     | 4   | Headache |            |              # not recorded: kept
        """,
        schema.EVENTS,
    ),
    adjudication=frame("subject | key | topic | decision\n001 | 1 | x | Y", schema.ADJUDICATION),
    rejected=frame("file | row | rule | record\nae.csv | 3 | duplicate | {}", schema.REJECTED),
    recorded=frame("what | day | count\nonset | 2020-01-02 | 1", schema.RECORDED),
    inputs=INPUTS,
    findings=(Finding("partial", "info", 2, "onset dates are partial"),),
)


def saved(store: Store, listings: Listings = LISTINGS) -> None:
    with store.transaction():
        store.save_cut(CUT, EXTRACT, listings, EVENT)


def test_a_cut_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    with opened(tmp_path / "state", "S1", NOW) as store:
        saved(store)
        assert store.subjects("e1").equals(LISTINGS.subjects)
        assert store.findings("e1") == LISTINGS.findings
        assert store.adjudication("e1").equals(LISTINGS.adjudication)


def test_only_what_was_known_at_the_cut_off_is_read(tmp_path: Path) -> None:
    with opened(tmp_path, "S1", NOW) as store:
        saved(store)
        assert store.events("e1", CUT.cutoff)["key"].to_list() == ["1", "4"]
        assert store.exposure("e1", CUT.cutoff, "closed")["subject"].to_list() == ["001"]


def test_the_open_frame_never_had_the_treatment(tmp_path: Path) -> None:
    with opened(tmp_path, "S1", NOW) as store:
        saved(store)
        assert "treatment" in store.exposure("e1", CUT.cutoff, "closed").columns
        assert "treatment" not in store.exposure("e1", CUT.cutoff, "open").columns


def test_the_same_cut_is_stored_once(tmp_path: Path) -> None:
    with opened(tmp_path, "S1", NOW) as store:
        saved(store)
        size = len(store.subjects("e1"))
        with store.transaction():
            assert store.save_cut(CUT, EXTRACT, LISTINGS, EVENT) is False
        assert len(store.subjects("e1")) == size
        assert [act["action"] for act in store.acts()] == ["migrate", "cut"]


def test_two_cuts_of_one_extract_share_its_rows(tmp_path: Path) -> None:
    with opened(tmp_path, "S1", NOW) as store:
        saved(store)
        with store.transaction():
            earlier = Cut("c0", date(2020, 3, 1), INPUTS)
            assert store.save_cut(earlier, EXTRACT, LISTINGS, EVENT) is True
        assert len(store.subjects("e1")) == 2


def test_a_failure_inside_a_transaction_leaves_nothing(tmp_path: Path) -> None:
    with opened(tmp_path, "S1", NOW) as store:

        def half() -> None:
            with store.transaction():
                store.save_cut(CUT, EXTRACT, LISTINGS, EVENT)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            half()
        assert store.subjects("e1").is_empty()
        assert [act["action"] for act in store.acts()] == ["migrate"]


VERDICT = {
    "rule": "r", "topic": "headache", "group": "g", "method": "incidence", "verdict": "raised",
    "value": 12.0, "limit": 10.0, "since_look": 1, "text": "text", "e_value": None,
    "crossed_on": None, "looks": 1, "against": 0, "fragile": False, "reason": "first look",
}  # fmt: skip
SAID = Presented("Title", date(2020, 6, 30), 1, "c" * 64, "o" * 64)
LOOK = Look(1, NOW, "d", {"safetymon": "0"})
SEEN = frame(
    "subject | key | seen\n001 | 1 | 2020-01-05",
    {"subject": pl.String, "key": pl.String, "seen": pl.Date},
)
FLAGGED = pl.DataFrame(
    [
        {
            **dict.fromkeys(schema.SCREEN),
            "term": "Rash",
            "group": "g",
            "flagged": True,
            "since_look": 1,
        }
    ],
    schema=schema.SCREEN,
)


def recorded(store: Store, look: Look = LOOK, cut: Cut = CUT, seen: pl.DataFrame = SEEN) -> None:
    verdicts = pl.DataFrame([VERDICT], schema=schema.SIGNALS)
    with store.transaction():
        store.record_look(look, cut, "{}", {"closed": verdicts}, seen, FLAGGED, SAID, (), EVENT)


def test_the_next_look_sees_the_look_before_its_cut_off(tmp_path: Path) -> None:
    with opened(tmp_path, "S1", NOW) as store:
        saved(store)
        recorded(store)
        assert store.next_look_number() == 2
        assert store.find_look(CUT, "d", "0") == LOOK
        assert store.find_look(CUT, "other", "0") is None
        later, earlier = date(2020, 7, 31), date(2020, 1, 31)
        assert store.previous_verdicts(2, later, "closed").to_dicts() == [VERDICT]
        assert store.previous_verdicts(2, earlier, "closed").is_empty()
        assert store.previous_verdicts(2, later, "open").is_empty()
        assert store.flags(2, later).rows() == [("Rash", "g", 1)]
        assert store.flags(2, earlier).is_empty()
        previous = store.previous_cut(2, later)
        assert previous is not None
        assert (previous.id, store.extract_of(previous)) == ("c1", "e1")
        assert store.previous_cut(2, earlier) is None


def test_the_day_an_event_was_first_seen_never_changes(tmp_path: Path) -> None:
    with opened(tmp_path, "S1", NOW) as store:
        saved(store)
        recorded(store)
        later = SEEN.with_columns(seen=pl.date(2020, 3, 1))
        recorded(store, Look(2, NOW, "d", {"safetymon": "0"}), seen=later)
        assert store.seen(3).rows() == [("001", "1", date(2020, 1, 5))]


def test_acts_are_chained(tmp_path: Path) -> None:
    with opened(tmp_path, "S1", NOW) as store:
        saved(store)
        with store.transaction():
            store.save_cut(Cut("c2", date(2020, 5, 1), INPUTS), EXTRACT, LISTINGS, EVENT)
        rows = store.acts()
    assert [row["seq"] for row in rows] == [1, 2, 3]
    assert rows[0]["previous"] == audit.START
    assert rows[1]["previous"] == rows[0]["hash"]
    assert all(row["hash"] == audit.digest(row) for row in rows)
    assert audit.digest({**rows[0], "actor": "somebody else"}) != rows[0]["hash"]


def test_earlier_extracts_are_remembered(tmp_path: Path) -> None:
    with opened(tmp_path, "S1", NOW) as store:
        assert store.most_rows_before("events", "e2") == 0
        saved(store)
        assert store.most_rows_before("events", "e2") == 2
        assert store.most_rows_before("events", "e1") == 0


def test_state_is_its_owner_s_alone(tmp_path: Path) -> None:
    with opened(tmp_path / "state", "S1", NOW):
        pass
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700
    files = list((tmp_path / "state").iterdir())
    assert files
    assert all(f.stat().st_mode & 0o077 == 0 for f in files)


HOLD = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from safetymon.store import opened
with opened(Path(sys.argv[1]), "S1", datetime.now(UTC)):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_one_process_at_a_time_holds_a_study(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as holder:  # fmt: skip
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(StudyBusyError, match=f"study S1 is held by process {holder.pid} on "), \
                opened(tmp_path, "S1", NOW):  # fmt: skip
            pass
        holder.communicate("")
    with opened(tmp_path, "S1", NOW) as store:
        assert store.next_look_number() == 1


def test_a_store_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    with opened(tmp_path, "S1", NOW) as store:
        store._connection.execute("insert into migration values (999, 'later')")
    with pytest.raises(DataRefusedError, match="newer safetymon"), opened(tmp_path, "S1", NOW):
        pass


def test_a_seal_with_another_head_is_refused_however_often_one_tries(tmp_path: Path) -> None:
    with opened(tmp_path, "S1", NOW) as store:
        saved(store)
    seal = tmp_path / "S1.duckdb.sha256"
    text = seal.read_text(encoding="utf-8")
    head = text.split("audit: ")[1][:64]
    seal.write_text(text.replace(head, "0" * 64), encoding="utf-8")
    for _ in range(2):
        refused = pytest.raises(DataRefusedError, match="names another head of the audit")
        with refused, opened(tmp_path, "S1", NOW):
            pass


def test_no_statement_reaches_another_file(tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("a\n1\n")
    with opened(tmp_path / "state", "S1", NOW) as store, pytest.raises(Exception, match="disabled"):
        store._connection.execute("select * from read_csv(?)", [str(tmp_path / "secret.csv")])
