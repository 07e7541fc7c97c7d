"""The rules of moving, by hand-worked cases; actions are up 0, right 1, down 2, left 3."""

from __future__ import annotations

import numpy as np
import pytest

from rlsandbox.worlds.errors import SandboxError
from rlsandbox.worlds.mdp import MAX_MODEL_BYTES, TabularMDP, compile_world, model_bytes
from rlsandbox.worlds.rules import Cell, Rules
from rlsandbox.worlds.text_maps import world_from_rows
from rlsandbox.worlds.world import World

UP, RIGHT, DOWN, LEFT = range(4)


def drawn(*rows: str, **rules) -> World:
    return world_from_rows(rows, rules=Rules(**rules))


def outcomes(world: World, cell: Cell, action: int, carried: int = 0) -> dict[tuple[Cell, float], float]:
    """(cell, reward) -> probability of one move."""
    model = compile_world(world)
    s = world.state_of(cell, carried)
    found: dict[tuple[Cell, float], float] = {}
    for k in np.flatnonzero(model.prob[s, action]):
        key = (world.cell_of(int(model.next_state[s, action, k])), float(model.reward[s, action, k]))
        assert key not in found, "equal outcomes are merged"
        found[key] = float(model.prob[s, action, k])
    return found


def lands(world: World, cell: Cell, action: int, carried: int = 0) -> Cell:
    ((landed, _),) = outcomes(world, cell, action, carried)
    return landed


def test_moves_lead_where_their_names_say():
    world = drawn("...", "...", "...", moves=8, stay=True)
    for number, action in enumerate(world.actions):
        assert lands(world, (1, 1), number) == (1 + action.rows, 1 + action.columns)
    assert [a.name for a in world.actions][:4] == ["up", "right", "down", "left"]
    assert world.actions[-1].name == "stay"
    assert [a.name for a in drawn("..", moves=2).actions] == ["left", "right"]
    assert lands(drawn("...", moves=2), (0, 1), 0) == (0, 0)


def test_slipping_sideways_takes_half_to_each_side():
    world = drawn("...", "...", "...", slip=0.2)
    assert outcomes(world, (1, 1), RIGHT) == pytest.approx(
        {((1, 2), 0.0): 0.8, ((0, 1), 0.0): 0.1, ((2, 1), 0.0): 0.1}
    )
    # in a corner the slip upwards bumps and stays
    assert outcomes(world, (0, 0), RIGHT) == pytest.approx(
        {((0, 1), 0.0): 0.8, ((0, 0), 0.0): 0.1, ((1, 0), 0.0): 0.1}
    )


def test_slipping_at_random_takes_any_move_the_meant_one_among_them():
    world = drawn("...", "...", "...", slip=0.4, slip_kind="random")
    assert outcomes(world, (1, 1), UP) == pytest.approx(
        {((0, 1), 0.0): 0.7, ((1, 2), 0.0): 0.1, ((2, 1), 0.0): 0.1, ((1, 0), 0.0): 0.1}
    )
    stays = drawn("...", "...", "...", slip=0.5, slip_kind="random", stay=True)
    assert outcomes(stays, (1, 1), 4) == {((1, 1), 0.0): 1.0}, "who stays does not slip"
    assert outcomes(stays, (1, 1), UP)[(1, 1), 0.0] == pytest.approx(0.1)


def test_a_diagonal_slips_by_a_quarter_turn():
    world = drawn("...", "...", "...", slip=0.5, moves=8)
    up_right = 4
    assert outcomes(world, (1, 1), up_right) == pytest.approx(
        {((0, 2), 0.0): 0.5, ((0, 0), 0.0): 0.25, ((2, 2), 0.0): 0.25}
    )


def test_a_cells_own_slip_comes_before_its_tiles_and_the_worlds():
    world = drawn(".~.", slip=0.25).with_cell((0, 2), slip=0.0)
    assert outcomes(world, (0, 0), UP) == pytest.approx({((0, 0), 0.0): 0.875, ((0, 1), 0.0): 0.125})
    assert outcomes(world, (0, 1), UP)[(0, 0), 0.0] == pytest.approx(1 / 3)
    assert outcomes(world, (0, 2), UP) == {((0, 2), 0.0): 1.0}
    assert outcomes(world.with_cell((0, 1), slip=0.5), (0, 1), UP)[(0, 0), 0.0] == pytest.approx(0.25)


