"""Chances of actions that are worked out where a walk comes to: a network is asked about a state once.

To ask about all states after every update would take longer than the update.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from rlsandbox.learning.exploration import greatest
from rlsandbox.learning.perceptrons import ask, ask_hot
from rlsandbox.learning.policy_gradient import log_sum_exp
from rlsandbox.worlds.compiled import kernel


class Rule(NamedTuple):
    """How the outputs of a head become chances.

    Attributes:
        head: its name.
        greedy: whether the largest output is chosen, but with chance `epsilon` any action; else they are
            logits of a softmax.
        epsilon: see there.
    """

    head: str
    greedy: bool
    epsilon: float = 0.0


class Guide(NamedTuple):
    """What a walk needs to ask networks about the states that it comes to."""

    nets: Any  # `Perceptrons`
    seen: Any  # [S, D] float32 what the networks see of each state; not used where one number is hot
    hot: bool
    asked: Any  # [N, S] int64, the version of the networks of which a row of chances is
    version: int
    kind: int  # which of a replica's networks
    begin: int  # its first output
    greedy: bool
    epsilon: float
    said: Any  # [N, widest] float32, to compute in


@kernel(error_model="numpy")
def ask_where_it_is(guide: Any, chances: Any, i: int, s: int) -> None:
    """Fill the row `[A]` of `chances` `[N, S, A]` of replica i in state s, unless it is up to date."""
    if guide.asked[i, s] == guide.version:
        return
    guide.asked[i, s] = guide.version
    if guide.hot:
        ask_hot(guide.nets, i, guide.kind, s, guide.said[i])
    else:
        ask(guide.nets, i, guide.kind, guide.seen[s], guide.said[i])
    row, n_actions = chances[i, s], chances.shape[2]
    head = guide.said[i, guide.begin : guide.begin + n_actions]
    if guide.greedy:
        best, _, ties = greatest(head)
        for a in range(n_actions):
            own = (1.0 - guide.epsilon) / ties if head[a] == best else 0.0
            row[a] = own + guide.epsilon / n_actions
    else:
        whole = log_sum_exp(head)
        for a in range(n_actions):
            row[a] = np.exp(head[a] - whole)
