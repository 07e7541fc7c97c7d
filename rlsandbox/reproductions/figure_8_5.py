"""Figure 8.5: the shortcut maze: after 3,000 steps a shorter way opens and the old one stays."""

from __future__ import annotations

from rlsandbox.reproductions.changing_maze import between, earned, panel
from rlsandbox.reproductions.figure import BOOK, Figure, ordered

TITLE = "Dyna-Q and Dyna-Q+ in the shortcut maze"
SOURCE = f"{BOOK}, figure 8.5, section 8.3"


def run(quick: bool) -> Figure:
    """6,000 steps, 100 runs; quick: 20."""
    runs = 20 if quick else 100
    rewards = earned("shortcut_maze", runs, 6000, planning_steps=50, kappa=1e-3)
    plus, plain = rewards.values()
    old, new = between(plain, 2000, 3000), between(plain, 5000, 6000)
    late = between(plus, 5000, 6000)
    compared = (
        ordered(
            "Dyna-Q: reward in the last 1,000 steps, as before the change", new, abs(new - old) < 0.1 * old
        ),
        ordered("Dyna-Q+: reward in the last 1,000 steps, by the shortcut", late, late > 1.15 * new),
        ordered(
            "Dyna-Q+: reward in 6,000 steps, higher",
            plus[:, -1].mean(),
            plus[:, -1].mean() > plain[:, -1].mean(),
        ),
    )
    notes = (
        "The book does not say how many planning steps; here n = 50, α = 0.7, ε = 0.1, γ = 0.95, κ = 0.001."
    )
    return Figure(TITLE, SOURCE, (panel("Change after 3,000 steps", rewards),), compared, runs, notes)
