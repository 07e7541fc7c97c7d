"""Between the trainer and the panels: starts and steers runs, pulls frames, shows them."""

from __future__ import annotations

import dataclasses
import math
import time

import numpy as np
from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

from rlsandbox import overlays
from rlsandbox.learning.agent import View
from rlsandbox.marks import Mark
from rlsandbox.overlays.scene import Scene, fits
from rlsandbox.policies.saved import SavedPolicy
from rlsandbox.studio.frames import Frame
from rlsandbox.studio.panels.start_row import Start
from rlsandbox.studio.runs import Run
from rlsandbox.studio.worker import Trainer
from rlsandbox.training.episodes import Episode, record_stacked
from rlsandbox.training.evaluate import episode_cap
from rlsandbox.training.pace import Pace
from rlsandbox.training.playing import PlayedEpisode
from rlsandbox.training.progress import Progress
from rlsandbox.training.session import RunSpec
from rlsandbox.worlds.places import Place
from rlsandbox.worlds.rules import Cell
from rlsandbox.worlds.simulation import Simulation, Slice
from rlsandbox.worlds.world import World

_FRAME_SECONDS, _PLAYED_SECONDS, _POLL_MS = 0.0155, 0.019, 2
"""A frame is asked for so often, of a world that is played in Python, which waits for it, less often;
its answer is looked for more often, so that it is painted at once."""
_CURVES_EVERY = 0.3
POLICY = -2
"""Id of the session in which a saved policy is shown; it is no run."""
_FOLLOWED_STEPS = 5
"""Up to so many steps a second each update is written out."""


