"""Where to train: on the drawing, in its continuous form, or in an environment of Gymnasium."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from rlsandbox.studio.controls import Section, Segments, text_label, wrapped
from rlsandbox.worlds.places import Place
from rlsandbox.worlds.point import point_misfit
from rlsandbox.worlds.simulation import Simulation
from rlsandbox.worlds.world import World

GRID, POINT, GYM = "grid", "point", "gym"


class PlacePanel(QWidget):
    """Three choices and a line that says what the one that holds means."""

    chosen = Signal(str)
    """The user has pressed "grid", "point" or "gym"."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Make the panel; the grid holds."""
        super().__init__(parent)
        self._compact = False
        section = self._section = Section(self.tr("World"), spacing=6)
        self.choice = Segments(
            [
                (GRID, self.tr("Grid"), self.tr("The drawing, cell by cell.")),
                (
                    POINT,
                    self.tr("Point"),
                    self.tr("The drawing as a continuous world: a force pushes a point."),
                ),
                (GYM, self.tr("Gym"), self.tr("An environment of Gymnasium, by its id.")),
            ]
        )
        self.choice.chosen.connect(self.chosen)
        self._line = wrapped(text_label("", "faint", 11))
        section.add(self.choice, self._line)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(section)
        self._line.hide()

    def set_world(self, world: World) -> None:
        """Ask whether the drawing has a continuous form."""
        reason = point_misfit(world)
        self.choice.refuse(POINT, None if reason is None else reason[:1].upper() + reason[1:])

    def set_place(self, place: Place) -> None:
        """Show where one trains now, without a signal."""
        kind = kind_of(place)
        self.choice.select(kind)
        texts = {
            GRID: "",
            POINT: self.tr("A force pushes a point through the drawing. It can be drawn on all the same."),
            GYM: self.tr("{0}: nothing is drawn here. Grid and Point lead back to the drawing."),
        }
        self._line.setText(texts[kind].format(place.name.partition(":")[2]))
        self._line.setVisible(bool(texts[kind]) and not self._compact)

    def set_compact(self, compact: bool) -> None:
        """The choices stay; the words go."""
        self._compact = compact
        self._line.setVisible(bool(self._line.text()) and not compact)
        self.choice.set_compact(compact)
        side = 6 if compact else 14
        layout = self._section.layout()
        if layout is not None:
            layout.setContentsMargins(side, 10, side, 11)


def kind_of(place: Place) -> str:
    """Which of the choices a place is."""
    if not isinstance(place, Simulation):
        return GRID
    return GYM if place.drawing is None else POINT
