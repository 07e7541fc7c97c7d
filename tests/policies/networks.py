"""Networks for tests: trained for a moment, or made by hand."""

import functools
from typing import Any

import numpy as np

import rlsandbox
from rlsandbox.learning.network_policy import NetworkNumbers, NetworkPolicy
from rlsandbox.policies.saved import SavedPolicy
from rlsandbox.training.api import Result

WORLD = "key_door"
TRAINED = {
    "dqn": ("dqn", {}),
    "dueling": ("dqn", {"dueling": True}),
    "ppo": ("ppo", {"n_steps": 64}),
    "shared": ("a2c", {"shared": True, "activation": "relu"}),
}
"""Algorithms and how they are set."""
SEEN = ("one_hot", "xy", "planes")
EVERY = [(name, seen) for name in TRAINED for seen in SEEN]


@functools.cache
def trained(name: str, seen: str) -> Result:
    """Two replicas that have learnt for a moment."""
    algorithm, options = TRAINED[name]
    return rlsandbox.train(algorithm, WORLD, steps=320, seeds=2, observation=seen, units=16, **options)


def network_of(policy: SavedPolicy) -> NetworkPolicy:
    """The networks, which must be there."""
    assert policy.network is not None
    return policy.network


def all_seen(policy: SavedPolicy) -> np.ndarray:
    """What the networks see of every state."""
    return network_of(policy).observed(policy.world, np.arange(policy.world.n_states))


def by_hand(heads: dict[str, int], *layers: tuple[Any, Any], **options: Any) -> NetworkPolicy:
    """One replica, one trunk; layers are `[in][out]` weights and `[out]` biases."""
    pairs = tuple(
        tuple(np.array(array, np.float32)[None, None] for array in (weight, bias)) for weight, bias in layers
    )
    shape = options.pop("shape", (len(layers[0][0]),))
    looks = options.pop("looks", ())
    numbers = NetworkNumbers(shape, heads, options.pop("activation", "relu"), True, pairs, looks)  # type: ignore[arg-type]
    options = {"heads": tuple(heads), "meaning": "argmax", "observation": "box", **options}
    return NetworkPolicy({"nets": numbers}, **options)
