"""What the canvas paints for whoever draws: selection, pointer, links, texts."""

import math
from collections.abc import Sequence

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPainterPath, QPen

from rlsandbox.marks import Heatmap, Mark
from rlsandbox.studio.painting.legend import paint_legend
from rlsandbox.studio.painting.numbers import number
from rlsandbox.studio.painting.view import View
from rlsandbox.studio.theme import Theme, font
from rlsandbox.studio.tools import Region
from rlsandbox.worlds.rules import Cell
from rlsandbox.worlds.tiles import CODE, NOTHING, TILES
from rlsandbox.worlds.world import World

_WINDS = {
    (-1, 0): QT_TRANSLATE_NOOP("Canvas", "wind up {0}"),
    (0, 1): QT_TRANSLATE_NOOP("Canvas", "wind right {0}"),
    (1, 0): QT_TRANSLATE_NOOP("Canvas", "wind down {0}"),
    (0, -1): QT_TRANSLATE_NOOP("Canvas", "wind left {0}"),
    (-1, 1): QT_TRANSLATE_NOOP("Canvas", "wind up right {0}"),
    (1, 1): QT_TRANSLATE_NOOP("Canvas", "wind down right {0}"),
    (1, -1): QT_TRANSLATE_NOOP("Canvas", "wind down left {0}"),
    (-1, -1): QT_TRANSLATE_NOOP("Canvas", "wind up left {0}"),
}


def _tr(text: str) -> str:
    return QCoreApplication.translate("Canvas", text)


def describe(world: World, cell: Cell, marks: Sequence[Mark] = ()) -> str:
    """A cell in words: its place, what lies there, what marks say of it."""
    parts = [_tr("row {0}, column {1}").format(*cell)]
    ground = _tr(TILES[world.terrain[cell]].title)
    if world.objects[cell] == NOTHING:
        parts.append(ground)
    else:
        thing = _tr(TILES[world.objects[cell]].title)
        bare = world.terrain[cell] == CODE["floor"]
        parts.append(thing if bare else _tr("{0} on {1}").format(thing, ground.lower()))
    rows, columns = int(world.wind[cell][0]), int(world.wind[cell][1])
    if rows or columns:
        text = _tr(str(_WINDS[((rows > 0) - (rows < 0), (columns > 0) - (columns < 0))]))
        varies = " ±1" if world.rules.wind_random else ""
        parts.append(text.format(max(abs(rows), abs(columns))) + varies)
    for mark in marks:
        if isinstance(mark, Heatmap) and mark.by_cell.shape == world.terrain.shape:
            value = float(mark.by_cell[cell])
            if not math.isnan(value):
                parts.append(f"{mark.label} {number(value, 0 if value.is_integer() else 2)}")
    return "  ·  ".join(parts)


def paint_words(painter: QPainter, text: str, marks: Sequence[Mark], theme: Theme, view: View) -> None:
    """The legend of the marks at the bottom left, and a text at the bottom right (may be empty)."""
    margin = 8 * view.scale
    legend = paint_legend(painter, marks, theme, QPointF(margin, view.height - margin), view.scale)
    if text:
        corner = QPointF(view.width - margin, legend.bottom())
        if text_width(text, view.scale) > corner.x() - legend.right():
            corner.setY(legend.top())  # a narrow canvas has no room for both on a line
        paint_text(painter, text, theme, corner, view.scale)


def paint_hover(painter: QPainter, cell: Cell, theme: Theme, view: View) -> None:
    """A thin frame around the cell under the pointer."""
    width = max(1.0, round(view.scale))
    rect = view.rect(*cell).adjusted(width / 2, width / 2, -width / 2, -width / 2)
    for color, inset, alpha in (("#ffffff", 0.0, 190), ("#000000", width, 120)):
        ink = QColor(color)
        ink.setAlpha(alpha)
        painter.setPen(QPen(ink, width))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(rect.adjusted(inset, inset, -inset, -inset))


