"""Where the grid lies on a device, and the conversions between cells and pixels."""

import math
from dataclasses import dataclass

from PySide6.QtCore import QRectF

from rlsandbox.worlds.rules import Cell

Range = tuple[int, int, int, int]
"""First row, end row, first column, end column."""


@dataclass(frozen=True)
class View:
    """A grid on a device; everything in device pixels.

    Attributes:
        cell: side of a cell; whole, so that cells are crisp.
        left, top: the outer corner of cell (0, 0).
        width, height: size of the device.
        scale: device pixels in a logical pixel; text and strokes grow with it.
    """

    cell: float
    left: float
    top: float
    width: float
    height: float
    scale: float = 1.0

    @property
    def logical_cell(self) -> float:
        """Side of a cell in logical pixels, by which the level of detail goes."""
        return self.cell / self.scale

    def rect(self, row: float, column: float, rows: float = 1, columns: float = 1) -> QRectF:
        """The rectangle of a cell, or of a block of cells that begins there."""
        return QRectF(
            self.left + column * self.cell,
            self.top + row * self.cell,
            columns * self.cell,
            rows * self.cell,
        )

    def cell_at(self, x: float, y: float) -> Cell:
        """The cell under a device pixel; it may lie outside the world."""
        return math.floor((y - self.top) / self.cell), math.floor((x - self.left) / self.cell)

    def visible(self, height: int, width: int) -> Range:
        """The part of a grid of `height` x `width` cells that the device shows."""

        def span(start: float, extent: float, count: int) -> tuple[int, int]:
            first = min(max(math.floor(-start / self.cell), 0), count)
            end = min(max(math.ceil((extent - start) / self.cell), first), count)
            return first, end

        return (*span(self.top, self.height, height), *span(self.left, self.width, width))


def fitted(
    grid: tuple[int, int],
    size: tuple[float, float],
    scale: float = 1.0,
    margins: tuple[float, float, float, float] = (24, 24, 24, 24),
    largest: float = 96.0,
) -> View:
    """The view that shows a whole grid in the middle of a device.

    Args:
        grid: rows and columns.
        size: width and height of the device in device pixels.
        scale: device pixels in a logical pixel.
        margins: left, top, right, bottom; logical pixels.
        largest: longest side of a cell, in logical pixels.
    """
    rows, columns = grid
    left, top, right, bottom = (margin * scale for margin in margins)
    room = (size[0] - left - right) / columns, (size[1] - top - bottom) / rows
    cell = max(1, math.floor(min(*room, largest * scale)))
    x = left + (size[0] - left - right - columns * cell) / 2
    y = top + (size[1] - top - bottom - rows * cell) / 2
    return View(cell, round(x), round(y), size[0], size[1], scale)
