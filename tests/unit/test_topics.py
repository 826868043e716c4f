"""Topics: the built-in lists, and what a study file does to them."""

from safetymon.domain import Topic
from safetymon.topics import BUILT_IN, resolved


def test_four_topics_are_built_in() -> None:
    assert list(resolved(())) == ["headache", "pyrexia", "nausea", "thromboembolism"]


def test_lists_hold_each_term_once_and_in_order() -> None:
    for terms in BUILT_IN.values():
        assert list(terms) == sorted(set(terms))


def test_a_study_extends_narrows_replaces_and_adds() -> None:
    made = resolved((
        Topic(name="nausea", add_terms=("Retching",), drop_terms=("Procedural nausea",)),
        Topic(name="pyrexia", terms=("Pyrexia",)),
        Topic(name="rash", terms=("Rash", "Rash macular")),
    ))  # fmt: skip
    assert made["nausea"] == ("NAUSEA", "RETCHING")
    assert made["pyrexia"] == ("PYREXIA",)
    assert made["rash"] == ("RASH", "RASH MACULAR")


def test_hypoaesthesia_is_in_no_list() -> None:
    """One adjudicated thromboembolic event of ProDERM has this term: lists are not enough."""
    assert not any("HYPOAESTHESIA" in terms for terms in resolved(()).values())
