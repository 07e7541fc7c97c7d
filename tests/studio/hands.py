"""What a user's hands do to widgets: clicks, strokes, the wheel and keys."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from rlsandbox.studio.canvas import Canvas
from rlsandbox.studio.controls import ChoiceRow
from rlsandbox.worlds.rules import Cell

LEFT, RIGHT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton
CTRL, ALT, NONE = (
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.AltModifier,
    Qt.KeyboardModifier.NoModifier,
)


class Edits:
    """Remembers what the canvas says."""

    def __init__(self, canvas: Canvas) -> None:
        self.committed, self.selected, self.hovered, self.picked = [], [], [], []
        canvas.edit_committed.connect(lambda world, text: self.committed.append((world, text)))
        canvas.selected.connect(self.selected.append)
        canvas.hovered.connect(self.hovered.append)
        canvas.tile_picked.connect(self.picked.append)


def heard(signal: Any) -> list[Any]:
    """What a signal tells from now on."""
    said: list[Any] = []
    signal.connect(said.append)
    return said


def point(canvas: Canvas, cell: Cell) -> QPoint:
    """The middle of a cell in the widget."""
    scale = canvas.devicePixelRatioF()
    middle = canvas.view.rect(*cell).center()
    return QPoint(int(middle.x() / scale), int(middle.y() / scale))


def stroke(canvas: Canvas, *cells: Cell, button: Qt.MouseButton = LEFT, keys: Any = NONE) -> None:
    """Press in the first cell, go through the others and let go in the last."""
    QTest.mousePress(canvas, button, keys, point(canvas, cells[0]))
    for cell in cells[1:]:
        move(canvas, cell, button, keys)
    QTest.mouseRelease(canvas, button, keys, point(canvas, cells[-1]))


def move(canvas: Canvas, cell: Cell, button: Any = Qt.MouseButton.NoButton, keys: Any = NONE) -> None:
    """Move to a cell; QTest holds no buttons, so this is sent as the window system would."""
    place = QPointF(point(canvas, cell))
    event = QMouseEvent(
        QEvent.Type.MouseMove, place, canvas.mapToGlobal(place), Qt.MouseButton.NoButton, button, keys
    )
    QApplication.sendEvent(canvas, event)


def turn_wheel(widget: QWidget, notches: int, at: QPoint | None = None, keys: Any = NONE) -> bool:
    """Turn the wheel over the middle of a widget or a point of it; whether the widget took it."""
    place = QPointF(widget.rect().center() if at is None else at)
    event = QWheelEvent(
        place,
        widget.mapToGlobal(place),
        QPoint(),
        QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton,
        keys,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(widget, event)
    return event.isAccepted()


def type_into(qtbot: QtBot, field: Any, text: str, then: Qt.Key = Qt.Key.Key_Return) -> None:
    """Write a text in the place of what a field says."""
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, text)
    qtbot.keyClick(field, then)


def choose(row: ChoiceRow, value: object) -> None:
    """Choose from a row's list."""
    row.set_value(value)
    row.edited.emit(value)
