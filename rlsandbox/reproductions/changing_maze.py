"""What figures 8.4 and 8.5 share: Dyna-Q and Dyna-Q+ in a maze that changes while they learn."""

from __future__ import annotations

from typing import Any

import numpy as np

from rlsandbox.reproductions.sessions import Floats, after_steps
from rlsandbox.studio.plots.panel import Line, Panel

EVERY = 50
"""Steps between two readings."""
METHODS = {"dyna_q_plus": "Dyna-Q+", "dyna_q": "Dyna-Q"}


def earned(world: str, runs: int, steps: int, planning_steps: int, kappa: float) -> dict[str, Floats]:
    """`[runs, 1 + steps / EVERY]` reward so far by name of the method; a goal pays 1 and ends an episode."""
    found = {}
    for method, title in METHODS.items():
        bonus: dict[str, Any] = {"kappa": kappa} if method == "dyna_q_plus" else {}
        episodes = after_steps(
            method,
            world,
            runs,
            range(EVERY, steps + 1, EVERY),
            lambda s: s.agent.episodes,
            alpha=0.7,
            gamma=0.95,
            epsilon=0.1,
            planning_steps=planning_steps,
            **bonus,
        )
        found[title] = np.concatenate([0 * episodes[:1], episodes]).T
    return found


def panel(title: str, rewards: dict[str, Floats]) -> Panel:
    """Cumulative reward by time steps."""
    columns = next(iter(rewards.values())).shape[1]
    steps = [EVERY * k for k in range(columns)]
    lines = {name: Line.mean(steps, rows) for name, rows in rewards.items()}
    return Panel(title, "time steps", "cumulative reward", lines)


def between(rows: Floats, first: int, last: int) -> float:
    """Mean reward earned between two time steps."""
    return float((rows[:, last // EVERY] - rows[:, first // EVERY]).mean())
