from __future__ import annotations

import math
import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from rlsandbox.worlds.errors import SandboxError
from rlsandbox.worlds.gallery import GALLERY
from rlsandbox.worlds.picture import draw, draw_point
from rlsandbox.worlds.point import Physics, point_misfit
from rlsandbox.worlds.point_env import PointEnv, PointVectorEnv
from rlsandbox.worlds.registration import register
from rlsandbox.worlds.rules import Rules
from rlsandbox.worlds.text_maps import world_from_rows
from rlsandbox.worlds.world import World

register()
FITTING = [name for name, entry in GALLERY.items() if point_misfit(entry.make()) is None]
SHORT = world_from_rows(("S.G", "~CP"), rules=Rules(step_reward=-0.1, slip=0.3, step_limit=12)).with_cell(
    (1, 0), reward_sd=0.5
)
"""Episodes end here in every way within a few steps, with luck in all that can be lucky."""


def test_most_of_the_gallery_has_a_continuous_form():
    assert {"cliff_walking", "windy", "frozen_lake_8x8", "grid_4x4"} <= set(FITTING)
    assert not {"key_door", "taxi"} & set(FITTING)


@pytest.mark.parametrize("name", FITTING)
def test_every_fitting_gallery_world_passes_gymnasiums_checker(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(gymnasium.make("rlsandbox/Point-v0", world=name, disable_env_checker=True).unwrapped)


def test_the_environment_passes_both_checkers_without_a_warning():
    checker = pytest.importorskip("stable_baselines3.common.env_checker")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        env = gymnasium.make("rlsandbox/Point-v0", world="cliff_walking", render_mode="rgb_array")
        check_env(env.unwrapped)
        checker.check_env(env.unwrapped, warn=True)


def test_a_second_of_thrust_in_the_environment():
    """Velocity 4 (1 - exp(-2)) = 3.459 cells/s of at most 8; the second component rests."""
    env = PointEnv(World.blank(1, 40))
    env.reset(seed=0)
    env.state[:] = (1, 0.5, 0, 0)
    for _ in range(10):
        seen, reward, terminated, truncated, _ = env.step(np.array([1, 0], np.float32))
    assert seen[2:] == pytest.approx([4 * (1 - math.exp(-2)) / 8, 0])  # pyright: ignore[reportPossiblyUnboundVariable]
    assert (reward, terminated, truncated) == (0.0, False, False)  # pyright: ignore[reportPossiblyUnboundVariable]


def test_a_seed_makes_one_course():
    def course(env, seed):
        seen = [env.reset(seed=seed)[0]]
        for k in range(60):
            observation, _, terminated, truncated, _ = env.step(np.array([math.cos(k), math.sin(k)]))
            seen.append(env.reset()[0] if terminated or truncated else observation)
        return np.array(seen)

    used = PointEnv(SHORT)
    course(used, 5)
    assert (course(used, 3) == course(PointEnv(SHORT), 3)).all()
    assert (course(used, 3) != course(used, 4)).any()


def test_the_time_limit_truncates():
    env = PointEnv(World.blank(2, 2, rules=Rules(step_limit=3)))
    env.reset(seed=0)
    rest = np.zeros(2, np.float32)
    assert [env.step(rest)[2:4] for _ in range(3)] == [(False, False), (False, False), (False, True)]
    env.reset()
    assert env.step(rest)[3] is False


def test_make_vec_gives_the_compiled_batch():
    env = gymnasium.make_vec("rlsandbox/Point-v0", num_envs=5, world="windy")
    assert isinstance(env.unwrapped, PointVectorEnv)
    assert env.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP
    seen, infos = env.reset(seed=0)
    assert infos == {}
    assert env.observation_space.contains(seen)
    seen, *_ = env.step(env.action_space.sample())
    assert env.observation_space.contains(seen)


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
def test_the_batch_equals_single_environments_bit_by_bit(mode):
    quick = Physics(thrust=24.0)
    ours = PointVectorEnv(SHORT, num_envs=4, autoreset_mode=mode, physics=quick)
    theirs = SyncVectorEnv([lambda: PointEnv(SHORT, physics=quick)] * 4, autoreset_mode=mode)
    rng = np.random.default_rng(0)
    np.testing.assert_array_equal(ours.reset(seed=7)[0], theirs.reset(seed=7)[0])
    ended = np.zeros(2, np.int64)
    for _ in range(200):
        forces = rng.uniform(-1, 1, (4, 2)).astype(np.float32)
        mine, other = ours.step(forces), theirs.step(forces)
        for a, b in zip(mine[:4], other[:4], strict=True):
            np.testing.assert_array_equal(a, b)
        ended += (mine[2].sum(), mine[3].sum())
        assert ("final_obs" in mine[4]) == ("final_obs" in other[4])
        if "final_obs" in mine[4]:
            np.testing.assert_array_equal(mine[4]["_final_obs"], other[4]["_final_obs"])
            for a, b in zip(mine[4]["final_obs"], other[4]["final_obs"], strict=True):
                np.testing.assert_array_equal(a, b)
    assert (ended > 5).all()


def test_gymnasiums_wrappers_fit_around_the_batch():
    world = world_from_rows(("SG",), rules=Rules(step_reward=-0.25))
    env = gymnasium.wrappers.vector.RecordEpisodeStatistics(
        PointVectorEnv(world, num_envs=3, physics=Physics(thrust=80.0))
    )
    env.reset(seed=0)
    *_, infos = env.step(np.ones((3, 2), np.float32))  # 0.36 cells to the right
    for _ in range(4):
        if "episode" in infos and infos["_episode"].all():
            break
        *_, infos = env.step(np.ones((3, 2), np.float32))
    length = infos["episode"]["l"]
    np.testing.assert_allclose(infos["episode"]["r"], 1 - 0.25 * (length - 1))


def test_the_agent_is_drawn_between_cells():
    world = World.blank(2, 3)
    bare = draw(world, cell_px=40)
    middles = []
    for x in (1.0, 1.01, 1.5):
        changed = (draw_point(world, x, 1.0, cell_px=40) != bare).any(axis=-1)
        middles.append([float(np.mean(at)) + 0.5 for at in np.nonzero(changed)])
    assert middles[0] == pytest.approx([40, 40], abs=0.3)
    assert middles[2] == pytest.approx([40, 60], abs=0.3)
    first, hundredth = (draw_point(world, x, 1.0, cell_px=40) for x in (1.0, 1.01))
    assert (first != hundredth).any(), "smaller than a pixel and still seen"
    red, green, blue = draw_point(world, 1.5, 1.0, cell_px=40)[42, 58].tolist()
    assert red > 220 > 160 > green > blue
    for corner in ((0.0, 0.0), (2.999, 1.999), (0.0, 1.999)):
        assert (draw_point(world, *corner, cell_px=40) != bare).any()


def test_rendering():
    env = gymnasium.make("rlsandbox/Point-v0", world="grid_4x4", render_mode="rgb_array")
    env.reset(seed=0)
    first = env.render()
    env.step(np.ones(2, np.float32))
    second = env.render()
    assert isinstance(first, np.ndarray)
    assert (first.shape, first.dtype) == ((192, 192, 3), np.uint8)
    assert (first != second).any()
    assert env.metadata["render_fps"] == 10
    batch = PointVectorEnv("grid_4x4", num_envs=2, render_mode="rgb_array")
    batch.reset(seed=0)
    pictures = batch.render()
    assert pictures is not None
    assert (pictures[0] == first).all(), "copy 0 has the seed itself"
    assert (pictures[1] != first).any()
    assert PointVectorEnv("grid_4x4").render() is None
    assert PointEnv("grid_4x4").render() is None


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: PointEnv("no_such_world"), "no_such_world"),
        (lambda: PointEnv(render_mode="human"), "render_mode"),
        (lambda: PointEnv("key_door"), "carries nothing"),
        (lambda: PointEnv().step([0, 0]), "reset the environment"),
        (lambda: PointVectorEnv(num_envs=0), "at least 1"),
        (lambda: PointVectorEnv(autoreset_mode="Disabled"), "resets itself"),
        (lambda: stepped(PointEnv(), [0, math.nan]), "two numbers"),
        (lambda: stepped(PointEnv(), [0, 0, 0]), "two numbers"),
        (lambda: stepped(PointVectorEnv(num_envs=2), [0, 0]), "two numbers"),
    ],
)
def test_a_wrong_argument_gives_a_sentence(make, sentence):
    with pytest.raises(SandboxError, match=sentence):
        make()


def stepped(env, action):
    env.reset(seed=0)
    return env.step(action)
