"""The physics of the continuous world, in numbers that can be worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlsandbox.worlds.draws import seeded
from rlsandbox.worlds.errors import SandboxError
from rlsandbox.worlds.gallery import gallery_world
from rlsandbox.worlds.mdp import compile_world
from rlsandbox.worlds.point import (
    MARGIN,
    Physics,
    compile_point,
    point_misfit,
    point_observation,
    point_reset,
    point_step,
    walled_in,
)
from rlsandbox.worlds.rules import Change, Rules
from rlsandbox.worlds.text_maps import world_from_rows
from rlsandbox.worlds.world import World
from tests.worlds.strategies import RULES, SEEDS, random_world

FREE = Physics(drag=0.0, max_speed=1000.0)
"""No drag, and a speed that is not reached."""


class Course:
    """Copies of a point at given places, and what their steps have paid."""

    def __init__(self, world, *states, physics=None, seed=0):
        self.model = compile_point(world, physics)
        self.state = np.array(states, np.float64)
        self.rng = seeded(tuple(range(seed, seed + len(states))))
        self.reward = np.full(len(states), np.nan)
        self.terminated = np.zeros(len(states), np.bool_)

    def push(self, *force, steps=1):
        forces = np.broadcast_to(np.array(force, np.float64), (len(self.state), 2)).copy()
        for _ in range(steps):
            point_step(self.model, self.state, forces, self.reward, self.terminated, self.rng)
        return self


# -- force, drag and wind --------------------------------------------------------------------------


def test_a_constant_force_without_drag_accelerates_evenly():
    """After t = 1 s at 8 cells/s²: v = 8, x = 8 t²/2 = 4."""
    course = Course(World.blank(1, 20), (0.5, 0.5, 0, 0), physics=FREE).push(1, 0, steps=10)
    assert course.state[0] == pytest.approx([4.5, 0.5, 8, 0])


def test_the_terminal_velocity_is_force_over_drag():
    """8 cells/s² over 2 /s is 4 cells/s; half the force, half of that."""
    course = Course(World.blank(512, 512), (1, 1, 0, 0)).push(1, 0.5, steps=200)
    assert course.state[0, 2:] == pytest.approx([4, 2])


def test_speed_decays_by_the_drag_alone():
    """Without a force v(t) = v(0) exp(-2 t), exactly, whatever the step."""
    for dt in (0.1, 0.05):
        course = Course(World.blank(1, 20), (1, 0.5, 3, 0), physics=Physics(dt=dt))
        course.push(0, 0, steps=round(1 / dt))
        assert course.state[0, 2] == pytest.approx(3 * math.exp(-2))


def test_ice_keeps_the_velocity_and_mud_takes_it():
    """After a second exp(-0.02 * 2) = 96 % are left on ice, exp(-2) = 14 % on floor, exp(-8) in mud."""
    for glyph, drag in ((".", 2.0), ("~", 0.04), ("m", 8.0)):
        course = Course(world_from_rows((glyph * 9,)), (0.5, 0.5, 2, 0)).push(0, 0, steps=10)
        assert course.state[0, 2] == pytest.approx(2 * math.exp(-drag))
    course = Course(world_from_rows(("m" * 40,)), (0.5, 0.5, 0, 0)).push(1, 0, steps=60)
    assert course.state[0, 2] == pytest.approx(1.0), "8 cells/s² over 8 /s"


def test_wind_pushes_as_drawn():
    """A wind of 2 to the right is 8 cells/s²; a second of it without drag is 4 cells."""
    world = World.blank(3, 20).painted([(1, c) for c in range(20)], "wind", (0, 2))
    course = Course(world, (0.5, 1.5, 0, 0), (0.5, 0.5, 0, 0), physics=FREE).push(0, 0, steps=10)
    assert course.state[0] == pytest.approx([4.5, 1.5, 8, 0])
    assert course.state[1] == pytest.approx([0.5, 0.5, 0, 0])
    against = Course(world, (9.5, 1.5, 0, 0)).push(-1, 0, steps=5)
    assert against.state[0] == pytest.approx([9.5, 1.5, 0, 0]), "full thrust holds a wind of 2"


def test_random_wind_blows_weaker_as_drawn_or_stronger():
    world = World.blank(1, 20, rules=Rules(wind_random=True)).painted([(0, 5)], "wind", (0, 1))
    course = Course(world, *[(5.5, 0.5, 0, 0)] * 3000, physics=FREE).push(0, 0)
    speeds, counts = np.unique(course.state[:, 2].round(9), return_counts=True)
    assert speeds.tolist() == [0, 0.4, 0.8], "0, 1 or 2 times 4 cells/s² for 0.1 s"
    np.testing.assert_allclose(counts / 3000, 1 / 3, atol=0.03)


def test_a_slip_turns_the_force():
    world = World.blank(9, 9, rules=Rules(slip=0.4))
    course = Course(world, *[(4.5, 4.5, 0, 0)] * 4000, physics=FREE).push(1, 0)
    ways, counts = np.unique(course.state[:, 2:].round(9), axis=0, return_counts=True)
    assert ways.tolist() == [[0, -0.8], [0, 0.8], [0.8, 0]]
    np.testing.assert_allclose(counts / 4000, [0.2, 0.2, 0.6], atol=0.03)
    anywhere = World.blank(9, 9, rules=Rules(slip=1.0, slip_kind="random"))
    course = Course(anywhere, *[(4.5, 4.5, 0, 0)] * 4000, physics=FREE).push(1, 0)
    np.testing.assert_allclose(np.hypot(*course.state[:, 2:].T), 0.8)
    np.testing.assert_allclose(course.state[:, 2:].mean(axis=0), 0, atol=0.03)


def test_forces_are_cut_and_speed_has_a_limit():
    course = Course(World.blank(99, 99), (1, 1, 0, 0), (1, 1, 0, 0), physics=Physics(drag=0.0))
    course.push((5, 3), (1, 1))
    assert (course.state[0] == course.state[1]).all()
    course.push(1, 1, steps=50)
    assert np.hypot(*course.state[0, 2:]) == pytest.approx(8.0)


# -- walls -----------------------------------------------------------------------------------------


def test_a_wall_takes_the_velocity_into_it_alone():
    """Both components are 4 cells/s; the wall stops one at x = 2, the other carries on 0.4 cells a step."""
    world = world_from_rows(("..#", "..#", "..#"), rules=Rules(bump_reward=-0.5, step_reward=-1.0))
    course = Course(world, (1.9, 0.5, 4, 4), (1.9, 0.5, -4, 4), physics=FREE).push(0, 0)
    assert course.state[0] == pytest.approx([2 - MARGIN, 0.9, 0, 4])
    assert course.reward.tolist() == [-1.5, -1.0]
    assert course.state[1] == pytest.approx([1.5, 0.9, -4, 4])


@pytest.mark.parametrize(
    ("velocity", "stopped"),
    [((9, 0), (3, 1.5)), ((-9, 0), (0, 1.5)), ((0, 9), (1.5, 3)), ((0, -9), (1.5, 0))],
)
def test_every_edge_is_a_wall(velocity, stopped):
    course = Course(World.blank(3, 3), (1.5, 1.5, *velocity), physics=FREE).push(0, 0, steps=3)
    assert course.state[0] == pytest.approx([*stopped, 0, 0], abs=2 * MARGIN)


def test_nobody_sticks_in_a_corner():
    """Pushed into a corner for a second, then out of it along either wall and diagonally."""
    for out in ((-1, 0), (0, -1), (-1, -1)):
        course = Course(World.blank(3, 3), (2.9, 2.9, 4, 4)).push(1, 1, steps=10)
        assert course.state[0] == pytest.approx([3, 3, 0, 0], abs=2 * MARGIN)
        course.push(*out, steps=5)
        assert [course.state[0, k] < 2.5 for k in (0, 1)] == [way < 0 for way in out]


def test_a_diagonal_does_not_squeeze_between_two_walls():
    world = world_from_rows((".#", "#."))
    course = Course(world, (0.9, 0.9, 5, 5), physics=FREE).push(1, 1, steps=20)
    assert course.state[0] == pytest.approx([1, 1, 0, 0], abs=2 * MARGIN)


def test_a_one_way_is_a_wall_against_its_arrow():
    """Across it with the arrow, blocked against it from both sides, open crosswise."""
    world = world_from_rows(("...", ".>.", "..."))
    course = Course(
        world, (0.5, 1.5, 4, 0), (2.5, 1.5, -4, 0), (1.5, 1.5, -4, 0), (1.5, 1.5, 0, 4), physics=FREE
    )
    course.push(0, 0, steps=4)
    assert course.state[:, :2] == pytest.approx(
        np.array([(2.1, 1.5), (2, 1.5), (1, 1.5), (1.5, 3)]), abs=2 * MARGIN
    )


@settings(deadline=None)
@given(SEEDS, st.floats(-np.pi, np.pi), st.sampled_from((8.0, 80.0, 5000.0)))
def test_no_speed_tunnels_through_a_wall(seed, angle, speed):
    """A room with thin walls around it holds whoever is in it, at any speed and force."""
    rows = ["#" * 9, *["#" + "." * 7 + "#"] * 3, "#" * 9]
    world = world_from_rows(tuple(["." * 9, *rows, "." * 9]))
    rng = np.random.default_rng(seed)
    places = np.column_stack([rng.uniform(1, 8, 8), rng.uniform(2, 5, 8)])
    velocity = speed * np.array([np.cos(angle), np.sin(angle)])
    course = Course(
        world,
        *[(*place, *velocity) for place in places],
        physics=Physics(max_speed=speed, drag=0.1, thrust=speed),
    )
    for _ in range(20):
        course.push(*rng.uniform(-1, 1, 2))
        assert ((course.state[:, 0] >= 1) & (course.state[:, 0] < 8)).all()
        assert ((course.state[:, 1] >= 2) & (course.state[:, 1] < 5)).all()
        assert (np.hypot(*course.state[:, 2:].T) <= speed * (1 + 1e-9)).all()


# -- goals, cliffs, teleporters, rewards -----------------------------------------------------------


def test_a_goal_is_entered_by_area_and_stops_the_step():
    """At 8 cells/s the step crosses the goal's corner: it ends at the goal, not behind it."""
    world = world_from_rows((".G.",), rules=Rules(step_reward=-0.1))
    course = Course(world, (0.95, 0.5, 0, 0), physics=FREE)
    course.push(1, 0)  # 0.04 cells
    assert (course.reward[0], course.terminated[0]) == (-0.1, False)
    course.push(1, 0)  # 0.12 more
    assert (course.reward[0], course.terminated[0]) == (1.0, True)
    fast = Course(world_from_rows(("..", "GP")), (0.4, 0.98, 20, 2), physics=FREE).push(0, 0)
    assert (fast.reward[0], fast.terminated[0]) == (1.0, True), "the goal comes first, the pit lies behind it"


