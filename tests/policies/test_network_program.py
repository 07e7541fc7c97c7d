"""Networks as programs that need numpy alone, run where nothing else is."""

import dataclasses
import subprocess
import sys

import numpy as np
import pytest

from rlsandbox.policies.exports import python_source, write_csv, write_python
from rlsandbox.policies.saved import SavedPolicy
from rlsandbox.worlds.errors import SandboxError
from tests.policies.networks import TRAINED, all_seen, by_hand, network_of, trained


def computed(policy: SavedPolicy, folder, code: str, given: np.ndarray) -> list[np.ndarray]:
    """What expressions over `agent` and `given` are in a process of their own."""
    write_python(policy, folder / "agent.py")
    np.save(folder / "given.npy", given)
    script = (
        f"import sys; sys.path.insert(0, {str(folder)!r}); import agent, numpy as np\n"
        f"given = np.load({str(folder / 'given.npy')!r})\n"
        f"np.savez({str(folder / 'found.npz')!r}, *[{code}])\n"
        "assert not {m.split('.')[0] for m in sys.modules} & {'rlsandbox', 'torch', 'safetensors'}\n"
    )
    subprocess.run([sys.executable, "-I", "-W", "error", "-c", script], check=True)
    with np.load(folder / "found.npz") as found:
        return [found[f"arr_{k}"] for k in range(len(found.files))]


@pytest.mark.parametrize("seen", ["one_hot", "xy", "window"])
@pytest.mark.parametrize("name", TRAINED)
def test_a_program_acts_like_the_networks_in_every_state(tmp_path, name, seen):
    policy = trained(name, seen).policy
    every = all_seen(policy)
    code = "agent.outputs(given, 0), agent.outputs(given, 1), agent.act(given, 1), agent.act(given[3])"
    *outputs, actions, one = computed(policy, tmp_path, code, every)
    for replica, output in enumerate(outputs):
        np.testing.assert_allclose(output, network_of(policy).outputs(every, replica), rtol=0, atol=1e-6)
    assert np.array_equal(actions, outputs[1].argmax(axis=1)) and one == actions_of(outputs[0])[3]


def actions_of(outputs: np.ndarray) -> np.ndarray:
    return outputs.argmax(axis=1)


@pytest.mark.parametrize("seen", ["one_hot", "xy"])
def test_a_program_knows_what_is_seen_of_a_state(tmp_path, seen):
    policy = trained("dqn", seen).policy
    states = np.arange(policy.world.n_states)
    code = "agent.observation_of(given), agent.act_state(given, 1), agent.act_state(agent.state_of(2, 3, 1))"
    found, actions, one = computed(policy, tmp_path, code, states)
    assert found.dtype == np.float32 and np.array_equal(found, all_seen(policy))
    assert np.array_equal(actions, policy.greedy_actions[1])
    assert one == policy.act(policy.world.state_of((2, 3), 1))


def test_pictures_are_written_as_their_table():
    policy = trained("dqn", "planes").policy
    names: dict = {}
    exec(compile(python_source(policy), "exported", "exec"), names)
    assert np.array_equal(names["act"](np.arange(policy.world.n_states)), policy.greedy_actions[0])


def alone(network) -> SavedPolicy:
    """Networks without a table."""
    policy = trained("dqn", "xy").policy
    return dataclasses.replace(policy, network=network, q=np.empty((1, 0, 4)), probs=np.empty((1, 0, 4)))


@pytest.mark.parametrize(("meaning", "expected"), [("mean", [1.0, 0.0]), ("tanh", [0.9242343, 0.0247262])])
def test_continuous_actions(tmp_path, meaning, expected):
    ranges = {"low": (-2.0, 0.0), "high": (2.0, 10.0)}  # 2 * tanh(0.5), and 5 + 5 * tanh(-3)
    network = by_hand({"policy": 4}, ([[0] * 4], [0.5, -3, 9, 9]), meaning=meaning, **ranges)
    (action,) = computed(alone(network), tmp_path, "agent.act(given)", np.zeros(1))
    assert action == pytest.approx(expected, abs=1e-6)


def test_numbered_states_of_an_environment(tmp_path):
    network = by_hand({"q": 2}, ([[1, 0], [0, 2], [5, 5]], [0, 1]), observation="discrete")
    one, several = computed(alone(network), tmp_path, "agent.act(2), agent.outputs(given)", np.arange(3))
    assert one == 1 and several.tolist() == [[1, 1], [0, 3], [5, 6]]


def test_without_a_table_there_is_no_csv(tmp_path):
    with pytest.raises(SandboxError, match="networks and no table"):
        write_csv(alone(network_of(trained("dqn", "xy").policy)), tmp_path / "a.csv")


def test_a_world_cannot_smuggle_code_into_the_file():
    policy = trained("dqn", "xy").policy
    world = policy.world.replace(name='x""" import os; os.abort() """\\')
    names: dict = {}
    exec(compile(python_source(dataclasses.replace(policy, place=world)), "exported", "exec"), names)
    assert "os" not in names
