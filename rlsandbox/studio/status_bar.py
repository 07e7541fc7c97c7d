"""The line at the bottom: what the trainer does, how fast, and how large the world is."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel, QStatusBar, QWidget

from rlsandbox.studio.controls.labels import text_label
from rlsandbox.studio.frames import Frame
from rlsandbox.studio.theme import color, theme_manager
from rlsandbox.worlds.places import Place
from rlsandbox.worlds.world import World

_STATES = {
    "empty": ("faint", "Ready"),
    "idle": ("faint", "Ready"),
    "training": ("ok", "Training"),
    "paused": ("warn", "Paused"),
    "finished": ("accent", "Finished"),
    "failed": ("bad", "Failed"),
}


class StatusBar(QStatusBar):
    """A dot with the state, the speed, the step, the size of the model; saved or not at the right."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeGripEnabled(False)
        self.setFixedHeight(24)
        self._dot = QLabel("●")
        self._state, self._rate, self._step, self._world, self._saved = (
            text_label("", size_px=11, role="dim") for _ in range(5)
        )
        for label in (self._dot, self._state, self._rate, self._step, self._world):
            self.addWidget(label)
            label.setContentsMargins(4, 0, 10, 0)
        self._dot.setContentsMargins(10, 0, 0, 0)
        self._saved.setContentsMargins(0, 0, 12, 0)
        self.addPermanentWidget(self._saved)
        self._role = "faint"
        theme_manager().changed.connect(self._tint)
        self.show_state("empty")

    def show_state(self, state: str) -> None:
        """Show what the trainer does."""
        self._role, text = _STATES[state]
        self._state.setText(self.tr(text))
        self._tint()
        if state == "empty":
            self._rate.clear()
            self._step.clear()

    def show_frame(self, frame: Frame, plans: bool = False) -> None:
        """Show the speed of all seeds together, and the step (or sweep) of the one that is shown."""
        rate, step = (
            (self.tr("{0} sweeps/s"), self.tr("sweep {0:,}"))
            if plans
            else (self.tr("{0} steps/s"), self.tr("step {0:,}"))
        )
        _set(self._rate, rate.format(_short(frame.rate)) if frame.rate else "")
        snapshot = frame.progress.snapshot
        _set(self._step, step.format(int(snapshot.steps[snapshot.replica or 0])))

    def show_place(self, place: Place) -> None:
        """Show the size of the world's model, or what it is in its place."""
        if isinstance(place, World):
            text = self.tr("{0:,} states, {1} actions").format(place.n_states, len(place.actions))
        else:
            text = place.name
        _set(self._world, text)

    def show_saved(self, saved: bool) -> None:
        """Show whether there are unsaved edits."""
        _set(self._saved, self.tr("Saved") if saved else self.tr("Unsaved edits"))

    def _tint(self) -> None:
        self._dot.setStyleSheet(f"color: {color(self._role).name()}; font-size: 9px")


def _set(label: QLabel, text: str) -> None:
    if label.text() != text:
        label.setText(text)


def _short(number: float) -> str:
    """A large number in words: 41.2 million."""
    for size, word in ((1e9, " billion"), (1e6, " million")):
        if number >= size:
            return f"{number / size:.1f}{word}"
    return f"{number:,.0f}"
