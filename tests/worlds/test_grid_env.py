from __future__ import annotations

import subprocess
import sys
import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode
from stable_baselines3.common.env_checker import check_env as sb3_check_env

from rlsandbox.worlds.errors import SandboxError
from rlsandbox.worlds.gallery import GALLERY
from rlsandbox.worlds.grid_env import GridEnv, GridVectorEnv
from rlsandbox.worlds.mdp import compile_world
from rlsandbox.worlds.registration import register
from rlsandbox.worlds.rules import Change, Rules
from rlsandbox.worlds.text_maps import world_from_rows
from rlsandbox.worlds.world import World

register()
UP, RIGHT, DOWN, LEFT = range(4)


@pytest.mark.parametrize("name", GALLERY)
def test_every_gallery_world_passes_gymnasiums_checker(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(gymnasium.make("rlsandbox/Grid-v0", world=name, disable_env_checker=True).unwrapped)


@pytest.mark.parametrize("seen_as", ["state", "one_hot", "xy"])
def test_the_environment_passes_both_checkers_without_a_warning(seen_as):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        env = gymnasium.make(
            "rlsandbox/Grid-v0", world="key_door", observation=seen_as, render_mode="rgb_array"
        )
        check_env(env.unwrapped)
        sb3_check_env(env.unwrapped, warn=True)
        sb3_check_env(gymnasium.make("rlsandbox/Grid-v0", observation=seen_as), warn=True)


def test_the_registry_adds_no_second_step_limit():
    env = gymnasium.make("rlsandbox/Grid-v0", world="frozen_lake_4x4")
    assert env.spec is not None
    assert env.spec.max_episode_steps is None
    register()  # once more does no harm


def test_the_edge_of_the_cliff_takes_thirteen_steps():
    env = GridEnv("cliff_walking")
    state, info = env.reset(seed=0)
    assert (state, info) == (36, {})
    paid, terminated = 0.0, False
    for action in [UP, *[RIGHT] * 11, DOWN]:
        state, reward, terminated, truncated, info = env.step(action)
        paid += reward
        assert not truncated
    assert (state, paid, terminated, info) == (47, -13.0, True, {"prob": 1.0})
    env.reset()
    state, reward, terminated, _, _ = env.step(RIGHT)
    assert (state, reward, terminated) == (36, -100.0, False)


def test_a_seed_makes_one_course():
    def course(seed):
        env = GridEnv("frozen_lake_8x8")
        seen = [env.reset(seed=seed)[0]]
        for k in range(60):
            state, _, terminated, truncated, _ = env.step(k % 4)
            seen.append(env.reset()[0] if terminated or truncated else state)
        return seen

    assert course(3) == course(3)
    assert course(3) != course(4)


def test_the_step_limit_truncates():
    world = world_from_rows(("S....",), rules=Rules(step_limit=3))
    env = GridEnv(world)
    env.reset(seed=0)
    assert [env.step(RIGHT)[2:4] for _ in range(3)] == [(False, False), (False, False), (False, True)]
    env.reset()
    assert env.step(RIGHT)[3] is False


def test_outcomes_come_as_often_as_the_model_says():
    world = world_from_rows(("...", ".S.", "..."), rules=Rules(slip=0.4)).with_cell(
        (0, 1), reward=2.0, reward_sd=0.5
    )
    env = GridEnv(world)
    env.reset(seed=1)
    counts, paid = np.zeros(9), []
    for _ in range(4000):
        env.reset()
        state, reward, *_ = env.step(UP)
        counts[state] += 1
        if state == 1:
            paid.append(reward)
    np.testing.assert_allclose(counts[[1, 3, 5]] / 4000, [0.6, 0.2, 0.2], atol=0.03)
    assert np.mean(paid) == pytest.approx(2.0, abs=0.04)
    assert np.std(paid) == pytest.approx(0.5, abs=0.04)


def changing() -> World:
    """A corridor in which a wall appears on the agent's second cell after two steps."""
    world = world_from_rows(("S....",))
    return world.replace(schedule=(Change(2, ((0, 2, "wall"),)),))


def test_scheduled_changes_come_and_truncate_who_stands_there():
    env = GridEnv(changing())
    env.reset(seed=0)
    assert env.step(RIGHT)[2:4] == (False, False)
    state, _, terminated, truncated, _ = env.step(RIGHT)
    assert (state, terminated, truncated) == (2, False, True)
    env.reset()
    assert [env.step(RIGHT)[0] for _ in range(3)] == [1, 1, 1], "the wall stays over episodes"
    env.reset(seed=0)
    assert [env.step(RIGHT)[0] for _ in range(2)] == [1, 2], "a seed begins anew"


def test_a_batch_takes_scheduled_changes_too():
    env = GridVectorEnv(changing(), num_envs=3, autoreset_mode="SameStep")
    env.reset(seed=0)
    env.step(np.array([RIGHT, RIGHT, LEFT]))
    states, _, terminated, truncated, infos = env.step(np.array([RIGHT, LEFT, LEFT]))
    assert states.tolist() == [0, 0, 0]
    assert truncated.tolist() == [True, False, False]
    assert not terminated.any()
    assert infos["final_obs"][0] == 2
    assert infos["_final_obs"].tolist() == [True, False, False]
    assert env.step(np.array([RIGHT] * 3))[0].tolist() == [1, 1, 1]
    assert env.step(np.array([RIGHT] * 3))[0].tolist() == [1, 1, 1]


def test_make_vec_gives_the_compiled_batch():
    env = gymnasium.make_vec(
        "rlsandbox/Grid-v0", num_envs=5, vectorization_mode="vector_entry_point", world="windy"
    )
    assert isinstance(env.unwrapped, GridVectorEnv)
    assert env.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP
    states, infos = env.reset(seed=0)
    assert states.tolist() == [30] * 5
    assert infos == {}
    assert env.observation_space.contains(states)
    assert env.action_space.contains(env.action_space.sample())
    default = gymnasium.make_vec("rlsandbox/Grid-v0", num_envs=2, world="windy")
    assert isinstance(default.unwrapped, GridVectorEnv)


def test_next_step_autoreset_is_gymnasiums():
    """The same deterministic course in our batch and in a SyncVectorEnv of single environments."""
    world = world_from_rows(("S.G",), rules=Rules(step_reward=-1.0, step_limit=4))
    ours = GridVectorEnv(world, num_envs=3)
    theirs = gymnasium.vector.SyncVectorEnv([lambda: GridEnv(world)] * 3)
    assert theirs.metadata["autoreset_mode"] is ours.metadata["autoreset_mode"]
    rng = np.random.default_rng(0)
    np.testing.assert_array_equal(ours.reset(seed=0)[0], theirs.reset(seed=0)[0])
    ended = 0
    for _ in range(60):
        actions = rng.integers(4, size=3)
        mine, other = ours.step(actions), theirs.step(actions)
        for a, b in zip(mine[:4], other[:4], strict=True):
            np.testing.assert_array_equal(a, b)
        ended += int(mine[2].sum() + mine[3].sum())
    assert ended > 10


def test_same_step_autoreset_is_gymnasiums():
    world = world_from_rows(("S.G",), rules=Rules(step_reward=-1.0, step_limit=4))
    ours = GridVectorEnv(world, num_envs=3, autoreset_mode=AutoresetMode.SAME_STEP, observation="xy")
    theirs = gymnasium.vector.SyncVectorEnv(
        [lambda: GridEnv(world, observation="xy")] * 3, autoreset_mode=AutoresetMode.SAME_STEP
    )
    rng = np.random.default_rng(0)
    np.testing.assert_array_equal(ours.reset(seed=0)[0], theirs.reset(seed=0)[0])
    for _ in range(60):
        actions = rng.integers(4, size=3)
        mine, other = ours.step(actions), theirs.step(actions)
        for a, b in zip(mine[:4], other[:4], strict=True):
            np.testing.assert_array_equal(a, b)
        assert ("final_obs" in mine[4]) == ("final_obs" in other[4])
        if "final_obs" in mine[4]:
            np.testing.assert_array_equal(mine[4]["_final_obs"], other[4]["_final_obs"])
            for a, b in zip(mine[4]["final_obs"], other[4]["final_obs"], strict=True):
                assert (a is None) == (b is None)
                if a is not None:
                    np.testing.assert_array_equal(a, b)


def test_a_batch_meets_outcomes_as_often_as_the_model_says():
    world = world_from_rows(("...", ".S.", "..."), rules=Rules(slip=0.4, step_limit=1)).with_cell(
        (0, 1), reward=2.0, reward_sd=0.5
    )
    env = GridVectorEnv(world, num_envs=4000, autoreset_mode="SameStep")
    env.reset(seed=0)
    _, rewards, _, truncated, infos = env.step(np.full(4000, UP))
    landed = np.array(infos["final_obs"].tolist())
    assert truncated.all()
    np.testing.assert_allclose(np.bincount(landed)[[1, 3, 5]] / 4000, [0.6, 0.2, 0.2], atol=0.03)
    assert rewards[landed == 1].mean() == pytest.approx(2.0, abs=0.04)
    assert rewards[landed == 1].std() == pytest.approx(0.5, abs=0.04)
    assert (rewards[landed != 1] == 0).all()


def test_copies_begin_where_the_model_says():
    world = world_from_rows(("S.S",)).with_cell((0, 2), weight=3.0)
    env = GridVectorEnv(world, num_envs=4000)
    assert env.reset(seed=0)[0].mean() == pytest.approx(1.5, abs=0.06)
    assert compile_world(world).start.tolist() == [0.25, 0, 0.75]


def test_gymnasiums_wrappers_fit_around_the_batch():
    env = gymnasium.wrappers.vector.RecordEpisodeStatistics(GridVectorEnv("deep_sea", num_envs=4))
    _, infos = env.reset(seed=0)
    for _ in range(10):
        *_, infos = env.step(np.ones(4, np.int64))
    np.testing.assert_allclose(infos["episode"]["r"], 0.99)
    assert infos["episode"]["l"].tolist() == [10] * 4


def test_rendering():
    env = gymnasium.make("rlsandbox/Grid-v0", world="grid_4x4", render_mode="ansi")
    env.reset(seed=0)
    assert env.render() == "@...\n....\n....\n...G\n"
    env = gymnasium.make("rlsandbox/Grid-v0", world="grid_4x4", render_mode="rgb_array")
    env.reset(seed=0)
    first = env.render()
    env.step(RIGHT)
    second = env.render()
    assert isinstance(first, np.ndarray)
    assert isinstance(second, np.ndarray)
    assert (first.shape, first.dtype) == ((192, 192, 3), np.uint8)
    r, g, b = (int(value) for value in first[24, 24])
    assert r > 200 > 180 > g > b, "the agent is orange"
    assert (first != second)[:48, :96].any()
    assert (first == second)[48:].all()
    batch = GridVectorEnv("grid_4x4", num_envs=2, render_mode="ansi")
    batch.reset(seed=0)
    assert batch.render() == ("@...\n....\n....\n...G\n",) * 2
    assert GridVectorEnv("grid_4x4").render() is None


@pytest.mark.parametrize(
    "make",
    [
        lambda: GridEnv("no_such_world"),
        lambda: GridEnv(render_mode="human"),
        lambda: GridEnv(observation="pixels of the moon"),
        lambda: GridVectorEnv(autoreset_mode="Disabled"),
        lambda: GridEnv().step(9),
        lambda: GridVectorEnv(num_envs=2).step([0]),
        lambda: GridVectorEnv(num_envs=2).step([0, 4]),
    ],
)
def test_a_wrong_argument_gives_a_sentence(make):
    with pytest.raises(SandboxError):
        make()


def test_registering_loads_no_environment_and_no_compiler():
    code = (
        "import sys; from rlsandbox.worlds.registration import register; register();"
        "print({'numba', 'torch', 'PIL', 'pydantic', 'rlsandbox.worlds.grid_env'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()", done.stderr
