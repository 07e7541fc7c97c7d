"""Example 6.6: SARSA and Q-learning on the cliff: what they earn while they learn, and where they walk."""

from __future__ import annotations

import numpy as np

from rlsandbox.reproductions.figure import BOOK, Compared, Figure
from rlsandbox.reproductions.sessions import per_episode, trained
from rlsandbox.studio.plots.panel import Line, Panel

TITLE = "Cliff walking: SARSA and Q-learning"
SOURCE = f"{BOOK}, example 6.6, page 132"


def run(quick: bool) -> Figure:
    """500 episodes, 1,000 runs; quick: 200."""
    runs = 200 if quick else 1000
    lines, last, greedy = {}, {}, {}
    for method, title in (("sarsa", "SARSA"), ("q_learning", "Q-learning")):
        session = trained(method, "cliff_walking", runs, episodes=500, alpha=0.5, gamma=1.0, epsilon=0.1)
        returns = per_episode(session)
        lines[title] = Line.mean(np.arange(1, 501), returns)
        last[title] = float(returns[:, -100:].mean())
        greedy[title] = np.array(session.evaluate().greedy_return)
    paths = {title: float(np.median(returns)) for title, returns in greedy.items()}
    compared = (
        Compared("SARSA: sum of rewards, last 100 episodes", last["SARSA"], -25.0, 5.0, read_off=True),
        Compared("Q-learning: the same", last["Q-learning"], -50.0, 6.0, read_off=True),
        Compared("Q-learning: return of the greedy path, along the edge", paths["Q-learning"], -13.0),
        Compared("SARSA: return of the greedy path, the safer one", paths["SARSA"], -17.0),
    )
    panel = Panel(
        "Sum of rewards during an episode", "episodes", "sum of rewards", lines, y_range=(-100.0, 0.0)
    )
    return Figure(TITLE, SOURCE, (panel,), compared, runs)