def test_a_cliff_sends_back_to_a_start_at_rest():
    world = gallery_world("cliff_walking")
    assert world is not None
    course = Course(world, (1.5, 2.9, 0, 4)).push(0, 1)
    assert (course.reward[0], course.terminated[0]) == (-100.0, False)
    x, y, *velocity = course.state[0].tolist()
    assert (int(y), int(x)) == (3, 0)
    assert velocity == [0, 0]


def test_a_teleporter_keeps_the_spot_and_the_velocity():
    """Who enters (0, 1) on its left edge comes out on that of (2, 3), and is not sent back."""
    world = world_from_rows((".T..", "....", "...T")).linked((0, 1), (2, 3), both_ways=True)
    course = Course(world, (0.9, 0.25, 2, 0), physics=FREE).push(0, 0)
    assert course.state[0] == pytest.approx([3, 2.25, 2, 0])
    course.push(0, 0, steps=2)
    assert course.state[0] == pytest.approx([3.4, 2.25, 2, 0])
    walled = world.painted([(2, 3)], "wall")
    course = Course(walled, (0.9, 0.25, 2, 0), physics=FREE).push(0, 0)
    assert course.state[0] == pytest.approx([1.1, 0.25, 2, 0])
    to_goal = world_from_rows((".T.G",)).linked((0, 1), (0, 3))
    course = Course(to_goal, (0.9, 0.5, 2, 0)).push(1, 0)
    assert (course.reward[0], course.terminated[0]) == (1.0, True)


