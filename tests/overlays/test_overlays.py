"""Overlays on a corridor of three cells, S . G, in which every number can be worked out by hand."""

import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from rlsandbox import overlays
from rlsandbox.learning.agent import Snapshot, Update
from rlsandbox.learning.oracle import solve
from rlsandbox.learning.policy import greedy_probs
from rlsandbox.marks import Arrows, Badge, Badges, Heatmap, Labels, Paths, Triangles
from rlsandbox.overlays import Scene
from rlsandbox.worlds.errors import SandboxError
from rlsandbox.worlds.mdp import compile_world
from rlsandbox.worlds.rules import Rules
from rlsandbox.worlds.text_maps import world_from_rows
from rlsandbox.worlds.world import World

RULES = Rules(step_reward=-1.0)
CORRIDOR = world_from_rows(("S.G",), "Corridor", RULES, rewards={(0, 2): -1.0})
# Q of up, right, down, left; with gamma 1, V* = -2, -1 and 0 at the goal
Q = np.array([[-3.0, -2.5, -3.0, -3.0], [-2.0, -1.0, -2.0, -3.0], [0.0, 0.0, 0.0, 0.0]])
UPDATE = Update(0, 1, -1.0, 1, None, False, False, False, 0.0, -1.0, -1.0, -0.5, 0.5, 1.0, (), 1)


def snapshot(q=Q, world=CORRIDOR, **changes) -> Snapshot:
    live = compile_world(world).live
    shot = Snapshot(0, np.where(live, q.max(axis=1), 0.0), q, greedy_probs(q), np.array([9]), np.array([2]))
    return replace(shot, **changes)


def scene(shot=None, world=CORRIDOR, gamma=1.0, carried=0) -> Scene:
    mdp = compile_world(world)
    return Scene.of(world, mdp, shot or snapshot(world=world), solve(mdp, gamma), carried)


def marks(overlay: str, a_scene: Scene | None = None) -> Any:
    return overlays.find(overlay).marks(a_scene or scene())


def test_values_are_coloured_on_the_scale_of_the_truth():
    heatmap, labels = marks("values")
    assert isinstance(heatmap, Heatmap) and isinstance(labels, Labels)
    np.testing.assert_array_equal(heatmap.values, [[-2.5, -1.0, np.nan]])
    assert (heatmap.low, heatmap.high) == (-2.5, -1.0)
    assert heatmap.note == "optimal start value −2.00"
    assert (heatmap.colormap, heatmap.label) == ("viridis", "V")
    np.testing.assert_array_equal(labels.values, heatmap.values)
    assert labels.decimals == 2


def test_values_without_an_oracle_keep_their_own_scale():
    heatmap, _ = marks("values", replace(scene(), oracle=None))
    assert (heatmap.low, heatmap.high, heatmap.note) == (-2.5, -1.0, "")


def test_a_constant_field_gets_a_scale_around_it():
    flat = snapshot(np.full((3, 4), -2.0))
    heatmap, _ = marks("values", replace(scene(flat), oracle=None))
    assert (heatmap.low, heatmap.high) == (-3.0, -1.0)
    zero, _ = marks("values", replace(scene(snapshot(np.zeros((3, 4)))), oracle=None))
    assert (zero.low, zero.high) == (-0.5, 0.5)


def test_the_scale_passes_over_what_is_not_finite():
    q = Q.copy()
    q[0] = np.inf
    heatmap, _ = marks("values", replace(scene(snapshot(q)), oracle=None))
    assert (heatmap.low, heatmap.high) == (-1.5, -0.5)


@pytest.mark.parametrize("overlay", sorted(overlays.registry()))
def test_an_agent_that_has_done_nothing_has_nothing_to_show(overlay):
    fresh = snapshot(np.zeros((3, 4)), steps=np.array([0]), visits=np.zeros((3, 4), np.int64))
    shown = overlays.find(overlay).marks(scene(fresh))
    assert bool(shown) == overlay.startswith("optimal_")


@pytest.mark.parametrize("overlay", sorted(overlays.registry()))
def test_a_world_without_a_solution_is_no_trouble(overlay):
    overlays.find(overlay).marks(replace(scene(), oracle=None))


