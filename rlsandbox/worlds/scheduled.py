"""The models of a world over time, as its schedule changes it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsandbox.worlds.errors import SandboxError
from rlsandbox.worlds.mdp import TabularMDP, compile_world, recompile
from rlsandbox.worlds.world import World


class Stages:
    """A world's drawings and models in the order in which its schedule brings them.

    Args:
        world: the world as it is before the first step.

    Raises:
        SandboxError: a change would add or take away the only key and door, and with them states.
    """

    def __init__(self, world: World) -> None:
        self._changes = np.array([change.step for change in world.schedule], np.int64)
        self.worlds = (world, *(world.at_step(change.step) for change in world.schedule))
        self.models: list[TabularMDP] = [compile_world(world)]
        for before, after in zip(self.worlds, self.worlds[1:], strict=False):
            if after.n_states != world.n_states:
                raise SandboxError(
                    "the schedule changes what can be carried: keep one key or door.", "schedule"
                )
            self.models.append(recompile(self.models[-1], before, after))

    def at(self, steps: int | NDArray[np.int64]) -> Any:
        """Number of the stage after so many steps, of the same shape as `steps`."""
        return np.searchsorted(self._changes, steps, side="right")
