"""Who they are, what changed, and tables that sort and search, in a real browser."""

import json
from pathlib import Path

import polars as pl
import pytest
from playwright.sync_api import Locator, Page

from safetymon.domain import ESTIMANDS, Results, Scope
from safetymon.report import view
from safetymon.report.table import Number
from safetymon.schema import COUNTS
from tests.browser.conftest import Open
from tests.report_fixture import ALL_IVIG, FIRST_IVIG, FIRST_PLACEBO, HOSTILE, results, write

pytestmark = pytest.mark.browser

HEADACHE = "#table-topics .panel.all button.pick[data-value=headache]"


def listing() -> pl.DataFrame:
    cases = results(hostile=True).cases
    assert cases is not None
    return cases.listing


def counted(events: pl.DataFrame) -> str:
    def plural(n: int, noun: str) -> str:
        return f"{n:,} {noun}{'' if n == 1 else 's'}"

    who = plural(events["subject"].n_unique(), "subject")
    return f"{who}, {plural(events.height, 'event')}"


def rows(table: Locator) -> list[list[str]]:
    found: list[list[str]] = table.locator(
        "tbody tr:not(.out):not(.detail):not(.heading)"
    ).evaluate_all("rows => rows.map(row => [...row.cells].map(cell => cell.textContent))")
    return found


def choose(page: Page, kind: str | None, value: str | None) -> None:
    page.evaluate(
        "([kind, value]) => document.dispatchEvent(new CustomEvent('safetymon:select',"
        " {detail: {kind: kind, value: value}}))",
        [kind, value],
    )


def test_the_listing_of_a_topic_has_the_numbers_of_the_tables(
    opened: Open, reports: dict[Scope, Path]
) -> None:
    document = json.loads((reports["closed"] / "results.json").read_text(encoding="utf-8"))
    cells = {
        (row["term"], row["estimand"], row["group"]): (row["subjects"], row["events"])
        for row in document["incidence"]
        if row["level"] == "topic" and row["adjudicated"]
    }
    with opened(reports["closed"] / "report.html") as made:
        for (topic, estimand, group), numbers in cells.items():
            made.page.check(f"input[name=estimand][value='{estimand}']")
            made.page.select_option("#listing-group", group)
            choose(made.page, "topic", topic)
            words = (made.page.text_content("#listing-count") or "").replace(",", "").split()
            assert (int(words[0]), int(words[2])) == numbers, (topic, estimand, group)


@pytest.mark.parametrize("estimand", ESTIMANDS)
def test_a_term_lists_its_events_whatever_is_in_it(
    estimand: str, opened: Open, reports: dict[Scope, Path]
) -> None:
    with opened(reports["closed"] / "report.html") as made:
        made.page.check(f"input[name=estimand][value='{estimand}']")
        for term in ("Pyrexia", *HOSTILE[:3]):
            choose(made.page, "pt", term)
            mine = listing().filter(COUNTS[estimand], pt=term)  # type: ignore[index]  # an estimand
            assert made.page.text_content("#listing-count") == counted(mine)


def test_a_rule_lists_its_own_estimand_and_group(opened: Open, reports: dict[Scope, Path]) -> None:
    rule = f"Pyrexia, related events: {ALL_IVIG} by incidence"
    with opened(reports["closed"] / "report.html") as made:
        made.page.check("input[name=estimand][value=serious]")
        made.page.get_by_role("button", name=f"List the subjects of {rule}").first.click()
        mine = listing().filter(
            "related",
            pl.col("topics").list.contains("pyrexia"),
            pl.col("groups").list.contains(ALL_IVIG),
        )
        assert made.page.text_content("#listing-count") == counted(mine)
        assert rule in (made.page.text_content("#listing-picked") or "")


def lane(subject: str | None) -> str:
    """How the exposure of a subject with one treatment is drawn: as everywhere on the page."""
    made = results("closed")
    assert made.cases is not None
    (taken,) = made.cases.ledger.filter(subject=subject)["treatment"].unique()
    return f"taken lane-{view.treatments(made.groups, made.cases.ledger).index(taken)}"


