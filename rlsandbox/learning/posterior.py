"""What is believed of a world whose outcomes were counted: drawing a world from it, and solving that.

An outcome's chances are Dirichlet, a pair's mean reward is normal, of what `own` says was believed at first.
`tables` are those of a counted model, with the states met and the world drawn.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rlsandbox.learning.exploration import DRAW, greatest, standard_normal, uniform
from rlsandbox.learning.walk import Index
from rlsandbox.worlds.compiled import kernel


@kernel
def gamma_draw(shape: float, rng: Any) -> Any:
    """(rng, a draw from the gamma distribution of this shape and scale 1) (Marsaglia & Tsang, 2000).

    Such draws, divided by their sum, are one from the Dirichlet distribution of their shapes.
    """
    factor = 1.0
    if shape < 1.0:  # a draw for one more, made smaller
        rng += DRAW
        factor = (1.0 - uniform(rng)) ** (1.0 / shape)
        shape += 1.0
    d = shape - 1.0 / 3.0
    c = 1.0 / np.sqrt(9.0 * d)
    while True:
        rng += DRAW + DRAW
        x = standard_normal(uniform(rng - DRAW), uniform(rng))
        v = (1.0 + c * x) ** 3
        if v > 0.0:
            rng += DRAW
            if np.log(1.0 - uniform(rng)) < 0.5 * x * x + d - d * v + d * np.log(v):
                return rng, factor * d * v


@kernel
def posterior(tables: Any, s: Any, a: Any, own: Any) -> Any:
    """Mean of a pair's mean reward, and how sure that is (1 / variance)."""
    n, total = 0, 0.0
    for k in range(tables.seen.shape[2]):
        n += tables.seen[s, a, k]
        total += tables.seen[s, a, k] * tables.reward[s, a, k]
    rate = own.prior_rate + n * own.rate
    return (own.prior_rate * own.prior_mean + own.rate * total) / rate, rate


@kernel
def draw_world(tables: Any, own: Any, rng: Any) -> Any:
    """Draw a world from the posterior, of the states met."""
    n_slots = tables.seen.shape[2]
    for i in range(tables.n_states[0]):
        s = Index(tables.states[Index(i)])
        for action in range(tables.q.shape[1]):
            a = Index(action)
            mean, rate = posterior(tables, s, a, own)
            rng += DRAW + DRAW
            normal = standard_normal(uniform(rng - DRAW), uniform(rng))
            tables.drawn_reward[s, a] = mean + normal / np.sqrt(rate)
            chance = tables.drawn_chance[s, a]
            rng, chance[n_slots] = gamma_draw(own.unseen, rng)
            total = chance[n_slots]
            for k in range(n_slots):
                chance[k] = 0.0
                if tables.seen[s, a, k] > 0:
                    rng, chance[k] = gamma_draw(float(tables.seen[s, a, k]), rng)
                    total += chance[k]
            for k in range(n_slots + 1):
                chance[k] /= total
            rng += DRAW
            tables.drawn_state[s, a] = tables.states[Index(uniform(rng) * tables.n_states[0])]
    return rng


@kernel
def solve(tables: Any, gamma: float, own: Any) -> None:
    """Optimal action values of the world drawn, by value iteration in place, to and fro."""
    q, n, n_slots = tables.q, tables.n_states[0], tables.seen.shape[2]
    q[:] = 0.0
    for swept in range(own.sweeps):
        residual = 0.0
        for i in range(n):
            s = Index(tables.states[Index(i if swept % 2 else n - 1 - i)])
            for a in range(q.shape[1]):
                following, _, _ = greatest(q[Index(tables.drawn_state[s, a])])
                following *= tables.drawn_chance[s, a, n_slots]
                for k in range(n_slots):
                    if tables.drawn_chance[s, a, k] > 0 and not tables.ended[s, a, k]:
                        value, _, _ = greatest(q[Index(tables.successor[s, a, k])])
                        following += tables.drawn_chance[s, a, k] * value
                value = tables.drawn_reward[s, a] + gamma * following
                change = abs(value - q[s, a])
                if not change <= residual:
                    residual = change
                q[s, a] = value
        if not residual > own.theta:
            break
