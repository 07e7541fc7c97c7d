"""Asks for an environment of Gymnasium by its id, and says what it is before one goes there."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QStringListModel, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QComboBox, QCompleter, QDialog, QDialogButtonBox, QVBoxLayout, QWidget

from rlsandbox.studio.controls import Notice, text_label, wrapped
from rlsandbox.studio.theme import font
from rlsandbox.worlds.errors import SandboxError
from rlsandbox.worlds.gym_world import GymWorld

WELL_KNOWN = (
    "CartPole-v1",
    "MountainCar-v0",
    "MountainCarContinuous-v0",
    "Pendulum-v1",
    "Acrobot-v1",
    "LunarLander-v3",
    "FrozenLake-v1",
)
_PAUSE_MS = 250


class GymDialog(QDialog):
    """An id with what is known of it below; OK works when there is such an environment.

    It asks by `asked`, and is told by `known` and `found`.
    """

    asked = Signal(str)
    """What is there of this id? An empty one: which are there?"""

    def __init__(self, first: str, parent: QWidget | None = None) -> None:
        """Make a dialog that begins with an id."""
        super().__init__(parent)
        self.setWindowTitle(self.tr("Environment of Gymnasium"))
        self.setMinimumWidth(440)
        self._world: GymWorld | None = None
        self.box = QComboBox()
        self.box.setEditable(True)
        self.box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.box.setFont(font(13))
        self.box.addItems(list(WELL_KNOWN))
        self.box.setAccessibleName(self.tr("Environment"))
        self._ids = QStringListModel(list(WELL_KNOWN), self)
        completer = QCompleter(self._ids, self)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        self.box.setCompleter(completer)
        self.box.setEditText(first)
        self.notice = Notice()
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self._ok = buttons.button(QDialogButtonBox.StandardButton.Ok)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 12)
        layout.setSpacing(10)
        head = wrapped(text_label(self.tr("Agents train there as they do on drawings."), "dim", 12))
        for widget in (head, self.box, self.notice, buttons):
            layout.addWidget(widget)
        layout.addStretch(1)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_PAUSE_MS)
        self._timer.timeout.connect(self._ask)
        self.box.editTextChanged.connect(self._typed)
        self.box.activated.connect(self._ask)
        self._typed()

    def begin(self) -> None:
        """Ask for what it shows at first."""
        self.asked.emit("")
        self._ask()

    def world(self) -> GymWorld | None:
        """The environment that was found."""
        return self._world

    @Slot(object)
    def known(self, ids: Sequence[str]) -> None:
        """All ids that there are, to complete what is typed."""
        self._ids.setStringList(list(ids))

    @Slot(str, object, str)
    def found(self, name: str, world: GymWorld | None, sentence: str) -> None:
        """What an id stands for; None if nothing, and the sentence says why."""
        if name != self._name():
            return
        self._world = world
        self._ok.setEnabled(world is not None)
        self.notice.say(sentence, "ok" if world is not None else "bad")

    def _name(self) -> str:
        return self.box.currentText().strip().removeprefix("gym:")

    @Slot()
    def _typed(self) -> None:
        self._world = None
        self._ok.setEnabled(False)
        self.notice.say(self.tr("Looking it up…"), "info")
        self._timer.start()

    @Slot()
    def _ask(self) -> None:
        self._timer.stop()
        if self._name():
            self.asked.emit(self._name())
        else:
            self.notice.say(self.tr("Write an id, as CartPole-v1."), "info")


def looked_up(name: str) -> tuple[GymWorld | None, str]:
    """What is there of an id: the environment and what it is, or None and why not, in a sentence."""
    world = GymWorld(name)
    try:
        return world, described(world)
    except SandboxError as error:
        return None, error.message[:1].upper() + error.message[1:]
    except Exception as error:  # somebody else's program: anything may go wrong there
        return None, f"{name} cannot be used: {error!r}."


def described(world: GymWorld) -> str:
    """What is seen and done in an environment, and how long an episode is.

    Raises:
        SandboxError: there is no such environment, or agents here cannot learn in it.
    """
    size, actions = len(world.dimensions), world.actions
    if world.n_states:
        seen = f"one of {world.n_states:,} states"
    elif size:
        seen = f"{size} number{'s' if size > 1 else ''}"
        if not world.dimensions[0].name.startswith("observation"):
            seen += f" ({', '.join(dimension.name for dimension in world.dimensions)})"
    else:
        channels, height, width = world.shape
        seen = f"pictures of {height} × {width} with {channels} channel{'s' if channels > 1 else ''}"
    if actions.continuous:
        done = f"{actions.size} number{'s' if actions.size > 1 else ''}"
    else:
        done = f"one of {actions.size} actions"
    limit = f"at most {world.step_limit:,} steps an episode" if world.step_limit else "no step limit"
    return f"It shows {seen} and takes {done}; {limit}."


def registered() -> list[str]:
    """All ids that Gymnasium knows, but for the sandbox's own."""
    import gymnasium

    ids = sorted(name for name in gymnasium.registry if not name.startswith("rlsandbox/"))
    return [*WELL_KNOWN, *(name for name in ids if name not in WELL_KNOWN)]
