"""Where episodes begin in a world."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rlsandbox.worlds.errors import SandboxError

if TYPE_CHECKING:
    from rlsandbox.worlds.world import World


def start_weights(world: World) -> NDArray[np.float64]:
    """`[H, W]`: weights of the cells in which episodes begin.

    All free cells where no start is drawn, every cell where none is free.
    """
    solid = world.rule_layer("solid", False)
    weight = np.where(world.rule_layer("is_start", False) & ~solid, world.weight, 0.0)
    if world.rules.start == "uniform" or not weight.any():
        closed = world.rule_layer("opens_with", -1) >= 0
        blocked = solid | world.rule_layer("terminal", False) | world.rule_layer("restarts", False) | closed
        weight = np.where(blocked, 0.0, 1.0)
    if not weight.any():
        weight = np.where(solid, 0.0, 1.0)
    if not weight.any():
        raise SandboxError("every cell is a wall: leave at least one free.", "world")
    return weight


def start_distribution(world: World) -> NDArray[np.float64]:
    """`[S]`: start distribution; who begins on a key has it, a coin must be entered."""
    weight, things = start_weights(world), world.things
    has = (things.pickup >= 0) & ~things.once
    carried = np.where(has, 1 << np.maximum(things.pickup, 0), 0).ravel()
    start = np.zeros(world.n_states)
    start[np.arange(weight.size) * world.inventory + carried] = (weight / weight.max()).ravel()
    return start / start.sum()


def restarting_starts(world: World) -> int:
    """How many places a cliff sends an agent back to; 1 where there is no cliff."""
    if not world.rule_layer("restarts", False).any():
        return 1
    return int(np.count_nonzero(start_weights(world)))