def test_bumping_costs_extra_and_standing_still_on_purpose_does_not():
    world = drawn(".#", step_reward=-1.0, bump_reward=-0.5, stay=True)
    assert outcomes(world, (0, 0), RIGHT) == {((0, 0), -1.5): 1.0}
    assert outcomes(world, (0, 0), UP) == {((0, 0), -1.5): 1.0}
    assert outcomes(world, (0, 0), 4) == {((0, 0), -1.0): 1.0}


def test_mud_costs_one_more_each_step_into_it():
    world = drawn(".m.", step_reward=-0.5)
    assert outcomes(world, (0, 0), RIGHT) == {((0, 1), -1.5): 1.0}
    assert outcomes(world, (0, 1), RIGHT) == {((0, 2), -0.5): 1.0}
    assert outcomes(world, (0, 1), UP) == {((0, 1), -1.5): 1.0}


def test_goals_and_pits_end_and_absorb():
    world = drawn("P.G", step_reward=-0.1)
    model = compile_world(world)
    assert outcomes(world, (0, 1), RIGHT) == {((0, 2), 1.0): 1.0}
    assert outcomes(world, (0, 1), LEFT) == {((0, 0), -1.0): 1.0}
    assert model.terminal[1, [RIGHT, LEFT], 0].all()
    assert not model.terminal[1, [UP, DOWN], 0].any()
    assert model.live.tolist() == [False, True, False]
    for s in (0, 2):
        assert (model.next_state[s] == s).all()
        assert (model.reward[s] == 0).all()
        assert model.terminal[s].all()


def test_a_reward_cell_pays_every_visit_with_its_own_mean_and_spread():
    world = drawn(".R.", step_reward=-1.0).with_cell((0, 1), reward=2.5, reward_sd=0.75)
    model = compile_world(world)
    assert outcomes(world, (0, 0), RIGHT) == {((0, 1), 2.5): 1.0}
    assert outcomes(world, (0, 1), UP) == {((0, 1), 2.5): 1.0}
    assert model.reward_sd[0, RIGHT, 0] == 0.75
    assert model.reward_sd[1, RIGHT, 0] == 0
    assert not model.terminal.any()
    assert outcomes(drawn(".R"), (0, 0), RIGHT) == {((0, 1), 0.5): 1.0}


def test_a_cliff_sends_back_to_the_starts_by_their_weights():
    world = drawn("S.S", ".C.", step_reward=-1.0).with_cell((0, 2), weight=3.0)
    model = compile_world(world)
    assert model.start.tolist() == [0.25, 0, 0.75, 0, 0, 0]
    assert outcomes(world, (0, 1), DOWN) == pytest.approx({((0, 0), -100.0): 0.25, ((0, 2), -100.0): 0.75})
    assert not model.terminal.any()
    slippery = world.with_rules(slip=0.5)
    assert outcomes(slippery, (0, 1), DOWN) == pytest.approx(
        {
            ((0, 0), -100.0): 0.125,
            ((0, 2), -100.0): 0.375,
            ((0, 0), -1.0): 0.25,
            ((0, 2), -1.0): 0.25,
        }
    )


def windy(*rows: str, wind: tuple[int, int], at: Cell, **rules) -> World:
    return drawn(*rows, **rules).with_cell(at, wind=wind)


def test_wind_pushes_the_move_that_begins_in_it():
    world = windy("...", "...", "...", "...", wind=(-2, 0), at=(3, 1))
    assert lands(world, (3, 1), RIGHT) == (1, 2)
    assert lands(world, (3, 1), UP) == (0, 1)
    assert lands(world, (3, 1), DOWN) == (2, 1)
    assert lands(world, (3, 0), RIGHT) == (3, 1), "what counts is where the move begins"


