"""Numbers, paths and badges on the grid."""

import math
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPainterPath, QPen

from rlsandbox.marks import Badge, Badges, Edges, Labels, Paths, Triangles
from rlsandbox.studio.colormaps import is_bright
from rlsandbox.studio.painting.heat import shades
from rlsandbox.studio.painting.numbers import NumberWriter, number
from rlsandbox.studio.painting.view import View
from rlsandbox.studio.theme import Theme, font

SMALLEST_LABELS = 34.0
"""Side of a cell in logical pixels from which numbers are written."""
_SMALLEST_TRIANGLE_LABELS = 56.0
_LONGEST_PATH = 500  # points; of a longer one the end is drawn
_EDGE_WIDTHS = 4
_EDGE_INK = {"dark": "#b58cf0", "light": "#8b54d6"}
_PATH_STEPS = 14  # shades from its faint beginning to its end


def labels_fit(view: View) -> bool:
    """Whether cells are large enough for numbers."""
    return view.logical_cell >= SMALLEST_LABELS


def paint_labels(
    painter: QPainter, mark: Labels, bright: NDArray[np.bool_], view: View, foot: float | None = 0.86
) -> None:
    """Numbers in the cells that are in view, in the middle or with their foot at a share of the cell."""
    if not labels_fit(view):
        return
    r0, r1, c0, c1 = view.visible(*mark.values.shape)
    r, c = (each + first for each, first in zip(_known(mark.values[r0:r1, c0:c1]), (r0, c0), strict=True))
    texts = [number(value, mark.decimals) for value in mark.values[r, c].tolist()]
    if not texts:
        return
    wanted = min(max(0.2 * view.cell, 9 * view.scale), 14 * view.scale)
    writer = NumberWriter(max(texts, key=len), 0.9 * view.cell, wanted, 7 * view.scale)
    baseline = view.cell / 2 + writer.height / 2 if foot is None else foot * view.cell
    x = view.left + (c + 0.5) * view.cell
    y = view.top + r * view.cell + baseline
    writer.write(painter, texts, x.tolist(), y.tolist(), bright[r, c].tolist())


def _known(values: NDArray[np.float64]) -> tuple[NDArray[np.intp], ...]:
    return np.nonzero(~np.isnan(values))


def triangle_labels_fit(view: View) -> bool:
    """Whether each of a cell's four triangles has room for its number."""
    return view.logical_cell >= _SMALLEST_TRIANGLE_LABELS


def paint_triangle_labels(painter: QPainter, mark: Triangles, view: View) -> None:
    """The four numbers of every cell that is in view."""
    if not triangle_labels_fit(view):
        return
    r0, r1, c0, c1 = view.visible(*mark.values.shape[:2])
    values = mark.values[r0:r1, c0:c1]
    decimals = 1 if np.nanmax(np.abs(values), initial=0) >= 10 else 2
    r, c, k = _known(values)
    texts = [number(value, decimals) for value in values[r, c, k].tolist()]
    if not texts:
        return
    wanted = min(max(0.14 * view.cell, 9 * view.scale), 13 * view.scale)
    writer = NumberWriter(max(texts, key=len), 0.44 * view.cell, wanted, 7 * view.scale)
    offsets = np.array([(0.5, 0.17), (0.76, 0.5), (0.5, 0.83), (0.24, 0.5)])[k]
    x = view.left + (c0 + c + offsets[:, 0]) * view.cell
    y = view.top + (r0 + r + offsets[:, 1]) * view.cell + writer.height / 2
    bright = is_bright(mark.colormap)[shades(mark, values[r, c, k])]
    writer.write(painter, texts, x.tolist(), y.tolist(), bright.tolist())


def paint_path(painter: QPainter, mark: Paths, ink: QColor, view: View, lift: float = 0.0) -> None:
    """A line that fades towards its beginning; jumps are thin and dotted."""
    points, jumps = mark.points[-_LONGEST_PATH:], mark.jumps[-_LONGEST_PATH:]
    if len(points) < 2:
        return
    places = [
        QPointF(view.left + c * view.cell, view.top + (r - lift) * view.cell) for r, c in points.tolist()
    ]
    walked = QPen(ink, min(max(0.085 * view.cell, 1.6 * view.scale), 7 * view.scale))
    walked.setCapStyle(Qt.PenCapStyle.FlatCap)
    walked.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    jumped = QPen(ink, max(1.0, 0.3 * walked.widthF()), Qt.PenStyle.DotLine)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    opacity = painter.opacity()
    steps = min(_PATH_STEPS, len(places) - 1)
    bounds = np.rint(np.linspace(0, len(places) - 1, steps + 1)).astype(int).tolist()
    for k, (first, last) in enumerate(pairwise(bounds)):
        painter.setOpacity(opacity * (0.25 + 0.6 * (k + 1) / steps))
        line, leaps = _piece(places, jumps, first, last)
        painter.setPen(walked)
        painter.drawPath(line)
        if not leaps.isEmpty():
            painter.setPen(jumped)
            painter.drawPath(leaps)
    painter.restore()


