"""n-step SARSA: the next n rewards, then the value of the action that is taken next.

    G = R[t+1] + gamma R[t+2] + ... + gamma^(n-1) R[t+n] + gamma^n Q(S[t+n], A[t+n])
    Q(S[t], A[t]) <- Q(S[t], A[t]) + alpha [ G - Q(S[t], A[t]) ]

A pair is updated when n steps have followed it. At an episode's end all pairs that are left are updated
within the last step, the oldest first: where it terminated, from rewards alone; where it was cut, from the
value of what would have come next.

Source: Sutton & Barto, 2nd edition, section 7.2.
"""

from __future__ import annotations

from typing import Any

from rlsandbox.learning.n_step_control import NStepControl
from rlsandbox.learning.ring import back, emptied, keep, of_pair, tell_of
from rlsandbox.learning.stepping import explore, stepping, tell
from rlsandbox.worlds.compiled import kernel


@kernel(inline="always")
def learn(tables: Any, model: Any, t: Any, now: Any, rng: Any, record: Any, telling: Any) -> Any:
    """Choose what follows a step `t`, and learn from it what was done n steps before."""
    q, pairs, paid, told, n = tables.q, tables.pairs, tables.paid, tables.told, tables.pairs.shape[0]
    next_value, a_next, explored = 0.0, -1, False
    if not t.terminated:
        rng, a_next, explored = explore(tables, model, t.s_next, now, rng)
        next_value = q[t.s_next, a_next]
    newest, held = keep(tables, t)
    if telling:
        told[:] = 0.0
        told[:, 4] = 1.0
        tell(record, t, now, a_next, q[t.s, t.a], q[t.s, t.a], q[t.s, t.a], next_value)
    fewest = 1 if t.terminated or t.truncated else n
    for length in range(held, fewest - 1, -1):
        at, target = newest, paid[newest, 0] + now.gamma * next_value
        for _ in range(length - 1):
            at = back(at, n)
            target = paid[at, 0] + now.gamma * target
        s, a = pairs[at, 0], pairs[at, 1]
        here, before = of_pair(now, tables.visits, s, a), q[s, a]
        td_error = target - before
        q[s, a] = before + here.alpha * td_error
        if telling:
            k = held - length
            told[k, 0], told[k, 1], told[k, 2] = before, target, q[s, a]
            if k == 0:
                tell_of(record, tables, at, t, here, a_next, before, target, q[s, a], next_value)
    return rng, a_next, explored


class NStepSarsa(NStepControl):
    """n-step SARSA: between SARSA (n = 1) and Monte Carlo control (n beyond the episode's end)."""

    title = "n-step SARSA"
    source = "Sutton & Barto, 2nd ed., section 7.2"
    equation = "Q(s,a) ← Q(s,a) + α [ r₁ + γ r₂ + … + γⁿ Q(sₙ,aₙ) − Q(s,a) ]"
    loop = stepping(learn, begin=emptied)
