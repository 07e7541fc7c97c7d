"""With what chance a choice was made: what importance sampling divides by."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rlsandbox.learning.exploration import DRAW, THOMPSON, UCB, chance, standard_normal, uniform
from rlsandbox.worlds.compiled import kernel


@kernel
def chance_of(values: Any, visits: Any, action: Any, kind: int, level: float, rng: Any) -> float:
    """The chance with which `choose` chose an action by `[A]` values and visits.

    Exact for epsilon-greedy and softmax. UCB, a count bonus and optimistic values are greedy to something:
    the chance is 1, or the share of a tie. Thompson sampling's chance has no closed form, but that given what
    was drawn for the other actions has one. It serves as well: the mean of 1 / chance over all draws that
    lead to an action, times how often they do, is 1.

    Args:
        values: `[A]`.
        visits: `[A]`, before this choice was counted.
        action: what was chosen.
        kind: of exploration.
        level: how much of it.
        rng: the generator as it was before `choose`.
    """
    if kind == UCB:
        return _share_of_bounds(values, visits, level)
    if kind == THOMPSON and level > 0.0:
        return _chance_to_exceed(values, visits, action, level, rng)
    return chance(values, action, kind, level)


@kernel
def _share_of_bounds(values: Any, visits: Any, confidence: float) -> float:
    """One over the number of actions whose upper bound is the greatest."""
    tried, best, ties = 0, -np.inf, 0
    for a in range(values.shape[0]):
        tried += visits[a]
    for a in range(values.shape[0]):
        bound = np.inf
        if visits[a] > 0:
            bound = values[a] + confidence * np.sqrt(np.log(tried) / visits[a])
        ties = 1 if bound > best else ties + (bound == best)
        best = max(best, bound)
    return 1.0 / ties


@kernel
def _chance_to_exceed(values: Any, visits: Any, action: Any, spread: float, rng: Any) -> float:
    """The chance that the draw of an action exceeds what was drawn for all others."""
    highest = -np.inf
    for a in range(values.shape[0]):
        rng += DRAW + DRAW
        if a != action:
            drawn = standard_normal(uniform(rng - DRAW), uniform(rng))
            highest = max(highest, values[a] + spread / np.sqrt(visits[a] + 1.0) * drawn)
    z = (highest - values[action]) / (spread / np.sqrt(visits[action] + 1.0))
    return 0.5 * math.erfc(z / math.sqrt(2.0))
