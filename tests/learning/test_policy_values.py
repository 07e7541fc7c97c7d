"""Values of policies over many states, against a dense system."""

import numpy as np
import pytest

from rlsandbox.learning.oracle import policy_values, solve
from rlsandbox.learning.policy import greedy_probs
from rlsandbox.worlds.files import open_world
from rlsandbox.worlds.mdp import compile_world


@pytest.mark.parametrize("gamma", [0.9, 0.99])
@pytest.mark.parametrize("world", ["taxi", "maze:41:3", "cave:31:2", "gambler"])
@pytest.mark.parametrize("kind", ["greedy", "random", "mixed"])
def test_values_are_those_of_a_dense_system(world, gamma, kind):
    mdp = compile_world(open_world(world))
    solution = solve(mdp, gamma)
    assert solution is not None
    random = np.full((mdp.n_states, mdp.n_actions), 1 / mdp.n_actions)
    greedy = greedy_probs(np.round(solution.q, 9))
    policy = {"greedy": greedy, "random": random, "mixed": 0.5 * greedy + 0.5 * random}[kind]
    found = policy_values(mdp, policy, gamma)
    assert found is not None
    weight = policy[:, :, None] * mdp.prob * mdp.live[:, None, None]
    onward = np.zeros((mdp.n_states, mdp.n_states))
    rows = np.broadcast_to(np.arange(mdp.n_states)[:, None, None], weight.shape)
    np.add.at(onward, (rows, mdp.next_state), np.where(mdp.terminal, 0.0, weight))
    exact = np.linalg.solve(np.eye(mdp.n_states) - gamma * onward, (weight * mdp.reward).sum(axis=(1, 2)))
    seen = np.isfinite(found)
    assert seen.sum() > 1
    np.testing.assert_allclose(found[seen], exact[seen], rtol=1e-10, atol=1e-10)
    if kind == "greedy":
        np.testing.assert_allclose(found[seen], solution.v[seen], atol=1e-7)
