"""The colour scale with its numbers."""

import math
from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFontMetricsF, QLinearGradient, QPainter

from rlsandbox.marks import Heatmap, Mark, Remark, Triangles
from rlsandbox.studio.colormaps import colors
from rlsandbox.studio.painting.numbers import number
from rlsandbox.studio.theme import Theme, font
from rlsandbox.studio.typography import minus

LINE = 22.0
"""Height of one scale, in logical pixels."""
_BAR = 150.0
_GAP = 8.0


def lines(marks: Sequence[Mark]) -> list[Heatmap | Triangles | Remark]:
    """The marks that need a line of the legend."""
    return [mark for mark in marks if isinstance(mark, Heatmap | Triangles | Remark)]


def legend_height(marks: Sequence[Mark]) -> float:
    """Height of the legend in logical pixels; 0 without anything to explain."""
    return LINE * len(lines(marks))


def scale_number(value: float, span: float) -> str:
    """A number at the end of a scale, with as many digits as tell its ends apart."""
    decimals = 0 if span >= 100 else 1 if span >= 2 else 2 if span >= 0.2 else 3
    if span < 0.002:
        return minus(f"{value:.3g}")
    return number(value, decimals)


def paint_legend(
    painter: QPainter,
    marks: Sequence[Mark],
    theme: Theme,
    corner: QPointF,
    scale: float = 1.0,
    room: float = math.inf,
) -> QRectF:
    """Paint one line for each colour scale or remark, the last at the bottom.

    Args:
        painter: where to.
        marks: what the picture shows.
        theme: colours of text and backing.
        corner: the bottom left corner, in device pixels.
        scale: device pixels in a logical pixel.
        room: width for which the bar of a colour scale gives up of its own.

    Returns:
        The rectangle that was painted.
    """
    shown = lines(marks)
    bounds = QRectF(corner, corner)
    for place, mark in enumerate(reversed(shown)):
        line = QPointF(corner.x(), corner.y() - (place + 1) * LINE * scale)
        if isinstance(mark, Remark):
            bounds = bounds.united(_paint_remark(painter, mark, theme, line, scale))
        else:
            bounds = bounds.united(_paint_scale(painter, mark, theme, line, scale, room))
    return bounds


def _paint_backing(painter: QPainter, width: float, theme: Theme, corner: QPointF, scale: float) -> QRectF:
    backing = QRectF(corner.x(), corner.y(), width, LINE * scale)
    canvas = QColor(theme.canvas)
    canvas.setAlphaF(0.85)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(canvas)
    painter.drawRoundedRect(backing, 4 * scale, 4 * scale)
    return backing


def _paint_remark(painter: QPainter, mark: Remark, theme: Theme, corner: QPointF, scale: float) -> QRectF:
    face = font(round(11 * scale))
    painter.save()
    width = QFontMetricsF(face).horizontalAdvance(mark.text) + _GAP * scale
    backing = _paint_backing(painter, width, theme, corner, scale)
    painter.setFont(face)
    painter.setPen(QColor(theme.text))
    painter.drawText(backing, Qt.AlignmentFlag.AlignCenter, mark.text)
    painter.restore()
    return backing


def _paint_scale(
    painter: QPainter, mark: Heatmap | Triangles, theme: Theme, corner: QPointF, scale: float, room: float
) -> QRectF:
    face = font(round(11 * scale))
    metrics = QFontMetricsF(face)
    span = mark.high - mark.low
    log = isinstance(mark, Heatmap) and mark.logarithmic
    counts = span >= 2 and all(float(end).is_integer() for end in (mark.low, mark.high))
    low, high = (number(end, 0) if counts else scale_number(end, span) for end in (mark.low, mark.high))
    before = (mark.label, low)
    after = (high, mark.note or ("logarithmic" if log else ""))
    gap = _GAP * scale
    widths = [metrics.horizontalAdvance(text) for text in (*before, *after)]
    beside = sum(widths) + (4 if after[1] else 3) * gap + (gap / 2 if after[1] else 0)
    bar_width = min(_BAR * scale, max(_BAR * scale / 4, room - gap - beside))
    total = beside + bar_width
    painter.save()
    backing = _paint_backing(painter, total + gap, theme, corner, scale)
    painter.setFont(face)
    baseline = backing.center().y() + metrics.capHeight() / 2
    x = corner.x() + gap / 2

    def write(text: str, width: float, role: str) -> None:
        nonlocal x
        painter.setPen(QColor(role))
        painter.drawText(QPointF(x, baseline), text)
        x += width + gap

    write(before[0], widths[0], theme.dim)
    write(before[1], widths[1], theme.text)
    bar = QRectF(x, backing.center().y() - 4 * scale, bar_width, 8 * scale)
    gradient = QLinearGradient(bar.topLeft(), bar.topRight())
    table = colors(mark.colormap)
    for k in range(0, 256, 15):
        gradient.setColorAt(k / 255, QColor(*(int(channel) for channel in table[k])))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QBrush(gradient))
    painter.drawRoundedRect(bar, 2.5 * scale, 2.5 * scale)
    x += bar_width + gap
    write(after[0], widths[2], theme.text)
    if after[1]:
        x += gap / 2
        write(after[1], widths[3], theme.dim)
    painter.restore()
    return backing
