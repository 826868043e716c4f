"""The same cards on any number of processes, from the same seed."""

import pytest

from safetymon.simulate.design import design_of
from safetymon.simulate.run import CHUNK, simulate, tasks_of
from safetymon.study import BackgroundRule, ThresholdRule
from tests.unit.simulated_study import frames, study

ABOUT = {"topic": "headache", "group": "A"}
SUBJECTS = ThresholdRule(method="subjects", limit=2, **ABOUT)
SHARE = ThresholdRule(method="incidence", limit=20, **ABOUT)
ALONE = BackgroundRule(method="background", background=0.1, planned=12, **ABOUT)
RATIO = ThresholdRule(method="ratio", limit=2, topic="headache", group="A alone")
ENTRY = [5 * i for i in range(12)]
KNOWN = frames(ENTRY, [e + 29 for e in ENTRY], [True] * 12, [-1] * 12, 500)


def test_the_number_of_workers_changes_nothing() -> None:
    one = study(SUBJECTS, ALONE, RATIO)
    alone = simulate(one, KNOWN, trials=CHUNK + 10, seed=4, workers=1)
    assert alone.equals(simulate(one, KNOWN, trials=CHUNK + 10, seed=4, workers=2))
    assert alone["trials"].to_list() == [CHUNK + 10] * 8 + [0]


def test_other_rules_change_no_card_and_another_seed_does() -> None:
    card = simulate(study(SUBJECTS), KNOWN, trials=40, seed=4, workers=1)
    both = simulate(study(SHARE, SUBJECTS), KNOWN, trials=40, seed=4, workers=1)
    assert both.filter(rule=SUBJECTS.title).equals(card)
    assert not card.equals(simulate(study(SUBJECTS), KNOWN, trials=40, seed=5, workers=1))


def test_looks_that_are_further_apart_signal_no_earlier() -> None:
    nightly, monthly = (
        simulate(study(SUBJECTS), KNOWN, trials=40, seed=4, workers=1, every=every)
        for every in (1, 30)
    )
    assert nightly["signals"].to_list() == monthly["signals"].to_list()  # subjects only add up
    assert nightly["median_days"][-1] < monthly["median_days"][-1]
    assert monthly["basis"][0].endswith("looked at every 30 days.")


def test_chunks_make_up_the_trials_and_have_seeds_of_their_own() -> None:
    tasks = list(tasks_of(design_of(study(SUBJECTS), KNOWN), 2 * CHUNK + 1, 1))
    assert [task.trials for task in tasks] == [CHUNK, CHUNK, 1]
    assert len({task.seed.spawn_key for task in tasks}) == 3


@pytest.mark.parametrize("wrong", [{"trials": 0}, {"workers": 0}])
def test_no_trial_and_no_worker_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="at least 1 trial and 1 worker"):
        simulate(study(SUBJECTS), KNOWN, **wrong)
