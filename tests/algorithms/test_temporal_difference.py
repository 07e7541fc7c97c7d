"""Q-learning and SARSA, told apart: each of these tests fails for the other one."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from rlsandbox.learning.agent import Update
from rlsandbox.worlds.gallery import gallery_world
from rlsandbox.worlds.world import World
from tests.helpers import begin, corridor, eventful, last_update, path_of, table


def transitions(algorithm: str, world: World, steps: int, **config) -> list[tuple[np.ndarray, Update]]:
    """The table before each of the first steps, and the update that the step made."""
    session, seen = begin(algorithm, world, **config), []
    for _ in range(steps):
        before = table(session)
        session.tick(1)
        seen.append((before, last_update(session.agent)))
    return seen


def bootstraps_from_best(q: np.ndarray, update: Update) -> bool:
    best = 0.0 if update.terminated else q[update.next_state].max()
    return bool(np.isclose(update.target, update.reward + update.gamma * best, rtol=0, atol=1e-12))


def bootstraps_from_sample(q: np.ndarray, update: Update) -> bool:
    value = 0.0 if update.terminated else q[update.next_state, update.next_action]
    return bool(np.isclose(update.target, update.reward + update.gamma * value, rtol=0, atol=1e-12))


CONFIG: dict[str, Any] = {"alpha": 0.3, "gamma": 0.9, "epsilon": 0.4}


def test_q_learning_looks_at_the_best_next_action():
    assert all(bootstraps_from_best(*seen) for seen in transitions("q_learning", eventful(), 400, **CONFIG))
    assert not all(bootstraps_from_best(*seen) for seen in transitions("sarsa", eventful(), 400, **CONFIG))


def test_sarsa_looks_at_the_action_that_it_takes_next():
    seen = transitions("sarsa", eventful(), 400, **CONFIG)
    assert all(bootstraps_from_sample(*pair) for pair in seen)
    updates = [update for _, update in seen]
    for update, following in pairwise(updates):
        if not (update.terminated or update.truncated):
            assert (following.state, following.action) == (update.next_state, update.next_action)
    assert all(update.next_action is None for _, update in transitions("q_learning", eventful(), 50))


@pytest.mark.parametrize("algorithm", ["q_learning", "sarsa"])
def test_an_update_is_the_numbers_that_were_computed_with(algorithm):
    session = begin(algorithm, eventful(), **CONFIG)
    for step in range(1, 300):
        before = table(session)
        session.tick(1)
        update = last_update(session.agent)
        cell = (update.state, update.action)
        assert update.before == before[cell]
        assert update.td_error == update.target - update.before
        assert update.after == table(session)[cell] == update.before + 0.3 * update.td_error
        assert (update.alpha, update.gamma, update.step) == (0.3, 0.9, step)
        changed = np.argwhere(table(session) != before)
        assert changed.tolist() in ([], [[update.state, update.action]])


@pytest.mark.parametrize("algorithm", ["q_learning", "sarsa"])
def test_a_greedy_agent_never_explores_and_a_random_one_always_does(algorithm):
    for epsilon in (0.0, 1.0):
        seen = transitions(algorithm, eventful(), 100, epsilon=epsilon)
        assert {update.explored for _, update in seen} == {epsilon == 1.0}


@pytest.mark.parametrize("algorithm", ["q_learning", "sarsa"])
def test_termination_zeroes_the_discount_and_a_step_limit_does_not(algorithm):
    # every value begins at 8: the one step to the goal is worth its reward alone, -1
    session = begin(algorithm, corridor(2), alpha=1.0, gamma=0.5, initial_q=8.0, epsilon=0.0)
    ends = []
    for _ in range(200):
        session.tick(1)
        ends.append(last_update(session.agent))
    at_goal = [update for update in ends if update.terminated]
    assert at_goal and {update.target for update in at_goal} == {-1.0}
    assert not any(update.truncated for update in ends)
    # a longer corridor, cut after one step: -1 + 0.5 * 8 = 3, and the next episode begins at the start
    session = begin(algorithm, corridor(4, step_limit=1), alpha=1.0, gamma=0.5, initial_q=8.0)
    session.tick(1)
    update = last_update(session.agent)
    assert (update.target, update.terminated, update.truncated) == (3.0, False, True)
    assert session.agent.episodes.tolist() == [1]
    session.tick(1)
    assert last_update(session.agent).state == 0


def test_optimistic_values_make_a_greedy_agent_try_everything():
    # one cell, from which every move bumps: with gamma 0 a tried action falls from 5 to 4.5
    tried = [
        update.action
        for _, update in transitions(
            "q_learning", World.blank(1, 1), 4, initial_q=5.0, alpha=0.1, gamma=0.0, epsilon=0.0
        )
    ]
    assert len(tried) == 4 and set(tried) == {0, 1, 2, 3}


def test_sarsa_has_chosen_its_next_action_before_it_learns_from_the_last():
    # so it may take an action once more whose value has just fallen, but comes to all of them
    tried = [
        update.action
        for _, update in transitions(
            "sarsa", World.blank(1, 1), 9, initial_q=5.0, alpha=0.1, gamma=0.0, epsilon=0.0
        )
    ]
    assert set(tried) == {0, 1, 2, 3}


@pytest.mark.parametrize("algorithm", ["q_learning", "sarsa"])
@pytest.mark.parametrize("epsilon", [0.0, 1.0])
def test_ties_and_random_actions_are_uniform(algorithm, epsilon):
    # one cell that pays nothing: all four values stay 0, all four actions stay equally good
    session = begin(algorithm, World.blank(1, 1), seeds=(7,), epsilon=epsilon)
    session.tick(40_000)
    counts = session.agent.state()["tables.visits"][0, 0]
    assert counts.sum() == 40_000
    chi_square = ((counts - 10_000) ** 2 / 10_000).sum()
    assert chi_square < 16.27  # three degrees of freedom, 0.1 %


# -- Sutton & Barto, example 6.6: alpha 0.5, epsilon 0.1, gamma 1 ---------------------------------


@pytest.fixture(scope="module")
def cliff():
    world = gallery_world("cliff_walking")
    assert world is not None
    sessions = {}
    for algorithm in ("q_learning", "sarsa"):
        session = begin(algorithm, world, tuple(range(200)), episodes=500, alpha=0.5, epsilon=0.1, gamma=1.0)
        session.run()
        sessions[algorithm] = session
    return sessions


@pytest.mark.parametrize(("algorithm", "low", "high"), [("q_learning", -55, -45), ("sarsa", -30, -24)])
def test_online_return_on_the_cliff_is_the_books(cliff, algorithm, low, high):
    curve = cliff[algorithm].agent.curves()["return"]
    assert curve.values.shape == (200, 500) and set(curve.width) == {1}
    assert low < curve.values[:, 400:].mean() < high
    assert np.mean(cliff[algorithm].recent_return(100)) == pytest.approx(curve.values[:, 400:].mean())


def test_q_learning_walks_along_the_edge(cliff):
    paths = [path_of(cliff["q_learning"], replica) for replica in range(200)]
    steps = [len(path) - 1 for path in paths]
    assert np.median(steps) == 13 and np.mean(np.array(steps) == 13) > 0.9
    edge = [(3, 0), *((2, column) for column in range(12)), (3, 11)]
    assert paths[0] == edge
    assert np.median([gap for gap in cliff["q_learning"].evaluate().oracle_gap if gap is not None]) == 0


def test_sarsa_keeps_away_from_the_edge(cliff):
    paths = [path_of(cliff["sarsa"], replica) for replica in range(200)]
    steps = np.array([len(path) - 1 for path in paths if path[-1] == (3, 11)])
    assert np.median(steps) >= 15  # 17 along the top
    along_the_edge = [sum(row == 2 for row, _ in path) for path in paths if path[-1] == (3, 11)]
    assert np.median(along_the_edge) < 6  # of 12 for Q-learning
