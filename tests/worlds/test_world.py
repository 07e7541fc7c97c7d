from __future__ import annotations

import copy
import dataclasses
import pickle

import numpy as np
import pytest

from rlsandbox.worlds.errors import SandboxError
from rlsandbox.worlds.mdp import compile_world
from rlsandbox.worlds.rules import MAX_SIDE, Change, Link, Rules
from rlsandbox.worlds.text_maps import world_from_rows
from rlsandbox.worlds.world import World


def test_a_world_is_a_value():
    world = World.blank(2, 3, "w")
    assert world == World.blank(2, 3, "w")
    assert hash(world) == hash(World.blank(2, 3, "w"))
    assert world != world.painted([(0, 0)], "wall")
    assert world != world.replace(name="other")
    assert world.replace(name="other").digest == world.digest
    with pytest.raises(ValueError, match="read-only"):
        world.terrain[0, 0] = 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        world.name = "x"  # pyright: ignore[reportAttributeAccessIssue]
    assert repr(world) == "World('w', 2x3)"


def test_equal_numbers_make_equal_worlds_however_they_are_typed():
    one = World.blank(2, 2, rules=Rules(step_reward=-1, slip=0)).with_cell((0, 0), reward=-0.0)
    other = World.blank(2, 2, rules=Rules(step_reward=np.float64(-1.0), slip=-0.0)).with_cell(
        (0, 0), reward=0.0
    )
    assert one.digest == other.digest
    assert Link((np.int64(1), np.int64(0)), (0, 0)) == Link((1, 0), (0, 0))  # pyright: ignore[reportArgumentType]
    assert repr(Change(np.int64(3), ((np.int64(0), 1, "wall"),))) == repr(Change(3, ((0, 1, "wall"),)))  # pyright: ignore[reportArgumentType]


def test_a_copy_from_a_pickle_is_equal_and_frozen():
    world = world_from_rows(("S~G",), rules=Rules(slip=0.1), rewards={(0, 2): 4.0})
    for again in (pickle.loads(pickle.dumps(world)), copy.deepcopy(world)):
        assert again == world
        assert not again.reward.flags.writeable


def test_painting_keeps_layers_in_order():
    world = World.blank(3, 3)
    on_ice = world.painted([(1, 1)], "ice").painted([(1, 1)], "goal")
    assert on_ice.tile_at((1, 1)).id == "goal"
    assert on_ice.painted([(1, 1)], "mud").tile_at((1, 1)).id == "goal", "an object stays on other ground"
    assert on_ice.painted([(1, 1)], "wall").cells_of("goal") == [], "a wall covers it"
    on_wall = world.painted([(1, 1)], "wall").painted([(1, 1)], "goal")
    assert on_wall.cells_of("wall") == [], "an object brings floor"
    rich = on_ice.with_cell((1, 1), reward=5.0)
    assert np.isnan(rich.painted([(1, 1)], "pit").reward[1, 1]), "a new tile has its own values"
    assert rich.painted([(1, 1)], "goal").reward[1, 1] == 5.0, "the same tile keeps the cell's"
    assert world.painted([(9, 9), (-1, 0)], "wall") == world, "outside nothing happens"
    blown = world.painted([(0, 0)], "wind", (0, 2)).painted([(0, 0)], "ice")
    assert blown.wind[0, 0].tolist() == [0, 2]
    assert blown.erased([(0, 0)]) == world


def test_a_link_goes_with_its_teleporter():
    world = World.blank(1, 4).painted([(0, 0), (0, 3)], "teleporter").linked((0, 0), (0, 3), both_ways=True)
    assert world.links == (Link((0, 0), (0, 3)), Link((0, 3), (0, 0)))
    assert world.painted([(0, 3)], "floor").links == (Link((0, 0), (0, 3)),)
    assert world.linked((0, 0), (0, 1)).links == (Link((0, 3), (0, 0)), Link((0, 0), (0, 1)))


def test_resizing_keeps_the_drawing():
    world = world_from_rows(("S.#", "~TG"), rewards={(1, 2): 3.0}).linked((1, 1), (0, 1))
    world = world.replace(schedule=(Change(5, ((0, 1, "wall"), (1, 2, "pit"))),))
    larger = world.resized(4, 5)
    assert (larger.height, larger.width) == (4, 5)
    assert np.array_equal(larger.terrain[:2, :3], world.terrain)
    assert larger.reward[1, 2] == 3.0
    assert larger.tile_at((3, 4)).id == "floor"
    assert larger.resized(2, 3) == world
    smaller = world.resized(1, 2)
    assert smaller.tile_at((0, 0)).id == "start"
    assert smaller.links == ()
    assert smaller.schedule == (Change(5, ((0, 1, "wall"),)),)


def test_the_schedule_changes_the_world_step_by_step():
    changes = (Change(10, ((0, 0, "wall"),)), Change(20, ((0, 0, "floor"), (0, 1, "goal"))))
    world = World.blank(1, 2).replace(schedule=changes)
    assert world.at_step(9) == world
    assert world.at_step(10).tile_at((0, 0)).id == "wall"
    assert world.at_step(10).schedule == changes[1:]
    assert world.at_step(99).cells_of("goal") == [(0, 1)]
    assert world.at_step(99).tile_at((0, 0)).id == "floor"


