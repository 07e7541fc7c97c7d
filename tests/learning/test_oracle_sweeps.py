"""How the oracle packs, orders and sweeps; each way against pencil and paper or plain policy iteration."""

import numpy as np
import pytest

from rlsandbox.learning import oracle
from rlsandbox.learning.oracle import lookahead, solve
from rlsandbox.learning.oracle_rows import pack
from rlsandbox.worlds.gallery import gallery_world
from rlsandbox.worlds.mdp import TabularMDP, compile_world
from rlsandbox.worlds.world import World
from tests.helpers import corridor
from tests.learning.test_oracle import by_linear_programming, matrices, random_mdp


def by_policy_iteration(mdp: TabularMDP, gamma: float) -> np.ndarray:
    """Policy iteration with dense solves (Sutton & Barto, section 4.3)."""
    onward, reward = matrices(mdp)
    states = np.arange(mdp.n_states)
    action = np.zeros(mdp.n_states, np.int64)
    while True:
        chain = gamma * onward[states, action]
        v = np.linalg.solve(np.eye(mdp.n_states) - chain, reward[states, action])
        q = reward + gamma * onward @ v
        better = q.max(axis=1) > q[states, action] + 1e-9
        if not better.any():
            return v
        action = np.where(better, q.argmax(axis=1), action)


def residual(mdp: TabularMDP, v: np.ndarray, gamma: float) -> float:
    return float(np.abs(lookahead(mdp, v, gamma).max(axis=1) - v)[mdp.live].max())


def test_a_long_corridor_takes_two_passes():
    solution = solve(compile_world(corridor(500)), 0.99)
    assert solution is not None
    distance = np.arange(499, -1, -1)
    np.testing.assert_allclose(solution.v, -(1 - 0.99**distance) / (1 - 0.99), rtol=1e-12)
    # a pass finds the values, a pass finds them unchanged; each is of two sweeps
    assert solution.sweeps <= 4


def test_cells_of_an_open_grid_are_of_ten_kinds():
    """Inside, four edges, three corners (the goal is in the fourth), two cells beside the goal."""
    packed = pack(mdp := compile_world(open_world_of(12)), mdp.live, 0.9)
    assert packed.shared and packed.pay.shape == (10, 4)
    distance = [22 - sum(divmod(int(s), 12)) for s in packed.order]
    assert distance == sorted(distance) and distance[0] == 1


def open_world_of(side: int) -> World:
    world = World.blank(side, side).with_rules(step_reward=-1.0, slip=0.2)
    return world.painted([(side - 1, side - 1)], "goal")


@pytest.mark.parametrize("moves", [4, 8])
def test_a_state_is_swept_about_a_dozen_times_however_large_the_world(moves):
    sweeps = []
    for side in (40, 100):
        mdp = compile_world(open_world_of(side).with_rules(moves=moves))
        solution = solve(mdp, 0.99, 1e-6)
        assert solution is not None
        assert solution.residual == pytest.approx(residual(mdp, solution.v, 0.99), abs=1e-12)
        assert solution.residual <= 1e-8
        sweeps.append(solution.sweeps)
    assert max(sweeps) <= 25


@pytest.mark.parametrize("moves", [4, 8])
def test_a_bound_that_was_hoped_to_be_loose_is_checked(moves, monkeypatch):
    """The first wave may leave a residual a million times as large as wanted: a second one follows."""
    mdp = compile_world(open_world_of(40).with_rules(moves=moves))
    careful = solve(mdp, 0.99, 1e-6)
    monkeypatch.setattr(oracle, "_SLACK", 1e6)
    solution = solve(mdp, 0.99, 1e-6)
    assert careful is not None and solution is not None
    assert solution.residual == pytest.approx(residual(mdp, solution.v, 0.99), abs=1e-12)
    assert solution.residual <= 1e-8
    np.testing.assert_allclose(solution.v, careful.v, atol=2e-6)


