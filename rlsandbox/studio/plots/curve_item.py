"""A curve and its band, as one item of a plot."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from pyqtgraph.functions import arrayToQPolygonF
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from rlsandbox.studio.plots.run_curves import Band, Floats
from rlsandbox.studio.theme import theme

_WIDTH = 1.8
_OPACITY = {"dark": 0.24, "light": 0.19}
_FAR = 50.0
"""Heights of the plot beyond which nothing is drawn: painters take no infinite numbers."""


class CurveItem(pg.GraphicsObject):
    """Draws a `Band` with the theme's colours at that moment, in the pixels of its plot."""

    def __init__(self) -> None:
        super().__init__()
        self._band: Band | None = None
        self._color = 0

    def set_curve(self, band: Band, color: int) -> None:
        """Draw another band, in a colour of the theme's series."""
        self._band, self._color = band, color
        self.update()

    def boundingRect(self) -> QRectF:
        return QRectF(self._view())

    def _view(self) -> QRectF:
        """What the plot shows, in the units of the axes."""
        return self.viewRect() or QRectF()

    def viewRangeChanged(self) -> None:
        self.prepareGeometryChange()

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        view, band = self._view(), self._band
        if band is None or not band.x.size or view.width() <= 0 or view.height() <= 0:
            return
        current = theme()
        ink = QColor(current.series[self._color % len(current.series)])
        x = _window(band.x, view.left(), view.right())
        # In pixels of the scene strokes are cheaper, and dots stay round.
        scene = self.sceneTransform()
        painter.save()
        painter.setTransform(scene.inverted()[0], True)
        top, bottom = sorted(scene.m22() * y + scene.dy() for y in (view.top(), view.bottom()))
        far = _FAR * (bottom - top)
        px = scene.m11() * x + scene.dx()

        def pixels(values: Floats) -> Floats:
            y = np.clip(scene.m22() * values + scene.dy(), top - far, bottom + far)
            return np.interp(x, band.x, y)

        if band.seeds > 1 and x.size > 1:
            fill = QColor(ink)
            fill.setAlphaF(_OPACITY[current.name])
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)  # a third of the time, and as good
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(fill)
            edge = np.clip(np.append(pixels(band.low), pixels(band.high)[::-1]), top, bottom)
            painter.drawPolygon(arrayToQPolygonF(np.append(px, px[::-1]), edge))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if x.size > 1:
            # One by one with flat ends, lines cost a twentieth of a stroked path.
            painter.setPen(QPen(ink, _WIDTH, c=Qt.PenCapStyle.FlatCap))
            painter.drawLines([QLineF(*ends) for ends in _pieces(px, pixels(band.median), top, bottom)])
        elif top <= pixels(band.median)[0] <= bottom:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(ink)
            painter.drawEllipse(QPointF(px[0], pixels(band.median)[0]), 2.5, 2.5)
        painter.restore()


def _window(x: Floats, left: float, right: float) -> Floats:
    """The points between two places, and those places where the curve reaches them."""
    if x.size == 1 or x[0] > right or x[-1] < left:
        return x
    left, right = max(left, float(x[0])), min(right, float(x[-1]))
    inside = x[(x > left) & (x < right)]
    return np.concatenate([[left], inside, [right]])


def _pieces(x: Floats, y: Floats, top: float, bottom: float) -> list[list[float]]:
    """Pieces `[x0, y0, x1, y1]` of a line, cut off at top and bottom: an SVG cuts nothing off by itself."""
    x0, x1, y0, y1 = x[:-1], x[1:], y[:-1], y[1:]
    rise = np.where(y1 == y0, 1.0, y1 - y0)
    at_top, at_bottom = (top - y0) / rise, (bottom - y0) / rise
    level = y1 == y0
    enter = np.where(level, 0.0, np.clip(np.minimum(at_top, at_bottom), 0, 1))
    leave = np.where(level, 1.0, np.clip(np.maximum(at_top, at_bottom), 0, 1))
    kept = (enter < leave) & (np.minimum(y0, y1) <= bottom) & (np.maximum(y0, y1) >= top)
    pieces = [x0 + enter * (x1 - x0), y0 + enter * (y1 - y0), x0 + leave * (x1 - x0), y0 + leave * (y1 - y0)]
    return np.stack(pieces, axis=1)[kept].tolist()
