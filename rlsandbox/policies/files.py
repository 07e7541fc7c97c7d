"""Policies as files: tables, networks and a card, in a format that holds no code.

A `.rlpolicy` file is a safetensors file with the tables `q` and `probs`, both float64 `[N, S, A]` (of
networks that see several frames `[N, T, A]`, in the order of `Stacks`), the arrays of networks where there
are any (see `network_arrays`), and one JSON object in its metadata: `format`, `version`, `card` (the fields
of `PolicyCard`), `world` (the world's own JSON) and `network` (how the networks are built, or null). Any
program that reads safetensors can read it.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from rlsandbox.policies.network_arrays import check_fits, from_arrays, to_arrays
from rlsandbox.policies.saved import PolicyCard, SavedPolicy, names_of
from rlsandbox.policies.tensors import load_tensors, save_tensors
from rlsandbox.worlds.errors import SandboxError, check
from rlsandbox.worlds.places import dumps, loads
from rlsandbox.worlds.world import World

FORMAT = "rlsandbox.policy"
VERSIONS = (1, 2, 3)  # 1 had no networks, and those of 2 saw one frame
SUFFIX = ".rlpolicy"
_MOST_DESCRIPTION = 64 * 2**20
MAX_BYTES = 2**30


def save_policy(policy: SavedPolicy, path: str | os.PathLike[str]) -> None:
    """Write a policy to a file, whole or not at all.

    Raises:
        SandboxError: the file cannot be written, or nobody would read it: it is too large.
    """
    arrays, network = ({}, None) if policy.network is None else to_arrays(policy.network)
    arrays = {"q": policy.q, "probs": policy.probs, **arrays}
    size = sum(array.nbytes for array in arrays.values())
    check(
        size < MAX_BYTES - _MOST_DESCRIPTION,
        f"the policy of {policy.n_seeds} seeds has {size / 2**20:,.0f} MB, more than a file may have "
        f"({MAX_BYTES / 2**20:,.0f} MB): train fewer seeds at once.",
        os.fspath(path),
    )
    card, world = policy.card.model_dump(mode="json"), dumps(policy.place)
    description = {"format": FORMAT, "version": VERSIONS[-1], "card": card, "world": world}
    save_tensors(path, arrays, {**description, "network": network})


def load_policy(path: str | os.PathLike[str]) -> SavedPolicy:
    """Read a `.rlpolicy` file.

    Raises:
        SandboxError: the file is missing, too large, damaged, or its parts do not fit each other.
    """
    arrays, description = load_tensors(path, FORMAT, VERSIONS, MAX_BYTES)
    place = os.fspath(path)
    check({"q", "probs"} <= set(arrays), 'the file must hold the tables "q" and "probs".', place)
    card = _card(description.get("card"), place)
    text, network = description.get("world"), None
    if not isinstance(text, str):
        raise SandboxError("the file holds no world.", place)
    try:
        world = loads(text)
    except SandboxError as error:
        raise SandboxError(f"its world is damaged: {error.message}", place) from None
    q, probs = arrays.pop("q"), arrays.pop("probs")
    if description.get("network") is not None:
        try:
            network = from_arrays(arrays, description["network"])
            check_fits(network, world, len(card.actions))
            fits = network.n_seeds == len(card.seeds)
            check(fits, f"its networks are of {network.n_seeds} seeds, its card of {len(card.seeds)}.")
        except SandboxError as error:
            raise SandboxError(error.message, place) from None
    check(
        not arrays, f"the file holds the array {next(iter(arrays), '')[:40]!r}, which nothing needs.", place
    )
    policy = SavedPolicy(q, probs, world, card, network=network)
    _check_tables(policy, place)
    drawn = isinstance(world, World)
    check(drawn or network is not None, "it holds no networks, which alone can act there.", place)
    check(drawn == (card.observation == "state"), "its card does not say what it sees.", place)
    return policy


def _card(found: Any, place: str) -> PolicyCard:
    try:
        return PolicyCard.model_validate(found, strict=False)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part)[:40] for part in first["loc"]) or "card"
        raise SandboxError(f"its card is damaged at {where}: {first['msg'][:120]}.", place) from None


def _check_tables(policy: SavedPolicy, place: str) -> None:
    world, card = policy.place, policy.card
    check(
        not isinstance(world, World) or card.actions == names_of(world),
        "the actions of its card are not those of its world.",
        place,
    )
    n_states = world.n_states if isinstance(world, World) else 0
    if n_states and policy.frames > 1:
        n_states = policy.stacks.mdp.n_states
    shape = (len(card.seeds), n_states, len(card.actions))
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
