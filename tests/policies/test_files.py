import json
import struct

import numpy as np
import pytest

import rlsandbox
from rlsandbox.policies.files import load_policy, save_policy
from rlsandbox.policies.saved import EDITED, SavedPolicy
from rlsandbox.policies.tensors import KEY
from rlsandbox.worlds.errors import SandboxError


@pytest.fixture(scope="module")
def policy() -> SavedPolicy:
    return rlsandbox.train("q_learning", "cliff_walking", episodes=200, seeds=2, alpha=0.5, gamma=1.0).policy


@pytest.fixture
def file(policy, tmp_path):
    path = tmp_path / "cliff.rlpolicy"
    policy.save(path)
    return path


def rewritten(file, change) -> None:
    """Change the description that a file carries."""
    data = file.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + size])
    description = json.loads(header["__metadata__"][KEY])
    change(description)
    header["__metadata__"][KEY] = json.dumps(description)
    text = json.dumps(header).encode()
    file.write_bytes(struct.pack("<Q", len(text)) + text + data[8 + size :])


def test_a_policy_comes_back_as_it_was(policy, file):
    found = load_policy(file)
    assert np.array_equal(found.q, policy.q) and np.array_equal(found.probs, policy.probs)
    assert (found.card, found.world, found.warning) == (policy.card, policy.world, None)
    assert found.card.seeds == (0, 1) and found.card.config["alpha"] == 0.5
    assert found.card.actions == ("up", "right", "down", "left")


def test_the_same_policy_gives_the_same_bytes(policy, file, tmp_path):
    save_policy(load_policy(file), tmp_path / "again.rlpolicy")
    assert (tmp_path / "again.rlpolicy").read_bytes() == file.read_bytes()


def test_any_reader_of_safetensors_can_read_it(policy, file):
    from safetensors.numpy import load_file

    tables = load_file(file)
    assert sorted(tables) == ["probs", "q"] and np.array_equal(tables["q"], policy.q)


@pytest.mark.parametrize("length", [0, 4, 8, 100, 1000, -1])
def test_a_truncated_file_is_refused(file, length):
    file.write_bytes(file.read_bytes()[:length])
    with pytest.raises(SandboxError, match="no file of the sandbox"):
        load_policy(file)


@pytest.mark.parametrize(
    "data",
    [
        b"\x80\x04\x95 a pickle, perhaps of something evil",
        b"\xff" * 64,
        struct.pack("<Q", 2**62) + b"{}",
        struct.pack("<Q", 200_000) + b"[" * 200_000,
        struct.pack("<Q", 2) + b"{}",
    ],
)
def test_what_is_no_policy_is_refused(file, data):
    file.write_bytes(data)
    with pytest.raises(SandboxError):
        load_policy(file)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda d: d.update(version=4), "version 4 of the format is unknown; known is 1, 2, 3"),
        (lambda d: d.update(version=True), "version True"),
        (lambda d: d.update(format="rlsandbox.checkpoint"), 'does not say that it is a "rlsandbox.policy"'),
        (lambda d: d.update(card=None), "its card is damaged"),
        (lambda d: d["card"].update(evil=1), "its card is damaged at evil"),
        (lambda d: d["card"].pop("seeds"), "its card is damaged at seeds"),
        (lambda d: d["card"].update(seeds=[0, 1, 2]), "but card and world say"),
        (lambda d: d["card"].update(greedy_return=[1.0]), "different lengths"),
        (lambda d: d["card"].update(actions=["a", "b", "c", "d"]), "not those of its world"),
        (lambda d: d.update(world="{}"), "its world is damaged"),
        (lambda d: d.pop("world"), "holds no world"),
    ],
)
def test_a_damaged_description_is_named(file, change, sentence):
    rewritten(file, change)
    with pytest.raises(SandboxError, match=sentence):
        load_policy(file)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_numbers_that_are_none_are_refused(policy, tmp_path, bad):
    q = policy.q.copy()
    q[0, 3, 1] = bad
    save_policy(SavedPolicy(q, policy.probs, policy.world, policy.card), tmp_path / "bad.rlpolicy")
    with pytest.raises(SandboxError, match="NaN or infinite"):
        load_policy(tmp_path / "bad.rlpolicy")


def test_probabilities_must_sum_to_one(policy, tmp_path):
    save_policy(SavedPolicy(policy.q, policy.probs / 2, policy.world, policy.card), tmp_path / "bad.rlpolicy")
    with pytest.raises(SandboxError, match="sum to 1"):
        load_policy(tmp_path / "bad.rlpolicy")


def test_a_missing_file_is_a_sentence(tmp_path):
    with pytest.raises(SandboxError, match="cannot be read"):
        load_policy(tmp_path / "none.rlpolicy")


def test_an_edited_world_warns_and_another_one_is_refused(policy):
    assert policy.on(policy.world).warning is None
    assert policy.on(policy.world.painted([(0, 5)], "wall")).warning == EDITED
    with pytest.raises(SandboxError, match="this policy is for 4 x 12 cells"):
        policy.on(rlsandbox.open_world("grid_4x4"))
    with pytest.raises(SandboxError, match="train one on that world"):
        policy.on(policy.world.with_rules(moves=8))
