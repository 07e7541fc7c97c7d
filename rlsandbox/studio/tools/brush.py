"""The brush: covers the cells under the pointer."""

from collections.abc import Sequence

from rlsandbox.studio.tools.base import CellsTool, Keys, ToolContext, line
from rlsandbox.worlds.rules import Cell
from rlsandbox.worlds.world import World


class Brush(CellsTool):
    """Paints freehand; a fast pointer leaves no holes."""

    id = "brush"
    title = "Brush"
    icon = "brush"
    tip = "Paint cells. Right button erases, Alt picks the tile under the pointer."
    shortcut = "B"
    links_ends = True

    def __init__(self) -> None:
        """Nothing has been drawn yet."""
        super().__init__()
        self._path: dict[Cell, None] = {}  # a set that keeps its order
        self._last: Cell = (0, 0)

    def press(self, world: World, cell: Cell, keys: Keys, context: ToolContext) -> World:
        """Begin."""
        self._path, self._last = {}, cell
        return super().press(world, cell, keys, context)

    def cells(self, start: Cell, cell: Cell, keys: Keys) -> Sequence[Cell]:
        """The first cell, and all that the pointer has come over, the newest last."""
        for passed in line(self._last, cell):
            self._path.pop(passed, None)
            self._path[passed] = None
        self._last = cell
        return [start, *self._path]
