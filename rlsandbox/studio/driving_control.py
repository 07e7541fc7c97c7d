"""The person drives: keys and clicks move the agent, its score is shown, the episode can be replayed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QEvent, QObject, Qt, Slot
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QFileDialog

from rlsandbox.learning.agent import Snapshot
from rlsandbox.learning.oracle import Solution, solve
from rlsandbox.overlays.scene import Scene
from rlsandbox.studio.canvas.keyboard import ARROWS
from rlsandbox.studio.files_control import with_ending
from rlsandbox.studio.tools import Select
from rlsandbox.studio.typography import minus
from rlsandbox.training.evaluate import EVALUATION_SEED, episode_cap, oracle_policy, rollouts
from rlsandbox.training.playing import PlayedEpisode
from rlsandbox.worlds.errors import check
from rlsandbox.worlds.mdp import TabularMDP
from rlsandbox.worlds.rules import Action, Cell
from rlsandbox.worlds.world import World

if TYPE_CHECKING:
    from rlsandbox.studio.main_window import MainWindow
    from rlsandbox.training.driving import Drive

_DIAGONALS: dict[Qt.Key, tuple[int, int]] = {
    Qt.Key.Key_Home: (-1, -1),
    Qt.Key.Key_PageUp: (-1, 1),
    Qt.Key.Key_End: (1, -1),
    Qt.Key.Key_PageDown: (1, 1),
}
"""Where these keys lie on a number pad."""

_DOES = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
_CHOICES = {Qt.Key.Key_Tab: 1, Qt.Key.Key_Backtab: -1}
_NUMBERS = tuple(Qt.Key(Qt.Key.Key_0.value + digit) for digit in (*range(1, 10), 0))
_EPISODES = 100


def keys_of_actions(actions: tuple[Action, ...]) -> dict[Qt.Key, int]:
    """The key of each action: moves have arrows, staying the space bar, others count from 1 to 9, 0."""
    ways = {way: key for key, way in (*ARROWS.items(), *_DIAGONALS.items())}
    keys, numbers = {}, iter(_NUMBERS)
    for number, action in enumerate(actions):
        stays = action.name == "stay"
        key = Qt.Key.Key_Space if stays else ways.get((action.rows, action.columns)) or next(numbers, None)
        if key is not None:
            keys[key] = number
    return keys


def cell_of_action(world: World, state: int, number: int) -> Cell | None:
    """Where one points to do something: the way that it leads, or its arm; None where that is nowhere."""
    action, (row, column) = world.actions[number], world.cell_of(state)
    if action.rows or action.columns or action.name == "stay":
        return row + action.rows, column + action.columns
    if _pulls_arms(world):
        row, column = divmod(int(world.arms[number]), world.width)
        return row, column
    return None


def _pulls_arms(world: World) -> bool:
    return world.tables is None and world.rules.moves == 0


class DrivingControl(QObject):
    """Begins, steers and ends a person's episodes on the world that is drawn."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._drive: Drive | None = None
        self._keys: dict[Qt.Key, int] = {}
        self._chosen: int | None = None
        self._best: float | None = None
        self._seed = 0
        window.canvas.installEventFilter(self)
        window.control.episode_left.connect(self._on_left)
        window.control.episode_ready.connect(self._on_left)
        window.document.changed.connect(self._on_world)

    @property
    def is_driving(self) -> bool:
        """Whether the keys move the agent."""
        return self._drive is not None

    def start(self) -> None:
        """Begin an episode, with other dice than the last.

        Raises:
            SandboxError: nobody can act in this world, or it is no grid.
        """
        from rlsandbox.training.driving import Drive  # it loads gymnasium, which nothing else here needs

        window = self._window
        check(window.places.kind == "grid", "One drives through a grid: choose Grid at the upper left.")
        window.control.leave_episode()
        self._seed += 1
        drive = Drive(window.document.world, self._seed)
        oracle = None if drive.model.drift else solve(drive.model, 1.0) or solve(drive.model, 0.99)
        self._drive, self._keys, self._chosen = drive, keys_of_actions(drive.world.actions), None
        self._best = None if oracle is None else _return_of(drive.model, oracle)
        window.control.bare = _nothing_learnt(drive.world, drive.model, oracle)
        window.say(f"{self._help(drive.world)} {self.tr('Esc ends the episode.')}")
        window.canvas.setFocus()
        window.transport.set_idle()
        self._show(drive)

    def move(self, action: int) -> None:
        """Do one step."""
        drive = self._drive
        if drive is None:
            return
        drive.step(action)
        self._show(drive)
        if drive.over:
            self.end()

    def end(self) -> None:
        """End the episode; what was driven can be replayed."""
        drive = self._drive
        if drive is None:
            return
        window, episode = self._window, drive.episode()
        self._stop()
        if not len(episode):
            window.say("")
            window.showing.live()
            return
        window.say(self._result(drive))
        window.control.show_episode(episode)
        window.transport.pause()  # whoever drove has just seen it
        window.transport.set_frame(len(episode))

    @Slot()
    def leave(self) -> None:
        """End the episode, or go back from one to what the agent does now."""
        if self.is_driving:
            self.end()
        else:
            self._window.showing.live()

    def export(self) -> None:
        """Write the transitions of the episode that is shown, a driven or a recorded one."""
        window = self._window
        episode, world = window.control.episode, window.control.episode_world
        if isinstance(episode, PlayedEpisode):
            window.say(self.tr("Only episodes of grids can be written to a file."))
            return
        if episode is None or world is None or not len(episode):
            window.say(self.tr("There is no episode yet: drive one (F9), or record one of the policy (F8)."))
            return
        path, chosen = QFileDialog.getSaveFileName(
            window, self.tr("Export the episode"), "episode.csv", "CSV (*.csv);;JSON (*.json)"
        )
        if path:
            from rlsandbox.training.driving import write_episode

            target = with_ending(path, chosen, (".csv", ".json"))
            window.files.export(lambda: write_episode(episode, world, target), target)

    # -- keys and clicks ---------------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """While somebody drives, the canvas's events are theirs, before shortcuts, selection and tools."""
        if self._drive is not None and isinstance(event, QKeyEvent):
            return self._key(event) or super().eventFilter(watched, event)
        if self._drive is not None and isinstance(event, QMouseEvent):
            return self._click(self._drive, event) or super().eventFilter(watched, event)
        return super().eventFilter(watched, event)

    def _key(self, event: QKeyEvent) -> bool:
        """Whether a key meant the agent."""
        if event.type() not in (QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress):
            return False
        held = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        key = Qt.Key(event.key())
        if held & ~Qt.KeyboardModifier.ShiftModifier or (held and key != Qt.Key.Key_Backtab):
            return False
        meaning = self._meaning(key)
        if meaning is None:
            return False
        event.accept()
        if event.type() == QEvent.Type.KeyPress:
            meaning()
        return True

    def _meaning(self, key: Qt.Key) -> Callable[[], None] | None:
        if key == Qt.Key.Key_Escape:
            return self.end
        if key in self._keys:
            return partial(self.move, self._keys[key])
        if key in _CHOICES and self._has_more():
            return partial(self._choose, _CHOICES[key])
        if key in _DOES and self._chosen is not None:
            return partial(self.move, self._chosen)
        return None

    def _has_more(self) -> bool:
        """Whether there are more actions than keys for them."""
        return self._drive is not None and len(self._keys) < len(self._drive.world.actions)

    def _choose(self, step: int) -> None:
        """Point out the next action, for Return to do it."""
        drive = self._drive
        if drive is not None:
            before = -1 if self._chosen is None and step > 0 else self._chosen or 0
            self._chosen = (before + step) % len(drive.world.actions)
            self._show(drive)

    def _click(self, drive: Drive, event: QMouseEvent) -> bool:
        """Whether a click meant the agent; with a brush in hand it is a stroke."""
        canvas, kinds = self._window.canvas, (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonDblClick)
        plain = event.button() == Qt.MouseButton.LeftButton and not event.modifiers()
        if event.type() not in kinds or not plain or canvas.editing.tool.id != Select.id:
            return False
        cell = canvas.cell_at(event.position())
        for number in range(len(drive.world.actions)):
            if cell_of_action(drive.world, drive.state, number) == cell:
                self.move(number)
                return True
        return False

    # -- what is shown -----------------------------------------------------------------------------

    def _show(self, drive: Drive) -> None:
        canvas = self._window.canvas
        if canvas.world is not None and drive.world.digest != canvas.world.digest:
            canvas.set_world(drive.world)  # its schedule has changed it
        self._window.control.follow_episode(drive.episode())
        text = self.tr("You drive: step {0:,}, return {1}").format(
            len(drive.transitions), _number(drive.score)
        )
        text += self._beside()
        if self._chosen is not None:
            text += self.tr(" · Return: {0}").format(drive.world.actions[self._chosen].name)
            canvas.set_highlight(cell_of_action(drive.world, drive.state, self._chosen))
        canvas.set_notice(text)

    def _beside(self) -> str:
        return "" if self._best is None else self.tr(" · optimal {0}").format(_number(self._best))

    def _result(self, drive: Drive) -> str:
        ends = drive.transitions[-1].terminated
        text = (
            self.tr("Ended at step {0:,}: return {1}") if ends else self.tr("Cut at step {0:,}: return {1}")
        )
        text = text.format(len(drive.transitions), _number(drive.score))
        return f"{text}{self._beside()}. {self.tr('F9 drives again.')}"

    def _help(self, world: World) -> str:
        actions, keys = world.actions, {number: key for key, number in self._keys.items()}
        parts = []
        if any(key in ARROWS for key in self._keys):
            parts.append(self.tr("the arrow keys move, or a click beside the agent"))
        if any(key in _DIAGONALS for key in self._keys):
            parts.append(self.tr("Home, End and the Page keys go diagonally"))
        if Qt.Key.Key_Space in self._keys:
            parts.append(self.tr("Space stays"))
        numbered = [k for k in range(len(actions)) if keys.get(k) in _NUMBERS]
        if len(numbered) > 3:
            first, last = numbered[0], numbered[-1]
            ends = chr(keys[first].value), chr(keys[last].value), actions[first].name, actions[last].name
            parts.append(self.tr("keys {0} to {1}: {2} to {3}").format(*ends))
        else:
            parts += [f"{chr(keys[k].value)} {actions[k].name}" for k in numbered]
        if _pulls_arms(world):
            parts.append(self.tr("a click on an arm pulls it"))
        if self._has_more():
            parts.append(self.tr("Tab chooses any and Return does it"))
        text = ", ".join(parts)
        return f"{text[:1].upper()}{text[1:]}."

    def _stop(self) -> None:
        self._drive = self._chosen = None
        self._window.canvas.set_notice("")
        self._window.canvas.set_highlight(None)
        if self._window.canvas.world != self._window.document.world:
            self._window.canvas.set_world(self._window.document.world)

    @Slot()
    def _on_left(self) -> None:
        """Something else is shown now: a run, or another world."""
        if self._drive is not None:
            self._stop()
            self._window.say("")

    @Slot()
    def _on_world(self) -> None:
        """A driven episode belongs to the world of before."""
        if self._window.control.bare is not None:
            self._window.say("")
            self._window.showing.live()


def _nothing_learnt(world: World, mdp: TabularMDP, oracle: Solution | None) -> Scene:
    """A scene for those who drive before anything was trained."""
    q = np.zeros((mdp.n_states, mdp.n_actions))
    none = np.zeros(1, np.int64)
    return Scene.of(world, mdp, Snapshot(0, q[:, 0], q, q + 1 / mdp.n_actions, none, none), oracle)


def _return_of(mdp: TabularMDP, oracle: Solution) -> float | None:
    """Mean undiscounted return of an optimal policy; None where its episodes do not end."""
    cap = episode_cap(mdp)
    scores, ended = rollouts(oracle_policy(mdp, oracle)[None], mdp, _EPISODES, cap, EVALUATION_SEED)
    return float(scores.mean()) if mdp.step_limit or ended.all() else None


def _number(value: float) -> str:
    return minus(f"{round(value, 3):g}")
