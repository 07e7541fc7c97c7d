"""A slider with a thin groove in the accent and a round handle, with optional markers for a timeline."""

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QEnterEvent, QKeyEvent, QMouseEvent, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QSlider, QWidget

from rlsandbox.studio.controls.frame import KeyboardFocus, painter_of
from rlsandbox.studio.theme import color, mix

_GROOVE = 4
_HANDLE = 14


class SlimSlider(KeyboardFocus, QSlider):
    """A horizontal `QSlider` that goes to where it is pressed; the wheel moves it only with the focus."""

    def __init__(self, low: int = 0, high: int = 100, parent: QWidget | None = None) -> None:
        """Make a slider over the whole numbers from `low` to `high`."""
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setRange(low, high)
        self.setPageStep(max(1, (high - low) // 10))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._markers: tuple[tuple[int, str], ...] = ()
        self._hovered = False

    def set_markers(self, markers: Sequence[tuple[int, str]]) -> None:
        """Show small upright marks: pairs of a position and a colour (a role of the theme, or `#rrggbb`)."""
        self._markers = tuple(markers)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(110, 22)

    def minimumSizeHint(self) -> QSize:
        return QSize(48, 22)

    def _x_of(self, value: int) -> float:
        span = self.maximum() - self.minimum()
        share = (value - self.minimum()) / span if span else 0.0
        if self.invertedAppearance():
            share = 1.0 - share
        return _HANDLE / 2 + share * (self.width() - _HANDLE)

    def _value_at(self, x: float) -> int:
        share = (x - _HANDLE / 2) / max(1, self.width() - _HANDLE)
        share = min(max(share, 0.0), 1.0)
        if self.invertedAppearance():
            share = 1.0 - share
        return self.minimum() + round(share * (self.maximum() - self.minimum()))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = painter_of(self)
        middle = self.height() / 2
        x = self._x_of(self.sliderPosition())
        left, right = _HANDLE / 2 - _GROOVE / 2, self.width() - _HANDLE / 2 + _GROOVE / 2
        top, radius = middle - _GROOVE / 2, _GROOVE / 2
        painter.setBrush(color("line"))
        painter.drawRoundedRect(QRectF(left, top, right - left, _GROOVE), radius, radius)
        painter.setBrush(color("accent" if self.isEnabled() else "faint"))
        filled = (
            QRectF(x, top, right - x, _GROOVE)
            if self.invertedAppearance()
            else QRectF(left, top, x - left, _GROOVE)
        )
        painter.drawRoundedRect(filled, radius, radius)
        for position, role in self._markers:
            painter.setBrush(color(role))
            painter.drawRect(QRectF(round(self._x_of(position)) - 1, middle - 6, 2, 12))
        if self.shows_ring():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(color("accent"), 2))
            painter.drawEllipse(QPointF(x, middle), _HANDLE / 2 + 2, _HANDLE / 2 + 2)
            painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._handle_color())
        painter.drawEllipse(QPointF(x, middle), _HANDLE / 2, _HANDLE / 2)

    def _handle_color(self):
        if not self.isEnabled():
            return color("faint")
        return (
            mix(color("text"), color("accent"), 0.25)
            if self._hovered or self.isSliderDown()
            else color("text")
        )

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            event.ignore()
            return
        self.setSliderDown(True)
        self._move_to(event.position().x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self.isSliderDown():
            self._move_to(event.position().x())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.isSliderDown():
            self.setSliderDown(False)
            self.update()

    def _move_to(self, x: float) -> None:
        self.setSliderPosition(self._value_at(x))
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        super().keyPressEvent(event)
        self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()  # the panel scrolls

    def enterEvent(self, event: QEnterEvent) -> None:
        self._hovered = True
        self.update()

    def leaveEvent(self, event) -> None:
        self._hovered = False
        self.update()
