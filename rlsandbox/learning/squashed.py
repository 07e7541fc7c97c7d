"""Actions inside their bounds: Gaussians squashed by the hyperbolic tangent, drawn and judged, compiled.

With u = mean + std z and a = tanh u, the density of a is that of u over the slope of the squash:

    log pi(a|s) = sum -z^2 / 2 - log std - log(2 pi) / 2 - log(1 - tanh^2 u)

Source: Haarnoja et al. (2018), "Soft actor-critic", appendix C; log(1 - tanh^2 u) is written as
2 (log 2 - u - log(1 + e^(-2u))), which does not lose itself in rounding.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.exploration import DRAW, standard_normal, uniform
from rlsandbox.worlds.compiled import kernel

LOG_STD = (-20.0, 2.0)
"""Between these the logarithm of a spread is kept (Haarnoja's implementation)."""
_HALF_LOG_2_PI, _LOG_2 = 0.5 * float(np.log(2.0 * np.pi)), float(np.log(2.0))


def squashed(said: NDArray[Any], normal: NDArray[np.float64]) -> tuple[Any, Any]:
    """Actions `[N, B, A]` of normal numbers, and their log-probabilities `[N, B]`; see `squash_drawn`."""
    action, log_prob = np.empty(normal.shape, np.float32), np.empty(normal.shape[:2])
    squash_drawn(said, normal, action, log_prob)
    return action, log_prob


@kernel
def squash_drawn(said: Any, normal: Any, action: Any, log_prob: Any) -> None:
    """Make actions of drawn numbers.

    Args:
        said: `[N, B, 2 A]` means and logarithms of the spreads.
        normal: `[N, B, A]` z.
        action: `[N, B, A]` float32 to fill, between -1 and 1.
        log_prob: `[N, B]` to fill.
    """
    n = action.shape[2]
    for i in range(said.shape[0]):
        for b in range(said.shape[1]):
            total = 0.0
            for k in range(n):
                z = normal[i, b, k]
                log_std = min(max(said[i, b, n + k], LOG_STD[0]), LOG_STD[1])
                u = said[i, b, k] + np.exp(log_std) * z
                action[i, b, k] = np.tanh(u)
                # log(1 + e^(-2u)), whose exponent may not overflow
                soft = max(-2.0 * u, 0.0) + np.log1p(np.exp(-abs(2.0 * u)))
                total -= 0.5 * z * z + log_std + _HALF_LOG_2_PI + 2.0 * (_LOG_2 - u - soft)
            log_prob[i, b] = total


@kernel
def slope_squashed(
    said: Any, action: Any, normal: Any, pull: Any, temperature: Any, share: float, slope: Any
) -> None:
    """Slopes of sum share temperature log pi(a|s) + pull a at the head, for draws that stay the same.

    Args:
        said: `[N, B, 2 A]`.
        action: `[N, B, A]` as `squash_drawn` made them.
        normal: `[N, B, A]` z.
        pull: `[N, B, A]` the slope at the action of all else.
        temperature: `[N]`.
        share: how much a step counts.
        slope: like `said`, to fill.
    """
    n = action.shape[2]
    for i in range(said.shape[0]):
        for b in range(said.shape[1]):
            for k in range(n):
                raw, a = said[i, b, n + k], np.float64(action[i, b, k])
                log_std = min(max(raw, LOG_STD[0]), LOG_STD[1])
                weight = share * temperature[i]
                at_u = weight * 2.0 * a + pull[i, b, k] * (1.0 - a * a)
                slope[i, b, k] = at_u
                held = raw != log_std
                slope[i, b, n + k] = 0.0 if held else at_u * np.exp(log_std) * normal[i, b, k] - weight


@kernel
def draw_normal(rng: Any, moving: Any, normal: Any) -> None:
    """Fill `[N, B, A]` with standard normal numbers for the `moving` replicas."""
    for i in range(normal.shape[0]):
        if not moving[i]:
            continue
        for b in range(normal.shape[1]):
            for k in range(normal.shape[2]):
                rng[i] += DRAW + DRAW
                normal[i, b, k] = standard_normal(uniform(rng[i] - DRAW), uniform(rng[i]))


@kernel
def draw_uniform(rng: Any, moving: Any, action: Any) -> None:
    """Fill `[N, B, A]` with uniform numbers between -1 and 1 for the `moving` replicas."""
    for i in range(action.shape[0]):
        if not moving[i]:
            continue
        for b in range(action.shape[1]):
            for k in range(action.shape[2]):
                rng[i] += DRAW
                action[i, b, k] = 2.0 * uniform(rng[i]) - 1.0
