"""Policies as files: tables and a card, in a format that holds no code.

A `.rlpolicy` file is a safetensors file with the tables `q` and `probs`, both float64 `[N, S, A]`, and one
JSON object in its metadata: `format`, `version`, `card` (the fields of `PolicyCard`) and `world` (the world's
own JSON). Any program that reads safetensors can read it.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from rlsandbox.policies.saved import PolicyCard, SavedPolicy
from rlsandbox.policies.tensors import load_tensors, save_tensors
from rlsandbox.worlds.errors import SandboxError, check
from rlsandbox.worlds.files import dumps, loads

FORMAT = "rlsandbox.policy"
VERSIONS = (1,)
SUFFIX = ".rlpolicy"
MAX_BYTES = 512 * 2**20


def save_policy(policy: SavedPolicy, path: str | os.PathLike[str]) -> None:
    """Write a policy to a file, whole or not at all.

    Raises:
        SandboxError: the file cannot be written.
    """
    card = policy.card.model_dump(mode="json")
    description = {"format": FORMAT, "version": VERSIONS[-1], "card": card, "world": dumps(policy.world)}
    save_tensors(path, {"q": policy.q, "probs": policy.probs}, description)


def load_policy(path: str | os.PathLike[str]) -> SavedPolicy:
    """Read a `.rlpolicy` file.

    Raises:
        SandboxError: the file is missing, too large, damaged, or its parts do not fit each other.
    """
    arrays, description = load_tensors(path, FORMAT, VERSIONS, MAX_BYTES)
    place = os.fspath(path)
    check(
        set(arrays) == {"q", "probs"}, 'the file must hold the tables "q" and "probs", nothing else.', place
    )
    card = _card(description.get("card"), place)
    world = description.get("world")
    if not isinstance(world, str):
        raise SandboxError("the file holds no world.", place)
    try:
        policy = SavedPolicy(arrays["q"], arrays["probs"], loads(world), card)
    except SandboxError as error:
        raise SandboxError(f"its world is damaged: {error.message}", place) from None
    _check_tables(policy, place)
    return policy


def _card(found: Any, place: str) -> PolicyCard:
    try:
        return PolicyCard.model_validate(found, strict=False)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part)[:40] for part in first["loc"]) or "card"
        raise SandboxError(f"its card is damaged at {where}: {first['msg'][:120]}.", place) from None


def _check_tables(policy: SavedPolicy, place: str) -> None:
    world, card = policy.world, policy.card
    shape = (len(card.seeds), world.n_states, len(world.actions))
    for name in ("q", "probs"):
        table: NDArray[Any] = getattr(policy, name)
        check(table.dtype == np.float64, f"the table {name!r} must hold float64 numbers.", place)
        check(
            table.shape == shape,
            f"the table {name!r} is {table.shape}, but card and world say {shape}.",
            place,
        )
        check(bool(np.isfinite(table).all()), f"the table {name!r} holds NaN or infinite numbers.", place)
    sums = policy.probs.sum(axis=-1)
    check(
        bool((policy.probs >= 0).all() and (np.abs(sums - 1) < 1e-6).all()),
        "the probabilities of a state must be 0 or more and sum to 1.",
        place,
    )
    lists = ("steps", "episodes", "greedy_return", "oracle_gap")
    check(
        all(len(getattr(card, name)) == len(card.seeds) for name in lists),
        "the lists of its card have different lengths.",
        place,
    )
    check(
        card.actions == tuple(action.name for action in world.actions),
        "the actions of its card are not those of its world.",
        place,
    )
