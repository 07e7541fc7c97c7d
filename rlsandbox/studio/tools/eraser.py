"""The eraser: a brush of bare floor, without drawn arrows and potential."""

from collections.abc import Sequence
from dataclasses import replace

from rlsandbox.studio.tools.base import Keys, ToolContext, inside
from rlsandbox.studio.tools.brush import Brush
from rlsandbox.worlds.rules import Cell
from rlsandbox.worlds.world import World


class Eraser(Brush):
    """Gives cells back their bare floor."""

    id = "eraser"
    title = "Eraser"
    icon = "eraser"
    tip = "Give cells back their bare floor."
    shortcut = "E"
    lays_tiles = False

    def press(self, world: World, cell: Cell, keys: Keys, context: ToolContext) -> World:
        """Begin to erase, with either button."""
        return super().press(world, cell, replace(keys, erase=True), context)

    def _covered(self, world: World, cells: Sequence[Cell], keys: Keys) -> World:
        policy, potential = world.policy.copy(), world.potential.copy()
        at = inside(world, cells)
        policy[at], potential[at] = -1, 0.0
        bare = world.replace(policy=policy, potential=potential)
        # on a world of tables there is nothing else to erase
        return bare if world.tables is not None and bare != world else super()._covered(bare, cells, keys)
