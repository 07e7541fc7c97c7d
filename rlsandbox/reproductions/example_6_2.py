"""Example 6.2: TD(0) against constant-alpha Monte Carlo on a random walk of five states."""

from __future__ import annotations

from typing import Any

import numpy as np

from rlsandbox.reproductions.figure import BOOK, Compared, Figure, ordered
from rlsandbox.reproductions.sessions import after_episodes
from rlsandbox.studio.plots.panel import Line, Panel
from rlsandbox.worlds.rules import Rules
from rlsandbox.worlds.text_maps import world_from_rows
from rlsandbox.worlds.world import World

TITLE = "TD(0) and Monte Carlo on a random walk"
SOURCE = f"{BOOK}, example 6.2, page 125"
EPISODES = 100


def random_walk() -> World:
    """Five states between two ends; the right one pays 1."""
    return world_from_rows(("P..S..G",), "Random walk", Rules(moves=2), rewards={(0, 0): 0.0, (0, 6): 1.0})


def run(quick: bool) -> Figure:
    """100 runs of 100 episodes, as in the book; quick: 30."""
    runs, walk, at = 30 if quick else 100, random_walk(), range(1, EPISODES + 1)
    common: dict[str, Any] = {"gamma": 1.0, "initial_v": 0.5}
    states, truth = np.arange(1, 6), np.arange(1, 6) / 6
    values = after_episodes(
        "td0", walk, 1, (1, 10, 100), lambda s: s.agent.estimates()[0, 1:6], 1, **common, alpha=0.1
    )
    shown = {"start": Line.of(states, np.full(5, 0.5))}
    for title, v in zip(("1 episode", "10 episodes", "100 episodes"), values, strict=True):
        shown[title] = Line.of(states, v)
    shown["true values"] = Line.of(states, truth, dashed=True)
    at_start = float(np.sqrt(np.mean((0.5 - truth) ** 2)))
    errors: dict[str, Line] = {}
    for algorithm, title, alphas in (
        ("td0", "TD", (0.05, 0.1, 0.15)),
        ("mc_prediction", "MC", (0.01, 0.02, 0.03, 0.04)),
    ):
        more: dict[str, Any] = {"visit": "every"} if algorithm == "mc_prediction" else {}
        for alpha in alphas:
            found = after_episodes(
                algorithm, walk, runs, at, lambda s: s.value_errors(), **common, **more, alpha=alpha
            )
            rows = np.concatenate([np.full((runs, 1), at_start), found.T], axis=1)
            errors[f"{title}, α = {alpha:g}"] = Line.mean(np.arange(EPISODES + 1), rows)
    td, mc = ([line.y for name, line in errors.items() if name.startswith(kind)] for kind in ("TD", "MC"))
    best = [min(curve[-1] for curve in curves) for curves in (td, mc)]
    overall = [min(curve.mean() for curve in curves) for curves in (td, mc)]
    compared = (
        Compared("error before the first episode", at_start, 0.2357, 5e-5),
        ordered("TD: error after 100 episodes, the best α, lower than MC's", best[0], best[0] < best[1]),
        ordered("TD: mean error over 100 episodes, the best α, lower", overall[0], overall[0] < overall[1]),
        ordered("TD, α = 0.15: falls fastest, lowest after 20 episodes", td[2][20], td[2][20] < td[0][20]),
        ordered("TD, α = 0.05: lowest in the end", td[0][-1], td[0][-1] < td[1][-1] < td[2][-1]),
    )
    panels = (
        Panel("Values learnt by TD(0), α = 0.1, one run", "state (A to E)", "value", shown),
        Panel("Error, averaged over states and runs", "episodes", "root mean square error", errors),
    )
    return Figure(TITLE, SOURCE, panels, compared, runs)
