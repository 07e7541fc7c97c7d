"""Policies at the outputs of networks, and slopes of policy-gradient losses there, compiled.

A loss of log pi(a|s) and of the entropy H(pi(.|s)) is given by its slopes there, `gain` and `bonus`; the
kernels of a policy take it from there to the outputs, and a network's backward pass to its numbers. Autograd
would take several times as long for losses as small as these.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.exploration import DRAW, standard_normal, uniform
from rlsandbox.worlds.compiled import kernel
from rlsandbox.worlds.simulation import Actions

LOG_STD = (-5.0, 2.0)
"""Between these the logarithm of a spread is kept."""
_HALF_LOG_2_PI_E = 0.5 * float(np.log(2.0 * np.pi * np.e))
_HALF_LOG_2_PI = 0.5 * float(np.log(2.0 * np.pi))

Floats = NDArray[Any]


class Policy(Protocol):
    """A family of distributions over actions, as a head of a network states them.

    Continuous actions are in units of half their range from its middle: -1 to 1 is what is allowed.
    """

    size: int
    """Numbers of the head."""

    def judge(self, said: Floats, action: Floats) -> tuple[Floats, Floats]:
        """Of a head `[N, B, size]` and actions `[N, B]` or `[N, B, A]`: log pi(a|s) and entropy `[N, B]`."""
        ...

    def slopes(self, said: Floats, action: Floats, gain: Floats, bonus: Floats, slope: Floats) -> None:
        """Fill the slopes of sum -gain log pi(a|s) - bonus H at the head; gain and bonus are `[N, B]`."""
        ...

    def divergence(self, old: Floats, new: Floats) -> Floats:
        """`[N, B]` KL(pi_old, pi_new) of two heads."""
        ...

    def curved(self, said: Floats, move: Floats) -> Floats:
        """The Fisher matrix of each distribution, with respect to its head, times a move of the head."""
        ...

    def sample(self, said: Floats, rng: Floats, moving: NDArray[np.bool_]) -> Floats:
        """Draw actions `[N, B]` or `[N, B, A]` for the `moving` replicas, with their generators `[N]`."""
        ...

    def best(self, said: Floats) -> Floats:
        """The likeliest actions."""
        ...

    def chances(self, said: Floats) -> Floats:
        """`[N, B, A]` chances of numbered actions; `[N, B, 0]` where there are none."""
        ...


def policy_for(actions: Actions) -> Policy:
    """Softmax over numbered actions, independent Gaussians for continuous ones."""
    return Gaussian(actions.size) if actions.continuous else Softmax(actions.size)


class Softmax:
    """pi = softmax(head).

    The slope of log pi(a) at logit j is [j = a] - pi_j, that of the entropy H is -pi_j (log pi_j + H).
    """

    def __init__(self, n_actions: int) -> None:
        self.size = n_actions

    def judge(self, said: Floats, action: Floats) -> tuple[Floats, Floats]:
        """See `Policy`."""
        log_prob, entropy = np.empty(said.shape[:2]), np.empty(said.shape[:2])
        judge_choices(said, action, log_prob, entropy)
        return log_prob, entropy

    def slopes(self, said: Floats, action: Floats, gain: Floats, bonus: Floats, slope: Floats) -> None:
        """See `Policy`."""
        slope_choices(said, action, gain, bonus, slope)

    def divergence(self, old: Floats, new: Floats) -> Floats:
        """See `Policy`."""
        log_old = log_softmax(old)
        return (np.exp(log_old) * (log_old - log_softmax(new))).sum(axis=-1)

    def curved(self, said: Floats, move: Floats) -> Floats:
        """(diag(pi) - pi pi^T) move."""
        chances = np.exp(log_softmax(said))
        return chances * (move - (chances * move).sum(axis=-1, keepdims=True))

    def sample(self, said: Floats, rng: Floats, moving: NDArray[np.bool_]) -> Floats:
        """See `Policy`."""
        action = np.zeros(said.shape[:2], np.int64)
        draw_choices(said, rng, moving, action)
        return action

    def best(self, said: Floats) -> Floats:
        """The largest logit."""
        return said.argmax(axis=-1)

    def chances(self, said: Floats) -> Floats:
        """See `Policy`."""
        return np.exp(log_softmax(said))


class Gaussian:
    """Independent Gaussians; the head is `[mean, log standard deviation]` of each number."""

    def __init__(self, n_numbers: int) -> None:
        self.n_numbers, self.size = n_numbers, 2 * n_numbers

    def judge(self, said: Floats, action: Floats) -> tuple[Floats, Floats]:
        """See `Policy`."""
        log_prob, entropy = np.empty(said.shape[:2]), np.empty(said.shape[:2])
        judge_forces(said, action, log_prob, entropy)
        return log_prob, entropy

    def slopes(self, said: Floats, action: Floats, gain: Floats, bonus: Floats, slope: Floats) -> None:
        """See `Policy`."""
        slope_forces(said, action, gain, bonus, slope)

    def divergence(self, old: Floats, new: Floats) -> Floats:
        """See `Policy`."""
        (mean, log_std, _), (new_mean, new_log_std, _) = self.parts(old), self.parts(new)
        far = np.exp(2.0 * log_std) + (mean - new_mean) ** 2
        each = new_log_std - log_std + 0.5 * far * np.exp(-2.0 * new_log_std) - 0.5
        return each.sum(axis=-1)

    def curved(self, said: Floats, move: Floats) -> Floats:
        """1 / std^2 in a mean, 2 in the logarithm of a spread, 0 where that is held at its bound."""
        _, log_std, free = self.parts(said)
        n = self.n_numbers
        return np.concatenate([move[..., :n] * np.exp(-2.0 * log_std), 2.0 * free * move[..., n:]], axis=-1)

    def parts(self, said: Floats) -> tuple[Floats, Floats, Floats]:
        """Means, logarithms of the spreads between their bounds, and which of these are not held there."""
        raw = said[..., self.n_numbers :]
        log_std = raw.clip(*LOG_STD)
        return said[..., : self.n_numbers], log_std, raw == log_std

    def sample(self, said: Floats, rng: Floats, moving: NDArray[np.bool_]) -> Floats:
        """See `Policy`."""
        action = np.zeros((*said.shape[:2], self.n_numbers), np.float32)
        draw_forces(said, rng, moving, action)
        return action

    def best(self, said: Floats) -> Floats:
        """The means."""
        return said[..., : self.n_numbers]

    def chances(self, said: Floats) -> Floats:
        """None."""
        return np.empty((*said.shape[:-1], 0))


def log_softmax(logits: Floats) -> Floats:
    """`[..., A]` log-probabilities."""
    moved = logits - logits.max(axis=-1, keepdims=True)
    return moved - np.log(np.exp(moved).sum(axis=-1, keepdims=True))


# -- softmax ---------------------------------------------------------------------------------------


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
def weigh_choices(logits: Any, weights: Any) -> tuple[float, float]:
    """Of softmax of `[A]` the greatest logit z and W = sum e^(z_j - z), of which the terms are filled in."""
    highest, total = logits[0], 0.0
    for j in range(1, logits.shape[0]):
        highest = max(highest, logits[j])
    for j in range(logits.shape[0]):
        weights[j] = np.exp(logits[j] - highest)
        total += weights[j]
    return highest, total


@kernel(inline="always")
def weighed_choices(logits: Any) -> tuple[float, float, float]:
    """Of softmax of `[A]` the greatest logit z, W = sum e^(z_j - z), and the entropy, with A exponentials.

    With log pi_j = z_j - z - log W, the entropy is log W - sum e^(z_j - z) (z_j - z) / W.
    """
    highest, total, moved = logits[0], 0.0, 0.0
    for j in range(1, logits.shape[0]):
        highest = max(highest, logits[j])
    for j in range(logits.shape[0]):
        weight = np.exp(logits[j] - highest)
        total += weight
        moved += weight * (logits[j] - highest)
    return highest, total, np.log(total) - moved / total


@kernel
def judge_choices(logits: Any, action: Any, log_prob: Any, entropy: Any) -> None:
    """`Policy.judge` of a softmax."""
    for i in range(logits.shape[0]):
        for b in range(logits.shape[1]):
            row = logits[i, b]
            highest, total, entropy[i, b] = weighed_choices(row)
            log_prob[i, b] = row[action[i, b]] - highest - np.log(total)


@kernel
def slope_choices(logits: Any, action: Any, gain: Any, bonus: Any, slope: Any) -> None:
    """`Policy.slopes` of a softmax."""
    for i in range(logits.shape[0]):
        for b in range(logits.shape[1]):
            row, own, moved = logits[i, b], slope[i, b], 0.0
            highest, total = weigh_choices(row, own)
            for j in range(row.shape[0]):
                moved += own[j] * (row[j] - highest) / total
            for j in range(row.shape[0]):
                chance = own[j] / total
                own[j] = gain[i, b] * chance + bonus[i, b] * chance * (row[j] - highest - moved)
            own[action[i, b]] -= gain[i, b]


@kernel(nogil=False)
def draw_choices(logits: Any, rng: Any, moving: Any, action: Any) -> None:
    """`Policy.sample` of a softmax."""
    for i in range(logits.shape[0]):
        if not moving[i]:
            continue
        for b in range(logits.shape[1]):
            row = logits[i, b]
            whole = log_sum_exp(row)
            rng[i] += DRAW
            u, a = uniform(rng[i]), 0
            while a < row.shape[0] - 1 and u >= np.exp(row[a] - whole):
                u -= np.exp(row[a] - whole)
                a += 1
            action[i, b] = a


# -- Gaussian --------------------------------------------------------------------------------------


@kernel(inline="always")
def log_std_of(raw: float) -> float:
    """The logarithm of a spread, kept between its bounds."""
    return min(max(raw, LOG_STD[0]), LOG_STD[1])


@kernel
def judge_forces(said: Any, action: Any, log_prob: Any, entropy: Any) -> None:
    """`Policy.judge` of Gaussians."""
    n = action.shape[2]
    for i in range(said.shape[0]):
        for b in range(said.shape[1]):
            likely, spread = 0.0, 0.0
            for k in range(n):
                log_std = log_std_of(said[i, b, n + k])
                z = (action[i, b, k] - said[i, b, k]) * np.exp(-log_std)
                likely -= 0.5 * z * z + log_std + _HALF_LOG_2_PI
                spread += log_std + _HALF_LOG_2_PI_E
            log_prob[i, b], entropy[i, b] = likely, spread


@kernel
def slope_forces(said: Any, action: Any, gain: Any, bonus: Any, slope: Any) -> None:
    """`Policy.slopes` of Gaussians; a spread at its bound stays there."""
    n = action.shape[2]
    for i in range(said.shape[0]):
        for b in range(said.shape[1]):
            for k in range(n):
                raw = said[i, b, n + k]
                log_std = log_std_of(raw)
                z = (action[i, b, k] - said[i, b, k]) * np.exp(-log_std)
                slope[i, b, k] = -gain[i, b] * z * np.exp(-log_std)
                held = raw != log_std
                slope[i, b, n + k] = 0.0 if held else gain[i, b] * (1.0 - z * z) - bonus[i, b]


@kernel(nogil=False)
def draw_forces(said: Any, rng: Any, moving: Any, action: Any) -> None:
    """`Policy.sample` of Gaussians."""
    n = action.shape[2]
    for i in range(said.shape[0]):
        if not moving[i]:
            continue
        for b in range(said.shape[1]):
            for k in range(n):
                rng[i] += DRAW + DRAW
                normal = standard_normal(uniform(rng[i] - DRAW), uniform(rng[i]))
                action[i, b, k] = said[i, b, k] + np.exp(log_std_of(said[i, b, n + k])) * normal


# -- losses ----------------------------------------------------------------------------------------


@kernel(error_model="numpy")
def actor_critic_losses(
    log_prob: Any,
    entropy: Any,
    value: Any,
    gain: Any,
    target: Any,
    share: Any,
    value_weight: float,
    slope_value: Any,
    numbers: Any,
) -> None:
    """Of sum share [ -log pi(a|s) gain + c_v (V(s) - target)^2 ] the slopes at V, and what is logged.

    Args:
        log_prob: `[N, B]`.
        entropy: `[N, B]`.
        value: `[N, B, 1]`.
        gain: `[N, B]` what weighs the actions: advantages, returns, TD errors.
        target: `[N, B]` what values are drawn to.
        share: `[N, B]` how much a step counts; sums to 1, or is 0 for padding.
        value_weight: c_v.
        slope_value: like `value`, to fill.
        numbers: `[3, N]` to fill: policy loss, value loss, entropy.
    """
    for i in range(log_prob.shape[0]):
        numbers[0, i] = numbers[1, i] = numbers[2, i] = 0.0
        for b in range(log_prob.shape[1]):
            part, error = share[i, b], value[i, b, 0] - target[i, b]
            slope_value[i, b, 0] = part * value_weight * 2.0 * error
            numbers[0, i] -= part * log_prob[i, b] * gain[i, b]
            numbers[1, i] += part * error * error
            numbers[2, i] += part * entropy[i, b]