def test_rewards_are_paid_for_coming_in_and_mud_costs_every_step():
    world = world_from_rows((".R.m",), rules=Rules(step_reward=-0.1))
    course = Course(world, (0.9, 0.5, 2, 0), physics=FREE)
    paid = [course.push(0, 0).reward[0] for _ in range(13)]
    # 0.2 cells a step: in the reward's cell from step 1 to 5, on floor from 6, in mud from 11
    assert paid == pytest.approx([0.5, *[-0.1] * 9, *[-1.1] * 3])


def test_a_cells_own_reward_has_its_spread():
    world = world_from_rows(("...",)).with_cell((0, 1), reward=2.0, reward_sd=0.5)
    course = Course(world, *[(0.9, 0.5, 2, 0)] * 4000).push(0, 0)
    assert course.reward.mean() == pytest.approx(2.0, abs=0.04)
    assert course.reward.std() == pytest.approx(0.5, abs=0.04)


# -- starts, determinism, bounds -------------------------------------------------------------------


def test_starts_are_uniform_inside_their_cells():
    world = world_from_rows(("S.S",)).with_cell((0, 2), weight=3.0)
    course = Course(world, *[(1.5, 0.5, 7, 7)] * 8000)
    which = np.ones(8000, np.bool_)
    which[0] = False
    point_reset(course.model, course.state, course.rng, which)
    assert course.state[0].tolist() == [1.5, 0.5, 7, 7]
    begun = course.state[1:]
    assert not begun[:, 2:].any()
    assert (begun[:, 0] > 2).mean() == pytest.approx(0.75, abs=0.02)
    offset = begun[:, :2] % 1
    np.testing.assert_allclose(offset.mean(axis=0), 0.5, atol=0.02)
    np.testing.assert_allclose(offset.std(axis=0), math.sqrt(1 / 12), atol=0.01)