def test_from_a_topic_to_its_listing_to_a_profile_and_back_with_the_keyboard(
    opened: Open, reports: dict[Scope, Path]
) -> None:
    with opened(reports["closed"] / "report.html") as made:
        page = made.page
        page.focus(HEADACHE)
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "listing-clear"
        mine = listing().filter(pl.col("topics").list.contains("headache"))
        assert page.text_content("#listing-count") == counted(mine)
        first = page.locator("#listing-table tbody button").first
        subject = first.text_content()
        first.focus()
        page.keyboard.press("Enter")
        assert page.text_content("#profile-title") == f"Subject {subject}"
        assert page.evaluate("document.activeElement.id") == "profile-title"
        own = listing().filter(subject=subject)
        assert len(rows(page.locator("#profile-table"))) == own.height
        assert page.locator(".timeline circle").count() == own.height
        assert page.locator(".timeline circle.serious").count() == own["serious"].sum()
        assert page.locator(".timeline rect.taken").get_attribute("class") == lane(subject)
        page.keyboard.press("Escape")
        assert not page.locator("#profile").is_visible()
        assert page.text_content("#listing-count") == counted(mine)
        assert page.evaluate("document.activeElement.textContent") == subject
        page.focus("#listing-clear")
        page.keyboard.press("Enter")
        assert page.text_content("#listing-count") == counted(listing())


def test_the_listing_is_searched_sorted_and_paged(opened: Open, reports: dict[Scope, Path]) -> None:
    with opened(reports["closed"] / "report.html") as made:
        page, table = made.page, made.page.locator("#listing-table")
        assert len(rows(table)) == 50
        assert page.locator("button[data-page=back]").is_disabled()
        seen = [tuple(row[:2]) for row in rows(table)]
        while page.locator("button[data-page=on]").is_enabled():
            page.click("button[data-page=on]")
            seen += [tuple(row[:2]) for row in rows(table)]
        wanted = listing().select("subject", "key").rows()
        assert sorted(seen) == sorted(wanted)
        page.get_by_role("button", name="Study day").first.click()
        assert table.locator("th[aria-sort=ascending]").count() == 1
        days = listing()["study_day"].sort().to_list()
        assert [int(row[4]) for row in rows(table)] == days[:50]
        page.get_by_role("button", name="Study day").first.click()
        assert int(rows(table)[0][4]) == days[-1]
        page.fill("#listing-search", "pyrexia severe")
        mine = listing().filter(pt="Pyrexia", severity="severe")
        assert page.text_content("#listing-count") == counted(mine)


def test_new_records_and_groups_narrow_the_listing(
    opened: Open, reports: dict[Scope, Path]
) -> None:
    with opened(reports["closed"] / "report.html") as made:
        made.page.check("#listing-new")
        assert made.page.text_content("#listing-count") == counted(listing().filter("is_new"))
        made.page.uncheck("#listing-new")
        for group in (FIRST_IVIG, FIRST_PLACEBO):
            made.page.select_option("#listing-group", group)
            mine = listing().filter(pl.col("groups").list.contains(group))
            assert made.page.text_content("#listing-count") == counted(mine)


def test_a_table_is_sorted_by_its_heads_and_back(opened: Open, reports: dict[Scope, Path]) -> None:
    with opened(reports["closed"] / "report.html") as made:
        table = made.page.locator("#table-pts .panel.all table")
        given = rows(table)
        head = table.locator("thead tr").last.locator("th").nth(2)
        head.locator("button").focus()
        made.page.keyboard.press("Enter")
        assert head.get_attribute("aria-sort") == "descending"
        events = [int(row[2].replace(",", "")) for row in rows(table)]
        assert events == sorted(events, reverse=True)
        made.page.keyboard.press("Enter")
        assert head.get_attribute("aria-sort") == "ascending"
        assert [int(row[2].replace(",", "")) for row in rows(table)] == sorted(events)
        made.page.keyboard.press("Enter")
        assert head.get_attribute("aria-sort") is None
        assert rows(table) == given


@pytest.mark.parametrize("scope", ["closed", "open"])
def test_a_table_is_searched(scope: Scope, opened: Open, reports: dict[Scope, Path]) -> None:
    with opened(reports[scope] / "report.html") as made:
        panel = made.page.locator("#table-pts .panel.all")
        all_rows = len(rows(panel))
        panel.get_by_role("searchbox").fill("fatigue")
        assert [row[0] for row in rows(panel)] == ["Fatigue"]
        assert panel.get_by_role("status").text_content() == f"1 of {all_rows} rows shown"
        made.page.emulate_media(media="print")
        assert panel.locator("tbody tr:visible").count() == all_rows
        made.page.emulate_media(media="screen")
        panel.get_by_role("searchbox").fill("")
        assert len(rows(panel)) == all_rows


