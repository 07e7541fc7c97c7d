"""Policies for other programs: a table in CSV, and a Python file that needs numpy alone."""

from __future__ import annotations

import csv
import io
import json
import os

import numpy as np

from rlsandbox.policies.network_program import network_source
from rlsandbox.policies.program_text import packed, plain
from rlsandbox.policies.saved import SavedPolicy
from rlsandbox.worlds.disk import write_atomically
from rlsandbox.worlds.errors import check


def write_csv(policy: SavedPolicy, path: str | os.PathLike[str]) -> None:
    """Write a table with one row for each seed and each state in which an agent can act.

    Of a policy that sees several frames a row is one way to have come to a state. Columns: `seed, row,
    column, carried`, for each earlier frame `row_1_before` and so on, then `q_<action>` and `p_<action>` for
    every action, then `v`.
    Numbers are written so that reading them gives the very same floats.

    Raises:
        SandboxError: the policy has no table, or the file cannot be written.
    """
    table, world, stacks = policy.table, policy.world, policy.stacks
    names = [name.replace(" ", "_") for name in policy.card.actions]
    ages = ["", *(f"_{age}_before" for age in range(1, stacks.frames))]
    places = [f"{part}{age}" for age in ages for part in ("row", "column", "carried")]
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["seed", *places, *(f"q_{n}" for n in names), *(f"p_{n}" for n in names), "v"])
    for replica, seed in enumerate(policy.card.seeds):
        for number in np.flatnonzero(stacks.mdp.live).tolist():
            states = stacks.states[number, ::-1].tolist()
            where = [part for s in states for part in (*world.cell_of(s), s % world.inventory)]
            q, probs = table.q[replica, number].tolist(), table.probs[replica, number].tolist()
            rows.writerow([seed, *where, *q, *probs, max(q)])
    write_atomically(path, text.getvalue().encode())


def write_python(policy: SavedPolicy, path: str | os.PathLike[str]) -> None:
    """Write a Python file that needs numpy alone; its `act(observation)` is that of the policy.

    Networks without convolutions are written as they are, all others as their table.

    Raises:
        SandboxError: the file cannot be written.
    """
    write_atomically(path, python_source(policy).encode())


def python_source(policy: SavedPolicy) -> str:
    """The text that `write_python` writes."""
    network, card = policy.network, policy.card
    if network is not None and not network.acting.looks:
        return network_source(policy, network)
    actions, world = policy.greedy_actions, policy.world
    check(policy.frames == 1, "networks with convolutions that see several frames are no table: choose onnx.")
    return _PROGRAM.format(
        title=plain(f"{card.title} on {world.name}"),
        sandbox=card.sandbox,
        card=plain(json.dumps({"config": card.config, "seeds": card.seeds})),
        actions=json.dumps(list(card.actions)),
        height=world.height,
        width=world.width,
        inventory=world.inventory,
        seeds=card.seeds,
        n_seeds=policy.n_seeds,
        n_states=world.n_states,
        table=packed(actions.astype("u1").tobytes()),
    )


_PROGRAM = '''\
"""{title}: a greedy policy, exported by RL Sandbox {sandbox}. It needs numpy alone.

    {card}

`act(observation)` takes the number of a state, `(row * WIDTH + column) * INVENTORY + carried`, or an array of
them, and gives the number of an action; among equally good ones that with the lowest number.
"""

import base64
import zlib

import numpy as np

ACTIONS = {actions}
HEIGHT, WIDTH, INVENTORY = {height}, {width}, {inventory}
SEEDS = {seeds}  # one policy each

_TABLE = (
{table}
)
BEST_ACTION = np.frombuffer(zlib.decompress(base64.b85decode(_TABLE)), np.uint8)
BEST_ACTION = BEST_ACTION.reshape({n_seeds}, {n_states})


def state_of(row, column, carried=0):
    """The observation of an agent that stands on a cell."""
    return (row * WIDTH + column) * INVENTORY + carried


def act(observation, replica=0):
    """Number of the best action in a state; `ACTIONS` has the names."""
    action = BEST_ACTION[replica, observation]
    return int(action) if action.ndim == 0 else action.astype(np.int64)
'''
