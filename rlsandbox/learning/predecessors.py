"""What leads to a state, learnt from experience: slots of a counted model in one linked list a state.

A slot of a model is (S, A, K) in one number. `first` `[S]` is the first slot that leads to a state,
`following` `[S * A * K]` the next one that leads to the same state; -1 for none.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.walk import Index
from rlsandbox.worlds.compiled import kernel


@kernel
def link(tables: Any, slot: int, s_next: Any) -> None:
    """Enter a slot among those that lead to a state."""
    tables.following[Index(slot)] = tables.first[Index(s_next)]
    tables.first[Index(s_next)] = slot


@kernel
def unlink(tables: Any, slot: int, s_next: Any) -> None:
    """Take a slot out of those that lead to a state."""
    at = tables.first[Index(s_next)]
    if at == slot:
        tables.first[Index(s_next)] = tables.following[Index(slot)]
        return
    while at >= 0:
        after = tables.following[Index(at)]
        if after == slot:
            tables.following[Index(at)] = tables.following[Index(slot)]
            return
        at = after


def link_all(
    first: NDArray[Any], following: NDArray[Any], successor: NDArray[Any], leads: NDArray[Any]
) -> None:
    """Find what leads to every state anew, `[N, ...]`, where `leads` `[N, S, A, K]`."""
    first[:] = following[:] = -1
    for i in range(first.shape[0]):
        slots = np.flatnonzero(leads[i])
        states = successor[i].ravel()[slots]
        order = np.argsort(states, kind="stable")
        slots, states = slots[order], states[order]
        same = states[1:] == states[:-1]
        following[i, slots[1:][same]] = slots[:-1][same]
        last = np.append(~same, True)[: slots.size]
        first[i, states[last]] = slots[last]


def links_fit(first: NDArray[Any], following: NDArray[Any], known: NDArray[Any]) -> bool:
    """Whether the lists name `known` `[N, S * A * K]` slots, each once: so that every list ends."""
    for one, others, slots in zip(first, following, known, strict=True):
        links = np.concatenate([one, others])
        named = links[links != -1]
        if ((named < 0) | (named >= slots.size)).any() or not slots[named].all():
            return False
        if np.bincount(named, minlength=1).max() > 1:
            return False
    return True
