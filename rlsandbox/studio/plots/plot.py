"""One plot: curves with bands on a quiet ground, in the colours of the theme."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QHelpEvent, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QToolTip, QWidget

from rlsandbox.studio.plots.axes import RoundAxis
from rlsandbox.studio.plots.curve_item import CurveItem
from rlsandbox.studio.plots.run_curves import Band
from rlsandbox.studio.theme import color, font, mix, theme, theme_manager
from rlsandbox.studio.typography import minus

_MARGIN = 0.06
_TRANSIENT = 0.04
"""Share of the points, at a bad beginning, that may lie outside of what `fit` shows."""
_FAR = 1.6
"""All is shown where that takes no more than so many times the room."""
_REACH = 4
"""Pixels from a mark at which the pointer is on it."""
_MOST_MARKS = 50


@dataclass(frozen=True)
class Drawn:
    """A curve as it is drawn.

    Attributes:
        title: what the read-out calls it.
        color: index into the theme's series.
        band: its points.
    """

    title: str
    color: int
    band: Band


class Plot(pg.PlotWidget):
    """Curves by key, an optimum as a dashed line and marks where a command was given.

    It fits what it shows until the user zooms (wheel, over an axis for that axis alone; right drag) or pans
    (left drag). A double click fits again, and another one shows all there is.
    """

    menu_wanted = Signal(QPoint)
    """The user asks for the menu, at a place on the screen."""
    zoomed = Signal(bool)
    """Whether it shows something else than what fits."""
    pointed = Signal(str)
    """Texts of the marks under the pointer; empty when it has left them."""
    plotItem: pg.PlotItem

    def __init__(self, parent: QWidget | None = None) -> None:
        self._left, self._bottom = RoundAxis("left"), RoundAxis("bottom")
        super().__init__(
            parent,
            background=None,  # pyright: ignore[reportArgumentType] - None: no ground
            axisItems={"left": self._left, "bottom": self._bottom},
        )
        self.setFrameShape(self.Shape.NoFrame)
        self.setViewportUpdateMode(self.ViewportUpdateMode.FullViewportUpdate)
        self.setCacheMode(self.CacheModeFlag.CacheNone)  # the lines behind the curves move with the axis
        self.setMinimumHeight(60)
        self.hideButtons()
        self.setMenuEnabled(False)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.plotItem.setContentsMargins(0, 8, 14, 0)
        self._box = self.plotItem.getViewBox()
        self._box.disableAutoRange()
        self._box.sigRangeChangedManually.connect(self._on_zoom)
        self.scene().sigMouseClicked.connect(self._on_click)  # pyright: ignore[reportAttributeAccessIssue]
        self._fits, self._whole = True, False
        self._items: dict[int, CurveItem] = {}
        self._drawn: dict[int, Drawn] = {}
        self._optima: tuple[float, ...] = ()
        self._edits: tuple[tuple[float, str], ...] = ()
        self._from_zero, self._unit = False, ""
        self._pointer: QPointF | None = None
        self._pointed = ""
        theme_manager().changed.connect(self._dress)

    # -- what it shows -----------------------------------------------------------------------------

    def set_curves(
        self,
        curves: dict[int, Drawn],
        optima: Sequence[float] = (),
        *,
        from_zero: bool = False,
        unit: str = "",
        units: str = "",
    ) -> None:
        """Show these curves by key.

        Args:
            curves: what to draw; the first lies below the others.
            optima: levels of dashed lines.
            from_zero: the vertical axis begins at 0.
            unit: what the horizontal axis counts, for the read-out ("episode").
            units: the same where the axis names it ("episodes").
        """
        for key in [key for key in self._items if key not in curves]:
            self._box.removeItem(self._items.pop(key))
        for depth, (key, drawn) in enumerate(curves.items()):
            item = self._items.get(key)
            if item is None:
                item = self._items[key] = CurveItem()
                self._box.addItem(item, ignoreBounds=True)
            item.setZValue(depth)
            item.set_curve(drawn.band, drawn.color)
        self._drawn = dict(curves)
        self._optima = tuple(optima)
        self._from_zero, self._unit = from_zero, unit
        self._bottom.set_unit(units)
        if self._fits:
            self._show_all(self._whole)
        self.scene().update()

    def set_edits(self, edits: Sequence[tuple[float, str]]) -> None:
        """Mark commands, pairs of an episode and a text, by thin vertical lines with a tooltip."""
        self._edits = tuple(edits[-_MOST_MARKS:])
        self._point()
        self.scene().update()

    def fit(self, whole: bool = False) -> None:
        """Show all curves; unless `whole`, the worst of a bad beginning may lie outside."""
        self._fits, self._whole = True, whole
        self._show_all(whole)
        self.zoomed.emit(False)

    def _show_all(self, whole: bool) -> None:
        bands = [drawn.band for drawn in self._drawn.values() if drawn.band.x.size]
        if not bands:
            return
        spans = [span_of(band, whole) for band in bands]
        low = min([*(span[0] for span in spans), *self._optima])
        high = max([*(span[1] for span in spans), *self._optima])
        if self._from_zero:
            low = min(low, 0.0)
        room = high - low if high - low > 1e-9 else max(1.0, 0.2 * abs(high))
        bottom = low if self._from_zero and low == 0.0 else low - _MARGIN * room
        above = 3 * _MARGIN if high in self._optima else 1.5 * _MARGIN  # room for what is written there
        right = max(float(band.x[-1]) for band in bands)
        self._box.setRange(xRange=(0.0, right), yRange=(bottom, high + above * room), padding=0)
        self._box.prepareForPaint()  # else the paint that is due finds it out and asks for another one

    # -- pointer -----------------------------------------------------------------------------------

    def _on_zoom(self, *_: object) -> None:
        if self._fits:
            self._fits = False
            self.zoomed.emit(True)

    def _on_click(self, event: Any) -> None:
        if event.button() == Qt.MouseButton.RightButton:  # a right drag zooms and is no click
            self.menu_wanted.emit(event.screenPos().toPoint())

    def mouseDoubleClickEvent(self, ev: QMouseEvent) -> None:
        super().mouseDoubleClickEvent(ev)
        if ev.button() == Qt.MouseButton.LeftButton:
            self.fit(whole=self._fits and not self._whole)

    def mouseMoveEvent(self, ev: QMouseEvent) -> None:
        super().mouseMoveEvent(ev)
        self._pointer = ev.position()
        self._point()
        self.scene().update()

    def leaveEvent(self, ev: QEvent) -> None:
        super().leaveEvent(ev)
        self._pointer = None
        self._point()
        self.scene().update()

    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            near = self.edits_at(event.pos().x())
            QToolTip.showText(event.globalPos(), "\n".join(near), self)
            return True
        return super().viewportEvent(event)

    def _point(self) -> None:
        """Tell what marks the pointer is on, when they are others than before."""
        near = "" if self._pointer is None else " · ".join(dict.fromkeys(self.edits_at(self._pointer.x())))
        if near != self._pointed:
            self._pointed = near
            self.pointed.emit(near)

    def edits_at(self, x: float) -> list[str]:
        """Texts of the marks at a pixel column."""
        return [text for episode, text in self._edits if abs(self._place(episode, 0.0).x() - x) <= _REACH]

    def values_at(self, x: float) -> list[tuple[int, int]]:
        """Of every curve that reaches x: its key, and which of its points is nearest."""
        found = []
        for key, drawn in self._drawn.items():
            points = drawn.band.x
            if points.size and x <= points[-1] * 1.02:
                found.append((key, int(np.abs(points - x).argmin())))
        return found

    def value_at(self, key: int, x: float) -> tuple[float, float, float] | None:
        """(low, median, high) of a curve at the point nearest to x; None where it has not come so far."""
        for found, i in self.values_at(x):
            if found == key:
                band = self._drawn[key].band
                return float(band.low[i]), float(band.median[i]), float(band.high[i])
        return None

    def _place(self, x: float, y: float) -> QPointF:
        return self._box.mapViewToScene(QPointF(x, y))

    # -- painting ----------------------------------------------------------------------------------

    def drawBackground(self, painter: QPainter, rect: QRectF | QRect) -> None:
        frame = self._box.sceneBoundingRect()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(QPen(color("line"), 1))
        for level in self._left.levels():
            y = round(self._place(0.0, level).y())
            if frame.top() - 1 <= y <= frame.bottom() + 1:
                painter.drawLine(QPointF(frame.left(), y), QPointF(frame.right(), y))

    def drawForeground(self, painter: QPainter, rect: QRectF | QRect) -> None:
        frame = self._box.sceneBoundingRect()
        painter.setFont(font(11))
        for level in dict.fromkeys(self._optima):
            self._draw_optimum(painter, frame, level)
        for episode, _ in self._edits:
            self._draw_edit(painter, frame, episode)
        if self._pointer is not None and frame.contains(self._pointer):
            self._draw_values(painter, frame, self._pointer)

    def _draw_optimum(self, painter: QPainter, frame: QRectF, level: float) -> None:
        y = round(self._place(0.0, level).y()) + 0.5
        if not frame.top() <= y <= frame.bottom():
            return
        painter.setPen(QPen(color("dim"), 1, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(frame.left(), y), QPointF(frame.right(), y))
        text = self.tr("optimal {0}").format(number_text(level))
        size = QFontMetrics(painter.font()).size(0, text)
        above = y - size.height() - 1 >= frame.top()
        place = QRectF(
            frame.right() - size.width() - 4, y - size.height() - 1, size.width() + 4, size.height()
        )
        place.translate(0, 0 if above else size.height() + 2)
        _draw_plate(painter, place, 0.72)
        painter.setPen(color("dim"))
        painter.drawText(place, Qt.AlignmentFlag.AlignCenter, text)

    def _draw_edit(self, painter: QPainter, frame: QRectF, episode: float) -> None:
        x = round(self._place(episode, 0.0).x()) + 0.5
        if not frame.left() <= x <= frame.right():
            return
        painter.setPen(QPen(color("warn"), 1))
        painter.drawLine(QPointF(x, frame.top() + 3), QPointF(x, frame.bottom()))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color("warn"))
        painter.drawEllipse(QPointF(x, frame.top() + 3), 3, 3)

    def _draw_values(self, painter: QPainter, frame: QRectF, pointer: QPointF) -> None:
        at = self._box.mapSceneToView(pointer).x()
        found = [(self._drawn[key], i) for key, i in self.values_at(at)]
        if not found:
            return
        nearest, i = min(
            found, key=lambda pair: abs(self._place(pair[0].band.x[pair[1]], 0).x() - pointer.x())
        )
        at = float(nearest.band.x[i])
        x = round(self._place(at, 0.0).x()) + 0.5
        painter.setPen(QPen(color("faint"), 1))
        painter.drawLine(QPointF(x, frame.top()), QPointF(x, frame.bottom()))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        series = theme().series
        lines = [(f"{self._unit} {at:,.0f}".strip(), color("dim"), "")]
        for drawn, k in found:
            band, ink = drawn.band, QColor(series[drawn.color % len(series)])
            painter.setPen(QPen(color("panel"), 1.5))
            painter.setBrush(ink)
            spot = self._place(float(band.x[k]), float(band.median[k]))
            if frame.contains(spot):
                painter.drawEllipse(spot, 4, 4)
            spread = f"({number_text(band.low[k])} … {number_text(band.high[k])})" if band.seeds > 1 else ""
            lines.append((f"{drawn.title}  {number_text(band.median[k])}", ink, spread))
        _draw_read_out(painter, frame, x, lines)

    def _dress(self) -> None:
        for axis in (self._left, self._bottom):
            axis.dress()
        for item in self._items.values():
            item.update()
        self.scene().update()


def number_text(value: float) -> str:
    """A value for reading, to four figures."""
    return minus(f"{value:.4g}") if np.isfinite(value) else "∞"


def span_of(band: Band, whole: bool) -> tuple[float, float]:
    """The least and the greatest value to show of a curve that has points."""
    low = np.where(np.isfinite(band.low), band.low, band.median)
    high = np.where(np.isfinite(band.high), band.high, band.median)
    all_low, all_high = float(low.min()), float(high.max())
    recent = slice(-max(1, band.x.size // 5), None)
    robust_low = min(float(np.quantile(low, _TRANSIENT)), float(low[recent].min()))
    robust_high = max(float(np.quantile(high, 1 - _TRANSIENT)), float(high[recent].max()))
    if whole or all_high - all_low <= _FAR * (robust_high - robust_low):
        return all_low, all_high
    return robust_low, robust_high


def _draw_plate(painter: QPainter, place: QRectF, opacity: float) -> None:
    ground = color("panel")
    ground.setAlphaF(opacity)
    painter.fillRect(place, ground)


def _draw_read_out(painter: QPainter, frame: QRectF, x: float, lines: list[tuple[str, QColor, str]]) -> None:
    """A small table beside the line at pixel column x."""
    metrics = QFontMetrics(painter.font())
    height = metrics.height() + 2
    lines = lines[: max(2, int((frame.height() - 8) // height))]
    first = max(metrics.horizontalAdvance(text) for text, _, _ in lines) + 14
    width = first + max(metrics.horizontalAdvance(spread) for _, _, spread in lines) + 20
    place = QRectF(x + 10, frame.top() + 2, width, height * len(lines) + 8)
    if place.right() > frame.right():
        place.moveRight(x - 10)
    if place.left() < frame.left():
        place.moveLeft(frame.left())
    painter.setPen(QPen(color("line"), 1))
    painter.setBrush(mix(color("panel"), color("raised"), 0.6))
    painter.drawRoundedRect(place.adjusted(0.5, 0.5, -0.5, -0.5), 5, 5)
    middle = Qt.AlignmentFlag.AlignVCenter
    for number, (text, ink, spread) in enumerate(lines):
        row = QRectF(place.left() + 8, place.top() + 4 + number * height, width - 16, height)
        if number:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(ink)
            painter.drawEllipse(QPointF(row.left() + 3.5, row.center().y()), 3.5, 3.5)
            painter.setPen(color("text"))
            painter.drawText(row.adjusted(14, 0, 0, 0), middle, text)
            painter.setPen(color("dim"))
            painter.drawText(row, middle | Qt.AlignmentFlag.AlignRight, spread)
        else:
            painter.setPen(ink)
            painter.drawText(row, middle, text)
