"""The potential: paints what shaping rewards."""

from __future__ import annotations

from collections.abc import Sequence

from rlsandbox.marks import Mark
from rlsandbox.overlays.potential import painted_potential
from rlsandbox.studio.tools.base import Keys, inside
from rlsandbox.studio.tools.brush import Brush
from rlsandbox.worlds.rules import Cell
from rlsandbox.worlds.world import World


class Potential(Brush):
    """A brush that gives cells the potential of the field under the tools."""

    id = "potential"
    title = "Potential"
    icon = "potential"
    tip = "Paint the potential that shaping uses. The right button takes it away."
    shortcut = "V"
    lays_tiles = False
    number = "Potential"

    def _covered(self, world: World, cells: Sequence[Cell], keys: Keys) -> World:
        potential = world.potential.copy()
        potential[inside(world, cells)] = 0.0 if self._erases else self._context.potential
        return world.replace(potential=potential)

    @property
    def text(self) -> str:
        """Paint or erase."""
        return "Erase potential" if self._erases else "Paint potential"

    def marks(self, world: World) -> tuple[Mark, ...]:
        """The painted potential."""
        return painted_potential(world)
