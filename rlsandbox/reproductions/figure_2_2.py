"""Figure 2.2: epsilon-greedy action values on the 10-armed testbed, with sample averages."""

from __future__ import annotations

from rlsandbox.reproductions.figure import BOOK, Compared, Figure, ordered
from rlsandbox.reproductions.testbed import late, panels, pulled

TITLE = "Epsilon-greedy methods on the 10-armed testbed"
SOURCE = f"{BOOK}, figure 2.2, page 29"


def run(quick: bool) -> Figure:
    """Greedy, epsilon 0.01 and 0.1: 2,000 runs of 1,000 steps; quick: 200."""
    runs = 200 if quick else 2000
    rewards, optimal = {}, {}
    for epsilon in (0.0, 0.01, 0.1):
        name = f"ε = {epsilon:g}"
        rewards[name], optimal[name] = pulled(
            runs, "q_learning", gamma=0.0, epsilon=epsilon, alpha_schedule="1/n"
        )
    greedy, rare, often = (late(rows) for rows in rewards.values())
    share = {name: 100 * late(rows) for name, rows in optimal.items()}
    compared = (
        Compared("greedy: reward at the end (about 1)", greedy, 1.0, 0.12),
        Compared("greedy: % optimal at the end (about a third)", share["ε = 0"], 100 / 3, 8.0),
        Compared("ε = 0.1: % optimal at the end", share["ε = 0.1"], 80.0, 5.0, read_off=True),
        ordered("ε = 0.1: reward at the end, the highest", often, often > rare > greedy),
        ordered(
            "ε = 0.01: % optimal, between the two",
            share["ε = 0.01"],
            share["ε = 0"] < share["ε = 0.01"] < share["ε = 0.1"],
        ),
    )
    return Figure(TITLE, SOURCE, panels(rewards, optimal), compared, runs)
