"""The appendix of methods and the estimand below every table: they say what the code does."""

import inspect
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from safetymon import definitions, methods
from safetymon.basis import Method
from safetymon.domain import Scope
from safetymon.report import page
from safetymon.report.footers import UNITS, Footers
from safetymon.report.table import Number
from safetymon.stats import comparisons, proportions
from safetymon.study import Study
from tests.report_fixture import results

ROOT = Path(__file__).parents[2]
DEMO = tomllib.loads((ROOT / "safetymon" / "demo" / "study.toml").read_text(encoding="utf-8"))


@cache
def rendered(scope: Scope) -> str:
    return page.render(results(scope), "")


def study(**report: Any) -> Study:  # noqa: ANN401 - any key of [report]
    return Study.model_validate({**DEMO, "report": report})


def names(made: Study, scope: Scope) -> list[str]:
    return [method.name for method in methods.used(made, scope)]


def test_a_method_is_named_as_its_code_and_speaks_in_its_words() -> None:
    first, *_ = methods.used(study(), "closed")
    said = inspect.getdoc(proportions.clopper_pearson) or ""
    assert first == Method(
        "stats.proportions.clopper_pearson",
        " ".join(said.split("\n\n")[0].split()),
        "Clopper and Pearson 1934, Biometrika 26:404, as quantiles of beta distributions.",
    )


def test_what_the_study_file_chooses_is_what_is_named() -> None:
    assert "stats.proportions.wilson" in names(study(proportion="wilson"), "closed")
    assert "stats.comparisons.risk_difference_newcombe" in names(
        study(difference="newcombe"), "closed"
    )


def test_comparisons_that_share_alpha_name_holm() -> None:
    shared = {**DEMO, "evidence": {**DEMO["evidence"], "family": "topics"}}
    assert "stats.multiplicity.holm" in names(Study.model_validate(shared), "closed")
    assert "stats.multiplicity.holm" not in names(study(), "closed")
    assert "stats.multiplicity.holm" not in names(Study.model_validate(shared), "open")


def test_the_open_report_compares_nothing() -> None:
    told = names(study(), "open")
    assert comparisons.fisher_two_sided.__name__ not in " ".join(told)
    assert "stats.walk" not in told
    assert "stats.boundary.binomial_boundary" in told  # of the pooled rule


def test_no_method_is_told_twice_and_each_says_something() -> None:
    for scope in ("closed", "open"):
        found = methods.used(study(), scope)
        assert len({method.name for method in found}) == len(found)
        assert all(len(method.says) > 20 and "`" not in method.says for method in found)


def test_most_methods_name_their_source() -> None:
    found = methods.used(study(), "closed")
    assert sum(bool(method.source) for method in found) >= 0.7 * len(found)


@pytest.mark.parametrize("scope", ["closed", "open"])
def test_every_table_of_a_page_has_its_line(scope: Scope) -> None:
    tables = rendered(scope).count("<caption>")
    filled = len(re.findall(r'data-profile|id="listing', rendered(scope)))  # by our script
    assert rendered(scope).count('<p class="estimand">') + filled >= tables - 2
    assert rendered(scope).count('<span class="estimand">') >= 8


@pytest.mark.parametrize("number", sorted(UNITS))
def test_a_line_says_the_whole_estimand(number: Number) -> None:
    line = Footers(results()).table(number, "related")
    for part in ("Population: ", "periods: ", "treatment: ", "treatment-emergent: ",
                 "relatedness: related only", "unit: ", "data up to 04 Nov 2019", "method: ",
                 "definitions 0123456789ab"):  # fmt: skip
        assert part in line
    assert "{" not in line


@pytest.mark.parametrize(
    ("number", "unit"),
    [
        (Number.FINDINGS, "findings"),
        (Number.REJECTED, "rows of files"),
        (Number.CHANGES, "records as listed"),
        (Number.REDEFINED, "keys of the study file"),
        (Number.HISTORY, "rules"),
    ],
)
def test_a_table_of_records_has_no_estimand(number: Number, unit: str) -> None:
    assert Footers(results()).table(number) == (
        f"Unit: {unit}; data up to 04 Nov 2019; definitions 0123456789ab."
    )


def test_the_open_lines_speak_of_no_comparison() -> None:
    for number in UNITS:
        line = Footers(results("open")).table(number)
        assert "difference" not in line or number is Number.COMPARISONS


def test_the_phrases_come_from_the_study_file() -> None:
    made = Study.model_validate(
        {**DEMO, "emergent": {"lag_days": 7, "missing": "as no"}, "report": {"confidence": 0.9}}
    )
    basis = definitions.basis(made, "closed", "ab" * 32, ())
    assert basis.emergent.endswith("to 7 days after the last dose")
    assert basis.related == "as recorded, unrecorded counts as no"
    assert basis.proportion == "exact Clopper-Pearson interval, 90%"
    assert basis.version == "abababababab"


def test_the_methods_stand_in_the_page_escaped() -> None:
    assert '<section id="methods">' in rendered("closed")
    assert "Evidence &lt;that&gt; may be read at any time." in rendered("closed")
    assert "Source: Clopper 1934." in rendered("open")
