"""The list of looks: made from the results of its own scope alone."""

from safetymon.domain import Scope
from safetymon.report import index
from tests.report_fixture import json_text, results

STUDY = results().study


def test_a_look_is_told_with_its_verdicts() -> None:
    entry = index.entry("0003-2019-11-04", json_text(results()))
    assert entry.cutoff == "04 Nov 2019"
    assert entry.run_at == "05 Nov 2019 06:00 UTC"
    assert entry.groups[0] == "52 in First period, IVIg"
    assert entry.verdicts == (
        ("raised", 3), ("open", 1), ("too little data", 1), ("not applicable", 1),
        ("no signal", 2),
    )  # fmt: skip


def test_a_look_whose_results_are_gone_or_broken_is_still_listed() -> None:
    for document in (None, "", '{"cut": '):
        entry = index.entry("0003-2019-11-04", document)
        assert not entry.readable
        assert "cannot be read" in index.render(STUDY, "closed", [entry])


def test_the_page_links_every_look_in_the_order_given() -> None:
    entries = [
        index.entry(folder, json_text(results()))
        for folder in ("0004-2019-12-02", "0003-2019-11-04")
    ]
    html = index.render(STUDY, "closed", entries)
    first, second = (html.index(f'href="{entry.folder}/report.html"') for entry in entries)
    assert first < second
    assert "CLOSED" in html
    assert "SYNTHETIC DATA" in html


def test_the_open_page_names_no_treatment() -> None:
    entry = index.entry("0003-2019-11-04", json_text(results("open")))
    html = index.render(STUDY, "open", [entry]).replace(STUDY.title, "")
    assert "100 in All subjects" in html
    assert not any(word in html.lower() for word in ("ivig", "placebo"))


def test_nothing_can_run_on_the_page() -> None:
    html = index.render(STUDY, "open", [])
    assert "<script" not in html
    assert "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'" in html


def test_a_look_without_a_rule_says_so() -> None:
    entry = index.entry("0003-2019-11-04", json_text(results(rules=False)))
    assert entry.verdicts == ()
    assert "no rule" in index.render(STUDY, "closed", [entry])


def test_only_the_closed_page_tells_verdicts() -> None:
    trees: tuple[Scope, ...] = ("closed", "open")
    for tree in trees:
        entry = index.entry("0003-2019-11-04", json_text(results(tree)))
        html = index.render(STUDY, tree, [entry])
        assert entry.verdicts
        assert ("Rules by verdict" in html) == (tree == "closed")
        assert ('class="badge' in html) == (tree == "closed")
