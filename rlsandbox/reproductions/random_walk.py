"""What figures 7.2 and 12.6 share: errors of prediction on the random walk of 19 states."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from rlsandbox.reproductions.sessions import Floats, after_episodes
from rlsandbox.studio.plots.panel import Line, Panel

EPISODES, DIVERGED = 10, 100.0
START_ERROR = float(np.sqrt(np.mean((np.arange(-9, 10) / 10) ** 2)))
"""The true values are -0.9, -0.8, ... 0.9, and 0 is where it begins."""


def errors(algorithm: str, runs: int, alphas: Floats, **hyperparameters: Any) -> Floats:
    """`[runs, alphas]`: root mean square error over the states, averaged over the first 10 episodes.

    Where a large step size diverges, an error counts as `DIVERGED`.
    """
    columns = []
    for alpha in alphas.tolist():
        with np.errstate(over="ignore", invalid="ignore"):
            found = after_episodes(
                algorithm,
                "random_walk_19",
                runs,
                range(1, EPISODES + 1),
                lambda s: s.value_errors(),
                gamma=1.0,
                alpha=alpha,
                **hyperparameters,
            )
        columns.append(np.fmin(found, DIVERGED).mean(axis=0))
    return np.stack(columns, axis=1)


def panel(title: str, alphas: Floats, found: Mapping[str, Floats]) -> Panel:
    """Errors by step size, from the one at 0, where nothing is learnt."""
    x = np.concatenate([[0.0], alphas])
    lines = {
        name: Line.mean(x, np.concatenate([np.full((len(rows), 1), START_ERROR), rows], axis=1))
        for name, rows in found.items()
    }
    return Panel(title, "step size α", "error over 19 states and 10 episodes", lines, y_range=(0.25, 0.55))
