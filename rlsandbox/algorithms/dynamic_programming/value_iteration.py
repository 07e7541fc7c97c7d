"""Value iteration: one optimality backup of every state, sweep after sweep.

    v(s) <- max_a sum_{s', r} p(s', r | s, a) [ r + gamma v(s') ]

Source: Bellman (1957); Sutton & Barto, 2nd edition, section 4.4.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from rlsandbox.learning.hyperparams import hp
from rlsandbox.learning.planning import Planner, PlannerConfig
from rlsandbox.worlds.compiled import kernel


@kernel
def sweep(
    v: Any, old: Any, next_state: Any, prob: Any, terminal: Any, expected: Any, live: Any, gamma: float
) -> float:
    """Back up every live state of `v` `[S]` once from `old` (or `v` itself); returns the largest change."""
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


class ValueIteration(Planner):
    """Value iteration (Bellman, 1957): plans with the world's own model, without a step in it."""

    title = "Value iteration"
    source = "Bellman (1957); Sutton & Barto, 2nd ed., section 4.4"
    equation = "V(s) ← maxₐ Σ p(s′,r|s,a) [ r + γ V(s′) ]"

    class Config(PlannerConfig):
        """Hyperparameters."""

        order: Literal["synchronous", "in place"] = hp(
            "synchronous", label="Sweep order", doc="whether a sweep reads only the last sweep's values"
        )

    def sweep(self) -> float:
        """Back up every state once."""
        mdp = self.problem.mdp
        old = self.v if self.config.order == "in place" else self.v.copy()
        states = np.flatnonzero(mdp.live)
        self.backups[: states.size] = states
        return sweep(
            self.v,
            old,
            mdp.next_state,
            mdp.prob,
            mdp.terminal,
            mdp.expected_reward,
            mdp.live,
            self.config.gamma,
        )
