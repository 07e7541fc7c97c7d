"""The quiet line that says with which saved policy a run will begin."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from rlsandbox.policies.saved import SavedPolicy
from rlsandbox.studio.controls import ElidedLabel, IconButton
from rlsandbox.studio.theme import font


@dataclass(frozen=True)
class Start:
    """A saved policy with whose networks a run begins, and the name of its file."""

    name: str
    policy: SavedPolicy


class StartRow(QWidget):
    """A line with a cross that drops the policy; hidden while a run begins with nothing."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        """Make a hidden line; see `set_value`."""
        super().__init__(parent)
        self._value: Start | None = None
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.label = ElidedLabel()
        self.label.setFont(font(12))
        self.label.setProperty("role", "dim")
        tip = self.tr("Begin with networks that have learnt nothing")
        self.drop = IconButton("close", tip, flat=True, side=22, role="dim")
        self.drop.clicked.connect(self._on_drop)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(4)
        line.addWidget(self.label, 1)
        line.addWidget(self.drop)
        self.hide()

    def value(self) -> Start | None:
        """What a run will begin with."""
        return self._value

    def set_value(self, start: Start | None) -> None:
        """Show what a run will begin with, without a signal."""
        self._value = start
        text = "" if start is None else self.tr("starts from {0}").format(start.name)
        self.label.setText(text)
        if start is not None:
            card = start.policy.card
            self.setToolTip(self.tr("{0}, trained on {1}.").format(card.title, card.world_name))
        self.setAccessibleName(text)
        self.setVisible(start is not None)

    @Slot()
    def _on_drop(self) -> None:
        self.set_value(None)
        self.changed.emit()
