"""Our optimal values of Gymnasium's worlds against a solver written here, on Gymnasium's own tables."""

import numpy as np
import pytest
from gymnasium.envs.toy_text.cliffwalking import CliffWalkingEnv
from gymnasium.envs.toy_text.frozen_lake import FrozenLakeEnv
from gymnasium.envs.toy_text.taxi import TaxiEnv

import rlsandbox
from rlsandbox.worlds.mdp import compile_world
from rlsandbox.worlds.toy_text import from_gymnasium_p

GAMMA = 0.99
LAKE = ("left", "down", "right", "up")
# Our world, Gymnasium's environment, our names of its actions, and how many states an episode can come to;
# of the taxi 400, and the four in which it ends, from which Gymnasium's tables go on.
WORLDS = {
    "frozen_lake_4x4": (lambda: FrozenLakeEnv(map_name="4x4"), LAKE, 11),
    "frozen_lake_8x8": (lambda: FrozenLakeEnv(map_name="8x8"), LAKE, 53),
    "cliff_walking": (CliffWalkingEnv, ("up", "right", "down", "left"), 37),
    "taxi": (TaxiEnv, ("down", "up", "right", "left", "pick up", "drop off"), 404),
}


def policy_iteration(table: dict) -> tuple[np.ndarray, np.ndarray]:
    """Dense policy iteration (Howard, 1960) on `P`: V* `[S]` and Q* `[S, A]`."""
    n_states, n_actions = len(table), len(table[0])
    onward, paid = np.zeros((n_actions, n_states, n_states)), np.zeros((n_actions, n_states))
    for s, choices in table.items():
        for a, outcomes in choices.items():
            for prob, s_next, reward, ended in outcomes:
                paid[a, s] += prob * reward
                onward[a, s, s_next] += 0.0 if ended else prob
    every, policy = np.arange(n_states), np.zeros(n_states, int)
    while True:
        v = np.linalg.solve(np.eye(n_states) - GAMMA * onward[policy, every], paid[policy, every])
        q = (paid + GAMMA * onward @ v).T
        better = q.max(axis=1) > q[every, policy] + 1e-10
        if not better.any():
            return v, q
        policy = np.where(better, q.argmax(axis=1), policy)


@pytest.mark.parametrize("name", WORLDS)
def test_optimal_values_are_those_of_policy_iteration(name):
    make, actions, reachable = WORLDS[name]
    env = make()
    v, q = policy_iteration(env.P)
    world = rlsandbox.open_world(name)
    mdp, solution = compile_world(world), rlsandbox.solve(world, GAMMA)
    seen = mdp.reachable & mdp.live
    assert seen.sum() == reachable
    assert np.abs(solution.v - v)[seen].max() < 1e-6
    numbers = [[action.name for action in world.actions].index(action) for action in actions]
    assert np.abs(solution.q[:, numbers] - q)[seen].max() < 1e-6
    assert solution.v_start == pytest.approx(env.initial_state_distrib @ v, abs=1e-6)


@pytest.mark.parametrize("name", WORLDS)
def test_gymnasiums_own_tables_give_the_same_values(name):
    """Every state, reachable or not, of the world that is made of the tables themselves."""
    make, actions, _ = WORLDS[name]
    env = make()
    v, q = policy_iteration(env.P)
    world = from_gymnasium_p(env.P, env.initial_state_distrib, actions)
    mdp, solution = compile_world(world), rlsandbox.solve(world, GAMMA)
    live = np.flatnonzero(mdp.live)
    ends = {s for s, row in env.P.items() if all(o[1:] == (s, 0, True) for os in row.values() for o in os)}
    assert live.size == len(env.P) - len(ends)
    assert np.abs(solution.v[live] - v[live]).max() < 1e-6
    assert np.abs(solution.q[live] - q[live]).max() < 1e-6
