"""Slopes of policy-gradient losses at the outputs of networks, compiled.

With pi = softmax(logits), the slope of log pi(a) at logit j is [j = a] - pi_j, and that of the entropy
H = -sum pi log pi is -pi_j (log pi_j + H). A network's backward pass takes it from there; autograd would take
several times as long for losses as small as these.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rlsandbox.worlds.compiled import kernel


@kernel(inline="always")
def log_sum_exp(logits: Any) -> float:
    """Log sum exp of `[A]`; a log-probability is its logit minus this."""
    highest, total = logits[0], 0.0
    for j in range(1, logits.shape[0]):
        highest = max(highest, logits[j])
    for j in range(logits.shape[0]):
        total += np.exp(logits[j] - highest)
    return highest + np.log(total)


@kernel(inline="always")
def entropy_of(logits: Any, whole: float) -> float:
    """Entropy of softmax of `[A]`; `whole` is its `log_sum_exp`."""
    entropy = 0.0
    for j in range(logits.shape[0]):
        entropy -= np.exp(logits[j] - whole) * (logits[j] - whole)
    return entropy


@kernel(inline="always")
def slope_policy(
    logits: Any, whole: float, entropy: float, a: int, gain: float, bonus: float, slope: Any
) -> None:
    """Fill `[A]` with the slope of -gain log pi(a) - bonus H."""
    for j in range(logits.shape[0]):
        log_prob = logits[j] - whole
        chance = np.exp(log_prob)
        slope[j] = gain * (chance - (1.0 if j == a else 0.0)) + bonus * chance * (log_prob + entropy)


@kernel(error_model="numpy")
def actor_critic_slopes(
    logits: Any,
    value: Any,
    action: Any,
    gain: Any,
    target: Any,
    share: Any,
    value_weight: float,
    entropy_weight: float,
    slope_logits: Any,
    slope_value: Any,
    log_prob: Any,
    numbers: Any,
) -> None:
    """Slopes of sum share [ -log pi(a|s) gain + c_v (V(s) - target)^2 - c_e H(pi(.|s)) ].

    Args:
        logits: `[N, B, A]`.
        value: `[N, B, 1]`.
        action: `[N, B]`.
        gain: `[N, B]` what weighs the actions: advantages, returns, TD errors.
        target: `[N, B]` what values are drawn to.
        share: `[N, B]` how much a step counts; sums to 1, or is 0 for padding.
        value_weight: c_v.
        entropy_weight: c_e.
        slope_logits: like `logits`, to fill.
        slope_value: like `value`, to fill.
        log_prob: `[N, B]` to fill.
        numbers: `[3, N]` to fill: policy loss, value loss, entropy.
    """
    for i in range(logits.shape[0]):
        numbers[0, i] = numbers[1, i] = numbers[2, i] = 0.0
        for b in range(logits.shape[1]):
            row, part, a = logits[i, b], share[i, b], action[i, b]
            whole = log_sum_exp(row)
            entropy, error = entropy_of(row, whole), value[i, b, 0] - target[i, b]
            log_prob[i, b] = row[a] - whole
            slope_policy(row, whole, entropy, a, part * gain[i, b], part * entropy_weight, slope_logits[i, b])
            slope_value[i, b, 0] = part * value_weight * 2.0 * error
            numbers[0, i] -= part * log_prob[i, b] * gain[i, b]
            numbers[1, i] += part * error * error
            numbers[2, i] += part * entropy
