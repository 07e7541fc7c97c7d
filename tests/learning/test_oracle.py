"""The oracle against linear programming, dense solves and pencil and paper."""

import time

import numpy as np
import pytest
from scipy.optimize import linprog

from rlsandbox.learning.oracle import lookahead, policy_values, solve
from rlsandbox.worlds.gallery import gallery, gallery_world
from rlsandbox.worlds.mdp import TabularMDP, compile_world
from rlsandbox.worlds.rules import Rules
from rlsandbox.worlds.text_maps import world_from_rows
from rlsandbox.worlds.world import World
from tests.helpers import corridor


def random_mdp(seed: int, episodic: bool) -> TabularMDP:
    """Up to 12 states and 4 actions; at each outcome the episode may end, must be able to if episodic."""
    rng = np.random.default_rng(seed)
    shape = tuple(int(n) for n in (rng.integers(2, 13), rng.integers(1, 5), 3))
    prob = rng.dirichlet(np.ones(3), size=shape[:2])
    terminal = rng.random(shape) < 0.15
    if episodic:
        terminal[:, :, 0] = True
        prob = 0.9 * prob + np.array([0.1, 0.0, 0.0])
    return TabularMDP(
        next_state=rng.integers(shape[0], size=shape).astype(np.int32),
        prob=prob,
        reward=rng.normal(size=shape) * 10.0 ** rng.integers(-1, 3),
        reward_sd=np.zeros(shape),
        terminal=terminal,
        start=np.full(shape[0], 1 / shape[0]),
        live=np.ones(shape[0], np.bool_),
    )


def matrices(mdp: TabularMDP) -> tuple[np.ndarray, np.ndarray]:
    """`[S, A, S]` chances to go on in a state, and `[S, A]` expected rewards, by plain loops."""
    onward, reward = np.zeros((mdp.n_states, mdp.n_actions, mdp.n_states)), np.zeros(mdp.prob.shape[:2])
    for s, a, k in np.ndindex(*mdp.prob.shape):
        reward[s, a] += mdp.prob[s, a, k] * mdp.reward[s, a, k]
        if not mdp.terminal[s, a, k]:
            onward[s, a, mdp.next_state[s, a, k]] += mdp.prob[s, a, k]
    return onward, reward


def by_linear_programming(mdp: TabularMDP, gamma: float) -> np.ndarray:
    """min sum v with v >= r + gamma P v for every state and action (Puterman, 1994, section 6.9)."""
    onward, reward = matrices(mdp)
    rows = (gamma * onward - np.eye(mdp.n_states)[:, None]).reshape(-1, mdp.n_states)
    found = linprog(np.ones(mdp.n_states), rows, -reward.ravel(), bounds=(None, None), method="highs")
    assert found.status == 0, found.message
    return found.x


@pytest.mark.parametrize("gamma", [0.0, 0.5, 0.99, 1.0])
def test_v_is_that_of_linear_programming(gamma):
    for seed in range(30):
        mdp = random_mdp(seed, episodic=gamma == 1)
        solution = solve(mdp, gamma)
        assert solution is not None
        truth = by_linear_programming(mdp, gamma)
        scale = max(1.0, np.abs(truth).max())
        assert np.abs(solution.v - truth).max() <= 1e-6 * scale
        onward, reward = matrices(mdp)
        np.testing.assert_allclose(solution.q, reward + gamma * onward @ solution.v, atol=1e-9 * scale)
        np.testing.assert_allclose(solution.q.max(axis=1), solution.v, atol=1e-6 * scale)
        assert solution.v_start == pytest.approx(solution.v.mean())


