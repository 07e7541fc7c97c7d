"""Exported graphs, run by onnxruntime, against the networks."""

import dataclasses
import json
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest

import rlsandbox
from rlsandbox.learning.convolutions import Convolutions
from rlsandbox.learning.network_policy import NetworkPolicy
from rlsandbox.policies.onnx_file import write_onnx
from rlsandbox.policies.saved import SavedPolicy
from rlsandbox.worlds.errors import SandboxError
from tests.policies.networks import EVERY, all_seen, by_hand, network_of, trained

Run = Callable[..., tuple[Any, Any]]


@pytest.fixture
def run(tmp_path) -> Run:
    """Write a policy, and give what onnxruntime computes: actions and outputs."""

    def compute(policy: SavedPolicy, seen: Any, replica: int = 0) -> tuple[Any, Any]:
        path = tmp_path / "policy.onnx"
        write_onnx(policy, path, replica)
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        assert [given.name for given in session.get_inputs()] == ["observation"]
        action, output = session.run(["action", "output"], {"observation": seen})
        return action, output

    return compute


def holding(network: NetworkPolicy) -> SavedPolicy:
    """A saved policy of other networks."""
    return dataclasses.replace(trained("dqn", "xy").policy, network=network)


@pytest.mark.parametrize(("name", "seen"), EVERY)
def test_onnxruntime_says_the_same_of_every_state(run, name, seen):
    policy, every = trained(name, seen).policy, all_seen(trained(name, seen).policy)
    for replica in range(2):
        action, output = run(policy, every, replica)
        said = network_of(policy).outputs(every, replica)
        np.testing.assert_allclose(output, said, rtol=0, atol=1e-5)
        assert action.dtype == np.int64 and np.array_equal(action, output.argmax(axis=1))
        first, second = np.sort(said, axis=1)[:, :-3:-1].T
        clear = first - second > 1e-4
        assert np.array_equal(action[clear], policy.greedy_actions[replica, clear])


def test_pictures_are_halved_alike(run):
    policy = rlsandbox.train("ppo", "grid_4x4", steps=64, n_steps=64, observation="pixels").policy
    every = all_seen(policy)
    np.testing.assert_allclose(run(policy, every)[1], network_of(policy).outputs(every), rtol=0, atol=1e-5)


def random(*shape: int) -> np.ndarray:
    return np.random.default_rng(list(shape)).normal(size=shape) * 0.4


@pytest.mark.parametrize("meaning", ["mean", "tanh"])
def test_continuous_actions(run, meaning):
    ranges = {"low": (-2.0, 0.0), "high": (2.0, 10.0)}
    network = by_hand(
        {"policy": 4}, (random(3, 8), random(8)), (random(8, 4) * 4, random(4)), meaning=meaning, **ranges
    )
    seen = np.random.default_rng(1).normal(size=(1000, 3)).astype(np.float32)
    action, output = run(holding(network), seen)
    np.testing.assert_allclose(output, network.outputs(seen), rtol=0, atol=1e-5)
    np.testing.assert_allclose(action, network.chosen(network.outputs(seen)), rtol=0, atol=1e-5)
    assert action.min() >= -2 and action.max() <= 10 and action.std(axis=0).min() > 0.5


def test_an_environments_numbers_and_pictures_go_in_as_they_are(run):
    numbered = by_hand({"q": 2}, (random(5, 3), random(3)), (random(3, 2), random(2)), observation="discrete")
    seen = np.arange(5)
    action, output = run(holding(numbered), seen)
    np.testing.assert_allclose(output, numbered.outputs(seen), rtol=0, atol=1e-5)
    assert action.tolist() == [numbered.act(state) for state in range(5)]
    shape = (3, 10, 14)
    looks = Convolutions(shape)
    pairs = tuple(
        (random(1, 1, out, channels, 3, 3).astype(np.float32), random(1, 1, out).astype(np.float32))
        for out, channels, _ in looks.weights
    )
    head = random(looks.n_features, 4) / 100, random(4)  # so that outputs are about 1
    pictured = by_hand({"q": 4}, head, shape=shape, looks=pairs, observation="picture")
    pictures = np.random.default_rng(2).integers(0, 256, (40, 10, 14, 3), np.uint8)
    action, output = run(holding(pictured), pictures)
    np.testing.assert_allclose(output, pictured.outputs(pictures), rtol=0, atol=1e-5)
    assert np.array_equal(action, pictured.chosen(pictured.outputs(pictures)))


def test_the_file_says_where_it_is_from_and_old_readers_know_it(tmp_path):
    policy = trained("dueling", "planes").policy
    write_onnx(policy, tmp_path / "a.onnx", 1)
    model = onnx.load(tmp_path / "a.onnx")
    onnx.checker.check_model(model, full_check=True)
    assert [(o.domain, o.version) for o in model.opset_import] == [("", 17)] and model.ir_version == 8
    said = {entry.key: json.loads(entry.value) for entry in model.metadata_props}
    assert said["algorithm"] == "DQN" and said["actions"] == ["up", "right", "down", "left"]
    assert said["seed"] == 1 and said["sees"] == "planes" and "wall" in said["planes"]


def test_what_cannot_be_written_is_a_sentence(tmp_path, monkeypatch):
    table = rlsandbox.train("q_learning", "grid_4x4", episodes=3).policy
    with pytest.raises(SandboxError, match="a table without networks: choose python or csv"):
        write_onnx(table, tmp_path / "a.onnx")
    policy = trained("dqn", "xy").policy
    with pytest.raises(SandboxError, match="the replicas 0 to 1, not 2"):
        write_onnx(policy, tmp_path / "a.onnx", 2)
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(SandboxError, match="-m pip install onnx"):
        write_onnx(policy, tmp_path / "a.onnx")
    assert not (tmp_path / "a.onnx").exists()
