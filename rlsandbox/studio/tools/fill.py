"""The flood fill."""

from collections.abc import Sequence

from rlsandbox.studio.tools.base import CellsTool, Keys, ToolContext
from rlsandbox.worlds.rules import Cell
from rlsandbox.worlds.world import World


class Fill(CellsTool):
    """Covers all cells that look the same and hang together."""

    id = "fill"
    title = "Fill"
    icon = "fill"
    tip = "Fill cells of one kind that hang together. The right button erases them."
    shortcut = "F"

    def __init__(self) -> None:
        """Nothing has been drawn yet."""
        super().__init__()
        self._area: list[Cell] = []

    def press(self, world: World, cell: Cell, keys: Keys, context: ToolContext) -> World:
        """Fill the area that holds the cell."""
        self._area = flood(world, cell)
        return super().press(world, cell, keys, context)

    def cells(self, start: Cell, cell: Cell, keys: Keys) -> Sequence[Cell]:
        """The area, wherever the pointer went since."""
        return self._area


def flood(world: World, cell: Cell) -> list[Cell]:
    """The cells that hang together with one by their edges and have its terrain, object and wind."""

    def look(r: int, c: int) -> tuple[int, int, int, int]:
        return (
            int(world.terrain[r, c]),
            int(world.objects[r, c]),
            int(world.wind[r, c, 0]),
            int(world.wind[r, c, 1]),
        )

    wanted = look(*cell)
    seen, waiting = {cell}, [cell]
    while waiting:
        r, c = waiting.pop()
        for near in ((r - 1, c), (r, c + 1), (r + 1, c), (r, c - 1)):
            if near in seen or not (0 <= near[0] < world.height and 0 <= near[1] < world.width):
                continue
            if look(*near) == wanted:
                seen.add(near)
                waiting.append(near)
    return sorted(seen)