@pytest.mark.parametrize("name", ["open:6:0", "frozen_lake_8x8"])
def test_episodes_begin_in_the_cells_of_the_grid(name):
    world = gallery_world(name)
    assert world is not None
    assert set(compile_point(world).start_cells) == set(compile_world(world).start_states)


def test_copies_do_not_depend_on_each_other():
    """Copy k of a batch takes the course that it takes alone."""
    world = gallery_world("windy")
    assert world is not None
    world = world.with_rules(slip=0.3, wind_random=True)

    def course(first, copies):
        course = Course(world, *[(0.5, 3.5, 0, 0)] * copies, seed=first)
        seen = []
        for k in range(100):
            course.push(math.cos(k), math.sin(k))
            seen.append(course.state.copy())
        return np.array(seen)

    batch = course(0, 5)
    for k in range(5):
        assert (batch[:, k] == course(k, 1)[:, 0]).all()
    assert (batch[-1, 0] != batch[-1, 1]).all()


@settings(deadline=None)
@given(SEEDS, st.integers(1, 8), st.integers(1, 8), RULES)
def test_any_drawing_keeps_points_in_free_cells(seed, height, width, rules):
    world = random_world(seed, height, width, rules)
    if world.things.count or world.schedule:
        world = world.replace(schedule=())
        for tile in (
            t for t in world.tiles_used if t.rule.pickup is not None or t.rule.opens_with is not None
        ):
            world = world.painted(world.cells_of(tile.id), "floor")
        world = world.painted(world.cells_of("coin"), "floor")
    model = compile_point(world, Physics(max_speed=30.0))
    state, rng = np.zeros((16, 4)), seeded(tuple(range(16)))
    reward, terminated = np.zeros(16), np.zeros(16, np.bool_)
    point_reset(model, state, rng, ~terminated)
    luck = np.random.default_rng(seed)
    for _ in range(30):
        assert not walled_in(model, state).any()
        point_step(model, state, luck.uniform(-1, 1, (16, 2)), reward, terminated, rng)
        assert np.isfinite(reward).all()
        assert (np.abs(point_observation(model, state)) <= 1).all()
        cells = state[:, 1].astype(int) * width + state[:, 0].astype(int)
        assert (terminated == world.rule_layer("terminal", False).ravel()[cells]).all()


