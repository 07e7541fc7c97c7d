"""Worlds that are tables of transitions."""

from __future__ import annotations

import copy
import json
import pickle

import gymnasium
import numpy as np
import pytest
from gymnasium.envs.toy_text.cliffwalking import CliffWalkingEnv
from gymnasium.envs.toy_text.frozen_lake import FrozenLakeEnv
from gymnasium.envs.toy_text.taxi import TaxiEnv
from hypothesis import given, settings
from hypothesis import strategies as st

import rlsandbox  # noqa: F401  registers the environments
from rlsandbox.worlds.errors import SandboxError
from rlsandbox.worlds.files import (
    SUFFIX,
    TABLE_SUFFIX,
    dumps,
    import_world,
    load_world,
    loads,
    open_world,
    save_world,
    suffix,
)
from rlsandbox.worlds.gallery import gallery_world
from rlsandbox.worlds.mdp import compile_world, recompile
from rlsandbox.worlds.observations import observe
from rlsandbox.worlds.toy_text import from_gymnasium_p
from rlsandbox.worlds.world import World
from tests.worlds.solving import optimal_values, value_of_start
from tests.worlds.test_recompile import assert_same

# Two states and an end: "go" leads from 0 to 1 half the time and from 1 to the end for 10; "up" costs 1.
SMALL = {
    "format": "rlsandbox-mdp",
    "version": 1,
    "name": "Small",
    "shape": [2, 2],
    "actions": ["go", "up"],
    "transitions": [
        [0, 0, 1, 0.5, 0.0, False],
        [0, 0, 0, 0.5, 0.0, False],
        [0, 1, 0, 1.0, -1.0, False],
        [1, 0, 2, 1.0, 10.0, True],
        [1, 1, 1, 1.0, -1.0, False],
    ],
    "start": [[0, 1.0]],
}


def small(**changes) -> World:
    return loads(json.dumps(SMALL | changes))


def test_a_table_becomes_the_model_that_it_is():
    world = small(step_limit=50, gamma=0.9)
    model = compile_world(world)
    assert model.prob.shape == (4, 2, 2)
    assert model.next_state[0, 0].tolist() == [1, 0]
    assert model.prob[0, 0].tolist() == [0.5, 0.5]
    assert model.prob[1, 0].tolist() == [1.0, 0.0]
    assert (model.reward[1, 0, 0], model.terminal[1, 0, 0]) == (10.0, True)
    assert model.live.tolist() == [True, True, False, False]
    assert model.terminal[2].all(axis=0).tolist() == [True, False]
    assert model.start.tolist() == [1, 0, 0, 0]
    assert (model.step_limit, model.drift) == (50, 0)
    assert model.reachable.tolist() == [True, True, True, False]
    # v(1) = 10; v(0) = 0.5 * 0.9 * 10 + 0.5 * 0.9 * v(0) = 4.5 / 0.55
    assert optimal_values(model, 0.9)[:2] == pytest.approx([4.5 / 0.55, 10.0])
    assert world.advice() == ()


def test_the_layout_is_floor_with_walls_where_no_state_is():
    world = small()
    assert [world.tile_at(cell).id for cell in ((0, 0), (0, 1), (1, 0), (1, 1))] == ["floor"] * 3 + ["wall"]
    assert [(a.name, a.rows, a.columns) for a in world.actions] == [("go", 0, 0), ("up", -1, 0)]
    without = {name: value for name, value in SMALL.items() if name != "shape"}
    assert loads(json.dumps(without)).terrain.shape == (1, 3)


def test_equal_outcomes_are_merged_and_rounded_sums_mended():
    third = 1 / 3 - 1e-11
    rows = [[0, 0, 1, third, 1.0, True], [0, 0, 1, third, 1.0, True], [0, 0, 0, third, 1.0, False]]
    model = compile_world(small(actions=["go"], transitions=rows))
    assert model.next_state[0, 0].tolist() == [1, 0]
    assert model.prob[0, 0].tolist() == pytest.approx([2 / 3, 1 / 3], abs=1e-15)
    assert model.prob[0, 0].sum() == pytest.approx(1, abs=1e-16)


def test_a_table_comes_back_from_its_file_byte_for_byte(tmp_path):
    for world in (small(step_limit=9), gallery_world("taxi"), gallery_world("gambler")):
        assert world is not None
        text = dumps(world)
        assert loads(text) == world
        assert dumps(loads(text)) == text
        path = tmp_path / f"w{suffix(world)}"
        save_world(world, path)
        assert path.name == f"w{TABLE_SUFFIX}"
        assert load_world(path) == import_world(path) == open_world(str(path)) == world
        for again in (pickle.loads(pickle.dumps(world)), copy.deepcopy(world)):
            assert again == world
    assert suffix(World.blank(1, 1)) == SUFFIX


