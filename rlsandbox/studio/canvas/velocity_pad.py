"""A round pad on which a velocity is drawn: the one at which a continuous world is asked about."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from rlsandbox.studio.canvas.keyboard import ARROWS
from rlsandbox.studio.controls.frame import painter_of
from rlsandbox.studio.theme import color, font
from rlsandbox.studio.typography import minus

_DISC, _LINE = 64, 16
_STEP = 0.25
"""Cells a second that an arrow key adds."""
_REST = 0.08
"""Share of the pad around its middle that is at rest."""


class VelocityPad(QWidget):
    """Drag from the middle for a velocity; a double click, Delete or 0 is at rest again."""

    changed = Signal(float, float)
    """The velocity to the right and down, in cells a second."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Make a pad at rest."""
        super().__init__(parent)
        self._top, self._velocity = 1.0, (0.0, 0.0)
        self.setFixedSize(self.sizeHint())
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(self.tr("Velocity"))
        self.setToolTip(
            self.tr(
                "The velocity at which values and forces are shown: drag from the middle, or use the"
                " arrow keys; a double click is at rest again"
            )
        )

    def sizeHint(self) -> QSize:
        return QSize(_DISC + 40, _DISC + _LINE + 12)

    def set_top(self, speed: float) -> None:
        """The rim is so many cells a second."""
        self._top = speed
        self.update()

    def velocity(self) -> tuple[float, float]:
        """To the right and down, in cells a second."""
        return self._velocity

    def set_velocity(self, x: float, y: float) -> None:
        """Show a velocity, cut at the rim, and tell of it if it is another one."""
        speed = math.hypot(x, y)
        if speed > self._top:
            x, y = x * self._top / speed, y * self._top / speed
        x, y = round(x, 2) + 0.0, round(y, 2) + 0.0
        if (x, y) != self._velocity:
            self._velocity = x, y
            self.setAccessibleDescription(self.text())
            self.changed.emit(x, y)
            self.update()

    def text(self) -> str:
        """The velocity in words."""
        x, y = self._velocity
        if not (x or y):
            return self.tr("asked at rest")
        return minus(f"{x:.1f}, {y:.1f}") + self.tr(" cells/s")

    def _middle(self) -> QPointF:
        return QPointF(self.width() / 2, 6 + _DISC / 2)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._drag(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._drag(event.position())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.set_velocity(0.0, 0.0)

    def _drag(self, place: QPointF) -> None:
        way = (place - self._middle()) / (_DISC / 2)
        if math.hypot(way.x(), way.y()) < _REST:
            way = QPointF()
        self.set_velocity(way.x() * self._top, way.y() * self._top)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        x, y = self._velocity
        if key in ARROWS:
            rows, columns = ARROWS[key]
            self.set_velocity(x + _STEP * columns, y + _STEP * rows)
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace, Qt.Key.Key_0):
            self.set_velocity(0.0, 0.0)
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, middle, radius = painter_of(self), self._middle(), _DISC / 2 - 1
        ground = QColor(color("panel"))
        ground.setAlphaF(0.9)
        painter.setBrush(ground)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.drawRoundedRect(QRectF(self.rect()), 8, 8)
        painter.setBrush(color("raised"))
        painter.setPen(QPen(color("accent" if self.hasFocus() else "line"), 1.5 if self.hasFocus() else 1))
        painter.drawEllipse(middle, radius, radius)
        x, y = self._velocity
        tip = middle + QPointF(x, y) / self._top * radius
        painter.setPen(QPen(color("accent"), 2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawLine(middle, tip)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color("accent" if x or y else "dim"))
        painter.drawEllipse(tip, 4, 4)
        painter.setPen(color("dim"))
        painter.setFont(font(11))
        line = QRectF(0, self.height() - _LINE - 2, self.width(), _LINE)
        painter.drawText(line, Qt.AlignmentFlag.AlignCenter, self.text())