@pytest.mark.parametrize("gamma", [0.9, 0.999, 0.99999])
def test_without_an_end_staying_where_it_pays_is_found(gamma):
    """Bumping on the reward pays 5 a step, every step to it costs 1."""
    world = World.blank(1, 40).with_rules(step_reward=-1.0).painted([(0, 7)], "reward")
    solution = solve(compile_world(world.with_cell((0, 7), reward=5.0)), gamma)
    assert solution is not None
    distance = np.abs(np.arange(40) - 7)
    # the last step of the way there pays 5 already
    away = -(1 - gamma ** np.maximum(distance - 1, 0)) / (1 - gamma)
    truth = np.where(distance == 0, 5 / (1 - gamma), away + gamma ** (distance - 1.0) * 5 / (1 - gamma))
    np.testing.assert_allclose(solution.v, truth, rtol=1e-9)


@pytest.mark.parametrize("gamma", [0.99, 0.9999, 0.999999])
def test_a_trap_near_gamma_1_has_its_value(gamma):
    """Whoever enters the last row never comes out; slipping leads there from the row above."""
    side = 12
    world = World.blank(side, side).with_rules(step_reward=-1.0, slip=0.3).painted([(0, 0)], "start")
    world = world.painted([(side - 2, c) for c in range(side)], "one_way_down")
    mdp = compile_world(world.painted([(0, side - 1)], "goal"))
    solution = solve(mdp, gamma)
    assert solution is not None
    np.testing.assert_allclose(solution.v[-side:], -1 / (1 - gamma), rtol=1e-9)
    np.testing.assert_allclose(solution.v, by_policy_iteration(mdp, gamma), rtol=1e-7)


def test_a_street_of_one_way_is_ordered_from_its_end():
    """Each of 200 states leads to the next, the last ends and pays 1; nothing leads back."""
    shape = (201, 4, 1)
    ends = np.broadcast_to((np.arange(201) >= 199)[:, None, None], shape).copy()
    mdp = TabularMDP(
        next_state=np.minimum(np.broadcast_to(np.arange(1, 202)[:, None, None], shape), 200).astype(np.int32),
        prob=np.ones(shape),
        reward=np.where(np.arange(201) == 199, 1.0, 0.0)[:, None, None] * np.ones(shape),
        reward_sd=np.zeros(shape),
        terminal=ends,
        start=np.eye(1, 201)[0],
        live=np.arange(201) < 200,
    )
    packed = pack(mdp, mdp.live, 0.99)
    assert packed.shared
    np.testing.assert_array_equal(packed.order, np.arange(199, -1, -1))
    solution = solve(mdp, 0.99)
    assert solution is not None and solution.sweeps <= 4
    np.testing.assert_allclose(solution.v[:200], 0.99 ** np.arange(199.0, -1, -1), rtol=1e-12)


def mixing(n_states: int, n_actions: int, ends: float, seed: int) -> TabularMDP:
    """Random successors of which a share ends the episode."""
    rng = np.random.default_rng(seed)
    shape = (n_states, n_actions, 5)
    return TabularMDP(
        next_state=rng.integers(n_states, size=shape).astype(np.int32),
        prob=rng.dirichlet(np.ones(5), size=shape[:2]),
        reward=rng.normal(size=shape),
        reward_sd=np.zeros(shape),
        terminal=rng.random(shape) < ends,
        start=np.full(n_states, 1 / n_states),
        live=np.ones(n_states, np.bool_),
    )


@pytest.mark.parametrize("ends", [0.0, 0.002, 0.2])
@pytest.mark.parametrize("n_actions", [2, 4])
@pytest.mark.parametrize("gamma", [0.9, 0.999])
def test_arbitrary_models_need_few_sweeps(ends, n_actions, gamma):
    mdp = mixing(400, n_actions, ends, seed=n_actions)
    solution = solve(mdp, gamma)
    assert solution is not None
    np.testing.assert_allclose(solution.v, by_policy_iteration(mdp, gamma), atol=1e-8)
    assert solution.sweeps <= 250  # at gamma = 0.999 plain sweeps would need thousands


