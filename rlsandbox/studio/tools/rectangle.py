"""The rectangle."""

from collections.abc import Sequence

from rlsandbox.studio.tools.base import CellsTool, Keys, Region
from rlsandbox.worlds.rules import Cell


class Rectangle(CellsTool):
    """A filled block, or its outline."""

    id = "rectangle"
    title = "Rectangle"
    icon = "rectangle"
    tip = "Fill a block. Shift draws its outline, the right button erases."
    shortcut = "U"

    def cells(self, start: Cell, cell: Cell, keys: Keys) -> Sequence[Cell]:
        """The cells of the block."""
        block = Region.between(start, cell)
        if not keys.shift:
            return block.cells()
        inner = Region(block.top + 1, block.left + 1, block.bottom - 1, block.right - 1)
        return [each for each in block.cells() if each not in inner]
