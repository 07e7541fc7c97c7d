"""The rules that hold everywhere in a world, its size, and what its model takes."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from rlsandbox.studio.controls import (
    ChoiceRow,
    Notice,
    NumberRow,
    Row,
    Section,
    SwitchRow,
    text_label,
    wrapped,
)
from rlsandbox.studio.panels.number_rows import OptionalNumberRow, SizeRow, narrow
from rlsandbox.worlds.errors import SandboxError
from rlsandbox.worlds.mdp import model_bytes, refuse_too_large
from rlsandbox.worlds.rules import Rules
from rlsandbox.worlds.world import MAX_SIDE, World

_DEFAULTS = Rules()


class RulesPanel(QWidget):
    """Shows a world's rules; every change is told as a whole new world."""

    edited = Signal(object, str)
    """The world under changed rules, and what changed, for the undo menu."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Make the panel; it shows nothing until it is given a world."""
        super().__init__(parent)
        self._world = World.blank(1, 1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        self.rows: dict[str, Row] = self._make_rows()
        """`field of Rules -> row`; "size" as well."""
        first = Section(self.tr("Rules"), separator=False)
        margins = first.layout()
        if margins is not None:
            margins.setContentsMargins(14, 12, 14, 0)  # the next section goes on with the same thing
        self.more = Section(self.tr("More rules"), collapsible=True)
        for name, row in self.rows.items():
            (first if name in ("step_reward", "slip") else self.more).add(narrow(row))
            row.edited.connect(partial(self._edit, name))
            if name != "size":
                row.set_default(getattr(_DEFAULTS, name))
        self._size = text_label("", "faint", 11)
        wrapped(self._size)
        self._notice = Notice()
        first.add(self._size, self._notice)
        self.more.set_folded(True)
        outer.addWidget(first)
        outer.addWidget(self.more)
        outer.addStretch(1)

    def _make_rows(self) -> dict[str, Row]:
        tr = self.tr
        return {
            "step_reward": NumberRow(
                tr("Step reward"),
                0.0,
                None,
                None,
                tooltip=tr("Paid for every step into a cell without a reward."),
            ),
            "slip": NumberRow(
                tr("Slip"), 0.0, 0.0, 1.0, tooltip=tr("Chance that a move goes elsewhere; ice has its own.")
            ),
            "size": SizeRow(tr("Size"), 1, MAX_SIDE, tooltip=tr("Rows and columns; the drawing stays.")),
            "moves": ChoiceRow(
                tr("Moves"),
                [(2, "2"), (4, "4"), (8, "8"), (0, tr("arms"))],
                4,
                tooltip=tr(
                    "Directions: 2 goes sideways, 8 along diagonals as well; or each action pulls an arm."
                ),
            ),
            "stay": SwitchRow(tr("Stay"), False, tooltip=tr("Standing still is an action as well.")),
            "slip_kind": ChoiceRow(
                tr("Slips to"),
                [("perpendicular", tr("the sides")), ("random", tr("any move"))],
                "perpendicular",
                tooltip=tr(
                    "The sides, half each, as on a frozen lake; or any move, the intended one included."
                ),
            ),
            "bump_reward": NumberRow(
                tr("Bump"), 0.0, None, None, tooltip=tr("Added when a wall or the edge stops a move.")
            ),
            "step_limit": OptionalNumberRow(
                tr("Step limit"),
                None,
                1,
                10**9,
                when_on=200,
                integer=True,
                tooltip=tr("Steps after which an episode is cut; it counts as truncated, not as ended."),
            ),
            "start": ChoiceRow(
                tr("Begins at"),
                [("drawn", tr("starts")), ("uniform", tr("any cell"))],
                "drawn",
                tooltip=tr("The drawn starts by their weights, or any free cell."),
            ),
            "wind_random": SwitchRow(
                tr("Gusts"),
                False,
                tooltip=tr("Each wind blows one weaker or one stronger, a third of the time each."),
            ),
        }

    def set_world(self, world: World) -> None:
        """Show a world's rules, without a signal."""
        self._world = world
        for name, row in self.rows.items():
            row.set_value((world.height, world.width) if name == "size" else getattr(world.rules, name))
        slips = world.rules.slip > 0 or (world.rule_layer("slip", 0.0) > 0).any() or (world.slip > 0).any()
        self.rows["slip_kind"].setVisible(bool(slips))
        self.rows["wind_random"].setVisible(bool(world.wind.any()))
        self._size.setText(
            self.tr("{0} states, {1} actions, {2}").format(
                f"{world.n_states:,}", len(world.actions), in_bytes(model_bytes(world))
            )
        )
        self._notice.say(_refusal(world), "bad")

    def _edit(self, name: str, value: object) -> None:
        row = self.rows[name]
        try:
            world = self._world.resized(*value) if name == "size" else self._world.with_rules(**{name: value})  # type: ignore[misc]
            if model_bytes(world) > model_bytes(self._world):
                refuse_too_large(world)
        except SandboxError as error:
            row.set_value(
                (self._world.height, self._world.width)
                if name == "size"
                else getattr(self._world.rules, name)
            )
            self._notice.say(error.message, "bad", closable=True)
            return
        self.set_world(world)
        self.edited.emit(world, self.tr("Change {}").format(row.label.text().lower()))


def _refusal(world: World) -> str:
    """Why a world's model is too large to make; empty if it is not."""
    try:
        refuse_too_large(world)
    except SandboxError as error:
        return error.message
    return ""


def in_bytes(size: int) -> str:
    """A size in kB or MB, for people."""
    if size < 1_000_000:
        return f"{max(1, round(size / 1000)):,} kB"
    return f"{size / 1_000_000:,.0f} MB"