def test_two_halves_that_hardly_meet():
    """One shift cannot mend two halves that are wrong by different amounts."""
    mdp = mixing(300, 3, 0.0, seed=1)
    half = np.where(np.arange(300) < 150, 0, 150)[:, None, None]
    apart = half + mdp.next_state % 150
    apart[0, 0, 0], apart[150, 0, 0] = 150, 0
    reward = np.where(half > 0, mdp.reward + 3.0, mdp.reward)
    mdp = TabularMDP(
        apart.astype(np.int32), mdp.prob, reward, mdp.reward_sd, mdp.terminal, mdp.start, mdp.live
    )
    for gamma in (0.99, 0.9999):
        solution = solve(mdp, gamma)
        assert solution is not None
        np.testing.assert_allclose(solution.v, by_policy_iteration(mdp, gamma), rtol=1e-8)


@pytest.mark.parametrize("gamma", [0.5, 0.99])
def test_policy_iteration_is_there_where_sweeps_do_not_suffice(gamma, monkeypatch):
    monkeypatch.setattr(oracle, "_SPARE_PASSES", -10_000)
    monkeypatch.setattr(oracle, "_ROUNDS", 1)
    for seed in range(20):
        mdp = random_mdp(seed, episodic=seed % 2 == 0)
        solution = solve(mdp, gamma)
        assert solution is not None
        truth = by_linear_programming(mdp, gamma)
        np.testing.assert_allclose(solution.v, truth, atol=1e-6 * max(1.0, np.abs(truth).max()))


def test_states_that_are_not_live_are_worth_nothing_without_a_terminal_flag():
    """State 0 leads to state 1, which is live and leads on to 2, which is not."""
    for n_actions in (4, 3):
        shape = (3, n_actions, 1)
        mdp = TabularMDP(
            next_state=np.broadcast_to(np.array([1, 2, 2], np.int32)[:, None, None], shape).copy(),
            prob=np.ones(shape),
            reward=np.broadcast_to(np.array([1.0, 2.0, 100.0])[:, None, None], shape).copy(),
            reward_sd=np.zeros(shape),
            terminal=np.zeros(shape, np.bool_),
            start=np.array([1.0, 0.0, 0.0]),
            live=np.array([True, True, False]),
        )
        solution = solve(mdp, 0.5)
        assert solution is not None
        np.testing.assert_allclose(solution.v, [2.0, 2.0, 0.0])  # 1 + 0.5 * 2, then 2


@pytest.mark.parametrize(("stay", "start"), [(0.0, 0.0), (-0.5, -1.0), (0.5, None)])
def test_staying_for_ever_is_seen_through_rounding(stay, start):
    """Ten chances of 0.1 to stay add up to a little less than 1; the other action ends and costs 1."""
    shape = (2, 4, 10)
    terminal, reward = np.zeros(shape, np.bool_), np.full(shape, stay)
    terminal[1], reward[1] = True, 0.0
    terminal[0, 1], reward[0, 1] = True, -1.0
    mdp = TabularMDP(
        next_state=np.zeros(shape, np.int32),
        prob=np.full(shape, 0.1),
        reward=reward,
        reward_sd=np.zeros(shape),
        terminal=terminal,
        start=np.array([1.0, 0.0]),
        live=np.array([True, False]),
    )
    solution = solve(mdp, 1.0)
    if start is None:  # paid at each stay, it is paid for ever
        assert solution is None
    else:
        assert solution is not None and solution.v_start == pytest.approx(start)


def test_without_a_discount_a_reward_at_the_end_is_worth_itself_everywhere():
    world = gallery_world("four_rooms")
    assert world is not None
    mdp = compile_world(world.with_rules(slip=0.1))
    solution = solve(mdp, 1.0)
    assert solution is not None
    np.testing.assert_allclose(solution.v[mdp.live], 1.0, rtol=1e-12)


def test_all_kernels_load():
    oracle.load_kernels()
