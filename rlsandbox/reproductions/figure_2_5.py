"""Figure 2.5: the gradient bandit with and without a baseline, on arms whose means lie near +4."""

from __future__ import annotations

from rlsandbox.reproductions.figure import BOOK, Figure, ordered
from rlsandbox.reproductions.testbed import late, panels, pulled

TITLE = "Gradient bandits with and without a baseline"
SOURCE = f"{BOOK}, figure 2.5, page 38"


def run(quick: bool) -> Figure:
    """Step sizes 0.1 and 0.4: 2,000 runs of 1,000 steps; quick: 60."""
    runs = 60 if quick else 2000
    rewards, optimal = {}, {}
    for baseline in (True, False):
        for alpha in (0.1, 0.4):
            name = f"{'with' if baseline else 'without'} baseline, α = {alpha:g}"
            rewards[name], optimal[name] = pulled(
                runs, "gradient_bandit", lift=4.0, alpha=alpha, baseline=baseline
            )
    share = {name: 100 * late(rows) for name, rows in optimal.items()}
    slow, fast, slow_bare, fast_bare = share.values()
    compared = (
        ordered("with baseline, α = 0.1: % optimal at the end, the highest", slow, slow > fast),
        ordered("with baseline, α = 0.4: the second", fast, fast > slow_bare),
        ordered("without baseline, α = 0.1: the third", slow_bare, slow_bare > fast_bare),
        ordered("without baseline, α = 0.4: the lowest", fast_bare, fast_bare < slow_bare),
    )
    return Figure(TITLE, SOURCE, panels(rewards, optimal), compared, runs)
