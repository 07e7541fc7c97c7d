"""Chances of actions that are worked out where a walk comes to: a network is asked about a state once.

To ask about all states after every update would take longer than the update.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from rlsandbox.learning.exploration import greatest
from rlsandbox.learning.perceptrons import ask, ask_hot
from rlsandbox.learning.policy_gradient import weigh_choices
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
    head = guide.said[i, guide.begin : guide.begin + chances.shape[2]]
    fill_row(head, guide.greedy, guide.epsilon, chances[i, s])


@kernel(error_model="numpy")
def fill_row(head: Any, greedy: bool, epsilon: float, row: Any) -> None:
    """Fill `[A]` chances by the outputs `[A]` of a head; see `Rule`. The best actions share theirs."""
    n_actions = row.shape[0]
    if greedy:
        best, _, ties = greatest(head)
        for a in range(n_actions):
            row[a] = ((1.0 - epsilon) / ties if head[a] == best else 0.0) + epsilon / n_actions
    else:
        _, total = weigh_choices(head, row)
        for a in range(n_actions):
            row[a] /= total


@kernel
def fill_all(head: Any, greedy: bool, epsilon: float, chances: Any) -> None:
    """The same for `[N, S, A]`."""
    for i in range(head.shape[0]):
        for s in range(head.shape[1]):
            fill_row(head[i, s], greedy, epsilon, chances[i, s])
