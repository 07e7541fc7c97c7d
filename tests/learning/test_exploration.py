"""Schedules and choices, by hand."""

from typing import Any

import numpy as np
import pytest

from rlsandbox.learning.agent import View
from rlsandbox.learning.configs import ControlConfig
from rlsandbox.learning.policy import TabularPolicy, greedy_probs
from rlsandbox.learning.schedules import scheduled
from tests.helpers import begin, corridor, last_update


def values(name: Any, episodes: tuple[int, ...], **config) -> list[float]:
    schedule = ControlConfig.make(config).schedule(name)
    compiled = [scheduled(*schedule, episode) for episode in episodes]
    assert compiled == [scheduled.function(*schedule, episode) for episode in episodes]
    return compiled


@pytest.mark.parametrize("name", ["epsilon", "alpha"])
def test_schedules(name):
    constant = {name: 0.4}
    assert values(name, (0, 10**6), **constant) == [0.4, 0.4]
    linear = {name: 0.9, f"{name}_schedule": "linear", f"{name}_end": 0.1, f"{name}_episodes": 4}
    assert values(name, (0, 1, 2, 3, 4, 99), **linear) == pytest.approx([0.9, 0.7, 0.5, 0.3, 0.1, 0.1])
    falling = {name: 0.8, f"{name}_schedule": "exponential", f"{name}_end": 0.15, f"{name}_decay": 0.5}
    assert values(name, (0, 1, 2, 3, 9), **falling) == pytest.approx([0.8, 0.4, 0.2, 0.15, 0.15])


def test_an_end_beyond_the_beginning_is_never_reached():
    for kind in ("linear", "exponential"):
        assert values("epsilon", (0, 50), epsilon=0.1, epsilon_end=0.5, epsilon_schedule=kind) == [0.1, 0.1]


@pytest.mark.parametrize("algorithm", ["q_learning", "sarsa"])
def test_a_step_size_holds_for_its_whole_episode(algorithm):
    session = begin(
        algorithm, corridor(3), (1,), alpha=0.8, alpha_schedule="exponential", alpha_decay=0.5, alpha_end=0.01
    )
    episode = 0
    while episode < 5:
        session.tick(1)
        update = last_update(session.agent)
        assert update.alpha == pytest.approx(0.8 * 0.5**episode)
        episode += update.terminated
    assert session.agent.snapshot(View()).metrics["alpha"] == pytest.approx(0.8 * 0.5**5)


@pytest.mark.parametrize("algorithm", ["q_learning", "sarsa"])
def test_epsilon_is_the_share_of_random_actions(algorithm):
    session = begin(algorithm, corridor(2, step_limit=5), (1,), epsilon=0.25, initial_q=0.0)
    explored = 0
    for _ in range(2000):
        session.tick(1)
        explored += last_update(session.agent).explored
    # binomial: 500 expected, standard deviation 19.4
    assert abs(explored - 500) < 4 * 19.4


def test_greedy_probabilities_share_ties():
    q = np.array([[1.0, 3.0, 3.0, 0.0], [2.0, 2.0, 2.0, 2.0], [-1.0, -2.0, -3.0, -4.0]])
    expected = [[0, 0.5, 0.5, 0], [0.25] * 4, [1, 0, 0, 0]]
    np.testing.assert_array_equal(greedy_probs(q), expected)


def test_a_tabular_policy_acts_by_its_probabilities():
    policy = TabularPolicy.greedy(np.array([[[0.0, 1.0], [2.0, 2.0]]]))
    rng = np.random.default_rng(0)
    assert {policy.act(0, rng) for _ in range(20)} == {1}
    drawn = [policy.act(1, rng) for _ in range(400)]
    assert 140 < sum(drawn) < 260  # 200 expected, standard deviation 10
    assert policy.n_seeds == 1


def test_a_configuration_takes_texts_and_describes_itself():
    config = ControlConfig.make({"alpha": "0.25", "epsilon_schedule": "linear", "epsilon_episodes": "80"})
    assert (config.alpha, config.epsilon_schedule, config.epsilon_episodes) == (0.25, "linear", 80)
    rows = {row.name: row for row in ControlConfig.describe()}
    assert (rows["alpha"].low, rows["alpha"].high, rows["alpha"].low_open) == (0, 1, True)
    assert rows["epsilon_schedule"].choices == ("constant", "linear", "exponential")
    assert rows["epsilon_decay"].only_if == ("epsilon_schedule", "exponential")
    assert {name for name, row in rows.items() if row.live} == {
        "alpha",
        "gamma",
        "exploration",
        "epsilon",
        "temperature",
        "confidence",
        "bonus",
        "spread",
    }
    assert config.with_values(gamma=0.5).gamma == 0.5
