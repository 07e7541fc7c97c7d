"""Value iteration: one optimality backup of every state, sweep after sweep.

    v(s) <- max_a sum_{s', r} p(s', r | s, a) [ r + gamma v(s') ]

Source: Bellman (1957); Sutton & Barto, 2nd edition, section 4.4.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.agent import Agent, Curve, Floats, Ints, Part, Snapshot, Tick, Update, View, number
from rlsandbox.learning.hyperparams import AgentConfig, hp
from rlsandbox.learning.oracle import lookahead
from rlsandbox.learning.policy import TabularPolicy, greedy_probs
from rlsandbox.learning.problem import Enumerable, Remap
from rlsandbox.worlds.compiled import kernel


@kernel
def sweep(
    v: Any, next_state: Any, prob: Any, terminal: Any, expected: Any, live: Any, gamma: float, in_place: bool
) -> float:
    """Back up every state of `v` `[S]` once; returns the residual, the largest change."""
    old = v if in_place else v.copy()
    residual = 0.0
    for s in range(v.shape[0]):
        if live[s]:
            best = -np.inf
            for a in range(prob.shape[1]):
                following = 0.0
                for k in range(prob.shape[2]):
                    if prob[s, a, k] > 0 and not terminal[s, a, k]:
                        following += prob[s, a, k] * old[next_state[s, a, k]]
                value = expected[s, a] + gamma * following
                if value > best or np.isnan(value):  # a NaN is passed on, so that it cannot go unnoticed
                    best = value
            change = abs(best - old[s])
            if not change <= residual:
                residual = change
            v[s] = best
    return residual


class ValueIteration(Agent):
    """Value iteration (Bellman, 1957): plans with the world's own model, without a step in it."""

    title = "Value iteration"
    source = "Bellman (1957); Sutton & Barto, 2nd ed., section 4.4"
    equation = "V(s) ← maxₐ Σ p(s′,r|s,a) [ r + γ V(s′) ]"
    accepts = (Enumerable,)
    unit = "sweeps"
    problem: Enumerable

    class Config(AgentConfig):
        """Hyperparameters."""

        gamma: float = hp(
            0.99, ge=0, le=1, label="Discount", symbol="γ", doc="discount of the next step's value", live=True
        )
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
        order: Literal["synchronous", "in place"] = hp(
            "synchronous", label="Sweep order", doc="whether a sweep reads only the last sweep's values"
        )

    def __init__(self, problem: Enumerable, config: Config, seeds: Sequence[int]) -> None:
        super().__init__(problem, config, seeds)
        self.v: Floats = np.zeros(problem.mdp.n_states)
        self.sweeps: Ints = np.zeros(1, np.int64)
        self.residuals: Floats = np.full(1, np.nan)  # unknown until the first sweep

    def learn(self) -> Iterator[Tick]:
        """Sweep until the residual is at most theta; there is nothing random, so all replicas are one."""
        while not self.residuals[0] <= self.config.theta and np.isfinite(self.v).all():
            mdp, in_place = self.problem.mdp, self.config.order == "in place"
            for _ in range(min(self.stride, self.step_budget - int(self.sweeps[0]))):
                self.residuals[0] = sweep(
                    self.v,
                    mdp.next_state,
                    mdp.prob,
                    mdp.terminal,
                    mdp.expected_reward,
                    mdp.live,
                    self.config.gamma,
                    in_place,
                )
                self.sweeps[0] += 1
                if self.residuals[0] <= self.config.theta:
                    break
            yield Tick("sweep", boundary=True)

    def snapshot(self, view: View) -> Snapshot:
        """Values, and the action values of one look ahead."""
        q = lookahead(self.problem.mdp, self.v, self.config.gamma)
        return Snapshot(
            replica=view.replica,
            v=self.v.copy(),
            q=q,
            policy=greedy_probs(q),
            steps=self.steps.copy(),
            episodes=self.episodes,
            backup=None if view.selected is None else self._backup(q, view.selected),
            metrics={} if np.isnan(self.residuals[0]) else {"residual": float(self.residuals[0])},
        )

    def policy(self) -> TabularPolicy:
        """Greedy to the values by one look ahead."""
        q = lookahead(self.problem.mdp, self.v, self.config.gamma)
        return TabularPolicy.greedy(np.repeat(q[None], self.n_seeds, axis=0))

    def state(self) -> dict[str, NDArray[Any]]:
        """Values, sweeps, residual."""
        return {"v": self.v.copy(), "sweeps": self.sweeps.copy(), "residuals": self.residuals.copy()}

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Take over copies of what `state` gave."""
        self.v, self.sweeps, self.residuals = (state[k].copy() for k in ("v", "sweeps", "residuals"))

    def replace_problem(self, problem: Enumerable) -> None:
        """Keep the values of the states that are still there, and sweep on."""
        remap = Remap.between(self.problem.world, problem.world)
        if remap is not None:
            self.v = np.where(remap.states >= 0, self.v[np.maximum(remap.states, 0)], 0.0)
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

    def _backup(self, q: Floats, s: int) -> Update | None:
        """The expectation that the next sweep computes for a state's best action."""
        mdp, gamma = self.problem.mdp, self.config.gamma
        if s >= mdp.n_states or not mdp.live[s]:
            return None
        a = int(q[s].argmax())
        parts = [Part(f"max over actions = {self.problem.world.actions[a].name}: ")]
        for k in np.flatnonzero(mdp.prob[s, a]):
            s_next, p = int(mdp.next_state[s, a, k]), float(mdp.prob[s, a, k])
            lead = "" if len(parts) == 1 else " + "
            parts.append(Part(lead + (f"{number(p)} · [ " if p != 1 else "[ ")))
            parts.append(Part(number(float(mdp.reward[s, a, k])), "reward"))
            if mdp.terminal[s, a, k]:
                parts.append(Part(" + 0 (terminal) ]"))
            else:
                parts.append(Part(f" + {number(gamma)} · "))
                parts.append(Part(number(float(self.v[s_next])), "next", s_next))
                parts.append(Part(" ]"))
        target = float(q[s, a])
        parts += [Part(" = "), Part(number(target), "new", s)]
        before = float(self.v[s])
        return Update(s, None, float("nan"), None, a, False, False, False, before, target, target - before,
                      target, 1.0, gamma, tuple(parts), int(self.sweeps[0]))  # fmt: skip
