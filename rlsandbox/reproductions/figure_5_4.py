"""Figure 5.4: ordinary importance sampling with infinite variance, on a world of one state."""

from __future__ import annotations

import numpy as np

from rlsandbox.reproductions.figure import BOOK, Compared, Figure, ordered
from rlsandbox.reproductions.sessions import after_episodes
from rlsandbox.studio.plots.panel import Line, Panel
from rlsandbox.worlds.toy_text import from_gymnasium_p
from rlsandbox.worlds.world import World

TITLE = "Infinite variance of ordinary importance sampling"
SOURCE = f"{BOOK}, figure 5.4, page 107"
RUNS = 10


def one_state() -> World:
    """Right ends without pay; left ends with 1 one time in ten, else stays."""
    left, right = [(0.9, 1, 0.0, False), (0.1, 0, 1.0, True)], [(1.0, 0, 0.0, True)]
    return from_gymnasium_p({0: {}, 1: {0: left, 1: right}}, [0.0, 1.0], ("left", "right"), "One state")


def run(quick: bool) -> Figure:
    """Ten runs, as in the book, of 10,000,000 episodes (the book has 100,000,000); quick: 200,000."""
    last = 5.3 if quick else 7.0
    at = np.unique(np.logspace(0, last, 400 if not quick else 150).astype(int)).tolist()
    always_left = np.array([[0.5, 0.5], [1.0, 0.0]])
    values = {
        kind: after_episodes(
            "off_policy_prediction",
            one_state(),
            RUNS,
            at,
            lambda s: s.agent.estimates()[:, 1],
            policy=always_left,
            gamma=1.0,
            behaviour="uniform",
            importance=kind,
            visit="first",
        )
        for kind in ("ordinary", "weighted")
    }
    ordinary, weighted = values["ordinary"], values["weighted"]
    settled = ordinary[len(at) // 2 :]
    compared = (
        ordered(
            "ordinary: highest estimate in the second half (it should be 1)",
            settled.max(),
            settled.max() > 1.3,
        ),
        ordered(
            "ordinary: standard deviation of the last estimates over the runs",
            ordinary[-1].std(),
            ordinary[-1].std() > 0.01,
        ),
        # after the first episode that ends on the left, every weighted return is 1
        Compared("weighted: the last estimates", float(weighted[-1].min()), 1.0, 1e-9),
    )
    lines = {f"run {k + 1}": Line.of(at, ordinary[:, k]) for k in range(RUNS)}
    lines["true value"] = Line.of([1, at[-1]], [1.0, 1.0], dashed=True)
    panel = Panel(
        "Ordinary importance sampling, first visit",
        "episodes",
        "estimate of v",
        lines,
        log_x=True,
        y_range=(0.0, 3.0),
    )
    return Figure(TITLE, SOURCE, (panel,), compared, RUNS)
