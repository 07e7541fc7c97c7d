"""SARSA: on-policy temporal-difference control.

    Q(S, A) <- Q(S, A) + alpha [ R + gamma Q(S', A') - Q(S, A) ]

Source: Rummery & Niranjan (1994); Sutton & Barto, 2nd edition, section 6.4.
"""

from __future__ import annotations

from typing import Any

from rlsandbox.learning.control import Control
from rlsandbox.learning.stepping import explore, stepping, tell
from rlsandbox.worlds.compiled import kernel


@kernel(inline="always")
def learn(tables: Any, model: Any, t: Any, now: Any, rng: Any, record: Any, telling: Any) -> Any:
    """Choose what follows a step `t`, and learn from the value of that very choice."""
    q = tables.q
    before, next_value, a_next, explored = q[t.s, t.a], 0.0, -1, False
    if not t.terminated:
        rng, a_next, explored = explore(tables, model, t.s_next, now, rng)
        next_value = q[t.s_next, a_next]
    target = t.reward + now.gamma * next_value
    td_error = target - before
    q[t.s, t.a] = before + now.alpha * td_error
    if telling:
        tell(record, t, now, a_next, before, target, q[t.s, t.a], next_value)
    return rng, a_next, explored


class Sarsa(Control):
    """SARSA (Rummery & Niranjan, 1994): learns the values of the policy that it follows, detours included."""

    title = "SARSA"
    source = "Rummery & Niranjan (1994); Sutton & Barto, 2nd ed., section 6.4"
    equation = "Q(s,a) ← Q(s,a) + α [ r + γ Q(s′,a′) − Q(s,a) ]"
    loop = stepping(learn)
