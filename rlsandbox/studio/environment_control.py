"""An environment of Gymnasium in the place of the canvas: asks for its picture and map, and shows them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Signal, Slot

from rlsandbox.learning.agent import Snapshot
from rlsandbox.studio.frames import Picture
from rlsandbox.studio.panels.inspector_panel import fixed
from rlsandbox.studio.panels.spot_panel import Fact
from rlsandbox.studio.pictures import WANTED
from rlsandbox.training.playing import PlayedEpisode
from rlsandbox.worlds.gym_world import GymWorld
from rlsandbox.worlds.places import Place
from rlsandbox.worlds.simulation import Simulation, Slice

if TYPE_CHECKING:
    from rlsandbox.studio.environment.view import EnvironmentView
    from rlsandbox.studio.main_window import MainWindow

_MOST_FACTS = 12


class EnvironmentControl(QObject):
    """Shows the environment that trains, or what it looks like before anything was trained.

    Signals:
        previewed: (place, `Picture`) of an environment that nobody trains in yet.
    """

    previewed = Signal(object, object)

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._world: GymWorld | None = None
        self._preview: Picture | None = None
        self.previewed.connect(self._on_preview)
        window.control.framed.connect(self.refresh)
        window.control.state_changed.connect(self._on_state)
        window.control.episode_left.connect(self.refresh)
        window.control.episode_ready.connect(self.refresh)

    @cached_property
    def view(self) -> EnvironmentView:
        """Made when somebody goes to an environment: it loads a library for plots."""
        from rlsandbox.studio.environment.view import EnvironmentView

        view = EnvironmentView()
        view.slice_changed.connect(self._on_slice)
        self._window.stage.addWidget(view)
        return view

    @Slot(object)
    def set_place(self, place: Place) -> None:
        """Show another place; only an environment is shown here."""
        window, world = self._window, place if isinstance(place, GymWorld) else None
        left, self._world, self._preview = self._world, world, None
        window.stage.setCurrentWidget(window.canvas if world is None else self.view)
        for panel in (window.tools, window.palette_panel, window.cell_panel, window.rules):
            panel.setEnabled(world is None)
            panel.setToolTip("" if world is None else self.tr("Nothing is drawn in an environment."))
        window.canvas_bar.set_zoom_visible(world is None)
        if world is not None:
            window.control.wants = frozenset({WANTED})
            self.view.set_world(world)
            self.view.picture.set_picture(None, self.tr("One moment…"))
            window.control.trainer.work_out(lambda: self.previewed.emit(world, _preview(world)))
        elif left is not None:
            window.control.wants = frozenset()
            if not isinstance(place, Simulation):
                window.control.slice = None

    @Slot(object, object)
    def _on_preview(self, world: GymWorld, picture: Picture) -> None:
        if world is self._world:
            self._preview = picture
            self.refresh()

    @Slot(str, str)
    def _on_state(self, state: str, _sentence: str) -> None:
        """What was learnt is forgotten: as it was before anything was trained."""
        if state == "empty" and self._world is not None:
            self.view.forget()
            self.refresh()

    @Slot(object)
    def _on_slice(self, chosen: Slice) -> None:
        if self._world is not None:
            self._window.control.slice = chosen
            self._window.control.refresh()

    @Slot()
    def refresh(self) -> None:
        """Show the newest frame, the frame of a recorded episode, or the preview."""
        control = self._window.control
        if self._world is None:
            return
        frame, episode = control.frame, control.episode
        if frame is None or frame.progress.place.digest != self._world.digest:
            self._show(self._preview)
            return
        snapshot = frame.progress.snapshot
        if isinstance(episode, PlayedEpisode):
            t = min(control.episode_frame, len(episode))
            snapshot = episode.shown(snapshot, t)
            pixels = episode.picture(t)
            self._show(Picture(pixels, "") if pixels is not None else frame.picture)
        else:
            self._show(frame.picture or self._preview)
        self.view.show_snapshot(snapshot)

    def _show(self, picture: Picture | None) -> None:
        if picture is not None:
            self.view.picture.set_picture(picture.pixels, picture.fault)

    def inspect(self, snapshot: Snapshot) -> None:
        """Tell what the agent sees now."""
        world, played = self._world, snapshot.played
        if world is None or played is None:
            return
        hint = ""
        if world.dimensions:
            names = [dimension.name for dimension in world.dimensions]
            facts = [Fact(name, fixed(float(x))) for name, x in zip(names, played.seen, strict=True)]
            if len(facts) > _MOST_FACTS:
                hint = self.tr("The first {0} of {1} numbers.").format(_MOST_FACTS, len(facts))
        elif world.n_states:
            state = int(np.asarray(played.seen))
            best = snapshot.policy[state]
            facts = [Fact(self.tr("State"), str(state)), Fact("V", fixed(float(snapshot.v[state])))]
            facts.append(Fact(self.tr("Greedy action"), world.actions.names[int(best.argmax())]))
        else:
            facts, hint = [], self.tr("The agent sees pictures of {0} × {1}.").format(*world.shape[1:])
        self._window.spot_panel.show_facts(self.tr("What the agent sees"), facts[:_MOST_FACTS], hint)


def _preview(world: GymWorld) -> Picture:
    """What a first episode looks like at its start."""

    def draw() -> object:
        walkers = world.walkers((0,), 1, pictures=True)
        try:
            return walkers.frame(0)
        finally:
            walkers.close()

    return Picture.asked(draw)
