"""Rows that several panels need besides the plain ones: rewards, numbers that may be absent, pairs."""

from collections.abc import Sequence

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QWidget

from rlsandbox.studio.controls import FlatCombo, NumberField, NumberRow, Row, Switch, text_label
from rlsandbox.studio.controls.scale import Number, Scale

_MAGNITUDES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)
REWARD_STOPS: tuple[float, ...] = tuple(
    float(x) for x in (*(-m for m in reversed(_MAGNITUDES)), 0, *_MAGNITUDES)
)
"""Where a slider over rewards or values stops; a field takes any number between the bounds."""


def narrow(row: Row) -> Row:
    """A row fit for a panel of 220 px with a scroll bar: a narrower label, a smaller control."""
    row.set_label_width(84)
    if isinstance(row, NumberRow):
        if row.slider is None:
            row.set_label_width(104)
            row.field.setFixedWidth(76)
        else:
            row.set_label_width(76)
            row.slider.setMinimumWidth(36)
    return row


class OptionalNumberRow(Row):
    """Label, switch and field of a number that may be absent (None)."""

    def __init__(
        self,
        label: str,
        value: Number | None,
        low: Number | None,
        high: Number | None,
        *,
        when_on: Number,
        integer: bool = False,
        tooltip: str = "",
        parent: QWidget | None = None,
    ) -> None:
        """Make a row.

        Args:
            label: the name of the number.
            value: where it starts; None is off.
            low: smallest value, or None.
            high: largest value, or None.
            when_on: the value with which it is switched on for the first time.
            integer: whole numbers only.
            tooltip: what the number does.
            parent: the widget that it belongs to.
        """
        super().__init__(label, tooltip, parent)
        self.switch = Switch()
        self.switch.setAccessibleName(label)
        self.switch.setAccessibleDescription(tooltip)
        self.field = NumberField(Scale(low, high, integer=integer), when_on)
        self.field.setFixedWidth(54)
        self.field.setAccessibleName(label)
        self.field.setAccessibleDescription(tooltip)
        self.line.addStretch(1)
        self.line.addWidget(self.switch)
        self.line.addWidget(self.field)
        self.line.setSpacing(8)
        self.label.setBuddy(self.switch)
        self.switch.clicked.connect(self._changed)
        self.field.committed.connect(self._changed)
        self.set_value(value)

    def value(self) -> Number | None:
        return self.field.value() if self.switch.isChecked() else None

    def set_value(self, value: Number | None) -> None:
        self.switch.setChecked(value is not None)
        self.field.setVisible(value is not None)
        if value is not None:
            self.field.set_value(value)
        self._refresh_reset()

    def default_text(self) -> str:
        return self.tr("off") if self._default is None else str(self._default)

    @Slot()
    def _changed(self) -> None:
        self.field.setVisible(self.switch.isChecked())
        self._refresh_reset()
        self.edited.emit(self.value())


class SizeRow(Row):
    """Label and two fields: rows x columns."""

    def __init__(self, label: str, low: int, high: int, *, tooltip: str = "") -> None:
        """Make a row for whole numbers from `low` to `high`."""
        super().__init__(label, tooltip)
        self.fields = tuple(NumberField(Scale(low, high, integer=True), low) for _ in range(2))
        names = (self.tr("Rows"), self.tr("Columns"))
        self.line.addStretch(1)
        for field, name in zip(self.fields, names, strict=True):
            field.setFixedWidth(40)
            field.setAccessibleName(name)
            field.committed.connect(self._committed)
        self.line.addWidget(self.fields[0])
        self.line.addWidget(text_label(" × ", "faint", 12))
        self.line.addWidget(self.fields[1])
        self.label.setBuddy(self.fields[0])

    def value(self) -> tuple[int, int]:
        return int(self.fields[0].value()), int(self.fields[1].value())

    def set_value(self, value: tuple[int, int]) -> None:
        for field, number in zip(self.fields, value, strict=True):
            field.set_value(number)

    @Slot()
    def _committed(self) -> None:
        self.edited.emit(self.value())


class AmountRow(Row):
    """Label, field and unit: so many episodes, steps or sweeps."""

    def __init__(self, label: str, value: int, high: int, *, tooltip: str = "") -> None:
        """Make a row for whole numbers from 1 to `high`; give it its units with `set_units`."""
        super().__init__(label, tooltip)
        self.field = NumberField(Scale(1, high, integer=True), value)
        self.field.setFixedWidth(64)
        self.field.setAccessibleName(label)
        self.field.setAccessibleDescription(tooltip)
        self.unit = FlatCombo()
        self.unit.setFixedWidth(96)
        self.unit.setAccessibleName(self.tr("Unit"))
        self.line.addStretch(1)
        self.line.addWidget(self.field)
        self.line.addSpacing(6)
        self.line.addWidget(self.unit)
        self.label.setBuddy(self.field)
        self._units: tuple[str, ...] = ()
        self._amounts: dict[str, int] = {}
        self._shown = ""
        self.unit.activated.connect(self._chosen)
        self.field.committed.connect(self._committed)

    def set_units(self, units: Sequence[tuple[str, str, int]]) -> None:
        """What can be counted: (unit, title, amount at first); an amount that was set for a unit stays."""
        self._units = tuple(unit for unit, _, _ in units)
        self.unit.clear()
        self.unit.addItems([title for _, title, _ in units])
        self.unit.setEnabled(len(units) > 1)
        for unit, _, amount in units:
            self._amounts.setdefault(unit, amount)
        self._show(self._shown if self._shown in self._units else self._units[0])

    def value(self) -> tuple[str, int]:
        """(unit, amount)."""
        return self._shown, int(self.field.value())

    def set_value(self, value: tuple[str, int]) -> None:
        self._amounts[value[0]] = value[1]
        self._show(value[0])

    def _show(self, unit: str) -> None:
        self._shown = unit
        self.unit.setCurrentIndex(self._units.index(unit))
        self.field.set_value(self._amounts[unit])

    @Slot(int)
    def _chosen(self, index: int) -> None:
        if self._units[index] != self._shown:
            self._amounts[self._shown] = int(self.field.value())
            self._show(self._units[index])
            self.edited.emit(self.value())

    @Slot()
    def _committed(self) -> None:
        self._amounts[self._shown] = int(self.field.value())
        self.edited.emit(self.value())
