"""Reads a study file: TOML -> `domain.Study`; every error is one line that names file and key."""

import hashlib
import re
from collections.abc import Collection, Iterable
from itertools import combinations
from pathlib import Path

from safetymon import tomlfile
from safetymon.domain import ALL_SUBJECTS, Group, Topic, Values
from safetymon.errors import UsageError
from safetymon.study import EclRule, Rule, Study
from safetymon.tomlfile import did_you_mean
from safetymon.topics import BUILT_IN, resolved

_KIND = "study file"


def load(path: Path) -> Study:
    """The study file at `path`, validated as a whole.

    Raises:
        UsageError: The file cannot be read, is not TOML, or breaks a rule of the language.
    """
    raw = tomlfile.parsed(path, _KIND, "write one with `safetymon init DATA_DIR`")
    study = _with_default_groups(tomlfile.validated(raw, Study, path, _KIND))
    for problem in _problems(study):
        raise UsageError(f"{path.name}: {problem}")
    return study


def definitions_sha256(study: Study) -> str:
    """A fingerprint of everything in the study file that can change a number or a verdict.

    Where the files lie, what the study is titled and when its data are stale does not count; the
    built-in term lists do.
    """
    core = study.model_dump_json(
        exclude={
            "study": {"title"},
            "data": {"folder", "files"},
            "store": True,
            "freshness": True,
        }
    )
    lists = repr(sorted(resolved(study.topic).items()))
    return hashlib.sha256(f"{core}\n{lists}".encode()).hexdigest()


def _with_default_groups(study: Study) -> Study:
    """Without groups, each treatment is one, over all periods, beside the reference if any."""
    if study.group:
        return study
    reference = next((name for name, t in study.treatments.items() if t.reference), None)
    groups = tuple(
        Group(name=name, treatment=name, reference=None if name == reference else reference)
        for name in study.treatments
    )
    return study.model_copy(update={"group": groups})


def _problems(study: Study) -> list[str]:
    groups = {group.name: group for group in study.group}
    return [
        *_treatment_problems(study),
        *_word_problems(study.data.values),
        *_repeated("group", [group.name for group in study.group]),
        *_repeated("topic", [topic.name for topic in study.topic]),
        *_repeated("rule", [rule.title for rule in study.rule]),
        *(p for topic in study.topic for p in _topic_problems(topic, study)),
        *(p for group in study.group for p in _group_problems(group, groups, study)),
        *(p for rule in study.rule for p in _rule_problems(rule, groups, study)),
        *_family_problems(study),
    ]


def _family_problems(study: Study) -> list[str]:
    """Comparisons that share one alpha cannot each have their own."""
    if study.evidence.family == "none":
        return []
    alpha = study.evidence.alpha
    return [
        f"rule '{rule.title}': alpha is {rule.alpha:g}, but with family = \"topics\" all "
        f"comparisons share that of [evidence], {alpha:g}; write that one"
        for rule in study.rule
        if isinstance(rule, EclRule) and not rule.off and rule.alpha != alpha
    ]


def _treatment_problems(study: Study) -> list[str]:
    references = [name for name, treatment in study.treatments.items() if treatment.reference]
    names = {t: [n.upper() for n in of.names] for t, of in study.treatments.items()}
    meaning = [name for upper in names.values() for name in set(upper)]
    return [
        *(["treatments: at least one is needed"] if not study.treatments else []),
        *(
            [f"treatments: only one can be the reference, not {len(references)}"]
            if len(references) > 1
            else []
        ),
        *(
            f"treatments: '{name}' in the data means two treatments; list it once"
            for name in sorted({n for n in meaning if meaning.count(n) > 1})
        ),
        *(
            f"treatments.{treatment}: '{name}' is listed twice; list it once"
            for treatment, upper in names.items()
            for name in sorted({n for n in upper if upper.count(n) > 1})
        ),
    ]


def _word_problems(values: Values) -> list[str]:
    """A word of the listing that would mean two things."""
    kinds = (("yes", "no"), ("related", "not_related"), ("mild", "moderate", "severe"))
    upper = {
        name: {w.strip().upper() for w in words} for name, words in values.model_dump().items()
    }
    return [
        f"data.values: '{word}' stands in {one} and in {other}; leave it in one, and write out "
        "the other (left out, it is the built-in list)"
        for kind in kinds
        for one, other in combinations(kind, 2)
        for word in sorted(upper[one] & upper[other])
    ]