def test_wind_stops_at_walls_and_the_edge():
    at_top = windy("...", "...", wind=(-2, 0), at=(1, 1))
    assert lands(at_top, (1, 1), RIGHT) == (0, 2)
    assert lands(at_top, (1, 1), DOWN) == (0, 1)
    walled = windy("..#", "...", wind=(-1, 0), at=(1, 1))
    assert lands(walled, (1, 1), RIGHT) == (1, 2)
    assert lands(windy("#", ".", wind=(-1, 0), at=(1, 0)), (1, 0), DOWN) == (1, 0)


def test_a_move_against_as_strong_a_wind_stands_still_and_does_not_bump():
    world = windy("...", "...", "...", wind=(0, -1), at=(1, 1), bump_reward=-9.0)
    assert outcomes(world, (1, 1), RIGHT) == {((1, 1), 0.0): 1.0}
    assert outcomes(world, (1, 1), LEFT) == {((1, 0), 0.0): 1.0}


def test_random_wind_blows_one_weaker_as_drawn_or_one_stronger():
    world = windy(".....", wind=(0, 2), at=(0, 0), wind_random=True)
    assert outcomes(world, (0, 0), RIGHT) == pytest.approx(
        {((0, 2), 0.0): 1 / 3, ((0, 3), 0.0): 1 / 3, ((0, 4), 0.0): 1 / 3}
    )
    weak = windy("....", wind=(0, 1), at=(0, 0), wind_random=True)
    assert set(outcomes(weak, (0, 0), RIGHT)) == {((0, 1), 0.0), ((0, 2), 0.0), ((0, 3), 0.0)}
    assert set(outcomes(weak, (0, 1), RIGHT)) == {((0, 2), 0.0)}, "no wind, nothing random"


def test_teleporters_lead_both_ways_or_one():
    pair = drawn("T...T", ".....").linked((0, 0), (0, 4), both_ways=True)
    assert lands(pair, (0, 1), LEFT) == (0, 4)
    assert lands(pair, (0, 3), RIGHT) == (0, 0)
    assert lands(pair, (0, 0), UP) == (0, 0), "only who comes is moved on"
    one = pair.unlinked((0, 4))
    assert lands(one, (0, 1), LEFT) == (0, 4)
    assert lands(one, (0, 3), RIGHT) == (0, 4)
    assert lands(drawn("T."), (0, 1), LEFT) == (0, 0), "without a link it is floor"


def test_a_teleporter_pays_what_lies_at_its_end_unless_it_has_a_reward_itself():
    world = drawn("T..G", step_reward=-1.0).linked((0, 0), (0, 3))
    assert outcomes(world, (0, 1), LEFT) == {((0, 3), 1.0): 1.0}
    assert compile_world(world).terminal[1, LEFT, 0]
    assert outcomes(world.with_cell((0, 0), reward=7.0), (0, 1), LEFT) == {((0, 3), 7.0): 1.0}


def test_a_teleporter_whose_end_is_shut_is_floor():
    world = drawn("T.#D").linked((0, 0), (0, 2))
    assert lands(world, (0, 1), LEFT) == (0, 0)
    behind_a_door = world.linked((0, 0), (0, 3))
    assert lands(behind_a_door, (0, 1), LEFT) == (0, 0)
    assert lands(behind_a_door, (0, 1), LEFT, carried=1) == (0, 3)


def test_a_one_way_floor_lets_nobody_through_against_its_arrow():
    world = drawn("...", ".>.", "...")
    assert lands(world, (1, 0), RIGHT) == (1, 1)
    assert lands(world, (1, 2), LEFT) == (1, 2), "not in against the arrow"
    assert lands(world, (1, 1), LEFT) == (1, 1), "nor out"
    assert lands(world, (1, 1), RIGHT) == (1, 2)
    assert lands(world, (1, 1), UP) == (0, 1), "across it is free"
    assert lands(world, (2, 1), UP) == (1, 1)
    for glyph, way in zip("^>v<", range(4), strict=True):
        alone = drawn("...", f".{glyph}.", "...")
        against = (way + 2) % 4
        assert lands(alone, (1, 1), against) == (1, 1)
        assert lands(alone, (1, 1), way) != (1, 1)