def test_equality_sees_every_part():
    others = [
        small(gamma=0.5),
        small(description="x"),
        small(step_limit=3),
        small(actions=["go", "down"]),
        small(start=[[1, 1.0]]),
        small(shape=[1, 4]),
        small(inventory=2, shape=[1, 2]),
    ]
    assert len({world.digest for world in (small(), *others)}) == len(others) + 1
    assert small(name="other").digest == small().digest


@pytest.mark.parametrize(
    "edit",
    [
        lambda w: w.painted([(0, 0)], "wall"),
        lambda w: w.painted([(0, 0)], "goal"),
        lambda w: w.painted([(0, 0)], "wind"),
        lambda w: w.erased([(1, 1)]),
        lambda w: w.with_cell((0, 0), reward=1.0),
        lambda w: w.with_cell((0, 0), weight=2.0),
        lambda w: w.linked((0, 0), (0, 1)),
        lambda w: w.with_rules(slip=0.5),
        lambda w: w.with_rules(moves=8),
        lambda w: w.resized(3, 3),
    ],
)
def test_painting_on_a_table_is_refused_in_a_sentence(edit):
    with pytest.raises(SandboxError, match="what happens in this world stands in its table"):
        edit(small())


def test_notes_and_a_step_limit_can_be_put_on_a_table():
    world = small().with_cell((0, 1), potential=2.0, policy=1).with_rules(step_limit=7)
    assert loads(dumps(world)) == world
    assert '{"cell": [0, 1], "potential": 2.0, "policy": 1}' in dumps(world)
    assert_same(recompile(compile_world(small()), small(), world), compile_world(world))
    assert_same(
        recompile(compile_world(small()), small(), World.blank(2, 2)), compile_world(World.blank(2, 2))
    )


def changed(row: int, column: int, value: object) -> dict[str, object]:
    rows = copy.deepcopy(SMALL["transitions"])
    rows[row][column] = value
    return {"transitions": rows}


