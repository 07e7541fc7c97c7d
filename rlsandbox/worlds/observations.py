"""What an agent sees of a state: one row of `OBSERVATIONS` is one way of seeing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rlsandbox.worlds.errors import SandboxError
from rlsandbox.worlds.world import World


@dataclass(frozen=True)
class Observation:
    """One way of seeing states.

    Attributes:
        id: name in configurations and on the command line.
        title: one sentence for people.
        size: World -> D, the length of an observation; None for the state's number itself.
        encode: (World, states `[...]`) -> observations `[...]` int64, or `[..., D]` float32 between 0 and 1.
    """

    id: str
    title: str
    size: Callable[[World], int] | None
    encode: Callable[[World, NDArray[np.integer[Any]]], NDArray[Any]]


def _state(world: World, states: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    return states.astype(np.int64)


def _one_hot(world: World, states: NDArray[np.integer[Any]]) -> NDArray[np.float32]:
    seen = np.zeros((*states.shape, world.n_states), np.float32)
    np.put_along_axis(seen, states[..., None].astype(np.intp), 1.0, axis=-1)
    return seen


def _hands(world: World) -> int:
    """Numbers that say what is carried: one a thing, or one a state of the cell in a table."""
    if world.tables is not None:
        return world.inventory if world.inventory > 1 else 0
    return world.things.count


def _xy(world: World, states: NDArray[np.integer[Any]]) -> NDArray[np.float32]:
    cell, carried = np.divmod(states, world.inventory)
    row, column = np.divmod(cell, world.width)
    seen = [column / max(1, world.width - 1), row / max(1, world.height - 1)]
    if world.tables is not None:
        seen += [carried == which for which in range(_hands(world))]
    else:
        seen += [carried >> thing & 1 for thing in range(_hands(world))]
    return np.stack(seen, axis=-1).astype(np.float32)


OBSERVATIONS: dict[str, Observation] = {
    observation.id: observation
    for observation in (
        Observation("state", "The state's number.", None, _state),
        Observation(
            "one_hot", "A 1 at the state's number among zeros.", lambda world: world.n_states, _one_hot
        ),
        Observation(
            "xy",
            "Column and row between 0 and 1, and a 1 for each thing that is carried.",
            lambda world: 2 + _hands(world),
            _xy,
        ),
    )
}


def observation(name: str) -> Observation:
    """The way of seeing of that name.

    Raises:
        SandboxError: there is none.
    """
    if name not in OBSERVATIONS:
        known = ", ".join(OBSERVATIONS)
        raise SandboxError(f"there is no observation {name!r}; choose one of {known}.", "observation")
    return OBSERVATIONS[name]


def observe(world: World, states: ArrayLike, name: str = "state") -> NDArray[Any]:
    """Observations of states.

    Args:
        world: whose states they are.
        states: `[...]` integers.
        name: a key of `OBSERVATIONS`.

    Returns:
        `[...]` int64 for "state", else `[..., D]` float32.
    """
    return observation(name).encode(world, np.asarray(states))
