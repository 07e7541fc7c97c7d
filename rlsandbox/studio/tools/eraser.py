"""The eraser: a brush of bare floor."""

from dataclasses import replace

from rlsandbox.studio.tools.base import Keys, ToolContext
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
