"""Watkins's Q(lambda): Q-learning with eligibility traces that an exploratory action cuts.

    delta = R + gamma max_a Q(S', a) - Q(S, A)
    e(S, A) <- e(S, A) + 1 (accumulating) or 1 (replacing)
    for all s, a:  Q(s, a) <- Q(s, a) + alpha delta e(s, a),  then e(s, a) <- gamma lambda e(s, a)
    all e <- 0 as soon as an action is taken that is not a greedy one

Beyond such an action the rewards say nothing of the greedy policy, which is what is learnt.

Source: Watkins (1989); Sutton & Barto, 1st edition, section 7.6, and 2nd edition, section 12.10.
"""

from __future__ import annotations

from typing import Any, Literal

from rlsandbox.learning.configs import ControlConfig
from rlsandbox.learning.exploration import choose_seen, greatest
from rlsandbox.learning.hyperparams import hp
from rlsandbox.learning.stepping import stepping, tell
from rlsandbox.learning.traced_control import TracedControl, untraced
from rlsandbox.learning.traces import Decaying, forget, spread, visit
from rlsandbox.learning.walk import Index
from rlsandbox.worlds.compiled import kernel


@kernel(inline="always")
def act(tables: Any, model: Any, s: Any, now: Any, rng: Any) -> Any:
    """Choose; an action that is not the best known one cuts all traces."""
    values = tables.q[Index(s)]
    best, action, ties = greatest(values)
    rng, action, explored = choose_seen(values, action, ties, tables.visits[Index(s)], now, rng)
    if values[action] < best:
        forget(tables)
    return rng, action, explored


@kernel(inline="always")
def learn(tables: Any, model: Any, t: Any, now: Any, rng: Any, record: Any, telling: Any) -> Any:
    """Let the error of a step `t` reach all that led to it greedily."""
    q, own = tables.q, now.own
    before, next_value = q[t.s, t.a], 0.0
    if not t.terminated:
        next_value, _, _ = greatest(q[Index(t.s_next)])
    target = t.reward + now.gamma * next_value
    td_error = target - before
    flat = t.s * Index(q.shape[1]) + t.a
    visit(tables, flat, own.kind, now.alpha)
    decay = now.gamma * own.trace_decay
    after = spread(q.reshape(q.size), tables, flat, now.alpha, td_error, 0.0, decay, telling)
    if telling:
        tell(record, t, now, -1, before, target, after, next_value)
    return rng, -1, False


class QLambdaConfig(Decaying, ControlConfig):
    """Hyperparameters of Q(lambda)."""

    traces: Literal["accumulating", "replacing"] = hp(
        "replacing", label="Traces", doc="what a visit makes of a trace: one more, or 1"
    )


class QLambda(TracedControl):
    """Watkins's Q(λ) (1989): errors reach back as far as it acted greedily."""

    title = "Q(λ)"
    source = "Watkins (1989); Sutton & Barto, 2nd ed., section 12.10"
    equation = "Q ← Q + α [ r + γ max Q(s′,·) − Q(s,a) ] e,  e ← γ λ e, 0 where it explores"
    Config = QLambdaConfig
    loop = stepping(learn, act=act, begin=untraced)
