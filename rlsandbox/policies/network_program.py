"""Networks as a Python program that needs numpy alone."""

from __future__ import annotations

import json

import numpy as np

from rlsandbox.learning.network_policy import NetworkPolicy
from rlsandbox.policies.program_text import packed, plain
from rlsandbox.policies.saved import SavedPolicy
from rlsandbox.worlds.world import World


def network_source(policy: SavedPolicy, network: NetworkPolicy) -> str:
    """The text of a program whose `act(observation)` is that of multilayer perceptrons.

    Where the observation follows from a state by arithmetic it also has `act_state(state)`.
    """
    card, replicas = policy.card, [network.layers(k) for k in range(network.n_seeds)]
    numbers = np.concatenate([array.ravel() for layers in replicas for pair in layers for array in pair])
    numbered = network.meaning == "argmax"
    activation = "np.tanh(x)" if network.acting.activation == "tanh" else "np.maximum(x, 0)"
    source = _PROGRAM.format(
        title=plain(f"{card.title} on {policy.place.name}"),
        sandbox=card.sandbox,
        card=plain(json.dumps({"config": card.config, "seeds": card.seeds})),
        seen=_seen_by(network),
        given="the number of an action; among equally good ones that with the lowest number"
        if numbered
        else "the numbers of an action",
        actions=json.dumps(list(card.actions)),
        seeds=list(card.seeds),
        shapes=[weight.shape for weight, _ in replicas[0]],
        n_seeds=network.n_seeds,
        numbers=packed(numbers.astype("<f4").tobytes()),
        activation=activation,
        input="_seen(observation)" if network.observation == "discrete" else "np.asarray(observation)",
    )
    if network.observation == "discrete":
        source += _ROWS.format(n_states=network.acting.shape[0])
    source += _NUMBERED if numbered else _continuous(network)
    if network.observation in _STATES:
        source += _of_states(network, policy.world)
    return source


def _seen_by(network: NetworkPolicy) -> str:
    seen = _SEEN.get(network.observation, network.observation)
    return seen if network.frames == 1 else f"{seen} of the last {network.frames} steps, the newest last,"


def _continuous(network: NetworkPolicy) -> str:
    squash = "np.tanh(numbers)" if network.meaning == "tanh" else "numbers.clip(-1, 1)"
    low, high = list(map(float, network.low)), list(map(float, network.high))
    return _CONTINUOUS.format(low=low, high=high, squash=squash)


def _of_states(network: NetworkPolicy, world: World) -> str:
    """What makes observations of states."""
    bits = f"carried[..., None] == np.arange({world.inventory if world.inventory > 1 else 0})"
    if world.tables is None:
        bits = f"carried[..., None] >> np.arange({world.things.count}) & 1"
    size = f"HEIGHT, WIDTH, INVENTORY = {world.height}, {world.width}, {world.inventory}"
    one = _STATE.format(size=size, seen=_STATES[network.observation].format(bits=bits))
    return one + (_ACT_STATE if network.frames == 1 else _ACT_STATES.format(frames=network.frames))


_SEEN = {
    "one_hot": "a vector with a 1 at the state's number among zeros, or several of them as rows,",
    "xy": "column and row between -1 and 1 and a 1 for each thing that is carried, or several such rows,",
    "window": "the planes of the window around the agent in a row, or several of them as rows,",
    "discrete": "the number of a state, or an array of them,",
    "box": "the environment's observation, flat, or several of them as rows,",
}

_PROGRAM = '''\
"""{title}: networks, exported by RL Sandbox {sandbox}. They need numpy alone.

    {card}

`act(observation)` takes {seen}
and gives {given}.
"""

import base64
import zlib

import numpy as np

ACTIONS = {actions}
SEEDS = {seeds}  # one network each
SHAPES = {shapes}  # inputs and outputs of each layer

_PACKED = (
{numbers}
)
NUMBERS = np.frombuffer(zlib.decompress(base64.b85decode(_PACKED)), "<f4").reshape({n_seeds}, -1)


def outputs(observation, replica=0):
    """What the network says: logits, action values, or what the numbers of an action are made from."""
    x, at = {input}.astype(np.float32), 0
    for layer, (n, m) in enumerate(SHAPES):
        if layer > 0:
            x = {activation}
        weight = NUMBERS[replica, at : at + n * m].reshape(n, m)
        bias = NUMBERS[replica, at + n * m : at + n * m + m]
        x, at = x @ weight + bias, at + n * m + m
    return x
'''

_ROWS = '''

def _seen(state):
    """A 1 at the number of a state among zeros."""
    return np.arange({n_states}) == np.asarray(state)[..., None]
'''

_NUMBERED = '''

def act(observation, replica=0):
    """Number of the best action; `ACTIONS` has the names."""
    action = outputs(observation, replica).argmax(axis=-1)
    return int(action) if action.ndim == 0 else action
'''

_CONTINUOUS = '''

LOW, HIGH = np.float32({low}), np.float32({high})


def act(observation, replica=0):
    """The numbers of the action, between LOW and HIGH."""
    numbers = outputs(observation, replica)[..., : LOW.size]
    return (LOW + HIGH) / 2 + (HIGH - LOW) / 2 * {squash}
'''

_STATE = '''

{size}


def state_of(row, column, carried=0):
    """The number of the state of an agent that stands on a cell."""
    return (row * WIDTH + column) * INVENTORY + carried


def observation_of(state):
    """What the network sees of a state, or of an array of them."""
    state = np.asarray(state)
{seen}
'''

_ACT_STATE = '''

def act_state(state, replica=0):
    """Number of the best action in a state, or in an array of them."""
    return act(observation_of(state), replica)
'''

_ACT_STATES = '''

def act_state(states, replica=0):
    """Number of the best action after the last {frames} states, the newest last, or in an array of them.

    An episode begins with its first state {frames} times over.
    """
    seen = observation_of(states)
    return act(seen.reshape(*seen.shape[:-2], -1), replica)
'''

_STATES = {
    "one_hot": "    return np.float32(np.arange(HEIGHT * WIDTH * INVENTORY) == state[..., None])",
    "xy": """\
    cell, carried = np.divmod(state, INVENTORY)
    row, column = np.divmod(cell, WIDTH)
    x, y = (2 * at / max(1, side - 1) - (side > 1) for at, side in ((column, WIDTH), (row, HEIGHT)))
    return np.float32(np.concatenate([np.stack([x, y], axis=-1), {bits}], axis=-1))""",
}
