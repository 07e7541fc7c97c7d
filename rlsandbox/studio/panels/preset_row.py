"""The row that offers an algorithm's presets: hyperparameters and a budget that belong together."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QWidget

from rlsandbox.learning.agent import Agent, Preset
from rlsandbox.studio.controls import ChoiceRow

DEFAULT, OWN = "default", "own"


class PresetRow(ChoiceRow):
    """A combo box of an algorithm's presets, hidden where it has none.

    It follows the form: values that no preset has are called the user's own.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        """Make a hidden row; see `set_algorithm`."""
        self._agent: type[Agent] | None = None
        super().__init__("", [(DEFAULT, DEFAULT)], DEFAULT, parent=parent)
        self.label.setText(self.tr("Preset"))
        self.setAccessibleName(self.label.text())
        self.combo.setAccessibleName(self.label.text())
        self.setToolTip(self.tr("Fills in hyperparameters and a budget that belong together."))
        self.hide()

    def set_algorithm(self, agent: type[Agent]) -> None:
        """Offer an algorithm's presets; its defaults are shown."""
        self._agent = agent
        self._offer(DEFAULT)
        self.setVisible(bool(agent.presets.keys() - {DEFAULT}))

    def preset(self, name: str) -> Preset:
        """What a name stands for."""
        assert self._agent is not None
        return self._agent.presets.get(name, Preset({}))

    def follow(self, values: dict[str, Any]) -> None:
        """Show which preset these hyperparameters are, the one that was chosen before any other."""
        assert self._agent is not None
        config = self._agent.Config
        names = [name for name in (str(self.value()), DEFAULT, *self._agent.presets) if name != OWN]
        same = (name for name in names if config.make(self.preset(name).values).model_dump() == values)
        self._offer(next(same, OWN))

    def _offer(self, shown: str) -> None:
        assert self._agent is not None
        titles = {
            DEFAULT: self.tr("default"),
            "course": self.tr("course"),
            OWN: self.tr("own values"),
        }
        others = [name for name in self._agent.presets if name != DEFAULT]
        names = [DEFAULT, *others, *([OWN] if shown == OWN else [])]
        self.set_choices([(name, titles.get(name, name)) for name in names], shown)