class TrainingControl(QObject):
    """Owner of the window's runs and of what the view wants to know.

    Signals:
        shown: a `Scene` is to be painted, with the marks of the active overlays: (scene, marks).
        framed: a new `Frame` of the current run.
        runs_changed: the table of runs or their curves are other ones.
        state_changed: "empty", "idle", "training", "paused", "finished" or "failed", and a sentence.
        episode_ready: an `Episode` to scrub.
        episode_left: what was shown of an episode is no longer.
        rejected: a sentence.
    """

    shown = Signal(object, object)
    framed = Signal(object)
    runs_changed = Signal()
    state_changed = Signal(str, str)
    episode_ready = Signal(object)
    episode_left = Signal()
    rejected = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.trainer = Trainer(self)
        self.runs: dict[int, Run] = {}
        self.current: int | None = None
        self.state = "empty"
        self.replica: int | None = 0
        self.selected: Cell | None = None
        self.active = ["values", "policy", "trail"]
        self.bare: Scene | None = None
        """What an episode is shown in where nothing was learnt on its world."""
        self.wants: frozenset[str] = frozenset()
        """What the view needs besides what overlays do."""
        self.slice: Slice | None = None
        self.episode: Episode | PlayedEpisode | None = None
        self.episode_frame = 0
        self.frame: Frame | None = None
        self.policy: SavedPolicy | None = None
        self.marks: tuple[Mark, ...] = ()
        self._policy_progress: Progress | None = None
        self._policy_before: SavedPolicy | None = None
        """What was shown when the newest run was asked for."""
        self._next_id = 0
        self._seed = 0
        self._curves_at = 0.0
        self._asked, self._due = False, 0.0
        self._pace = Pace(None, None)
        self._stepping = False
        self.trainer.state_changed.connect(self._on_state, Qt.ConnectionType.QueuedConnection)
        self.trainer.rested.connect(self._on_rested, Qt.ConnectionType.QueuedConnection)
        self.trainer.episode_recorded.connect(self.show_episode, Qt.ConnectionType.QueuedConnection)
        self.trainer.rejected.connect(self.rejected, Qt.ConnectionType.QueuedConnection)
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(_POLL_MS)
        self._timer.timeout.connect(self._pull)
        self._with_curves: Frame | None = None
        self._later = QTimer(self)  # curves come after the picture, which must not wait for them
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._after_painting)
        self._dirty = False
        self.trainer.start()
        self._timer.start()

    # -- steering ---------------------------------------------------------------------------------

    def train(self, world: Place, request: dict, paused: bool = False) -> None:
        """Begin a new run.

        Raises:
            SandboxError: the request does not fit the world.
        """
        start: Start | None = request.get("start")
        networks = None if start is None else start.policy.networks_for(world)
        spec = RunSpec(world=world, **{**request, "start": networks})
        run_id, self._next_id = self._next_id, self._next_id + 1
        run = Run(run_id, spec, color=run_id, start=start)
        run.number = 1 + max(
            (other.number for other in self.runs.values() if other.name == run.name), default=0
        )
        self.runs[run_id] = run
        self._policy_before = self.policy
        self._forget_policy()
        self.current, self.frame = run_id, None
        self.leave_episode()
        self.trainer.ask(self._view())  # a short run is over before its first state is told
        self.trainer.start_run(run_id, spec, paused)
        self._set_state("training")

    def go_on(self, request: dict) -> None:
        """Resume the run that rests, or extend the one that has spent its budget."""
        self.leave_episode()
        if self.state == "finished":
            self.trainer.continue_run(request["steps"], request["episodes"])
        else:
            self.trainer.resume_run()
        self._set_state("training")

    def step(self, world: Place, request: dict) -> None:
        """One step of the agent; begins a run if there is none."""
        if self.current is None:
            self.train(world, request, paused=True)
        self.leave_episode()
        self._stepping = True
        self.trainer.step_run()

    def finish_episode(self, world: Place, request: dict) -> None:
        """On to the end of the running episode."""
        if self.current is None:
            self.train(world, request, paused=True)
        self.leave_episode()
        self.trainer.run_episode()

    def reset(self) -> None:
        """Forget what was learnt: the next Train begins anew. The run stays in the table."""
        self._forget_policy()
        self.current, self.frame, self.marks = None, None, ()
        self.leave_episode()
        self.trainer.leave_run()
        self._set_state("empty")

    def bring_back(self, run_id: int) -> None:
        """Make the agent of a run the current one again."""
        if run_id in self.runs:
            self.current, self.frame = run_id, None
            self.leave_episode()
            self.trainer.select_run(run_id)
            self._set_state("empty")

    def remove(self, run_id: int) -> None:
        """Take a run out of the table and let go of its agent."""
        self.runs.pop(run_id, None)
        self.trainer.forget_run(run_id)
        if run_id == self.current:
            self.current, self.frame = None, None
            self._set_state("empty")
        self.runs_changed.emit()

    def change_hyperparameter(self, name: str, value: object) -> None:
        """A hyperparameter of the current run is another one from now on."""
        if self.current is not None:
            self.trainer.set_hyperparameters({name: value})
            self.runs[self.current].change(name, value)

    def edit_place(self, place: Place) -> None:
        """The drawn world is another one: the current run goes on in it."""
        if self._watched is not None:
            self.trainer.replace_world(place)
            self.refresh()

    def show_policy(self, policy: SavedPolicy) -> None:
        """Show a saved policy on its world, in the place of a run.

        What networks make of a world that can only be played is told by an agent that has them, at rest.
        """
        self.reset()
        self.policy, card = policy, policy.card
        if self._is_played:
            spec = RunSpec(card.algorithm, policy.place, dict(card.config), card.seeds, start=policy.network)
            self.trainer.ask(self._view())
            self.trainer.start_run(POLICY, spec, paused=True)
        self.set_replica(self.replica)

    @property
    def _is_played(self) -> bool:
        """Whether a saved policy is shown that has no table."""
        return self.policy is not None and isinstance(self.policy.place, Simulation)

    @property
    def _watched(self) -> int | None:
        """The session whose frames are shown."""
        return POLICY if self._is_played else self.current

    def _forget_policy(self) -> None:
        if self._is_played:
            self.trainer.forget_run(POLICY)
        self.policy = self._policy_progress = None

    def set_replica(self, replica: int | None) -> None:
        """Show the agent of a seed, or the mean over all seeds."""
        if self.policy is not None:
            replica = 0 if replica is not None and replica >= self.policy.n_seeds else replica
            if not self._is_played:
                self._policy_progress = Progress.of_policy(self.policy, replica)
        self.replica = replica
        self.refresh()

    @property
    def progress(self) -> Progress | None:
        """What there is to look at: a saved policy, or the newest frame of a run."""
        if self._policy_progress is not None:
            return self._policy_progress
        return None if self.frame is None else self.frame.progress

    def record(self) -> None:
        """Record an episode of the current policy."""
        self._seed += 1
        if self.policy is None or self._is_played:
            self.trainer.record(self.replica, self._seed)
        else:
            policy, probs = self.policy, self.policy.probs[self.replica or 0]
            self.show_episode(record_stacked(policy.stacks, probs, self._seed, episode_cap(policy.mdp)))

    @property
    def is_stepping(self) -> bool:
        """Whether single steps can be followed, so that each update is shown."""
        steps_per_second = self._pace.steps_per_second or math.inf
        slow = self.state == "training" and steps_per_second <= _FOLLOWED_STEPS
        return slow or (self._stepping and self.state == "paused")

    @Slot(object)
    def set_pace(self, pace: Pace) -> None:
        """How fast the trainer goes."""
        self._pace = pace
        self.trainer.set_pace(pace)

    def leave_episode(self) -> None:
        """Back from a recorded episode to what the agent does now."""
        was_shown, self.episode, self._stepping = self.episode, None, False
        if self.bare is not None:
            self.bare, self.marks = None, ()
            self.shown.emit(None, ())
        if was_shown is not None:
            self.episode_left.emit()

    def follow_episode(self, episode: Episode) -> None:
        """Show the end of an episode that is still going on."""
        self.episode, self.episode_frame = episode, len(episode)
        self._repaint()

    @property
    def episode_world(self) -> World | None:
        """Where the episode that is shown took place."""
        scene = self._stage()
        return None if scene is None else scene.world

    def show_episode_frame(self, frame: int) -> None:
        """Show frame t of the recorded episode."""
        self.episode_frame = frame
        self._repaint()

    # -- looking ----------------------------------------------------------------------------------

    def set_overlay(self, key: str, on: bool) -> None:
        """Switch an overlay; of those that colour cells only one is on."""
        group = overlays.registry()[key].exclusive
        others = {k for k, o in overlays.registry().items() if on and group and o.exclusive == group}
        self.active = [k for k in self.active if k != key and k not in others] + ([key] if on else [])
        self.refresh()

    def refresh(self) -> None:
        """Ask for a frame soon, and repaint what is there with the view of now."""
        self._dirty = True
        self._repaint()

    def close(self) -> None:
        """End the thread."""
        self._timer.stop()
        self.trainer.close()

    def _view(self) -> View:
        wants = {"oracle"}
        for key in self.active:
            wants |= overlays.registry()[key].needs
        if self.selected is not None:
            wants |= {"visits"}
        now = time.perf_counter()
        if now - self._curves_at >= _CURVES_EVERY or self.state != "training":
            wants.add("curves")
            self._curves_at = now
        run = self.runs.get(self.current) if self.current is not None else None
        replica = self.replica
        if run is not None and replica is not None and replica >= len(run.spec.seeds):
            replica = 0
        state = None
        if self.selected is not None and self.frame is not None:
            world = self.frame.progress.world
            if self.selected[0] < world.height and self.selected[1] < world.width:
                state = world.state_of(self.selected)
        return View(replica, frozenset(wants | self.wants), state, self.slice)

    def _take(self) -> None:
        """Show the newest frame, if there is one."""
        frame = self.trainer.take()
        self._asked = self._asked and frame is None
        if frame is not None and frame.run_id == self._watched:
            self.frame = frame if self.policy is None else _as_trained(frame, self.policy)
            if self.episode is None:
                self._repaint()
            self.framed.emit(self.frame)
            if frame.progress.curves:
                self._with_curves = frame
            self._later.start()

    @Slot()
    def _pull(self) -> None:
        self._take()
        wanted = self._dirty or (self.state == "training" and not self._asked)
        if self._watched is not None and wanted:
            self._asked, self._dirty = True, False
            # frames keep their beat; one that came late does not hurry the next
            beat = _FRAME_SECONDS if self.slice is None and not self.wants else _PLAYED_SECONDS
            self._due = max(self._due + beat, time.perf_counter())
            self.trainer.ask(self._view(), self._due)

    @Slot()
    def _after_painting(self) -> None:
        if self._with_curves is None:
            self.trainer.painted()
        else:
            self._take_curves()
            QTimer.singleShot(0, self.trainer.painted)  # the curves are painted first

    def _take_curves(self) -> None:
        frame, self._with_curves = self._with_curves, None
        if frame is not None and frame.run_id in self.runs:
            self.runs[frame.run_id].take(frame)
            self.runs_changed.emit()

    def _repaint(self) -> None:
        scene = self._scene()
        if scene is None:
            return
        active = set(self.active)
        if self.episode is not None:
            active.add("trail")
        elif self.is_stepping:
            active.add("update")
        self.marks = tuple(
            mark
            for key, overlay in overlays.registry().items()
            if key in active
            for mark in overlay.marks(scene)
        )
        self.shown.emit(scene, self.marks)

    def _scene(self) -> Scene | None:
        """What there is to paint, with the recorded episode in it."""
        scene = self._stage()
        if scene is None:
            return None
        snapshot = scene.snapshot
        if self.episode is not None:
            t = min(self.episode_frame, len(self.episode))
            snapshot = self.episode.shown(snapshot, t)
        carried = snapshot.state % scene.world.inventory if snapshot.state >= 0 else 0
        return dataclasses.replace(scene, snapshot=snapshot, carried=carried)

    def _stage(self) -> Scene | None:
        """A saved policy, the newest frame, or a bare world that they are not about."""
        bare, progress = self.bare, self.progress
        if progress is None or (bare is not None and bare.world.digest != progress.world.digest):
            return bare
        if not progress.is_drawn or not fits(progress.world, progress.snapshot):
            return None
        return Scene.of(progress.world, progress.mdp, progress.snapshot, progress.oracle)

    # -- what the trainer tells -------------------------------------------------------------------

    @Slot(int, str, str)
    def _on_state(self, run_id: int, state: str, sentence: str) -> None:
        if state == "rejected":
            self.remove(run_id)
            if run_id == POLICY:
                self._forget_policy()
            elif self._policy_before is not None:
                self.show_policy(self._policy_before)
            self.rejected.emit(sentence)
            return
        if run_id in self.runs:
            self.runs[run_id].state = state
        if run_id == self.current or run_id == -1:
            self._take()  # a run that rests is shown as it rests before anybody hears of it
            self._set_state(state, sentence)

    def _set_state(self, state: str, sentence: str = "") -> None:
        self.state = state
        self._dirty = True
        self.state_changed.emit(state, sentence)
        self.runs_changed.emit()

    @Slot(object)
    def _on_rested(self, frame: Frame) -> None:
        if frame.run_id in self.runs:
            self.runs[frame.run_id].take(frame)
            self.runs_changed.emit()

    @Slot(object)
    def show_episode(self, episode: Episode | PlayedEpisode) -> None:
        """Give an episode to the transport."""
        self.episode, self.episode_frame = episode, 0
        self.episode_ready.emit(episode)
        self._repaint()


def _as_trained(frame: Frame, policy: SavedPolicy) -> Frame:
    """A frame of a saved policy's agent, which has made no step itself, with those of its training."""
    card, progress = policy.card, frame.progress
    made = {"steps": np.array(card.steps, np.int64), "episodes": np.array(card.episodes, np.int64)}
    snapshot = dataclasses.replace(progress.snapshot, **made)
    return dataclasses.replace(frame, progress=dataclasses.replace(progress, snapshot=snapshot))
