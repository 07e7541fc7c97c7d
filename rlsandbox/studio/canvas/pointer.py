"""What the mouse does on the canvas: strokes, panning, pointing, and the shape that tells which."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QMouseEvent

from rlsandbox.studio.canvas.keyboard import keys_of

if TYPE_CHECKING:
    from rlsandbox.studio.canvas.canvas import Canvas

_DRAWING_BUTTONS = Qt.MouseButton.LeftButton | Qt.MouseButton.RightButton


class Pointer:
    """Hands the mouse's events to the tool in hand, or moves the view; Space makes any tool pan."""

    def __init__(self, canvas: Canvas) -> None:
        """Nothing is held."""
        self._canvas = canvas
        self._panning_from: QPointF | None = None
        self._space_held = False
        self._space_dragged = False

    def press(self, event: QMouseEvent) -> None:
        """Begin to pan, or a stroke; the left button selects as well."""
        canvas, editing = self._canvas, self._canvas.editing
        left = event.button() == Qt.MouseButton.LeftButton
        pans = event.button() == Qt.MouseButton.MiddleButton or (
            left and (self._space_held or editing.tool.pans)
        )
        cell = canvas.cell_at(event.position())
        if pans:
            self._panning_from = event.position()
            self._space_dragged = self._space_held
            self.show_cursor()
        elif canvas.holds(cell) and not editing.is_drawing:
            keys = keys_of(event)
            if left or (keys.erase and editing.tool.paints):
                editing.press(cell, keys)
        elif left:
            editing.let_go()
        if left and not self._space_held:
            canvas.select(cell if canvas.holds(cell) else None)

    def move(self, event: QMouseEvent) -> None:
        """Go on with it."""
        canvas = self._canvas
        if self._panning_from is not None:
            step = event.position() - self._panning_from
            self._panning_from = event.position()
            canvas.pan_by(step.x(), step.y())
            return
        cell = canvas.cell_at(event.position())
        canvas.point_at(cell if canvas.holds(cell) else None)
        if canvas.editing.is_drawing:
            canvas.editing.drag(cell, keys_of(event))

    def release(self, event: QMouseEvent) -> None:
        """End it."""
        canvas = self._canvas
        if self._panning_from is not None:
            self._panning_from = None
            self.show_cursor()
        elif canvas.editing.is_drawing and not event.buttons() & _DRAWING_BUTTONS:
            canvas.editing.release(canvas.cell_at(event.position()), keys_of(event))

    def hold_space(self) -> None:
        """From now on the left button pans."""
        self._space_held, self._space_dragged = True, False
        self.show_cursor()

    def let_space_go(self) -> bool:
        """Back to the tool; whether Space was pressed for itself, not to pan."""
        held, self._space_held = self._space_held, False
        self.show_cursor()
        return held and not self._space_dragged

    def show_cursor(self) -> None:
        """Say by the cursor's shape what a press would do."""
        canvas, tool = self._canvas, self._canvas.editing.tool
        if self._panning_from is not None:
            canvas.setCursor(Qt.CursorShape.ClosedHandCursor)
        elif self._space_held or tool.pans:
            canvas.setCursor(Qt.CursorShape.OpenHandCursor)
        elif tool.id == "select":
            canvas.unsetCursor()
        else:
            canvas.setCursor(Qt.CursorShape.CrossCursor)
