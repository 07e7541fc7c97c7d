"""What the selected cell is, and the numbers that are its own."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QSize, Signal, Slot
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from rlsandbox.studio.controls import NumberRow, Row, Section, SwitchRow, text_label, wrapped
from rlsandbox.studio.controls.frame import painter_of
from rlsandbox.studio.painting import paint_tile
from rlsandbox.studio.panels.number_rows import narrow
from rlsandbox.studio.panels.wind_editor import WindEditor
from rlsandbox.studio.theme import font, theme
from rlsandbox.worlds.errors import SandboxError
from rlsandbox.worlds.rules import Cell
from rlsandbox.worlds.tiles import TILES, Tile
from rlsandbox.worlds.world import World


@dataclass(frozen=True)
class _Facts:
    """What decides which numbers a cell has, its object's rule before its terrain's."""

    enterable: bool
    stands: bool
    starts: bool
    portal: bool
    windy: bool

    @classmethod
    def of(cls, world: World, cell: Cell) -> _Facts:
        rules = [TILES[code].rule for code in (world.terrain[cell], world.objects[cell]) if code >= 0]
        solid = any(rule.solid for rule in rules)
        ends = any(rule.terminal or rule.restarts for rule in rules)
        return cls(
            enterable=not solid,
            stands=not solid and not ends,
            starts=any(rule.is_start for rule in rules),
            portal=any(rule.is_portal for rule in rules),
            windy=bool(world.wind[cell].any()),
        )


class _Swatch(QWidget):
    """The tile of the cell, small."""

    def __init__(self) -> None:
        super().__init__()
        self.tile: Tile = TILES[0]
        self.setFixedSize(20, 20)

    def sizeHint(self) -> QSize:
        return QSize(20, 20)

    def paintEvent(self, event: QPaintEvent) -> None:
        paint_tile(painter_of(self), self.tile, self.rect().toRectF(), theme())


class CellPanel(QWidget):
    """Only the fields that matter for the cell's tile; every change is told as a whole new world."""

    edited = Signal(object, str)
    """The world with the changed cell, and what changed, for the undo menu."""
    pick_target = Signal()
    """The user wants to click the cell to which the teleporter leads."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Make the panel; without a cell it takes no room."""
        super().__init__(parent)
        self._world: World | None = None
        self._cell: Cell | None = None
        self._section = Section(self.tr("Cell"))
        self._swatch, self._tile = _Swatch(), text_label("", weight=600)
        self._tip = text_label("", "dim", 12)
        wrapped(self._tip)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self._swatch)
        head.addWidget(self._tile, 1)
        self._head = QWidget()
        head.setContentsMargins(0, 0, 0, 0)
        self._head.setLayout(head)
        self._section.add(self._head, self._tip)
        self.rows: dict[str, Row] = self._make_rows()
        """`layer of the world -> row`."""
        for name, row in self.rows.items():
            self._section.add(narrow(row))
            row.edited.connect(partial(self._edit, name))
        self._wind = WindEditor()
        self._wind.edited.connect(partial(self._edit, "wind"))
        self._section.add(self._wind)
        self._make_link()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._section)
        outer.addStretch(1)
        self._refresh()

    def _make_rows(self) -> dict[str, Row]:
        tr = self.tr
        return {
            "reward": NumberRow(
                tr("Reward"),
                0.0,
                None,
                None,
                tooltip=tr("Mean of what is paid for entering the cell."),
            ),
            "reward_sd": NumberRow(
                tr("Spread"),
                0.0,
                0.0,
                None,
                tooltip=tr("Standard deviation of the reward."),
            ),
            "slip": NumberRow(
                tr("Slip"), 0.0, 0.0, 1.0, tooltip=tr("Chance that a move from here goes elsewhere.")
            ),
            "weight": NumberRow(
                tr("Weight"),
                1.0,
                1e-6,
                None,
                tooltip=tr("Share of this start among all starts."),
            ),
        }

    def _make_link(self) -> None:
        self._link = QWidget()
        column = QVBoxLayout(self._link)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(6)
        self._leads = text_label("", size_px=12)
        wrapped(self._leads)
        self._pick = QPushButton(self.tr("Pick target"))
        self._pick.setProperty("dense", True)
        self._pick.setFont(font(12))
        self._pick.setToolTip(self.tr("Then click the cell to which this teleporter leads."))
        self._pick.clicked.connect(self.pick_target)
        self._unlink = QPushButton(self.tr("Unlink"))
        self._unlink.setProperty("dense", True)
        self._unlink.setFont(font(12))
        self._unlink.clicked.connect(self._remove_link)
        buttons = QHBoxLayout()
        buttons.setSpacing(6)
        buttons.addWidget(self._pick, 1)
        buttons.addWidget(self._unlink, 1)
        self._both = SwitchRow(
            self.tr("Both ways"),
            True,
            tooltip=self.tr("The target leads back here, as far as it is a teleporter."),
        )
        self._both.edited.connect(self._set_both)
        narrow(self._both)
        column.addWidget(self._leads)
        column.addLayout(buttons)
        column.addWidget(self._both)
        self._section.add(self._link)

    # -- showing -----------------------------------------------------------------------------------

    def set_cell(self, world: World, cell: Cell | None) -> None:
        """Show a cell of a world; None, or a cell outside it, shows a hint."""
        inside = cell is not None and 0 <= cell[0] < world.height and 0 <= cell[1] < world.width
        self._world, self._cell = world, cell if inside else None
        self._refresh()

    def both_ways(self) -> bool:
        """Whether a picked target shall lead back."""
        return self._both.value()

    def _refresh(self) -> None:
        world, cell = self._world, self._cell
        self._section.setHidden(world is None or cell is None)
        if world is None or cell is None:
            return
        self._section.set_title(self.tr("Cell ({0}, {1})").format(*cell))
        tile, facts = world.tile_at(cell), _Facts.of(world, cell)
        self._swatch.tile = tile
        self._swatch.update()
        self._tile.setText(tile.title)
        self._tip.setText(tile.tip)
        shown = {
            "reward": facts.enterable,
            "reward_sd": facts.enterable,
            "slip": facts.stands,
            "weight": facts.starts,
        }
        for name, row in self.rows.items():
            row.setVisible(shown[name])
            own, default = float(getattr(world, name)[cell]), self._default(name)
            row.set_default(default)
            row.set_value(default if math.isnan(own) else own)
        self._wind.setVisible(facts.windy)
        self._wind.set_wind((int(world.wind[cell][0]), int(world.wind[cell][1])))
        self._link.setVisible(facts.portal)
        if facts.portal:
            self._show_link(world, cell)

    def _show_link(self, world: World, cell: Cell) -> None:
        target = _target(world, cell)
        if target is None:
            self._leads.setText(self.tr("Leads nowhere yet: pick its target."))
        else:
            self._leads.setText(self.tr("Leads to ({0}, {1}).").format(*target))
        self._unlink.setVisible(target is not None)
        can_lead_back = target is not None and world.tile_at(target).rule.is_portal
        self._both.setVisible(target is None or can_lead_back)
        if target is not None:
            self._both.set_value(_target(world, target) == cell)

    def _default(self, name: str) -> float:
        """What a cell has that says nothing itself: its tile's number, or the world's."""
        assert self._world is not None and self._cell is not None
        if name == "reward_sd":
            return 0.0
        if name == "weight":
            return 1.0
        stated = float(self._world.rule_layer(name, math.nan)[self._cell])
        rules = self._world.rules
        return (rules.slip if name == "slip" else rules.step_reward) if math.isnan(stated) else stated

    # -- changing ----------------------------------------------------------------------------------

    def set_target(self, target: Cell) -> None:
        """Link the teleporter to a picked cell, as a user's edit."""
        if self._world is None or self._cell is None or target == self._cell:
            return
        leads_back = self.both_ways() and self._world.tile_at(target).rule.is_portal
        self._commit(self._world.linked(self._cell, target, both_ways=leads_back), self.tr("Link teleporter"))

    @Slot()
    def _remove_link(self) -> None:
        if self._world is not None and self._cell is not None:
            self._commit(self._world.unlinked(self._cell), self.tr("Unlink teleporter"))

    def _set_both(self, on: bool) -> None:
        world, cell = self._world, self._cell
        target = _target(world, cell) if world is not None and cell is not None else None
        if world is None or cell is None or target is None:
            return  # it counts when a target is picked
        changed = world.linked(cell, target, both_ways=True) if on else world.unlinked(target)
        self._commit(changed, self.tr("Teleport both ways") if on else self.tr("Teleport one way"))

    def _edit(self, name: str, value: object) -> None:
        if self._world is None or self._cell is None:
            return
        if name in ("reward", "slip") and value == self._default(name):
            value = math.nan  # follow the tile and the rules again
        text = self.tr("Change {0} of ({1}, {2})").format(self._names()[name], *self._cell)
        try:
            self._commit(self._world.with_cell(self._cell, **{name: value}), text)
        except SandboxError:
            self._refresh()

    def _names(self) -> dict[str, str]:
        return {
            **{name: row.label.text().lower() for name, row in self.rows.items()},
            "wind": self.tr("wind"),
        }

    def _commit(self, world: World, text: str) -> None:
        self._world = world
        self._refresh()
        self.edited.emit(world, text)


def _target(world: World, cell: Cell) -> Cell | None:
    """Where the link that begins at a cell leads."""
    return next((link.target for link in world.links if link.source == cell), None)
