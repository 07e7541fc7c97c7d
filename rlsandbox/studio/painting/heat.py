"""Heatmaps and triangles: one scaled image on the screen, shapes in vector pictures."""

import functools
import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QImage, QPaintEngine, QPainter, QPen, QPixmap, QPolygonF, QRegion

from rlsandbox.marks import Heatmap, Triangles
from rlsandbox.studio.colormaps import is_bright, words
from rlsandbox.studio.painting.view import View
from rlsandbox.studio.theme import Theme

NOWHERE = -1
_VECTOR_ENGINES = {QPaintEngine.Type.SVG, QPaintEngine.Type.Pdf, QPaintEngine.Type.Picture}
_SMALLEST_TRIANGLES = 10.0  # logical pixels; below, a cell shows its largest value
_LARGEST_IMAGE = 1_000_000  # pixels; above, triangles are drawn coarser and scaled


def shades(mark: Heatmap | Triangles, values: NDArray[np.float64]) -> NDArray[np.intp]:
    """Indices 0 to 255 into the mark's colour scale, of the shape of `values`; `NOWHERE` for NaN."""
    low, span = mark.low, mark.high - mark.low
    if isinstance(mark, Heatmap) and mark.logarithmic:
        share = np.log1p(np.maximum(values - low, 0)) / math.log1p(span)
    else:
        share = (values - low) / span
    nowhere = np.isnan(values)
    index = np.rint(np.clip(np.where(nowhere, 0, share), 0, 1) * 255).astype(np.intp)
    index[nowhere] = NOWHERE
    return index


