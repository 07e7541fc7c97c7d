"""Saved policies in the window: opened, dropped onto it, and gone on from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QMimeData, QObject, Slot
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QFileDialog

from rlsandbox.algorithms import find
from rlsandbox.learning.problem import misfit, problem_of
from rlsandbox.policies.files import SUFFIX, load_policy
from rlsandbox.policies.saved import SavedPolicy
from rlsandbox.studio.panels.start_row import Start
from rlsandbox.studio.place_control import first_steps
from rlsandbox.worlds.errors import SandboxError
from rlsandbox.worlds.simulation import Simulation

if TYPE_CHECKING:
    from rlsandbox.studio.main_window import MainWindow


class PolicyControl(QObject):
    """Shows saved policies where they act, and lets runs begin with their networks."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._opened: Start | None = None
        window.setAcceptDrops(True)
        window.installEventFilter(self)
        window.notice.activated.connect(self._train_on)
        window.control.state_changed.connect(self._on_state)

    @Slot()
    def ask(self) -> None:
        """Show the policy of a file that is asked for."""
        self._ask(self.tr("Open a policy"), train_on=False)

    @Slot()
    def ask_to_train_on(self) -> None:
        """Let the next run begin with the policy of a file that is asked for."""
        self._ask(self.tr("Train on from a policy"), train_on=True)

    def _ask(self, title: str, train_on: bool) -> None:
        kinds = self.tr("Policies (*{0});;All files (*)").format(SUFFIX)
        path, _ = QFileDialog.getOpenFileName(self._window, title, "", kinds)
        if path:
            self.open_path(path, train_on)

    def open_path(self, path: str, train_on: bool = False) -> None:
        """Show the policy of a file; one that cannot be shown leaves a sentence, and all as it was."""
        window, name = self._window, Path(path).name

        def read() -> None:
            policy = load_policy(Path(path))
            fault = _fault(policy, train_on)
            if fault is not None and (train_on or isinstance(policy.place, Simulation)):
                raise SandboxError(f"{name}: {fault}")
            if not window.files.may_discard():
                return
            self._show(Start(name, policy), known=fault is None)
            if train_on:
                self._train_on()

        window.files.attempt(read)

    def _show(self, opened: Start, known: bool) -> None:
        """Show a policy, and in the agent panel what it was trained by, where that is known."""
        window, policy = self._window, opened.policy
        window.show_policy(policy)
        if known:
            self._set_agent(policy)
        self._opened = opened
        offers = known and policy.network is not None
        sentence = self.tr("{0}, trained on {1}.").format(policy.card.title, policy.place.name)
        window.say(sentence, action=self.tr("Train on from it") if offers else "")

    def _set_agent(self, policy: SavedPolicy) -> None:
        window, card = self._window, policy.card
        config = find(card.algorithm).Config.make(card.config).model_dump()
        window.agent.set_run(
            {
                "algorithm": card.algorithm,
                "config": config,
                "seeds": card.seeds,
                "steps": first_steps(policy.place),
                "episodes": None,
                "start": None,
            }
        )
        window.places.keep_algorithm()
        window.offer(card.algorithm)

    @Slot()
    def _train_on(self) -> None:
        """The next run begins with the policy that is shown."""
        self._window.agent.start_row.set_value(self._opened)
        self._window.agent.primary.setFocus()
        self._window.say("")

    @Slot(str, str)
    def _on_state(self, state: str, _sentence: str) -> None:
        """A run goes on: nobody waits for the answer to an offer any more."""
        if state != "empty" and self._window.notice.action_button.text():
            self._window.say("")

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A policy may be dropped onto the window."""
        if event.type() in (QEvent.Type.DragEnter, QEvent.Type.Drop) and isinstance(event, QDropEvent):
            path = _path_in(event.mimeData())
            if path is not None:
                event.acceptProposedAction()
                if event.type() == QEvent.Type.Drop:
                    self.open_path(path)
                return True
        return super().eventFilter(watched, event)


def _path_in(dropped: QMimeData) -> str | None:
    """The only file that is dropped, where it is a policy."""
    paths = [url.toLocalFile() for url in dropped.urls()]
    return paths[0] if len(paths) == 1 and paths[0].endswith(SUFFIX) else None


def _fault(policy: SavedPolicy, train_on: bool) -> str | None:
    """Why its algorithm cannot take a policy up again where it acts, in a sentence; None if it can."""
    try:
        if train_on:
            policy.networks_for(policy.place)
        agent = find(policy.card.algorithm)
        agent.Config.make(policy.card.config)
        return misfit(agent, problem_of(policy.place.at_step(0)))
    except SandboxError as error:
        return error.message