def test_keys_and_doors_that_come_later_count_from_the_beginning():
    world = World.blank(2, 2)
    assert world.inventory == 1
    assert world.painted([(0, 0)], "key").inventory == 2
    assert world.painted([(0, 0)], "door").inventory == 2
    assert world.replace(schedule=(Change(5, ((0, 0, "key"),)),)).inventory == 2


def test_states_and_cells():
    world = world_from_rows(("..", "k."))
    assert world.n_states == 8
    assert world.state_of((1, 0), 1) == 5
    assert world.cell_of(5) == (1, 0)


def test_advice_says_what_is_missing():
    assert World.blank(2, 2).advice() == (
        "No start is drawn: episodes begin on any free cell.",
        "No goal or pit is drawn: nothing ends an episode.",
    )
    assert world_from_rows(("S.",), rules=Rules(step_limit=5)).advice() == (
        "No goal or pit is drawn: the step limit ends an episode.",
    )
    assert world_from_rows(("S.G",)).advice() == ()
    assert world_from_rows(("S",)).advice()[0] == "The world is a single cell: there is nowhere to go."


def test_advice_tells_goals_that_nobody_reaches():
    def told(*rows: str, **rules) -> tuple[str, ...]:
        world = world_from_rows(rows, rules=Rules(**rules))
        return world.advice(compile_world(world))

    assert told("S.G") == ()
    assert told("S#G", step_limit=9) == (
        "No goal or pit can be reached from a start: the step limit ends an episode.",
    )
    assert told("S.DG") == ("No goal or pit can be reached from a start: nothing ends an episode.",)
    assert told("kSDG") == ()
    assert told("GS#G") == ("The goal at row 0, column 3 cannot be reached from a start.",)
    assert told("GS#P") == (), "a pit that nobody falls into is no fault"
    assert told("aS", moves=0) == ()


def test_painting_takes_any_number_of_cells_anywhere():
    world = World.blank(3, 4)
    assert world.painted([], "wall") == world
    assert world.painted(np.empty((0, 2), int), "wall") == world  # pyright: ignore[reportArgumentType]
    assert world.painted([(0, 0), (0, 0), (10**12, -5)], "wall").cells_of("wall") == [(0, 0)]
    full = world.with_cell((1, 1), reward=3.0).painted(((r, c) for r in range(3) for c in range(4)), "mud")
    assert len(full.cells_of("mud")) == 12
    assert np.isnan(full.reward).all()
    half = full.painted([(0, 0), (0, 1)], "goal").with_cell((0, 0), weight=2.0).painted([(0, 0)], "wall")
    assert (half.cells_of("goal"), half.cells_of("wall"), half.weight[0, 0]) == ([(0, 1)], [(0, 0)], 1.0)
    assert World.blank(1, 2).painted([(0, 0)], "arm").reward_sd.tolist() == [[1.0, 0.0]]
    assert World.blank(1, 2).painted([(0, 0)], "arm").painted([(0, 0)], "goal").reward_sd.sum() == 0


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda w: w.resized(0, 3), "1 to 512"),
        (lambda w: w.resized(MAX_SIDE + 1, 3), "not 513 x 3"),
        (lambda w: w.with_cell((1, 1), reward=np.inf), r"reward, cell \(1, 1\)"),
        (lambda w: w.with_cell((1, 1), reward_sd=-1.0), "spread"),
        (lambda w: w.with_cell((1, 1), reward_sd=np.nan), "spread"),
        (lambda w: w.with_cell((0, 1), slip=1.5), "between 0 and 1"),
        (lambda w: w.with_cell((0, 1), weight=0.0), "above 0"),
        (lambda w: w.with_cell((0, 1), wind=(10, 0)), "at most 9"),
        (lambda w: w.with_cell((0, 1), wind=(1000, 0)), "at most 9"),
        (lambda w: w.painted([(0, 0)], "lava"), "there is no tile 'lava'"),
        (lambda w: w.linked((0, 0), (7, 7)), "outside"),
        (lambda w: w.replace(links=(Link((0, 0), (0, 1)),) * 2), "more than one link"),
        (lambda w: w.replace(objects=w.terrain[:1]), "objects"),
        (lambda w: w.replace(terrain=np.full((2, 2), 3)), "does not belong"),
        (lambda w: w.replace(schedule=(Change(5, ()), Change(5, ()))), "rising"),
        (lambda w: w.replace(name="a\nb"), "name"),
        (lambda w: w.with_cell((1, 1), reward=1e308), r"reward, cell \(1, 1\): the reward must be .* 1e300"),
        (
            lambda w: w.with_rules(step_reward=-1e308),
            "rules.step_reward: a reward must be a number up to 1e300",
        ),
        (lambda w: w.replace(links=(Link((0, 0), (0, 1)),) * 20_001), "at most 20,000 links"),
        (lambda w: w.replace(schedule=(Change(1, ((0, 0, "wall"),) * 20_000),)), "at most 20,000 changes"),
        (lambda w: w.with_rules(moves=5), "moves must be 0, 2, 4 or 8"),
        (lambda w: w.with_rules(slip=-0.1), "slip"),
        (lambda w: w.with_rules(slip_kind="left"), "slip_kind"),
        (lambda w: w.with_rules(step_reward=np.nan), "rules.step_reward"),
        (lambda w: w.with_rules(step_limit=0), "step_limit"),
        (lambda w: w.with_rules(start="here"), "start"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(make, sentence):
    with pytest.raises(SandboxError, match=sentence):
        make(World.blank(2, 2))
