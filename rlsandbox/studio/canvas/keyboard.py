"""What keys do on the canvas, alone and while the pointer moves."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QMouseEvent

from rlsandbox.studio.tools import Keys

if TYPE_CHECKING:
    from rlsandbox.studio.canvas.canvas import Canvas

ARROWS: dict[Qt.Key, tuple[int, int]] = {
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Down: (1, 0),
    Qt.Key.Key_Left: (0, -1),
}
"""Rows and columns by which an arrow moves the selected cell."""

_STEP = 1.25


def _zoom_in(canvas: Canvas) -> None:
    canvas.zoom_by(_STEP)


def _zoom_out(canvas: Canvas) -> None:
    canvas.zoom_by(1 / _STEP)


def _fit(canvas: Canvas) -> None:
    canvas.fit()


def _paint(canvas: Canvas) -> None:
    canvas.editing.paint_cell()


def _erase(canvas: Canvas) -> None:
    canvas.editing.delete()


def _cancel(canvas: Canvas) -> None:
    canvas.editing.cancel()


KEYS: dict[Qt.Key, Callable[[Canvas], None]] = {
    Qt.Key.Key_Plus: _zoom_in,
    Qt.Key.Key_Equal: _zoom_in,
    Qt.Key.Key_Minus: _zoom_out,
    Qt.Key.Key_0: _fit,
    Qt.Key.Key_Return: _paint,
    Qt.Key.Key_Enter: _paint,
    Qt.Key.Key_Delete: _erase,
    Qt.Key.Key_Backspace: _erase,
    Qt.Key.Key_Escape: _cancel,
}


def keys_of(event: QMouseEvent) -> Keys:
    """What is held during a pointer event."""
    held = event.modifiers()
    buttons = event.buttons() | event.button()
    return Keys(
        shift=bool(held & Qt.KeyboardModifier.ShiftModifier),
        control=bool(held & Qt.KeyboardModifier.ControlModifier),
        alt=bool(held & Qt.KeyboardModifier.AltModifier),
        erase=bool(buttons & Qt.MouseButton.RightButton),
    )