def test_what_is_no_number_moves_nobody():
    course = Course(World.blank(3, 3), (1.5, 1.5, 1, 0), (1.5, np.nan, 1, 0), (1.5, 1.5, 1, 0))
    before, rng = course.state.copy(), course.rng.copy()
    course.push((np.nan, 0), (0, 0), (0, np.inf))
    np.testing.assert_array_equal(course.state, before)
    assert np.isnan(course.reward).all()
    assert (course.rng == rng).all()


def test_whoever_stands_where_a_wall_appears_is_told():
    model = compile_point(world_from_rows((".#.",)))
    state = np.array(
        [(0.5, 0.5, 0, 0), (1.5, 0.5, 0, 0), (2.5, 0.5, 0, 0), (3.5, 0.5, 0, 0), (np.nan, 0, 0, 0)]
    )
    assert walled_in(model, state).tolist() == [False, True, False, True, True]


def test_observations_lie_between_minus_one_and_one():
    model = compile_point(World.blank(2, 4))
    state = np.array([(0.0, 0.0, -8.0, 0.0), (2.0, 1.0, 0.0, 0.0), (4.0 - MARGIN, 2.0 - MARGIN, 4.0, 8.0)])
    seen = point_observation(model, state)
    assert seen.dtype == np.float32
    assert seen == pytest.approx(np.array([(-1, -1, -1, 0), (0, 0, 0, 0), (1, 1, 0.5, 1)]))


@pytest.mark.parametrize(
    ("world", "sentence"),
    [
        (gallery_world("taxi"), "stands in a table"),
        (gallery_world("ten_armed_testbed"), "bandit"),
        (gallery_world("key_door"), "remove keys, doors and coins"),
        (world_from_rows(("S.$",)), "remove keys, doors and coins"),
        (world_from_rows(("S.",)).replace(schedule=(Change(3, ((0, 1, "wall"),)),)), "scheduled changes"),
    ],
    ids=str,
)
def test_a_world_without_a_continuous_form_is_told_why(world, sentence):
    assert sentence in (point_misfit(world) or "")
    with pytest.raises(SandboxError, match=sentence):
        compile_point(world)


@pytest.mark.parametrize("wrong", [{"dt": 0}, {"drag": -1}, {"thrust": math.nan}, {"max_speed": math.inf}])
def test_wrong_physics_gives_a_sentence(wrong):
    with pytest.raises(SandboxError, match=next(iter(wrong))):
        Physics(**wrong)


def test_the_rules_limit_the_time():
    assert compile_point(World.blank(2, 2)).step_limit == 1000
    assert compile_point(World.blank(2, 2, rules=Rules(step_limit=7))).step_limit == 7
