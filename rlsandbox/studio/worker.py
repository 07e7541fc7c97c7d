"""The trainer: the only thread beside the window's. It owns the running session; the window pulls."""

from __future__ import annotations

import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, QThread, Signal

from rlsandbox.learning.agent import View
from rlsandbox.studio.frames import Frame, Request
from rlsandbox.studio.telling import Interrupted, Teller, evaluated, recorded
from rlsandbox.training.evaluate import Evaluation
from rlsandbox.training.mailbox import Mailbox
from rlsandbox.training.pace import Pace, Rate
from rlsandbox.training.session import RunSpec, TrainingSession
from rlsandbox.training.warmup import examined, prepare
from rlsandbox.worlds.errors import SandboxError
from rlsandbox.worlds.places import Place
from rlsandbox.worlds.simulation import Simulation

_SLICE, _SHORTEST = 0.012, 0.002
_EARLY = 0.001
"""Seconds before its time at which an answer is begun in any case."""
_FEW = 16
"""Steps after which an environment that nobody has timed yet is looked at."""
_PAINTING = 0.02
"""Seconds that a world which is played in Python waits at most until a frame of it is on the screen."""
_MOST_BEHIND = 0.25
"""Seconds that a paced run may catch up after a pause or a slow frame."""


class Trainer(QThread):
    """Runs one session at a time in its own thread.

    Public methods may be called from the window's thread: they only queue what is to be done. Signals tell
    what happened; everything else is pulled through `ask` and `take`.

    Signals:
        state_changed: (run id, state, sentence); the sentence is empty unless something went wrong. The state
            "rejected" says that the run could not begin: there is none. When any other state but "training"
            is told, `take` has already brought, or brings, a frame of it, and none that is older.
        rested: a `Frame` with curves and figures, whenever a run comes to rest, before its state is told;
            of a world that can only be played another one follows, with the figures.
        episode_recorded: an `Episode`.
        rejected: a sentence: what was asked for could not be done, and nothing has changed.
        done: the sentence that came with a `call`, when that has gone well.
    """

    state_changed = Signal(int, str, str)
    episode_recorded = Signal(object)
    rested = Signal(object)
    rejected = Signal(str)
    done = Signal(str)
    examined = Signal(object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._commands: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._wake = threading.Event()
        self._mailbox: Mailbox[Request, Frame] = Mailbox()
        self._painted = threading.Event()
        self._sessions: dict[int, TrainingSession] = {}
        self._run_id = -1
        self._session: TrainingSession | None = None
        self._state = "idle"
        self._wanted: Request | None = None
        self._view = View(wants=frozenset({"oracle"}))
        self._pace = Pace(None, None)
        self._owed = 0.0
        self._last_slice = self._last_chance = self._making = 0.0
        self._until_episode: int | None = None
        self._rate = Rate()
        self._evaluation: Evaluation | None = None
        self._teller = Teller()
        self._judges = False

    # -- called from the window -------------------------------------------------------------------

    def start_run(self, run_id: int, spec: RunSpec, paused: bool = False) -> None:
        """Begin a run; with `paused` it waits for the first step."""
        self._post(partial(self._begin, run_id, spec, paused))

    def resume_run(self) -> None:
        """Go on after a pause."""
        self._post(partial(self._set_state, "training"))

    def pause_run(self) -> None:
        """Rest; a session at rest changes nothing."""
        self._post(partial(self._rest, "paused"))

    def stop_run(self) -> None:
        """End the run here; it can still be looked at and continued."""
        self._post(partial(self._rest, "finished"))

    def step_run(self) -> None:
        """One tick of one step, then rest."""
        self._post(self._step)

    def run_episode(self) -> None:
        """Go on until the shown replica has finished its episode, then rest."""
        self._post(self._to_end_of_episode)

    def continue_run(self, steps: int | None, episodes: int | None) -> None:
        """Extend the budget and go on."""
        self._post(partial(self._extend, steps, episodes))

    def recover_run(self) -> None:
        """After a failure: back to the last good state, at rest."""
        self._post(self._recover)

    def select_run(self, run_id: int) -> None:
        """Bring the agent of another run back; the running one rests."""
        self._post(partial(self._select, run_id))

    def leave_run(self) -> None:
        """Rest, and show no run; it can be selected again."""
        self._post(self._leave)

    def forget_run(self, run_id: int) -> None:
        """Let go of a run's session."""
        self._post(partial(self._forget, run_id))

    def set_hyperparameters(self, values: dict[str, Any]) -> None:
        """Change hyperparameters of the current run."""
        self._post(partial(self._guarded, "set_hyperparameters", values))

    def replace_world(self, place: Place) -> None:
        """Go on in an edited world."""
        self._post(partial(self._guarded, "replace_world", place))

    def set_pace(self, pace: Pace) -> None:
        """How fast to go."""
        self._post(partial(self._set_pace, pace))

    def record(self, replica: int | None, seed: int) -> None:
        """Record an episode of the current greedy policy; `episode_recorded` brings it."""
        self._post(partial(self._record, replica or 0, seed))

    def prepare(self, algorithm: str) -> None:
        """Load the compiled code of the algorithm that is likely to run next, so that it begins at once."""
        self._post(partial(prepare, algorithm))

    def examine(self, place: Place) -> None:
        """Make the problem of a place, to be asked what suits it; `examined` brings it, or None."""
        self._post(lambda: self.examined.emit(place, examined(place)))

    def work_out(self, function: Callable[[], None]) -> None:
        """Do what would hold up the window; the function tells by a signal what it found."""
        self._post(function)

    def call(self, function: Callable[[TrainingSession], object], sentence: str = "") -> None:
        """Run a function on the current session in the thread that owns it (saving, exporting)."""
        self._post(partial(self._call, function, sentence))

    def ask(self, view: View, due: float = 0.0) -> None:
        """Ask for the next frame, due at a time of `time.perf_counter`: a slice of training ends then."""
        self._mailbox.ask(Request(view, due))
        self._wake.set()

    def painted(self) -> None:
        """What was taken is on the screen."""
        self._painted.set()

    def take(self) -> Frame | None:
        """The newest frame, once."""
        return self._mailbox.take()

    def close(self) -> None:
        """End the thread and wait: a slice takes milliseconds, a kernel that still compiles some seconds."""
        self.requestInterruption()
        self._wake.set()
        self.wait()

    # -- inside the thread ------------------------------------------------------------------------

    def run(self) -> None:
        """The loop: commands, a slice of training, an answer if somebody asked."""
        while not self.isInterruptionRequested():
            try:
                self._drain()
                if self._state == "training" and self._session is not None:
                    self._train(self._session)
                self._answer()
                if self._judges:
                    self._judge()
            except SandboxError as error:
                self._fail(str(error))
            except Exception as error:
                traceback.print_exc(file=sys.stderr)
                self._fail(f"The run stopped by an error in the program: {error!r}.")
            if self._state != "training":
                self._wake.wait(0.1)
                self._wake.clear()
        for session in self._sessions.values():
            session.close()

    def _post(self, command: Callable[[], None]) -> None:
        self._commands.put(command)
        self._wake.set()

    def _drain(self) -> None:
        while True:
            try:
                self._commands.get_nowait()()
            except queue.Empty:
                return
            except SandboxError as error:
                self.rejected.emit(str(error))

    def _train(self, session: TrainingSession) -> None:
        now = time.perf_counter()
        elapsed = min(now - self._last_slice, _MOST_BEHIND)
        self._last_slice = now
        pace = self._pace
        if self._until_episode is not None:
            self._paced(session, elapsed, stride=1)
            if int(session.agent.episodes[0]) >= self._until_episode or session.finished:
                self._until_episode = None
                self._rest("paused")
        elif pace.steps_per_second is None and pace.episodes_per_second is None:
            session.run_slice(min(_SLICE, max(_SHORTEST, self._due_in())))
        else:
            self._paced(session, elapsed, stride=1 << 20)
        self._rate.count(int(session.agent.steps.sum()))
        if session.finished:
            converged = "The values have converged: there is nothing left to learn in this world."
            sentence = session.failure or (converged if session.converged else "")
            self._rest("failed" if session.failure else "finished", sentence)

    def _paced(self, session: TrainingSession, elapsed: float, stride: int) -> None:
        """As many steps as the pace allows since the last slice, then sleep until the next is due."""
        steps_per_second = self._pace.steps_per_second
        if steps_per_second is None and self._pace.episodes_per_second is not None:
            steps_per_second = self._pace.episodes_per_second * self._rate.episode_length(*_made(session))
        deadline = time.perf_counter() + _SLICE
        if steps_per_second is None:
            self._owed = float(1 << 20)
        else:
            self._owed = min(
                self._owed + elapsed * steps_per_second, max(1.0, _MOST_BEHIND * steps_per_second)
            )
        while self._owed >= 1 and time.perf_counter() < deadline and not session.finished:
            before = session.clock
            session.tick(int(min(self._owed, stride, self._most_in_a_slice(session))))
            self._owed -= session.clock - before  # an update of networks makes no step
            if self._until_episode is not None and int(session.agent.episodes[0]) >= self._until_episode:
                break
        session.examine()
        left = deadline - time.perf_counter()
        if left > 0 and steps_per_second is not None:
            self._wake.wait(left)
            self._wake.clear()

    def _most_in_a_slice(self, session: TrainingSession) -> int:
        """Steps of a tick that lasts no longer than a slice."""
        if not isinstance(session.world, Simulation):
            return 4096
        return max(_FEW, int(_SLICE * self._rate.value / session.agent.n_seeds))

    def _due_in(self) -> float:
        """Seconds until a frame is to be begun that somebody wants to see."""
        self._read_request()
        if self._wanted is None:
            return _SLICE
        return self._wanted.due - self._making - time.perf_counter()

    def _read_request(self) -> None:
        request = self._mailbox.take_request()
        if request is not None:
            self._wanted, self._view = request, request.view

    def _answer(self) -> None:
        """Publish a frame if it is time to, or will be before there is another chance."""
        wait, now = self._due_in(), time.perf_counter()
        passed, self._last_chance = now - self._last_chance, now
        early = _EARLY if passed < _SLICE else passed / 2
        if self._wanted is None or (self._state == "training" and wait > early):
            return
        self._wanted = None
        session = self._session
        if session is None:
            return
        self._painted.clear()
        self._mailbox.publish(self._frame(session, self._view))
        self._making = min(time.perf_counter() - now, _SLICE)
        if self._state == "training" and isinstance(session.world, Simulation):
            # both sides are Python here: painted at the same time, each waits for the other at every call
            self._painted.wait(_PAINTING)

    def _give_way(self) -> None:
        """In the midst of an update."""
        if self._state == "training":
            self._answer()

    def _frame(self, session: TrainingSession, view: View) -> Frame:
        rate = self._rate.value if self._state == "training" else 0.0
        return self._teller.frame(self._run_id, session, view, self._state, rate, self._evaluation)

    # -- commands, inside the thread --------------------------------------------------------------

    def _begin(self, run_id: int, spec: RunSpec, paused: bool) -> None:
        try:
            session = TrainingSession(spec)
        except SandboxError as error:
            self.state_changed.emit(run_id, "rejected", str(error))
            return
        session.tracks_gap = True
        self._sessions[run_id] = session
        self._use(run_id, session, "paused" if paused else "training")

    def _use(self, run_id: int, session: TrainingSession, state: str) -> None:
        if self._session is not session:
            self._let_go()
        self._run_id, self._session, self._evaluation, self._judges = run_id, session, None, False
        self._until_episode, self._owed, self._rate = None, 1.0, Rate()
        self._set_state(state)

    def _set_state(self, state: str, sentence: str = "") -> None:
        if self._session is None:
            return
        self._state, self._judges = state, self._judges and state != "training"
        if state == "training":
            self._session.agent.give_way = self._give_way
            self._last_slice, self._evaluation = time.perf_counter(), None
        else:  # whoever hears of it finds the frame of this very state, and none from before
            self._read_request()
            self._mailbox.publish(self._frame(self._session, self._view))
        self.state_changed.emit(self._run_id, state, sentence)

    def _rest(self, state: str, sentence: str = "") -> None:
        session = self._session
        if session is None:
            return
        self._until_episode, self._state = None, state
        if session.failure is None:
            session.log_gap()
            self._evaluation = None
            self._judges = isinstance(session.world, Simulation)  # later: its episodes take their time
            if not self._judges:
                self._evaluation, fault = evaluated(session, state == "finished", self._has_more_to_do)
                sentence = sentence or fault
        self._tell_rest(session)
        self._set_state(state, sentence)

    def _tell_rest(self, session: TrainingSession) -> None:
        self.rested.emit(self._frame(session, View(None, frozenset({"curves", "oracle"}))))

    def _judge(self) -> None:
        """Figures of a policy that rests, unless somebody wants something else first."""
        session = self._session
        if session is None or self._has_more_to_do():
            return
        try:
            self._evaluation, fault = evaluated(session, self._state == "finished", self._has_more_to_do)
        except Interrupted:
            return
        self._judges = False
        self._tell_rest(session)
        if fault:
            self.state_changed.emit(self._run_id, self._state, fault)

    def _has_more_to_do(self) -> bool:
        return not self._commands.empty() or self._mailbox.is_asked or self.isInterruptionRequested()

    def _fail(self, sentence: str) -> None:
        self._state = "failed"
        self.state_changed.emit(self._run_id, "failed", sentence)

    def _step(self) -> None:
        if self._session is not None:
            self._session.tick(1)
            self._session.examine()
            self._rest("failed" if self._session.failure else "paused", self._session.failure or "")

    def _to_end_of_episode(self) -> None:
        if self._session is not None:
            self._until_episode = int(self._session.agent.episodes[0]) + 1
            self._set_state("training")

    def _extend(self, steps: int | None, episodes: int | None) -> None:
        if self._session is not None:
            self._session.extend(steps, episodes)
            self._set_state("training")

    def _recover(self) -> None:
        if self._session is not None:
            self._session.go_to(self._session.history.latest)
            self._rest("paused")

    def _select(self, run_id: int) -> None:
        session = self._sessions.get(run_id)
        if session is not None:
            self._use(run_id, session, "finished" if session.finished else "paused")
            self._rest(self._state)

    def _let_go(self) -> None:
        """The session holds no process and no environment while another one is shown."""
        if self._session is not None:
            self._session.close()

    def _leave(self) -> None:
        self._let_go()
        self._session, self._state, self._run_id, self._judges = None, "idle", -1, False

    def _forget(self, run_id: int) -> None:
        if run_id == self._run_id:
            self._leave()
        self._sessions.pop(run_id, None)

    def _guarded(self, method: str, value: Any) -> None:
        if self._session is not None:
            getattr(self._session, method)(value)
            if self._state == "finished" and not self._session.finished:
                self._set_state("paused")

    def _set_pace(self, pace: Pace) -> None:
        self._pace, self._owed, self._last_slice = pace, 1.0, time.perf_counter()

    def _record(self, replica: int, seed: int) -> None:
        if self._session is not None:
            self.episode_recorded.emit(recorded(self._session, replica, seed))

    def _call(self, function: Callable[[TrainingSession], object], sentence: str) -> None:
        if self._session is not None:
            function(self._session)
            self.done.emit(sentence)


def _made(session: TrainingSession) -> tuple[int, int]:
    """Steps and episodes of the first replica."""
    return int(session.agent.steps[0]), int(session.agent.episodes[0])
