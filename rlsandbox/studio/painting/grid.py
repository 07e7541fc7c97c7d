"""The thin lines between cells."""

from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QPainter, QPixmap

from rlsandbox.studio.painting.view import Range, View
from rlsandbox.studio.theme import Theme


def grid_ink(theme: Theme, view: View, over_values: bool) -> QColor:
    """The lines' colour, fading away as cells get small; pale lines would be lost on bare light ground."""
    ink = QColor(theme.grid if over_values or theme.name == "dark" else theme.line)
    strength = min(1.0, max(0.0, (view.logical_cell - 4) / 8))
    ink.setAlphaF(ink.alphaF() * strength)
    return ink


def paint_grid(painter: QPainter, ink: QColor, view: View, cells: Range) -> None:
    """The lines between the cells of a range; each fills the first pixels of its cell."""
    r0, r1, c0, c1 = cells
    if ink.alpha() == 0:
        return
    area = view.rect(r0, c0, r1 - r0, c1 - c0)
    thick = _thickness(view)
    for c in range(max(c0, 1), c1):
        painter.fillRect(QRectF(view.left + c * view.cell, area.top(), thick, area.height()), ink)
    for r in range(max(r0, 1), r1):
        painter.fillRect(QRectF(area.left(), view.top + r * view.cell, area.width(), thick), ink)


def tile_grid(painter: QPainter, ink: QColor, view: View, cells: Range) -> None:
    """The same on an empty picture whose corner is the range's first cell, many times faster.

    One cell's share of the lines is laid out like tiles; what this puts on the world's own edge is wiped off.
    """
    r0, r1, c0, c1 = cells
    size, thick = int(view.cell), int(_thickness(view))
    width, height = (c1 - c0) * size, (r1 - r0) * size
    if ink.alpha() == 0 or width == 0 or height == 0:
        return
    picture = QPixmap(size, size)
    picture.fill(QColor(0, 0, 0, 0))
    with QPainter(picture) as lines:
        lines.fillRect(0, 0, size, thick, ink)
        lines.fillRect(0, thick, thick, size - thick, ink)
    painter.drawTiledPixmap(0, 0, width, height, picture)
    painter.save()
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Clear)
    if r0 == 0:
        painter.fillRect(0, 0, width, thick, ink)
    if c0 == 0:
        painter.fillRect(0, 0, thick, height, ink)
    painter.restore()


def _thickness(view: View) -> float:
    return max(1.0, round(view.scale))
