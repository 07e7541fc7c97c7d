"""Policies of worlds that can only be played: networks alone, from training to other programs."""

from typing import Any

import gymnasium
import numpy as np
import onnxruntime
import pytest

import rlsandbox
from rlsandbox.cli import run
from rlsandbox.learning.deep import DeepAgent
from rlsandbox.policies.exports import python_source, write_csv
from rlsandbox.policies.files import FORMAT, MAX_BYTES, VERSIONS, load_policy
from rlsandbox.policies.onnx_file import write_onnx
from rlsandbox.policies.saved import EDITED
from rlsandbox.policies.tensors import load_tensors, save_tensors
from rlsandbox.training import api
from rlsandbox.worlds.errors import SandboxError
from rlsandbox.worlds.places import open_place
from rlsandbox.worlds.point_world import PointWorld
from tests.policies.networks import network_of

PLACES = [
    ("ppo", "gym:CartPole-v1", "box", "argmax"),
    ("dqn", "gym:FrozenLake-v1", "discrete", "argmax"),
    ("ppo", "gym:MountainCarContinuous-v0", "box", "mean"),
    ("a2c", "point:four_rooms", "box", "mean"),
]


def begun(algorithm: str, world: str, **options: Any) -> api.TrainingSession:
    return api.begin(algorithm, world, 300, None, 2, 0, {"units": 16}, **options)


def observations(policy: api.SavedPolicy) -> np.ndarray:
    """A thousand of them, or every state."""
    shape = network_of(policy).acting.shape
    if network_of(policy).observation == "discrete":
        return np.arange(shape[0])
    return np.random.default_rng(5).normal(size=(1000, *shape)).astype(np.float32)


@pytest.mark.parametrize(("algorithm", "world", "seen", "meaning"), PLACES)
def test_from_training_to_other_programs(tmp_path, algorithm, world, seen, meaning):
    session = begun(algorithm, world)
    session.run()
    api.saved_policy(session).save(tmp_path / "a.rlpolicy")
    policy, agent = load_policy(tmp_path / "a.rlpolicy"), session.agent
    network, every = network_of(policy), observations(policy)
    assert isinstance(agent, DeepAgent)
    assert (network.observation, network.meaning, policy.card.observation) == (seen, meaning, "networks")
    assert policy.place.digest == open_place(world).digest and policy.q.shape[:2] == (2, 0)
    names: dict[str, Any] = {}
    exec(compile(python_source(policy), "exported", "exec"), names)
    with agent.computing():
        truth = agent.best_for(np.stack([every, every]))
    for replica in range(2):
        said = network.outputs(every, replica)
        clear = np.ones(len(every), np.bool_)
        if meaning == "argmax":
            first, second = np.sort(said, axis=1)[:, :-3:-1].T
            clear = first - second > 1e-5
        found = network.chosen(said)
        np.testing.assert_allclose(found[clear], truth[replica][clear], rtol=0, atol=1e-5)
        assert policy.act(every[3], replica=replica) == pytest.approx(found[3], abs=1e-6)
        np.testing.assert_allclose(names["act"](every, replica)[clear], found[clear], rtol=0, atol=1e-5)
        write_onnx(policy, tmp_path / "a.onnx", replica)
        ran = onnxruntime.InferenceSession(tmp_path / "a.onnx", providers=["CPUExecutionProvider"])
        ran_through: Any = ran.run(["action", "output"], {"observation": every})
        action, output = ran_through
        np.testing.assert_allclose(output, said, rtol=0, atol=1e-5)
        np.testing.assert_allclose(action[clear], found[clear], rtol=0, atol=1e-5)


