"""The selected cell: its action values, what the policy does there, the truth, and its update written out."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from rlsandbox.learning.agent import Snapshot, Update, number
from rlsandbox.studio.controls import Section, text_label, wrapped
from rlsandbox.studio.panels.action_values import ActionValues, ActionValuesView
from rlsandbox.studio.panels.update_box import UpdateBox, in_words, title_of
from rlsandbox.studio.typography import minus
from rlsandbox.training.progress import Progress
from rlsandbox.worlds.rules import Action, Cell
from rlsandbox.worlds.world import World

_GLYPHS = {
    (-1, 0): "↑",
    (0, 1): "→",
    (1, 0): "↓",
    (0, -1): "←",
    (-1, 1): "↗",
    (1, 1): "↘",
    (1, -1): "↙",
    (-1, -1): "↖",
    (0, 0): "•",
}
_FAST = 500
"""Steps between two looks beyond which a last update is one of many, gone before anybody has read it."""


class InspectorPanel(QWidget):
    """Shows numbers, computes none: everything is read from a `Progress`."""

    highlight = Signal(object)
    """A state to light up on the canvas, or None."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Make the panel, with no cell."""
        super().__init__(parent)
        self._world: World | None = None
        self._stepped: Update | None = None
        self._written: tuple[Snapshot, int, bool] | None = None
        self._clock = 0
        self._section = Section(self.tr("Cell"), separator=False, spacing=12)
        # Its height follows from its width: the texts wrap, so that its hint is not the most that it needs.
        self._section.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        self._hint = text_label("", "faint", 12)
        wrapped(self._hint)
        self._step_box, self._cell_box = UpdateBox(), UpdateBox()
        for box in (self._step_box, self._cell_box):
            box.highlight.connect(self.highlight)
        self._facts = QWidget()
        line = QHBoxLayout(self._facts)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(14)
        self._view = ActionValuesView()
        line.addWidget(self._view, 0, Qt.AlignmentFlag.AlignTop)
        line.addLayout(self._make_table(), 1)
        self._section.add(self._step_box, self._hint, self._facts, self._cell_box)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._section)
        outer.addStretch(1)
        self._step_box.hide()
        self.clear()

    def _make_table(self) -> QVBoxLayout:
        titles = {
            "v": self.tr("V"),
            "optimal": self.tr("V optimal"),
            "policy": self.tr("Policy"),
            "agrees": self.tr("Agrees with optimal"),
            "visits": self.tr("Visits"),
            "error": self.tr("TD error δ"),
        }
        tips = {
            "policy": self.tr("What the greedy policy does here, with its probability."),
            "agrees": self.tr("Share of the policy's choices that are optimal, by the exact solution."),
            "error": self.tr("Target minus value, of the update that is written out below."),
        }
        table = QVBoxLayout()
        table.setSpacing(3)
        self.values: dict[str, QLabel] = {}
        """`row -> label of its value`."""
        for name, title in titles.items():
            label, value = text_label(title, "dim", 12), text_label("", "", 12, 600)
            row = QHBoxLayout()
            row.addWidget(label)
            row.addStretch(1)
            row.addWidget(value)
            for widget in (label, value):
                widget.setToolTip(tips.get(name, ""))
            table.addLayout(row)
            self.values[name] = value
        table.addStretch(1)
        return table

    # -- in ----------------------------------------------------------------------------------------

    def set_world(self, world: World) -> None:
        """The world whose cells and actions are named."""
        self._world = world

    def clear(self) -> None:
        """No cell is selected."""
        self._say(None, self.tr("Select a cell to see what the agent knows about it."))

    def show_cell(self, progress: Progress | None, cell: Cell | None, carried: int = 0) -> None:
        """Show a cell of the world that trains; cheap enough for every frame.

        Args:
            progress: what the session says; None before there is one.
            cell: the selected cell, or None.
            carried: which things the agent carries in the state that is shown.
        """
        if cell is None:
            self.clear()
            return
        if progress is None:
            self._say(cell, self.tr("Nothing is learnt yet: press Train."))
            return
        world = self._world = progress.world
        if not (0 <= cell[0] < world.height and 0 <= cell[1] < world.width):
            self.clear()
            return
        state = world.state_of(cell, min(carried, world.inventory - 1))
        moved, self._clock = abs(progress.clock - self._clock), progress.clock
        if not progress.mdp.live[state]:
            self._say(cell, self._why_dead(world, cell))
            return
        self._say(cell, "")
        self._fill(progress, state)
        self._written = progress.snapshot, state, moved > _FAST
        self._write_update(*self._written)

    def show_update(self, update: Update | None) -> None:
        """Show the step that was just made, in words and with its numbers; None takes it away."""
        if update == self._stepped:
            return
        self._stepped = update
        self._step_box.setVisible(update is not None)
        if self._written is not None:
            self._write_update(*self._written)
        if update is None or self._world is None:
            return
        notes = {
            self.tr("a random action"): update.explored,
            self.tr("the episode ended"): update.terminated,
            self.tr("cut by the step limit"): update.truncated,
        }
        words = ", ".join([in_words(update, self._world), *(text for text, holds in notes.items() if holds)])
        self._step_box.world = self._world
        head = self.tr("Step {}:").format(f"{update.step:,}")
        self._step_box.set_content(
            title_of(update, self._world, f"{head} {self.tr('update of')}"), words, update.parts, update.lines
        )

    # -- inside ------------------------------------------------------------------------------------

    def _say(self, cell: Cell | None, sentence: str) -> None:
        title = self.tr("Cell") if cell is None else self.tr("Cell ({0}, {1})").format(*cell)
        self._section.set_title(title)
        if self._hint.text() != sentence:
            self._hint.setText(sentence)
        self._hint.setVisible(bool(sentence))
        self._facts.setVisible(not sentence)
        if sentence:
            self._written = None
            self._cell_box.hide()

    def _why_dead(self, world: World, cell: Cell) -> str:
        tile = world.tile_at(cell)
        if tile.rule.terminal:
            return self.tr("{}: an episode ends here, so nothing follows and its value is 0.").format(
                tile.title
            )
        if tile.rule.restarts:
            return self.tr("{}: nobody stands here, the agent is sent back to a start.").format(tile.title)
        return self.tr("{}: nobody can stand here, so there is nothing to learn.").format(tile.title)

    def _fill(self, progress: Progress, state: int) -> None:
        snapshot, oracle, world = progress.snapshot, progress.oracle, progress.world
        policy = snapshot.policy[state]
        live = snapshot.v[progress.mdp.live]
        self._view.set_values(
            ActionValues(
                names=tuple(action.name for action in world.actions),
                values=tuple(snapshot.q[state].tolist()),
                greedy=tuple((policy > 0).tolist()),
                low=float(live.min()),
                high=float(max(live.max(), snapshot.q[state].max())),
            )
        )
        self._set("v", fixed(snapshot.v[state]))
        self._set("optimal", "–" if oracle is None else fixed(oracle.v[state]))
        self._set("policy", policy_text(policy, world.actions), policy_tip(policy, world.actions))
        if oracle is None:
            self._set("agrees", "–", role="")
        else:
            share = float(policy[optimal_actions(oracle.q[state])].sum())
            text = self.tr("yes") if share > 1 - 1e-9 else self.tr("no") if share < 1e-9 else f"{share:.0%}"
            self._set("agrees", text, role="ok" if share > 1 - 1e-9 else "warn")
        self._set("visits", "–" if snapshot.visits is None else f"{int(snapshot.visits[state].sum()):,}")

    def _write_update(self, snapshot: Snapshot, state: int, fast: bool) -> None:
        last, head = snapshot.update, self.tr("Last update of")
        told = last is not None and last == self._stepped  # it stands in the box above already
        if last is None or last.state != state or fast or told:
            last, head = snapshot.backup, self.tr("Next backup of")
        assert self._world is not None
        self._cell_box.world = self._world
        self._cell_box.setVisible(last is not None)
        if last is None:
            self._set("error", "–")
            return
        self._set("error", fixed(last.td_error, sign=True))
        self._cell_box.set_content(title_of(last, self._world, head), "", last.parts, last.lines)

    def _set(self, name: str, text: str, tip: str | None = None, role: str | None = None) -> None:
        label = self.values[name]
        if label.text() != text:
            label.setText(text)
            label.setAccessibleName(text)
        if tip is not None and label.toolTip() != tip:
            label.setToolTip(tip)
        if role is not None and label.property("role") != role:
            label.setProperty("role", role)
            label.style().unpolish(label)
            label.style().polish(label)


