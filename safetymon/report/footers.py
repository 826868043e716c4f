"""The line below every table and figure that says what its numbers are: the estimand. Pure.

Population, periods, treatment, emergent rule, relatedness, unit, cut-off, method and version of the
definitions. A table's number belongs to its kind (`table`), so its unit and method do too.
"""

from typing import NamedTuple

from safetymon.basis import Basis
from safetymon.domain import Estimand, Results
from safetymon.report import wording
from safetymon.report.table import Number

COUNTS = "counts"
OWN = "the rule's own (Methods)"
SIMULATED = "simulated trials of this study's design"
SUBJECTS = "subjects with an event, each once, of those at risk (events)"
EVIDENCE = "subjects with a first event, from the day it was first seen"
UNITS = {
    Number.SIGNALS: ("as each rule says", OWN),
    Number.TOPICS: (f"{SUBJECTS}; rates per 100 person-years", "{proportion}; rates: {rates}"),
    Number.COMPARISONS: (
        "percentage points of subjects at risk; ratios of their shares, odds and rates",
        (
            "{difference}; risk ratio: Koopman's, odds ratio: Cornfield's score interval; rate "
            "ratio: exact conditional; Fisher's exact p describes"
        ),
    ),
    Number.SOCS: (SUBJECTS, "{proportion}; difference: {difference}"),
    Number.PTS: (SUBJECTS, "{proportion}; difference: {difference}"),
    Number.GROUPS: ("subjects treated; person-years", COUNTS),
    Number.PATH: (EVIDENCE, OWN),
    Number.STRIP: (EVIDENCE, "exact binomial tail; mixture e-value"),
    Number.SCREEN: (EVIDENCE, "conditional log-rank walk; Benjamini-Hochberg"),
    Number.CARDS: ("share of simulated trials", SIMULATED),
    Number.OVERVIEW: (SUBJECTS, "{proportion}"),
    Number.INCIDENCE: ("percent of subjects with a first event", "Aalen-Johansen, death competing"),
    Number.MEAN: ("events a subject", "mean cumulative function"),
    Number.SEVERITY: ("subjects by the highest severity of their events", COUNTS),
    Number.LAGS: ("days from onset to record", "quantiles of the dated events"),
}  # fmt: skip
"""Kind of table -> unit and method; `{…}` is a phrase of the study's own settings."""
RECORDS = {
    Number.FINDINGS: "findings", Number.INPUTS: "rows of files", Number.REJECTED: "rows of files",
    Number.CHANGES: "records as listed", Number.EDITED: "records as listed",
    Number.REDEFINED: "keys of the study file", Number.TURNED: "rules", Number.HISTORY: "rules",
}  # fmt: skip
"""Tables of records, files and findings: what they count is no estimand."""
OPEN = {
    Number.SOCS: "{proportion}", Number.PTS: "{proportion}", Number.SCREEN: "",
    Number.COMPARISONS: "",
}  # fmt: skip
"""The methods of an open report, where they are others: nothing is compared in it."""


class Footers(NamedTuple):
    """The lines of one report."""

    results: Results

    def table(self, number: Number, estimand: Estimand | None = None) -> str:
        """Below a table; without an estimand each row or rule has its own."""
        if number in RECORDS:
            return self._recorded(number)
        basis = self.results.basis
        who = (
            f"Population: {basis.population}; periods: {basis.periods}; "
            f"treatment: {basis.treatment}; treatment-emergent: {basis.emergent}"
        )
        return f"{who}; {self._how(number, estimand)}."

    def figure(self, number: Number) -> str:
        """Below a figure whose numbers a table gives: what the two do not share."""
        if number in RECORDS:
            return self._recorded(number)
        who = "Population, periods, treatment and emergent rule as under that table"
        return f"{who}; {self._how(number, None)}."

    def _recorded(self, number: Number) -> str:
        return f"Unit: {RECORDS[number]}; {self._version()}."

    def _how(self, number: Number, estimand: Estimand | None) -> str:
        unit, method = UNITS.get(number, ("as the columns say", COUNTS))
        if self.results.scope == "open":
            method = OPEN.get(number, method)
        said = method.format_map(_phrases(self.results.basis))
        related = self._related(estimand)
        return f"relatedness: {related}; unit: {unit}; method: {said}; {self._version()}"

    def _version(self) -> str:
        cutoff = wording.day(self.results.cut.cutoff)
        return f"data up to {cutoff}; definitions {self.results.basis.version}"

    def _related(self, estimand: Estimand | None) -> str:
        basis = self.results.basis
        match estimand:
            case None:
                return "as chosen, or as row or rule says"
            case "all":
                return "any"
            case "related":
                return f"related only, {basis.related}"
            case "serious":
                return f"any; serious only, {basis.serious}"
            case _:
                return f"related and serious only, each {basis.related}"


def _phrases(basis: Basis) -> dict[str, str]:
    return {
        "proportion": basis.proportion, "difference": basis.difference, "rates": basis.rates,
    }  # fmt: skip
