"""A model packed for the oracle's sweeps.

States are renumbered breadth first from where episodes end, so that one sweep carries values all the way
outwards. What a state pays and how it moves on is stored once for all states that are alike.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rlsandbox.worlds.compiled import kernel
from rlsandbox.worlds.mdp import TabularMDP

_SLOTS = 1024
DEEP = 24
"""A model of fewer layers has no direction that sweeps could follow."""
_THIN = 16
"""Layers with fewer states are put together."""


class Rows(NamedTuple):
    """What a sweep reads: n live states in their order, C kinds of them, A actions.

    With own = gamma p(s | s, a), an action is worth q = pay + sum weight v(near) + own v(s). Where v(s) = q,
    that is (pay + sum weight v(near)) scale: staying is solved for, not waited for.

    Attributes:
        near: `[n, D]` uint32 successors; n stands for none, and its value is 0.
        kind: `[n]` uint32 row of the arrays below.
        weight: gamma times chances; `[C, 4, A]` for four actions and D = 4 successors that they share, else
            `[C, A, K]` for D = A K successors, those of the first action first.
        pay: `[C, A]` expected rewards.
        own: `[C, A]`.
        scale: `[C, A]` 1 / (1 - own).
    """

    near: Any
    kind: Any
    weight: Any
    pay: Any
    own: Any
    scale: Any


class Packed(NamedTuple):
    """Rows, and how they stand to the model.

    Attributes:
        rows: the rows.
        order: `[n]` the state of each row.
        begins: `[layers + 1]` first row of each layer, and n; a state leads at most one layer inwards.
        reader: `[layers]` the first layer that leads to a layer.
        n_ends: the rows from which an episode may end at once; they come first where there are layers.
        shared: whether the weights are those of four shared successors.
    """

    rows: Rows
    order: NDArray[np.int32]
    begins: NDArray[np.int32]
    reader: NDArray[np.int32]
    n_ends: int
    shared: bool


def pack(mdp: TabularMDP, live: NDArray[np.bool_], gamma: float) -> Packed:
    """Pack the live states `[S]` of a model; all others are worth nothing."""
    n_states, n_actions, n_outcomes = mdp.prob.shape
    model = mdp.next_state, mdp.prob, mdp.reward, mdp.terminal
    near, kind = np.empty((n_states, 4), np.int32), np.empty(n_states, np.int32)
    weight, ends = np.empty((n_states, 4, n_actions)), np.zeros(n_states, np.bool_)
    pay, own, scale = np.empty((3, n_states, n_actions))
    shared, kinds = n_actions == 4, -1
    if shared:
        flat = [array.reshape(n_states, -1) for array in model]
        alike = np.full(_SLOTS, -1, np.int32)
        kinds = _pack_shared(*flat, live, gamma, near, kind, weight, pay, own, scale, ends, alike)
    if kinds < 0:
        shared, kinds = False, n_states
        near, weight = np.empty((n_states, n_actions * n_outcomes), np.int32), np.empty(mdp.prob.shape)
        _pack_any(*model, live, gamma, near, kind, weight, pay, own, scale, ends)
    order, place, begins = np.empty(n_states, np.int32), np.empty(n_states, np.int32), None
    n_live, layers, root = np.count_nonzero(live), 0, -1
    never_ends = np.count_nonzero(ends) == 0
    if shared or not never_ends or n_live < n_states:
        if never_ends and n_live:  # begin where staying pays best
            states = np.flatnonzero(live)
            root = int(states[(pay[:kinds] * scale[:kinds]).max(axis=1)[kind[states]].argmax()])
        begins = np.empty(n_states + 1, np.int32)
        scratch = np.zeros(n_states + 2, np.int32), np.empty(near.size, np.int32)
        layers = _order(near, live, ends, root, *scratch, order, place, begins)
    kinds_of = weight[:kinds], pay[:kinds], own[:kinds], scale[:kinds]
    if begins is None or (not shared and layers < DEEP and n_live == n_states):
        # there is no way outwards: as they stand, they are in order
        order = np.arange(n_states, dtype=np.int32)
        begins, reader = np.array([0, n_states], np.int32), np.zeros(1, np.int32)
        rows = Rows(near.view(np.uint32), kind.view(np.uint32), *kinds_of)
        return Packed(rows, order, begins, reader, 0, shared)
    n = int(begins[layers])
    to_near, to_kind = np.empty((n, near.shape[1]), np.uint32), np.empty(n, np.uint32)
    reader, layer = np.empty(layers, np.int32), np.empty(n, np.int32)
    _renumber(near, kind, order, place, begins, layer, to_near, to_kind, reader)
    rows = Rows(to_near, to_kind, *kinds_of)
    return Packed(rows, order[:n], begins[: layers + 1], reader, int(np.count_nonzero(ends)), shared)


@kernel(inline="always")
def _scale_of(own: float, pay: float) -> float:
    """1 / (1 - own); to stay for ever unpaid is worth nothing, paid infinitely much."""
    if own < 1:
        return 1 / (1 - own)
    return 1.0 if pay == 0 else np.inf


@kernel
def _pack_shared(
    next_state: Any,
    prob: Any,
    reward: Any,
    terminal: Any,
    live: Any,
    gamma: float,
    near: Any,
    kind: Any,
    weight: Any,
    pay: Any,
    own: Any,
    scale: Any,
    ends: Any,
    alike: Any,
) -> int:
    """Pack states of four actions that share four successors at most; returns the kinds, -1 if one has more.

    The model's arrays are `[S, 4 K]`; `near`, `kind` and `ends` are `[S, ...]` in the model's order. States
    are of a kind if they pay the same and move on by the same steps, as cells of a grid do that have the same
    walls around them. `alike` holds the last state of some kinds, found by a hash.
    """
    n_states, width = prob.shape
    kinds, n_outcomes = 0, width // 4
    for s in range(n_states):
        if not live[s]:
            continue
        key = 0
        for k in range(width):
            step = next_state[s, k] - s if prob[s, k] > 0 else 0
            key += (2 * step + terminal[s, k]) << (k * 5 & 31)
        slot = (key ^ (key >> 11) ^ (key >> 22) ^ (key >> 35)) & (_SLOTS - 1)
        o = alike[slot]
        if o >= 0:
            same = True
            for k in range(width):
                same &= (next_state[s, k] - next_state[o, k] == s - o) | (prob[s, k] == 0)
                same &= (prob[s, k] == prob[o, k]) & (reward[s, k] == reward[o, k])
                same &= terminal[s, k] == terminal[o, k]
            if same:
                kind[s], ends[s] = kind[o], ends[o]
                for j in range(4):
                    near[s, j] = near[o, j] + s - o if near[o, j] < n_states else n_states
                continue
        alike[slot], kind[s] = s, kinds
        used = 0
        for a in range(4):
            pay[kinds, a] = own[kinds, a] = 0.0
            near[s, a] = n_states
            for j in range(4):
                weight[kinds, j, a] = 0.0
        for k in range(width):
            a, p, to = k // n_outcomes, prob[s, k], next_state[s, k]
            if not p > 0:
                continue
            pay[kinds, a] += p * reward[s, k]
            if terminal[s, k]:
                ends[s] = True
            elif to == s:
                own[kinds, a] += gamma * p
            else:
                j = 0
                while j < used and near[s, j] != to:
                    j += 1
                if j == 4:
                    return -1
                used = max(used, j + 1)
                near[s, j] = to
                weight[kinds, j, a] += gamma * p
        for a in range(4):
            scale[kinds, a] = _scale_of(own[kinds, a], pay[kinds, a])
        kinds += 1
    return kinds


@kernel
def _pack_any(
    next_state: Any,
    prob: Any,
    reward: Any,
    terminal: Any,
    live: Any,
    gamma: float,
    near: Any,
    kind: Any,
    weight: Any,
    pay: Any,
    own: Any,
    scale: Any,
    ends: Any,
) -> None:
    """Pack any states, each a kind of its own; arguments as above."""
    n_states, n_actions, n_outcomes = prob.shape
    for s in range(n_states):
        kind[s] = s
        for a in range(n_actions):
            pay[s, a] = own[s, a] = 0.0
            for k in range(n_outcomes):
                p, to = prob[s, a, k], next_state[s, a, k]
                weight[s, a, k], near[s, a * n_outcomes + k] = 0.0, n_states
                if not p > 0 or not live[s]:
                    continue
                pay[s, a] += p * reward[s, a, k]
                if terminal[s, a, k]:
                    ends[s] = True
                elif to == s:
                    own[s, a] += gamma * p
                else:
                    weight[s, a, k], near[s, a * n_outcomes + k] = gamma * p, to
            scale[s, a] = _scale_of(own[s, a], pay[s, a])


@kernel
def _order(
    near: Any,
    live: Any,
    ends: Any,
    root: int,
    after: Any,
    before: Any,
    order: Any,
    place: Any,
    begins: Any,
) -> int:
    """Walk breadth first backwards from where episodes may end, else from a root; then from what is left.

    Filled are `order` `[n]`, `place` `[S]`, where a state stands in it, -1 if nowhere, and `begins`; `after`
    `[S + 2]` zeros and `before` `[S D]` are scratch. Returns the number of layers.
    """
    n_states, width = near.shape
    for s in range(n_states):
        place[s] = -1
        if live[s]:
            for j in range(width):
                to = near[s, j]
                if to < n_states:
                    after[to + 2] += 1
                    if not live[to]:
                        ends[s] = True
    for s in range(n_states):
        after[s + 2] += after[s + 1]
    for s in range(n_states):  # sorted into `before` by successor, `after[t + 1]` grows to where t + 1 begins
        if live[s]:
            for j in range(width):
                to = near[s, j]
                if to < n_states:
                    before[after[to + 1]] = s
                    after[to + 1] += 1
    n = 0
    for s in range(n_states):
        if ends[s]:
            order[n], place[s] = s, n
            n += 1
    if n == 0 and root >= 0:
        order[0], place[root], n = root, 0, 1
    done, layers, layer_end, left = 0, 0, n, 0
    begins[0] = 0
    while True:
        while done < n:
            s = order[done]
            done += 1
            for i in range(after[s], after[s + 1]):
                if place[before[i]] < 0:
                    order[n], place[before[i]] = before[i], n
                    n += 1
            if done == layer_end:
                if done - begins[layers] >= _THIN:
                    layers += 1
                    begins[layers] = done
                layer_end = n
        while left < n_states and (place[left] >= 0 or not live[left]):
            left += 1
        if left == n_states:
            break
        order[n], place[left] = left, n
        n += 1
        layer_end = n
    if n > begins[layers]:
        layers += 1
        begins[layers] = n
    return layers


@kernel
def _renumber(
    near: Any,
    kind: Any,
    order: Any,
    place: Any,
    begins: Any,
    layer: Any,
    to_near: Any,
    to_kind: Any,
    reader: Any,
) -> None:
    """Put rows in order, and find the first layer that leads to each; `layer` `[n]` is scratch."""
    n = to_kind.shape[0]
    for at in range(reader.shape[0]):
        reader[at] = at
        for i in range(begins[at], begins[at + 1]):
            layer[i] = at
    for i in range(n):
        s = order[i]
        to_kind[i] = kind[s]
        for j in range(near.shape[1]):
            to = near[s, j]
            if to == near.shape[0] or place[to] < 0:
                to_near[i, j] = n
            else:
                to_near[i, j] = place[to]
                at = layer[place[to]]
                reader[at] = min(reader[at], layer[i])