def paint_region(painter: QPainter, region: Region, theme: Theme, view: View) -> None:
    """The selected block: a tint and a dashed frame."""
    rect = view.rect(region.top, region.left, region.height, region.width)
    accent = QColor(theme.accent)
    tint = QColor(accent)
    tint.setAlphaF(0.16)
    painter.fillRect(rect, tint)
    width = 1.5 * view.scale
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor("#ffffff"), width))
    painter.drawRect(rect)
    pen = QPen(accent, width)
    pen.setDashPattern([4, 3])
    painter.setPen(pen)
    painter.drawRect(rect)


def paint_links(painter: QPainter, world: World, cell: Cell, theme: Theme, view: View) -> None:
    """Curves along the links that begin or end at a cell; a head where only one way leads."""
    ways = {(link.source, link.target) for link in world.links if cell in (link.source, link.target)}
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for source, target in sorted(ways):
        both = (target, source) in ways
        if both and source > target:
            continue
        a, b = view.rect(*source).center(), view.rect(*target).center()
        chord = b - a
        bend = a + chord / 2 + QPointF(chord.y(), -chord.x()) * 0.18
        curve = QPainterPath(a)
        curve.quadTo(bend, b)
        for color, width in ((theme.canvas, 4.0), ("#b58cf0" if theme.name == "dark" else "#8b54d6", 2.0)):
            pen = QPen(QColor(color), width * view.scale)
            pen.setCapStyle(Qt.PenCapStyle.RoundCap)
            painter.setPen(pen)
            painter.drawPath(curve)
            if not both:
                _paint_head(painter, bend, b, 7 * view.scale)


def _paint_head(painter: QPainter, origin: QPointF, tip: QPointF, size: float) -> None:
    back = origin - tip
    length = (back.x() ** 2 + back.y() ** 2) ** 0.5 or 1.0
    along = back / length * size
    across = QPointF(-along.y(), along.x()) * 0.7
    painter.drawPolyline([tip + along + across, tip, tip + along - across])


def text_width(text: str, scale: float) -> float:
    """Device pixels that `paint_text` covers from left to right."""
    return QFontMetricsF(font(round(11 * scale))).horizontalAdvance(text) + 12 * scale


def paint_text(
    painter: QPainter, text: str, theme: Theme, corner: QPointF, scale: float, role: str = "dim"
) -> QRectF:
    """A short text on a backing, its bottom right corner at `corner`; gives what it covers."""
    face = font(round(11 * scale))
    box = QRectF(0, 0, text_width(text, scale), 22 * scale)
    box.moveBottomRight(corner)
    backing = QColor(theme.canvas)
    backing.setAlphaF(0.85)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(backing)
    painter.drawRoundedRect(box, 4 * scale, 4 * scale)
    painter.setPen(QColor(getattr(theme, role)))
    painter.setFont(face)
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
    return box


def paint_notice(painter: QPainter, text: str, theme: Theme, view: View, over_grid: bool) -> None:
    """A sentence: in the middle of an empty canvas, at the top of one that shows a world."""
    face = font(round(13 * view.scale))
    metrics = QFontMetricsF(face)
    room = QRectF(0, 0, max(1.0, view.width - 64 * view.scale), view.height)
    flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
    box = metrics.boundingRect(room, int(flags), text)
    pad = 12 * view.scale
    pill = QRectF(0, 0, box.width() + 2.5 * pad, box.height() + 1.2 * pad)
    pill.moveCenter(QPointF(view.width / 2, view.height / 2))
    if over_grid:
        pill.moveTop(12 * view.scale)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(theme.line), view.scale))
    painter.setBrush(QColor(theme.panel))
    painter.drawRoundedRect(pill, 8 * view.scale, 8 * view.scale)
    painter.setPen(QColor(theme.dim))
    painter.setFont(face)
    painter.drawText(pill, int(flags), text)