def test_policy_arrows_are_as_long_as_likely():
    q = np.array([[0.0, 1.0, 0.0, 1.0], [0.0, 0.0, 2.0, 0.0], np.zeros(4)])
    (arrows,) = marks("policy", scene(snapshot(q)))
    assert isinstance(arrows, Arrows)
    np.testing.assert_array_equal(arrows.columns, [0, 0, 1])
    np.testing.assert_array_equal(arrows.towards, [[0, 1], [0, -1], [1, 0]])
    np.testing.assert_array_equal(arrows.lengths, [0.5, 0.5, 1.0])


def test_policy_over_seeds_shows_how_many_go_which_way():
    probs = np.array([[0.25, 0.75, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], np.full(4, 0.25)])
    (arrows,) = marks("policy", scene(snapshot(policy=probs)))
    np.testing.assert_array_equal(arrows.lengths, [0.25, 0.75, 1.0])
    np.testing.assert_array_equal(arrows.towards, [[-1, 0], [0, 1], [0, 1]])


def test_policy_with_diagonals_and_stay():
    world = CORRIDOR.with_rules(moves=8, stay=True)
    q = np.zeros((3, 9))
    q[0, 5], q[1, 8] = 1.0, 1.0
    (arrows,) = marks("policy", scene(snapshot(q, world), world))
    np.testing.assert_array_equal(arrows.towards, [[1, 1], [0, 0]])


def test_q_values_lie_on_the_sides_that_they_lead_to():
    (triangles,) = marks("q_values")
    assert isinstance(triangles, Triangles)
    np.testing.assert_array_equal(triangles.values[0, :2], Q[:2])
    assert np.isnan(triangles.values[0, 2]).all()
    assert (triangles.low, triangles.high, triangles.note) == (-3.0, -1.0, "")


def test_q_values_of_a_corridor_world_with_two_moves():
    world = CORRIDOR.with_rules(moves=2)
    q = np.array([[-3.0, -2.0], [-3.0, -1.0], [0.0, 0.0]])  # left, right
    (triangles,) = marks("q_values", scene(snapshot(q, world), world))
    np.testing.assert_array_equal(triangles.values[0, 0], [np.nan, -2.0, np.nan, -3.0])


def test_one_dreadful_move_does_not_take_up_the_whole_scale():
    q = Q.copy()
    q[1, 2] = -100.0
    # the others: -3 -3 -3 -3 -2.5 -2 -1, quartiles -3 and -2.375: the fence stands at -4.875
    (triangles,) = marks("q_values", scene(snapshot(q)))
    assert (triangles.low, triangles.high) == (-3.0, -1.0)
    assert triangles.note == "lowest −100.0"


def test_visits_are_summed_over_actions_on_a_logarithmic_scale():
    visits = np.array([[1, 90, 0, 9], [0, 7, 0, 0], np.zeros(4)], np.int64)
    heatmap, labels = marks("visits", scene(snapshot(visits=visits)))
    np.testing.assert_array_equal(heatmap.values, [[100, 7, np.nan]])
    assert (heatmap.low, heatmap.high, heatmap.logarithmic, heatmap.colormap) == (0, 100, True, "cividis")
    assert labels.decimals == 0


def test_error_is_signed_and_its_scale_is_as_wide_as_the_truth():
    heatmap, _ = marks("error_to_optimal")
    np.testing.assert_allclose(heatmap.values, [[-0.5, 0.0, np.nan]])
    assert (heatmap.low, heatmap.high, heatmap.colormap) == (-2.0, 2.0, "diverging")
    assert heatmap.note == "mean |V − V*| 0.25"


def test_optimal_values_and_policy_are_the_oracles():
    heatmap, _ = marks("optimal_values")
    np.testing.assert_allclose(heatmap.values, [[-2.0, -1.0, np.nan]])
    (arrows,) = marks("optimal_policy")
    np.testing.assert_array_equal(arrows.towards, [[0, 1], [0, 1]])
    np.testing.assert_array_equal(arrows.lengths, [1.0, 1.0])


