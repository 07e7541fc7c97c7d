"""A number as a row: label, slider, field. What is typed is kept exactly; what is dragged is round."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QContextMenuEvent, QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from rlsandbox.studio.controls.rows import FIELD_WIDTH, Row
from rlsandbox.studio.controls.scale import Number, Scale
from rlsandbox.studio.controls.slider import SlimSlider
from rlsandbox.studio.theme import font


class NumberField(QLineEdit):
    """A small field for a number between bounds.

    While a wrong text stands in it, its frame is red and its tooltip says what is expected. Leaving it with a
    number out of bounds takes the bound; leaving it with no number, or Escape, takes back the last value.
    """

    committed = Signal(object)
    """The user settled on another value: Enter, leaving the field, or an arrow key."""

    def __init__(
        self, scale: Scale, value: Number, decimals: int | None = None, parent: QWidget | None = None
    ) -> None:
        """Make a field that shows `value`."""
        super().__init__(parent)
        self._scale = scale
        self._decimals = decimals
        self._value = value
        self.setProperty("field", True)
        self.setFont(font(12))
        self.setFixedHeight(24)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.textEdited.connect(self._judge)
        self.editingFinished.connect(self._settle)
        self._show()

    def value(self) -> Number:
        """The number that stands in the field, when it is a good one; else the last that was."""
        typed = self._scale.parse(self.text()) if self.isModified() else None
        return typed if typed is not None and self._scale.clamp(typed) == typed else self._value

    def set_value(self, value: Number) -> None:
        """Show a number, without a signal."""
        self._value = value
        self._show()

    def expectation(self) -> str:
        """One sentence that says which numbers are good."""
        low, high = self._scale.bounds_text()
        kind = self.tr("a whole number") if self._scale.integer else self.tr("a number")
        if low and high:
            return self.tr("Type {0} from {1} to {2}.").format(kind, low, high)
        if low:
            return self.tr("Type {0} of at least {1}.").format(kind, low)
        if high:
            return self.tr("Type {0} of at most {1}.").format(kind, high)
        return self.tr("Type {0}.").format(kind)

    def is_wrong(self) -> bool:
        """Whether the text in the field is not a good number."""
        return bool(self.property("wrong"))

    def _show(self) -> None:
        # At rest it is read: grouped and short enough to fit. With the focus it is edited: exact.
        text = self._scale.text(self._value)
        if not self.hasFocus():
            exact = self._scale.text(self._value, self._decimals)
            short = self._scale.text(self._value, digits=4)
            order = (short, exact) if self._scale.integer else (exact, short)
            room = self.width() - 10
            text = next((t for t in order if self.fontMetrics().horizontalAdvance(t) <= room), order[1])
        self.setText(text)  # also clears isModified
        self._mark(False)

    def _mark(self, wrong: bool) -> None:
        if wrong == self.is_wrong():
            return
        self.setProperty("wrong", wrong)
        self.setToolTip(self.expectation() if wrong else "")
        self.style().unpolish(self)
        self.style().polish(self)

    @Slot(str)
    def _judge(self, text: str) -> None:
        typed = self._scale.parse(text)
        self._mark(typed is None or self._scale.clamp(typed) != typed)

    @Slot()
    def _settle(self) -> None:
        if not self.isModified():
            return
        typed = self._scale.parse(self.text())
        self._take(self._value if typed is None else self._scale.clamp(typed))

    def _take(self, value: Number) -> None:
        changed = value != self._value
        self.set_value(value)
        if changed:
            self.committed.emit(value)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._show()
        if event.reason() != Qt.FocusReason.MouseFocusReason:
            self.selectAll()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)  # settles
        self._show()
        self.setCursorPosition(0)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1, Qt.Key.Key_PageUp: 10, Qt.Key.Key_PageDown: -10}
        if event.key() in steps:
            self._take(self._scale.step(self.value(), steps[Qt.Key(event.key())]))
            self.selectAll()
        elif event.key() == Qt.Key.Key_Escape and self.isModified():
            self._show()
            self.selectAll()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = self.createStandardContextMenu()
        row = self.parentWidget()
        if isinstance(row, Row) and row.has_default():
            menu.insertAction(menu.actions()[0], row.reset_action(menu))
            menu.insertSeparator(menu.actions()[1])
        menu.exec(event.globalPos())
        menu.deleteLater()


class NumberRow(Row):
    """Label, slider and field of one number; without an upper bound, label and a wider field."""

    def __init__(
        self,
        label: str,
        value: Number,
        low: Number | None,
        high: Number | None,
        *,
        log: bool = False,
        integer: bool = False,
        decimals: int | None = None,
        tooltip: str = "",
        choices: Sequence[Number] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        """Make a row.

        Args:
            label: the name of the number.
            value: where it starts.
            low: smallest value, or None.
            high: largest value, or None.
            log: the slider is logarithmic.
            integer: whole numbers only.
            decimals: digits after the point, always; None writes the number as it is.
            tooltip: what the number does.
            choices: values at which the slider stops; the field takes any between the bounds.
            parent: the widget that it belongs to.
        """
        super().__init__(label, tooltip, parent)
        self._scale = Scale(low, high, log=log, integer=integer, choices=choices)
        self._decimals = decimals
        self.field = NumberField(self._scale, value, decimals)
        self.field.setAccessibleName(label)
        self.field.setAccessibleDescription(tooltip)
        self.field.committed.connect(self._typed)
        self.slider: SlimSlider | None = None
        if self._scale.bounded:
            self.slider = SlimSlider(0, self._scale.stops)
            self.slider.setSingleStep(max(1, self._scale.stops // 100))
            self.slider.setAccessibleName(label)
            self.slider.valueChanged.connect(self._dragged)
            self.line.addWidget(self.slider, 1)
            self.line.addSpacing(8)
            self.field.setFixedWidth(FIELD_WIDTH)
        else:
            self.line.addStretch(1)
            self.field.setFixedWidth(2 * FIELD_WIDTH)
        self.line.addWidget(self.field)
        self.label.setBuddy(self.field)
        self.set_value(value)

    def value(self) -> Number:
        return self.field.value()

    def set_value(self, value: Number) -> None:
        self.field.set_value(value)
        self._follow()

    def default_text(self) -> str:
        return self._scale.text(self._default, self._decimals)

    def _follow(self) -> None:
        if self.slider is not None:
            self.slider.blockSignals(True)
            self.slider.setValue(self._scale.position(self.value()))
            self.slider.blockSignals(False)
            self.slider.update()
        self._refresh_reset()

    @Slot(int)
    def _dragged(self, position: int) -> None:
        value = self._scale.value(position)
        if value != self.field.value():
            self.field.set_value(value)
            self._refresh_reset()
            self.edited.emit(value)

    @Slot(object)
    def _typed(self, value: Number) -> None:
        self._follow()
        self.edited.emit(value)
