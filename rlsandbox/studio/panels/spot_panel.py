"""A place of a world that can only be played: what is seen there, and what the agent makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFormLayout, QLabel, QVBoxLayout, QWidget

from rlsandbox.studio.controls import Section, text_label, wrapped


@dataclass(frozen=True)
class Fact:
    """A line of the panel."""

    name: str
    text: str
    tip: str = ""


class SpotPanel(QWidget):
    """A heading and facts; computes nothing."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Make the panel, with nothing to tell."""
        super().__init__(parent)
        self._section = Section(self.tr("Place"), separator=False, spacing=8)
        self._hint = wrapped(text_label("", "faint", 12))
        self._facts = QWidget()
        self._form = QFormLayout(self._facts)
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.setVerticalSpacing(4)
        self._labels: list[tuple[QLabel, QLabel]] = []
        self._section.add(self._hint, self._facts)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._section)
        outer.addStretch(1)

    def show_facts(self, title: str, facts: Sequence[Fact], hint: str = "") -> None:
        """Show a place; a hint stands above its facts."""
        self._section.set_title(title)
        self._hint.setText(hint)
        self._hint.setVisible(bool(hint))
        while len(self._labels) < len(facts):
            pair = text_label("", "dim", 12), text_label("", "", 12, 600)
            pair[1].setAlignment(Qt.AlignmentFlag.AlignRight)
            self._form.addRow(*pair)
            self._labels.append(pair)
        for k, (name, value) in enumerate(self._labels):
            fact = facts[k] if k < len(facts) else None
            self._form.setRowVisible(k, fact is not None)
            if fact is not None:
                for label, text in ((name, fact.name), (value, fact.text)):
                    if label.text() != text:
                        label.setText(text)
                    label.setToolTip(fact.tip)

    def texts(self) -> dict[str, str]:
        """`name -> text` of the facts that are shown."""
        return {
            name.text(): value.text()
            for k, (name, value) in enumerate(self._labels)
            if self._form.isRowVisible(k)
        }
