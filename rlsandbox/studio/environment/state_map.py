"""What the agent makes of two numbers of an observation: values or actions as colours, its way as a line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from rlsandbox.marks import Heatmap
from rlsandbox.studio.colormaps import colors
from rlsandbox.studio.painting.legend import LINE, paint_legend
from rlsandbox.studio.plots.axes import RoundAxis
from rlsandbox.studio.theme import color, font, theme, theme_manager
from rlsandbox.worlds.simulation import Dimension, Slice

Floats = NDArray[np.float64]
_SWATCH, _GAP = 10.0, 6.0


@dataclass(frozen=True)
class Scaled:
    """Numbers `[rows, columns]` on a colour scale."""

    label: str
    values: Floats
    colormap: str
    low: float
    high: float


@dataclass(frozen=True)
class Chosen:
    """Which of some names holds at each place: `[rows, columns]` int64."""

    names: tuple[str, ...]
    which: NDArray[np.int64]


class StateMap(pg.PlotWidget):
    """Colours over two dimensions of an observation; the first row is the lowest."""

    pointed = Signal(object)
    """The place under the pointer in units of the dimensions, or None."""
    plotItem: pg.PlotItem

    def __init__(self, parent: QWidget | None = None) -> None:
        """Show nothing yet."""
        self._axes = RoundAxis("left", whole=False), RoundAxis("bottom", whole=False)
        super().__init__(
            parent,
            background=None,  # pyright: ignore[reportArgumentType] - None: no ground
            axisItems={"left": self._axes[0], "bottom": self._axes[1]},
        )
        self.setFrameShape(self.Shape.NoFrame)
        self.setCacheMode(self.CacheModeFlag.CacheNone)  # a kept ground would be that of the theme before
        self.hideButtons()
        self.setMenuEnabled(False)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setMinimumSize(160, 120)
        self.plotItem.setContentsMargins(0, 4, 14, 0)
        box = self.plotItem.getViewBox()
        box.disableAutoRange()
        box.setMouseEnabled(False, False)
        box.setDefaultPadding(0.0)
        self._ranges: tuple[Dimension, Dimension] | None = None
        self._image = pg.ImageItem(axisOrder="row-major")
        self._rim, self._way = pg.PlotCurveItem(antialias=True), pg.PlotCurveItem(antialias=True)
        self._agent = pg.ScatterPlotItem(size=12, pxMode=True, antialias=True)
        for item in (self._image, self._rim, self._way, self._agent):
            self.addItem(item)
        for curve in (self._rim, self._way):
            curve.setSegmentedLineMode("on")  # a path that crosses itself takes five times as long to paint
        self._dress()
        theme_manager().changed.connect(self._dress)

    def set_range(self, x: Dimension, y: Dimension) -> None:
        """Show the ranges of two dimensions."""
        if self._ranges == (x, y):
            return  # numbers of axes are dear to be laid out anew
        self._ranges = x, y
        self.plotItem.getViewBox().setRange(xRange=(x.low, x.high), yRange=(y.low, y.high), padding=0.0)

    def set_colours(self, shown: Scaled | Chosen, chosen: Slice, dimensions: Sequence[Dimension]) -> None:
        """Show values, or actions, at the places of a slice."""
        if isinstance(shown, Scaled):
            share = (shown.values - shown.low) / max(shown.high - shown.low, 1e-12)
            pixels = colors(shown.colormap)[np.clip(np.nan_to_num(share) * 255, 0, 255).astype(np.intp)]
        else:
            pixels = inks(len(shown.names))[shown.which]
        self.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, isinstance(shown, Scaled))
        x, y = dimensions[chosen.x], dimensions[chosen.y]
        self._image.setImage(pixels, autoLevels=False, levels=(0, 255))
        self._image.setRect(QRectF(x.low, y.low, x.high - x.low, y.high - y.low))
        self.set_range(x, y)

    def set_way(self, way: NDArray[np.floating], chosen: Slice) -> None:
        """Show where the agent is, `[L, D]` oldest first, and how it came there."""
        x, y = way[:, chosen.x], way[:, chosen.y]
        for curve in (self._rim, self._way):
            curve.setData(x, y)
        self._agent.setData(x[-1:], y[-1:])

    def clear_all(self) -> None:
        """Show nothing."""
        self._image.clear()
        for item in (self._rim, self._way, self._agent):
            item.setData([], [])

    def leaveEvent(self, ev: QEvent) -> None:
        super().leaveEvent(ev)
        self.pointed.emit(None)

    def mouseMoveEvent(self, ev: QMouseEvent) -> None:
        super().mouseMoveEvent(ev)
        box = self.plotItem.getViewBox()
        place = self.mapToScene(ev.position().toPoint())
        inside = box.sceneBoundingRect().contains(place)
        at = box.mapSceneToView(place)
        self.pointed.emit((at.x(), at.y()) if inside else None)

    def _dress(self) -> None:
        for axis in self._axes:
            axis.dress()
        for curve, colour, width in ((self._rim, "#2b2e37", 3.2), (self._way, "#eef0f6", 1.6)):
            pen = pg.mkPen(colour, width=width)
            pen.setCapStyle(Qt.PenCapStyle.RoundCap)  # pieces of a line meet without gaps
            curve.setPen(pen)
        self._agent.setBrush(pg.mkBrush("#ff8534"))
        self._agent.setPen(pg.mkPen("#ffffff", width=1.5))


class MapLegend(QWidget):
    """The scale of a `StateMap`, or the colours of its actions."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Explain nothing yet."""
        super().__init__(parent)
        self._shown: Scaled | Chosen | None = None
        self.setFixedHeight(round(LINE) + 4)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme_manager().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(320, round(LINE) + 4)

    def set_shown(self, shown: Scaled | Chosen | None) -> None:
        """Explain what a map shows."""
        self._shown = shown
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        shown = self._shown
        with QPainter(self) as painter:
            if isinstance(shown, Scaled):
                mark = Heatmap(shown.values, shown.low, shown.high, shown.colormap, shown.label)
                on_panel = replace(theme(), canvas=theme().panel)  # it stands beside the map, not on it
                corner = QPointF(0, self.height() - 2)
                paint_legend(painter, (mark,), on_panel, corner, room=self.width())
            elif shown is not None:
                self._paint_names(painter, shown)

    def _paint_names(self, painter: QPainter, shown: Chosen) -> None:
        painter.setFont(font(11))
        x, middle = 4.0, self.height() / 2
        for name, ink in zip(shown.names, inks(len(shown.names)), strict=True):
            painter.fillRect(QRectF(x, middle - _SWATCH / 2, _SWATCH, _SWATCH), QColor(*ink.tolist()))
            x += _SWATCH + _GAP
            painter.setPen(color("dim"))
            painter.drawText(QPointF(x, middle + 4), name)
            x += painter.fontMetrics().horizontalAdvance(name) + 2 * _GAP


def inks(count: int) -> NDArray[np.uint8]:
    """`[count, 3]`: a colour for each of so many actions, which colour-blind eyes tell apart."""
    series = theme().series
    if count > len(series):
        return colors("viridis")[np.linspace(0, 255, count).astype(np.intp)]
    return np.array([(ink.red(), ink.green(), ink.blue()) for ink in map(QColor, series[:count])], np.uint8)
