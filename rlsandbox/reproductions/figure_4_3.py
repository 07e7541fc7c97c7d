"""Figure 4.3: the gambler's problem, solved by value iteration."""

from __future__ import annotations

import numpy as np

from rlsandbox.learning.agent import View
from rlsandbox.reproductions.figure import BOOK, Compared, Figure
from rlsandbox.reproductions.sessions import Floats, after_steps
from rlsandbox.studio.plots.panel import Line, Panel
from rlsandbox.training.session import TrainingSession

TITLE = "The gambler's problem with 40 % heads"
SOURCE = f"{BOOK}, figure 4.3, page 84"
SWEEPS = (1, 2, 3, 32, 1000)


def run(quick: bool) -> Figure:
    """Exact: there is nothing to average, and quick is the same."""

    def read(session: TrainingSession) -> Floats:
        snapshot = session.agent.snapshot(View())
        return np.column_stack([snapshot.v, snapshot.q])[:100]

    found = after_steps(
        "value_iteration", "gambler", 1, SWEEPS, read, gamma=1.0, order="in place", theta=1e-12
    )
    capital = np.arange(1, 100)
    names = [f"sweep {k}" if k < 1000 else "at the end" for k in SWEEPS]
    values = {name: Line.of(capital, v[1:, 0]) for name, v in zip(names, found, strict=True)}
    v, q = found[-1][:, 0], found[-1][:, 1:]
    # of equally good stakes the book draws the smallest; to stake nothing is none
    best = 1 + (q[:, 1:] >= q.max(axis=1, keepdims=True) - 1e-9).argmax(axis=1)
    rest = capital % 25
    published = np.where(rest == 0, np.where(capital == 50, 50, 25), np.minimum(rest, 25 - rest))
    compared = (
        Compared("value of capital 25 (0.4²)", float(v[25]), 0.16, 1e-9),
        Compared("value of capital 50", float(v[50]), 0.4, 1e-9),
        Compared("value of capital 75 (0.4 + 0.6 · 0.4)", float(v[75]), 0.64, 1e-9),
        Compared(
            "states with another stake than drawn", float((best[1:] != published).sum()), 0.0, read_off=True
        ),
    )
    panels = (
        Panel("Values", "capital", "value", values),
        Panel(
            "Final policy", "capital", "stake", {"smallest of the best stakes": Line.of(capital, best[1:])}
        ),
    )
    return Figure(TITLE, SOURCE, panels, compared, 1)
