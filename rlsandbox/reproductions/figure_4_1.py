"""Figure 4.1: values of the random policy on a 4x4 grid, sweep by sweep."""

from __future__ import annotations

import numpy as np

from rlsandbox.learning.agent import View
from rlsandbox.reproductions.figure import BOOK, Compared, Figure
from rlsandbox.reproductions.sessions import after_steps
from rlsandbox.studio.plots.panel import Table
from rlsandbox.worlds.rules import Rules
from rlsandbox.worlds.text_maps import world_from_rows
from rlsandbox.worlds.world import World

TITLE = "Iterative policy evaluation on the 4x4 grid"
SOURCE = f"{BOOK}, figure 4.1, page 77"
SWEEPS = (1, 2, 3, 10, 1000)
_PUBLISHED = {
    1: ((0, -1, -1, -1), (-1, -1, -1, -1), (-1, -1, -1, -1), (-1, -1, -1, 0)),
    2: ((0, -1.7, -2, -2), (-1.7, -2, -2, -2), (-2, -2, -2, -1.7), (-2, -2, -1.7, 0)),
    3: ((0, -2.4, -2.9, -3), (-2.4, -2.9, -3, -2.9), (-2.9, -3, -2.9, -2.4), (-3, -2.9, -2.4, 0)),
    10: ((0, -6.1, -8.4, -9), (-6.1, -7.7, -8.4, -8.4), (-8.4, -8.4, -7.7, -6.1), (-9, -8.4, -6.1, 0)),
    1000: ((0, -14, -20, -22), (-14, -18, -20, -20), (-20, -20, -18, -14), (-22, -20, -14, 0)),
}


def corners() -> World:
    """Two ends in opposite corners; every step costs 1."""
    ends = {(0, 0): -1.0, (3, 3): -1.0}
    return world_from_rows(("G...", "....", "....", "...G"), "Corners", Rules(step_reward=-1.0), rewards=ends)


def run(quick: bool) -> Figure:
    """Exact: there is nothing to average, and quick is the same."""
    found = after_steps(
        "policy_evaluation",
        corners(),
        1,
        SWEEPS,
        lambda s: s.agent.snapshot(View()).v.reshape(4, 4),
        policy="random",
        gamma=1.0,
        order="synchronous",
        theta=1e-12,
    )
    titles = [f"k = {k}" if k < 1000 else "k = ∞" for k in SWEEPS]
    tables = tuple(Table(title, v) for title, v in zip(titles, found, strict=True))
    compared = tuple(
        # the book cuts -1.75 off to -1.7, hence a whole unit of the last digit
        Compared(
            f"{table.title}: largest difference of a state",
            float(np.abs(v - _PUBLISHED[k]).max()),
            0.0,
            1e-6 if k in (1, 1000) else 0.0501,
        )
        for k, v, table in zip(SWEEPS, found, tables, strict=True)
    )
    return Figure(TITLE, SOURCE, (Table("k = 0", np.zeros((4, 4))), *tables), compared, 1)
