"""Figure 7.2: n-step TD on the random walk of 19 states, by step size."""

from __future__ import annotations

import numpy as np

from rlsandbox.reproductions.figure import BOOK, Compared, Figure, ordered
from rlsandbox.reproductions.random_walk import START_ERROR, errors, panel

TITLE = "n-step TD on the random walk of 19 states"
SOURCE = f"{BOOK}, figure 7.2, page 145"


def run(quick: bool) -> Figure:
    """100 runs of 10 episodes, as in the book; quick: 30 and fewer step sizes."""
    runs = 30 if quick else 100
    alphas = np.array([0.2, 0.4, 0.6, 0.8, 1.0]) if quick else np.linspace(0.05, 1.0, 20)
    found = {n: errors("n_step_td", runs, alphas, n=n) for n in [2**k for k in range(10)]}
    least = {n: float(rows.mean(axis=0).min()) for n, rows in found.items()}
    best = min(least, key=lambda n: least[n])
    compared = (
        Compared("error before the first episode", START_ERROR, np.sqrt(0.3), 1e-12),
        Compared("the best n", best, 4.0, read_off=True),
        Compared("its least error", least[best], 0.27, 0.03, read_off=True),
        ordered("n = 4: least error, below TD(0)'s", least[4], least[4] < least[1]),
        ordered("n = 512: least error, the highest of all", least[512], least[512] == max(least.values())),
    )
    return Figure(
        TITLE, SOURCE, (panel("", alphas, {f"n = {n}": rows for n, rows in found.items()}),), compared, runs
    )
