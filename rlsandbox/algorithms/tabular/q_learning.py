"""Q-learning: off-policy temporal-difference control.

    Q(S, A) <- Q(S, A) + alpha [ R + gamma max_a Q(S', a) - Q(S, A) ]

Source: Watkins (1989); Sutton & Barto, 2nd edition, section 6.5.
"""

from __future__ import annotations

from typing import Any

from rlsandbox.learning.control import Control
from rlsandbox.learning.exploration import greatest
from rlsandbox.learning.stepping import stepping, tell
from rlsandbox.learning.walk import Index
from rlsandbox.worlds.compiled import kernel


@kernel(inline="always")
def learn(tables: Any, model: Any, t: Any, now: Any, rng: Any, record: Any, telling: Any) -> Any:
    """Learn from a step `t` as if the best known action followed."""
    q = tables.q
    before, next_value = q[t.s, t.a], 0.0
    if not t.terminated:
        next_value, _, _ = greatest(q[Index(t.s_next)])
    target = t.reward + now.gamma * next_value
    td_error = target - before
    q[t.s, t.a] = before + now.alpha * td_error
    if telling:
        tell(record, t, now, -1, before, target, q[t.s, t.a], next_value)
    return rng, -1, False


class QLearning(Control):
    """Q-learning (Watkins, 1989): learns the greedy policy's values while it explores."""

    title = "Q-learning"
    source = "Watkins (1989); Sutton & Barto, 2nd ed., section 6.5"
    equation = "Q(s,a) ← Q(s,a) + α [ r + γ max Q(s′,·) − Q(s,a) ]"
    loop = stepping(learn)
