"""What every painted control shares: the rounded frame, and a focus ring for those who use the keyboard."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import QWidget

from rlsandbox.studio.theme import color

_KEYBOARD_REASONS = (
    Qt.FocusReason.TabFocusReason,
    Qt.FocusReason.BacktabFocusReason,
    Qt.FocusReason.ShortcutFocusReason,
)


# A mixin may not be a second QObject, yet the type checker has to know what it is mixed into.
_Mixin = QWidget if TYPE_CHECKING else object


class KeyboardFocus(_Mixin):
    """Mixed in before a Qt class, it tells focus by keyboard (show a ring) from a click (show none)."""

    _by_keyboard = False

    def focusInEvent(self, event: QFocusEvent) -> None:
        self._by_keyboard = event.reason() in _KEYBOARD_REASONS
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self._by_keyboard:
            self._by_keyboard = True
            self.update()
        super().keyPressEvent(event)

    def shows_ring(self) -> bool:
        """Whether the focus ring is to be painted now."""
        return self.hasFocus() and self._by_keyboard


def painter_of(widget: QWidget) -> QPainter:
    """A smooth painter on a widget, for use in its `paintEvent`; end it, or let it go out of scope."""
    painter = QPainter(widget)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    return painter


def draw_frame(
    painter: QPainter,
    rect: QRectF,
    radius: float,
    fill: QColor | str | None,
    border: QColor | str | None = None,
    ring: bool = False,
) -> None:
    """A rounded rectangle with a crisp 1 px border; with `ring`, a 2 px ring in the accent instead of it."""
    width = 2.0 if ring else 1.0
    edge = "accent" if ring else border
    inset = width / 2 if edge is not None else 0.0
    painter.setBrush(Qt.BrushStyle.NoBrush if fill is None else _color(fill))
    painter.setPen(Qt.PenStyle.NoPen if edge is None else QPen(_color(edge), width))
    painter.drawRoundedRect(rect.adjusted(inset, inset, -inset, -inset), radius - inset, radius - inset)
    painter.setPen(Qt.PenStyle.NoPen)


def _color(value: QColor | str) -> QColor:
    return color(value) if isinstance(value, str) else value
