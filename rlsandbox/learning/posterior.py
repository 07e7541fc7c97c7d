"""Draws from posteriors, as compiled functions."""

from __future__ import annotations

from typing import Any

import numpy as np

from rlsandbox.learning.exploration import DRAW, standard_normal, uniform
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
