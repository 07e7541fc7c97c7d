"""One plot: curves with bands on a quiet ground, in the colours of the theme."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent
from PySide6.QtWidgets import QWidget

from rlsandbox.studio.plots.run_curves import Band
from rlsandbox.studio.theme import font, theme, theme_manager

_MARGIN = 0.06
_LABEL_PX = 22
"""Room above the curves for the word at the optimum."""


@dataclass
class _Items:
    """What is drawn of one run."""

    low: Any
    high: Any
    fill: Any
    line: Any


class Plot(pg.PlotWidget):
    """Curves by key. Fits what it shows until the user zooms; a double click fits again."""

    hovered = Signal(object)
    """Where the pointer is, in episodes; None when it left."""
    plotItem: pg.PlotItem

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, background=None)  # pyright: ignore[reportArgumentType] - None: no ground
        self.setFrameShape(self.Shape.NoFrame)
        self.setMinimumHeight(60)
        self.hideButtons()
        self.setMenuEnabled(False)
        self.setMouseTracking(True)
        item = self.plotItem
        item.setContentsMargins(0, 4, 2, 0)
        self._box = item.getViewBox()
        self._box.sigRangeChangedManually.connect(self._on_zoom)
        self._fits = True
        self._items: dict[int, _Items] = {}
        self._bands: dict[int, Band] = {}
        self._optimum = pg.InfiniteLine(angle=0)
        self._optimum.hide()
        self._optimum_label = pg.TextItem(anchor=(1, 1))
        self._optimum_label.setFont(font(11))
        self._edits: list[Any] = []
        self._edit_marks: tuple[tuple[float, str], ...] = ()
        self._shown_optimum: float | None = None
        for extra in (self._optimum, self._optimum_label):
            self.plotItem.addItem(extra, ignoreBounds=True)
        theme_manager().changed.connect(self._dress)
        self._dress()

    def set_curves(self, bands: dict[int, tuple[Band, int]], optimum: float | None) -> None:
        """Show these curves (band, colour index) by key, and the optimum as a dashed line."""
        for key in list(self._items):
            if key not in bands:
                self._remove(key)
        for key, (band, color) in bands.items():
            self._show(key, band, color)
        self._bands = {key: band for key, (band, _) in bands.items()}
        self._shown_optimum = optimum
        self._optimum.setVisible(optimum is not None)
        self._optimum_label.setVisible(optimum is not None)
        if optimum is not None:
            self._optimum.setValue(optimum)
        if self._fits:
            self.fit()

    def set_edits(self, edits: tuple[tuple[float, str], ...]) -> None:
        """Mark commands by thin vertical lines."""
        if edits == self._edit_marks:
            return
        self._edit_marks = edits
        for line in self._edits:
            self.removeItem(line)
        self._edits = []
        for at, text in edits[-50:]:
            line = pg.InfiniteLine(at, angle=90, pen=pg.mkPen(theme().warn, width=1))
            line.setToolTip(text)
            self.plotItem.addItem(line, ignoreBounds=True)
            self._edits.append(line)

    def fit(self) -> None:
        """Show all curves; the worst of a bad beginning may lie outside."""
        self._fits = True
        drawn = [band for band in self._bands.values() if band.x.size]
        if not drawn:
            return
        low = min(float(np.quantile(band.low, 0.04)) for band in drawn)
        high = max(float(band.high.max()) for band in drawn)
        if self._shown_optimum is not None:
            low, high = min(low, self._shown_optimum), max(high, self._shown_optimum)
        room = _MARGIN * (high - low) if high - low > 1e-9 else max(0.5, 0.1 * abs(high))
        label = _LABEL_PX / max(1, self.height()) * (high - low + 2 * room)
        right = max(float(band.x[-1]) for band in drawn)
        self._box.setRange(xRange=(0, right), yRange=(low - room, high + room + label), padding=0)
        optimum = self._shown_optimum or 0.0
        self._optimum_label.setPos(right, optimum)

    def mouseDoubleClickEvent(self, ev: QMouseEvent) -> None:
        self.fit()

    def mouseMoveEvent(self, ev: QMouseEvent) -> None:
        super().mouseMoveEvent(ev)
        self.hovered.emit(self._box.mapSceneToView(self.mapToScene(ev.position().toPoint())).x())

    def leaveEvent(self, ev: Any) -> None:
        super().leaveEvent(ev)
        self.hovered.emit(None)

    def value_at(self, key: int, x: float) -> tuple[float, float, float] | None:
        """(low, median, high) of a curve at the point nearest to x."""
        band = self._bands.get(key)
        if band is None or not band.x.size:
            return None
        i = int(np.abs(band.x - x).argmin())
        return float(band.low[i]), float(band.median[i]), float(band.high[i])

    # -- inside ------------------------------------------------------------------------------------

    def _show(self, key: int, band: Band, color: int) -> None:
        items = self._items.get(key)
        if items is None:
            low, high = pg.PlotCurveItem(), pg.PlotCurveItem()
            line = pg.PlotCurveItem(antialias=True)
            fill = pg.FillBetweenItem(low, high)
            items = self._items[key] = _Items(low, high, fill, line)
            for item in (low, high, fill, line):
                self.addItem(item)
            self._tint(items, color)
        x, low, high, median = band.x, band.low, band.high, band.median
        if x.size == 1:  # a line needs two points: a dash in the place of one
            x, low, high, median = np.append(0.98 * x, x), *(np.repeat(y, 2) for y in (low, high, median))
        items.low.setData(x, low)
        items.high.setData(x, high)
        items.line.setData(x, median)
        items.line.color_index = color
        items.fill.setVisible(band.seeds > 1)

    def _tint(self, items: _Items, color: int) -> None:
        series = theme().series
        ink = QColor(series[color % len(series)])
        items.line.setPen(pg.mkPen(ink, width=1.8))
        items.low.setPen(pg.mkPen(None))
        items.high.setPen(pg.mkPen(None))
        ink.setAlphaF(0.22)
        items.fill.setBrush(ink)
        items.line.color_index = color

    def _remove(self, key: int) -> None:
        items = self._items.pop(key)
        for item in (items.line, items.fill, items.low, items.high):
            self.removeItem(item)

    def _on_zoom(self, *_: Any) -> None:
        self._fits = False

    def _dress(self) -> None:
        current = theme()
        item = self.plotItem
        item.showGrid(x=False, y=True, alpha=1.0)  # see-through lines are slow to paint
        self.setBackground(current.panel)
        for side in ("left", "bottom"):
            axis = item.getAxis(side)
            axis.setPen(pg.mkPen(current.line))
            axis.setTickPen(pg.mkPen(current.line))
            axis.setTextPen(pg.mkPen(current.faint if side == "bottom" else current.dim))
            axis.setTickFont(font(11))
            axis.setStyle(tickLength=0, tickTextOffset=5, maxTickLevel=0)
            axis.enableAutoSIPrefix(False)
        item.getAxis("left").setWidth(44)
        item.getAxis("bottom").setHeight(20)
        self._optimum.setPen(pg.mkPen(current.dim, width=1, style=Qt.PenStyle.DashLine))
        self._optimum_label.setColor(current.dim)
        self._optimum_label.setText(self.tr("optimal"))
        for items in self._items.values():
            self._tint(items, items.line.color_index)
