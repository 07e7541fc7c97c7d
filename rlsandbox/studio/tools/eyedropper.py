"""The eyedropper."""

from rlsandbox.studio.tools.base import Keys, Tool, ToolContext
from rlsandbox.worlds.rules import Cell
from rlsandbox.worlds.tiles import CODE, NOTHING
from rlsandbox.worlds.world import World


class Eyedropper(Tool):
    """Takes up the tile under the pointer, and leaves the world as it is."""

    id = "eyedropper"
    title = "Eyedropper"
    icon = "eyedropper"
    tip = "Take up the tile under the pointer."
    shortcut = "I"
    paints = False

    def __init__(self) -> None:
        """Nothing has been picked yet."""
        self._world: World | None = None

    def press(self, world: World, cell: Cell, keys: Keys, context: ToolContext) -> World:
        """Pick."""
        self._world = world
        return self.drag(cell, keys)

    def drag(self, cell: Cell, keys: Keys) -> World:
        """Pick there instead."""
        world = self._world
        assert world is not None
        if 0 <= cell[0] < world.height and 0 <= cell[1] < world.width:
            self.picked = tile_under(world, cell)
        return world


def tile_under(world: World, cell: Cell) -> ToolContext:
    """What one would paint to get a cell's look: its object, else its terrain, else its wind."""
    wind = int(world.wind[cell][0]), int(world.wind[cell][1])
    bare = world.objects[cell] == NOTHING and world.terrain[cell] == CODE["floor"]
    if bare and wind != (0, 0):
        return ToolContext("wind", wind)
    return ToolContext(world.tile_at(cell).id)
