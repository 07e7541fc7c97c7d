"""Figures 12.6 and 12.8: TD(lambda) and true online TD(lambda) on the random walk of 19 states."""

from __future__ import annotations

import numpy as np

from rlsandbox.reproductions.figure import BOOK, Compared, Figure, ordered
from rlsandbox.reproductions.random_walk import START_ERROR, errors, panel
from rlsandbox.reproductions.sessions import Floats

TITLE = "TD(λ) on the random walk of 19 states"
SOURCE = f"{BOOK}, figure 12.6, section 12.2"
LAMBDAS = (0.0, 0.4, 0.8, 0.9, 0.95, 0.975, 0.99, 1.0)


def run(quick: bool) -> Figure:
    """100 runs of 10 episodes, as in the book; quick: 30 and fewer step sizes and lambdas."""
    runs = 30 if quick else 100
    alphas = np.array([0.05, 0.2, 0.4, 0.6, 0.8, 1.0]) if quick else np.linspace(0.025, 1.0, 40)
    lambdas = (0.0, 0.8, 1.0) if quick else LAMBDAS
    found = {
        kind: {
            lam: errors("td_lambda", runs, alphas, **{"trace_decay": lam, "traces": kind}) for lam in lambdas
        }
        for kind in ("accumulating", "Dutch")
    }
    mean = {kind: {lam: rows.mean(axis=0) for lam, rows in by.items()} for kind, by in found.items()}
    plain, online = mean["accumulating"], mean["Dutch"]
    least = {lam: float(np.nanmin(rows)) for lam, rows in plain.items()}
    compared = (
        Compared("error before the first episode", START_ERROR, np.sqrt(0.3), 1e-12),
        ordered(
            "λ = 0.8: least error, below λ = 0 and λ = 1",
            least[0.8],
            least[0.8] < min(least[0.0], least[1.0]),
        ),
        Compared(
            "λ = 0: largest difference between the two kinds of traces",
            float(np.abs(found["accumulating"][0.0] - found["Dutch"][0.0]).max()),
            0.0,
            1e-12,
        ),
        ordered(
            "true online, λ = 0.8, α = 1: below TD(λ)",
            float(online[0.8][-1]),
            not plain[0.8][-1] <= online[0.8][-1],
        ),
    )
    panels = (
        panel("TD(λ), accumulating traces (figure 12.6)", alphas, _named(found["accumulating"])),
        panel("True online TD(λ), Dutch traces (figure 12.8)", alphas, _named(found["Dutch"])),
    )
    return Figure(TITLE, SOURCE, panels, compared, runs)


def _named(by_lambda: dict[float, Floats]) -> dict[str, Floats]:
    return {f"λ = {lam:g}": rows for lam, rows in by_lambda.items()}
