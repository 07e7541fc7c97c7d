from __future__ import annotations

import time

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.wrappers import FrameStackObservation

from rlsandbox.worlds.channels import CHANNELS, channels_of
from rlsandbox.worlds.errors import SandboxError
from rlsandbox.worlds.gallery import gallery_world
from rlsandbox.worlds.grid_env import GridEnv, GridVectorEnv
from rlsandbox.worlds.observations import OBSERVATIONS, observation, observe
from rlsandbox.worlds.picture import draw
from rlsandbox.worlds.registration import register
from rlsandbox.worlds.rules import Change, Rules
from rlsandbox.worlds.text_maps import world_from_rows
from rlsandbox.worlds.tiles import TILES, Layer
from rlsandbox.worlds.world import World

register()
WORLD = world_from_rows(("..k", "D.G"))  # 12 states: 6 cells, with and without the key
EVERY = np.arange(WORLD.n_states)


def test_one_hot_has_its_one_at_the_state():
    assert (observe(WORLD, EVERY, "one_hot") == np.eye(12)).all()


def test_xy_is_column_row_and_what_is_carried():
    states = [WORLD.state_of((0, 0)), WORLD.state_of((1, 1), 1), WORLD.state_of((1, 2))]
    assert observe(WORLD, states, "xy").tolist() == [[-1, -1, 0], [0, 1, 1], [1, 1, 0]]
    corridor = world_from_rows(("S..",))
    assert observe(corridor, [0, 1, 2], "xy").tolist() == [[-1, 0], [0, 0], [1, 0]]


def test_planes_show_the_agent_the_tiles_and_what_is_carried():
    names = channels_of(WORLD)
    assert names == ("wall", "goal", "pit", "key_0", "door_0")
    seen = observe(WORLD, [WORLD.state_of((1, 1), carried) for carried in (0, 1)], "planes")
    assert seen.shape == (2, 7, 2, 3)
    agent, _, goal, pit, key, door, has = seen[0]
    assert agent.tolist() == [[0, 0, 0], [0, 1, 0]]
    assert goal.tolist() == [[0, 0, 0], [0, 0, 1]]
    assert key.tolist() == [[0, 0, 1], [0, 0, 0]]
    assert door.tolist() == [[0, 0, 0], [1, 0, 0]]
    assert not pit.any()
    assert not has.any()
    assert not seen[1, 4:6].any(), "the key is taken and the door is open"
    assert (seen[1, 6] == 1).all()


def test_only_the_coin_that_was_taken_is_gone():
    world = world_from_rows(("$.$",))
    seen = observe(world, [world.state_of((0, 1), carried) for carried in range(4)], "planes")
    coins = seen[:, 1 + channels_of(world).index("coin"), 0]
    assert coins.tolist() == [[1, 0, 1], [0, 0, 1], [1, 0, 0], [0, 0, 0]]
    assert seen[:, -2:, 0, 0].tolist() == [[0, 0], [1, 0], [0, 1], [1, 1]]


def test_every_tile_with_a_rule_has_a_plane():
    """Arms are goals; floor and a start are where nothing else is."""
    blank = channels_of(World.blank(2, 2))
    for tile in TILES:
        if tile.id in ("floor", "start"):
            continue
        world = World.blank(2, 2).painted([(0, 1)], tile.id, (0, 1))
        shown = [
            name for name in channels_of(world) if name not in blank or CHANNELS[name].layer(world).any()
        ]
        assert shown, tile.id
        for name in shown:
            assert np.flatnonzero(CHANNELS[name].layer(world)).tolist() == [1], (tile.id, name)
            assert abs(CHANNELS[name].layer(world)).max() <= 1
    assert {tile.layer for tile in TILES} == set(Layer)


