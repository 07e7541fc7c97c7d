"""Expected SARSA: on-policy control that bootstraps from the mean over what may follow, not from a sample.

    Q(S, A) <- Q(S, A) + alpha [ R + gamma sum_a pi(a|S') Q(S', a) - Q(S, A) ]

pi is the policy that it behaves by: epsilon-greedy or softmax. For an exploration whose chances have no
closed form or go by counts (UCB, count bonus, Thompson sampling) it is the greedy one, as in Q-learning.

Source: van Seijen, van Hasselt, Whiteson & Wiering (2009); Sutton & Barto, 2nd edition, section 6.6.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.agent import Line, Part, number
from rlsandbox.learning.control import Control
from rlsandbox.learning.exploration import chance, expected, expected_by
from rlsandbox.learning.stepping import stepping, tell
from rlsandbox.learning.walk import Index
from rlsandbox.learning.written import closed
from rlsandbox.worlds.compiled import kernel


class Tables(NamedTuple):
    """Action values, and what the last expectation was taken over."""

    q: Any  # [N, S, A] float64
    visits: Any  # [N, S, A] int64
    told: Any  # [N, A, 2] float64: pi(a|s') and Q(s', a)


@kernel(inline="always")
def learn(tables: Any, model: Any, t: Any, now: Any, rng: Any, record: Any, telling: Any) -> Any:
    """Learn from a step `t` and the mean of what may follow it."""
    q = tables.q
    before, next_value = q[t.s, t.a], 0.0
    if not t.terminated:
        next_value = expected(q[Index(t.s_next)], now.kind, now.level)
    if telling:
        for a in range(q.shape[1]):
            tables.told[a, 0] = chance(q[t.s_next], a, now.kind, now.level)
            tables.told[a, 1] = q[t.s_next, a]
    target = t.reward + now.gamma * next_value
    td_error = target - before
    q[t.s, t.a] = before + now.alpha * td_error
    if telling:
        tell(record, t, now, -1, before, target, q[t.s, t.a], next_value)
    return rng, -1, False


class ExpectedSarsa(Control):
    """Expected SARSA (van Seijen et al., 2009): SARSA without the chance of its next action."""

    title = "Expected SARSA"
    source = "van Seijen et al. (2009); Sutton & Barto, 2nd ed., section 6.6"
    equation = "Q(s,a) ← Q(s,a) + α [ r + γ Σ π(·|s′) Q(s′,·) − Q(s,a) ]"
    loop = stepping(learn)

    def make_tables(self) -> Tables:
        """Action values at their start."""
        told = np.zeros((self.n_seeds, self.problem.mdp.n_actions, 2))
        return Tables(self.per_action(self.config.initial_q), self.per_action(0, np.int64), told)

    def lines(self, row: dict[str, float], replica: int) -> tuple[Line, ...]:
        """The terms of the expectation: one line an action."""
        if row["terminated"]:
            return ()
        state = int(row["next_state"])
        told = self._terms(state, replica) if row["step"] < 0 else self.tables.told[replica]
        names = [action.name for action in self.problem.world.actions]
        return tuple(
            Line(state, (Part(f"{name}: {number(p)} · "), Part(closed(value), "next", state)))
            for name, (p, value) in list(zip(names, told.tolist(), strict=True))[:32]
        )

    def _terms(self, state: int, replica: int) -> NDArray[np.float64]:
        q, level = self.tables.q[replica, state], self.level(int(self.walk.episodes[replica]))
        return np.stack([expected_by(q[None], self.exploration()[0], level)[0], q], axis=1)

    def successor(self, state: int, replica: int) -> float:
        """The mean over the actions that may follow."""
        return float(self._terms(state, replica).prod(axis=1).sum())