def fixed(value: float, sign: bool = False) -> str:
    """Two decimals with a true minus; four digits where the number is large."""
    if not np.isfinite(value):
        text = "∞" if value > 0 else "-∞" if value < 0 else "?"
    elif abs(value) < 1000:
        text = f"{value:.2f}" if abs(value) >= 0.005 else "0.00"
    else:
        text = number(value)
    if sign and value >= 0:
        text = f"+{text}"
    return minus(text)


def optimal_actions(q: np.ndarray) -> np.ndarray:
    """`[A]` bool: the actions whose exact value `[A]` is the best, up to the solver's residual."""
    return q >= q.max() - 1e-6 * max(1.0, abs(float(q.max())))


def policy_text(policy: np.ndarray, actions: tuple[Action, ...]) -> str:
    """A row `[A]` of probabilities: the name of the one action, or arrows with shares for several."""
    order = [int(a) for a in np.argsort(-policy, kind="stable") if policy[a] > 0]
    if len(order) == 1:
        return actions[order[0]].name
    glyphs = [_GLYPHS[actions[a].rows, actions[a].columns] for a in order]
    if np.ptp(policy[order]) < 1e-9:
        return f"{''.join(glyphs[:4])}{'…' if len(glyphs) > 4 else ''} {policy[order[0]]:.0%}"
    pairs = [f"{glyph} {policy[a]:.0%}" for glyph, a in zip(glyphs, order, strict=True)]
    return " ".join(pairs[:2]) + ("…" if len(pairs) > 2 else "")


def policy_tip(policy: np.ndarray, actions: tuple[Action, ...]) -> str:
    """The same, one line an action."""
    return "\n".join(f"{actions[a].name}: {policy[a]:.1%}" for a in np.flatnonzero(policy > 0))