def test_a_key_opens_the_door_and_stays_in_the_state():
    world = drawn("k.D.")
    assert world.inventory == 2
    assert world.n_states == 8
    model = compile_world(world)
    takes = model.next_state[world.state_of((0, 1)), LEFT, 0]
    assert takes == world.state_of((0, 0), 1)
    assert lands(world, (0, 1), RIGHT) == (0, 1), "the door is shut"
    assert lands(world, (0, 1), RIGHT, carried=1) == (0, 2)
    after = model.next_state[world.state_of((0, 2), 1), RIGHT, 0]
    assert after == world.state_of((0, 3), 1)


def test_who_starts_on_a_key_has_it():
    world = drawn("k", start="uniform")
    assert compile_world(world).start.tolist() == [0.0, 1.0]


def test_a_diagonal_does_not_squeeze_between_two_walls():
    up_right = 4
    assert lands(drawn("#.", ".#", moves=8), (1, 0), up_right) == (1, 0)
    assert lands(drawn("..", ".#", moves=8), (1, 0), up_right) == (0, 1)
    assert lands(drawn("#.", "..", moves=8), (1, 0), up_right) == (0, 1)


def test_starts_are_drawn_or_anywhere_free():
    world = drawn("S.#", "GCD")
    assert compile_world(world).start_states.tolist() == [0]
    anywhere = compile_world(world.with_rules(start="uniform"))
    assert anywhere.start_states.tolist() == [0, 2], "two states a cell, because of the door"
    assert anywhere.start_cumulative.tolist() == [0.5, 1.0]
    none = compile_world(drawn(".#", "G."))
    assert none.start_states.tolist() == [0, 3]
    only_a_goal = compile_world(drawn("G"))
    assert only_a_goal.start.tolist() == [1.0]
    with pytest.raises(SandboxError, match="every cell is a wall"):
        compile_world(drawn("##"))


def test_a_world_of_one_cell_compiles():
    model = compile_world(World.blank(1, 1))
    assert model.prob.shape == (1, 4, 1)
    assert (model.next_state == 0).all()
    assert not model.terminal.any()


def test_the_arrays_are_what_they_say():
    world = drawn("S.~G", "....", slip=0.3, step_limit=50)
    model = compile_world(world)
    assert model.step_limit == 50
    np.testing.assert_allclose(model.prob.sum(axis=2), 1.0, atol=1e-15)
    assert ((model.prob[:, :, 1:] > 0) <= (model.prob[:, :, :-1] > 0)).all(), "unused outcomes come last"
    assert model.nbytes == 8 * 4 * 3 * 29
    assert model.nbytes <= model_bytes(world)
    with pytest.raises(ValueError, match="read-only"):
        model.prob[0, 0, 0] = 1
    assert model.expected_reward[world.state_of((1, 3)), UP] == pytest.approx(0.7)
    assert model.reachable.all()
    assert compile_world(drawn("S#.")).reachable.tolist() == [True, False, False]


def test_a_model_over_the_cap_is_refused_with_a_way_out():
    cliffs = World.blank(100, 100).painted([(5, 5)], "cliff")
    assert model_bytes(cliffs) == 10_000 * 4 * 9_999 * 29 > MAX_MODEL_BYTES
    with pytest.raises(
        SandboxError, match=r"512 MB allowed: draw a few starts .* or remove the cliff"
    ) as caught:
        compile_world(cliffs)
    assert caught.value.place == "world of 10,000 states"
    assert isinstance(compile_world(cliffs.painted([(0, 0)], "start")), TabularMDP)
    largest = World.blank(128, 128, rules=Rules(moves=8, stay=True, slip=0.1))
    assert model_bytes(largest) == 128 * 128 * 9 * 3 * 29 < MAX_MODEL_BYTES
    gusts = largest.with_rules(wind_random=True, slip_kind="random").painted([(0, 0)], "wind")
    assert model_bytes(gusts.painted([(1, 1)], "key")) == 2 * 128 * 128 * 9 * 27 * 29 < MAX_MODEL_BYTES
