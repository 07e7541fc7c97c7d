"""Figures of policies on a corridor S . . G: a step costs 1."""

import numpy as np
import pytest

from rlsandbox.learning.oracle import solve
from rlsandbox.learning.policy import TabularPolicy
from rlsandbox.training.evaluate import episode_cap, evaluate_policy, oracle_gap
from rlsandbox.worlds.files import open_world
from rlsandbox.worlds.mdp import compile_world
from rlsandbox.worlds.world import World
from tests.helpers import corridor

UP, RIGHT, LEFT = 0, 1, 3


def doing(world: World, *actions: int) -> TabularPolicy:
    """One replica for each action, which it always does."""
    q = np.zeros((len(actions), world.n_states, len(world.actions)))
    for replica, action in enumerate(actions):
        q[replica, :, action] = 1.0
    return TabularPolicy.greedy(q)


def test_figures_of_the_best_and_of_a_hopeless_policy():
    world = corridor(4)
    mdp = compile_world(world)
    found = evaluate_policy(doing(world, RIGHT, LEFT), mdp, solve(mdp, 1.0), episodes=10)
    assert found.cap == 100 and found.episodes == 10
    assert found.greedy_return == [-3.0, -100.0]
    assert found.oracle_return == -3.0
    assert found.oracle_gap == [0.0, None]  # the second one never ends
    assert found.ended == [1.0, 0.0]


def test_with_a_discount_even_the_hopeless_have_a_gap():
    world = corridor(4)
    mdp = compile_world(world)
    found = evaluate_policy(doing(world, RIGHT, LEFT), mdp, solve(mdp, 0.5), episodes=3)
    # V* = -1 - 0.5 - 0.25; bumping for ever costs -1 / (1 - 0.5)
    assert found.oracle_gap == pytest.approx([0.0, 2.0 - 1.75])
    assert found.greedy_return == [-3.0, -100.0]  # returns are undiscounted all the same


def test_without_an_oracle_there_is_nothing_to_compare_with():
    world = World.blank(1, 2).with_rules(step_reward=1.0, step_limit=7)
    mdp = compile_world(world)
    assert solve(mdp, 1.0) is None
    found = evaluate_policy(doing(world, UP), mdp, None, episodes=4)
    assert (found.oracle_return, found.oracle_gap) == (None, [None])
    assert (found.greedy_return, found.ended, found.cap) == ([7.0], [0.0], 7)


def test_equal_policies_meet_equal_episodes():
    world = corridor(6).with_rules(slip=0.4, slip_kind="random")
    mdp = compile_world(world)
    oracle = solve(mdp, 1.0)
    found = evaluate_policy(doing(world, RIGHT, RIGHT), mdp, oracle, episodes=50)
    assert found.greedy_return[0] == found.greedy_return[1] == found.oracle_return
    again = evaluate_policy(doing(world, RIGHT), mdp, oracle, episodes=50)
    assert again.greedy_return == found.greedy_return[:1]
    # right succeeds with 0.6 + 0.1, left happens with 0.1: on average near V*
    assert oracle is not None
    assert found.greedy_return[0] == pytest.approx(oracle.v_start, rel=0.2)


def test_a_share_of_ties_is_part_of_the_policy():
    world = corridor(3)
    mdp, both = compile_world(world), np.zeros((3, 4))
    both[:, [RIGHT, LEFT]] = 0.5
    oracle = solve(mdp, 1.0)
    assert oracle is not None
    # h1 = 1 + h0 / 2, h0 = 1 + h0 / 2 + h1 / 2: h0 = 6 against 2
    assert oracle_gap(mdp, both, oracle) == pytest.approx(6.0 - 2.0)


@pytest.mark.parametrize(
    ("world", "cap"),
    [
        (corridor(4), 100),
        (corridor(4, step_limit=9), 9),
        (World.blank(20, 20), 1600),
        (World.blank(100, 100), 10_000),
    ],
)
def test_episodes_are_cut_at_the_worlds_limit_or_a_sensible_one(world, cap):
    assert episode_cap(compile_world(world)) == cap


def test_the_oracle_does_not_lead_in_circles_where_nothing_hurries_it():
    world = open_world("random_walk_19")  # without a discount every inner move is worth the same
    mdp = compile_world(world)
    oracle = solve(mdp, 1.0)
    assert oracle is not None and oracle.v_start == pytest.approx(1.0)
    policy = TabularPolicy.greedy(np.zeros((1, mdp.n_states, mdp.n_actions)))
    assert evaluate_policy(policy, mdp, oracle).oracle_return == 1.0
