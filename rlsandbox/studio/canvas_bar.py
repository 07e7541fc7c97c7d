"""The bar over the canvas: overlays, the common ones as chips; whose agent is shown, and the zoom."""

from __future__ import annotations

import math

from PySide6.QtCore import QT_TRANSLATE_NOOP, Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QWidget

from rlsandbox import overlays
from rlsandbox.learning.agent import Agent
from rlsandbox.studio.controls.chips import ChipRow
from rlsandbox.studio.controls.choices import FlatCombo
from rlsandbox.studio.controls.labels import text_label
from rlsandbox.worlds.places import Place
from rlsandbox.worlds.simulation import Simulation

_GROUPS = (
    QT_TRANSLATE_NOOP("CanvasBar", "Values"),
    QT_TRANSLATE_NOOP("CanvasBar", "Policy"),
    QT_TRANSLATE_NOOP("CanvasBar", "Truth"),
    QT_TRANSLATE_NOOP("CanvasBar", "Learning"),
    QT_TRANSLATE_NOOP("CanvasBar", "World"),
)
_AT_FIRST = "values"
"""What colours the cells when a colouring is taken away."""


class CanvasBar(QWidget):
    """Chips on the left, seed and zoom on the right."""

    overlay_toggled = Signal(str, bool)
    replica_changed = Signal(object)

    def __init__(self, active: list[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedHeight(43)
        self.chips = ChipRow()
        by_group = sorted(overlays.registry().items(), key=lambda item: _GROUPS.index(item[1].group))
        for key, overlay in sorted(by_group, key=lambda item: item[1].order if item[1].common else math.inf):
            self.chips.add_chip(
                key,
                overlay.title,
                checked=key in active,
                tooltip=overlay.tip,
                in_menu=not overlay.common,
                group=self.tr(overlay.group),
            )
        self.chips.toggled.connect(self._on_chip)
        self._waiting: set[str] = set()
        """Switched off only because the algorithm of now has none of it."""
        self._seeds = 0
        self._combo = FlatCombo()
        self._combo.setAccessibleName(self.tr("Seed that is shown"))
        self._combo.setToolTip(self.tr("Whose values are shown: one seed's, or the mean over all"))
        self._combo.activated.connect(self._on_seed)
        self._label = text_label(self.tr("Seed"), size_px=12, role="dim")
        self._zoom = text_label("100 %", size_px=12, role="dim")
        self._zoom.setMinimumWidth(44)
        self._zoom.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(14, 0, 14, 0)
        layout.setSpacing(8)
        layout.addWidget(self.chips, 1)
        layout.addWidget(self._label)
        layout.addWidget(self._combo)
        layout.addWidget(self._zoom)
        self.set_seeds(1, 0)

    def set_seeds(self, n_seeds: int, replica: int | None) -> None:
        """Offer the mean and each of the seeds."""
        if n_seeds != self._seeds:
            self._seeds = n_seeds
            self._combo.clear()
            if n_seeds > 1:
                self._combo.addItem(self.tr("mean of {0}").format(n_seeds), None)
            for k in range(n_seeds):
                self._combo.addItem(str(k + 1), k)
            self._label.setVisible(n_seeds > 1)
            self._combo.setVisible(n_seeds > 1)
        row = self._combo.findData(replica)
        if row >= 0 and row != self._combo.currentIndex():
            self._combo.setCurrentIndex(row)

    def set_offers(self, agent: type[Agent], place: Place | None = None) -> None:
        """Offer the overlays that an algorithm has something for there; the others say why not, and wait."""
        played = isinstance(place, Simulation)
        drawn = not isinstance(place, Simulation) or place.drawing is not None
        self.chips.setEnabled(drawn)
        self.chips.setToolTip("" if drawn else self.tr("These are about drawn worlds."))
        for key, overlay in overlays.registry().items():
            there = not (played and drawn) or overlay.in_space
            has, chip = there and overlay.suits(agent), self.chips.chip(key)
            if chip.isChecked() and not has:
                chip.click()
                if overlay.exclusive == overlays.find(_AT_FIRST).exclusive:
                    self.chips.chip(_AT_FIRST).click()
                else:
                    self._waiting.add(key)
            chip.setEnabled(has)
            if has and key in self._waiting:
                self._waiting.discard(key)
                chip.click()
            why = self.tr("{0}: {1} has none.")
            if not overlay.walks(agent):
                why = self.tr("{0}: {1} sweeps over the states, it does not walk.")
            if not there:
                why = self.tr("{0}: it is about the cells of a grid.")
            chip.setToolTip(overlay.tip if has else why.format(overlay.title, agent.title))

    def set_zoom_visible(self, visible: bool) -> None:
        """Show the zoom, or not where nothing can be zoomed."""
        self._zoom.setVisible(visible)

    def set_zoom(self, share: float) -> None:
        """Show the zoom; 1 fits the whole world."""
        self._zoom.setText(f"{share:.0%}".replace("%", " %"))

    @Slot(str, bool)
    def _on_chip(self, key: str, on: bool) -> None:
        group = overlays.registry()[key].exclusive
        if on and group:
            for other, overlay in overlays.registry().items():
                if other != key and overlay.exclusive == group:
                    self.chips.set_checked(other, False)
        self.overlay_toggled.emit(key, on)

    @Slot(int)
    def _on_seed(self, row: int) -> None:
        self.replica_changed.emit(self._combo.itemData(row))
