"""The action values of one state, painted: four triangles, or a list where the moves are others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from rlsandbox.studio.colormaps import colors, is_bright
from rlsandbox.studio.controls.frame import painter_of
from rlsandbox.studio.painting.arrows import INK
from rlsandbox.studio.painting.glyphs import number
from rlsandbox.studio.theme import color, font

_FOUR = ("up", "right", "down", "left")
_SIDE = 120
_ROW = 15
# Corners of each triangle beside the middle, and where its number stands, in shares of the square.
_CORNERS = (((0, 0), (1, 0)), ((1, 0), (1, 1)), ((1, 1), (0, 1)), ((0, 1), (0, 0)))
_TEXTS = ((0.5, 0.16), (0.77, 0.5), (0.5, 0.84), (0.23, 0.5))


@dataclass(frozen=True)
class ActionValues:
    """What is painted.

    Attributes:
        names: of the actions.
        values: Q of each, in the order of `names`.
        greedy: whether each is among those that the policy takes.
        low, high: ends of the colour scale; what lies beyond takes the end's colour.
    """

    names: tuple[str, ...]
    values: tuple[float, ...]
    greedy: tuple[bool, ...]
    low: float
    high: float


class ActionValuesView(QWidget):
    """Paints `ActionValues` in the colours of the value map."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Show nothing yet."""
        super().__init__(parent)
        self._shown: ActionValues | None = None
        self.setFixedSize(_SIDE, _SIDE)

    def set_values(self, values: ActionValues) -> None:
        """Show other values; nothing happens when they are the same."""
        if values == self._shown:
            return
        if self._shown is None or len(values.names) != len(self._shown.names):
            rows = len(values.names)
            self.setFixedHeight(_SIDE if values.names == _FOUR else max(3, rows) * _ROW)
        self._shown = values
        self.setAccessibleName(
            ", ".join(f"{n} {self._text(v)}" for n, v in zip(values.names, values.values, strict=True))
        )
        self.update()

    def sizeHint(self) -> QSize:
        return self.size()

    def _text(self, value: float) -> str:
        assert self._shown is not None
        finite = [abs(v) for v in self._shown.values if np.isfinite(v)]
        return number(value, 1 if max(finite, default=0.0) >= 10 else 2)

    def _fill(self, value: float) -> tuple[QColor, QColor]:
        """Ground and ink for a value."""
        assert self._shown is not None
        low, high = self._shown.low, self._shown.high
        share = (value - low) / (high - low) if high > low else 0.5
        index = int(np.clip(np.nan_to_num(share) * 255, 0, 255))
        return QColor(*colors("viridis")[index].tolist()), QColor(INK[bool(is_bright("viridis")[index])])

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._shown is None:
            return
        if self._shown.names == _FOUR:
            self._paint_triangles(self._shown)
        else:
            self._paint_list(self._shown)

    def _paint_triangles(self, shown: ActionValues) -> None:
        painter = painter_of(self)
        box = QRectF(self.rect())

        def at(x: float, y: float) -> QPointF:
            return QPointF(box.left() + x * box.width(), box.top() + y * box.height())

        for corners, value in zip(_CORNERS, shown.values, strict=True):
            painter.setBrush(self._fill(value)[0])
            painter.drawPolygon(QPolygonF([at(*corners[0]), at(*corners[1]), at(0.5, 0.5)]))
        painter.setPen(QPen(color("panel"), 1.5))
        painter.drawLine(at(0, 0), at(1, 1))
        painter.drawLine(at(1, 0), at(0, 1))
        for place, value, greedy in zip(_TEXTS, shown.values, shown.greedy, strict=True):
            painter.setFont(font(12, 600 if greedy else 400))
            painter.setPen(self._fill(value)[1])
            middle = at(*place)
            room = QRectF(middle.x() - 32, middle.y() - 9, 64, 18)
            painter.drawText(room, Qt.AlignmentFlag.AlignCenter, self._text(value))

    def _paint_list(self, shown: ActionValues) -> None:
        painter = painter_of(self)
        rows = zip(shown.names, shown.values, shown.greedy, strict=True)
        for y, (name, value, greedy) in enumerate(rows):
            line = QRectF(0, y * _ROW, self.width(), _ROW)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._fill(value)[0])
            painter.drawRoundedRect(QRectF(0, line.top() + 3, 9, 9), 2, 2)
            painter.setFont(font(12, 600 if greedy else 400))
            painter.setPen(color("text" if greedy else "dim"))
            painter.drawText(line.adjusted(15, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, name)
            right = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
            painter.drawText(line, right, self._text(value))
