"""A form made from an algorithm's `Config`: whatever is declared there appears here."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from rlsandbox.learning.agent import Agent
from rlsandbox.learning.hyperparams import Hyperparameter
from rlsandbox.studio.controls import ChoiceRow, NumberRow, Row, SwitchRow
from rlsandbox.studio.panels.number_rows import REWARD_STOPS, OptionalNumberRow

_WIDEST = 1000.0  # a linear slider over more than this hits nothing that anybody wants


class HyperparameterForm(QWidget):
    """One row a hyperparameter, in the order of declaration; those that do not count now are hidden.

    The advanced ones stand in `more`, a widget of their own that its owner may fold away.
    """

    edited = Signal(str, object)
    """The user changed a hyperparameter: its name and value."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Make an empty form."""
        super().__init__(parent)
        self._fields: dict[str, Hyperparameter] = {}
        self.rows: dict[str, Row] = {}
        """`name -> row`."""
        self._running = False
        self._idle = frozenset[str]()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)
        self.more = QWidget()
        self._more_column = QVBoxLayout(self.more)
        self._more_column.setContentsMargins(0, 0, 0, 0)
        self._more_column.setSpacing(4)

    def set_algorithm(self, agent: type[Agent]) -> None:
        """Show an algorithm's hyperparameters at their defaults."""
        for row in self.rows.values():
            row.hide()
            row.deleteLater()
        self._config = agent.Config
        self._fields = {field.name: field for field in agent.Config.describe()}
        self.rows = {}
        for name, field in self._fields.items():
            row = _row(field, self._tooltip(field))
            row.set_default(field.default)
            row.edited.connect(partial(self._changed, name))
            self.rows[name] = row
            (self._more_column if field.advanced else self._column).addWidget(row)
        self._follow()

    def values(self) -> dict[str, Any]:
        """`name -> value` of all hyperparameters."""
        return {name: row.value() for name, row in self.rows.items()}

    def changed_values(self) -> dict[str, Any]:
        """`name -> value` of those that differ from their defaults."""
        return {name: row.value() for name, row in self.rows.items() if row.differs()}

    def set_values(self, values: dict[str, Any]) -> None:
        """Show other values, without a signal; names that the algorithm does not have are passed over."""
        for name in values.keys() & self.rows.keys():
            self.rows[name].set_value(values[name])
        self._follow()

    def set_running(self, running: bool) -> None:
        """While a run goes on, only those that may change during it stay enabled."""
        self._running = running
        self._follow()

    def set_idle(self, names: frozenset[str]) -> None:
        """Hide those that change nothing here."""
        self._idle = names
        self._follow()

    def is_live(self, name: str) -> bool:
        """Whether a hyperparameter may change during a run."""
        return self._fields[name].live

    def _changed(self, name: str, value: object) -> None:
        self._follow()
        self.edited.emit(name, value)

    def _follow(self) -> None:
        counting = {field.name for field in self._config.counting(self.values())}
        for name, row in self.rows.items():
            row.setVisible(name in counting and name not in self._idle)
            row.setEnabled(self._fields[name].live or not self._running)

    def _tooltip(self, field: Hyperparameter) -> str:
        lines = [field.doc[:1].upper() + field.doc[1:] + "."]
        bounds = []
        if field.low is not None:
            bounds.append(
                (self.tr("above {}") if field.low_open else self.tr("from {}")).format(f"{field.low:g}")
            )
        if field.high is not None:
            bounds.append(
                (self.tr("below {}") if field.high_open else self.tr("up to {}")).format(f"{field.high:g}")
            )
        if bounds:
            unit = f" {field.unit}" if field.unit else ""
            lines.append(self.tr("A number {}.").format(" ".join(bounds) + unit))
        lines.append(
            self.tr("Default {}.").format(
                f"{field.default:g}" if isinstance(field.default, float) else field.default
            )
        )
        if field.live:
            lines.append(self.tr("May change while it trains."))
        return "\n".join(lines)


def _row(field: Hyperparameter, tooltip: str) -> Row:
    make = _optional if field.optional else _ROWS[field.kind]
    return make(field, tooltip)


def _number(field: Hyperparameter, tooltip: str) -> Row:
    low, high = _bounds(field)
    stops = None
    if not field.log and low is not None and high is not None and high - low > _WIDEST:
        stops = tuple(
            stop for stop in REWARD_STOPS if low <= stop <= high and (field.kind == "float" or stop % 1 == 0)
        )
    return NumberRow(
        field.label,
        field.default,
        low,
        high,
        log=field.log,
        integer=field.kind == "int",
        tooltip=tooltip,
        choices=stops,
    )


def _bounds(field: Hyperparameter) -> tuple[float | None, float | None]:
    """The bounds that a field may reach: an open bound is moved inwards by what nobody notices."""
    if field.kind == "int":
        low = None if field.low is None else int(field.low) + field.low_open
        high = None if field.high is None else int(field.high) - field.high_open
        return low, high
    low, high = field.low, field.high
    # On a logarithmic slider an open zero is ten decades below the top, else a millionth of the range.
    inset = (1e-10 if field.log else 1e-6) * ((1.0 if high is None else high) - (0.0 if low is None else low))
    if low is not None and field.low_open:
        low += inset
    if high is not None and field.high_open:
        high -= inset
    return low, high


def _optional(field: Hyperparameter, tooltip: str) -> Row:
    low, high = _bounds(field)
    first = field.default if field.default is not None else low if low is not None else 1
    return OptionalNumberRow(
        field.label, field.default, low, high, when_on=first, integer=field.kind == "int", tooltip=tooltip
    )


def _choice(field: Hyperparameter, tooltip: str) -> Row:
    return ChoiceRow(field.label, [(c, c) for c in field.choices], field.default, tooltip=tooltip)


def _switch(field: Hyperparameter, tooltip: str) -> Row:
    return SwitchRow(field.label, field.default, tooltip=tooltip)


_ROWS = {"float": _number, "int": _number, "choice": _choice, "bool": _switch}
