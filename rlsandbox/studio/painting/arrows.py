"""Arrows: one small picture for each direction, length and ink, placed wherever it is needed."""

import math
from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap

from rlsandbox.marks import Arrows
from rlsandbox.studio.painting.heat import is_vector
from rlsandbox.studio.painting.view import View

MOST_GLYPHS = 6000
"""Arrows in one frame at most; where there are more cells, neighbours share one."""
_SMALLEST_PITCH = 11.0  # logical pixels between arrows
_FIELD_PITCH = 20.0
"""The same where they stand for the parts of cells: forces are read as a field, one by one."""
_ANGLES, _LENGTHS = 96, 12
_DOT = -1

INK = {False: "#ffffff", True: "#14161b"}
"""Ink by whether the ground is bright."""


def paint_arrows(
    painter: QPainter, mark: Arrows, bright: NDArray[np.bool_], view: View, lift: float = 0.0
) -> None:
    """Paint the arrows that are in view.

    Args:
        painter: where to.
        mark: the arrows.
        bright: `[H, W]`, where ink must be dark.
        view: the grid's place.
        lift: how far above the middle of its cell an arrow stands, as a share of the cell.
    """
    if mark.per_cell > 1:  # the parts are cells of a finer grid
        view = replace(view, cell=view.cell / mark.per_cell)
        bright = bright.repeat(mark.per_cell, axis=0).repeat(mark.per_cell, axis=1)
    rows, columns, towards, block = _shared(mark, bright.shape, view)
    if not len(rows):
        return
    pitch = view.cell * block
    norms = np.hypot(towards[:, 0], towards[:, 1])
    angles = np.rint(np.arctan2(towards[:, 0], towards[:, 1]) / math.tau * _ANGLES).astype(int) % _ANGLES
    lengths = np.clip(np.rint(norms * _LENGTHS), 1, _LENGTHS).astype(int)
    angles[norms < 0.02] = _DOT
    height, width = bright.shape
    inks = bright[
        np.clip(rows.astype(int), 0, height - 1),
        np.clip(columns.astype(int), 0, width - 1),
    ].astype(int)
    x = view.left + columns * view.cell
    y = view.top + (rows - lift) * view.cell
    looks = ((angles + 1) * (_LENGTHS + 1) + lengths) * 2 + inks
    if is_vector(painter):
        painter.save()
        for cx, cy, look in zip(x.tolist(), y.tolist(), looks.tolist(), strict=True):
            _draw_arrow(painter, QPointF(cx, cy), pitch, view.scale, look)
        painter.restore()
        return
    size = math.ceil(pitch) | 1
    left, top = (np.rint(place).astype(int) - size // 2 for place in (x, y))
    pictures = {look: _picture(size, pitch, view.scale, look) for look in np.unique(looks).tolist()}
    draw = painter.drawPixmap
    for px, py, look in zip(left.tolist(), top.tolist(), looks.tolist(), strict=True):
        draw(px, py, pictures[look])


def _shared(
    mark: Arrows, shape: tuple[int, int], view: View
) -> tuple[NDArray[np.floating], NDArray[np.floating], NDArray[np.floating], int]:
    """Middles and vectors of the arrows to draw, and how many cells each one's block has on a side."""
    r0, r1, c0, c1 = view.visible(*shape)
    seen = (mark.rows >= r0) & (mark.rows < r1) & (mark.columns >= c0) & (mark.columns < c1)
    rows, columns = mark.rows[seen], mark.columns[seen]
    norms = np.hypot(mark.towards[seen, 0], mark.towards[seen, 1])
    unit = mark.towards[seen] / np.where(norms > 0, norms, 1)[:, None]
    vectors = unit * mark.lengths[seen, None]
    smallest = _SMALLEST_PITCH if mark.per_cell == 1 else _FIELD_PITCH
    block = max(
        1,
        math.ceil(smallest / view.logical_cell - 0.25),
        math.ceil(math.sqrt(len(rows) / MOST_GLYPHS)),
    )
    if 1 < block < mark.per_cell:
        block = mark.per_cell  # no block reaches over the edge of a cell, where a wall may be
    if block == 1:
        return rows + 0.5, columns + 0.5, vectors, 1
    # Blocks lie at fixed places in the world, so that panning does not stir them.
    across = -(-shape[1] // block)
    ids = (rows // block) * across + columns // block
    count = np.bincount(ids)
    used = np.flatnonzero(count)

    def mean(values: NDArray[np.floating]) -> NDArray[np.floating]:
        return np.bincount(ids, values)[used] / count[used]

    # In the middle of the cells that share it, an arrow stays in a corridor narrower than the block.
    towards = np.stack([mean(vectors[:, 0]), mean(vectors[:, 1])], axis=1)
    return mean(rows + 0.5), mean(columns + 0.5), towards, block


@lru_cache(maxsize=4096)
def _picture(size: int, pitch: float, scale: float, look: int) -> QPixmap:
    picture = QPixmap(size, size)
    picture.fill(Qt.GlobalColor.transparent)
    with QPainter(picture) as painter:
        _draw_arrow(painter, QPointF(size / 2, size / 2), pitch, scale, look)
    return picture


def _draw_arrow(painter: QPainter, middle: QPointF, pitch: float, scale: float, look: int) -> None:
    """One arrow; `look` numbers its angle, length and ink."""
    shape, ink = divmod(look, 2)
    angle, length = divmod(shape, _LENGTHS + 1)
    angle, bright = angle - 1, bool(ink)
    pen = QPen(QColor(INK[bright]), min(max(0.036 * pitch, 1.05 * scale), 3.0 * scale))
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(pen)
    if angle == _DOT:
        painter.setBrush(QColor(INK[bright]))
        radius = max(0.05 * pitch, 1.0)
        painter.drawEllipse(middle, radius, radius)
        return
    turn = angle / _ANGLES * math.tau
    along = QPointF(math.cos(turn), math.sin(turn))
    across = QPointF(-along.y(), along.x())
    # Small arrows take more of their cell, or one would not see where they point.
    longest = pitch * min(0.72, max(0.4, 0.4 + 0.32 * (34 * scale - pitch) / (22 * scale)))
    reach = longest * length / _LENGTHS
    wing = min(0.13 * pitch + 0.4 * scale, 0.55 * reach)
    tip, tail = middle + along * (reach / 2), middle - along * (reach / 2)
    painter.drawLine(tail, tip)
    painter.drawPolyline([tip - (along + across) * wing, tip, tip - (along - across) * wing])
