"""Fills the cache of compiled kernels in a process of its own, since compiling holds up every frame."""

from __future__ import annotations

import sys
from collections.abc import Callable

from PySide6.QtCore import QObject, QProcess, Signal, Slot

from rlsandbox.training.warmup import cache_is_warm


class WarmStart(QObject):
    """Compiles in the background if the cache is stale; what needs kernels waits through `then`."""

    ready = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._waiting: list[Callable[[], None]] = []
        self._process: QProcess | None = None
        if not cache_is_warm():
            self._process = QProcess(self)
            self._process.setProcessChannelMode(QProcess.ProcessChannelMode.ForwardedErrorChannel)
            self._process.finished.connect(self._on_finished)
            self._process.errorOccurred.connect(self._on_finished)
            self._process.start(sys.executable, ["-m", "rlsandbox.training.warmup"])

    @property
    def is_ready(self) -> bool:
        """Whether kernels load instead of compile (or have to be compiled here after all)."""
        return self._process is None

    def then(self, action: Callable[[], None]) -> None:
        """Do something as soon as the kernels are there; only the last such wish counts."""
        self._waiting = [action]

    def close(self) -> None:
        """End the process if it still runs."""
        if self._process is not None:
            process, self._process = self._process, None
            process.blockSignals(True)
            process.kill()
            process.waitForFinished(1000)

    @Slot()
    def _on_finished(self) -> None:
        if self._process is None:
            return
        self._process = None
        self.ready.emit()
        waiting, self._waiting = self._waiting, []
        for action in waiting:
            action()
