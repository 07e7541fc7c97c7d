"""What methods share that plan with the world's own model, sweep by sweep."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.agent import (
    Agent,
    Curve,
    Floats,
    Ints,
    Part,
    Preset,
    Snapshot,
    Tick,
    Update,
    View,
    number,
)
from rlsandbox.learning.configs import Discounted
from rlsandbox.learning.hyperparams import AgentConfig, hp
from rlsandbox.learning.oracle import lookahead
from rlsandbox.learning.policy import TabularPolicy, greedy_probs
from rlsandbox.learning.problem import Enumerable, Remap
from rlsandbox.learning.written import expectation


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


class Planner(Agent):
    """Base of planners; there is nothing random in them, so all replicas are one.

    A subclass gives `sweep`, and where it has more than values, `arrays`.

    Attributes:
        v: `[S]` values.
        sweeps: `[1]` how many have been made.
        residuals: `[1]` the largest change of the last one, NaN before the first and after an edit.
        backups: `[S]` states in the order in which the last sweep backed them up, -1 beyond the last.
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
        self.residuals: Floats = np.full(1, np.nan)
        self.backups: Ints = np.full(problem.mdp.n_states, -1, np.int64)

    @abstractmethod
    def sweep(self) -> float:
        """Back up states of `v` once and list them in `backups`; returns the largest change."""

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All that this planner keeps, by reference."""
        return {"v": self.v, "sweeps": self.sweeps, "residuals": self.residuals, "backups": self.backups}

    @property
    def done(self) -> bool:
        """Whether nothing is left to plan."""
        return bool(self.residuals[0] <= self.config.theta)

    def learn(self) -> Iterator[Tick]:
        """Sweep until it is done; every tick is a boundary."""
        while not self.done and all(np.isfinite(values).all() for values in self.learnt().values()):
            for _ in range(min(self.stride, self.step_budget - int(self.sweeps[0]))):
                self.residuals[0] = self.sweep()
                self.sweeps[0] += 1
                if self.done:
                    break
            yield Tick("sweep", boundary=True)

    def action_values(self) -> Floats:
        """`[S, A]` by one look ahead."""
        return lookahead(self.problem.mdp, self.v, self.config.gamma)

    def probs(self, q: Floats) -> Floats:
        """`[S, A]`: the policy of now, greedy unless a subclass keeps another."""
        return greedy_probs(q)

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
            backup=self.backup(q, s) if asked and s is not None else None,
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

    def state(self) -> dict[str, NDArray[Any]]:
        """Copies of `arrays`."""
        return {name: array.copy() for name, array in self.arrays().items()}

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Take over copies of what `state` gave; `arrays` names attributes."""
        for name in self.arrays():
            setattr(self, name, state[name].copy())

    def replace_problem(self, problem: Enumerable) -> None:
        """Keep the values of the states that are still there, and sweep on."""
        remap = Remap.between(self.problem.world, problem.world)
        if remap is not None:
            self.v = remap.onto(np.zeros((1, problem.mdp.n_states)), self.v[None])[0]
        self.backups = np.full(problem.mdp.n_states, -1, np.int64)
        self.v[~problem.mdp.live] = 0.0
        self.problem, self.residuals[0] = problem, np.nan

    def reconfigure(self, config: AgentConfig) -> None:
        """A changed discount makes the values wrong again, so the sweeps go on."""
        super().reconfigure(config)
        self.residuals[0] = np.nan

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

    def backup(self, q: Floats, s: int) -> Update:
        """What the next sweep computes for a state: the optimality backup, unless a subclass has another."""
        a = int(q[s].argmax())
        name = self.problem.world.actions[a].name
        parts = (
            Part(f"max over actions = {name}: "),
            *expectation(self.problem.mdp, self.v, s, a, self.config.gamma),
        )
        return self.told(s, a, float(q[s, a]), parts)

    def told(self, s: int, a: int | None, target: float, parts: tuple[Part, ...]) -> Update:
        """A backup of `v[s]` to a target, written out."""
        before = float(self.v[s])
        return Update(
            state=s,
            action=None,
            reward=float("nan"),
            next_state=None,
            next_action=a,
            terminated=False,
            truncated=False,
            explored=False,
            before=before,
            target=target,
            td_error=target - before,
            after=target,
            alpha=1.0,
            gamma=self.config.gamma,
            parts=(*parts, Part(" = "), Part(number(target), "new", s)),
            step=int(self.sweeps[0]),
        )