WRONG = {
    "sum": (changed(0, 3, 0.4), "state 0: the probabilities of action 'go' sum to 0.9, not to 1"),
    "probability of 0": (changed(0, 3, 0.0), "transitions[0]: a probability is above 0"),
    "negative": (changed(0, 3, -0.5), "transitions[0]: a probability is above 0"),
    "state outside": (changed(2, 0, 4), "transitions[2]: state must be from 0 to 3"),
    "next state outside": (changed(2, 2, 4), "transitions[2]: next_state must be from 0 to 3"),
    "action outside": (changed(2, 1, 2), "transitions[2]: action must be from 0 to 1"),
    "state far outside": (changed(2, 0, 10**30), "transitions[2][0]"),
    "half a state": (changed(2, 0, 0.5), "transitions[2][0]: write a whole number"),
    "huge reward": (changed(2, 4, 1e308), "transitions[2]: the reward must be a number up to 1e300"),
    "infinite reward": (changed(2, 4, float("inf")), "Infinity is no number"),
    "NaN": (changed(2, 4, float("nan")), "NaN is no number"),
    "number for a truth": (changed(2, 5, 0), "transitions[2][5]: write true or false"),
    "dead end": (changed(3, 5, False), "transitions[3]: this leads to a state without transitions"),
    "lacking action": ({"transitions": SMALL["transitions"][:4]}, "state 1: action 'up' leads nowhere"),
    "no transitions": ({"transitions": []}, "transitions: list at least one"),
    "no start": ({"start": []}, "start: list at least one"),
    "start outside": ({"start": [[9, 1.0]]}, "start[0]: a start must be from 0 to 3"),
    "start in an end": ({"start": [[0, 0.5], [2, 0.5]]}, "start[1]: an episode begins in an end"),
    "start twice": ({"start": [[0, 0.5], [0, 0.5]]}, "start: a start stands twice"),
    "starts sum": ({"start": [[0, 0.5]]}, "start: the probabilities sum to 0.5, not to 1"),
    "no actions": ({"actions": []}, "actions: there are from 1 to 1,000 actions"),
    "same actions": ({"actions": ["go", "go"]}, "actions: two actions have the same name"),
    "name of an action": ({"actions": ["go", "\n"]}, "actions[1]: an action's name"),
    "shape": ({"shape": [0, 4]}, "shape[0]"),
    "large shape": ({"shape": [1, 513]}, "shape[1]"),
    "inventory": ({"inventory": 0}, "inventory"),
    "gamma": ({"gamma": 1.5}, "gamma: gamma lies from 0 to 1"),
    "step limit": ({"step_limit": 0}, "rules.step_limit"),
    "drawing": ({"cells": [{"cell": [0, 0], "reward": 1.0}]}, "stands in its table"),
    "policy": ({"cells": [{"cell": [0, 0], "policy": 2}]}, "one of the 2 actions"),
    "unknown field": ({"extra": 1}, "extra"),
    "version": ({"version": 2}, "known is 1"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_table_gives_one_sentence_and_a_place(case):
    changes, words = WRONG[case]
    with pytest.raises(SandboxError) as caught:
        small(**changes)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_model_over_the_cap_is_refused():
    rows = [[0, a, 1, 1.0, 0.0, True] for a in range(1000)]
    world = small(shape=[512, 512], actions=[str(a) for a in range(1000)], transitions=rows)
    with pytest.raises(SandboxError, match="give the table fewer states or actions"):
        compile_world(world)


TEXT = dumps(small())


@given(
    st.integers(0, len(TEXT) - 1),
    st.integers(0, len(TEXT) - 1),
    st.text(max_size=4) | st.sampled_from(["1e999", "-0.0", "null", "true", "1" * 5000, "[[[", "0.1", "99"]),
)
@settings(max_examples=300, deadline=None)
def test_a_damaged_table_gives_a_world_or_a_sentence(begin, end, patch):
    try:
        world = loads(TEXT[:begin] + patch + TEXT[max(begin, end) :])
    except SandboxError as error:
        assert "\n" not in str(error)
    else:
        assert loads(dumps(world)) == world


@pytest.mark.parametrize(
    ("make", "shape", "inventory", "actions"),
    [
        (FrozenLakeEnv, (4, 4), 1, ("left", "down", "right", "up")),
        (CliffWalkingEnv, (4, 12), 1, ("up", "right", "down", "left")),
        (TaxiEnv, (5, 5), 20, ("down", "up", "right", "left", "pick up", "drop off")),
    ],
)
def test_gymnasiums_tables_become_worlds(make, shape, inventory, actions):
    env = make()
    table, start = env.P, env.initial_state_distrib
    world = from_gymnasium_p(table, start, actions, shape=shape, inventory=inventory)
    model = compile_world(world)
    np.testing.assert_allclose(model.start, start, atol=1e-15)
    for s in np.flatnonzero(model.reachable & model.live):
        for a in range(len(actions)):
            expected: dict[tuple[int, float, bool], float] = {}
            for p, n, reward, done in table[int(s)][a]:
                key = (int(n), float(reward), bool(done))
                expected[key] = expected.get(key, 0.0) + p
            columns = (model.next_state, model.reward, model.terminal)
            found = {
                tuple(column[s, a, k].item() for column in columns): p
                for k, p in enumerate(model.prob[s, a])
                if p > 0
            }
            assert found == pytest.approx(expected, abs=1e-15), (s, a)


def test_a_frozen_lake_from_its_table_is_worth_what_the_drawn_one_is():
    env = FrozenLakeEnv()
    world = from_gymnasium_p(env.P, env.initial_state_distrib, ("left", "down", "right", "up"))
    drawn = gallery_world("frozen_lake_4x4")
    assert drawn is not None
    assert value_of_start(world, 0.99) == pytest.approx(value_of_start(drawn, 0.99), abs=1e-12)


def test_the_taxi_is_gymnasiums():
    """404 of its 500 states are met; the best policy earns 7.93 on average, as is well known."""
    world = gallery_world("taxi")
    assert world is not None
    assert (world.height, world.width, world.inventory, world.n_states) == (5, 5, 20, 500)
    assert world.rules.step_limit == 200
    assert compile_world(world).reachable.sum() == 404
    assert value_of_start(world) == pytest.approx(7.93)
    seen = observe(world, [0, 499], "xy")
    assert seen.shape == (2, 22)
    assert seen[0].tolist() == [-1, -1, 1, *[0] * 19]
    assert seen[1].tolist() == [1, 1, *[0] * 19, 1]
    env = gymnasium.make("rlsandbox/Grid-v0", world=world, render_mode="rgb_array")
    env.reset(seed=0)
    assert env.step(0)[1] == -1
    assert env.render().std() > 0  # pyright: ignore[reportAttributeAccessIssue, reportOptionalMemberAccess]


def test_the_gambler_wins_as_in_the_book():
    """Bold play is optimal: v(50) = 0.4, v(25) = 0.4 v(50), v(75) = 0.4 + 0.6 v(50) (example 4.3)."""
    world = gallery_world("gambler")
    assert world is not None
    model = compile_world(world)
    v = optimal_values(model)
    assert v[[25, 50, 75]] == pytest.approx([0.16, 0.4, 0.64])
    assert world.cell_of(37) == (3, 7)
    assert model.next_state[30, 50].tolist() == [60, 0], "a stake above the capital counts as all of it"
    assert model.next_state[70, 50].tolist() == [100, 40], "nobody stakes more than is needed"
    assert model.next_state[30, 0].tolist()[0] == 30
