"""Where one trains: on the drawing, in its continuous form, or in an environment of Gymnasium."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal, Slot

from rlsandbox.algorithms import registry
from rlsandbox.learning.problem import Enumerable, Problem, Simulated, misfit
from rlsandbox.studio.panels.gym_dialog import WELL_KNOWN, GymDialog, looked_up, registered
from rlsandbox.studio.panels.place_panel import GRID, GYM, POINT, kind_of
from rlsandbox.worlds.gym_world import GymWorld
from rlsandbox.worlds.places import Place
from rlsandbox.worlds.point import point_misfit
from rlsandbox.worlds.point_world import PointWorld
from rlsandbox.worlds.simulation import Simulation
from rlsandbox.worlds.world import World

if TYPE_CHECKING:
    from rlsandbox.studio.main_window import MainWindow

FIRST_PLAYED = "ppo"
"""What a newcomer trains where nobody can list the states."""
_FIRST = {POINT: (4, 20_000), GYM: (1, 50_000)}
"""Seeds and steps that one sees the end of."""


class PlaceControl(QObject):
    """Owner of the choice where to train. The drawing belongs to the document.

    Signals:
        changed: the place is another one now.
        registered: ids of environments.
        looked_up: (id, environment or None, sentence).
    """

    changed = Signal(object)
    registered = Signal(object)
    looked_up = Signal(str, object, str)

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.place: Place = window.document.world
        """Where one trains."""
        self._gym: GymWorld | None = None
        self._left: dict[str, Any] | None = None
        """What the agent panel said before it had to say something else."""
        window.control.state_changed.connect(self._on_state)

    @property
    def kind(self) -> str:
        """Which kind of place that is."""
        return kind_of(self.place)

    @Slot(str)
    def choose(self, kind: str) -> None:
        """Train on the drawing, in its continuous form, or in an environment that is asked for."""
        if kind == GYM:
            self.ask()
        elif kind != self.kind:
            reason = point_misfit(self._window.document.world) if kind == POINT else None
            if reason is None:
                self._move(self._on_drawing(kind))
            else:
                self._window.say(reason[:1].upper() + reason[1:], "bad")

    @Slot()
    def ask(self) -> None:
        """Ask for an environment, and go there."""
        dialog = GymDialog(self._gym.id if self._gym is not None else WELL_KNOWN[0], self._window)
        trainer = self._window.control.trainer

        def look_up(name: str) -> None:
            if name:
                trainer.work_out(lambda: self.looked_up.emit(name, *looked_up(name)))
            else:
                trainer.work_out(lambda: self.registered.emit(registered()))

        dialog.asked.connect(look_up)
        self.registered.connect(dialog.known)
        self.looked_up.connect(dialog.found)
        dialog.begin()
        world = dialog.world() if dialog.exec() == GymDialog.DialogCode.Accepted else None
        self.registered.disconnect(dialog.known)
        self.looked_up.disconnect(dialog.found)
        dialog.deleteLater()
        if world is not None:
            self.go_to(world)

    def go_to(self, place: Place) -> None:
        """Train where a run has trained; its drawing is already the open one.

        Raises:
            SandboxError: the environment cannot be made; nothing has changed then.
        """
        if isinstance(place, GymWorld):
            _ = place.actions
            self._gym = place
            self._move(place)
        elif kind_of(place) != self.kind:
            self._move(self._on_drawing(kind_of(place)))

    def to_drawing(self) -> None:
        """Out of an environment, back to what is drawn."""
        if self.kind == GYM:
            self._move(self._window.document.world)

    def _on_drawing(self, kind: str) -> Place:
        world = self._window.document.world
        return PointWorld(world) if kind == POINT else world

    def follow(self, world: World) -> None:
        """The drawing is another one."""
        self._window.place_panel.set_world(world)
        reason = point_misfit(world) if self.kind == POINT else None
        if reason is not None:
            self._move(world)
            self._window.say(self.tr("Back on the grid: {0}").format(reason))
        elif self.kind != GYM:
            self._stand(self._on_drawing(self.kind))

    def _move(self, place: Place) -> None:
        """To another kind of place; the run rests in the table."""
        self._window.say("")
        self._window.reset()
        self._window.agent.set_problem(None, _problem_in(place))
        self._stand(place)

    def _stand(self, place: Place) -> None:
        window, self.place = self._window, place
        window.place_panel.set_place(place)
        window.status.show_place(place)
        window.inspector.setVisible(not isinstance(place, Simulation))
        window.spot_panel.setVisible(isinstance(place, Simulation))
        window.control.trainer.examine(place)
        window.control.edit_place(place)
        self.changed.emit(place)

    @Slot(str, str)
    def _on_state(self, state: str, _sentence: str) -> None:
        if state == "empty":
            hint = self.tr("Nothing is learnt yet: press Train.")
            self._window.spot_panel.show_facts(self.tr("Place"), (), hint)

    # -- an algorithm that fits --------------------------------------------------------------------

    @Slot(object, object)
    def on_examined(self, place: Place, problem: Problem | None) -> None:
        """What suits the place of now; where the chosen algorithm does not, another takes its place."""
        if place is not self.place:
            return
        agent = self._window.agent
        agent.set_problem(problem, _problem_in(place))
        if isinstance(problem, Simulated):
            if agent.state() == "empty" and agent.picker.misfit():
                self._stand_in(problem)
        elif self._left is not None and self.kind == GRID:
            left, self._left = self._left, None
            agent.set_run(left)
            self._window.offer(left["algorithm"])

    def _stand_in(self, problem: Simulated) -> None:
        """Take an algorithm that suits a world that can only be played."""
        window = self._window
        fits = [name for name, agent in registry().items() if misfit(agent, problem) is None]
        if not fits:
            return
        left = window.agent.settings()
        name = FIRST_PLAYED if FIRST_PLAYED in fits else fits[0]
        before, now = registry()[left["algorithm"]], registry()[name]
        seeds, steps = _FIRST[self.kind]
        seeds = tuple(range(left["seeds"][0], left["seeds"][0] + min(seeds, len(left["seeds"]))))
        own = {"algorithm": name, "config": {}, "seeds": seeds, "steps": steps, "episodes": None}
        window.agent.set_run(own)
        window.offer(name)
        self._left = self._left or left
        sentence = self.tr("{0} instead of {1}, which does not train here.")
        window.say(sentence.format(now.title, before.title))

    @Slot()
    def keep_algorithm(self) -> None:
        """The user has picked an algorithm: it stays."""
        self._left = None


def first_steps(place: Place) -> int | None:
    """Steps that one sees the end of; None on a drawn world, where episodes are counted."""
    return _FIRST.get(kind_of(place), (1, None))[1]


def _problem_in(place: Place) -> type[Problem]:
    return Simulated if isinstance(place, Simulation) else Enumerable