def test_mistakes_are_where_the_greedy_action_costs_something():
    assert marks("disagreement") == ()  # right is best in both cells
    q = Q.copy()
    q[1, 3] = 5.0
    (badges,) = marks("disagreement", scene(snapshot(q)))
    assert badges == Badges((Badge(0.5, 1.5, "disagrees"),))


def test_trail_ends_in_the_agent_and_knows_its_jumps():
    world = world_from_rows(("S...G",), "Longer", RULES)
    shot = snapshot(np.zeros((5, 4)), world, trail=np.array([0, 1, 3, -1, 0]), state=1)
    path, agent = marks("trail", scene(shot, world))
    assert isinstance(path, Paths)
    np.testing.assert_array_equal(path.points[:, 1], [0.5, 1.5, 3.5, 0.5, 1.5])
    np.testing.assert_array_equal(path.jumps, [True, False, True, True, False])
    assert agent == Badges((Badge(0.5, 1.5, "agent"),))


def test_the_agent_stands_where_its_last_episode_ended():
    ended = replace(UPDATE, state=1, next_state=2, terminated=True)
    assert marks("trail", scene(snapshot(update=ended))) == (Badges((Badge(0.5, 2.5, "agent"),)),)


def test_the_last_update_lights_up_its_two_cells():
    assert marks("update", scene(snapshot(update=UPDATE))) == (
        Badges((Badge(0.5, 0.5, "updated"), Badge(0.5, 1.5, "updated"))),
    )
    bump = replace(UPDATE, next_state=0)
    assert marks("update", scene(snapshot(update=bump))) == (Badges((Badge(0.5, 0.5, "updated"),)),)


def test_what_is_carried_chooses_the_layer():
    world = world_from_rows(("SkDG",), "Key", RULES)
    v = np.arange(8.0)  # state = 2 * cell + carried
    shot = snapshot(np.repeat(v[:, None], 4, axis=1), world)
    without, _ = marks("values", replace(scene(shot, world), oracle=None))
    # without the key nobody stands on the key's cell or in the door, with it nobody has ended
    np.testing.assert_array_equal(without.values, [[0, np.nan, np.nan, np.nan]])
    holding, _ = marks("values", replace(scene(shot, world, carried=1), oracle=None))
    np.testing.assert_array_equal(holding.values, [[1, 3, 5, np.nan]])


def test_nobody_stands_on_a_cliff_or_in_a_wall():
    world = world_from_rows(("SC#.G", "....."), "Cliff", RULES)
    heatmap, _ = marks("optimal_values", scene(snapshot(np.zeros((10, 4)), world), world))
    np.testing.assert_array_equal(np.isnan(heatmap.values), [[0, 1, 1, 0, 1], [0, 0, 0, 0, 0]])


def test_colours_exclude_each_other_and_so_do_arrows():
    groups: dict[str, set[str]] = {}
    for name, overlay in overlays.registry().items():
        groups.setdefault(overlay.exclusive, set()).add(name)
        assert overlay.id == name and overlay.title and overlay.tip.endswith(".")
    assert groups["colour"] > {"values", "q_values", "visits", "error_to_optimal", "optimal_values"}
    assert groups["arrows"] >= {"policy", "optimal_policy"}
    orders = [overlay.order for overlay in overlays.registry().values()]
    assert orders == sorted(set(orders))


def test_an_unknown_overlay_is_answered_with_those_there_are():
    with pytest.raises(SandboxError, match=r"there is no overlay 'heat'; there are values, policy"):
        overlays.find("heat")


def test_a_hundred_by_hundred_cells_take_milliseconds():
    """Marks are made for every frame; loops over cells would show here as tenths of a second."""
    world = World.blank(100, 100).painted([(0, 0)], "start").painted([(99, 99)], "goal")
    rng = np.random.default_rng(5)
    shot = snapshot(rng.normal(size=(10_000, 4)), world, trail=np.arange(64), state=64)
    big = Scene(world=world, snapshot=shot, live=compile_world(world).live)
    shown = [overlays.find(name) for name in ("values", "policy", "q_values", "trail")]
    best = np.inf
    for _ in range(3):
        began = time.perf_counter()
        for overlay in shown:
            overlay.marks(big)
        best = min(best, time.perf_counter() - began)
    assert best < 0.05
