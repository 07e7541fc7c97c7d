"""Figure 6.5: maximization bias: Q-learning and Double Q-learning on a small world with a lure."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from rlsandbox.learning.sampling import Sampler
from rlsandbox.reproductions.figure import BOOK, Compared, Figure, ordered
from rlsandbox.reproductions.sessions import Floats, after_episodes
from rlsandbox.studio.plots.panel import Line, Panel
from rlsandbox.training.session import TrainingSession
from rlsandbox.worlds.toy_text import from_gymnasium_p
from rlsandbox.worlds.world import World

TITLE = "Maximization bias: Q-learning and Double Q-learning"
SOURCE = f"{BOOK}, figure 6.5, page 135"
EPISODES, ACTIONS, OUTCOMES = 300, 10, 100
END, B, A = 0, 1, 2


def lure() -> World:
    """From A one goes right to the end, or left to B, where every action pays normal(-0.1, 1) and ends.

    Half of A's actions go left, half go right. The normal rewards stand as 100 equally likely ones, the means
    of as many equal slices.
    """
    edges = [NormalDist().inv_cdf(k / OUTCOMES) for k in range(1, OUTCOMES)]
    density = np.array([0.0, *[NormalDist().pdf(edge) for edge in edges], 0.0])
    rewards = OUTCOMES * (density[:-1] - density[1:]) - 0.1
    pays = [(1 / OUTCOMES, END, reward, True) for reward in rewards.tolist()]
    left, right = [(1.0, B, 0.0, False)], [(1.0, END, 0.0, True)]
    half = ACTIONS // 2
    return from_gymnasium_p(
        {
            END: {},
            B: dict.fromkeys(range(ACTIONS), pays),
            A: {a: left if a < half else right for a in range(ACTIONS)},
        },
        [0.0, 0.0, 1.0],
        [f"{'left' if a < half else 'right'} {a % half + 1}" for a in range(ACTIONS)],
        "Lure",
    )


def lefts(session: TrainingSession) -> Floats:
    """`[N]`: how often A was left to the left."""
    assert isinstance(session.agent, Sampler)
    return session.agent.tables.visits[:, A, : ACTIONS // 2].sum(axis=1)


def run(quick: bool) -> Figure:
    """300 episodes, 1,000 runs (the book has 10,000); quick: 150."""
    runs = 150 if quick else 1000
    lines, share = {}, {}
    for method, title in (("q_learning", "Q-learning"), ("double_q_learning", "Double Q-learning")):
        counts = after_episodes(
            method, lure(), runs, range(1, EPISODES + 1), lefts, alpha=0.1, gamma=1.0, epsilon=0.1
        )
        went = 100 * np.diff(np.concatenate([0 * counts[:1], counts]), axis=0).T
        lines[title] = Line.mean(np.arange(1, EPISODES + 1), went)
        share[title] = went.mean(axis=0)
    lines["optimal"] = Line.of([1, EPISODES], [5.0, 5.0], dashed=True)
    q, double = share.values()
    compared = (
        Compared("both: % left in the first episode", float((q[0] + double[0]) / 2), 50.0, 6.0),
        ordered("Q-learning: highest % left, lured", q.max(), q.max() > 65),
        ordered("Q-learning: % left in the last 50 episodes, above 5", q[-50:].mean(), q[-50:].mean() > 5.5),
        ordered(
            "Double Q-learning: highest % left from episode 20 on, far lower",
            double[20:].max(),
            double[20:].max() < q[20:].max() - 20,
        ),
        ordered(
            "Double Q-learning: % left in the last 50 episodes, lower",
            double[-50:].mean(),
            double[-50:].mean() < q[-50:].mean(),
        ),
    )
    notes = (
        "The book's A has two actions and its B many. Here every state has ten: in A five go left and five "
        "right, so that a random action is as likely to go left as in the book."
    )
    panel = Panel(
        "Actions to the left from A", "episodes", "% left actions from A", lines, y_range=(0.0, 100.0)
    )
    return Figure(TITLE, SOURCE, (panel,), compared, runs, notes)