def _piece(
    places: list[QPointF], jumps: NDArray[np.bool_], first: int, last: int
) -> tuple[QPainterPath, QPainterPath]:
    """The walked and the jumped part of a piece of a path.

    Pieces meet in the middle of a step, never at a corner, where see-through line ends would show.
    """
    line, leaps = QPainterPath(), QPainterPath()
    begins_midway = first > 0 and not jumps[first]
    line.moveTo((places[first - 1] + places[first]) / 2 if begins_midway else places[first])
    if begins_midway:
        line.lineTo(places[first])
    for k in range(first + 1, last + 1):
        if jumps[k]:
            leaps.moveTo(places[k - 1])
            leaps.lineTo(places[k])
            line.moveTo(places[k])
        elif k == last and last < len(places) - 1:
            line.lineTo((places[k - 1] + places[k]) / 2)
        else:
            line.lineTo(places[k])
    return line, leaps


def paint_edges(painter: QPainter, mark: Edges, theme: Theme, view: View) -> None:
    """Lines between cells, in four widths, the thinnest first; a dark or pale rim sets them off."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    widest = min(max(0.1 * view.cell, 2 * view.scale), 8 * view.scale)
    classes = np.ceil(mark.widths * _EDGE_WIDTHS).clip(1, _EDGE_WIDTHS)
    for k in range(1, _EDGE_WIDTHS + 1):
        lines = [
            QLineF(
                view.left + c0 * view.cell,
                view.top + r0 * view.cell,
                view.left + c1 * view.cell,
                view.top + r1 * view.cell,
            )
            for r0, c0, r1, c1 in mark.points[classes == k].tolist()
        ]
        width = max(1.0, widest * k / _EDGE_WIDTHS)
        for color, wide in ((theme.canvas, width + 1.5 * view.scale), (_EDGE_INK[theme.name], width)):
            pen = QPen(QColor(color), wide)
            pen.setCapStyle(Qt.PenCapStyle.RoundCap)
            painter.setPen(pen)
            painter.drawLines(lines)
    painter.restore()


def paint_badges(painter: QPainter, mark: Badges, theme: Theme, view: View, lift: float = 0.0) -> None:
    """Signs on cells; an agent stands where its position says, the others fill their cell."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for badge in mark.badges:
        if badge.kind in _DISCS:
            middle = QPointF(view.left + badge.column * view.cell, view.top + (badge.row - lift) * view.cell)
            paint_agent(painter, middle, view, _DISCS[badge.kind])
        elif badge.kind in _FRAMES:
            role, width = _FRAMES[badge.kind]
            _paint_frame(painter, _cell_rect(badge, view), QColor(getattr(theme, role)), width, view)
        elif badge.kind == "disagrees":
            _paint_corner(painter, _cell_rect(badge, view), QColor(theme.bad))
        else:
            _paint_pill(painter, badge, theme, view)
    painter.restore()


_DISCS = {"agent": 0.2, "point": 0.12}
"""Radius in cells; a wall stops the middle of a point, so that it is drawn small."""
_FRAMES = {
    "selected": ("accent", 2.5),
    "updated": ("warn", 2.0),
    "touched": ("warn", 1.0),
    "changed": ("ok", 2.0),
}
"""Colour role and width in logical pixels of the frames around cells."""


def _cell_rect(badge: Badge, view: View) -> QRectF:
    return view.rect(math.floor(badge.row), math.floor(badge.column))


def paint_agent(painter: QPainter, middle: QPointF, view: View, share: float = 0.2) -> None:
    """The agent: an orange disc with a white rim and a glint; its radius is a share of a cell."""
    radius = max(share * view.cell, 3.0 * view.scale)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(0, 0, 0, 70))
    painter.drawEllipse(middle + QPointF(0, 0.1 * radius), 1.24 * radius, 1.24 * radius)
    painter.setBrush(QColor("#ffffff"))
    painter.drawEllipse(middle, 1.17 * radius, 1.17 * radius)
    painter.setBrush(QColor("#ff8534"))
    painter.drawEllipse(middle, radius, radius)
    if radius > 5 * view.scale:
        painter.setBrush(QColor("#ffffff"))
        painter.drawEllipse(middle + QPointF(0.38, -0.32) * radius, 0.25 * radius, 0.25 * radius)


def _paint_frame(painter: QPainter, rect: QRectF, color: QColor, width: float, view: View) -> None:
    width = min(width * view.scale, max(1.0, 0.2 * rect.width()))
    inner = rect.adjusted(width / 2, width / 2, -width / 2, -width / 2)
    radius = 0.05 * rect.width()
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(color, width))
    painter.drawRoundedRect(inner, radius, radius)


def _paint_corner(painter: QPainter, rect: QRectF, color: QColor) -> None:
    side = 0.26 * rect.width()
    corner = rect.topRight()
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    painter.drawPolygon([corner, corner - QPointF(side, 0), corner + QPointF(0, side)])


def _paint_pill(painter: QPainter, badge: Badge, theme: Theme, view: View) -> None:
    if view.logical_cell < 24:
        return
    rect = _cell_rect(badge, view)
    face = font(max(1, round(min(0.2 * rect.width(), 11 * view.scale))))
    metrics = QFontMetricsF(face)
    height = metrics.height()
    width = metrics.horizontalAdvance(badge.kind) + 0.7 * height
    pill = QRectF(rect.right() - width - 2 * view.scale, rect.top() + 2 * view.scale, width, height)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(theme.panel))
    painter.drawRoundedRect(pill, height / 2, height / 2)
    painter.setPen(QColor(theme.text))
    painter.setFont(face)
    painter.drawText(pill, Qt.AlignmentFlag.AlignCenter, badge.kind)
