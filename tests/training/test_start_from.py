"""Runs that begin with the networks of a saved policy."""

import numpy as np
import pytest

import rlsandbox
from rlsandbox.cli import run
from rlsandbox.training import api
from rlsandbox.training.checkpoints import load_checkpoint, save_checkpoint
from rlsandbox.training.session import TrainingSession
from rlsandbox.worlds.errors import SandboxError
from tests.helpers import assert_same_state
from tests.policies.networks import TRAINED, WORLD, trained

BUILT = {"units": 16, "observation": "xy"}


def begun(algorithm: str, policy, world: str = WORLD, seeds: int = 2, **options) -> TrainingSession:
    """A run of a few steps that begins with a policy."""
    return api.begin(algorithm, world, 320, None, seeds, 0, {**BUILT, **options}, start_from=policy)


@pytest.mark.parametrize(("name", "algorithm"), [("dqn", "dqn"), ("dueling", "dqn"), ("ppo", "ppo")])
def test_all_networks_begin_as_those_of_the_file(tmp_path, name, algorithm):
    before = trained(name, "xy")
    before.policy.save(tmp_path / "a.rlpolicy")
    session = begun(algorithm, tmp_path / "a.rlpolicy", **TRAINED[name][1])
    state, learnt = session.agent.state(), before.session.agent.state()
    names = {"nets", "target"} & set(state)
    assert names == ({"nets"} if algorithm == "ppo" else {"nets", "target"})
    for part in names:
        assert np.array_equal(state[part], learnt[part])
    assert np.array_equal(session.agent.policy().probs, before.policy.probs)
    assert session.clock == 0 and not any(array.any() for k, array in state.items() if "optimizer." in k)
    session.run()
    assert session.clock == 320 and not np.array_equal(session.agent.state()["nets"], learnt["nets"])


def test_another_method_of_the_same_family_goes_on():
    session = begun("trpo", trained("ppo", "xy").policy)
    assert np.array_equal(session.agent.state()["nets"], trained("ppo", "xy").session.agent.state()["nets"])


def test_one_seed_is_given_to_all():
    one = rlsandbox.train("ppo", WORLD, steps=64, n_steps=64, **BUILT)
    session = begun("ppo", one.policy, seeds=3)
    probs = session.agent.policy().probs
    assert all(np.array_equal(probs[k], one.policy.probs[0]) for k in range(3))


def test_a_run_that_starts_so_is_kept_with_its_start(tmp_path):
    session = begun("dqn", trained("dqn", "xy").policy)
    session.run()
    save_checkpoint(session, tmp_path / "a.rlcheckpoint")
    again = load_checkpoint(tmp_path / "a.rlcheckpoint")
    assert_same_state(session, again)
    first, start = again.history.moments[0], trained("dqn", "xy").session.agent.state()
    assert first.clock == 0
    assert all(np.array_equal(first.state[name], start[name]) for name in ("nets", "target"))


@pytest.mark.parametrize(
    ("algorithm", "options", "sentence"),
    [
        (
            "ppo",
            {},
            r"PPO cannot begin with this policy: the heads of its networks: q \(4\); .* policy \(4\), value",
        ),
        ("dqn", {"dueling": True}, r"heads of its networks: q \(4\); of those of this run: advantage \(4\)"),
        ("dqn", {"activation": "tanh"}, "activation of its networks: relu; of those of this run: tanh"),
        ("dqn", {"units": 32}, "hidden layers of its networks: 16 and 16; of those of this run: 32 and 32"),
        ("dqn", {"layers": 0}, "16 and 16; of those of this run: none"),
        ("dqn", {"observation": "window"}, "its networks see 'xy', those of this run 'window'"),
        ("dqn", {"seeds": 3}, "it holds 2 seeds: train as many, not 3"),
        ("dqn", {"world": "cliff_walking"}, "the inputs of its networks: 3; of those of this run: 2"),
        ("dqn", {"world": "windy_kings"}, "this policy has the moves up, right, down, left, but"),
    ],
)
def test_what_does_not_fit_is_a_sentence(algorithm, options, sentence):
    with pytest.raises(SandboxError, match=sentence):
        begun(algorithm, trained("dqn", "xy").policy, **options)


def test_coordinates_go_from_world_to_world_and_numbers_of_states_do_not():
    policy = rlsandbox.train("ppo", "grid_4x4", steps=64, n_steps=64, **BUILT).policy
    assert begun("ppo", policy, "cliff_walking", seeds=1).clock == 0
    hot = rlsandbox.train("ppo", "grid_4x4", steps=64, n_steps=64, units=16).policy
    with pytest.raises(SandboxError, match="this policy is for 4 x 4 cells"):
        begun("ppo", hot, "cliff_walking", seeds=1, observation="one_hot")


def test_other_planes_are_refused():
    world = rlsandbox.open_world("grid_4x4")
    options = {"observation": "planes", "n_steps": 64, "units": 16}
    policy = rlsandbox.train("ppo", world.painted([(1, 1)], "ice"), steps=64, **options).policy
    with pytest.raises(
        SandboxError, match="see the planes wall, goal, pit, slip; those of this run wall, goal, pit, penalty"
    ):
        rlsandbox.train("ppo", world.painted([(1, 1)], "mud"), steps=64, start_from=policy, **options)


def test_tables_have_nothing_to_begin_with():
    table = rlsandbox.train("q_learning", WORLD, episodes=3).policy
    with pytest.raises(SandboxError, match="a table without networks"):
        begun("dqn", table, seeds=1)
    with pytest.raises(SandboxError, match="Q-learning has no networks"):
        api.begin("q_learning", WORLD, 9, None, 2, 0, {}, start_from=trained("dqn", "xy").policy)


def test_the_command_line_goes_on(tmp_path, capsys):
    trained("dqn", "xy").policy.save(tmp_path / "a.rlpolicy")
    command = ["train", "dqn", "--world", WORLD, "--steps", "64", "--from", str(tmp_path / "a.rlpolicy")]
    built = ["--observation", "xy", "--seeds", "2"]
    assert run([*command, *built, "--units", "16", "--out", str(tmp_path / "run")]) == 0
    assert (tmp_path / "run" / "policy.rlpolicy").exists()
    capsys.readouterr()
    assert run([*command, *built]) == 2
    assert (
        "hidden layers of its networks: 16 and 16; of those of this run: 64 and 64" in capsys.readouterr().err
    )
    assert run(["export", str(tmp_path / "run" / "policy.rlpolicy"), "--to", "onnx", "--replica", "1",
                "-o", str(tmp_path / "a.onnx")]) == 0  # fmt: skip
    assert (tmp_path / "a.onnx").stat().st_size > 1000
