"""Python's cycle collector, kept to the window's thread.

Collected in the trainer's thread, a forgotten cycle that holds a widget is destroyed there, and Qt aborts:
widgets belong to the thread that made them.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer, Slot

_CHECK_MS = 250


class WindowGarbage(QObject):
    """Collects by Python's own thresholds, from a timer of the window's thread, until `release`."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        gc.disable()
        self._timer = QTimer(self)
        self._timer.setInterval(_CHECK_MS)
        self._timer.timeout.connect(self._check)
        self._timer.start()

    def release(self) -> None:
        """Let Python collect by itself again; the trainer's thread has ended."""
        self._timer.stop()
        gc.enable()

    @Slot()
    def _check(self) -> None:
        thresholds, counts = gc.get_threshold(), gc.get_count()
        due = [g for g in range(3) if thresholds[g] and counts[g] > thresholds[g]]
        if due:
            gc.collect(max(due))
