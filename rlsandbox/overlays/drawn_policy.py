"""The policy that somebody drew on the world."""

from __future__ import annotations

import numpy as np

from rlsandbox.marks import Arrows, Labels, Mark
from rlsandbox.overlays.scene import Overlay, Scene
from rlsandbox.worlds.world import World


class DrawnPolicy(Overlay):
    """What prediction evaluates when its policy is "drawn"."""

    title = "Drawn policy"
    tip = "The arrows that were drawn on the world; prediction can learn their values."
    order = 130
    group = "Policy"
    exclusive = "arrows"

    def marks(self, scene: Scene) -> tuple[Mark, ...]:
        """The arrows of the world."""
        return drawn_policy(scene.world)


def drawn_policy(world: World) -> tuple[Mark, ...]:
    """An arrow for each drawn action, or its number where actions lead nowhere, as in a bandit."""
    rows, columns = np.nonzero(world.policy >= 0)
    if rows.size == 0:
        return ()
    moves = np.array([(action.rows, action.columns) for action in world.actions], np.float64)
    if not moves.any():
        first = 1.0 if len(world.arms) else 0.0  # arms count from one
        return (Labels(np.where(world.policy >= 0, world.policy + first, np.nan), 0),)
    return (Arrows(rows, columns, moves[world.policy[rows, columns]], np.ones(rows.size)),)
