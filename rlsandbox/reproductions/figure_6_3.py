"""Figure 6.3: Expected SARSA, SARSA and Q-learning on the cliff, for a short and for a long time."""

from __future__ import annotations

import numpy as np

from rlsandbox.reproductions.figure import BOOK, Figure, ordered
from rlsandbox.reproductions.sessions import mean_per_episode, trained
from rlsandbox.studio.plots.panel import Line, Panel

TITLE = "Interim and asymptotic performance on the cliff, by step size"
SOURCE = f"{BOOK}, figure 6.3, page 133"
METHODS = {"expected_sarsa": "Expected SARSA", "sarsa": "SARSA", "q_learning": "Q-learning"}


def run(quick: bool) -> Figure:
    """100 episodes (1,000 runs; the book: 50,000) and 100,000 (10 runs); quick: 60, and 2 of 20,000."""
    runs, long, few = (60, 20_000, 2) if quick else (1_000, 100_000, 10)
    alphas = np.array([0.1, 0.4, 0.7, 1.0]) if quick else np.linspace(0.1, 1.0, 19)
    short, far = {}, {}
    for method, title in METHODS.items():
        for found, n, episodes in ((short, runs, 100), (far, few, long)):
            rows = [
                mean_per_episode(
                    trained(
                        method, "cliff_walking", n, episodes=episodes, alpha=alpha, gamma=1.0, epsilon=0.1
                    )
                )
                for alpha in alphas.tolist()
            ]
            found[title] = np.stack(rows, axis=1)
    lines = {
        f"{title}, {episodes:,} episodes": Line.mean(alphas, found[title])
        for found, episodes in ((far, long), (short, 100))
        for title in METHODS.values()
    }
    expected, sarsa, _ = (short[title].mean(axis=0) for title in METHODS.values())
    expected_far, sarsa_far, q_far = (far[title].mean(axis=0) for title in METHODS.values())
    above, above_q = expected - sarsa, expected_far - q_far
    spread = float(np.ptp(expected_far))
    compared = (
        ordered("100 episodes: Expected SARSA over SARSA, least over α", above.min(), above.min() > 0),
        ordered("long: Expected SARSA over Q-learning, least over α", above_q.min(), above_q.min() > 0),
        ordered("long: Expected SARSA loses nothing up to α = 1: spread over α", spread, spread < 2),
        ordered("long: SARSA at α = 1, far below small α", sarsa_far[-1], sarsa_far[-1] < sarsa_far[0] - 20),
        ordered("100 episodes: SARSA at α = 0.1, poor", sarsa[0], sarsa[0] < sarsa.max() - 20),
    )
    panel = Panel(
        "Mean over the episodes", "step size α", "sum of rewards an episode", lines, y_range=(-160.0, 0.0)
    )
    return Figure(TITLE, SOURCE, (panel,), compared, runs)
