"""What was recognised in a folder -> a commented study file: `safetymon init`."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

from safetymon.errors import UsageError
from safetymon.listings.recognise import Recognised, recognise
from safetymon.topics import BUILT_IN
from safetymon.visible import visible

_CONTROL = re.compile(r"placebo|\bpbo\b|vehicle|sham|control|comparator|standard of care", re.I)
_NOT_FOUND = "NOT FOUND"


def write(data_dir: Path, out: Path) -> None:
    """Writes a study file for the listings in a folder to `out`.

    Raises:
        UsageError: The folder holds nothing that is recognised, or `out` exists.
    """
    if out.exists():
        raise UsageError(f"{out}: exists already; name another file with --out")
    known = recognise(data_dir)
    folder = os.path.relpath(data_dir, out.parent)
    out.write_text(write_study(known, Path(folder).as_posix()), encoding="utf-8")


def write_study(recognised: Recognised, folder: str) -> str:
    """The text of a study file (TOML).

    Args:
        recognised: What lies in the folder of the listings.
        folder: That folder, as seen from where the study file will be.

    Returns:
        A file that runs unchanged if the standard is ADaM or SDTM; for an EDC listing it says
        "NOT FOUND" wherever a person has to fill in a name.
    """
    sections = (_head, _data, _files, _columns, _treatments, _emergent, _groups, _topics,
                _evidence, _rule)  # fmt: skip
    lines = (line for section in sections for line in (*section(recognised, folder), ""))
    return "\n".join(lines)


def _head(known: Recognised, _folder: str) -> Iterator[str]:
    yield "# A study file for safetymon, written by `safetymon init` from what lay in the folder."
    yield "# Read every line: what is wrong here is wrong in every report."
    yield from (_remark(f"# NOTE: {remark}") for remark in known.remarks)
    yield ""
    yield "[study]"
    yield f"id = {_text(_identifier(known.name))}"
    yield f"title = {_text(known.name)}"


def _data(known: Recognised, folder: str) -> Iterator[str]:
    yield "[data]"
    yield f"folder = {_text(folder)}    # relative to this file"
    yield f"standard = {_text(known.standard)}"
    span = f": treatment began on {known.first}, the last date is {known.last}"
    yield f'cutoff = "latest"    # or a date{span if known.first else ""}'
    if known.standard == "sdtm":
        source = _text(known.treatment_from)
        yield f'treatment_from = {source}    # "ARM", "ACTARM" or "EX": what tells who took what'
    if known.date_formats or known.standard == "edc":
        yield f"date_formats = {_list(known.date_formats)}    # ISO 8601 is read in any case"


def _files(known: Recognised, _folder: str) -> Iterator[str]:
    yield "[data.files]"
    yield from (f"{role} = {_text(name)}" for role, name in known.files.items())
    for role in dict.fromkeys(role for role, _ in known.missing if role not in known.files):
        yield f"{role} = {_text(_NOT_FOUND + '.csv')}    # name the file"


def _columns(known: Recognised, _folder: str) -> Iterator[str]:
    missing = {role: [c for r, c in known.missing if r == role] for role, _ in known.missing}
    for role in dict.fromkeys((*known.columns, *missing)):
        yield f"[data.columns.{role}]"
        yield from (f"{ours} = {_text(name)}" for ours, name in known.columns.get(role, {}).items())
        for ours in missing.get(role, ()):
            yield f"{ours} = {_text(_NOT_FOUND)}    # name the column"
        yield ""
    yield "# Words of the listings that are not understood are named by `safetymon check`:"
    yield "# [data.values]"
    yield '# related = ["RELATED", "POSSIBLE"]    # replaces the built-in list'


def _treatments(known: Recognised, _folder: str) -> Iterator[str]:
    reference = _reference(known)
    yield "# The names in the data that mean each treatment. The reference is what the others are"
    yield "# compared with" + (":" if reference else "; none was recognised:")
    for name, subjects in known.treatments or ((_NOT_FOUND, 0),):
        yield f"[treatments.{_text(name)}]    # {subjects} subjects exposed"
        yield f"from = {_list([name])}"
        if name == reference:
            yield "reference = true"


def _emergent(known: Recognised, _folder: str) -> Iterator[str]:
    flag = "the data have a recorded flag" if known.flagged else "the data have no recorded flag"
    yield "[emergent]"
    yield 'lag_days = 30    # days after the last dose that still count, or "unlimited"'
    yield 'partial_onset = "conservative"    # or "first-day": a month means its first day'
    yield f'flag = "honour"    # or "derive": {flag}'
    yield 'missing = "conservative"    # not recorded counts as serious, as related; or "as no"'


def _groups(known: Recognised, _folder: str) -> Iterator[str]:
    reference, periods = _reference(known), known.periods
    several = len(periods) > 1
    yield "# The columns of the tables."
    for treatment, period, _ in known.exposed:
        other = reference if any(e[:2] == (reference, period) for e in known.exposed) else None
        yield from _group(
            f"{period}, {treatment}" if several else treatment,
            treatment,
            [period] if several else [],
            None if other in (None, treatment) else f"{period}, {other}" if several else other,
        )
    if several:
        for treatment, _ in known.treatments:
            yield from _group(f"All {treatment}", treatment, [], None)


def _group(name: str, treatment: str, periods: list[str], reference: str | None) -> Iterator[str]:
    yield "[[group]]"
    yield f"name = {_text(name)}"
    yield f"treatment = {_text(treatment)}"
    if periods:
        yield f"periods = {_list(periods)}"
    if reference:
        yield f"reference = {_text(reference)}"
    yield ""


def _topics(known: Recognised, _folder: str) -> Iterator[str]:
    yield "# Topics that are built in, and their preferred terms in these data (subjects):"
    subjects = {term.upper(): (term, n) for term, n in known.terms}
    for topic, terms in BUILT_IN.items():
        found = [subjects[term.upper()] for term in terms if term.upper() in subjects]
        listed = ", ".join(f"{term} ({n})" for term, n in found) or "none"
        yield _remark(f"# - {topic}: {listed}")
    common = ", ".join(f"{term} ({n})" for term, n in known.terms[:10])
    yield _remark(f"# The most frequent terms: {common or 'none'}")
    yield "# A topic of your own, or a change of a built-in one:"
    yield "# [[topic]]"
    yield '# name = "thromboembolism"'
    yield '# add_terms = ["Retinal vein occlusion"]'


def _evidence(known: Recognised, _folder: str) -> Iterator[str]:
    yield "# The plan of the trial. CORRECT BOTH NUMBERS from the protocol, and do not change them"
    yield "# while the trial runs: how fast alpha is spent depends on them. Found in these data:"
    yield "[evidence]"
    yield f"planned_subjects = {max(known.subjects, 1)}    # subjects treated"
    yield f"window_days = {max(known.exposed_days or 1, 1)}    # median days on a treatment"
    yield "alpha = 0.05"
    yield "screen_q = 0.10    # false discovery rate of the screen of all terms; 0 for no screen"


def _rule(known: Recognised, _folder: str) -> Iterator[str]:
    others = [e for e in known.exposed if e[0] != _reference(known)] or [("", "", 0)]
    treatment, period, _ = others[0]
    group = f"{period}, {treatment}" if len(known.periods) > 1 else treatment
    compared = _reference(known) is not None
    yield "# Without a rule each built-in topic is weighed against the reference, look by look, and"
    yield "# without a reference against the topic's background (add it to [[topic]])."
    yield "# A rule of your own: when is it a signal? Remove the marks to use it. The first one"
    yield "# turns the built-in rules of ALL topics off; to keep them, write under [evidence]:"
    yield '# defaults = "always"'
    yield "# [[rule]]"
    yield '# topic = "thromboembolism"'
    yield _remark(f"# group = {_text(group)}")
    yield f'# method = "{"difference" if compared else "incidence"}"'
    yield f"# limit = 5.0    # {'percentage points more' if compared else 'percent of subjects'}"
    yield "# min_at_risk = 10"


def _reference(known: Recognised) -> str | None:
    return next((name for name, _ in known.treatments if _CONTROL.search(name)), None)


def _identifier(name: str) -> str:
    """A study id made of `name`: it names folders, so other characters become dashes."""
    kept = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-._")[:64]
    return kept or "STUDY"


def _remark(comment: str) -> str:
    """A comment with words of the data in it: they neither end its line nor the file."""
    return visible(" ".join(comment.split()))


def _text(value: str) -> str:
    # TOML escapes as JSON does, and one character more: DEL.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _list(values: tuple[str, ...] | list[str]) -> str:
    return f"[{', '.join(map(_text, values))}]"
