"""How every number of a report is defined, in sentences made from the study's own settings.

The open sentences name no treatment and no group.
"""

from collections.abc import Iterator
from datetime import date

from safetymon.basis import Basis, Method
from safetymon.domain import Scope
from safetymon.study import Study
from safetymon.topics import resolved

_PARTIAL = {
    "conservative": (
        "an onset date of which day or month are missing counts as treatment-emergent if it could "
        "lie in an emergent window; it is dated at the first day that is possible in the window"
    ),
    "first-day": (
        "an onset given as year and month is read as the first day of the month; a bare year or a "
        "blank is not treatment-emergent"
    ),
}
_FLAG = {
    "honour": "A recorded treatment-emergent flag decides where there is one that is understood (a "
    "blank is no)",
    "derive": "A recorded treatment-emergent flag is not used",
}
_MISSING = {
    "conservative": "an event without recorded causality counts as related, one without recorded "
    "seriousness as serious",
    "as no": "an event without recorded causality counts as not related, one without recorded "
    "seriousness as not serious",
}


_CUT = (
    "Everything recorded with a date up to {:%d %b %Y}; an event counts from its data-entry date "
    "where one is recorded, else from its onset."
)
_SUBJECTS = (
    "Subjects with at least one event, each counted once however many events; the percentage is "
    "of the subjects at risk, with the {} interval."
)
_PROPORTION = {
    "clopper-pearson": "exact Clopper-Pearson",
    "wilson": "Wilson score",
    "wilson-cc": "Wilson score (with continuity correction)",
    "jeffreys": "Jeffreys",
    "agresti-coull": "Agresti-Coull",
}
_DIFFERENCE = {
    "miettinen-nurminen": "Miettinen-Nurminen score",
    "mee": "Mee score",
    "newcombe": "Newcombe hybrid score",
    "newcombe-cc": "Newcombe hybrid score (with continuity correction)",
}
_RATE = {
    "exact": "exact Poisson",
    "score": "Poisson score",
    "byar": "Byar's approximate Poisson",
    "jeffreys": "Jeffreys Poisson",
}
_COMPARISONS = (
    "Risk difference in percentage points with the {} interval, risk ratio with Koopman's and odds "
    "ratio with Cornfield's score interval, ratio of the rates of first events with its exact "
    "conditional interval, and Fisher's exact two-sided p, which describes and does not decide. "
    "Against the group that the study file names as reference. A finding says where the two were "
    "not at risk at the same time, and how many subjects are in both."
)


_BUILT_IN = "not an SMQ"


def sentences(study: Study, scope: Scope, cutoff: date) -> tuple[tuple[str, str], ...]:
    """(name, sentence) pairs, in reading order."""
    return (
        ("Population", _population(scope)),
        ("Treatment-emergent", _emergent(study, scope)),
        ("Partial onset dates", f"{_PARTIAL[study.emergent.partial_onset].capitalize()}."),
        ("Missing values", f"{_MISSING[study.emergent.missing].capitalize()}."),
        ("Data cut", _CUT.format(cutoff)),
        ("Subjects", _SUBJECTS.format(_PROPORTION[study.report.proportion])),
        ("Events", "All occurrences. Events are never a percentage of subjects."),
        ("Rates", _rates(study)),
        *(_comparisons(study) if scope == "closed" else ()),
        *_topics(study),
    )


def basis(study: Study, scope: Scope, sha256: str, methods: tuple[Method, ...]) -> Basis:
    """The estimand of a report's numbers in phrases; `sha256` is the definitions' hash."""
    lag = study.emergent.lag_days
    until = "without limit" if lag == "unlimited" else f"to {lag} days after the last dose"
    closed, level = scope == "closed", f"{100 * study.report.confidence:g}%"
    missing = "yes" if study.emergent.missing == "conservative" else "no"
    return Basis(
        population="all treated subjects",
        periods="those of each group, see Groups" if closed else "all, pooled",
        treatment="as taken, not as randomised" if closed else "pooled, none told apart",
        emergent=f"onset from the first dose of a treatment in a period {until}",
        related=f"as recorded, unrecorded counts as {missing}",
        serious=f"as recorded, unrecorded counts as {missing}",
        proportion=f"{_PROPORTION[study.report.proportion]} interval, {level}",
        difference=f"{_DIFFERENCE[study.report.difference]} interval, {level}",
        rates=f"{_RATE[study.report.rate]} interval, {level}",
        version=sha256[:12],
        screen_q=study.evidence.screen_q,
        methods=methods,
    )


def _comparisons(study: Study) -> tuple[tuple[str, str], ...]:
    return (("Comparisons", _COMPARISONS.format(_DIFFERENCE[study.report.difference])),)


def _population(scope: Scope) -> str:
    if scope == "open":
        return (
            "All subjects who received study treatment, pooled. A change of treatment is not seen: "
            "the time between two treatments in one period counts as time at risk, and events in "
            "it count, also where it took longer than the lag after the last dose."
        )
    return (
        "Subjects who received the treatment in the period, as actually taken, not as randomised. "
        "A subject who changed treatment is at risk under both, one after the other, so groups can "
        "overlap: overlapping columns must not be added."
    )


def _emergent(study: Study, scope: Scope) -> str:
    lag = study.emergent.lag_days
    until = "without limit after it" if lag == "unlimited" else f"{lag} days after the last dose"
    first = "of a treatment in a period" if scope == "closed" else "in a period"
    end = "treatment or period" if scope == "closed" else "period"
    return (
        f"Onset on or after the first dose {first}, up to {until}, and before the next {end} "
        f"began. A worsening counts when it is recorded as an event "
        f"of its own. {_FLAG[study.emergent.flag]}."
    )


def _rates(study: Study) -> str:
    settings = study.report
    until = {
        "at risk": "the end of the emergent window, death, end of participation or the data cut",
        "on treatment": "the last dose",
    }[settings.person_time]
    return (
        f"Per 100 person-years of {settings.days_per_year:g} days, from the first dose to {until}, "
        f"with {_RATE[settings.rate]} intervals: all events over the whole time, and first events "
        "over the time up to each subject's first event. "
        f"Intervals are two-sided, {settings.confidence:.0%}."
    )


def _topics(study: Study) -> Iterator[tuple[str, str]]:
    own = {topic.name for topic in study.topic if topic.terms}
    for topic, terms in resolved(study.topic).items():
        yield f"Topic: {topic}", _topic(terms, "of the study file" if topic in own else _BUILT_IN)


def _topic(terms: tuple[str, ...], source: str) -> str:
    listed = ", ".join(term.capitalize() for term in terms)
    return (
        f"Preferred terms ({source}): {listed}. Shown by these terms alone, and after "
        "adjudication, which overrides the term for a record where it is available."
    )
