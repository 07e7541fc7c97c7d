"""What the trainer tells, on the panels that show it; computes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from rlsandbox.algorithms import find
from rlsandbox.studio.frames import Frame
from rlsandbox.studio.typography import minus
from rlsandbox.training.episodes import Episode

if TYPE_CHECKING:
    from rlsandbox.overlays.scene import Scene
    from rlsandbox.studio.main_window import MainWindow


class Showing(QObject):
    """Carries frames, episodes, runs and saved policies to the panels of a window."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        window.control.shown.connect(self._paint)

    @Slot(object, object)
    def _paint(self, scene: Scene, marks: tuple) -> None:
        self._window.canvas.set_marks(marks)

    @Slot(object)
    def show_frame(self, frame: Frame) -> None:
        """Show a new frame of the current run."""
        window, progress = self._window, frame.progress
        shown = progress.snapshot.replica or 0
        window.canvas_bar.set_seeds(len(progress.snapshot.steps), window.control.replica)
        run = window.control.runs.get(frame.run_id)
        plans = run is not None and find(run.spec.algorithm).unit == "sweeps"
        window.status.show_frame(frame, plans)
        self.inspect()
        if window.control.episode is None:
            step = self.tr("sweep {0:,}") if plans else self.tr("step {0:,}")
            episode = "" if plans else self.tr("episode {0:,}")
            window.transport.set_live(
                step.format(int(progress.snapshot.steps[shown])),
                episode.format(int(progress.snapshot.episodes[shown])),
            )
        drawn = window.canvas.world
        if drawn is not None and window.document.world.schedule and progress.world.digest != drawn.digest:
            window.canvas.set_world(progress.world)

    def inspect(self) -> None:
        """Show the selected cell, and the update of a single step."""
        control, inspector = self._window.control, self._window.inspector
        snapshot = None if control.progress is None else control.progress.snapshot
        if snapshot is not None and snapshot.played is not None:
            self._window.space.inspect(snapshot)
            self._window.environments.inspect(snapshot)
            return
        inspector.show_cell(control.progress, control.selected)
        stepping = control.frame is not None and control.is_stepping
        inspector.show_update(control.frame.progress.snapshot.update if stepping and control.frame else None)

    @Slot(object)
    def show_episode(self, episode: Episode) -> None:
        """Give a recorded episode to the transport, which plays it."""
        ending = self.tr("ended") if episode.terminated else self.tr("cut")
        score = minus(f"{round(episode.score, 3):g}")
        self._window.transport.set_episode(len(episode) + 1, self.tr("return {0}, {1}").format(score, ending))

    @Slot()
    def live(self) -> None:
        """Back from a recorded episode to what the agent, or a saved policy, does now."""
        window = self._window
        control, policy = window.control, window.control.policy
        control.leave_episode()
        if policy is not None:
            window.canvas_bar.set_seeds(policy.n_seeds, control.replica)
            self.inspect()
            window.transport.set_live("", "")  # its episodes can be watched
        elif control.frame is not None:
            self.show_frame(control.frame)
        else:
            window.transport.set_idle()
        control.refresh()

    @Slot(object)
    def take_replica(self, replica: int | None) -> None:
        """Show another seed, or the mean over all."""
        self._window.control.set_replica(replica)
        self.inspect()

    @Slot(object)
    def point_out(self, state: int | None) -> None:
        """Light up a state's cell on the canvas; None takes the light away."""
        progress = self._window.control.progress
        cell = None if state is None or progress is None else progress.world.cell_of(state)
        self._window.canvas.set_highlight(cell)

    @Slot()
    def show_runs(self) -> None:
        """Fill the table of runs, and draw the curves of those that are chosen."""
        window = self._window
        window.runs_panel.set_rows([run.row() for run in window.control.runs.values()])
        self.show_curves()

    @Slot(object)
    def show_curves(self, _selection: object = None) -> None:
        """Draw the curves of the chosen runs."""
        window = self._window
        chosen = set(window.runs_panel.selected_ids())
        runs = [run for run in window.control.runs.values() if run.run_id in chosen]
        window.curves.set_runs([run.curves for run in runs if run.curves is not None])
