"""SARSA(lambda): SARSA whose every error reaches the pairs that led to it, by their eligibility traces.

    delta = R + gamma Q(S', A') - Q(S, A)
    e(S, A) <- e(S, A) + 1 (accumulating), 1 (replacing) or e(S, A) + 1 - alpha e(S, A) (Dutch)
    for all s, a:  Q(s, a) <- Q(s, a) + alpha delta e(s, a),  then e(s, a) <- gamma lambda e(s, a)

With Dutch traces it is true online SARSA(lambda): delta in the second equation gains Q(S, A) - Q_old, and
Q(S, A) itself loses alpha (Q(S, A) - Q_old), where Q_old is what the step before took for Q(S, A).

Sources: Rummery & Niranjan (1994), van Seijen & Sutton (2014); Sutton & Barto, 2nd edition, section 12.7.
"""

from __future__ import annotations

from typing import Any, Literal

from rlsandbox.learning.configs import ControlConfig
from rlsandbox.learning.hyperparams import hp
from rlsandbox.learning.stepping import explore, stepping, tell
from rlsandbox.learning.traced_control import TracedControl, untraced
from rlsandbox.learning.traces import DUTCH, Decaying, spread, visit
from rlsandbox.learning.walk import Index
from rlsandbox.worlds.compiled import kernel


@kernel(inline="always")
def learn(tables: Any, model: Any, t: Any, now: Any, rng: Any, record: Any, telling: Any) -> Any:
    """Choose what follows a step `t`, and let its error reach all that led to it."""
    q, own = tables.q, now.own
    before, next_value, a_next, explored = q[t.s, t.a], 0.0, -1, False
    if not t.terminated:
        rng, a_next, explored = explore(tables, model, t.s_next, now, rng)
        next_value = q[t.s_next, a_next]
    target = t.reward + now.gamma * next_value
    td_error = target - before
    flat = t.s * Index(q.shape[1]) + t.a
    visit(tables, flat, own.kind, now.alpha)
    gap = before - tables.q_old[0] if own.kind == DUTCH else 0.0
    decay = now.gamma * own.trace_decay
    after = spread(q.reshape(q.size), tables, flat, now.alpha, td_error, gap, decay, telling)
    tables.q_old[0] = next_value
    if telling:
        tell(record, t, now, a_next, before, target, after, next_value)
    return rng, a_next, explored


class SarsaLambdaConfig(Decaying, ControlConfig):
    """Hyperparameters of SARSA(lambda)."""

    traces: Literal["accumulating", "replacing", "Dutch"] = hp(
        "replacing",
        label="Traces",
        doc="what a visit makes of a trace: one more, 1, or the mean of both by alpha (true online)",
    )


class SarsaLambda(TracedControl):
    """SARSA(λ) (Rummery & Niranjan, 1994): what happens now corrects all that led to it."""

    title = "SARSA(λ)"
    source = "Rummery & Niranjan (1994); Sutton & Barto, 2nd ed., section 12.7"
    equation = "Q ← Q + α [ r + γ Q(s′,a′) − Q(s,a) ] e,  e ← γ λ e"
    Config = SarsaLambdaConfig
    loop = stepping(learn, begin=untraced)
