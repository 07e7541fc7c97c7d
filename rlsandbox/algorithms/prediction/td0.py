"""TD(0): the values of a policy, learnt from one step at a time.

    V(S) <- V(S) + alpha [ R + gamma V(S') - V(S) ]

Source: Sutton (1988); Sutton & Barto, 2nd edition, section 6.1.
"""

from __future__ import annotations

from typing import Any

from rlsandbox.learning.prediction import Prediction, follow
from rlsandbox.learning.stepping import stepping, tell
from rlsandbox.learning.walk import Index
from rlsandbox.worlds.compiled import kernel


@kernel(inline="always")
def learn(tables: Any, model: Any, t: Any, now: Any, rng: Any, record: Any, telling: Any) -> Any:
    """Learn from a step `t` and the value of where it led."""
    v = tables.v
    before, next_value = v[t.s], 0.0 if t.terminated else v[Index(t.s_next)]
    target = t.reward + now.gamma * next_value
    td_error = target - before
    v[t.s] = before + now.alpha * td_error
    if telling:
        tell(record, t, now, -1, before, target, v[t.s], next_value)
    return rng, -1, False


class TD0(Prediction):
    """TD(0) (Sutton, 1988): learns a guess from a guess, one step after the other."""

    title = "TD(0)"
    source = "Sutton (1988); Sutton & Barto, 2nd ed., section 6.1"
    equation = "V(s) ← V(s) + α [ r + γ V(s′) − V(s) ]"
    loop = stepping(learn, act=follow)
