"""The row that names a policy file: whose values a method of prediction is to learn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QPushButton, QSizePolicy, QWidget

from rlsandbox.policies.files import load_policy
from rlsandbox.policies.saved import SavedPolicy
from rlsandbox.studio.controls import Row
from rlsandbox.studio.theme import font
from rlsandbox.worlds.errors import SandboxError
from rlsandbox.worlds.world import World

_WIDEST = 150


class PolicyRow(Row):
    """Label and a button with the file's name, which asks for another file."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        """Make a row without a file."""
        super().__init__("", parent=parent)
        self.label.setText(self.tr("Policy file"))
        self.setAccessibleName(self.label.text())
        self._name = ""
        self._saved: SavedPolicy | NDArray[np.float64] | None = None
        self._refusal = ""
        self._world: World | None = None
        self.button = QPushButton()
        self.button.setProperty("dense", True)
        self.button.setFont(font(12))
        self.button.setFixedHeight(24)
        self.button.setMaximumWidth(_WIDEST)
        self.button.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.button.clicked.connect(self.ask)
        self.line.addStretch(1)
        self.line.addWidget(self.button)
        self._show()

    def set_world(self, world: World) -> None:
        """The world that the policy is to act in."""
        self._world = world

    def set_probs(self, probs: NDArray[np.float64] | None) -> None:
        """Take the `[S, A]` probabilities that a run was begun with, in place of a file; None is none."""
        self._name, self._saved, self._refusal = self.tr("of the run"), probs, ""
        self._show()

    def value(self) -> object:
        """What was loaded; it is the same object as long as no other file is."""
        return self._saved

    def probs(self) -> NDArray[np.float64]:
        """`[S, A]` probabilities of the first seed's policy, for the world that was set.

        Raises:
            SandboxError: no file was chosen, it cannot be read, or its policy is another world's.
        """
        if self._refusal:
            raise SandboxError(self._refusal)
        if self._saved is None or self._world is None:
            raise SandboxError(self.tr("choose the file of the policy whose values are to be learnt."))
        return self._saved.by_state(self._world) if isinstance(self._saved, SavedPolicy) else self._saved

    def sentence(self) -> str:
        """Why there are no probabilities now; empty if there are."""
        try:
            self.probs()
        except SandboxError as error:
            return error.message[:1].upper() + error.message[1:]
        return ""

    @Slot()
    def ask(self) -> None:
        """Ask for a file; whoever cancels keeps the one before."""
        path, _ = QFileDialog.getOpenFileName(
            self, self.tr("Policy to evaluate"), "", self.tr("Policies (*.rlpolicy);;All files (*)")
        )
        if path:
            self.load(path)

    def load(self, path: str) -> None:
        """Take a file; one that cannot be read leaves its sentence."""
        self._name, self._saved, self._refusal = Path(path).name, None, ""
        try:
            self._saved = load_policy(Path(path))
        except SandboxError as error:
            self._refusal = str(error)
        except OSError as error:
            self._refusal = f"{error.strerror or error}: {path}"
        self._show()
        self.changed.emit()

    def _show(self) -> None:
        chosen = self._name if self._saved is not None or self._refusal else self.tr("Choose…")
        room = _WIDEST - 24
        self.button.setText(self.button.fontMetrics().elidedText(chosen, Qt.TextElideMode.ElideMiddle, room))
        self.button.setAccessibleName(f"{self.label.text()}: {chosen}")
        self.button.setToolTip(f"{chosen}\n{self.tr('Choose another file of a saved policy.')}")
