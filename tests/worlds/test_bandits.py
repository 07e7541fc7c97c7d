"""Bandits: worlds of 0 moves, whose actions pull arms."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest

import rlsandbox  # noqa: F401  registers the environments
from rlsandbox.worlds.errors import SandboxError
from rlsandbox.worlds.files import dumps, loads
from rlsandbox.worlds.gallery import gallery_world
from rlsandbox.worlds.mdp import compile_world, recompile
from rlsandbox.worlds.rules import Rules
from rlsandbox.worlds.text_maps import world_from_rows
from rlsandbox.worlds.world import World
from tests.worlds.test_recompile import assert_same

THREE = world_from_rows(("aS", "aa"), rules=Rules(moves=0), rewards={(0, 0): 1.0, (1, 0): 2.0, (1, 1): 3.0})


def made(name: str) -> World:
    world = gallery_world(name)
    assert world is not None
    return world


def test_an_action_pulls_an_arm_pays_it_and_ends_there():
    assert [action.name for action in THREE.actions] == ["arm 1", "arm 2", "arm 3"]
    model = compile_world(THREE.with_cell((1, 1), reward_sd=0.5))
    start = THREE.state_of((0, 1))
    assert model.start.tolist() == [0, 1, 0, 0]
    assert model.prob.shape == (4, 3, 1)
    assert model.next_state[start, :, 0].tolist() == [0, 2, 3]
    assert model.reward[start, :, 0].tolist() == [1, 2, 3]
    assert model.reward_sd[start, :, 0].tolist() == [1, 1, 0.5], "a new arm has spread 1"
    assert model.terminal[start].all()
    assert model.live.tolist() == [False, True, False, False]
    assert model.reward[0].tolist() == [[0], [0], [0]], "ends pay nothing"
    assert model.expected_reward[start].tolist() == [1, 2, 3]


def test_an_arm_among_moves_is_a_random_end():
    model = compile_world(world_from_rows(("Sa",)))
    assert (model.reward[0, 1, 0], model.reward_sd[0, 1, 0], model.terminal[0, 1, 0]) == (0, 1, True)


def test_the_testbeds_are_the_books():
    """Sutton & Barto, section 2.3 and exercise 2.5."""
    world = made("ten_armed_testbed")
    model = compile_world(world)
    s = int(model.start_states[0])
    np.testing.assert_array_equal(model.reward[s, :, 0], np.random.default_rng(0).normal(size=10))
    assert model.reward_sd[s].ravel().tolist() == [1.0] * 10
    assert (model.drift, model.step_limit) == (0, 0)
    drifting = compile_world(made("drifting_testbed"))
    assert drifting.drift == 0.01
    assert drifting.reward[s].ravel().tolist() == [0.0] * 10


@pytest.mark.parametrize("arms", [1, 10, 11, 1000])
def test_a_generated_bandit_has_its_arms_in_reading_order(arms):
    world = made(f"bandit:{arms}:3")
    assert len(world.actions) == arms
    np.testing.assert_array_equal(world.reward.ravel()[:arms], np.random.default_rng(3).normal(size=arms))
    model = compile_world(world)
    (s,) = model.start_states
    assert model.next_state[s, :, 0].tolist() == list(range(arms))
    assert loads(dumps(world)) == world


@pytest.mark.parametrize("name", ["bandit:0:0", "bandit:1001:0", "bandit:x:0", "bandit:10", "bandit:5x5:0"])
def test_a_wrong_number_of_arms_gives_a_sentence(name):
    with pytest.raises(SandboxError, match="Write bandit:ARMS:SEED, for example bandit:10:0"):
        gallery_world(name)


def test_a_bandit_needs_arms_and_not_too_many():
    with pytest.raises(SandboxError, match="a bandit needs arms"):
        compile_world(World.blank(2, 2, rules=Rules(moves=0)))
    full = World.blank(40, 40, rules=Rules(moves=0)).painted(
        [(r, c) for r in range(40) for c in range(39)], "arm"
    )
    with pytest.raises(SandboxError, match="at most 1,000 arms, not 1,560"):
        compile_world(full)
    wide = World.blank(512, 512, rules=Rules(moves=0)).painted([(0, c) for c in range(512)], "arm")
    with pytest.raises(SandboxError, match="make the world smaller"):
        compile_world(wide)


@pytest.mark.parametrize(
    ("rules", "sentence"),
    [
        ({"moves": 0, "stay": True}, "turn stay off"),
        ({"drift": 0.1}, "only the arms of a bandit drift"),
        ({"moves": 0, "drift": -1.0}, "drift must be"),
        ({"moves": 0, "drift": float("nan")}, "drift must be"),
    ],
)
def test_rules_that_fit_no_bandit_give_a_sentence(rules, sentence):
    with pytest.raises(SandboxError, match=sentence):
        Rules(**rules)


def test_drift_is_in_the_hash_and_the_file_where_it_is_not_zero():
    drifting = THREE.with_rules(drift=0.25)
    assert drifting.digest != THREE.digest
    assert '"drift": 0.25' in dumps(drifting)
    assert "drift" not in dumps(THREE)
    assert loads(dumps(drifting)) == drifting


def test_edits_of_a_bandit_compile_as_the_whole():
    model = compile_world(THREE)
    for edited in (
        THREE.with_rules(drift=0.5),
        THREE.with_cell((0, 0), reward=7.0),
        THREE.painted([(1, 1)], "floor"),
        THREE.with_rules(moves=4),
    ):
        assert_same(recompile(model, THREE, edited), compile_world(edited))


def test_in_gymnasium_the_means_walk_by_the_drift():
    """After n steps a mean that began at 0 has the variance n * drift**2: here 100 * 0.3**2 = 9."""
    sure = made("drifting_testbed").with_rules(drift=0.3)
    sure = sure.replace(reward_sd=np.zeros_like(sure.reward_sd))
    env = gymnasium.make("rlsandbox/Grid-v0", world=sure)
    last = []
    for seed in range(200):
        env.reset(seed=seed)
        paid = 1.0
        for k in range(101):
            if k:
                env.reset()
            paid = float(env.step(3)[1])
            assert k or paid == 0.0, "a seed begins the walk anew"
        last.append(paid)
    assert np.var(last) == pytest.approx(9, rel=0.3)
    envs = gymnasium.make_vec("rlsandbox/Grid-v0", num_envs=2000, world=sure, autoreset_mode="SameStep")
    envs.reset(seed=0)
    actions = np.arange(2000) % 10
    rewards = np.zeros(2000)
    for _ in range(101):
        rewards = envs.step(actions)[1]
    assert np.var(rewards) == pytest.approx(9, rel=0.15)
