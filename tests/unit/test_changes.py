"""What of the definitions each scope is told, and verdicts as runs of looks."""

import copy
from datetime import date
from typing import Any

import polars as pl

from safetymon import changes
from safetymon.domain import Scope
from safetymon.record_schema import EDITS
from safetymon.schema import SIGNALS
from tests.tables import frame

BEFORE: dict[str, Any] = {
    "study": {"id": "S", "title": "old title"},
    "data": {"folder": "a", "files": {"events": "ae.csv"}, "treatment_from": "ARM"},
    "treatments": {"IVIg": {"names": ["I"], "reference": False}},
    "emergent": {"lag_days": 30},
    "store": {"encryption_key_file": "somewhere"},
    "group": [{"name": "All IVIg", "treatment": "IVIg", "periods": []}],
    "topic": [{"name": "headache", "add_terms": []}],
    "rule": [
        {"name": None, "topic": "headache", "group": "All subjects", "estimand": "all",
         "method": "background", "background": 0.01},
        {"name": "Headache on IVIg", "topic": "headache", "group": "All IVIg", "estimand": "all",
         "method": "background", "background": 0.01},
    ],
}  # fmt: skip
SAME = ("0.1.0", "0.1.0")


def keys(now: dict[str, Any], scope: Scope, versions: tuple[str, str] = SAME) -> list[str]:
    return changes.redefined(BEFORE, now, versions, scope)["definition"].to_list()


def changed(**tables: object) -> dict[str, Any]:
    return {**copy.deepcopy(BEFORE), **tables}


def test_equal_definitions_differ_in_nothing() -> None:
    assert keys(changed(), "closed") == keys(changed(), "open") == []


def test_what_changes_no_number_is_no_definition() -> None:
    now = changed(
        study={"id": "S", "title": "new title"},
        data={"folder": "b", "files": {}, "treatment_from": "ARM"},
        store={"encryption_key_file": "elsewhere"},
    )
    assert keys(now, "closed") == []


def test_both_scopes_are_told_of_what_names_no_treatment() -> None:
    now = changed(
        emergent={"lag_days": 60}, topic=[{"name": "headache", "add_terms": ["Migraine"]}]
    )
    told = ["[emergent] lag_days", "[[topic]] 'headache' add_terms"]
    assert keys(now, "closed") == keys(now, "open") == told
    row = changes.redefined(BEFORE, now, SAME, "open").row(0)
    assert row == ("[emergent] lag_days", "30", "60")


def test_only_the_closed_scope_is_told_of_treatments_groups_and_their_rules() -> None:
    now = changed(
        treatments={"IVIg": {"names": ["I", "IG"], "reference": False}},
        group=[{"name": "All IVIg", "treatment": "IVIg", "periods": ["First"]}],
        rule=[BEFORE["rule"][0], BEFORE["rule"][1] | {"background": 0.02}],
    )
    assert keys(now, "open") == []
    assert keys(now, "closed") == [
        "[treatments] IVIg names", "[[group]] 'All IVIg' periods",
        "[[rule]] 'Headache on IVIg' background",
    ]  # fmt: skip


def test_a_pooled_rule_that_becomes_a_rule_of_a_group_does_not_name_the_group_in_the_open() -> None:
    now = changed(rule=[BEFORE["rule"][0] | {"group": "All IVIg"}, BEFORE["rule"][1]])
    told = changes.redefined(BEFORE, now, SAME, "open")
    assert told.height > 0
    assert set(told["now"].to_list()) == {None}
    assert not any("IVIg" in str(cell) for row in told.rows() for cell in row)


def test_another_version_is_a_changed_definition() -> None:
    told = changes.redefined(BEFORE, changed(), ("0.1.0", "0.2.0"), "open")
    assert told.rows() == [("version of safetymon", '"0.1.0"', '"0.2.0"')]


EARLIER = frame(
    """
    rule | look | cutoff     | verdict
    a    | 1    | 2020-01-01 | no signal
    b    | 1    | 2020-01-01 | raised
    a    | 2    | 2020-02-01 | no signal
    b    | 2    | 2020-02-01 | open
    a    | 3    | 2020-03-01 | raised
    """,
    {"rule": pl.String, "look": pl.Int64, "cutoff": pl.Date, "verdict": pl.String},
)


def test_verdicts_become_runs_of_looks() -> None:
    now = pl.DataFrame([{"rule": "a", "verdict": "open"}, {"rule": "b", "verdict": "open"}],
                       schema=SIGNALS)  # fmt: skip
    runs = changes.history(EARLIER, now, 4, date(2020, 4, 1))
    assert runs.select("rule", "verdict", "first_look", "last_look", "looks").rows() == [
        ("a", "no signal", 1, 2, 2),
        ("a", "raised", 3, 3, 1),
        ("a", "open", 4, 4, 1),
        ("b", "raised", 1, 1, 1),
        ("b", "open", 2, 4, 2),  # look 3 did not evaluate it
    ]
    assert runs["last_cutoff"].to_list()[-1] == date(2020, 4, 1)


def test_the_first_look_is_every_rule_s_first_run() -> None:
    now = pl.DataFrame([{"rule": "a", "verdict": "no events"}], schema=SIGNALS)
    runs = changes.history(EARLIER.clear(), now, 1, date(2020, 1, 1))
    assert runs.select("rule", "verdict", "looks").rows() == [("a", "no events", 1)]


def test_a_record_that_changed_in_two_ways_counts_in_both() -> None:
    edits = frame(
        """
        part  | change | subject | key | column  | move
        event | edited | 001     | 1   | serious | yes
        event | edited | 001     | 1   | related | yes
        event | edited | 001     | 2   | serious | yes
        event | new    | 002     | 1   |         |
        """,
        EDITS,
    )
    assert changes.counts(edits, "open").rows() == [
        ("event", "edited", "related", "yes", 1, 1),
        ("event", "edited", "serious", "yes", 2, 1),
        ("event", "new", None, None, 1, 1),
    ]
    assert changes.counts(edits.clear(), "closed").is_empty()


def test_rejected_rows_are_counted_by_the_rule_they_broke() -> None:
    rows = pl.DataFrame(
        {"file": ["ae", "ae", "dm"], "row": [1, 2, 1], "rule": ["x", "x", "y"],
         "column": ["A", "A", None]}
    )  # fmt: skip
    assert changes.rejected(rows).rows() == [("ae", "x", "A", 2), ("dm", "y", None, 1)]
