"""Figure 8.4: the blocking maze: after 1,000 steps the short way closes and a long one opens."""

from __future__ import annotations

from rlsandbox.reproductions.changing_maze import between, earned, panel
from rlsandbox.reproductions.figure import BOOK, Figure, ordered

TITLE = "Dyna-Q and Dyna-Q+ in the blocking maze"
SOURCE = f"{BOOK}, figure 8.4, section 8.3"


def run(quick: bool) -> Figure:
    """3,000 steps, 200 runs; quick: 40."""
    runs = 40 if quick else 200
    rewards = earned("blocking_maze", runs, 3000, planning_steps=10, kappa=1e-3)
    plus, plain = rewards.values()
    before, blocked = between(plain, 900, 1000), between(plain, 1000, 1100)
    compared = (
        ordered(
            "Dyna-Q+: reward in 3,000 steps, higher",
            plus[:, -1].mean(),
            plus[:, -1].mean() > plain[:, -1].mean(),
        ),
        ordered(
            "Dyna-Q: reward in 100 steps after the change, next to nothing", blocked, blocked < 0.1 * before
        ),
        ordered(
            "Dyna-Q+: reward in the last 100 steps, on the new way",
            between(plus, 2900, 3000),
            between(plus, 2900, 3000) > 0.4 * before,
        ),
        ordered(
            "Dyna-Q: finds the new way later",
            between(plain, 1000, 2000),
            between(plain, 1000, 2000) < between(plus, 1000, 2000),
        ),
    )
    notes = (
        "The book does not say how many planning steps; here n = 10, α = 0.7, ε = 0.1, γ = 0.95, κ = 0.001."
    )
    return Figure(TITLE, SOURCE, (panel("Change after 1,000 steps", rewards),), compared, runs, notes)
