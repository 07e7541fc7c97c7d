"""Figure 2.4: upper confidence bounds against epsilon-greedy on the 10-armed testbed."""

from __future__ import annotations

from rlsandbox.reproductions.figure import BOOK, Figure, ordered
from rlsandbox.reproductions.testbed import late, panels, pulled

TITLE = "UCB on the 10-armed testbed"
SOURCE = f"{BOOK}, figure 2.4, page 36"


def run(quick: bool) -> Figure:
    """Both with sample averages: 2,000 runs of 1,000 steps; quick: 100."""
    runs = 100 if quick else 2000
    averaged = {"gamma": 0.0, "alpha_schedule": "1/n"}
    bound = pulled(runs, "q_learning", **averaged, exploration="UCB", confidence=2.0)
    greedy = pulled(runs, "q_learning", **averaged, epsilon=0.1)
    names = ("UCB, c = 2", "ε-greedy, ε = 0.1")
    rewards, optimal = (dict(zip(names, rows, strict=True)) for rows in zip(bound, greedy, strict=True))
    mean = bound[0].mean(axis=0)
    compared = (
        ordered("UCB: reward at the end, higher", late(bound[0]), late(bound[0]) > late(greedy[0])),
        ordered(
            "UCB: reward in the first 10 steps (each arm once), lower",
            mean[:10].mean(),
            mean[:10].mean() < greedy[0][:, :10].mean(),
        ),
        ordered("UCB: the spike in step 11", mean[10], mean[10] > mean[11:20].max()),
    )
    return Figure(TITLE, SOURCE, panels(rewards, optimal), compared, runs)
