"""A flat combo box and a switch, and the rows that they make with a label."""

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QRectF, QSize, Qt, Slot
from PySide6.QtGui import QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QSizePolicy, QStyleOptionComboBox, QWidget

from rlsandbox.studio.controls.frame import KeyboardFocus, draw_frame, painter_of
from rlsandbox.studio.controls.rows import FIELD_WIDTH, Row
from rlsandbox.studio.theme import color, font, paint_icon


class FlatCombo(KeyboardFocus, QComboBox):
    """A combo box as a raised field; `large` is the 36 px one of a panel's first choice."""

    def __init__(self, *, large: bool = False, parent: QWidget | None = None) -> None:
        """Make an empty combo box; fill it as any `QComboBox`."""
        super().__init__(parent)
        self._large = large
        self.setFont(font(13, 600) if large else font(12))
        self.view().setFont(font(13))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        # Qt's own adjustment to new contents shrinks the box for a frame before its layout widens it again.
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContentsOnFirstShow)
        horizontal = QSizePolicy.Policy.Expanding if large else QSizePolicy.Policy.Preferred
        self.setSizePolicy(horizontal, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        texts = [self.itemText(k) for k in range(self.count())] or [""]
        width = max(self.fontMetrics().horizontalAdvance(text) for text in texts)
        return QSize(max(width + (48 if self._large else 34), FIELD_WIDTH), 36 if self._large else 24)

    def minimumSizeHint(self) -> QSize:
        return QSize(FIELD_WIDTH, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        painter = painter_of(self)
        fill = "hover" if self.underMouse() and self.isEnabled() else "raised"
        radius = 7 if self._large else 6
        draw_frame(painter, QRectF(self.rect()), radius, fill, "line", self.shows_ring())
        left, right, side = (12, 32, 16) if self._large else (8, 20, 12)
        painter.setPen(color("text" if self.isEnabled() else "faint"))
        width = self.width() - left - right
        text = self.fontMetrics().elidedText(option.currentText, Qt.TextElideMode.ElideRight, width)
        painter.drawText(left, 0, width, self.height(), Qt.AlignmentFlag.AlignVCenter, text)
        place = QRectF(self.width() - right + (right - side) / 2 - 2, (self.height() - side) / 2, side, side)
        paint_icon(painter, place, "chevron-down", "dim" if self.isEnabled() else "faint")

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()  # the panel scrolls


class Switch(KeyboardFocus, QCheckBox):
    """A check box that looks like a switch, 34 x 20 px."""

    def sizeHint(self) -> QSize:
        return QSize(34, 20)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def hitButton(self, pos: QPoint) -> bool:
        return self.rect().contains(pos)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = painter_of(self)
        on = self.isChecked()
        box = QRectF(0, (self.height() - 20) / 2, 34, 20)
        if not self.isEnabled():
            fill, knob = "line", "faint"
        elif on:
            fill, knob = "accent", "on"
        else:
            fill, knob = "line", "dim"
        draw_frame(painter, box, 10, fill)
        if self.shows_ring():
            draw_frame(painter, box.adjusted(-0.5, -0.5, 0.5, 0.5), 10, None, "text" if on else "accent")
        painter.setBrush(color(knob))
        painter.drawEllipse(QRectF(box.left() + (17 if on else 3), box.top() + 3, 14, 14))


class ChoiceRow(Row):
    """Label and combo box for one of several values."""

    def __init__(
        self,
        label: str,
        choices: Sequence[tuple[object, str]],
        value: object,
        *,
        tooltip: str = "",
        parent: QWidget | None = None,
    ) -> None:
        """Make a row over pairs of a value and its title, at `value`."""
        super().__init__(label, tooltip, parent)
        self._values: list[object] = []
        self.combo = FlatCombo()
        self.combo.setAccessibleName(label)
        self.combo.setAccessibleDescription(tooltip)
        self.combo.activated.connect(self._chosen)
        self.line.addStretch(1)
        self.line.addWidget(self.combo)
        self.label.setBuddy(self.combo)
        self.set_choices(choices, value)

    def set_choices(self, choices: Sequence[tuple[object, str]], value: object) -> None:
        """Replace what there is to choose from, without a signal."""
        self.combo.clear()
        self._values = [choice for choice, _ in choices]
        self.combo.addItems([title for _, title in choices])
        self.combo.updateGeometry()
        self.set_value(value)

    def value(self) -> object:
        return self._values[self._shown]

    def set_value(self, value: object) -> None:
        self._shown = self._values.index(value)
        self.combo.setCurrentIndex(self._shown)
        self._refresh_reset()

    def default_text(self) -> str:
        return self.combo.itemText(self._values.index(self._default))

    @Slot(int)
    def _chosen(self, index: int) -> None:
        if index != self._shown:
            self._shown = index
            self._refresh_reset()
            self.edited.emit(self._values[index])


class SwitchRow(Row):
    """Label and switch for yes or no."""

    def __init__(self, label: str, value: bool, *, tooltip: str = "", parent: QWidget | None = None) -> None:
        """Make a row at `value`."""
        super().__init__(label, tooltip, parent)
        self.switch = Switch()
        self.switch.setAccessibleName(label)
        self.switch.setAccessibleDescription(tooltip)
        self.switch.clicked.connect(self._clicked)
        self.line.addStretch(1)
        self.line.addWidget(self.switch)
        self.label.setBuddy(self.switch)
        self.set_value(value)

    def value(self) -> bool:
        return self.switch.isChecked()

    def set_value(self, value: bool) -> None:
        self.switch.setChecked(value)
        self._refresh_reset()

    def default_text(self) -> str:
        return self.tr("on") if self._default else self.tr("off")

    @Slot(bool)
    def _clicked(self, on: bool) -> None:
        self._refresh_reset()
        self.edited.emit(on)