def test_a_policy_that_was_read_earns_the_same(tmp_path):
    result = rlsandbox.train("ppo", "gym:CartPole-v1", steps=2000, n_steps=256, seeds=2, units=16)
    result.policy.save(tmp_path / "a.rlpolicy")
    policy = load_policy(tmp_path / "a.rlpolicy")
    again = rlsandbox.evaluate(policy)
    assert again.greedy_return == pytest.approx(result.evaluation.greedy_return)
    assert policy.card.greedy_return == tuple(result.evaluation.greedy_return)
    env, score = gymnasium.make("CartPole-v1"), 0.0  # and anybody's loop can ask it
    seen, _ = env.reset(seed=3)
    for _ in range(500):
        seen, reward, terminated, truncated, _ = env.step(policy.act(seen))
        score += float(reward)
        if terminated or truncated:
            break
    assert score > 30  # chance falls after 22
    env.close()


def test_a_run_goes_on_from_the_file(tmp_path):
    session = begun("ppo", "gym:CartPole-v1")
    session.run()
    api.saved_policy(session).save(tmp_path / "a.rlpolicy")
    state = session.agent.state()
    again = begun("ppo", "gym:CartPole-v1", start_from=tmp_path / "a.rlpolicy")
    assert np.array_equal(again.agent.state()["nets"], state["nets"])
    with pytest.raises(SandboxError, match="this policy has the moves action 0, action 1, but"):
        begun("ppo", "gym:Acrobot-v1", start_from=tmp_path / "a.rlpolicy")


def test_another_drawing_of_a_continuous_world_warns():
    session = begun("a2c", "point:four_rooms")
    policy = api.saved_policy(session)
    place = open_place("point:four_rooms")
    assert isinstance(place, PointWorld) and policy.on(place).warning is None
    assert policy.on(PointWorld(place.drawn.painted([(1, 1)], "mud"))).warning == EDITED
    with pytest.raises(SandboxError, match="this policy is for 4 numbers to be seen, with the continuous ac"):
        policy.on(open_place("gym:CartPole-v1"))


def test_what_needs_a_table_or_a_drawing_says_so(tmp_path, capsys):
    session = begun("ppo", "gym:CartPole-v1")
    file = str(tmp_path / "a.rlpolicy")
    api.saved_policy(session).save(file)
    with pytest.raises(SandboxError, match="networks and no table"):
        write_csv(load_policy(file), tmp_path / "a.csv")
    assert run(["export", file, "--to", "png", "-o", str(tmp_path / "a.png")]) == 1
    assert "this policy is for gym:CartPole-v1, which is no drawn grid world" in capsys.readouterr().err
    assert run(["validate", file]) == 0
    assert "a policy of PPO for gym:CartPole-v1" in capsys.readouterr().out
    assert run(["evaluate", file, "--episodes", "3"]) == 0
    assert "PPO on gym:CartPole-v1: greedy return" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda d: d["network"].update(observation="xy"), "what no simulation shows"),
        (lambda d: d["network"].update(observation="picture"), "what no simulation shows"),
        (lambda d: d["card"].update(actions=["a"]), "choose other actions"),
        (lambda d: d["card"].update(observation="state"), "does not say what it sees"),
        (lambda d: d.update(world='{"gym": 3'), "world is damaged"),
    ],
)
def test_files_that_do_not_fit(tmp_path, change, sentence):
    path = tmp_path / "a.rlpolicy"
    api.saved_policy(begun("ppo", "gym:CartPole-v1")).save(path)
    arrays, description = load_tensors(path, FORMAT, VERSIONS, MAX_BYTES)
    change(description)
    save_tensors(path, arrays, description)
    with pytest.raises(SandboxError, match=sentence):
        load_policy(path)


def test_reading_a_file_runs_no_environment(tmp_path, monkeypatch):
    path = tmp_path / "a.rlpolicy"
    api.saved_policy(begun("ppo", "gym:CartPole-v1")).save(path)
    monkeypatch.setattr(gymnasium, "make", lambda *_, **__: pytest.fail("an environment was made"))
    assert load_policy(path).place.name == "gym:CartPole-v1"
    arrays, description = load_tensors(path, FORMAT, VERSIONS, MAX_BYTES)
    save_tensors(path, arrays, description | {"world": '{"gym": "evil_module:Evil-v0"}'})
    with pytest.raises(SandboxError, match="may not name an environment in a module"):
        load_policy(path)
