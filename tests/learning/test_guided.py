"""Chances that are worked out on the way are those of all states."""

from typing import Any

import numpy as np
import pytest

from rlsandbox.learning.guided import fill_all
from tests.algorithms.deep.recorded import SMALL, brisk
from tests.helpers import begin

CASES: list[tuple[str, dict[str, Any]]] = [
    ("ppo", {"n_steps": 16, "minibatch": 8}),
    ("ppo", {"observation": "xy", "n_steps": 16, "minibatch": 8}),
    ("a2c", {"shared": True}),
    ("dqn", {"epsilon": 0.3, "epsilon_schedule": "constant", "learning_starts": 8}),
    ("dqn", {"epsilon": 0.3, "epsilon_schedule": "linear", "learning_starts": 8, "dueling": True}),
    ("dqn", {"epsilon": 0.1, "observation": "window", "learning_starts": 8}),
]


@pytest.mark.parametrize(("algorithm", "options"), CASES)
def test_rows_of_chances_are_those_of_all_states(algorithm, options):
    session = begin(algorithm, brisk(), (0, 1, 2), **{**SMALL, **options}, learning_rate=0.05)
    agent: Any = session.agent
    checked = 0
    for _ in range(400):
        nets = agent.nets.version
        session.tick(2)
        asked = agent.ground._asked == agent.nets.version
        if agent.nets.version != nets or not asked.any():
            continue
        np.testing.assert_allclose(agent.ground._chances[asked], agent.chances()[asked], atol=2e-6)
        checked += int(asked.sum())
    assert checked > 50 and agent.updates[0] > 5


def test_an_edit_and_another_epsilon_are_noticed():
    session = begin("dqn", brisk(), **SMALL, learning_starts=1000, epsilon=1.0, epsilon_schedule="constant")
    agent: Any = session.agent
    session.tick(50)
    np.testing.assert_allclose(agent.ground._chances[agent.ground._asked >= 0], 0.25)
    session.set_hyperparameters({"epsilon": 0.0})
    session.tick(50)
    asked = agent.ground._asked >= 0
    assert agent.ground._chances[asked].max() == 1.0
    before = agent.walk.steps.copy()
    session.replace_world(session.world.painted([(0, 1)], "pit"))
    session.tick(10)
    assert (agent.walk.steps > before).all() and (agent.ground._asked >= 0).sum() <= asked.sum()


def test_epsilon_greedy_chances_are_shared_by_the_best():
    q, chances = np.array([[[1.0, 3.0, 2.0, 0.0], [2.0, 2.0, 1.0, 2.0]]]), np.empty((1, 2, 4))
    fill_all(q, True, 0.4, chances)
    one_best, three_best = [0.1, 0.7, 0.1, 0.1], [0.3, 0.3, 0.1, 0.3]
    np.testing.assert_allclose(chances, [[one_best, three_best]], atol=1e-15)
