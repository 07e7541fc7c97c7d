"""Says whether shaped rewards keep the best policy, as soon as somebody asks for shaping."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication, Signal, Slot
from PySide6.QtWidgets import QWidget

from rlsandbox.learning.configs import Shaped
from rlsandbox.learning.hyperparams import AgentConfig
from rlsandbox.learning.oracle_policy import reached
from rlsandbox.learning.problem import Enumerable
from rlsandbox.learning.shaping import best_actions, potential
from rlsandbox.studio.controls.notice import Notice
from rlsandbox.worlds.errors import SandboxError
from rlsandbox.worlds.rules import Cell
from rlsandbox.worlds.world import World

_KEEPS = QT_TRANSLATE_NOOP(
    "ShapingNote", "Shaping keeps the best policy: the same actions are best with it and without it."
)
_CHANGES = QT_TRANSLATE_NOOP(
    "ShapingNote",
    "Shaping changes the best policy in {0} of {1} states. Nearest to a start is row {2}, column {3}: "
    "there {4} is best, but with shaping {5}.",
)
_UNKNOWN = QT_TRANSLATE_NOOP(
    "ShapingNote",
    "Whether shaping keeps the best policy has no answer: at this discount some values are not finite.",
)
_NOTHING = QT_TRANSLATE_NOOP(
    "ShapingNote",
    "The potential is 0 everywhere, so shaping adds nothing: paint one with the potential tool.",
)


class Finding(NamedTuple):
    """What is to be said about a shaping."""

    role: str
    text: str
    cell: Cell | None = None


def finding(problem: Enumerable, config: Shaped) -> Finding:
    """Solve a world with and without shaping; takes as long as two exact solutions."""
    try:
        best, phi = best_actions(problem, config), potential(problem, config)
    except SandboxError as error:
        return Finding("warn", error.message[:1].upper() + error.message[1:])
    if config.shaping == "painted" and not phi.any():
        return Finding("info", _tr(_NOTHING))
    if best is None:
        return Finding("info", _tr(_UNKNOWN))
    changed = (best[0] != best[1]).any(axis=1)
    if not changed.any():
        return Finding("ok", _tr(_KEEPS))
    mdp, world = problem.mdp, problem.world
    near = reached(mdp, np.full((mdp.n_states, mdp.n_actions), 1.0 / mdp.n_actions))
    first = int(near[changed[near]][0])
    cell = world.cell_of(first)
    own, shaped = (_named(world, row) for row in best[:, first])
    counts = f"{changed.sum():,}", f"{best[0].any(axis=1).sum():,}"
    return Finding("warn", _tr(_CHANGES).format(*counts, *cell, own, shaped), cell)


class ShapingNote(Notice):
    """Hidden until rewards are shaped; asks whoever has the time to solve the world, one question at a time.

    Signals:
        asked: (problem, config), to be answered by emitting `found`, from whatever thread.
        found: the `Finding` for what was asked.
        pointed: the cell that the sentence speaks of, when somebody wants to see it.
    """

    asked = Signal(object, object)
    found = Signal(object)
    pointed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        """Make a note that says nothing."""
        super().__init__(parent=parent)
        self._question: tuple[Enumerable, Shaped] | None = None
        self._pending: tuple[Enumerable, Shaped] | None = None
        self._cell: Cell | None = None
        self.activated.connect(self._point)
        self.found.connect(self._answer)

    def follow(self, problem: Enumerable | None, config: AgentConfig) -> None:
        """Speak about another world, or another configuration; None where there is no model."""
        if problem is None or not isinstance(config, Shaped) or config.shaping == "none":
            self._question = None
            self.say("")
        elif (
            self._question is None
            or self._question[0] is not problem
            or not _alike(self._question[1], config)
        ):
            self._question = problem, config
            self._ask()

    def _ask(self) -> None:
        if self._pending is None and self._question is not None:
            self._pending = self._question
            self.asked.emit(*self._question)

    @Slot(object)
    def _answer(self, found: Finding) -> None:
        """Say what was found, unless something else is asked for by now."""
        answered, self._pending = self._pending, None
        if answered is not self._question:
            self._ask()
            return
        self._cell = found.cell
        self.say(found.text, found.role, action=self.tr("Show the cell") if found.cell else "")

    @Slot()
    def _point(self) -> None:
        self.pointed.emit(self._cell)


def _named(world: World, best: NDArray[np.bool_]) -> str:
    """The actions `[A]` that are marked, by name."""
    if best.all():
        return _tr("any action")
    return _tr(" or ").join(world.actions[a].name for a in np.flatnonzero(best))


def _alike(one: Shaped, other: Shaped) -> bool:
    """Whether two configurations shape in the same way."""
    names = (*Shaped.model_fields, "gamma")
    return all(getattr(one, name, None) == getattr(other, name, None) for name in names)


def _tr(text: object) -> str:
    return QCoreApplication.translate("ShapingNote", str(text))
