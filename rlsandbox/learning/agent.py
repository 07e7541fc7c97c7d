"""The Agent contract: what an algorithm is to the rest of the sandbox."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.hyperparams import AgentConfig
from rlsandbox.learning.network_policy import NetworkPolicy
from rlsandbox.learning.policy import TabularPolicy
from rlsandbox.learning.problem import Problem
from rlsandbox.learning.stacks import Stacks
from rlsandbox.worlds.errors import SandboxError, check
from rlsandbox.worlds.simulation import Slice

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Tick:
    """What has just happened inside `learn`.

    Attributes:
        kind: "steps" of the environment, "sweep" over the states, or gradient "update".
        boundary: whether `Agent.state()` is complete now.
    """

    kind: Literal["steps", "sweep", "update"]
    boundary: bool


@dataclass(frozen=True)
class Part:
    """A piece of a written-out update: its text, what it stands for, and the state that it comes from.

    Attributes:
        text: what is written ("-1", " + ").
        role: "" (plain), "reward", "next" (comes from another state), "old" or "new" (the value itself).
        state: the state whose value it is, to light it up; None where it has none.
    """

    text: str
    role: Literal["", "reward", "next", "old", "new"] = ""
    state: int | None = None


@dataclass(frozen=True)
class Line:
    """A row beneath an update: a trace, a row of a learnt model, a step of a return.

    Attributes:
        state: the state that it is about, to light it up.
        parts: the row written out.
    """

    state: int
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Update:
    """One update with its own numbers; every number is the one that was computed with.

    Attributes:
        state, action: what was updated; action is None for a state value.
        reward: reward of the transition, in the world's units; NaN for an expectation over a model.
        next_state, next_action: where it led, and what was or would be done there; None where there is none.
        terminated, truncated: how the episode went on.
        explored: whether the action was a random one.
        before, target, td_error, after: old value, target, target - before, and new value.
        alpha, gamma: step size and discount in use.
        parts: the update written out, piece by piece.
        step: number of this replica's step.
        extra: what a bonus and shaping added to the reward.
        lines: what else it touched, row by row.
        of_state: whether V(state) was updated, not Q(state, action).
    """

    state: int
    action: int | None
    reward: float
    next_state: int | None
    next_action: int | None
    terminated: bool
    truncated: bool
    explored: bool
    before: float
    target: float
    td_error: float
    after: float
    alpha: float
    gamma: float
    parts: tuple[Part, ...]
    step: int
    extra: float = 0.0
    lines: tuple[Line, ...] = ()
    of_state: bool = False

    @property
    def touched(self) -> tuple[int, ...]:
        """The states that its parts and lines speak of, each once."""
        parts = [*self.parts, *(part for line in self.lines for part in line.parts)]
        states = (part.state for part in parts if part.state is not None)
        return tuple(dict.fromkeys([*states, *(line.state for line in self.lines)]))


@dataclass(frozen=True)
class Preset:
    """Hyperparameters and a budget that belong together.

    Attributes:
        values: hyperparameters that differ from their defaults.
        episodes, steps: budget of episodes or steps, or None.
    """

    values: dict[str, Any]
    episodes: int | None = None
    steps: int | None = None


@dataclass(frozen=True)
class View:
    """What the screen wants to know.

    Attributes:
        replica: number of the seed to show, or None for the mean over all.
        wants: names of optional fields of `Snapshot` ("visits", "oracle", "curves", "trail", "policy_value"),
            and of what an agent `offers` ("traces").
        selected: state whose backup is to be written out, or None.
        slice: what to ask about in a world whose states cannot be listed; None: its usual slice.
        patient: values there may be a moment old: asking at every frame takes as long as training does.
    """

    replica: int | None = 0
    wants: frozenset[str] = frozenset()
    selected: int | None = None
    slice: Slice | None = None
    patient: bool = False


@dataclass(frozen=True)
class Played:
    """What there is to see of a world that can only be played. D numbers of an observation.

    Attributes:
        slice: where `Snapshot.v` and the others were asked for, or None.
        state: the place of the slice where the shown replica's first copy is, or -1.
        seen: `[D...]` what that copy sees.
        way: `[L, D...]` what it saw in its running episode, oldest first.
        forces: `[S, A]` continuous actions at the places of the slice, as the world takes them; else empty.
    """

    slice: Slice | None
    state: int
    seen: NDArray[Any]
    way: NDArray[np.float32]
    forces: Floats


@dataclass(frozen=True)
class Snapshot:
    """Read-only copies of what a view asked for. S states, A actions, N replicas.

    Attributes:
        replica: whose it is, None for the mean over replicas.
        v: `[S]` state values.
        q: `[S, A]` action values; for a state-value method those of one look ahead.
        policy: `[S, A]` probabilities of the current greedy policy; without a replica, their mean.
        visits: `[S, A]` int64, or None.
        steps, episodes: `[N]`, what each replica has done (sweeps for a planner).
        state: where the shown replica's agent stands, -1 between episodes or for a planner.
        trail: `[L]` states that it came through, oldest first, -1 where an episode began anew.
        update: its last update, or None.
        backup: the update that the selected state's greedy action would get now, or None.
        gamma: the discount in use, NaN where there is none.
        metrics: `name -> value` of the moment ("epsilon", "alpha", "residual").
        fields: `name -> array` of what the agent `offers` and the view wants.
        played: what more there is to see in a world whose states cannot be listed; then S counts the places
            of the view's slice.
    """

    replica: int | None
    v: Floats
    q: Floats
    policy: Floats
    steps: Ints
    episodes: Ints
    visits: Ints | None = None
    state: int = -1
    trail: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    update: Update | None = None
    backup: Update | None = None
    gamma: float = float("nan")
    metrics: dict[str, float] = field(default_factory=dict)
    fields: dict[str, NDArray[Any]] = field(default_factory=dict)
    played: Played | None = None


def _go_on() -> None:
    """Nobody waits."""


class Agent(ABC):
    """One algorithm. A subclass is one file under `algorithms/`; its module's name is its id.

    Args:
        problem: what to train on.
        config: validated hyperparameters.
        seeds: one seed a replica; replica k is exactly what a run with only that seed would be.

    Attributes:
        stride: steps (or sweeps) a replica that the next tick may make; set by the session,
            changes no result.
        given: `[S, A]`, the policy that a method of prediction evaluates; None for one of control.
        threads: how many threads a tick may use; changes no result.
        deadline: `time.perf_counter()` until which a tick may go on with updates that are due; it makes one
            in any case. Changes no result.
        give_way: called in the midst of updates that take their time: who trains it may look at it then.
        step_budget, episode_budget: a replica that has made so many steps or episodes rests; set
            by the session.
        barrier: step at which the world will change; a replica waits there for the others.
    """

    problem: Any
    """A `Problem` of one of the kinds that it accepts."""
    title: ClassVar[str]
    source: ClassVar[str]
    equation: ClassVar[str]
    """The update in one line, for the panel."""
    accepts: ClassVar[tuple[type[Problem], ...]]
    unit: ClassVar[Literal["steps", "sweeps"]] = "steps"
    """What `stride` and the budget's steps count."""
    Config: ClassVar[type[AgentConfig]]
    task: ClassVar[Literal["control", "prediction", "baseline"]] = "control"
    """Whether it looks for the best policy, for the values of a given one, or is there to compare with."""
    offers: ClassVar[frozenset[str]] = frozenset()
    """Names of what `field` gives: "traces", "uncertainty", "bonus", "known", ..."""
    presets: ClassVar[dict[str, Preset]] = {}
    """Named hyperparameters, "course" above all."""

    def __init__(self, problem: Problem, config: AgentConfig, seeds: Sequence[int]) -> None:
        self.problem = problem
        self.config: Any = config
        self.seeds = tuple(int(seed) for seed in seeds)
        self.stride = 1
        self.threads = 1
        self.deadline = 0.0
        self.give_way: Callable[[], None] = _go_on
        self.given: Any = None
        self.step_budget = np.iinfo(np.int64).max
        self.episode_budget = np.iinfo(np.int64).max
        self.barrier = np.iinfo(np.int64).max

    @classmethod
    def misfit(cls, problem: Any) -> str | None:
        """Why it cannot train on a problem of a kind that it accepts, in a sentence; None if it can."""
        return None

    @property
    def overdue(self) -> bool:
        """Whether a tick has gone on for long enough."""
        return time.perf_counter() >= self.deadline

    @classmethod
    def lifts(cls, config: Any) -> frozenset[str]:
        """Rules of the contract that it cannot keep so configured: "bit_identity", "stride", "resume"."""
        return frozenset()

    @classmethod
    def caution(cls, config: Any) -> str:
        """What somebody who relies on those rules has to know, in a sentence; empty where it keeps all."""
        return ""

    @classmethod
    def idle(cls, kind: type[Problem]) -> frozenset[str]:
        """Names of hyperparameters that change nothing on a kind of problem."""
        return frozenset()

    def computing(self) -> AbstractContextManager[Any]:
        """What holds while it computes: settings of a library that are put back afterwards."""
        return nullcontext()

    @abstractmethod
    def learn(self) -> Iterator[Tick]:
        """The whole algorithm, yielding as it goes; ends by itself only where nothing is left to learn."""

    @abstractmethod
    def snapshot(self, view: View) -> Snapshot:
        """Copies of what the view asks for."""

    def field(self, name: str, replica: int | None) -> NDArray[Any]:
        """What an overlay shows besides values, one of `offers`: `[S]`, `[S, A]` or as the overlay says."""
        raise NotImplementedError(name)

    def estimates(self) -> Floats:
        """`[N, S]`: the values of `given`, as learnt so far."""
        raise NotImplementedError

    @abstractmethod
    def policy(self) -> TabularPolicy:
        """What can act in `stacks`, be evaluated and be saved: the greedy policies of all replicas."""

    def network_policy(self) -> NetworkPolicy | None:
        """The same as networks, with all that has been learnt; None without networks."""
        return None

    def start_from(self, network: NetworkPolicy) -> None:
        """Begin with what saved networks have learnt, before the first tick.

        Raises:
            SandboxError: they are not built like its own, or it has none.
        """
        raise SandboxError(f"{self.title} has no networks: it cannot begin with those of a policy.")

    @abstractmethod
    def state(self) -> dict[str, NDArray[Any]]:
        """Everything that `restore` needs to go on exactly from here; complete at a boundary. Copies."""

    @abstractmethod
    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Take over what `state` gave."""

    def check_state(self, state: dict[str, NDArray[Any]]) -> None:
        """Refuse a state from a file that compiled code would stumble over.

        Raises:
            SandboxError: names, kinds, shapes or values are not those of this algorithm on this problem.
        """
        own = self.state()
        check(set(state) == set(own), "its arrays are not those of its algorithm.")
        for name, like in own.items():
            array = state[name]
            fits = (array.dtype, array.shape) == (like.dtype, like.shape)
            check(fits, f"its array {name!r} does not fit its algorithm and world.")

    @abstractmethod
    def replace_problem(self, problem: Any) -> None:
        """Go on in an edited world with what was learnt so far."""

    @abstractmethod
    def learnt(self) -> dict[str, NDArray[np.float64]]:
        """`name -> array` of all learnt numbers, by reference: checked for NaN and Inf after every slice."""

    @abstractmethod
    def curves(self) -> dict[str, Curve]:
        """Bounded logs by name ("return", "length"), read-only copies."""

    def latest_returns(self, episodes: int) -> list[Floats]:
        """Each replica's returns of its last episodes, at most 128, in no particular order."""
        return [np.empty(0)] * self.n_seeds

    @property
    def pending(self) -> bool:
        """Whether it is still learning from steps that it has made, so that a spent budget has to wait."""
        return False

    @property
    @abstractmethod
    def steps(self) -> Ints:
        """`[N]` steps (or sweeps) made by each replica."""

    @property
    @abstractmethod
    def episodes(self) -> Ints:
        """`[N]` episodes finished by each replica."""

    def close(self) -> None:  # noqa: B027  most hold nothing
        """Let go of processes and environments; it can still be looked at, and who goes on gets new ones."""

    def reconfigure(self, config: AgentConfig) -> None:
        """Use changed hyperparameters from the next tick on."""
        self.config = config

    @property
    def stacks(self) -> Stacks:
        """What its policies tell apart in a world whose states can be listed."""
        return self.problem.stacks(getattr(self.config, "frames", 1))

    @property
    def n_seeds(self) -> int:
        """N, the number of replicas."""
        return len(self.seeds)


@dataclass(frozen=True)
class Curve:
    """A bounded log over episodes or updates, in bins of equal width that may differ between replicas.

    Attributes:
        values: `[N, B]` mean over each bin, NaN where a bin is empty.
        width: `[N]` episodes (updates) a bin.
        episodes: `[N]` episodes (updates) logged; a last bin that they do not fill is the mean over those it
            has.
        unit: what is counted.
    """

    values: Floats
    width: Ints
    episodes: Ints
    unit: Literal["episodes", "updates"] = "episodes"


def number(value: float) -> str:
    """A number as updates are written: four significant digits."""
    return f"{value:.4g}" if abs(value) < 1e4 else f"{value:.4e}"
