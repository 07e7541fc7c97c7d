"""Figures as PNG without a window: panels of named curves with bands, axes and a legend, and tables."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QImageWriter, QPainter, QPen, QPolygonF

from rlsandbox.studio.painting.export import ensure_app
from rlsandbox.studio.plots.axes import round_step, tick_texts
from rlsandbox.studio.plots.panel import Floats, Panel, Table
from rlsandbox.studio.theme import THEMES, Theme, font
from rlsandbox.worlds.errors import SandboxError

_SCALE = 2
"""Pixels of the file for each point of the drawing."""
_PANEL = QSize(520, 390)
_COLUMNS = 2
_HEAD, _MARGIN, _ROW = 64, 18, 18
_LEFT, _BELOW, _ABOVE, _RIGHT = 58, 44, 30, 14
"""Room around the axes of a panel."""


def write_figure(
    title: str, source: str, panels: Sequence[Panel | Table], path: Path, theme: Theme = THEMES["light"]
) -> None:
    """Write a figure as PNG.

    Args:
        title: its heading.
        source: the line below, for example where it was published.
        panels: what it shows, in reading order.
        path: the file, replaced if it exists.
        theme: colours.

    Raises:
        SandboxError: the file cannot be written.
    """
    ensure_app()
    columns = min(len(panels), 3 if isinstance(panels[0], Table) else _COLUMNS)
    rows = -(-len(panels) // columns)
    size = QSize(columns * _PANEL.width() + 2 * _MARGIN, _HEAD + rows * (_PANEL.height() + _MARGIN) + _MARGIN)
    image = QImage(size * _SCALE, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(_SCALE)
    image.fill(QColor(theme.panel))
    with QPainter(image) as painter:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        _text(painter, QRectF(_MARGIN, 12, size.width() - 2 * _MARGIN, 26), title, theme.text, 17)
        _text(painter, QRectF(_MARGIN, 38, size.width() - 2 * _MARGIN, 20), source, theme.dim, 12)
        for at, panel in enumerate(panels):
            row, column = divmod(at, columns)
            room = QRectF(
                _MARGIN + column * _PANEL.width(),
                _HEAD + row * (_PANEL.height() + _MARGIN),
                _PANEL.width(),
                _PANEL.height(),
            )
            if isinstance(panel, Table):
                _paint_table(painter, room, panel, theme)
            else:
                _paint_panel(painter, room, panel, theme)
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, QByteArray(b"png")).write(image)
    try:
        path.write_bytes(bytes(buffer.data().data()))
    except OSError as error:
        raise SandboxError(f"the picture cannot be written: {error.strerror}.", str(path)) from error


def _paint_panel(painter: QPainter, room: QRectF, panel: Panel, theme: Theme) -> None:
    """Title, axes with round numbers, curves with bands, and the legend below."""
    legend = _legend_rows(panel, room.width() - _LEFT - _RIGHT)
    area = room.adjusted(_LEFT, _ABOVE, -_RIGHT, -_BELOW - _ROW * len(legend))
    title = QRectF(room.left() + _LEFT, room.top(), area.width(), _ABOVE - 8)
    _text(painter, title, panel.title, theme.text, 13, Qt.AlignmentFlag.AlignCenter)
    scale_x, ticks_x = _axis([line.x for line in panel.lines.values()], area.width(), 84, panel.log_x)
    edges = [
        edge for line in panel.lines.values() for edge in (line.y, line.low, line.high) if edge is not None
    ]
    if panel.y_range is not None:
        edges = [np.array(panel.y_range)]
    scale_y, ticks_y = _axis(edges, area.height(), 44, False, pad=panel.y_range is None)

    def place(x: Floats, y: Floats) -> list[QPointF]:
        across = area.left() + scale_x(x) * area.width()
        up = area.bottom() - scale_y(y) * area.height()
        return [QPointF(*point) for point in zip(across.tolist(), up.tolist(), strict=True)]

    for value, text in ticks_y:
        at = place(np.array([1.0]), np.array([value]))[0].y()
        painter.setPen(QPen(QColor(theme.line), 1))
        painter.drawLine(QPointF(area.left(), at), QPointF(area.right(), at))
        beside = QRectF(room.left() + 18, at - 9, _LEFT - 24, 18)
        _text(painter, beside, text, theme.dim, 11, Qt.AlignmentFlag.AlignRight)
    for value, text in ticks_x:
        at = place(np.array([value]), np.array([0.0]))[0].x()
        painter.setPen(QPen(QColor(theme.dim), 1))
        painter.drawLine(QPointF(at, area.bottom()), QPointF(at, area.bottom() + 4))
        below = QRectF(at - 40, area.bottom() + 5, 80, 16)
        _text(painter, below, text, theme.dim, 11, Qt.AlignmentFlag.AlignCenter)
    painter.setPen(QPen(QColor(theme.dim), 1))
    painter.drawLine(area.bottomLeft(), area.bottomRight())
    under = QRectF(area.left(), area.bottom() + 20, area.width(), 18)
    _text(painter, under, panel.x, theme.dim, 12, Qt.AlignmentFlag.AlignCenter)
    painter.save()
    painter.translate(room.left() + 8, area.center().y())
    painter.rotate(-90)
    side = QRectF(-area.height() / 2, -9, area.height(), 18)
    _text(painter, side, panel.y, theme.dim, 12, Qt.AlignmentFlag.AlignCenter)
    painter.restore()
    painter.save()
    painter.setClipRect(area.adjusted(-2, -2, 2, 2))
    for ink, line in zip(_inks(panel, theme), panel.lines.values(), strict=True):
        if line.low is not None and line.high is not None:
            fill = QColor(ink)
            fill.setAlphaF(0.2)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(fill)
            known = np.isfinite(line.low) & np.isfinite(line.high)
            x = line.x[known]
            painter.drawPolygon(QPolygonF(place(x, line.low[known]) + place(x[::-1], line.high[known][::-1])))
        painter.setPen(_pen(ink, line.dashed))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for piece in _unbroken(line.y):
            painter.drawPolyline(QPolygonF(place(line.x[piece], line.y[piece])))
    painter.restore()
    names = dict(zip(panel.lines, _inks(panel, theme), strict=True))
    for row, entries in enumerate(legend):
        left = area.left()
        for name, width in entries:
            at = area.bottom() + _BELOW + row * _ROW + 6
            painter.setPen(_pen(names[name], panel.lines[name].dashed))
            painter.drawLine(QPointF(left, at), QPointF(left + 16, at))
            _text(painter, QRectF(left + 21, at - 9, width, 18), name, theme.text, 12)
            left += width + 36


def _paint_table(painter: QPainter, room: QRectF, table: Table, theme: Theme) -> None:
    """Title and numbers in a grid of square cells."""
    title = QRectF(room.left(), room.top(), room.width(), _ABOVE - 8)
    _text(painter, title, table.title, theme.text, 13, Qt.AlignmentFlag.AlignCenter)
    rows, columns = table.values.shape
    side = min((room.height() - _ABOVE) / rows, room.width() / columns, 80.0)
    left = room.center().x() - columns * side / 2
    for row in range(rows):
        for column in range(columns):
            cell = QRectF(left + column * side, room.top() + _ABOVE + row * side, side, side)
            painter.setPen(QPen(QColor(theme.line), 1))
            painter.drawRect(cell)
            number = f"{table.values[row, column]:.{table.decimals}f}"
            number = number if float(number) else number.removeprefix("-")
            _text(painter, cell, number, theme.text, 13, Qt.AlignmentFlag.AlignCenter)


def _axis(
    values: Sequence[Floats], length: float, room: float, log: bool, pad: bool = False
) -> tuple[Callable[[Floats], Floats], list[tuple[float, str]]]:
    """A map of values to 0 ... 1, and the round numbers on the way with their texts."""
    known = np.concatenate([row[np.isfinite(row)] for row in values]) if values else np.zeros(1)
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    if log:
        first, last = math.log10(max(low, 1e-12)), math.log10(max(high, 1e-12))
        last = last if last > first else first + 1
        powers = range(math.ceil(first - 1e-9), math.floor(last + 1e-9) + 1)
        ticks = [(10.0**p, f"{10**p:,}" if 0 <= p < 7 else f"1e{p}") for p in powers]
        return lambda x: (np.log10(np.maximum(x, 1e-12)) - first) / (last - first), ticks
    if high - low < 1e-12:
        low, high = low - 0.5, high + 0.5
    if pad:
        low, high = low - 0.03 * (high - low), high + 0.05 * (high - low)
    step = round_step((high - low) / max(2.0, length / room))
    levels = [step * k for k in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]
    return lambda x: (x - low) / (high - low), list(zip(levels, tick_texts(levels, step), strict=True))


def _unbroken(y: Floats) -> list[slice]:
    """The pieces of a curve between its gaps."""
    ends = np.flatnonzero(np.diff(np.isfinite(y).astype(np.int8), prepend=0, append=0))
    return [slice(*ends[k : k + 2].tolist()) for k in range(0, ends.size, 2)]


def _inks(panel: Panel, theme: Theme) -> list[QColor]:
    """Colours of the curves; levels to compare with are dim."""
    inks, used = [], 0
    for line in panel.lines.values():
        inks.append(QColor(theme.dim if line.dashed else theme.series[used % len(theme.series)]))
        used += not line.dashed
    return inks


def _pen(ink: QColor, dashed: bool) -> QPen:
    return QPen(ink, 1.2 if dashed else 1.8, Qt.PenStyle.DashLine if dashed else Qt.PenStyle.SolidLine)


def _legend_rows(panel: Panel, room: float) -> list[list[tuple[str, float]]]:
    """Names of the curves with their widths, as many in a row as fit."""
    metrics, rows, used = QFontMetricsF(font(12)), [], room
    for name in panel.lines:
        width = metrics.horizontalAdvance(name) + 2
        if used + width + 36 > room:
            rows.append([])
            used = 0.0
        rows[-1].append((name, width))
        used += width + 36
    return rows


def _text(
    painter: QPainter,
    room: QRectF,
    text: str,
    ink: str,
    pixels: int,
    across: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft,
) -> None:
    painter.setFont(font(pixels))
    painter.setPen(QColor(ink))
    flags = Qt.AlignmentFlag.AlignVCenter | across
    painter.drawText(room, int(flags) | int(Qt.TextFlag.TextDontClip), text)