def brightness(mark: Heatmap | Triangles, bright: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """`[H, W]`: where ink must be dark, over the mark where it has values and over `bright` elsewhere."""
    values = mark.by_cell if isinstance(mark, Heatmap) else np.fmax.reduce(mark.values, axis=-1)
    index = shades(mark, values)
    return np.where(index == NOWHERE, bright, is_bright(mark.colormap)[index])


def paint_heatmap(painter: QPainter, mark: Heatmap, theme: Theme, view: View) -> None:
    """The part of a heatmap that is in view, as one image of a pixel a cell, or a smooth one."""
    if mark.per_cell == 1:
        _paint_cells(painter, mark, mark.values, view)
    else:
        _paint_surface(painter, mark, view)


def _paint_surface(painter: QPainter, mark: Heatmap, view: View) -> None:
    """Colours flow into each other inside of the cells that have values, and end sharply at their edges."""
    values, parts = mark.values, mark.per_cell
    if is_vector(painter):
        _paint_cells(painter, mark, values, replace(view, cell=view.cell / parts))
        return
    known = ~np.isnan(mark.by_cell)
    edges = np.diff(np.pad(known, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    region = QRegion()
    for (r, first), (_, end) in zip(np.argwhere(edges == 1), np.argwhere(edges == -1), strict=True):
        region += view.rect(int(r), int(first), 1, int(end - first)).toRect()
    colors = words(mark.colormap)[shades(mark, _spread(np.pad(values, 1, mode="edge")))]
    ring = 1 / parts
    rows, columns = values.shape
    target = view.rect(-ring, -ring, rows / parts + 2 * ring, columns / parts + 2 * ring)
    painter.save()
    painter.setClipRegion(region, Qt.ClipOperation.IntersectClip)
    _draw_words(painter, colors, target, smooth=True)
    painter.restore()


def _spread(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values that reach one place further, so that nothing fades where they end."""
    for axis in (0, 1):
        for shift in (1, -1):
            beside = np.roll(values, shift, axis=axis)
            values = np.where(np.isnan(values), beside, values)
    return values


def _paint_cells(
    painter: QPainter, mark: Heatmap | Triangles, values: NDArray[np.float64], view: View
) -> None:
    r0, r1, c0, c1 = view.visible(*values.shape)
    if r0 == r1 or c0 == c1:
        return
    colors = words(mark.colormap)[shades(mark, values[r0:r1, c0:c1])]
    if is_vector(painter):
        for (r, c), color in np.ndenumerate(colors):
            if color:
                painter.fillRect(view.rect(r0 + r, c0 + c), QColor.fromRgb(int(color)))
        return
    _draw_words(painter, colors, view.rect(r0, c0, r1 - r0, c1 - c0))


def paint_triangles(painter: QPainter, mark: Triangles, theme: Theme, view: View) -> None:
    """Four triangles in every cell that is in view; where cells are small, their largest value."""
    if view.logical_cell < _SMALLEST_TRIANGLES:
        _paint_cells(painter, mark, np.fmax.reduce(mark.values, axis=-1), view)
        return
    r0, r1, c0, c1 = view.visible(*mark.values.shape[:2])
    if r0 == r1 or c0 == c1:
        return
    colors = words(mark.colormap)[shades(mark, mark.values[r0:r1, c0:c1])]
    if is_vector(painter):
        _paint_triangle_shapes(painter, colors, view, r0, c0)
    else:
        rows, columns = colors.shape[:2]
        side = min(int(view.cell), max(8, math.isqrt(_LARGEST_IMAGE // (rows * columns))))
        _draw_words(
            painter, colors.ravel()[_triangle_words(rows, columns, side)], view.rect(r0, c0, rows, columns)
        )
    if view.logical_cell >= 20:
        _paint_diagonals(painter, np.asarray(colors.any(axis=-1)), theme, view, r0, c0)


@functools.lru_cache(maxsize=2)
def _triangle_words(rows: int, columns: int, side: int) -> NDArray[np.intp]:
    """`[rows * side, columns * side]`: which of the `[rows, columns, 4]` colours each pixel has.

    A pixel belongs to up, right, down or left by the diagonals of its cell between which it lies.
    """
    y, x = np.mgrid[0:side, 0:side] + 0.5
    above_falling, above_rising = y <= x, y <= side - x
    which = np.where(above_falling, np.where(above_rising, 0, 1), np.where(above_rising, 3, 2))
    cells = np.arange(rows * columns).reshape(rows, 1, columns, 1) * 4
    return (cells + which[:, None, :]).reshape(rows * side, columns * side)


def triangle(rect: QRectF, direction: int) -> QPolygonF:
    """The triangle of a cell for up, right, down or left (0 to 3)."""
    corners = [rect.topLeft(), rect.topRight(), rect.bottomRight(), rect.bottomLeft()]
    return QPolygonF([corners[direction], corners[(direction + 1) % 4], rect.center()])


def _paint_triangle_shapes(
    painter: QPainter, colors: NDArray[np.uint32], view: View, r0: int, c0: int
) -> None:
    painter.save()
    painter.setPen(Qt.PenStyle.NoPen)
    for (r, c, direction), color in np.ndenumerate(colors):
        if color:
            painter.setBrush(QBrush(QColor.fromRgb(int(color))))
            painter.drawPolygon(triangle(view.rect(r0 + r, c0 + c), direction))
    painter.restore()


def _paint_diagonals(
    painter: QPainter, filled: NDArray[np.bool_], theme: Theme, view: View, r0: int, c0: int
) -> None:
    pen = QPen(QColor(theme.panel), max(1.0, 0.018 * view.cell))
    size = int(view.cell)
    cross = QPixmap(size, size)
    cross.fill(Qt.GlobalColor.transparent)
    with QPainter(cross) as lines:
        _paint_cross(lines, QRectF(0, 0, size, size), pen)
    vector = is_vector(painter)
    for r, c in np.argwhere(filled).tolist():
        rect = view.rect(r0 + r, c0 + c)
        if vector:
            _paint_cross(painter, rect, pen)
        else:
            painter.drawPixmap(rect.topLeft(), cross)


def _paint_cross(painter: QPainter, rect: QRectF, pen: QPen) -> None:
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setOpacity(0.8)
    painter.setPen(pen)
    painter.drawLine(rect.topLeft(), rect.bottomRight())
    painter.drawLine(rect.topRight(), rect.bottomLeft())
    painter.restore()


def _draw_words(painter: QPainter, colors: NDArray[np.uint32], target: QRectF, smooth: bool = False) -> None:
    pixels = np.ascontiguousarray(colors)
    rows, columns = pixels.shape
    # Colours are opaque or nothing, hence premultiplied as they are. The image borrows the array's memory.
    image = QImage(pixels.data, columns, rows, 4 * columns, QImage.Format.Format_ARGB32_Premultiplied)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
    painter.drawImage(target, image, QRectF(0, 0, columns, rows))
    painter.restore()


def is_vector(painter: QPainter) -> bool:
    """Whether the picture is made of shapes (SVG), so that images would blur when it is enlarged."""
    return painter.paintEngine().type() in _VECTOR_ENGINES
