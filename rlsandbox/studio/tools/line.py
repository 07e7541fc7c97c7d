"""The line."""

from collections.abc import Sequence

from rlsandbox.studio.tools.base import CellsTool, Keys, line
from rlsandbox.worlds.rules import Cell


class Line(CellsTool):
    """A straight line from where the pointer was pressed."""

    id = "line"
    title = "Line"
    icon = "line"
    tip = "Draw a straight line. Shift keeps it straight or diagonal, the right button erases."
    shortcut = "L"
    links_ends = True

    def cells(self, start: Cell, cell: Cell, keys: Keys) -> Sequence[Cell]:
        """The cells of the line."""
        return line(start, _snapped(start, cell) if keys.shift else cell)


def _snapped(start: Cell, cell: Cell) -> Cell:
    """The end that makes the line horizontal, vertical or diagonal, whichever is nearest."""
    rows, columns = cell[0] - start[0], cell[1] - start[1]
    if 2 * abs(rows) < abs(columns):
        return start[0], cell[1]
    if 2 * abs(columns) < abs(rows):
        return cell[0], start[1]
    length = max(abs(rows), abs(columns))
    return start[0] + (length if rows > 0 else -length), start[1] + (length if columns > 0 else -length)
