"""Where what was learnt belongs after an edit, by hand."""

import numpy as np

from rlsandbox.algorithms import registry
from rlsandbox.learning.problem import Enumerable, Remap, misfit
from rlsandbox.worlds.text_maps import world_from_rows
from rlsandbox.worlds.world import World
from tests.helpers import corridor


def test_equal_numbers_need_no_map():
    world = World.blank(2, 3)
    assert Remap.between(world, world.painted([(0, 1)], "wall")) is None


def test_a_wider_world_shifts_the_numbers_of_its_cells():
    remap = Remap.between(World.blank(2, 2), World.blank(2, 3))
    assert remap is not None
    assert remap.states.tolist() == [0, 1, -1, 2, 3, -1]
    assert remap.actions.tolist() == [0, 1, 2, 3]
    assert [remap.state(old) for old in (-1, 0, 2, 3)] == [-1, 0, 3, 4]


def test_a_smaller_world_drops_what_lies_beyond():
    remap = Remap.between(World.blank(2, 2), World.blank(1, 2))
    assert remap is not None
    assert remap.states.tolist() == [0, 1]
    assert [remap.state(old) for old in range(4)] == [0, 1, -1, -1]


def test_a_key_doubles_the_states():
    plain, keyed = World.blank(1, 2), world_from_rows((".k",))
    remap = Remap.between(plain, keyed)
    assert remap is not None
    assert remap.states.tolist() == [0, -1, 1, -1]  # cell * 2 + carried; what is new has its key in hand
    back = Remap.between(keyed, plain)
    assert back is not None
    assert back.states.tolist() == [0, 2]
    assert [back.state(old) for old in range(4)] == [0, -1, 1, -1]


def test_things_go_by_their_names():
    near, far = corridor(5).painted([(0, 1)], "coin"), corridor(5).painted([(0, 1), (0, 3)], "coin")
    added = Remap.between(near, far)
    assert added is not None
    # Both coins: bit 0 lies in column 1, bit 1 in column 3; who carries the new one has no past.
    assert added.states[:4].tolist() == [0, 1, -1, -1]
    moved = Remap.between(near, corridor(5).painted([(0, 2)], "coin"))
    assert moved is not None
    assert moved.states[:4].tolist() == [0, -1, 2, -1]
    assert Remap.between(near, near.painted([(0, 3)], "mud")) is None


def test_actions_go_by_their_names():
    world = corridor(2)
    remap = Remap.between(world, world.with_rules(moves=2, stay=True))
    assert remap is not None
    assert remap.actions.tolist() == [3, 1, -1]  # left and right were numbers 3 and 1; stay is new
    table = remap.onto(np.full((1, 2, 3), -7.0), np.arange(8.0).reshape(1, 2, 4))
    np.testing.assert_array_equal(table, [[[3, 1, -7], [7, 5, -7]]])


def test_a_misfit_is_a_sentence_and_a_fit_is_none():
    class Flights:
        title = "flight plans"

    class Pilot:
        title, accepts = "Pilot", (Flights,)

    problem = Enumerable.of(corridor(2))
    assert misfit(Pilot, problem) == "Pilot trains on flight plans, not on drawn grid worlds."  # type: ignore[arg-type]
    assert misfit(registry()["sarsa"], problem) is None
