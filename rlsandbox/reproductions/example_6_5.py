"""Example 6.5: SARSA in the windy grid world."""

from __future__ import annotations

from typing import Any

import numpy as np

from rlsandbox.learning.oracle import policy_values
from rlsandbox.learning.policy import greedy_probs
from rlsandbox.reproductions.figure import BOOK, Compared, Figure, ordered
from rlsandbox.reproductions.sessions import after_steps, trained
from rlsandbox.studio.plots.panel import Line, Panel
from rlsandbox.training import api
from rlsandbox.worlds.files import open_world
from rlsandbox.worlds.mdp import compile_world

TITLE = "SARSA in the windy grid world"
SOURCE = f"{BOOK}, example 6.5, page 130"
STEPS = 8000


def run(quick: bool) -> Figure:
    """8,000 steps, 100 runs (the book shows one); quick: 30."""
    runs = 30 if quick else 100
    hyperparameters: dict[str, Any] = {"alpha": 0.5, "gamma": 1.0, "epsilon": 0.1}
    at = range(100, STEPS + 1, 100)
    episodes = after_steps("sarsa", "windy", runs, at, lambda s: s.agent.episodes, **hyperparameters)
    in_1000 = np.diff(episodes[9::10], axis=0)  # episodes finished in 1,000 steps, `[7, runs]`
    mdp, solution = compile_world(open_world("windy")), api.solve("windy", gamma=1.0)
    explored = 0.9 * greedy_probs(np.round(solution.q, 9)) + 0.1 / mdp.n_actions
    values = policy_values(mdp, explored, 1.0)
    assert values is not None
    slow: dict[str, Any] = hyperparameters | {"alpha": 0.1}
    long = trained("sarsa", "windy", 8, steps=20 * STEPS, **slow)
    greedy = -np.array(long.evaluate().greedy_return)
    compared = (
        Compared("steps of an optimal path", -solution.v_start, 15.0, 1e-9),
        Compared(
            "steps of the greedy path after 160,000 steps, α = 0.1, best of 8", float(greedy.min()), 15.0
        ),
        Compared(
            "mean length with ε = 0.1 around the optimal path (about 17)",
            -float(values[mdp.start_states].mean()),
            17.0,
            0.1,
        ),
        Compared("episodes after 8,000 steps", float(episodes[-1].mean()), 170.0, 30.0, read_off=True),
        ordered("the slope grows", in_1000[-1].mean(), in_1000[-1].mean() > 3 * in_1000[0].mean()),
    )
    curve = Line.mean([0, *at], np.vstack([0 * episodes[:1], episodes]).T)
    panel = Panel("Episodes finished", "time steps", "episodes", {"SARSA, α = 0.5, ε = 0.1": curve})
    notes = (
        "The book shows one run. On average over runs the last episodes are longer than 17 steps, because at "
        "a constant step size of 0.5 the values never come to rest."
    )
    return Figure(TITLE, SOURCE, (panel,), compared, runs, notes)
