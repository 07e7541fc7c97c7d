"""Overlays of what agents offer besides values, on a corridor S . G: all numbers by hand."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from rlsandbox import overlays
from rlsandbox.learning.agent import Line, Part, Update
from rlsandbox.marks import Badge, Badges, Edges, Heatmap, Labels, Mark, Remark, Triangles
from rlsandbox.overlays import Scene
from rlsandbox.worlds.gallery import gallery
from rlsandbox.worlds.mdp import compile_world
from tests.overlays.test_overlays import scene, snapshot

TABLE = np.arange(12.0).reshape(3, 4)
FIELDS = {
    "traces": "traces",
    "bonus": "bonus",
    "known": "model_knowledge",
    "uncertainty": "uncertainty",
}


def painted(overlay: str, a_scene: Scene) -> Any:
    return overlays.find(overlay).marks(a_scene)


def marks(overlay: str, **changes: Any) -> Any:
    return painted(overlay, scene(snapshot(**changes)))


@pytest.mark.parametrize(("field", "overlay"), FIELDS.items())
def test_a_field_is_shown_where_the_agent_offers_it(field, overlay):
    assert overlays.find(overlay).field == field and field in overlays.find(overlay).needs
    assert marks(overlay) == ()
    (triangles,) = marks(overlay, fields={field: TABLE})
    assert isinstance(triangles, Triangles) and triangles.low == 0.0
    wanted = np.where(TABLE[:2] > 0, TABLE[:2], np.nan) if field == "traces" else TABLE[:2]
    np.testing.assert_array_equal(triangles.values[0, :2], wanted)
    assert np.isnan(triangles.values[0, 2]).all()  # nobody acts at the goal


def test_traces_of_states_are_a_heatmap():
    heatmap, labels = marks("traces", fields={"traces": np.array([0.5, 0.25, 0.0])})
    assert isinstance(heatmap, Heatmap) and isinstance(labels, Labels)
    np.testing.assert_array_equal(heatmap.values, [[0.5, 0.25, np.nan]])
    assert (heatmap.low, heatmap.high) == (0.0, 1.0)


def test_knowledge_says_how_much_has_been_seen():
    seen = np.array([[1.0, 0.0, 2.0, 0.0], [1.0, 1.0, 1.0, 1.0], [0.0, 0.0, 0.0, 0.0]])
    (triangles,) = marks("model_knowledge", fields={"known": seen})
    assert triangles.note == "75% of all moves seen"


def test_an_advantage_is_nothing_for_the_best_move():
    (triangles,) = marks("advantage")
    np.testing.assert_array_equal(triangles.values[0, 0], [-0.5, 0.0, -0.5, -0.5])
    np.testing.assert_array_equal(triangles.values[0, 1], [-1.0, 0.0, -1.0, -2.0])
    assert triangles.high == 0.0


def test_the_expected_error_is_that_of_the_models_next_step():
    heatmap, _ = marks("td_error", gamma=1.0)
    # In the start: -1 + V(middle) - V = -1 - 1 + 2.5; in the middle: -1 + 0 + 1.
    np.testing.assert_allclose(heatmap.values, [[0.5, 0.0, np.nan]])
    assert heatmap.note == "mean |δ| 0.25" and heatmap.low == -heatmap.high == -2.5
    assert marks("td_error") == ()  # a saved policy has no discount


def test_the_order_of_backups_is_numbered():
    heatmap, labels = marks("backup_order", fields={"backups": np.array([1, 0, 1])})
    np.testing.assert_array_equal(heatmap.values, [[2.0, 3.0, np.nan]])
    np.testing.assert_array_equal(labels.values, heatmap.values)
    assert heatmap.note == "3 backups"
    assert marks("backup_order", fields={"backups": np.empty(0, np.int64)}) == ()


def test_entropy_is_that_of_the_behaviour():
    probs = np.array([[0.5, 0.5, 0.0, 0.0], [0.25, 0.25, 0.25, 0.25], [1.0, 0.0, 0.0, 0.0]])
    heatmap, _ = marks("entropy", fields={"behaviour": probs})
    np.testing.assert_allclose(heatmap.values, [[math.log(2), math.log(4), np.nan]])
    assert (heatmap.low, heatmap.high) == (0.0, math.log(4))
    certain, _ = marks("entropy")  # the greedy policy
    np.testing.assert_array_equal(certain.values, [[0.0, 0.0, np.nan]])


def test_occupancy_shows_shares():
    heatmap, _ = marks("occupancy", fields={"occupancy": np.array([0.6, 0.4, 0.0])})
    np.testing.assert_array_equal(heatmap.values, [[0.6, 0.4, np.nan]])
    assert heatmap.high == 0.6


def test_a_policy_that_may_never_end_has_a_sentence_for_its_occupancy():
    (remark,) = marks("occupancy", fields={"occupancy": np.empty(0)})
    assert remark == Remark("This policy may never end: undiscounted, it has no finite occupancy.")
    assert marks("occupancy") == ()  # nobody has worked it out yet


def test_a_search_tree_is_lines_between_cells():
    # From, to, visits, depth; the same move twice, once deeper, and one that stays where it is.
    tree = np.array([[0, 1, 6, 1], [1, 2, 2, 2], [0, 1, 2, 3], [0, 0, 5, 1]], np.float64)
    (edges,) = marks("search_tree", fields={"tree": tree})
    assert isinstance(edges, Edges)
    np.testing.assert_array_equal(edges.points, [[0.5, 0.5, 0.5, 1.5], [0.5, 1.5, 0.5, 2.5]])
    np.testing.assert_array_equal(edges.widths, [1.0, 0.25])


def test_every_cell_that_an_update_touched_is_framed():
    parts, lines = (Part("-1"), Part("2", "next", 1)), (Line(2, (Part("3", "old", 2),)),)
    update = Update(0, 1, -1.0, 1, None, False, False, False, 0, 0, 0, 0, 1, 1, parts, 1, lines=lines)
    assert update.touched == (1, 2)
    (badges,) = marks("update", update=update)
    kinds = {(badge.column, badge.kind) for badge in badges.badges}
    assert kinds == {(0.5, "updated"), (1.5, "updated"), (2.5, "touched")}
    assert isinstance(badges, Badges) and isinstance(badges.badges[0], Badge)


def test_a_bandits_values_stand_at_its_arms():
    world = gallery()["ten_armed_testbed"].make()
    mdp = compile_world(world)
    q = np.zeros((mdp.n_states, mdp.n_actions))
    q[mdp.start_states[0]] = np.arange(10.0)
    shot = snapshot(q, world)
    heatmap, _ = painted("q_values", Scene.of(world, mdp, shot))
    assert heatmap.values.ravel()[world.arms].tolist() == list(range(10))
    assert np.isnan(heatmap.values).sum() == heatmap.values.size - 10
    (shares,) = painted("policy", Scene.of(world, mdp, shot))
    row, column = np.unravel_index(world.arms[9], world.terrain.shape)
    assert shares == Badges((Badge(row + 0.5, column + 0.5, "100%"),))
    even = replace(shot, policy=np.full(q.shape, 0.1))
    assert painted("policy", Scene.of(world, mdp, even)) == ()
    pulls = np.zeros(q.shape, np.int64)
    pulls[mdp.start_states[0], 3] = 7
    heatmap, _ = painted("visits", Scene.of(world, mdp, replace(shot, visits=pulls)))
    assert heatmap.values.ravel()[world.arms].tolist() == [0, 0, 0, 7, 0, 0, 0, 0, 0, 0]
    assert (heatmap.high, heatmap.logarithmic) == (7.0, True)


def test_every_overlay_answers_a_snapshot_without_fields():
    for overlay in overlays.registry().values():
        assert all(isinstance(mark, Mark) for mark in overlay.marks(scene()))
