"""The likeliest way from a state, on which methods that look further than one step show their backup."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rlsandbox.worlds.mdp import TabularMDP


class Footstep(NamedTuple):
    """One step on a way: what was done in `state`, what it paid, where it led."""

    state: int
    action: int
    reward: float
    next_state: int
    terminated: bool


def likeliest_path(mdp: TabularMDP, actions: NDArray[np.integer], state: int, length: int) -> list[Footstep]:
    """At most so many steps from a live state: likeliest outcomes of the `actions` `[S]`."""
    path: list[Footstep] = []
    while len(path) < length and not (path and path[-1].terminated):
        a = int(actions[state])
        k = int(mdp.prob[state, a].argmax())
        s_next = int(mdp.next_state[state, a, k])
        path.append(
            Footstep(state, a, float(mdp.reward[state, a, k]), s_next, bool(mdp.terminal[state, a, k]))
        )
        state = s_next
    return path