def test_planes_of_wind_arrows_and_own_rewards():
    world = world_from_rows((".^>.",)).with_cell((0, 0), reward=-2.0, slip=0.25)
    world = world.painted([(0, 3)], "wind", (-3, 9))
    seen = dict(zip(channels_of(world), observe(world, [0], "planes")[0, 1:, 0].tolist(), strict=True))
    assert seen["penalty"] == [1, 0, 0, 0]
    assert seen["slip"] == [0.25, 0, 0, 0]
    assert seen["arrow_rows"] == [0, -1, 0, 0]
    assert seen["arrow_columns"] == [0, 0, 1, 0]
    assert seen["wind_rows"] == pytest.approx([0, 0, 0, -1 / 3])
    assert seen["wind_columns"] == [0, 0, 0, 1]


def test_a_window_is_cut_around_the_agent_with_walls_outside():
    seen = observe(WORLD, [WORLD.state_of((0, 2)), WORLD.state_of((1, 1), 1)], "window", side=3, flat=False)
    assert seen.shape == (2, 6, 3, 3)
    wall, goal, _, key, _, has = seen[0]
    assert wall.tolist() == [[1, 1, 1], [0, 0, 1], [0, 0, 1]]
    assert goal.tolist() == [[0, 0, 0], [0, 0, 0], [0, 1, 0]]
    assert key.tolist() == [[0, 0, 0], [0, 1, 0], [0, 0, 0]]
    assert not has.any()
    assert seen[1, 0].tolist() == [[0, 0, 0], [0, 0, 0], [1, 1, 1]]
    assert not seen[1, 3:5].any()
    assert (seen[1, 5] == 1).all()
    assert (observe(WORLD, EVERY, "window") == observe(WORLD, EVERY, "window", side=5).reshape(12, 150)).all()


def test_a_window_does_not_tell_where_it_is():
    """Two places of an open world that look alike are one observation: the state is seen in part alone."""
    world = World.blank(9, 9)
    middle = [world.state_of(cell) for cell in ((3, 3), (4, 5))]
    first, second = observe(world, middle, "window")
    assert (first == second).all()


def test_pixels_are_the_picture_with_the_agent():
    states = [WORLD.state_of((0, 0)), WORLD.state_of((1, 1), 1)]
    seen = observe(WORLD, states, "pixels", cell_px=10)
    assert (seen.shape, seen.dtype) == ((2, 3, 20, 30), np.float32)
    picture = draw(WORLD, [(0, 0)], cell_px=10)
    np.testing.assert_allclose(seen[0].transpose(1, 2, 0), picture / 255, atol=1e-6)
    bare = world_from_rows(("...", "..G"))
    np.testing.assert_allclose(seen[1].transpose(1, 2, 0), draw(bare, [(1, 1)], cell_px=10) / 255, atol=1e-6)
    red, _, blue = seen[1, :, 15, 15]
    assert red > 0.8 > 0.5 > blue, "the agent is orange"


@pytest.mark.parametrize("name", ["window", "planes", "pixels"])
def test_an_edit_is_seen(name):
    states = np.arange(9)
    world = World.blank(3, 3)
    walled = world.painted([(1, 1)], "wall")
    before, after = (observe(w, states, name) for w in (world, walled))
    assert before.shape == after.shape
    assert (before != after).reshape(9, -1).any(axis=1).all()


def test_named_channels_keep_the_shape_through_any_edit():
    world = World.blank(3, 3)
    names = tuple(CHANNELS)
    muddy = world.painted([(0, 0)], "mud")
    assert observe(muddy, [0], "planes").shape == (1, 5, 3, 3)
    assert observe(world, [0], "planes").shape == (1, 4, 3, 3)
    for drawn in (world, muddy):
        assert observe(drawn, [0], "planes", channels=names).shape == (1, 1 + len(names), 3, 3)


