"""Policies for other programs: a table in CSV, and a Python file that needs numpy alone."""

from __future__ import annotations

import base64
import csv
import io
import json
import os
import textwrap
import zlib

import numpy as np

from rlsandbox.policies.saved import SavedPolicy
from rlsandbox.worlds.disk import write_atomically
from rlsandbox.worlds.mdp import compile_world


def write_csv(policy: SavedPolicy, path: str | os.PathLike[str]) -> None:
    """Write a table with one row for each seed and each state in which an agent can act.

    Columns: `seed, row, column, carried`, then `q_<action>` and `p_<action>` for every action, then `v`.
    Numbers are written so that reading them gives the very same floats.

    Raises:
        SandboxError: the file cannot be written.
    """
    world = policy.world
    names = [name.replace(" ", "_") for name in policy.card.actions]
    live = np.flatnonzero(compile_world(world.at_step(0)).live)
    text = io.StringIO(newline="")
    table = csv.writer(text, lineterminator="\n")
    table.writerow(
        ["seed", "row", "column", "carried", *(f"q_{n}" for n in names), *(f"p_{n}" for n in names), "v"]
    )
    for replica, seed in enumerate(policy.card.seeds):
        for state in live.tolist():
            q, probs = policy.q[replica, state].tolist(), policy.probs[replica, state].tolist()
            table.writerow([seed, *world.cell_of(state), state % world.inventory, *q, *probs, max(q)])
    write_atomically(path, text.getvalue().encode())


def write_python(policy: SavedPolicy, path: str | os.PathLike[str]) -> None:
    """Write a Python file that needs numpy alone; its `act(observation)` is that of the policy.

    Raises:
        SandboxError: the file cannot be written.
    """
    write_atomically(path, python_source(policy).encode())


def python_source(policy: SavedPolicy) -> str:
    """The text that `write_python` writes."""
    world, card = policy.world, policy.card
    packed = base64.b85encode(zlib.compress(policy.greedy_actions.astype("u1").tobytes(), 9)).decode()
    lines = textwrap.wrap(packed, 100) or [""]
    return _PROGRAM.format(
        title=_plain(f"{card.title} on {world.name}"),
        sandbox=card.sandbox,
        card=_plain(json.dumps({"config": card.config, "seeds": card.seeds})),
        actions=json.dumps(list(card.actions)),
        height=world.height,
        width=world.width,
        inventory=world.inventory,
        seeds=card.seeds,
        n_seeds=policy.n_seeds,
        n_states=world.n_states,
        table="\n".join(f'    "{line}"' for line in lines),
    )


def _plain(text: str) -> str:
    """Text that cannot end the docstring in which it stands."""
    return text.encode("ascii", "replace").decode().replace("\\", "/").replace('"', "'")


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
