"""The canvas widget: shows a world with marks, moves the view, and hands strokes to the tools."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from rlsandbox.marks import Badge, Badges, Mark
from rlsandbox.studio.canvas import hud
from rlsandbox.studio.canvas.camera import Camera
from rlsandbox.studio.canvas.editing import Editing
from rlsandbox.studio.canvas.keyboard import ARROWS, KEYS
from rlsandbox.studio.canvas.pointer import Pointer
from rlsandbox.studio.painting import TileLayers, View, paint_scene
from rlsandbox.studio.theme import theme, theme_manager
from rlsandbox.studio.tools import Tool, ToolContext
from rlsandbox.worlds.rules import Cell
from rlsandbox.worlds.world import World

_NOTICE_ROOM = 36.0  # logical pixels
_TAB_REASONS = (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)


class Canvas(QWidget):
    """Shows a world and lets one draw on it.

    The world shown is the one that was set, or during a stroke the one that the stroke proposes. A finished
    stroke is one edit: the canvas shows it and says so; whoever keeps the history sets worlds.
    """

    hovered = Signal(object)
    """The cell under the pointer, or None."""
    selected = Signal(object)
    """The selected cell, or None."""
    edit_committed = Signal(object, str)
    """The world after a finished stroke, and what was done."""
    tile_picked = Signal(object)
    """The `ToolContext` that the eyedropper took up."""
    refused = Signal(str)
    """Why an edit is not possible in this world, in a sentence."""
    tool_requested = Signal(str)
    """The id of the tool that makes sense now (after a paste)."""
    zoom_changed = Signal(float)
    """The zoom, where 1 shows the whole grid."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """An empty canvas with the brush."""
        super().__init__(parent)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(160, 120)
        self.setAccessibleName(self.tr("World"))
        self.editing = Editing(self)
        self._camera = Camera()
        self._layers = TileLayers()
        self._world: World | None = None
        self._marks: tuple[Mark, ...] = ()
        self._notice = ""
        self._highlight: Cell | None = None
        self._hover: Cell | None = None
        self._selected: Cell | None = None
        self._pointer = Pointer(self)
        self._ringed = False
        theme_manager().changed.connect(self.update)

    # -- what is shown -----------------------------------------------------------------------------

    @property
    def world(self) -> World | None:
        """The world that was set, with the last finished stroke."""
        return self._world

    @property
    def marks(self) -> tuple[Mark, ...]:
        """What overlays say."""
        return self._marks

    @property
    def view(self) -> View:
        """Where the grid lies, in device pixels."""
        return self._camera.view

    @property
    def selected_cell(self) -> Cell | None:
        """The selected cell."""
        return self._selected

    def set_world(self, world: World | None) -> None:
        """Show a world; a selection outside it is given up."""
        self._world = world
        if world is not None:
            zoom = self._camera.zoom
            self._camera.set_grid(world.height, world.width)
            if self._camera.zoom != zoom:
                self.zoom_changed.emit(self._camera.zoom)
        if self._selected is not None and not self.holds(self._selected):
            self.select(None)
        if self._hover is not None and not self.holds(self._hover):
            self.point_at(None)
        if self._highlight is not None and not self.holds(self._highlight):
            self._highlight = None
        self._tell()
        self.editing.world_changed(world)
        self.update()

    def set_marks(self, marks: Sequence[Mark]) -> None:
        """Show what overlays say."""
        self._marks = tuple(marks)
        self.update()

    def set_notice(self, text: str) -> None:
        """Show a sentence over the canvas; none takes it away."""
        self._notice = text
        self._camera.set_room_above(_NOTICE_ROOM if text else 0.0)
        self.update()

    def set_highlight(self, cell: Cell | None) -> None:
        """Point out a cell that something else speaks of."""
        self._highlight = cell
        self.update()

    def set_tool(self, tool: Tool) -> None:
        """Draw with another tool."""
        self.editing.set_tool(tool)
        self._pointer.show_cursor()
        self.update()

    def set_context(self, context: ToolContext) -> None:
        """Draw with another tile."""
        self.editing.context = context

    def select(self, cell: Cell | None) -> None:
        """Select a cell."""
        if cell == self._selected:
            return
        self._selected = cell
        self._tell()
        self.selected.emit(cell)
        self.update()

    def _tell(self) -> None:
        """Tell those who cannot see it what lies in the selected cell."""
        cell, world = self._selected, self._world
        told = hud.describe(world, cell) if cell is not None and world is not None else ""
        if told != self.accessibleDescription():
            self.setAccessibleDescription(told)

    # -- zoom --------------------------------------------------------------------------------------

    def fit(self) -> None:
        """Show the whole grid."""
        self._camera.fit()
        self._view_changed()

    def zoom_by(self, factor: float, at: QPointF | None = None) -> None:
        """Zoom about a point of the widget, or about its middle."""
        at = QPointF(self.rect().center()) if at is None else at
        scale = self.devicePixelRatioF()
        self._camera.zoom_by(factor, at.x() * scale, at.y() * scale)
        self._view_changed()

    def pan_by(self, x: float, y: float) -> None:
        """Move the view by logical pixels."""
        scale = self.devicePixelRatioF()
        self._camera.pan_by(x * scale, y * scale)
        self._view_changed()

    def _view_changed(self) -> None:
        self.zoom_changed.emit(self._camera.zoom)
        self.update()

    def cell_at(self, position: QPointF) -> Cell:
        """The cell under a point of the widget; it may lie outside the world."""
        scale = self.devicePixelRatioF()
        return self.view.cell_at(position.x() * scale, position.y() * scale)

    def holds(self, cell: Cell) -> bool:
        """Whether a cell lies inside the world."""
        world = self._world
        return world is not None and 0 <= cell[0] < world.height and 0 <= cell[1] < world.width

    # -- painting ----------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep fitting until somebody has zoomed."""
        self._measure()
        super().resizeEvent(event)

    def _measure(self) -> None:
        scale = self.devicePixelRatioF()
        self._camera.set_device(round(self.width() * scale), round(self.height() * scale), scale)
        self.zoom_changed.emit(self._camera.zoom)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint what is in view."""
        scale = self.devicePixelRatioF()
        if scale != self.view.scale:
            self._measure()  # the window came to another screen
        with QPainter(self) as painter:  # one that is left open by an error would end the process
            painter.scale(1 / scale, 1 / scale)
            self._paint(painter, self.view)

    def _paint(self, painter: QPainter, view: View) -> None:
        current, world = theme(), self.editing.shown
        painter.fillRect(0, 0, round(view.width), round(view.height), QColor(current.canvas))
        if world is not None:
            self._paint_world(painter, world, view)
        if self._notice:
            hud.paint_notice(painter, self._notice, current, view, world is not None)
        if self._ringed and self.hasFocus():
            painter.setPen(QColor(current.accent))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(0, 0, round(view.width) - 1, round(view.height) - 1)

    def _paint_world(self, painter: QPainter, world: World, view: View) -> None:
        current = theme()
        framed = ((self._selected, "selected"), (self._highlight, "updated"))
        badges = tuple(Badge(*cell, kind) for cell, kind in framed if cell is not None)
        drawn = self.editing.tool.marks(world)
        marks = self._marks if drawn is None else drawn
        paint_scene(painter, world, (*marks, Badges(badges)), current, view, self._layers)
        region = self.editing.tool.region
        if region is not None:
            hud.paint_region(painter, region, current, view)
        hover = self._hover
        if hover is not None:
            if self.editing.tool.paints:
                hud.paint_hover(painter, hover, current, view)
            hud.paint_links(painter, world, hover, current, view)
        hud.paint_words(
            painter, "" if hover is None else hud.describe(world, hover, marks), marks, current, view
        )

    # -- pointer -----------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin to pan, or a stroke."""
        self._ringed = False
        self._pointer.press(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Go on with it."""
        self._pointer.move(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End it."""
        self._pointer.release(event)

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is under the pointer."""
        self.point_at(None)
        super().leaveEvent(event)

    def point_at(self, cell: Cell | None) -> None:
        """A cell is under the pointer; None for none."""
        if cell != self._hover:
            self._hover = cell
            self.hovered.emit(cell)
            self.update()

    @property
    def hovered_cell(self) -> Cell | None:
        """The cell under the pointer."""
        return self._hover

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom about the pointer; two fingers on a touch pad pan."""
        pixels = event.pixelDelta()
        zooms = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if not zooms and not pixels.isNull() and event.phase() != Qt.ScrollPhase.NoScrollPhase:
            self.pan_by(pixels.x(), pixels.y())
        else:
            delta = event.angleDelta()
            self.zoom_by(1.0015 ** (delta.y() or delta.x()), event.position())
        event.accept()

    def event(self, event: QEvent) -> bool:
        """Zoom with a pinch; Esc belongs to the canvas while there is a stroke or a block to give up."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            busy = self.editing.is_drawing or self.editing.tool.region is not None
            if busy and event.key() == Qt.Key.Key_Escape:
                event.accept()
                return True
        if isinstance(event, QNativeGestureEvent):
            if event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
                self.zoom_by(1 + event.value(), event.position())
                return True
            if event.gestureType() == Qt.NativeGestureType.SmartZoomNativeGesture:
                self.fit()
                return True
        return super().event(event)

    # -- keyboard ----------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the selection, paint, erase, zoom; the table is in `keyboard`."""
        key = Qt.Key(event.key())
        plain = not event.modifiers() & ~_HARMLESS
        if plain and key in ARROWS:
            self._step(*ARROWS[key])
        elif plain and key == Qt.Key.Key_Space:
            if not event.isAutoRepeat():
                self._pointer.hold_space()
        elif plain and key in KEYS:
            KEYS[key](self)
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """Space paints when it was not used to pan."""
        if event.key() != Qt.Key.Key_Space or event.isAutoRepeat():
            super().keyReleaseEvent(event)
        elif self._pointer.let_space_go():
            self.editing.paint_cell()

    def _step(self, rows: int, columns: int) -> None:
        world = self._world
        if world is None:
            return
        old = self._selected
        if old is None:
            cell = (0, 0)
        else:
            cell = (
                min(max(old[0] + rows, 0), world.height - 1),
                min(max(old[1] + columns, 0), world.width - 1),
            )
        self.select(cell)
        self._camera.reveal(cell)
        self._view_changed()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show a ring if the keyboard came here."""
        self._ringed = event.reason() in _TAB_REASONS
        self.update()
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Forget keys that are held."""
        self._pointer.let_space_go()
        self.update()
        super().focusOutEvent(event)


_HARMLESS = Qt.KeyboardModifier.KeypadModifier | Qt.KeyboardModifier.ShiftModifier
