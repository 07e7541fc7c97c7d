"""The models of a world over time, as its schedule changes it."""

from __future__ import annotations

import bisect

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
        SandboxError: a change would add or take away keys, coins or arms, and with them states or actions.
    """

    def __init__(self, world: World) -> None:
        self._changes = [change.step for change in world.schedule]
        self.worlds = (world, *(world.at_step(change.step) for change in world.schedule))
        self.models: list[TabularMDP] = [compile_world(world)]
        for before, after in zip(self.worlds, self.worlds[1:], strict=False):
            if after.n_states != world.n_states or after.things.coins != world.things.coins:
                raise SandboxError(
                    "the schedule changes what can be carried: keep a key or door of each colour, and coins.",
                    "schedule",
                )
            if len(after.actions) != len(world.actions):
                raise SandboxError("the schedule changes the arms of a bandit: keep them.", "schedule")
            self.models.append(recompile(self.models[-1], before, after))

    def at(self, step: int) -> int:
        """Number of the stage after so many steps."""
        return bisect.bisect_right(self._changes, step)

    def split(self, steps: NDArray[np.int64]) -> list[tuple[int, NDArray[np.bool_]]]:
        """The stages that copies are in after so many `steps` `[N]`, each with who is in it `[N]`."""
        if not self._changes:
            return [(0, np.ones(steps.shape, np.bool_))]
        stage = np.searchsorted(self._changes, steps, side="right")
        return [(int(k), stage == k) for k in np.unique(stage)]
