"""Slopes of losses of action values at the outputs of networks, and choices by those values, compiled."""

from __future__ import annotations

from typing import Any

import numpy as np

from rlsandbox.learning.exploration import DRAW, epsilon_greedy, greatest, uniform
from rlsandbox.worlds.compiled import kernel


@kernel(error_model="numpy")
def choose_greedily(q: Any, epsilon: float, rng: Any, moving: Any, action: Any) -> None:
    """Fill `[N, B]` with epsilon-greedy choices by `[N, B, A]` values, of the `moving` replicas `[N]`."""
    for i in range(q.shape[0]):
        if not moving[i]:
            continue
        for b in range(q.shape[1]):
            _, first, ties = greatest(q[i, b])
            rng[i] += DRAW
            action[i, b] = epsilon_greedy(q[i, b], first, ties, epsilon, uniform(rng[i]))


@kernel(error_model="numpy")
def values_of_best(q: Any, judge: Any, value: Any) -> None:
    """Fill `[N, B]` with the values `q` `[N, B, A]` of the actions with the largest ones in `judge`."""
    for i in range(q.shape[0]):
        for b in range(q.shape[1]):
            _, first, _ = greatest(judge[i, b])
            value[i, b] = q[i, b, first]


@kernel(error_model="numpy")
def td_slopes(
    advantage: Any,
    base: Any,
    action: Any,
    target: Any,
    weight: Any,
    dueling: bool,
    huber: bool,
    slope_advantage: Any,
    slope_base: Any,
    value: Any,
    numbers: Any,
) -> None:
    """Slopes of the mean of weight (target - Q(s, a))^2, or of twice the Huber loss with threshold 1.

    Q = V + A - mean A with `dueling`, else Q = A.

    Args:
        advantage: `[N, B, A]`.
        base: `[N, B]` V.
        action: `[N, B]`.
        target: `[N, B]`.
        weight: `[N, B]`.
        dueling: whether there is a V.
        huber: which loss.
        slope_advantage: like `advantage`, to fill.
        slope_base: like `base`, to fill.
        value: `[N, B]` to fill with Q(s, a).
        numbers: `[3, N]` to fill: loss, mean Q, mean |TD error|.
    """
    n_actions, share = advantage.shape[2], 1.0 / action.shape[1]
    for i in range(action.shape[0]):
        numbers[0, i] = numbers[1, i] = numbers[2, i] = 0.0
        for b in range(action.shape[1]):
            q = np.float64(advantage[i, b, action[i, b]])
            if dueling:
                q += base[i, b]
                for j in range(n_actions):
                    q -= advantage[i, b, j] / n_actions
            error = target[i, b] - q
            size = abs(error)
            linear = huber and size > 1.0
            slope = -2.0 * share * weight[i, b] * (np.sign(error) if linear else error)
            for j in range(n_actions):
                own = 1.0 if j == action[i, b] else 0.0
                slope_advantage[i, b, j] = slope * (own - 1.0 / n_actions if dueling else own)
            slope_base[i, b], value[i, b] = slope, q
            numbers[0, i] += share * weight[i, b] * (2.0 * size - 1.0 if linear else error * error)
            numbers[1, i] += share * q
            numbers[2, i] += share * size
