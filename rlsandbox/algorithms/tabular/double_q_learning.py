"""Double Q-learning: one table says which action is best, the other what it is worth.

    with chance 1/2:  Q1(S, A) <- Q1(S, A) + alpha [ R + gamma Q2(S', argmax_a Q1(S', a)) - Q1(S, A) ]
    else:             Q2(S, A) <- Q2(S, A) + alpha [ R + gamma Q1(S', argmax_a Q2(S', a)) - Q2(S, A) ]

It acts by the mean of both. A single table takes the maximum of noisy estimates for an estimate of the
maximum, which is too high; here the noise of the choice and that of the value are independent.

Source: van Hasselt (2010); Sutton & Barto, 2nd edition, section 6.7.
"""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import numpy as np

from rlsandbox.learning.agent import Floats, Part, number
from rlsandbox.learning.control import Control
from rlsandbox.learning.exploration import DRAW, epsilon_greedy, greatest, uniform
from rlsandbox.learning.stepping import stepping, tell
from rlsandbox.learning.walk import Index
from rlsandbox.learning.written import closed, corrected, rewarded
from rlsandbox.worlds.compiled import kernel


class Tables(NamedTuple):
    """Two tables of action values and their mean."""

    q: Any  # [N, S, A] float64, the mean, which it acts by
    q_1: Any  # [N, S, A] float64
    q_2: Any  # [N, S, A] float64
    visits: Any  # [N, S, A] int64
    told: Any  # [N] int64, which table was updated last: 1 or 2


@kernel(inline="always")
def learn(tables: Any, model: Any, t: Any, now: Any, rng: Any, record: Any, telling: Any) -> Any:
    """Toss a coin for the table that learns from a step `t`; the other one says the value."""
    rng += DRAW
    u = 2.0 * uniform(rng)
    first = u < 1.0
    mine, other = (tables.q_1, tables.q_2) if first else (tables.q_2, tables.q_1)
    before, next_value, best = mine[t.s, t.a], 0.0, -1
    if not t.terminated:
        following = mine[Index(t.s_next)]
        _, best, ties = greatest(following)
        best = epsilon_greedy(following, best, ties, 0.0, u if first else u - 1.0)  # of equal ones any
        next_value = other[t.s_next, best]
    target = t.reward + now.gamma * next_value
    td_error = target - before
    after = before + now.alpha * td_error
    mine[t.s, t.a] = after
    tables.q[t.s, t.a] = 0.5 * (after + other[t.s, t.a])
    if telling:
        tables.told[0] = 1 if first else 2
        tell(record, t, now, best, before, target, after, next_value)
    return rng, -1, False


class DoubleQLearning(Control):
    """Double Q-learning (van Hasselt, 2010): two tables, so that noise is not taken for value."""

    title = "Double Q-learning"
    source = "van Hasselt (2010); Sutton & Barto, 2nd ed., section 6.7"
    equation = (
        "Q₁(s,a) ← Q₁(s,a) + α [ r + γ Q₂(s′, argmax Q₁(s′,·)) − Q₁(s,a) ], or with Q₁ and Q₂ exchanged"
    )
    loop = stepping(learn)
    kept: ClassVar[frozenset[str]] = frozenset({"q", "q_1", "q_2", "visits"})

    def make_tables(self) -> Tables:
        """Both tables at their start."""
        q, q_1, q_2 = (self.per_action(self.config.initial_q) for _ in range(3))
        return Tables(q, q_1, q_2, self.per_action(0, np.int64), np.zeros(self.n_seeds, np.int64))

    def learnt(self) -> dict[str, Floats]:
        """Both tables, and their mean."""
        return {"Q1": self.tables.q_1, "Q2": self.tables.q_2, "Q": self.tables.q}

    def written(self, row: dict[str, float], replica: int) -> tuple[Part, ...]:
        """The update with the names of the table that learns and of the one that says the value."""
        mine = 1 if row["step"] < 0 else int(self.tables.told[replica])
        name, other = ("Q₁", "Q₂") if mine == 1 else ("Q₂", "Q₁")
        lead = Part(f" + {number(row['gamma'])} · ")
        following = (lead, Part("0 (terminal)"))
        if not row["terminated"]:
            action = self.problem.world.actions[int(row["next_action"])].name
            value = Part(closed(row["next_value"]), "next", int(row["next_state"]))
            following = (lead, value, Part(f" ({other} of {action}, the best by {name})"))
        return (Part(f"{name}: "), *corrected(row, (*rewarded(row), *following)))

    def corrected(self, replica: int) -> Floats:
        """The first table."""
        return self.tables.q_1[replica]

    def successor(self, state: int, replica: int) -> float:
        """What the second table says of the first one's best action."""
        return float(self.tables.q_2[replica, state, self.tables.q_1[replica, state].argmax()])
