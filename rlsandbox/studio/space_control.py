"""How a continuous world is looked at: how finely, at which velocity, and the place that was clicked."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QEvent, QObject, Qt, Slot
from PySide6.QtGui import QMouseEvent

from rlsandbox.learning.agent import Snapshot
from rlsandbox.studio.canvas.velocity_pad import VelocityPad
from rlsandbox.studio.panels.inspector_panel import fixed
from rlsandbox.studio.panels.spot_panel import Fact
from rlsandbox.studio.tools import Select
from rlsandbox.studio.typography import minus
from rlsandbox.worlds.places import Place
from rlsandbox.worlds.point import Physics
from rlsandbox.worlds.point_world import PointWorld
from rlsandbox.worlds.simulation import Simulation, Slice

if TYPE_CHECKING:
    from rlsandbox.studio.main_window import MainWindow

_MOST_PLACES = 1600
"""At which the networks are asked for a frame."""
_FINENESS = (6, 4, 3, 2, 1)
"""Places along a side of a cell."""
_MARGIN = 12


class SpaceControl(QObject):
    """Owner of the velocity that is asked about and of the spot that was clicked, while a point trains."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._world: PointWorld | None = None
        self.spot: tuple[float, float] | None = None
        """x and y in cells; None: where the agent is."""
        self.pad = VelocityPad(window.canvas)
        self.pad.hide()
        self.pad.changed.connect(self._ask)
        window.canvas.installEventFilter(self)

    @Slot(object)
    def set_place(self, place: Place) -> None:
        """Look at another place; only one that a point moves through is looked at here."""
        world = place if isinstance(place, PointWorld) else None
        left = self._world is not None and world is None
        if (
            world is None
            or self._world is None
            or world.drawn.terrain.shape != self._world.drawn.terrain.shape
        ):
            self.spot = None
        self._world = world
        self.pad.setVisible(world is not None)
        if world is not None:
            self.pad.set_top(top_speed(world.physics))
            self._ask()
        elif left and not isinstance(place, Simulation):
            self._window.control.slice = None

    @Slot()
    def _ask(self) -> None:
        """Ask about the velocity of now."""
        if self._world is not None:
            self._window.control.slice = finest(self._world, self.pad.velocity())
            self._window.control.refresh()

    def inspect(self, snapshot: Snapshot) -> None:
        """Tell of the place that was clicked, or of the agent's own, and of what would be done there."""
        world, played = self._world, snapshot.played
        if world is None or played is None or played.slice is None:
            return
        size = np.array([world.drawn.width, world.drawn.height])
        place = (played.seen[:2] + 1) / 2 * size if self.spot is None else np.array(self.spot)
        asked = np.array(played.slice.at, np.float32)
        asked[:2] = 2 * place / size - 1
        state = int(played.slice.spots(asked, world.dimensions))
        speeds = asked[2:] * world.physics.max_speed
        title = (
            self.tr("The agent") if self.spot is None else self.tr("Place ({0:.2f}, {1:.2f})").format(*place)
        )
        facts = [
            Fact("x, y", minus(f"{place[0]:.2f}, {place[1]:.2f}"), self.tr("In cells from the upper left.")),
            Fact(
                self.tr("Velocity asked"),
                minus(f"{speeds[0]:.2f}, {speeds[1]:.2f}"),
                self.tr("In cells a second, to the right and down; the pad on the canvas sets it."),
            ),
            Fact("V", fixed(float(snapshot.v[state]))),
        ]
        if self.spot is None:
            own = played.seen[2:] * world.physics.max_speed
            facts.insert(1, Fact(self.tr("Its velocity"), minus(f"{own[0]:.2f}, {own[1]:.2f}")))
        if played.forces.size:
            force = played.forces[state]
            tip = self.tr("To the right and down, each from −1 to 1; without exploring.")
            facts.append(Fact(self.tr("Force"), minus(f"{force[0]:.2f}, {force[1]:.2f}"), tip))
        hint = self.tr("Click a place to ask about it.") if self.spot is None else ""
        self._window.spot_panel.show_facts(title, facts, hint)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The pad keeps to its corner; a click asks about the very spot."""
        canvas = self._window.canvas
        if event.type() == QEvent.Type.Resize:
            self.pad.move(canvas.width() - self.pad.width() - _MARGIN, _MARGIN)
        elif self._world is not None and isinstance(event, QMouseEvent) and self._picks(event):
            scale, view = canvas.devicePixelRatioF(), canvas.view
            x = (event.position().x() * scale - view.left) / view.cell
            y = (event.position().y() * scale - view.top) / view.cell
            inside = 0 <= x < self._world.drawn.width and 0 <= y < self._world.drawn.height
            self.spot = (x, y) if inside else None
            self._window.showing.inspect()
        return super().eventFilter(watched, event)

    def _picks(self, event: QMouseEvent) -> bool:
        presses = event.type() == QEvent.Type.MouseButtonPress and event.button() == Qt.MouseButton.LeftButton
        return presses and self._window.canvas.editing.tool.id == Select.id


def finest(world: PointWorld, velocity: tuple[float, float]) -> Slice:
    """Every cell in as many equal parts as there is time for, at a velocity in cells a second."""
    height, width = world.drawn.terrain.shape
    side = math.isqrt(_MOST_PLACES // (height * width))
    parts = next((n for n in _FINENESS if n <= side), 1)
    x, y = (part / world.physics.max_speed for part in velocity)
    return Slice(0, 1, parts * width, parts * height, (0.0, 0.0, x, y))


def top_speed(physics: Physics) -> float:
    """What a force of 1 reaches on floor in the end, in cells a second."""
    return min(physics.max_speed, physics.thrust / physics.drag) if physics.drag else physics.max_speed
