"""Overlays of a continuous world: a corridor of two cells and a goal, four places a cell, by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rlsandbox import overlays
from rlsandbox.learning.agent import Played, Snapshot
from rlsandbox.marks import Arrows, Badge, Badges, Heatmap, Paths
from rlsandbox.overlays import Scene
from rlsandbox.overlays.scene import fits
from rlsandbox.worlds.mdp import compile_world
from rlsandbox.worlds.simulation import Slice
from rlsandbox.worlds.world import World

WORLD = World.blank(1, 3).painted([(0, 0)], "start").painted([(0, 2)], "goal")
WAY = np.array([[-1.0, 0.0, 0.0, 0.0], [-1 / 3, 0.5, 0.0, 0.0]], np.float32)
SEEN = np.array([0.0, 0.0, 0.0, 0.0], np.float32)


def snapshot(forces: np.ndarray | None = None, steps: int = 1, columns: int = 6, rows: int = 2) -> Snapshot:
    """V counts the places; the force is the same everywhere unless it is given."""
    size, one = columns * rows, np.full(1, steps)
    pushed = np.tile([0.6, -0.8], (size, 1)) if forces is None else forces
    played = Played(Slice(0, 1, columns, rows, (0.0,) * 4), 0, SEEN, WAY, pushed)
    v = np.arange(float(size))
    return Snapshot(0, v, np.full((size, 2), np.nan), np.empty((size, 0)), one, one, played=played)


def scene(shown: Snapshot, world: World = WORLD) -> Scene:
    return Scene.of(world, compile_world(world), shown)


def test_values_are_a_surface_that_ends_at_the_goal():
    (heat,) = overlays.find("values").marks(scene(snapshot()))
    assert isinstance(heat, Heatmap) and heat.per_cell == 2
    nan = np.nan
    np.testing.assert_array_equal(heat.values, [[0, 1, 2, 3, nan, nan], [6, 7, 8, 9, nan, nan]])
    np.testing.assert_array_equal(heat.by_cell, [[3.5, 5.5, nan]])
    assert (heat.low, heat.high) == (0.0, 9.0)
    assert overlays.find("values").marks(scene(snapshot(steps=0))) == ()


def test_forces_are_a_field():
    (arrows,) = overlays.find("policy").marks(scene(snapshot()))
    assert isinstance(arrows, Arrows) and arrows.per_cell == 2
    assert arrows.rows.tolist() == [0] * 4 + [1] * 4 and arrows.columns.tolist() == [0, 1, 2, 3] * 2
    np.testing.assert_allclose(arrows.towards, np.tile([-0.8, 0.6], (8, 1)))  # rows before columns
    np.testing.assert_allclose(arrows.lengths, 1.0)


def test_neighbouring_forces_share_an_arrow():
    forces = np.zeros((6 * 18, 2))
    forces[:, 0] = np.arange(6 * 18) % 2  # six places a cell, three arrows: each is the mean of 0 and 1
    (arrows,) = overlays.find("policy").marks(scene(snapshot(forces, columns=18, rows=6)))
    assert isinstance(arrows, Arrows) and arrows.per_cell == 3 and arrows.rows.size == 2 * 9
    np.testing.assert_allclose(arrows.towards, np.tile([0.0, 0.5], (18, 1)))
    np.testing.assert_allclose(arrows.lengths, 0.5)


def test_the_way_is_a_line_with_the_point_at_its_end():
    path, agent = overlays.find("trail").marks(scene(snapshot()))
    assert isinstance(path, Paths)
    np.testing.assert_allclose(path.points, [[0.5, 0.0], [0.75, 1.0], [0.5, 1.5]], atol=1e-6)
    assert path.jumps.tolist() == [True, True, False], "more than a cell in a step was no step"
    assert agent == Badges((Badge(0.5, 1.5, "point"),))


def test_a_point_leaves_the_row_of_moves_that_go_sideways():
    flat = World.blank(2, 2).painted([(0, 0)], "start").with_rules(moves=2)
    shown = snapshot(columns=4, rows=4)
    assert scene(shown, flat).live.all()
    assert scene(shown, flat.with_rules(moves=4)).live.all()


@pytest.mark.parametrize(("width", "holds"), [(3, True), (4, False), (6, False), (2, False)])
def test_what_was_asked_before_the_world_was_resized_does_not_fit(width: int, holds: bool):
    assert fits(World.blank(1, width), snapshot()) is holds
    assert fits(World.blank(1, width), replace(snapshot(), played=None))


def test_what_is_about_cells_is_not_for_space():
    assert {key for key, overlay in overlays.registry().items() if overlay.in_space} == {
        "values",
        "policy",
        "trail",
    }
