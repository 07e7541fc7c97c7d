from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rlsandbox.worlds.gallery import gallery_world
from rlsandbox.worlds.mdp import TabularMDP, compile_world, model_bytes, recompile
from rlsandbox.worlds.rules import Rules
from rlsandbox.worlds.tiles import TILES
from rlsandbox.worlds.world import World
from tests.worlds.strategies import RULES, SEEDS, random_world


def assert_same(one: TabularMDP, other: TabularMDP) -> None:
    """Bit for bit."""
    for field in dataclasses.fields(TabularMDP):
        a, b = getattr(one, field.name), getattr(other, field.name)
        if isinstance(a, np.ndarray):
            assert (a.dtype, a.shape) == (b.dtype, b.shape), field.name
            assert a.tobytes() == b.tobytes(), field.name
            assert not a.flags.writeable
        else:
            assert a == b, field.name


def edit(world: World, rng: np.random.Generator) -> World:
    """One of the edits that a user may make."""
    r, c = int(rng.integers(world.height)), int(rng.integers(world.width))
    other = int(rng.integers(world.height)), int(rng.integers(world.width))
    wind = (int(rng.integers(-2, 3)), int(rng.integers(-2, 3)))
    edits = [
        lambda: world.painted([(r, c)], TILES[int(rng.integers(len(TILES)))].id, wind),
        lambda: world.painted([(r, c), other], "floor"),
        lambda: world.erased([(r, c)]),
        lambda: world.with_cell((r, c), reward=float(rng.normal())),
        lambda: world.with_cell((r, c), reward_sd=float(rng.random())),
        lambda: world.with_cell((r, c), slip=float(rng.random())),
        lambda: world.with_cell((r, c), weight=float(rng.random()) + 0.1),
        lambda: world.painted([(r, c)], "teleporter").linked((r, c), other),
        lambda: world.unlinked((r, c)),
        lambda: world.with_rules(step_limit=7),
        lambda: world.with_rules(start="uniform"),
        lambda: world.with_rules(slip=0.3),
        lambda: world.with_cell((r, c), potential=2.0, policy=0),
        lambda: world.painted(world.cells_of("coin"), "floor").painted([(r, c)], "coin"),
    ]
    return edits[int(rng.integers(len(edits)))]()


@given(SEEDS, st.integers(1, 12), st.integers(1, 12), RULES)
@settings(max_examples=120, deadline=None)
def test_an_edit_compiles_to_what_the_whole_world_compiles_to(seed, height, width, rules):
    world = random_world(seed, height, width, rules)
    assume(model_bytes(world) < 2**24)
    rng = np.random.default_rng(seed)
    model = compile_world(world)
    for _ in range(6):
        edited = edit(world, rng)
        if not (edited.terrain == 0).any() or model_bytes(edited) > 2**24:
            continue
        before = [getattr(model, name).tobytes() for name in ("next_state", "prob", "live")]
        again = recompile(model, world, edited)
        assert_same(again, compile_world(edited))
        assert before == [getattr(model, name).tobytes() for name in ("next_state", "prob", "live")]
        world, model = edited, again


@given(SEEDS)
@settings(max_examples=8, deadline=None)
def test_many_edits_of_a_large_world_too(seed):
    rng = np.random.default_rng(seed)
    world = random_world(seed, 24, 18, Rules(slip=0.1, wind_random=True)).painted([(0, 0)], "start")
    model = compile_world(world)
    for _ in range(5):
        edited = edit(world, rng)
        if edited.rules.start == "uniform" or model_bytes(edited) > 2**26:
            continue
        again = recompile(model, world, edited)
        assert_same(again, compile_world(edited))
        world, model = edited, again


def test_outcomes_grow_and_shrink_with_the_edits():
    world = gallery_world("open:30:0")
    assert world is not None
    model = compile_world(world)
    assert model.prob.shape[2] == 1
    icy = world.painted([(3, 3)], "ice")
    on_ice = recompile(model, world, icy)
    assert on_ice.prob.shape[2] == 3
    again = recompile(on_ice, icy, icy.painted([(3, 3)], "floor"))
    assert again.prob.shape[2] == 1
    assert_same(again, model)


def test_only_few_cells_are_compiled_again(monkeypatch):
    from rlsandbox.worlds import mdp

    compiled = []
    fill = mdp.fill_outcomes

    def counting(*arguments):
        compiled.append(len(arguments[6]))
        return fill(*arguments)

    monkeypatch.setattr(mdp, "fill_outcomes", counting)
    world = gallery_world("maze:41:0")
    assert world is not None
    model = compile_world(world)
    recompile(model, world, world.painted([(20, 20)], "goal"))
    assert compiled == [41 * 41, 9]


@pytest.mark.parametrize(
    "other",
    [World.blank(6, 5), World.blank(5, 5).with_rules(moves=8), World.blank(5, 5).painted([(0, 0)], "key")],
)
def test_what_changes_the_states_is_compiled_whole(other):
    world = World.blank(5, 5)
    assert_same(recompile(compile_world(world), world, other), compile_world(other))
