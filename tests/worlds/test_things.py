"""Keys of four colours and coins; actions are up 0, right 1, down 2, left 3."""

from __future__ import annotations

import numpy as np
import pytest

from rlsandbox.worlds.errors import SandboxError
from rlsandbox.worlds.mdp import compile_world, recompile
from rlsandbox.worlds.rules import Change, Rules
from rlsandbox.worlds.scheduled import Stages
from rlsandbox.worlds.text_maps import world_from_rows
from rlsandbox.worlds.world import World
from tests.worlds.solving import value_of_start
from tests.worlds.test_recompile import assert_same

UP, RIGHT, DOWN, LEFT = range(4)


def drawn(*rows: str, **rules) -> World:
    return world_from_rows(rows, rules=Rules(**rules))


def moved(world: World, cell: tuple[int, int], action: int, carried: int = 0) -> tuple[int, int, int, float]:
    """(row, column, carried, reward) of a sure move."""
    model, s = compile_world(world), world.state_of(cell, carried)
    assert model.prob[s, action, 0] == 1
    after = int(model.next_state[s, action, 0])
    return (*world.cell_of(after), after % world.inventory, float(model.reward[s, action, 0]))


def test_a_world_counts_the_colours_that_are_in_it_and_no_more():
    assert drawn("S.G").inventory == 1
    assert drawn("u.U").inventory == 2, "one colour, whichever"
    assert drawn("k.B").inventory == 4, "a golden key and a blue door"
    assert drawn("kbeu").inventory == 16
    assert drawn("k.B").things.titles == ("Key", "Blue key")


def test_each_key_opens_the_doors_of_its_colour_alone():
    world = drawn("b.B", "E..", "e..")
    blue, green = 1, 2
    assert moved(world, (0, 1), LEFT) == (0, 0, blue, 0)
    assert moved(world, (0, 1), RIGHT) == (0, 1, 0, 0)
    assert moved(world, (0, 1), RIGHT, green) == (0, 1, green, 0)
    assert moved(world, (0, 1), RIGHT, blue) == (0, 2, blue, 0)
    assert moved(world, (1, 1), LEFT, blue) == (1, 1, blue, 0)
    assert moved(world, (1, 1), LEFT, blue | green) == (1, 0, blue | green, 0)
    assert moved(world, (2, 1), LEFT, blue) == (2, 0, blue | green, 0)


def test_a_coin_pays_once_an_episode():
    world = drawn("S$.G", step_reward=-0.1).with_cell((0, 1), reward=5.0, reward_sd=2.0)
    assert world.inventory == 2
    assert moved(world, (0, 0), RIGHT) == (0, 1, 1, 5.0)
    assert moved(world, (0, 0), RIGHT, 1) == (0, 1, 1, -0.1)
    assert moved(world, (0, 1), UP, 1) == (0, 1, 1, -0.1)
    spread = compile_world(world).reward_sd[:, RIGHT, 0]
    assert spread[world.state_of((0, 0), 0)] == 2.0
    assert spread[world.state_of((0, 0), 1)] == 0.0
    assert value_of_start(world) == pytest.approx(5 - 0.1 + 1)


def test_each_coin_has_a_bit_of_its_own_after_the_keys():
    world = drawn("$.k", ".S.", "$..")
    assert world.things.titles == ("Key", "Coin at row 0, column 0", "Coin at row 2, column 0")
    assert world.n_states == 9 * 8
    assert moved(world, (1, 0), DOWN) == (2, 0, 0b100, 1.0)
    assert moved(world, (1, 0), UP, 0b100) == (0, 0, 0b110, 1.0)
    assert moved(world, (1, 2), UP, 0b110) == (0, 2, 0b111, 0.0)
    assert value_of_start(world.painted([(1, 2)], "goal"), 1.0) == pytest.approx(3.0)


def test_who_begins_on_a_key_has_it_but_a_coin_must_be_entered():
    world = drawn("k$", start="uniform")
    start = compile_world(world).start
    assert np.flatnonzero(start).tolist() == [world.state_of((0, 0), 0b01), world.state_of((0, 1), 0)]


def test_a_cliff_sends_back_with_all_that_one_carries():
    world = drawn("S$", "kC")
    key, coin = 1, 2
    assert moved(world, (0, 1), DOWN, coin) == (0, 0, coin, -100.0)
    assert moved(world, (1, 0), RIGHT, key | coin) == (0, 0, key | coin, -100.0)
    on_key = drawn("k.", ".C", start="uniform")
    model = compile_world(on_key)
    s = on_key.state_of((1, 0))
    after = {int(n) for n, p in zip(model.next_state[s, RIGHT], model.prob[s, RIGHT], strict=True) if p > 0}
    assert after == {on_key.state_of((0, 0), 1), on_key.state_of((0, 1)), on_key.state_of((1, 0))}


def test_another_coin_shifts_the_bits_of_those_after_it():
    world = drawn(*["." * 12] * 11, "...........$")
    other = world.painted([(0, 0)], "coin").painted([(11, 11)], "floor")
    moved_coin = recompile(compile_world(world), world, other)
    assert_same(moved_coin, compile_world(other))
    two = world.painted([(5, 5)], "coin")
    swapped = two.painted([(5, 5)], "floor").painted([(0, 0)], "coin").painted([(11, 11)], "floor")
    swapped = swapped.painted([(8, 8)], "coin")
    assert_same(recompile(compile_world(two), two, swapped), compile_world(swapped))


def test_too_many_coins_give_a_sentence():
    world = World.blank(20, 20).painted([(r, c) for r in range(20) for c in range(20)], "coin")
    with pytest.raises(SandboxError, match="each of its 400 keys and coins doubles it, so draw fewer"):
        compile_world(world)
    cliffs = world.painted([(0, 0)], "cliff")
    with pytest.raises(SandboxError, match="399 keys and coins"):
        compile_world(cliffs)


def test_a_schedule_may_bring_a_key_but_not_a_coin():
    world = drawn("S.D.G").replace(schedule=(Change(5, ((0, 1, "key"),)),))
    assert world.inventory == 2
    assert len(Stages(world).models) == 2
    coming = drawn("S...G").replace(schedule=(Change(5, ((0, 1, "coin"),)),))
    assert coming.inventory == 2
    assert len(Stages(coming).models) == 2, "it counts from the beginning"
    going = drawn("S$..G").replace(schedule=(Change(5, ((0, 1, "floor"), (0, 2, "coin"))),))
    with pytest.raises(SandboxError, match="and coins"):
        Stages(going)