def _topic_problems(topic: Topic, study: Study) -> list[str]:
    """A topic that is misspelt would be a new one, with hardly a term; so would none at all.

    A topic without terms is for adjudication alone, so the study file names its listing.
    """
    here = f"topic '{topic.name}'"
    names = [*BUILT_IN, *(other.name for other in study.topic)]
    same = next(n for n in names if n.casefold() == topic.name.casefold())
    if same != topic.name:
        return [f"{here}: is '{same}' in another case; write it so"]
    maybe = "" if topic.name in BUILT_IN else did_you_mean(topic.name, BUILT_IN)
    if topic.name not in BUILT_IN and (topic.add_terms or topic.drop_terms):
        return [f"{here}: is not built in, so nothing to change; list what it has as terms{maybe}"]
    if not resolved([topic])[topic.name] and "adjudication" not in study.data.files:
        remedy = "list them as terms, or name the listing that adjudicates it under [data.files]"
        return [f"{here}: has no terms; {remedy}{maybe}"]
    return _dropped_problems(here, topic)


def _dropped_problems(here: str, topic: Topic) -> list[str]:
    before = resolved([topic.model_copy(update={"drop_terms": ()})])[topic.name]
    listed = (*topic.terms, *topic.add_terms, *BUILT_IN.get(topic.name, ()))
    return [
        f"{here}: drop_terms: '{term}' is not one of its terms{did_you_mean(term, listed)}"
        for term in topic.drop_terms
        if term.upper() not in before
    ]


def _repeated(kind: str, names: list[str]) -> list[str]:
    twice = sorted({name for name in names if names.count(name) > 1})
    return [f"{kind} '{name}' is defined twice; give each its own name" for name in twice]


def _group_problems(group: Group, groups: dict[str, Group], study: Study) -> list[str]:
    here = f"group '{group.name}'"
    if group.name == ALL_SUBJECTS:
        return [f"{here}: this name is kept for the open report; choose another"]
    if bool(group.treatment) == bool(group.total_of):
        return [f"{here}: give either treatment or total_of"]
    if group.total_of and group.periods:
        return [f"{here}: total_of takes the periods of its groups; remove periods"]
    wanted = [*([group.reference] if group.reference else []), *group.total_of]
    return [
        *_unknown(here, "treatment", [group.treatment or ""], ["", *study.treatments]),
        *_unknown(here, "period", group.periods, study.periods or group.periods),
        *_unknown(here, "group", wanted, groups),
        *([f"{here}: cannot be its own reference"] if group.name in wanted else []),
        *(
            f"{here}: '{name}' is itself a total; name plain groups"
            for name in group.total_of
            if name in groups and groups[name].total_of
        ),
    ]


def _rule_problems(rule: Rule, groups: dict[str, Group], study: Study) -> list[str]:
    here = f"rule '{rule.title}'"
    problems = [
        *_unknown(here, "topic", [rule.topic], resolved(study.topic)),
        *_unknown(here, "group", [rule.group], [*groups, ALL_SUBJECTS]),
    ]
    if rule.group == ALL_SUBJECTS:
        problems += _pooled_problems(here, rule, study)
    if rule.method == "subjects" and rule.on != "estimate":
        problems.append(f"{here}: a number of subjects has no interval; remove on")
    return problems


def _pooled_problems(here: str, rule: Rule, study: Study) -> list[str]:
    """A pooled rule stands in the open report: it compares nothing and names no treatment."""
    problems = []
    if rule.method in ("difference", "ratio", "ecl"):
        problems.append(f"{here}: '{ALL_SUBJECTS}' is pooled, so it has nothing to compare with")
    closed = [name for t, of in study.treatments.items() for name in (t, *of.names)]
    closed += [group.name for group in study.group]
    told = next((name for name in closed if _holds(rule.name or rule.topic, name)), None)
    if told is not None:
        problems.append(f"{here}: goes into the open report, so its name may not hold '{told}'")
    return problems


_LONG = 4
"""Letters from which on a name is looked for within words too; "A" is in most of them."""


def _holds(text: str, name: str) -> bool:
    """Whether a text holds a name, whatever its case: as words, a long one anywhere."""
    low, part = text.casefold(), name.casefold()
    alone = re.search(rf"(?<!\w){re.escape(part)}(?!\w)", low) is not None
    return alone or (len(part) >= _LONG and part in low)


def _unknown(here: str, kind: str, wanted: Iterable[str], known: Collection[str]) -> list[str]:
    missing = [name for name in wanted if name not in known]
    return [
        f"{here}: there is no {kind} '{name}'; there is {', '.join(n for n in known if n)}"
        for name in missing
    ]