@pytest.mark.parametrize("gamma", [0.0, 0.5, 0.99, 1.0])
def test_the_value_of_a_policy_is_that_of_a_dense_solve(gamma):
    for seed in range(30):
        mdp = random_mdp(seed, episodic=gamma == 1)
        policy = np.random.default_rng(seed).dirichlet(np.ones(mdp.n_actions), size=mdp.n_states)
        onward, reward = matrices(mdp)
        chain = np.einsum("sa,sat->st", policy, onward)
        truth = np.linalg.solve(np.eye(mdp.n_states) - gamma * chain, (policy * reward).sum(axis=1))
        values = policy_values(mdp, policy, gamma)
        assert values is not None
        np.testing.assert_allclose(values, truth, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose((policy * lookahead(mdp, truth, gamma)).sum(axis=1), truth, atol=1e-8)


def test_a_corridor_by_hand():
    solution = solve(compile_world(corridor(4)), 0.5)
    assert solution is not None
    np.testing.assert_allclose(solution.v, [-1.75, -1.5, -1.0, 0.0], atol=1e-9)
    # from cell 1: up and down bump, right leads to cell 2, left to cell 0
    np.testing.assert_allclose(solution.q[1], [-1.75, -1.5, -1.75, -1.875], atol=1e-9)
    assert solution.v_start == pytest.approx(-1.75)


def test_the_random_policy_on_the_random_walk():
    """Sutton & Barto, example 6.2: chances to end on the right, less those to end on the left."""
    world = gallery_world("random_walk_19")
    assert world is not None
    values = policy_values(compile_world(world), np.full((21, 2), 0.5), 1.0)
    assert values is not None
    np.testing.assert_allclose(values[1:20], np.arange(-9, 10) / 10, atol=1e-12)


@pytest.mark.parametrize("name", sorted(gallery()))
def test_every_built_in_world_has_a_solution(name):
    world = gallery_world(name)
    assert world is not None
    mdp = compile_world(world.at_step(0))
    for gamma in (0.9, 1.0):
        solution = solve(mdp, gamma)
        assert solution is not None
        reached = mdp.live & mdp.reachable
        backup = lookahead(mdp, solution.v, gamma).max(axis=1)
        np.testing.assert_allclose(solution.v[reached], backup[reached], atol=1e-6)


def test_one_cell():
    alone = compile_world(World.blank(1, 1))
    for gamma in (0.0, 0.9, 1.0):
        solution = solve(alone, gamma)
        assert solution is not None and solution.v.tolist() == [0.0]
    paying = compile_world(World.blank(1, 1).with_rules(step_reward=2.0))
    solution = solve(paying, 0.5)
    assert solution is not None and solution.v == pytest.approx([4.0])
    assert solve(paying, 1.0) is None
    assert solve(compile_world(World.blank(1, 1).with_rules(step_reward=-2.0)), 1.0) is None
    goal = compile_world(World.blank(1, 1).painted([(0, 0)], "goal"))
    solution = solve(goal, 1.0)
    assert solution is not None and solution.v_start == 0.0


# -- gamma 1: what never ends, and what pays for ever ----------------------------------------------


def test_a_policy_that_loops_never_ends_at_gamma_1():
    mdp = compile_world(corridor(3))
    left = np.zeros((3, 4))
    left[:, 3] = 1.0
    assert policy_values(mdp, left, 1.0) is None
    values = policy_values(mdp, left, 0.5)
    assert values is not None and values[0] == pytest.approx(-2.0)  # -1 for ever: -1 / (1 - 0.5)
    now_and_then = left.copy()
    now_and_then[:, 1], now_and_then[:, 3] = 0.25, 0.75
    values = policy_values(mdp, now_and_then, 1.0)
    # h0 = 1 + h0 3/4 + h1 / 4, h1 = 1 + h0 3/4: h0 = 4 + h1, h1 = 16, h0 = 20
    assert values is not None
    np.testing.assert_allclose(values[:2], [-20.0, -16.0])


def test_a_policy_is_asked_only_where_it_goes():
    mdp = compile_world(world_from_rows(("S.G.",), rules=Rules(step_reward=-1.0)))
    right = np.zeros((4, 4))
    right[:, 1] = 1.0  # in the last cell it bumps for ever, but never gets there
    values = policy_values(mdp, right, 1.0)
    assert values is not None
    np.testing.assert_array_equal(values, [0.0, 1.0, np.nan, np.nan])


@pytest.mark.parametrize("size", [5, 30, 100])
@pytest.mark.parametrize("slip", [0.0, 0.3])
@pytest.mark.parametrize("trouble", ["no goal", "pays for ever", "pays for ever beside a goal", "trap"])
def test_at_gamma_1_trouble_is_found_quickly(size, slip, trouble):
    middle = (size // 2, size // 2)
    world = World.blank(size, size).with_rules(step_reward=-1.0, slip=slip).painted([(0, 0)], "start")
    if trouble != "no goal":
        world = world.painted([(size - 1, size - 1)], "goal")
    if trouble.startswith("pays"):
        world = world.painted([middle], "reward").with_cell(middle, reward=5.0)
    if trouble == "pays for ever":
        world = world.erased([(size - 1, size - 1)])
    if trouble == "trap":  # whoever enters the last row never comes out, and slipping leads there
        world = world.painted([(size - 2, c) for c in range(size)], "one_way_down")
        world = world.erased([(size - 1, size - 1)]).painted([(0, size - 1)], "goal")
    mdp = compile_world(world)
    began = time.perf_counter()
    solution = solve(mdp, 1.0)
    assert time.perf_counter() - began < 2.0
    assert solution is None


def test_a_pocket_that_nobody_reaches_is_no_trouble():
    world = world_from_rows(("S.G#.",), rules=Rules(step_reward=-1.0))
    solution = solve(compile_world(world), 1.0)
    assert solution is not None
    np.testing.assert_allclose(solution.v, [0.0, 1.0, 0.0, 0.0, 0.0])


def test_a_dear_door_is_worth_its_price():
    # the way out costs 100, every step only 0.001: it still pays to go, and the solver must not give up
    world = world_from_rows(("S.mG",), rules=Rules(step_reward=-0.001)).with_cell((0, 2), reward=-100.0)
    solution = solve(compile_world(world), 1.0)
    assert solution is not None
    assert solution.v_start == pytest.approx(-0.001 - 101.0 + 1.0)


def test_resting_for_nothing_beats_a_loss():
    # nothing is paid on the floor: not to go into the pit is worth 0
    solution = solve(compile_world(world_from_rows(("S.P",))), 1.0)
    assert solution is not None and solution.v_start == 0.0


def test_a_reward_that_can_be_fetched_once_is_not_for_ever():
    # one way through the reward: +5 once, then on to the goal
    world = world_from_rows(("S>R>G",), rules=Rules(step_reward=-1.0)).with_cell((0, 2), reward=5.0)
    world = world.painted([(0, 1), (0, 3)], "one_way_right")
    solution = solve(compile_world(world), 1.0)
    # -1, and for ever bumping on the reward's cell pays 5 again: there is no end to it
    assert solution is None
    bumping = world.with_rules(bump_reward=-9.0)
    solution = solve(compile_world(bumping), 1.0)
    assert solution is not None and solution.v_start == pytest.approx(-1 + 5 - 1 + 1)
