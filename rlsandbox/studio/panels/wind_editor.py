"""Direction and strength of a wind: a rose of eight arrows with a number beside it."""

import math

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from rlsandbox.studio.controls import NumberField, text_label
from rlsandbox.studio.controls.frame import KeyboardFocus, draw_frame, painter_of
from rlsandbox.studio.controls.scale import Scale
from rlsandbox.studio.theme import color

STRONGEST = 9
_BUTTON = 24
# Clockwise from the top, as the keys turn the rose.
_ROUND = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))


class _Rose(KeyboardFocus, QWidget):
    """Three by three squares: an arrow in each but the middle one."""

    turned = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.towards = _ROUND[0]
        self._hovered: tuple[int, int] | None = None
        self.setFixedSize(3 * _BUTTON, 3 * _BUTTON)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAccessibleName(self.tr("Direction of the wind"))
        self.setToolTip(self.tr("Where the wind blows to. The left and right keys turn it."))

    def sizeHint(self) -> QSize:
        return QSize(3 * _BUTTON, 3 * _BUTTON)

    def _turn_to(self, towards: tuple[int, int]) -> None:
        if towards != self.towards:
            self.towards = towards
            self.update()
            self.turned.emit()

    def _at(self, point: QPointF) -> tuple[int, int] | None:
        towards = int(point.y() // _BUTTON) - 1, int(point.x() // _BUTTON) - 1
        return towards if towards in _ROUND else None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        towards = self._at(event.position())
        if towards is not None and event.button() == Qt.MouseButton.LeftButton:
            self._turn_to(towards)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hovered = self._at(event.position())
        self.update()

    def leaveEvent(self, event: object) -> None:
        self._hovered = None
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        turn = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if turn is None:
            super().keyPressEvent(event)
            return
        self._turn_to(_ROUND[(_ROUND.index(self.towards) + turn) % len(_ROUND)])

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = painter_of(self)
        draw_frame(painter, QRectF(self.rect()), 6, "raised", "line", self.shows_ring())
        for rows, columns in _ROUND:
            box = QRectF((columns + 1) * _BUTTON, (rows + 1) * _BUTTON, _BUTTON, _BUTTON).adjusted(
                2, 2, -2, -2
            )
            chosen = (rows, columns) == self.towards
            if chosen:
                draw_frame(painter, box, 5, "tint")
            elif (rows, columns) == self._hovered:
                draw_frame(painter, box, 5, "hover")
            along = QPointF(columns, rows) / math.hypot(rows, columns)
            across = QPointF(-along.y(), along.x())
            pen = QPen(color("accent" if chosen else "dim"), 1.5)
            pen.setCapStyle(Qt.PenCapStyle.RoundCap)
            pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
            painter.setPen(pen)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            tip = box.center() + along * 5
            painter.drawLine(box.center() - along * 5, tip)
            painter.drawPolyline([tip - (along + across) * 3.5, tip, tip - (along - across) * 3.5])


class WindEditor(QWidget):
    """Both together: (rows, columns) by which the wind pushes."""

    edited = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start with a wind of one cell upwards."""
        super().__init__(parent)
        self._rose = _Rose()
        self._rose.turned.connect(self._emit)
        self._field = NumberField(Scale(1, STRONGEST, integer=True), 1)
        self._field.setFixedWidth(44)
        self._field.setAccessibleName(self.tr("Strength of the wind"))
        self._field.committed.connect(self._emit)
        label = text_label(self.tr("Strength"), "dim", 12)
        label.setBuddy(self._field)
        unit = text_label(self.tr("cells a step"), "faint", 11)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(12)
        line.addWidget(self._rose)
        column = QVBoxLayout()
        column.setSpacing(4)
        column.addWidget(label)
        column.addWidget(self._field)
        column.addWidget(unit)
        column.addStretch(1)
        line.addLayout(column, 1)

    def wind(self) -> tuple[int, int]:
        """(rows, columns) by which it pushes."""
        strength = int(self._field.value())
        rows, columns = self._rose.towards
        return rows * strength, columns * strength

    def set_wind(self, wind: tuple[int, int]) -> None:
        """Show a wind, without a signal; of a bent one its nearest of eight directions."""
        strength = max(abs(wind[0]), abs(wind[1]))
        if strength:
            self._field.set_value(strength)
            self._rose.towards = round(wind[0] / strength), round(wind[1] / strength)
            self._rose.update()

    def _emit(self) -> None:
        self.edited.emit(self.wind())