@pytest.mark.parametrize("scope", ["closed", "open"])
def test_tables_follow_what_is_chosen_and_let_go(
    scope: Scope, opened: Open, reports: dict[Scope, Path]
) -> None:
    with opened(reports[scope] / "report.html") as made:
        panel = made.page.locator("#table-pts .panel.all")
        before = rows(panel)
        choose(made.page, "pt", "Pyrexia")
        assert [row[0] for row in rows(panel)] == ["Pyrexia"]
        pressed = panel.locator("button[aria-pressed=true]")
        assert pressed.text_content() == "Pyrexia"
        choose(made.page, None, None)
        assert rows(panel) == before
        made.page.locator(HEADACHE).first.click()
        shown = made.page.locator("#table-topics .panel.all tbody:not(.out)")
        topics = {body.get_attribute("data-topic") for body in shown.all()}
        assert topics == {"headache", None}  # any event stays beside it


@pytest.mark.parametrize("scope", ["closed", "open"])
def test_the_overview_on_the_page_is_that_of_results_json(
    scope: Scope, opened: Open, reports: dict[Scope, Path]
) -> None:
    document = json.loads((reports[scope] / "results.json").read_text(encoding="utf-8"))
    kinds = list(dict.fromkeys(row["kind"] for row in document["overview"]))
    with opened(reports[scope] / "report.html") as made:
        told = rows(made.page.locator("#overview"))
        assert len(told) == len(kinds)
        for kind, cells in zip(kinds, told, strict=True):
            of = [row for row in document["overview"] if row["kind"] == kind]
            wanted = [
                "not recorded" if r["subjects"] is None else f"{r['subjects']:,} ({r['events']:,})"
                for r in of
            ]
            assert cells[1::3] == wanted


@pytest.mark.parametrize("scope", ["closed", "open"])
def test_the_changes_and_the_history_on_the_page_are_those_of_results_json(
    scope: Scope, opened: Open, reports: dict[Scope, Path]
) -> None:
    document = json.loads((reports[scope] / "results.json").read_text(encoding="utf-8"))
    with opened(reports[scope] / "report.html") as made:
        tables = {
            (table.locator("caption b").text_content() or "").strip(" ."): rows(table)
            for table in made.page.locator("#changes table").all()
        }
    counts = sorted((c["records"], c["subjects"]) for c in document["changes"]["data"])
    assert sorted((int(row[1]), int(row[2])) for row in tables[f"Table {Number.CHANGES}"]) == counts
    keys = [[d["definition"], d["before"], d["now"]] for d in document["changes"]["definitions"]]
    assert tables[f"Table {Number.REDEFINED}"] == keys
    now = {run["rule"]: run["verdict"] for run in document["history"]
           if run["last_look"] == document["look"]["number"]}  # fmt: skip
    assert {row[0]: row[-1] for row in tables[f"Table {Number.HISTORY}"]} == now


def test_the_open_page_has_no_listing(opened: Open, reports: dict[Scope, Path]) -> None:
    with opened(reports["open"] / "report.html") as made:
        assert made.page.locator("#who, #cases, #profile").count() == 0
        assert made.page.get_by_text("List the subjects").count() == 0


def test_without_javascript_the_page_says_where_the_listing_is(
    opened: Open, reports: dict[Scope, Path]
) -> None:
    with opened(reports["closed"] / "report.html", java_script_enabled=False) as made:
        assert made.page.locator("#listing-off").is_visible()
        assert not made.page.locator("#listing").is_visible()
        assert made.page.locator("#overview table").is_visible()


@pytest.fixture(scope="session")
def large(tmp_path_factory: pytest.TempPathFactory) -> tuple[Results, Path]:
    """A study with more events than a page holds."""
    made = results(scale=6)
    return made, write(made, tmp_path_factory.mktemp("large")).folder


def test_a_large_study_says_what_is_left_to_the_table(
    opened: Open, large: tuple[Results, Path]
) -> None:
    made_of, folder = large
    assert made_of.cases is not None
    events = made_of.cases.listing.height
    assert events > 2000
    written = pl.read_csv(folder / "tables" / "listing.csv", infer_schema_length=None)
    assert written.height == events
    with opened(folder / "report.html") as made:
        words = (made.page.text_content("#listing-count") or "").replace(",", "").split()
        left = made.page.locator("#who .warning").text_content() or ""
        assert int(words[2]) <= 2000
        assert f"{events - int(words[2]):,} events of" in left
