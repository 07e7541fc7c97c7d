"""The potential that somebody painted on the world."""

from __future__ import annotations

import numpy as np

from rlsandbox.marks import Heatmap, Mark
from rlsandbox.overlays.scene import Overlay, Scene, labels
from rlsandbox.worlds.world import World


class Potential(Overlay):
    """What potential-based shaping adds: gamma times the potential ahead less the potential here."""

    title = "Potential"
    tip = "The painted potential; shaping rewards a step towards a higher one."
    order = 132
    exclusive = "colour"

    def marks(self, scene: Scene) -> tuple[Mark, ...]:
        """A heatmap around zero."""
        return painted_potential(scene.world)


def painted_potential(world: World) -> tuple[Mark, ...]:
    """A heatmap around zero and its numbers; nothing where all is 0."""
    if not world.potential.any():
        return ()
    values = np.where(world.rule_layer("solid", False), np.nan, world.potential)
    most = float(np.nanmax(np.abs(values), initial=0.0)) or 1.0
    return Heatmap(values, -most, most, "diverging", "potential"), labels(values)
