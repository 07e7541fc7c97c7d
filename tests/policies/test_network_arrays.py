"""Files with networks that nobody vouches for."""

import numpy as np
import pytest

import rlsandbox
from rlsandbox.policies.files import FORMAT, MAX_BYTES, VERSIONS, load_policy
from rlsandbox.policies.network_arrays import from_arrays, to_arrays
from rlsandbox.policies.tensors import load_tensors, save_tensors
from rlsandbox.worlds.errors import SandboxError
from tests.policies.networks import by_hand, trained


@pytest.fixture
def parts(tmp_path):
    """What a good file holds, to be changed; and where to write it."""
    path = tmp_path / "agent.rlpolicy"
    trained("dueling", "planes").policy.save(path)
    return *load_tensors(path, FORMAT, VERSIONS, MAX_BYTES), path


def of_networks(description: dict) -> dict:
    return description["network"]["networks"]["nets"]


ARRAYS = [
    (lambda a: a.pop("nets.0.weight"), "lacks the array 'nets.0.weight'"),
    (lambda a: a.pop("target.look1.bias"), "lacks the array 'target.look1.bias'"),
    (lambda a: a.update(evil=np.zeros(3)), "holds the array 'evil', which nothing needs"),
    (lambda a: a.update({"nets.1.bias": a["nets.1.bias"][:, :, :-1]}), r"is \(2, 1, 15\), but its desc"),
    (lambda a: a.update({"nets.1.bias": a["nets.1.bias"].astype(np.float64)}), "must hold float32"),
    (lambda a: a["nets.look0.weight"].__setitem__((0, 0, 0, 0, 0, 0), np.nan), "NaN or infinite"),
    (lambda a: a.update({k: v[:1] for k, v in a.items() if "." in k}), "of 1 seeds, its card of 2"),
    (lambda a: a.update({k: v[:0] for k, v in a.items() if "." in k}), "of 0 seeds, its card of 2"),
    (lambda a: a.update({"nets.0.weight": np.float32(1)}), "lacks|is "),
]


@pytest.mark.parametrize(("change", "sentence"), ARRAYS)
def test_damaged_arrays_are_named(parts, change, sentence):
    arrays, description, path = parts
    change(arrays)
    save_tensors(path, arrays, description)
    with pytest.raises(SandboxError, match=sentence):
        load_policy(path)


DESCRIPTIONS = [
    (lambda d: d["network"].update(evil=1), "damaged at evil"),
    (lambda d: d["network"].pop("meaning"), "damaged at meaning"),
    (lambda d: d["network"].update(meaning="eval"), "damaged at meaning"),
    (lambda d: d["network"].update(meaning="mean"), "ranges of its actions"),
    (lambda d: d["network"].update(low=[0.0]), "ranges of its actions"),
    (lambda d: d["network"].update(low=[0.0], high=[1.0]), "ranges of its actions"),
    (lambda d: d["network"].update(heads=["q"]), "lack the heads"),
    (lambda d: d["network"].update(heads=["value", "advantage"]), "on one trunk"),
    (lambda d: d["network"].update(heads=["value"]), "choose other actions"),
    (lambda d: d["network"].update(observation="box"), "no drawn world shows"),
    (lambda d: d["network"].update(observation="state", channels=None), "no drawn world shows"),
    (lambda d: d["network"].update(observation="xy"), "no drawn world shows"),
    (lambda d: d["network"].update(observation="xy", channels=None), "its world shows"),
    (lambda d: d["network"].update(networks={}), "damaged at networks"),
    (lambda d: d["network"]["networks"].pop("nets"), "none of its networks is called 'nets'"),
    (lambda d: of_networks(d).update(shape=[3, 4]), "numbers or pictures"),
    (lambda d: of_networks(d).update(shape=[2**40]), "damaged at networks.nets.shape"),
    (lambda d: of_networks(d).update(shape=[2**31] * 3), r"is \(2, 1"),
    (lambda d: of_networks(d).update(hidden=[16] * 99), "damaged at networks.nets.hidden"),
    (lambda d: of_networks(d).update(hidden=[16, -1]), "damaged at networks.nets.hidden"),
    (lambda d: of_networks(d).update(hidden=[16]), r"is \(2, 1"),
    (lambda d: of_networks(d).update(shared=False), r"is \(2, 1"),
    (lambda d: of_networks(d).update(activation="exec"), "damaged at networks.nets.activation"),
    (lambda d: d["network"]["networks"].update({"../x": of_networks(d)}), "damaged at networks"),
    (lambda d: d.update(network=[1]), "networks is damaged"),
    (lambda d: d.update(network=None), "which nothing needs"),
]


@pytest.mark.parametrize(("change", "sentence"), DESCRIPTIONS)
def test_a_damaged_description_is_named(parts, change, sentence):
    arrays, description, path = parts
    change(description)
    save_tensors(path, arrays, description)
    with pytest.raises(SandboxError, match=sentence) as caught:
        load_policy(path)
    assert caught.value.place == str(path)


def test_a_file_from_before_there_were_networks_opens(tmp_path):
    path = tmp_path / "old.rlpolicy"
    policy = rlsandbox.train("q_learning", "grid_4x4", episodes=9).policy
    policy.save(path)
    arrays, description = load_tensors(path, FORMAT, VERSIONS, MAX_BYTES)
    assert description["version"] == VERSIONS[-1] and sorted(arrays) == ["probs", "q"]
    del description["network"]
    save_tensors(path, arrays, {**description, "version": 1})
    found = load_policy(path)
    assert np.array_equal(found.q, policy.q) and found.network is None


def test_networks_from_before_there_were_frames_see_one(tmp_path):
    path, policy = tmp_path / "old.rlpolicy", trained("dqn", "xy").policy
    policy.save(path)
    arrays, description = load_tensors(path, FORMAT, VERSIONS, MAX_BYTES)
    del description["network"]["frames"]
    save_tensors(path, arrays, {**description, "version": 2})
    found = load_policy(path)
    assert found.frames == 1 and np.array_equal(found.probs, policy.probs)


def test_what_would_not_be_read_is_not_written(parts, monkeypatch):
    path = parts[2]
    monkeypatch.setattr("rlsandbox.policies.files.MAX_BYTES", 64 * 2**20 + 100_000)
    with pytest.raises(SandboxError, match="2 seeds has 1 MB, more than a file may have"):
        trained("dueling", "planes").policy.save(path)
    assert load_policy(path).n_seeds == 2  # the file that was there


def test_ranges_of_continuous_actions_come_back():
    policy = by_hand(
        {"policy": 4}, ([[0.5] * 4], [1, 2, 3, 4]), meaning="mean", low=(-2.0, 0.0), high=(2.0, 10.0)
    )
    found = from_arrays(*to_arrays(policy))
    assert (found.low, found.high, found.meaning) == (policy.low, policy.high, "mean")
    assert found.act([0.25]).tolist() == policy.act([0.25]).tolist()
    arrays, description = to_arrays(policy)
    for ranges in ({"low": [2.0, 0.0]}, {"low": [float("nan"), 0.0]}, {"low": [0.0] * 5, "high": [1.0] * 5}):
        with pytest.raises(SandboxError):
            from_arrays(dict(arrays), description | ranges)
