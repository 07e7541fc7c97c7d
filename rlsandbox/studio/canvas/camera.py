"""Zoom and place of the grid in the canvas; everything in device pixels. Knows no widget."""

from rlsandbox.studio.painting.view import View, fitted
from rlsandbox.worlds.rules import Cell

SMALLEST, LARGEST = 2.0, 256.0
"""Side of a cell in logical pixels."""
_SIDE, _TOP, _BOTTOM = 20.0, 20.0, 44.0  # logical pixels around a fitted grid; the legend stands below it
_KEPT = 48.0  # logical pixels of the grid that never leave the canvas


class Camera:
    """Shows the whole grid until somebody zooms or pans."""

    def __init__(self) -> None:
        """A grid of one cell in a device of one pixel, for a start."""
        self._grid = (1, 1)
        self._size = (1.0, 1.0)
        self._scale = 1.0
        self._wanted = 1.0  # the zoom before it was rounded to whole pixels
        self._above = 0.0
        self.follows = True
        self.view = View(1, 0, 0, 1, 1)

    def set_grid(self, height: int, width: int) -> None:
        """Show a grid of another size; a changed one is fitted again."""
        if (height, width) != self._grid:
            self._grid = (height, width)
            self.fit()

    def set_device(self, width: float, height: float, scale: float) -> None:
        """The canvas has a new size; what lay in its middle stays there."""
        old, same_scale = self.view, scale == self._scale
        self._size, self._scale = (width, height), scale
        if self.follows or not same_scale:
            self.fit()
        else:
            self._place(old.cell, old.left + (width - old.width) / 2, old.top + (height - old.height) / 2)

    def set_room_above(self, height: float) -> None:
        """Leave room above a fitted grid, in logical pixels."""
        if height != self._above:
            self._above = height
            if self.follows:
                self.fit()

    def fit(self) -> None:
        """Show the whole grid, and go on doing so."""
        self.follows = True
        self.view = self._fitted()
        if self.view.cell < SMALLEST * self._scale:
            middle = self._size[0] / 2, self._size[1] / 2
            cell = round(SMALLEST * self._scale)
            self._place(cell, middle[0] - self._grid[1] * cell / 2, middle[1] - self._grid[0] * cell / 2)
        self._wanted = self.view.cell

    def _fitted(self) -> View:
        margins = (_SIDE, _TOP + self._above, _SIDE, _BOTTOM)
        return fitted(self._grid, self._size, self._scale, margins)

    @property
    def zoom(self) -> float:
        """Size of a cell, where 1 shows the whole grid."""
        return self.view.cell / max(1.0, self._fitted().cell)

    def zoom_by(self, factor: float, x: float, y: float) -> None:
        """Zoom so that what lies under a device pixel stays there."""
        smallest = min(SMALLEST * self._scale, self._fitted().cell)
        self._wanted = min(max(self._wanted * factor, smallest), LARGEST * self._scale)
        cell = max(1, round(self._wanted))
        if cell == self.view.cell:
            return
        self.follows = False
        ratio = cell / self.view.cell
        self._place(cell, x - (x - self.view.left) * ratio, y - (y - self.view.top) * ratio)

    def pan_by(self, x: float, y: float) -> None:
        """Move the grid."""
        self.follows = False
        self._place(self.view.cell, self.view.left + x, self.view.top + y)

    def reveal(self, cell: Cell) -> None:
        """Move the grid as little as needed to bring a cell into view."""
        rect = self.view.rect(*cell)
        margin = min(self.view.cell, 0.2 * min(self._size))

        def step(low: float, high: float, extent: float) -> float:
            if low < margin:
                return min(margin - low, extent - margin - high)
            return min(0.0, extent - margin - high)

        x = step(rect.left(), rect.right(), self._size[0])
        y = step(rect.top(), rect.bottom(), self._size[1])
        inside = rect.left() >= 0 and rect.right() <= self._size[0]
        if not (inside and rect.top() >= 0 and rect.bottom() <= self._size[1]):
            self.pan_by(x, y)

    def _place(self, cell: float, left: float, top: float) -> None:
        rows, columns = self._grid
        kept = _KEPT * self._scale

        def kept_in(start: float, extent: float, room: float) -> int:
            return round(min(max(start, min(kept, room / 2) - extent), room - min(kept, room / 2)))

        width, height = self._size
        self.view = View(
            cell,
            kept_in(left, columns * cell, width),
            kept_in(top, rows * cell, height),
            width,
            height,
            self._scale,
        )
