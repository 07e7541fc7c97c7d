"""An environment: its picture beside a map of its states, with what the map is asked about."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from rlsandbox.learning.agent import Snapshot
from rlsandbox.overlays.scene import span
from rlsandbox.studio.controls import FlatCombo, NumberRow, Separator, SwitchRow, text_label, wrapped
from rlsandbox.studio.environment.picture_view import PictureView
from rlsandbox.studio.environment.state_map import Chosen, MapLegend, Scaled, StateMap
from rlsandbox.studio.panels.inspector_panel import fixed
from rlsandbox.studio.theme import theme_manager
from rlsandbox.worlds.simulation import Dimension, Simulation, Slice

_PLACES = 32
"""Columns and rows of the map, whose colours flow into each other."""
_WIDE = 1.2
"""Times its height: from this width on the two stand side by side."""
_VALUE = -1
_LABEL = 96
"""Width of the names beside the sliders."""


class EnvironmentView(QWidget):
    """Shows what it is given; which slice of the observations to ask about is its user's choice."""

    slice_changed = Signal(object)
    """The `Slice` that the map shows from now on."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Make the view, of no environment yet."""
        super().__init__(parent)
        self._world: Simulation | None = None
        self._snapshot: Snapshot | None = None
        self._dimensions: tuple[Dimension, ...] = ()
        self.picture, self.map, self.legend = PictureView(), StateMap(), MapLegend()
        self.shown, self.across, self.up = FlatCombo(), FlatCombo(), FlatCombo()
        for combo, name in (
            (self.shown, self.tr("What the map shows")),
            (self.across, self.tr("From left to right")),
            (self.up, self.tr("From below upwards")),
        ):
            combo.setAccessibleName(name)
            combo.setToolTip(name)
        self.shown.activated.connect(self._repaint)
        self.across.activated.connect(lambda: self._turn(self.across, self.up))
        self.up.activated.connect(lambda: self._turn(self.up, self.across))
        self._read_out = text_label("", "dim", 11)
        self.follow = SwitchRow(
            self.tr("As the agent now"),
            False,
            tooltip=self.tr("The other numbers are those that it sees now."),
        )
        self.follow.edited.connect(self._on_follow)
        self._others = QVBoxLayout()
        self._others.setSpacing(2)
        self.rows: dict[int, NumberRow] = {}
        """Sliders of the dimensions that the map does not vary, by number."""
        self._no_map = wrapped(text_label("", "faint", 12))
        self._no_map.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.map.pointed.connect(self._read)
        self._lay_out()
        theme_manager().changed.connect(self._repaint)

    def _lay_out(self) -> None:
        head, foot = QHBoxLayout(), QHBoxLayout()
        head.addWidget(self.up)
        head.addStretch(1)
        head.addWidget(self.shown)
        foot.addWidget(self.legend, 1)
        foot.addWidget(self.across)
        others = QWidget()
        column = QVBoxLayout(others)
        column.setContentsMargins(0, 4, 8, 0)
        column.setSpacing(2)
        column.addWidget(self.follow)
        column.addLayout(self._others)
        column.addStretch(1)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setWidget(others)
        self._right = QWidget()
        right = QVBoxLayout(self._right)
        right.setContentsMargins(14, 12, 14, 8)
        right.setSpacing(4)
        right.addLayout(head)
        right.addWidget(self.map, 1)
        right.addLayout(foot)
        right.addWidget(self._read_out)
        right.addWidget(self._scroll)
        self._between = Separator(Qt.Orientation.Vertical)
        self._box = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(0)
        self._box.addWidget(self.picture, 1)
        self._box.addWidget(self._between)
        self._box.addWidget(self._right, 1)
        self._box.addWidget(self._no_map)

    # -- what it shows -----------------------------------------------------------------------------

    def set_world(self, world: Simulation) -> None:
        """Show another environment, of which nothing is known yet."""
        self._world, self._dimensions = world, world.dimensions
        self.forget()
        usual, mapped = world.slice, world.slice is not None
        self._right.setVisible(mapped)
        self._no_map.setVisible(not mapped)
        why = self.tr("What it shows has no two numbers to make a map of.")
        self._no_map.setText("" if mapped else why)
        self._no_map.setContentsMargins(0, 8, 0, 12)
        self._arrange()
        if usual is None:
            return
        for combo, at in ((self.across, usual.x), (self.up, usual.y)):
            combo.clear()
            combo.addItems([dimension.name for dimension in self._dimensions])
            combo.setCurrentIndex(at)
            combo.updateGeometry()
        self.shown.clear()
        self.shown.addItem(self.tr("Value"), _VALUE)
        if world.actions.continuous:
            for k, name in enumerate(world.actions.names):
                self.shown.addItem(name.capitalize(), k)
        else:
            self.shown.addItem(self.tr("Action"), 0)
        self.shown.updateGeometry()
        self.follow.switch.setChecked(False)
        self._make_rows(usual.at)
        self._tell()

    def forget(self) -> None:
        """Nothing is learnt."""
        self._snapshot = None
        self.map.clear_all()
        self.legend.set_shown(None)

    def _make_rows(self, at: Sequence[float]) -> None:
        for row in self.rows.values():
            self._others.removeWidget(row)
            row.deleteLater()
        self.rows = {}
        for k, dimension in enumerate(self._dimensions):
            if k in (self.across.currentIndex(), self.up.currentIndex()):
                continue
            value = min(max(at[k], dimension.low), dimension.high)
            row = NumberRow(dimension.name, value, dimension.low, dimension.high, decimals=2)
            row.set_label_width(_LABEL)
            row.edited.connect(self._on_row)
            self.rows[k] = row
            self._others.addWidget(row)
        shown = len(self.rows)
        self._scroll.setVisible(shown > 0)
        self._scroll.setFixedHeight(min(34 + 26 * shown, 116))

    def chosen(self) -> Slice | None:
        """The slice that it shows; None where there is no map."""
        if self._world is None or self._world.slice is None:
            return None
        at = [0.0] * len(self._dimensions)
        for k, row in self.rows.items():
            at[k] = float(row.value())
        return Slice(self.across.currentIndex(), self.up.currentIndex(), _PLACES, _PLACES, tuple(at))

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Show what an agent has learnt, and where it is."""
        self._snapshot = snapshot
        played = snapshot.played
        if self.follow.value() and played is not None and played.seen.size == len(self._dimensions):
            for k, row in self.rows.items():
                low, high = self._dimensions[k].low, self._dimensions[k].high
                row.set_value(float(np.clip(played.seen[k], low, high)))
            self._tell()
        self._repaint()

    def _tell(self) -> None:
        chosen = self.chosen()
        if chosen is not None:
            self.map.set_range(self._dimensions[chosen.x], self._dimensions[chosen.y])
            self.slice_changed.emit(chosen)

    @Slot()
    def _on_row(self) -> None:
        self.follow.switch.setChecked(False)
        self._tell()

    @Slot()
    def _on_follow(self) -> None:
        if self._snapshot is not None:
            self.show_snapshot(self._snapshot)

    def _turn(self, moved: FlatCombo, other: FlatCombo) -> None:
        """Vary another dimension; the two axes are never the same."""
        before = self.chosen()
        if moved.currentIndex() == other.currentIndex():
            other.setCurrentIndex(next(k for k in range(len(self._dimensions)) if k != moved.currentIndex()))
        self._make_rows((0.0,) * len(self._dimensions) if before is None else before.at)
        self.map.clear_all()
        self._tell()

    @Slot()
    def _repaint(self) -> None:
        chosen, snapshot = self.chosen(), self._snapshot
        played = None if snapshot is None else snapshot.played
        if chosen is None or snapshot is None or played is None or played.slice is None:
            return
        now = played.slice
        if (now.x, now.y) != (chosen.x, chosen.y):
            return  # a frame of before
        shown = self.colours(snapshot, now)
        if snapshot.steps.any():
            self.map.set_colours(shown, now, self._dimensions)
            self.legend.set_shown(shown)
        self.map.set_way(np.concatenate((played.way, played.seen[None])), now)

    def colours(self, snapshot: Snapshot, now: Slice) -> Scaled | Chosen:
        """Values or actions at the places of a slice."""
        assert self._world is not None and snapshot.played is not None
        actions, which = self._world.actions, self.shown.currentData()
        shape = now.rows, now.columns
        if which == _VALUE:
            v = snapshot.v.reshape(shape)
            return Scaled("V", v, "viridis", *span(v))
        if not actions.continuous:
            return Chosen(actions.names, snapshot.policy.argmax(axis=1).reshape(shape))
        force = snapshot.played.forces[:, which].reshape(shape)
        return Scaled(actions.names[which], force, "diverging", actions.low[which], actions.high[which])

    @Slot(object)
    def _read(self, place: tuple[float, float] | None) -> None:
        """Say what the map shows under the pointer."""
        snapshot = self._snapshot
        played = None if snapshot is None else snapshot.played
        if place is None or snapshot is None or played is None or played.slice is None:
            self._read_out.setText("")
            return
        now = played.slice
        seen = np.array(now.at, np.float32)
        seen[[now.x, now.y]] = place
        at = divmod(int(now.spots(seen, self._dimensions)), now.columns)
        shown = self.colours(snapshot, now)
        if isinstance(shown, Scaled):
            said = f"{shown.label} {fixed(float(shown.values[at]))}"
        else:
            said = shown.names[int(shown.which[at])]
        names = self._dimensions[now.x].name, self._dimensions[now.y].name
        self._read_out.setText(f"{names[0]} {fixed(place[0])}  ·  {names[1]} {fixed(place[1])}  ·  {said}")

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Where there is more room below the picture than beside it, the map stands there."""
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        ways, beside = (
            QBoxLayout.Direction,
            self.width() >= _WIDE * self.height() and self.chosen() is not None,
        )
        self._box.setDirection(ways.LeftToRight if beside else ways.TopToBottom)
        self._between.setVisible(beside)
