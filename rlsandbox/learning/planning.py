"""What methods share that plan with the world's own model, sweep by sweep."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.agent import (
    Agent,
    Curve,
    Floats,
    Ints,
    Line,
    Part,
    Preset,
    Snapshot,
    Tick,
    Update,
    View,
)
from rlsandbox.learning.configs import Discounted
from rlsandbox.learning.full_backups import (
    CHANGE,
    EXPECTED,
    IMPROVED,
    OPTIMAL,
    Dynamics,
    action_lines,
    valued,
    written_best,
)
from rlsandbox.learning.hyperparams import AgentConfig, hp
from rlsandbox.learning.oracle import lookahead, solve
from rlsandbox.learning.policy import TabularPolicy, greedy_probs
from rlsandbox.learning.problem import Enumerable, Remap
from rlsandbox.worlds.errors import SandboxError, check

ENDLESS = (
    "at gamma 1 this world has no finite values: rewards or costs can go on for ever. Choose a gamma below "
    "1, or give every state a way to an end."
)


class PlannerConfig(Discounted):
    """Hyperparameters that planners share."""

    theta: float = hp(
        1e-8,
        gt=0,
        le=1,
        log=True,
        label="Threshold",
        symbol="θ",
        doc="stops when no value changes by more",
        live=True,
    )


class SweepConfig(PlannerConfig):
    """Hyperparameters of planners that back up every state, one after the other."""

    order: Literal["synchronous", "in place"] = hp(
        "synchronous", label="Sweep order", doc="whether a sweep reads only the last sweep's values"
    )


def recurs(now: NDArray[Any], kept: NDArray[Any], n: int) -> bool:
    """Whether the `n`-th (from 1) of a sequence has been there before: then it goes in a circle for ever.

    Brent (1980): `kept` holds the one whose number was the last power of two, so that a circle of any length
    is found with the memory of one.
    """
    if np.array_equal(now, kept):
        return True
    if n & (n - 1) == 0:
        kept[:] = now
    return False


class Planner(Agent):
    """Base of planners; there is nothing random in them, so all replicas are one.

    A subclass gives `sweep`, and where it has more than values, `arrays`. Without a discount only those
    states are backed up that can be reached from a start: others may have no value.

    Attributes:
        v: `[S]` values.
        sweeps: `[1]` how many have been made.
        residuals: `[1]` the largest change of the last one, NaN before the first and after an edit.
        backups: `[S]` states in the order in which the last sweep backed them up, -1 beyond the last.
        record: `[len(CHANGE)]` the last sweep's largest change, NaN where it changed nothing.
        used: `[A, K]` values of the successors that this change was computed from.
        kept: `[S]` values of an earlier sweep, to tell a circle by.
    """

    accepts = (Enumerable,)
    unit = "sweeps"
    Config = PlannerConfig
    offers: ClassVar[frozenset[str]] = frozenset({"backups"})
    presets: ClassVar[dict[str, Preset]] = {"course": Preset({"gamma": 0.99, "theta": 1e-8})}
    problem: Enumerable

    def __init__(self, problem: Enumerable, config: Discounted, seeds: Sequence[int]) -> None:
        super().__init__(problem, config, seeds)
        self.v: Floats = np.zeros(problem.mdp.n_states)
        self.sweeps: Ints = np.zeros(1, np.int64)
        self.forget(problem)

    def forget(self, problem: Enumerable) -> None:
        """Prepare everything besides the values for the first sweep in a world."""
        mdp = problem.mdp
        self.residuals: Floats = np.full(1, np.nan)
        self.backups: Ints = np.full(mdp.n_states, -1, np.int64)
        self.record: Floats = np.full(len(CHANGE), np.nan)
        self.used: Floats = np.zeros(mdp.prob.shape[1:])
        self.kept: Floats = np.full(mdp.n_states, np.nan)

    # -- what a subclass says ----------------------------------------------------------------------

    @abstractmethod
    def sweep(self) -> float:
        """Back up states of `v`, list them in `backups`, note the largest change; returns the residual."""

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All that this planner keeps, by the names of its attributes, by reference."""
        names = ("v", "sweeps", "residuals", "backups", "record", "used", "kept")
        return {name: getattr(self, name) for name in names}

    def states(self) -> NDArray[np.bool_]:
        """`[S]`: what a sweep backs up."""
        mdp = self.problem.mdp
        return mdp.walked if self.config.gamma == 1 else mdp.live

    def refuse_endless(self) -> None:
        """Say that there is nothing to come to.

        Raises:
            SandboxError: without a discount there are no finite values in this world.
        """
        mdp = self.problem.mdp
        if self.config.gamma == 1 and self.problem.once(("solution", 1.0), lambda: solve(mdp, 1.0)) is None:
            raise SandboxError(ENDLESS)

    def probs(self, q: Floats) -> Floats:
        """`[S, A]`: the policy of now, greedy unless a subclass keeps another."""
        return greedy_probs(q)

    # -- planning ----------------------------------------------------------------------------------

    @property
    def enough(self) -> float:
        """A residual that is small enough: the threshold, or what rounding leaves of values of this size."""
        return max(self.config.theta, 4 * np.finfo(np.float64).eps * float(np.abs(self.v).max()))

    @property
    def done(self) -> bool:
        """Whether nothing is left to plan."""
        return bool(self.residuals[0] <= self.enough)

    @property
    def dynamics(self) -> Dynamics:
        """The model for kernels."""
        return Dynamics.of(self.problem.mdp, self.states())

    def read(self) -> Floats:
        """`[S]`: the values that a sweep reads: those of before, or in place the very ones that it writes."""
        return self.v if self.config.order == "in place" else self.v.copy()

    def learn(self) -> Iterator[Tick]:
        """Sweep until it is done; every tick is a boundary."""
        while not self.done and all(np.isfinite(values).all() for values in self.learnt().values()):
            if np.isnan(self.residuals[0]):
                self.refuse_endless()
            for _ in range(min(self.stride, self.step_budget - int(self.sweeps[0]))):
                self.record[:] = np.nan
                self.backups[:] = -1
                self.residuals[0] = self.sweep()
                self.sweeps[0] += 1
                if self.done:
                    break
                if self.config.gamma == 1 and self.circling():
                    raise SandboxError(
                        "at gamma 1 the values go round in circles: rewards and costs cancel out for ever. "
                        "Choose a gamma below 1."
                    )
            yield Tick("sweep", boundary=True)

    def circling(self) -> bool:
        """Whether the values have been there before; with a discount they never are."""
        return recurs(self.v, self.kept, int(self.sweeps[0]))

    def all_in_order(self) -> None:
        """Note in `backups` that the states were backed up in the order of their numbers."""
        states = np.flatnonzero(self.states())
        self.backups[: states.size] = states

    # -- being looked at ---------------------------------------------------------------------------

    def action_values(self) -> Floats:
        """`[S, A]` by one look ahead."""
        return lookahead(self.problem.mdp, self.v, self.config.gamma)

    def snapshot(self, view: View) -> Snapshot:
        """Values, and the action values of one look ahead."""
        q = self.action_values()
        s, mdp = view.selected, self.problem.mdp
        asked = s is not None and s < mdp.n_states and bool(mdp.live[s])
        return Snapshot(
            replica=view.replica,
            v=self.v.copy(),
            q=q,
            policy=self.probs(q),
            steps=self.steps,
            episodes=self.episodes,
            update=self.update(),
            backup=self.backup(q, s) if asked and s is not None else None,
            gamma=float(self.config.gamma),
            metrics=self.metrics(),
            fields={name: self.field(name, None) for name in self.offers & view.wants},
        )

    def metrics(self) -> dict[str, float]:
        """The residual, once there is one."""
        return {} if np.isnan(self.residuals[0]) else {"residual": float(self.residuals[0])}

    def field(self, name: str, replica: int | None) -> NDArray[Any]:
        """`[L]`: the states of the last sweep in the order in which they were backed up."""
        return self.backups[self.backups >= 0]

    def policy(self) -> TabularPolicy:
        """The policy of now, the same for every replica."""
        q = self.action_values()
        return TabularPolicy(*(np.repeat(table[None], self.n_seeds, axis=0) for table in (self.probs(q), q)))

    def update(self) -> Update | None:
        """The last sweep's largest change, written out with the values that it was computed from."""
        if np.isnan(self.record[0]):
            return None
        kind, s, a, before, target = self.record.tolist()
        v = self.v.copy()
        v[self.problem.mdp.next_state[int(s)]] = self.used
        return self.told(int(kind), int(s), int(a), before, target, v)

    def backup(self, q: Floats, s: int) -> Update:
        """What the next sweep computes for a state, from `[S, A]` action values."""
        a = int(q[s].argmax())
        return self.told(OPTIMAL, s, a, float(self.v[s]), float(q[s, a]), self.v)

    def told(self, kind: int, s: int, a: int, before: float, target: float, v: Floats) -> Update:
        """A full backup from `before` to `target`, written out with values `[S]` as they were used."""
        parts, lines = self.written(kind, s, a, before, target, v)
        return Update(
            state=s,
            action=None,
            reward=np.nan,  # the one NaN, so that equal updates are equal
            next_state=None,
            next_action=a if a >= 0 else None,
            terminated=False,
            truncated=False,
            explored=False,
            before=before,
            target=target,
            td_error=target - before,
            after=target,
            alpha=1.0,
            gamma=self.config.gamma,
            parts=parts,
            step=int(self.sweeps[0]),
            lines=lines,
            of_state=True,
        )

    def written(
        self, kind: int, s: int, a: int, before: float, target: float, v: Floats
    ) -> tuple[tuple[Part, ...], tuple[Line, ...]]:
        """A full backup as the book writes it, and beneath it what each action is worth."""
        gamma = self.config.gamma
        parts = valued(written_best(self.problem, v, s, a, gamma), s, target)
        return parts, action_lines(self.problem, v, s, gamma)

    # -- state -------------------------------------------------------------------------------------

    def state(self) -> dict[str, NDArray[Any]]:
        """Copies of `arrays`."""
        return {name: array.copy() for name, array in self.arrays().items()}

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Take over copies of what `state` gave; `arrays` names attributes."""
        for name in self.arrays():
            setattr(self, name, state[name].copy())

    def check_state(self, state: dict[str, NDArray[Any]]) -> None:
        """Refuse what does not fit, and states that there are not."""
        super().check_state(state)
        mdp, record = self.problem.mdp, state["record"]
        told = np.isnan(record[0]) or (
            record[0] in (OPTIMAL, EXPECTED, IMPROVED)
            and 0 <= record[1] < mdp.n_states
            and -1 <= record[2] < mdp.n_actions
        )
        listed = state["backups"].min() >= -1 and state["backups"].max() < mdp.n_states
        check(bool(told and listed and state["sweeps"][0] >= 0), "what it has planned is outside its world.")

    def replace_problem(self, problem: Enumerable) -> None:
        """Keep the values of the states that are still there, and sweep on."""
        remap = Remap.between(self.problem.world, problem.world)
        if remap is not None:
            self.v = remap.onto(np.zeros((1, problem.mdp.n_states)), self.v[None])[0]
        self.problem = problem
        self.begin_again()

    def reconfigure(self, config: AgentConfig) -> None:
        """A changed discount makes the values wrong again, so the sweeps go on."""
        super().reconfigure(config)
        self.begin_again()

    def begin_again(self) -> None:
        """Sweep on from the values of now, or without a discount from zeros.

        There an old value would never be corrected where nothing is paid.
        """
        self.forget(self.problem)
        self.v[~self.states() | (self.config.gamma == 1)] = 0.0

    def learnt(self) -> dict[str, Floats]:
        """The values."""
        return {"V": self.v}

    def curves(self) -> dict[str, Curve]:
        """A planner has no episodes."""
        return {}

    @property
    def steps(self) -> Ints:
        """`[N]` sweeps."""
        return np.repeat(self.sweeps, self.n_seeds)

    @property
    def episodes(self) -> Ints:
        """`[N]` zeros."""
        return np.zeros(self.n_seeds, np.int64)
