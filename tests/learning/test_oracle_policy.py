"""Where a policy spends its time, and what large policies are worth."""

import time

import numpy as np
import pytest

from rlsandbox.learning.oracle import lookahead, occupancy, policy_values, solve
from rlsandbox.worlds.mdp import TabularMDP, compile_world
from rlsandbox.worlds.world import World
from tests.helpers import corridor
from tests.learning.test_oracle import matrices, random_mdp


def always(mdp: TabularMDP, action: int) -> np.ndarray:
    policy = np.zeros((mdp.n_states, mdp.n_actions))
    policy[:, action] = 1.0
    return policy


def test_a_walk_along_a_corridor():
    mdp = compile_world(corridor(4))
    shares = occupancy(mdp, always(mdp, 1), 0.5)
    assert shares is not None
    np.testing.assert_allclose(
        shares, [0.5, 0.25, 0.125, 0.0], atol=1e-12
    )  # (1 - gamma) gamma^t; then it ends
    shares = occupancy(mdp, always(mdp, 1), 1.0)
    assert shares is not None
    np.testing.assert_allclose(shares, [1 / 3, 1 / 3, 1 / 3, 0.0])


def test_a_policy_that_never_ends():
    mdp = compile_world(corridor(4))
    shares = occupancy(mdp, always(mdp, 3), 0.9)  # left, against the wall
    assert shares is not None
    np.testing.assert_allclose(shares, [1.0, 0.0, 0.0, 0.0], atol=1e-9)
    assert occupancy(mdp, always(mdp, 3), 1.0) is None


@pytest.mark.parametrize("gamma", [0.0, 0.5, 0.99, 1.0])
def test_the_share_of_time_is_that_of_a_dense_solve(gamma):
    """(1 - gamma) start (I - gamma P)^-1, and the value of the start is its product with rewards."""
    for seed in range(30):
        mdp = random_mdp(seed, episodic=gamma == 1)
        policy = np.random.default_rng(seed).dirichlet(np.ones(mdp.n_actions), size=mdp.n_states)
        onward, reward = matrices(mdp)
        chain = np.einsum("sa,sat->st", policy, onward)
        visits = np.linalg.solve((np.eye(mdp.n_states) - gamma * chain).T, mdp.start)
        shares = occupancy(mdp, policy, gamma)
        assert shares is not None
        truth = visits * (1 - gamma) if gamma < 1 else visits / visits.sum()
        np.testing.assert_allclose(shares, truth, atol=1e-9)
        if gamma < 1:
            v = policy_values(mdp, policy, gamma)
            assert v is not None
            paid = shares @ (policy * reward).sum(axis=1) / (1 - gamma)
            assert paid == pytest.approx(mdp.start @ v, abs=1e-6)


def open_grid(side: int) -> TabularMDP:
    world = World.blank(side, side).with_rules(step_reward=-1.0, slip=0.2)
    return compile_world(world.painted([(0, 0)], "start").painted([(side - 1, side - 1)], "goal"))


@pytest.mark.parametrize("gamma", [0.99, 1.0])
@pytest.mark.parametrize("kind", ["greedy", "random"])
def test_on_a_large_world_values_and_shares_fit_their_equations(gamma, kind):
    mdp = open_grid(60)
    solution = solve(mdp, gamma)
    assert solution is not None
    policy = np.full((3600, 4), 0.25) if kind == "random" else np.eye(4)[solution.q.argmax(axis=1)]
    began = time.perf_counter()
    v, shares = policy_values(mdp, policy, gamma), occupancy(mdp, policy, gamma)
    assert time.perf_counter() - began < 5.0
    assert v is not None and shares is not None
    seen = mdp.live & np.isfinite(v)
    known = np.nan_to_num(v)
    backup = (policy * lookahead(mdp, known, gamma)).sum(axis=1)
    np.testing.assert_allclose(v[seen], backup[seen], atol=1e-12 * np.abs(known).max())
    if kind == "greedy":
        np.testing.assert_allclose(v[seen], solution.v[seen], atol=1e-6)
    # what arrives is what is there: shares = (1 - gamma) start + gamma shares P
    arriving = np.zeros(mdp.n_states)
    flow = (shares[:, None] * policy)[:, :, None] * mdp.prob * ~mdp.terminal
    np.add.at(arriving, mdp.next_state, flow)
    begins = (1 - gamma) if gamma < 1 else (shares - arriving).sum()  # an episode begins where one ends
    np.testing.assert_allclose(shares, begins * mdp.start + gamma * arriving, atol=1e-11)
    if gamma == 1:
        assert shares.sum() == pytest.approx(1.0)
