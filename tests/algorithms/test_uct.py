"""UCT: its tree, its values and its choices."""

from collections import defaultdict
from typing import Any

import numpy as np
import pytest

from rlsandbox.learning.problem import Enumerable
from rlsandbox.learning.tree import Outcomes, promising, roll_out, root_table
from rlsandbox.learning.walk import Model
from rlsandbox.worlds.errors import SandboxError
from rlsandbox.worlds.gallery import gallery_world
from rlsandbox.worlds.generators import bandit_of
from rlsandbox.worlds.world import World
from tests.algorithms.recomputed import text
from tests.helpers import begin as session_of
from tests.helpers import eventful, last_update, table


def begin(algorithm: str, world: World, seeds: tuple[int, ...] = (0,), **options: Any) -> Any:
    """A session whose agent's tables may be looked at."""
    return session_of(algorithm, world, seeds, **options)


def drawn(name: str) -> World:
    world = gallery_world(name)
    assert world is not None
    return world


def test_the_trees_counts_sum_to_the_simulations():
    session = begin("uct", eventful(), simulations=150, depth=6, gamma=0.9)
    for _ in range(120):
        session.tick(1)
        update = last_update(session.agent)
        tables = type(session.agent.tables)(*(array[0] for array in session.agent.tables))
        n = int(tables.n_nodes)
        assert tables.tried[0].sum() == 150 and tables.state[0] == update.state and tables.depth[0] == 0
        assert 1 < n <= 151
        inner = tables.depth[1:n] < 6
        assert (tables.passed[1:n][inner] == 1 + tables.tried[1:n].sum(axis=1)[inner]).all()
        assert (tables.tried[1:n][~inner] == 0).all()
        below = defaultdict(int)
        for state, depth in zip(tables.state[:n], tables.depth[:n], strict=True):
            below[int(state), int(depth)] += 1
        assert set(below.values()) == {1}  # a state has one node at a depth
        parents = tables.parent[1:n]
        assert (tables.depth[parents] == tables.depth[1:n] - 1).all()
        edges = session.agent.field("tree", 0)
        assert edges.shape == (n - 1, 4) and (edges[:, 1] == tables.state[1:n]).all()
        assert (edges[:, 0] == tables.state[parents]).all() and (edges[:, 2] == tables.passed[1:n]).all()
        # the root's values stay, and it did the best of them
        q = table(session)[update.state]
        assert (q == tables.value[0]).all() and update.after == q[update.action] == q.max()
        lines = [text(line.parts) for line in update.lines]
        for a, action in enumerate(session.world.actions):
            assert lines[a] == f"{action.name}: {q[a]:.4g}, mean of {tables.tried[0, a]:,} simulations"


def test_values_are_means_of_returns():
    # a bandit's simulations last one step: every mean is the arm's own
    means = np.array([0.25, -1.5, 2.0])
    session = begin("uct", bandit_of(means, "Arms"), simulations=60)
    session.tick(1)
    update = last_update(session.agent)
    start = update.state
    np.testing.assert_allclose(table(session)[start], means, rtol=0, atol=1e-12)
    # and the best arm is tried most; how often follows from c times the spread, 3.5
    tried, n = np.zeros(3), 0
    while n < 60:
        spread = np.ptp(means[tried > 0]) if n > 1 else 0.0
        if (tried == 0).any():
            tried[n] += 1  # in any order: which one, once all three have been, makes no difference
        else:
            bounds = means + 1.4 * spread * np.sqrt(np.log(n) / tried)
            tried[bounds.argmax()] += 1
        n += 1
    assert session.agent.tables.tried[0, 0].tolist() == tried.tolist()
    assert update.action == 2


def test_uct_acts_well_where_nothing_was_learnt_before():
    """Its very first actions on the 4x4 grid are best ones; with four simulations it only guesses."""
    good = {}
    for simulations in (4, 3000):
        session = begin("uct", drawn("grid_4x4"), tuple(range(20)), simulations=simulations, c=2.0)
        oracle, right = session.oracle(), 0
        assert oracle is not None
        for _ in range(6):
            session.tick(1)
            for replica in range(20):
                update = last_update(session.agent, replica)
                right += oracle.q[update.state, update.action] >= oracle.q[update.state].max() - 1e-9
        good[simulations] = right / 120
    assert good[3000] == 1.0 and good[4] < 0.8


def test_more_exploration_means_a_more_even_tree():
    spread = []
    for c in (0.1, 1.0, 100.0):
        session = begin("uct", drawn("grid_4x4"), simulations=400, c=c)
        session.tick(1)
        spread.append(float(np.ptp(session.agent.tables.tried[0, 0])))
    assert spread[0] > spread[1] > spread[2] <= 4


def test_a_tree_takes_another_size_while_it_runs():
    session = begin("uct", eventful(), simulations=20)
    session.tick(40)
    values = table(session)
    session.set_hyperparameters({"simulations": 300, "depth": 7})
    np.testing.assert_array_equal(table(session), values)
    session.tick(30)
    assert session.agent.tables.tried[0, 0].sum() == 300
    with pytest.raises(SandboxError, match="take fewer simulations or fewer seeds"):
        begin("uct", eventful(), tuple(range(1000)), simulations=100_000)


def test_beyond_the_tree_it_walks_at_random_as_the_model_has_it():
    """Mean returns of three random steps are r + gamma P r + gamma^2 P^2 r of the uniform policy."""
    problem = Enumerable.of(eventful())
    mdp, gamma, n = problem.mdp, 0.9, 20_000
    share = mdp.prob / mdp.n_actions
    reward = (share * mdp.reward).sum(axis=(1, 2))
    onward = np.zeros((mdp.n_states, mdp.n_states))
    for (s, a, k), p in np.ndenumerate(np.where(mdp.terminal, 0.0, share)):
        onward[s, mdp.next_state[s, a, k]] += p
    expected = reward + gamma * onward @ (reward + gamma * onward @ reward)
    outcomes, rng = Outcomes.of(Model.of(mdp)), np.uint64(7)
    states = np.flatnonzero(mdp.live & mdp.reachable)[:4]
    for state in states:
        returns = np.empty(n)
        for k in range(n):
            rng, returns[k] = roll_out(outcomes, state, 3, gamma, np.uint64(rng))
        assert returns.mean() == pytest.approx(expected[state], abs=1e-9 + 4 * returns.std() / np.sqrt(n))
    assert roll_out(outcomes, states[0], 0, gamma, np.uint64(rng)) == (rng, 0.0)


def test_ties_are_broken_evenly_and_the_greatest_bound_wins():
    """After four trials each bound is the value + c sqrt(ln 4 / 1); two untried actions are equals."""
    tried, value, table = np.array([2, 0, 2, 0]), np.array([9.0, 0.0, 1.0, 0.0]), root_table(4)
    rng, chosen = np.uint64(3), np.zeros(4, int)
    for _ in range(4000):
        rng, action = promising(tried, value, 1.0, table, np.uint64(rng))
        chosen[action] += 1
    assert chosen[[0, 2]].tolist() == [0, 0] and chosen[1] == pytest.approx(2000, abs=130)  # 4 deviations
    tried, value = np.array([3, 1]), np.array([1.0, 0.5])
    # 1 + w sqrt(ln 4 / 3) = 1 + 0.6798 w and 0.5 + w sqrt(ln 4) = 0.5 + 1.1774 w are equal at w = 1.0048
    assert [promising(tried, value, w, table, np.uint64(1))[1] for w in (0.0, 1.0, 1.01)] == [0, 0, 1]