@pytest.mark.parametrize("world", [WORLD, gallery_world("taxi"), gallery_world("windy")], ids=str)
@pytest.mark.parametrize("name", OBSERVATIONS)
def test_every_observation_takes_any_shape_of_states_and_keeps_its_bounds(name, world):
    kind = observation(name)
    tail = kind.shape(world, **kind.options) if kind.shape else ()
    some = np.arange(6, dtype=np.int32).reshape(2, 3) * (world.n_states // 6)
    for states in (some[0, 0], some[0], some):
        seen = observe(world, states, name)
        assert seen.shape == states.shape + tail
        assert seen.dtype == (np.int64 if name == "state" else np.float32)
        assert name == "state" or (seen.min() >= kind.low and seen.max() <= 1)


@pytest.mark.parametrize("name", ["xy", "planes", "pixels"])
def test_states_that_differ_look_different(name):
    seen = observe(WORLD, EVERY, name).reshape(12, -1)
    assert len(np.unique(seen, axis=0)) == 12


@pytest.mark.parametrize(
    ("name", "options", "sentence"),
    [
        ("sonar", {}, "state, one_hot, xy"),
        ("planes", {"side": 3}, "it has channels"),
        ("xy", {"side": 3}, "it has none"),
        ("window", {"side": 4}, "odd number"),
        ("window", {"channels": ("lava",)}, "lava"),
        ("pixels", {"cell_px": 0}, "1 to 64 pixels"),
    ],
)
def test_what_cannot_be_seen_gives_a_sentence(name, options, sentence):
    with pytest.raises(SandboxError, match=sentence):
        observe(WORLD, 0, name, **options)


def test_what_is_too_large_is_refused_before_it_is_made():
    began = time.perf_counter()
    with pytest.raises(SandboxError, match=r"10,000 states would take 381 MB.*choose observation 'xy'"):
        observe(World.blank(100, 100), np.arange(10_000), "one_hot")
    assert time.perf_counter() - began < 1
    assert observe(World.blank(100, 100), np.arange(10_000), "xy").shape == (10_000, 2)


# -- in the environment ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", OBSERVATIONS)
def test_the_environment_passes_gymnasiums_checker(name):
    env = gymnasium.make("rlsandbox/Grid-v0", world="key_door", observation=name)
    check_env(env.unwrapped)


@pytest.mark.parametrize("name", OBSERVATIONS)
def test_the_environment_passes_the_checker_of_stable_baselines3(name):
    """Its warnings of pictures that are no uint8 are for its own CnnPolicy, which divides by 255."""
    checker = pytest.importorskip("stable_baselines3.common.env_checker")
    checker.check_env(GridEnv("key_door", observation=name), warn=False)


def test_the_environment_passes_options_on():
    env = gymnasium.make(
        "rlsandbox/Grid-v0", world="cliff_walking", observation="window", observation_options={"side": 3}
    )
    assert env.observation_space.shape == (4 * 9,)
    seen, _ = env.reset(seed=0)
    assert (seen == observe(env.unwrapped.world, 36, "window", side=3)).all()  # pyright: ignore[reportAttributeAccessIssue]


def test_the_environment_sees_what_its_schedule_brings():
    """Mud comes after one step, a wall after two: the planes are those of the whole course."""
    world = world_from_rows(("S...",), rules=Rules(step_limit=9))
    world = world.replace(schedule=(Change(1, ((0, 3, "mud"),)), Change(2, ((0, 3, "wall"),))))
    single = GridEnv(world, observation="planes")
    batch = GridVectorEnv(world, num_envs=2, observation="planes")
    names = ("agent", *channels_of(world))
    assert names == ("agent", "wall", "goal", "pit", "penalty")
    seen, many = [single.reset(seed=0)[0]], [batch.reset(seed=0)[0]]
    for _ in range(2):
        seen.append(single.step(3)[0])
        many.append(batch.step([3, 3])[0])
    at_end = [(bool(s[names.index("penalty"), 0, 3]), bool(s[names.index("wall"), 0, 3])) for s in seen]
    assert at_end == [(False, False), (True, False), (False, True)]
    for one, two in zip(seen, many, strict=True):
        assert single.observation_space.contains(one)
        assert batch.observation_space.contains(two)
        assert (two == one).all()


def test_frames_are_stacked_by_gymnasiums_wrapper():
    env = FrameStackObservation(GridEnv("cliff_walking", observation="window"), 4)
    first, _ = env.reset(seed=0)
    assert first.shape == (4, 100)
    assert (first == first[0]).all()
    second, *_ = env.step(0)
    assert (second[:3] == first[0]).all()
    assert (second[3] == observe(gallery_world("cliff_walking"), 24, "window")).all()  # pyright: ignore[reportArgumentType]
