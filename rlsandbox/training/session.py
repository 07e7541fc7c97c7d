"""TrainingSession: the loop. It owns agent, world and generator; studio, command line and sweeps call it."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsandbox.algorithms import find
from rlsandbox.learning.agent import Agent, Floats, Snapshot, Tick, View
from rlsandbox.learning.deep import DeepAgent
from rlsandbox.learning.network_policy import NetworkPolicy
from rlsandbox.learning.oracle import Solution, occupancy, policy_values, solve
from rlsandbox.learning.problem import Enumerable, misfit, problem_of
from rlsandbox.training.evaluate import (
    EVALUATION_EPISODES,
    Evaluation,
    evaluate_played,
    evaluate_policy,
    oracle_gap,
    value_error,
)
from rlsandbox.training.history import GapLog, History, Moment
from rlsandbox.training.progress import Progress
from rlsandbox.worlds.errors import SandboxError, check, within_memory
from rlsandbox.worlds.places import Place

_SLICE_SECONDS = 0.01
_MOST_STRIDE = 1 << 24
_FULL = 0.8
"""A slice ends when so much of its time is used."""


@dataclass(frozen=True)
class RunSpec:
    """What to train, on what, with which seeds and for how long.

    Attributes:
        algorithm: id in the registry.
        world: a drawing, its continuous form, or an environment of Gymnasium.
        config: hyperparameters that differ from their defaults.
        seeds: one replica each.
        steps: budget of steps (sweeps for a planner) a replica, or None.
        episodes: budget of episodes a replica, or None.
        policy: `[S, A]` probabilities of a policy that a prediction method is to evaluate, or None.
        start: networks to begin with, or None.
    """

    algorithm: str
    world: Place
    config: dict[str, Any] = field(default_factory=dict)
    seeds: tuple[int, ...] = (0,)
    steps: int | None = None
    episodes: int | None = None
    policy: NDArray[np.float64] | None = field(default=None, compare=False)
    start: NetworkPolicy | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        """Check seeds and budget.

        Raises:
            SandboxError: a value is outside its range.
        """
        check(1 <= len(self.seeds) <= 1024, f"a run trains 1 to 1024 seeds, not {len(self.seeds)}.", "seeds")
        check(all(0 <= seed < 2**63 for seed in self.seeds), "a seed is a whole number from 0 on.", "seeds")
        for name in ("steps", "episodes"):
            budget = getattr(self, name)
            check(budget is None or budget >= 1, f"a budget is at least 1, not {budget}.", name)


@dataclass(frozen=True)
class HyperparameterChange:
    """A command: use these values from now on."""

    values: dict[str, Any]


@dataclass(frozen=True)
class WorldEdit:
    """A command: go on in this world."""

    world: Place


Command = HyperparameterChange | WorldEdit


class TrainingSession:
    """One run, from its first step to its last, in whatever slices the caller likes.

    Args:
        spec: what to train.

    Raises:
        SandboxError: the algorithm is unknown or does not suit the world, a hyperparameter is out of
            range, or its networks cannot begin with the given ones.
    """

    def __init__(self, spec: RunSpec) -> None:
        agent_class = find(spec.algorithm)
        problem = problem_of(spec.world.at_step(0), spec.policy)
        reason = misfit(agent_class, problem)
        if reason is not None:
            raise SandboxError(reason)
        self.spec = spec
        config = agent_class.Config.make(spec.config)
        with within_memory():
            self.agent: Agent = agent_class(problem, config, spec.seeds)
        if spec.start is not None:
            self.agent.start_from(spec.start)
        self.step_budget, self.episode_budget = spec.steps, spec.episodes
        self.commands: list[tuple[int, Command]] = []
        self.edits: list[tuple[float, str]] = []
        self.failure: str | None = None
        self.threads = 1
        self.tracks_gap = False
        self.gap_log = GapLog()
        self.history = History()
        self._ended = False
        self._speed = 6_400.0
        self._oracle: tuple[tuple[str, float], Solution | None] | None = None
        self._last_tick = Tick("steps", boundary=True)
        self._learning: Iterator[Tick] = self.agent.learn()
        self.history.keep(self.moment())

    # -- what it is ------------------------------------------------------------------------------

    @property
    def world(self) -> Any:
        """Where it trains now, a `Place`."""
        return self.agent.problem.world

    @property
    def clock(self) -> int:
        """Steps (sweeps) of the furthest replica."""
        return int(self.agent.steps.max())

    @property
    def finished(self) -> bool:
        """Whether the budget is spent, nothing is left to learn, or the run has failed."""
        return self._ended or self.failure is not None or (self._spent() and not self.agent.pending)

    @property
    def converged(self) -> bool:
        """Whether the algorithm has come to its end by itself: a larger budget changes nothing."""
        return self._ended

    def _spent(self) -> bool:
        going: Any = True
        if self.step_budget is not None:
            going = self.agent.steps < self.step_budget
        if self.episode_budget is not None:
            going = going & (self.agent.episodes < self.episode_budget)
        return not np.any(going)

    # -- going on --------------------------------------------------------------------------------

    def tick(self, stride: int = 1, deadline: float = 0.0) -> bool:
        """Let every replica make up to `stride` steps; returns whether anything is left to do.

        Until `deadline`, of `time.perf_counter()`, an agent may make several updates, else one at most.
        """
        if self.finished:
            return False
        self._change_by_schedule()
        unlimited = np.iinfo(np.int64).max
        upcoming = self.world.schedule[0].step if self.world.schedule else unlimited
        self.agent.threads, self.agent.deadline = self.threads, deadline
        self.agent.step_budget = self.step_budget or unlimited
        self.agent.barrier = upcoming
        self.agent.episode_budget = self.episode_budget or unlimited
        self.agent.stride = min(stride, max(1, upcoming - self.clock))
        previous = self._last_tick
        try:
            with self.agent.computing(), within_memory():
                tick = next(self._learning, None)
        except SandboxError as error:  # nothing to learn, no memory left, or a world that fails
            self.failure = str(error)
            return False
        if tick is None:
            self._ended = True
            return False
        self._last_tick = tick
        due = tick.boundary and (self.history.wants(self.clock) or not previous.boundary)
        if due and self._broken() is None:
            self.history.keep(self.moment(), latest=not previous.boundary)
        return not self.finished

    def run_slice(self, seconds: float = _SLICE_SECONDS) -> bool:
        """Train for about so long, in as few ticks as will do; return whether anything is left to do."""
        began = now = time.perf_counter()
        going = True
        with self.agent.computing():  # once, not at every tick
            while going and now - began < _FULL * seconds:
                stride = int(self._speed * (seconds - (now - began)))
                due = self.gap_log.due_at() if self.tracks_gap and self.oracle() is not None else None
                if due is not None:
                    stride = min(stride, due - self.clock)
                before, first = now, self.clock
                going = self.tick(max(1, min(stride, _MOST_STRIDE)), began + _FULL * seconds)
                now = time.perf_counter()
                if self.clock > first:  # a gradient update makes no steps
                    # a short tick is mostly overhead, so the measured speed is approached from below
                    self._speed = min(4 * self._speed, max(1.0, (self.clock - first) / (now - before)))
                if self.tracks_gap and self.gap_log.due(self.clock):
                    self.examine()
                    going, now = not self.finished, time.perf_counter()
        self.examine()
        return not self.finished

    def run(self) -> None:
        """Train until the budget is spent.

        Raises:
            SandboxError: there is no budget, or the run failed.
        """
        if self.step_budget is None and self.episode_budget is None and self.agent.unit == "steps":
            raise SandboxError("say how long to train: a number of steps or of episodes.")
        try:
            while self.run_slice(0.2):
                pass
        finally:
            self.close()
        if self.failure is not None:
            raise SandboxError(self.failure)

    def close(self) -> None:
        """Let go of processes and environments; it can still be looked at, saved, and gone on with."""
        self.agent.close()

    def examine(self) -> None:
        """Stop the run if what it has learnt is not finite any more, and log the gap when it is due."""
        broken = self._broken()
        if broken is not None and self.failure is None:
            self.failure = (
                f"{broken} at step {self.clock:,}: the updates diverge. Go back to the last good state at "
                f"step {self.history.latest.clock:,} and lower the step size or the rewards."
            )
        if self.tracks_gap and self.failure is None and (self.gap_log.due(self.clock) or self.finished):
            self.log_gap()

    def log_gap(self) -> None:
        """Log the distance to the oracle now."""
        oracle = self.oracle()
        if oracle is not None and self.gap_log.last_clock != self.clock:
            self.gap_log.add(self.clock, self.agent.episodes, lambda: self._distance(oracle))

    def _distance(self, oracle: Solution) -> Floats:
        """`[N]` distances to the truth; NaN where a policy never ends."""
        if self.agent.given is None:
            walked = self.agent.stacks.mdp
            gaps = [oracle_gap(walked, probs, oracle) for probs in self.agent.policy().probs]
            return np.array([np.nan if gap is None else gap for gap in gaps])
        errors = self.value_errors()
        return np.full(self.agent.n_seeds, np.nan) if errors is None else errors

    def value_errors(self) -> Floats | None:
        """`[N]` root mean square errors to the values of `Agent.given`; None if it never ends at gamma 1."""
        mdp, given, gamma = self.agent.problem.mdp, self.agent.given, getattr(self.agent.config, "gamma", 1.0)
        truth = policy_values(mdp, given, float(gamma))
        if truth is None:
            return None
        return np.array([value_error(mdp, v, truth) for v in self.agent.estimates()])

    def _broken(self) -> str | None:
        for name, values in self.agent.learnt().items():
            if not np.isfinite(values).all():
                where = tuple(int(i) for i in np.argwhere(~np.isfinite(values))[0])
                kind = "NaN" if np.isnan(values[where]) else "infinite"
                return f"{name}{list(where)} became {kind}"
        return None

    # -- commands --------------------------------------------------------------------------------

    def set_hyperparameters(self, values: dict[str, Any]) -> None:
        """Use changed hyperparameters from now on.

        Raises:
            SandboxError: a value is out of range; nothing has changed then.
        """
        config = self.agent.config.with_values(**values)
        self.commands.append((self.clock, HyperparameterChange(values)))
        self._note(", ".join(f"{name} = {value}" for name, value in values.items()))
        self.agent.reconfigure(config)
        self._revive()

    def replace_world(self, world: Place) -> None:
        """Go on in an edited world, as its schedule has it by now.

        Raises:
            SandboxError: its model is too large; nothing has changed then.
        """
        world = world.at_step(self.clock)
        if world.digest == self.world.digest:
            return
        self.agent.replace_problem(self.agent.problem.edited(world))
        self.commands.append((self.clock, WorldEdit(world)))
        self._note("world edited")
        self._revive()

    def extend(self, steps: int | None = None, episodes: int | None = None) -> None:
        """Add to the budget, counted from what has been done."""
        if steps is not None:
            self.step_budget = self.clock + steps
        if episodes is not None:
            self.episode_budget = int(self.agent.episodes.max()) + episodes

    def _change_by_schedule(self) -> None:
        upcoming = self.world.schedule
        if not upcoming or self.agent.pending:
            return
        waiting = self.agent.steps >= upcoming[0].step
        if np.all(waiting | (self.agent.episodes >= self.agent.episode_budget)) and waiting.any():
            self._note("world changed by its schedule")
            self.agent.replace_problem(self.agent.problem.edited(self.world.at_step(self.clock)))
            self._revive()

    def _note(self, text: str) -> None:
        self.edits.append((float(self.agent.episodes[0]), text))

    def _revive(self) -> None:
        """A planner that was done has something to do again."""
        if self._ended:
            self._ended, self._learning = False, self.agent.learn()

    # -- keeping and going back ------------------------------------------------------------------

    def moment(self) -> Moment:
        """The state of now, at a boundary."""
        return Moment(
            self.clock,
            self.agent.state(),
            self.world,
            self.agent.config,
            len(self.commands),
            len(self.edits),
        )

    def checkpoint_moment(self) -> Moment:
        """The newest state to go on from: now, if this is a boundary, else the last boundary."""
        return self.moment() if self._last_tick.boundary else self.history.latest

    def go_to(self, moment: Moment, until: int | None = None) -> None:
        """Go back to a kept moment, and from there, replaying the commands since, on to step `until`."""
        since = self.commands[moment.n_commands :]
        replay = [(clock, command) for clock, command in since if until is not None and clock <= until]
        del self.commands[moment.n_commands :], self.edits[moment.n_edits :]
        self.failure, self._ended = None, False
        if moment.world.digest != self.world.digest:
            self.agent.replace_problem(self.agent.problem.edited(moment.world))
        self.agent.reconfigure(moment.config)
        self.agent.restore(moment.state)
        self.history.forget_after(moment.clock)
        self.gap_log.forget_after(moment.clock)
        self._last_tick, self._learning = Tick("steps", boundary=True), self.agent.learn()
        for clock, command in replay:
            self._advance_to(clock)
            if isinstance(command, WorldEdit):
                self.replace_world(command.world)
            else:
                self.set_hyperparameters(command.values)
        if until is not None:
            self._advance_to(until)
            while self._spent() and self.agent.pending and self.tick():
                pass  # a run that was at its end has learnt from all of its steps

    def _advance_to(self, clock: int) -> None:
        while self.clock < clock and self.tick(clock - self.clock):
            pass

    # -- looking at it ---------------------------------------------------------------------------

    def oracle(self) -> Solution | None:
        """The truth about the world of now, solved once; None where nobody can know it."""
        if not isinstance(self.agent.problem, Enumerable):
            return None
        key = (self.world.digest, float(getattr(self.agent.config, "gamma", 1.0)))
        if self._oracle is None or self._oracle[0] != key:
            problem, gamma = self.agent.problem, key[1]
            self._oracle = (key, problem.once(("solution", gamma), lambda: solve(problem.mdp, gamma)))
        return self._oracle[1]

    def evaluate(self, episodes: int = EVALUATION_EPISODES) -> Evaluation:
        """Figures of the greedy policy of now."""
        agent = self.agent
        if isinstance(agent.problem, Enumerable):
            mdp, walked = agent.problem.mdp, agent.stacks.mdp
            return evaluate_policy(agent.policy(), mdp, self.oracle(), episodes, walked=walked)
        assert isinstance(agent, DeepAgent)
        with agent.computing():
            return evaluate_played(agent.best_for, agent.n_seeds, agent.problem.world, episodes)

    def followed(self, snapshot: Snapshot) -> Floats:
        """`[T, A]`: the policy of a snapshot in all that its agent tells apart."""
        if self.agent.stacks.frames == 1:
            return snapshot.policy
        probs, one = self.agent.policy().probs, snapshot.replica
        return probs.mean(axis=0) if one is None else probs[one]

    def recent_return(self, episodes: int = 100) -> list[float]:
        """`[N]` mean online return over the last episodes, at most 128; NaN before the first."""
        latest = self.agent.latest_returns(episodes)
        return [float(returns.mean()) if returns.size else float("nan") for returns in latest]

    def progress(self, view: View) -> Progress:
        """Copies of everything that a screen shows."""
        snapshot = self.agent.snapshot(view)
        problem = self.agent.problem
        drawn = problem if isinstance(problem, Enumerable) else problem.drawn
        if "occupancy" in view.wants and isinstance(problem, Enumerable):
            gamma = float(getattr(self.agent.config, "gamma", 1.0))
            stacks = self.agent.stacks
            share = occupancy(stacks.mdp, self.followed(snapshot), gamma)
            if share is not None:
                found = {**snapshot.fields, "occupancy": stacks.folded(share)}
                snapshot = dataclasses.replace(snapshot, fields=found)
        return Progress(
            place=self.world,
            world=drawn.world,
            mdp=drawn.mdp,
            snapshot=snapshot,
            clock=self.clock,
            oracle=self.oracle() if "oracle" in view.wants else None,
            curves=self.agent.curves() if "curves" in view.wants else {},
            gap=self.gap_log.read(),
            edits=tuple(self.edits),
            finished=self.finished,
            failure=self.failure,
        )
