"""Figure 5.3: ordinary and weighted importance sampling for one state of blackjack."""

from __future__ import annotations

from functools import cache

import numpy as np

from rlsandbox.learning.oracle import policy_values
from rlsandbox.reproductions.figure import BOOK, Compared, Figure, ordered
from rlsandbox.reproductions.sessions import Floats, after_episodes
from rlsandbox.studio.plots.panel import Line, Panel
from rlsandbox.worlds.mdp import compile_world
from rlsandbox.worlds.toy_text import from_gymnasium_p
from rlsandbox.worlds.world import World

TITLE = "Importance sampling for one state of blackjack"
SOURCE = f"{BOOK}, figure 5.3, page 106"
TRUE_VALUE = -0.27726
CARDS = {card: 1 / 13 for card in range(1, 10)} | {10: 4 / 13}
"""Chances of the cards of an endless deck; 1 is the ace."""
STICK, HIT = 0, 1
SUMS = 22
_START = SUMS + 13


@cache
def dealers_end(total: int, usable: bool) -> dict[int, float]:
    """Chances of what the dealer ends with, who hits until 17; 0 stands for bust."""
    if total > 21:
        return dealers_end(total - 10, False) if usable else {0: 1.0}
    if total >= 17:
        return {total: 1.0}
    chances: dict[int, float] = {}
    for card, chance in CARDS.items():
        ace = card == 1 and total + 11 <= 21
        for end, rest in dealers_end(total + (11 if ace else card), usable or ace).items():
            chances[end] = chances.get(end, 0.0) + chance * rest
    return chances


def blackjack() -> World:
    """The dealer shows a deuce; a state is the player's sum, the second row with a usable ace."""
    dealer = dealers_end(2, False)
    transitions: dict[int, dict[int, list[tuple[float, int, float, bool]]]] = {s: {} for s in range(2 * SUMS)}
    for usable in (False, True):
        for total in range(12, SUMS):
            stick = [(chance, 0, float(np.sign(total - end)), True) for end, chance in dealer.items()]
            hit = []
            for card, chance in CARDS.items():
                following, soft = total + card, usable
                if following > 21 and soft:
                    following, soft = following - 10, False
                bust = following > 21
                hit.append((chance, 0 if bust else SUMS * soft + following, -1.0 if bust else 0.0, bust))
            transitions[SUMS * usable + total] = {STICK: stick, HIT: hit}
    start = np.zeros(2 * SUMS)
    start[_START] = 1.0
    return from_gymnasium_p(
        transitions, start, ("stick", "hit"), "Blackjack against a deuce", shape=(2, SUMS)
    )


def sticks_on_20() -> Floats:
    """`[S, A]`: the target policy, which sticks on 20 and 21 alone."""
    total = np.arange(2 * SUMS) % SUMS
    return np.eye(2)[np.where(total >= 20, STICK, HIT)]


def run(quick: bool) -> Figure:
    """100 runs of 10,000 episodes, as in the book; quick: 1,000 episodes."""
    runs, at = 100, np.unique(np.logspace(0, 3 if quick else 4, 31 if quick else 61).astype(int)).tolist()
    world, policy = blackjack(), sticks_on_20()
    truth = policy_values(compile_world(world), policy, 1.0)
    assert truth is not None
    squares = {
        kind: (
            after_episodes(
                "off_policy_prediction",
                world,
                runs,
                at,
                lambda s: s.agent.estimates()[:, _START],
                policy=policy,
                gamma=1.0,
                behaviour="uniform",
                importance=kind,
            )
            - truth[_START]
        )
        ** 2
        for kind in ("ordinary", "weighted")
    }
    mean = {kind: rows.mean(axis=1) for kind, rows in squares.items()}
    early = [k for k, n in enumerate(at) if 3 <= n <= 100]
    compared = (
        Compared("value of the state, from the exact model", float(truth[_START]), TRUE_VALUE, 2e-4),
        ordered(
            "weighted: mean error from episode 3 to 100, lower",
            mean["weighted"][early].mean(),
            mean["weighted"][early].mean() < 0.5 * mean["ordinary"][early].mean(),
        ),
        ordered(
            "ordinary: error at the end, towards zero", mean["ordinary"][-1], mean["ordinary"][-1] < 0.05
        ),
        ordered(
            "weighted: error at the end, towards zero", mean["weighted"][-1], mean["weighted"][-1] < 0.02
        ),
    )
    lines = {f"{kind} importance sampling": Line.mean(at, rows.T) for kind, rows in squares.items()}
    panel = Panel(
        "Dealer shows a deuce, sum 13, usable ace",
        "episodes",
        "mean square error",
        lines,
        log_x=True,
        y_range=(0.0, 5.0),
    )
    return Figure(TITLE, SOURCE, (panel,), compared, runs)
