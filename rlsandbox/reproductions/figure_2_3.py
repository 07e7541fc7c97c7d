"""Figure 2.3: optimistic start values against realistic ones on the 10-armed testbed."""

from __future__ import annotations

from rlsandbox.reproductions.figure import BOOK, Compared, Figure, ordered
from rlsandbox.reproductions.testbed import late, panels, pulled

TITLE = "Optimistic start values on the 10-armed testbed"
SOURCE = f"{BOOK}, figure 2.3, page 34"


def run(quick: bool) -> Figure:
    """Both with alpha 0.1: 2,000 runs of 1,000 steps; quick: 100."""
    runs = 100 if quick else 2000
    hopeful = pulled(runs, "q_learning", gamma=0.0, alpha=0.1, epsilon=0.0, initial_q=5.0)
    sober = pulled(runs, "q_learning", gamma=0.0, alpha=0.1, epsilon=0.1)
    names = ("optimistic, greedy: Q₁ = 5, ε = 0", "realistic, ε-greedy: Q₁ = 0, ε = 0.1")
    rewards, optimal = (dict(zip(names, rows, strict=True)) for rows in zip(hopeful, sober, strict=True))
    first = [100 * share[:, :2].mean() for _, share in (hopeful, sober)]
    last = [100 * late(share) for _, share in (hopeful, sober)]
    compared = (
        ordered("optimistic: % optimal in the first 50 steps, lower", first[0], first[0] < first[1]),
        ordered("optimistic: % optimal at the end, higher", last[0], last[0] > last[1]),
        Compared("optimistic: % optimal at the end", last[0], 85.0, 6.0, read_off=True),
    )
    return Figure(TITLE, SOURCE, panels(rewards, optimal), compared, runs)
