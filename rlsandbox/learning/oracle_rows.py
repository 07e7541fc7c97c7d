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

PAY, SCALE, OWN = 16, 20, 24
"""Columns of a table of four actions that share four successors."""
DEEP = 24
"""A model of fewer layers has no direction that sweeps could follow."""
_THIN = 16
"""Layers with fewer states are put together."""
_KINDS = 1024
"""For so many kinds there is room at first."""
_SLOTS, _PROBES = 1024, 4
_NO_ROOM, _NOT_SHARED = -1, -2


class Rows(NamedTuple):
    """What a sweep reads: n live states in their order, C kinds of them, A actions.

    With own = gamma p(s | s, a), an action is worth q = pay + sum weight v(near) + own v(s). Where v(s) = q,
    that is (pay + sum weight v(near)) scale, scale = 1 / (1 - own): staying is solved for, not waited for.

    Attributes:
        near: uint32 successors, `[n, 4]` for four actions that share them, else `[n, A, K]`; n stands for
            none, and its value is 0.
        kind: `[n]` uint32 row of the table.
        table: `[C, W + 3 A]`: W weights, that is gamma times chances, then expected rewards, scales and owns.
            Weights are `[4, A]` for shared successors, else `[A, K]`.
    """

    near: Any
    kind: Any
    table: Any


class Packed(NamedTuple):
    """Rows, and how they stand to the model.

    Attributes:
        rows: the rows.
        order: `[n]` the state of each row.
        begins: `[layers + 1]` first row of each layer, and n; a state leads at most one layer inwards.
        reader: `[layers]` the first layer that leads to a layer.
        pay: `[C, A]` expected rewards of the kinds.
        shared: whether the weights are those of four shared successors.
    """

    rows: Rows
    order: NDArray[np.int32]
    begins: NDArray[np.uint32]
    reader: NDArray[np.int32]
    pay: NDArray[np.float64]
    shared: bool


def pack(mdp: TabularMDP, live: NDArray[np.bool_], gamma: float) -> Packed:
    """Pack the live states `[S]` of a model; all others are worth nothing."""
    n_states, n_actions, n_outcomes = mdp.prob.shape
    model = mdp.next_state, mdp.prob, mdp.reward, mdp.terminal
    kind, ends, kinds = np.zeros(n_states, np.uint32), np.zeros(n_states, np.bool_), _NOT_SHARED
    step = near = np.empty((0, 0), np.uint32)
    table = np.empty((0, 0))
    for room in (min(n_states, _KINDS), n_states) if n_actions == 4 else ():
        step, table = np.empty((room, 4), np.int32), np.empty((room, OWN + 4))
        flat, index = [array.reshape(n_states, -1) for array in model], np.full(_SLOTS, -1, np.int32)
        kinds = _pack_shared(*flat, live, gamma, kind, step, table, ends, np.empty(room, np.int32), index)
        if kinds != _NO_ROOM:
            break
    shared, all_live = kinds >= 0, bool(live.all())
    if shared:
        table = table[:kinds]
    else:
        width, kind = n_actions * n_outcomes, np.arange(n_states, dtype=np.uint32)
        near, table = np.empty((n_states, width), np.uint32), np.empty((n_states, width + 3 * n_actions))
        _pack_any(*model, live, gamma, near, table, ends)
    pay, scale = table[:, -3 * n_actions : -2 * n_actions], table[:, -2 * n_actions : -n_actions]
    never_ends = not ends.any()
    if never_ends and (shared or not all_live) and live.any():  # begin where staying pays best
        states = np.flatnonzero(live)
        ends[states[(pay * scale).max(axis=1)[kind[states]].argmax()]] = True
    if shared:  # states mostly lead to those that lead to them
        packed = _ordered_by_steps(kind, step, table, pay, live, ends)
        if packed is not None:
            return packed
        successors = np.where(step[kind] == 0, n_states, step[kind] + np.arange(n_states)[:, None])
        near = successors.astype(np.uint32)
    if shared or not never_ends or not all_live:
        packed = _ordered(near, kind, table, pay, live, ends, shared)
        if shared or not all_live or packed.reader.size >= DEEP:
            return packed
    # there is no way outwards: as they stand, they are in order
    begins, reader = np.array([0, n_states], np.uint32), np.zeros(1, np.int32)
    rows = Rows(near.reshape(n_states, n_actions, n_outcomes), kind, table)
    return Packed(rows, np.arange(n_states, dtype=np.int32), begins, reader, pay, False)


def _ordered_by_steps(kind: Any, step: Any, table: Any, pay: Any, live: Any, ends: Any) -> Packed | None:
    """Rows in the order in which steps lead on from where episodes end; None if they do not lead back."""
    n_states = live.size
    order, place = np.empty(n_states, np.int32), np.empty(n_states + 1, np.int32)
    begins = np.empty(n_states // _THIN + 2, np.uint32)
    layers = _order_by_steps((kind, step), live, ends, order, place, begins)
    begins, n = begins[: layers + 1], int(begins[layers])
    rows = Rows(np.empty((n, 4), np.uint32), np.empty(n, np.uint32), table)
    if not _renumber_steps(kind, step, order, place, begins, rows.near, rows.kind):
        return None
    reader = np.maximum(np.arange(-1, layers - 1, dtype=np.int32), 0)
    return Packed(rows, order[:n], begins, reader, pay, True)


def _ordered(near: Any, kind: Any, table: Any, pay: Any, live: Any, ends: Any, shared: bool) -> Packed:
    """Rows in the order in which states lead to where episodes end."""
    n_states = live.size
    after, before = np.zeros(n_states + 2, np.int32), np.empty(near.size, np.int32)
    _reverse(near, live, after, before)
    order, place = np.empty(n_states, np.int32), np.empty(n_states + 1, np.int32)
    begins = np.empty(n_states // _THIN + 2, np.uint32)
    layers = _order((after, before), live, ends, order, place, begins)
    begins, n = begins[: layers + 1], int(begins[layers])
    onward, reader = np.empty((n, near.shape[1]), np.uint32), np.arange(layers, dtype=np.int32)
    _renumber(near, order, place, begins, np.empty(n, np.int32), onward, reader)
    if not shared:
        onward = onward.reshape(n, pay.shape[1], near.shape[1] // pay.shape[1])
    rows = Rows(onward, kind[order[:n]], table)
    return Packed(rows, order[:n], begins, reader, pay, shared)


@kernel(inline="always")
def _scale_of(own: float, pay: float) -> float:
    """1 / (1 - own); to stay for ever unpaid is worth nothing, paid infinitely much."""
    if own < 1:
        return 1 / (1 - own)
    return 1.0 if pay == 0 else np.inf


@kernel(inline="always")
def _alike(next_state: Any, prob: Any, reward: Any, terminal: Any, s: int, o: int) -> bool:
    """Whether two states pay the same and move on by the same steps."""
    same = True
    for k in range(prob.shape[1]):
        same &= (next_state[s, k] - next_state[o, k] == s - o) | (prob[s, k] == 0)
        same &= (prob[s, k] == prob[o, k]) & (reward[s, k] == reward[o, k])
        same &= terminal[s, k] == terminal[o, k]
    return same


@kernel
def _pack_shared(
    next_state: Any,
    prob: Any,
    reward: Any,
    terminal: Any,
    live: Any,
    gamma: float,
    kind: Any,
    step: Any,
    table: Any,
    ends: Any,
    first: Any,
    index: Any,
) -> int:
    """Pack states of four actions that share four successors at most.

    The model's arrays are `[S, 4 K]`. States are of a kind if they are alike, as cells of a grid are that
    have the same walls around them. Filled are `kind` `[S]`, `ends` `[S]`, and for each kind `step` `[C, 4]`,
    how far away its successors are, 0 for none, and `table` `[C, W + 12]`. `first` `[C]` keeps a state of
    each kind, `index` the kinds by a hash.

    Returns:
        The number of kinds; _NO_ROOM if there are more than C, _NOT_SHARED if a state has more successors.
    """
    n_states, width = prob.shape
    kinds, n_outcomes = 0, width // 4
    for s in range(n_states):
        if not live[s]:
            continue
        key = 0
        for a in range(4):  # where each action leads first
            key = 31 * key + next_state[s, a * n_outcomes] - s
        slot = (key ^ (key >> 10)) & (_SLOTS - 1)
        c = -1
        for _ in range(_PROBES):
            c = index[slot]
            if c < 0 or _alike(next_state, prob, reward, terminal, s, first[c]):
                break
            c, slot = -1, (slot + 1) & (_SLOTS - 1)
        if c < 0:
            if kinds == table.shape[0]:
                return _NO_ROOM
            c, index[slot], first[kinds] = kinds, kinds, s
            kinds += 1
            used = 0
            step[c, :] = 0
            table[c, :] = 0.0
            for k in range(width):
                a, p, ahead = k // n_outcomes, prob[s, k], next_state[s, k] - s
                if not p > 0:
                    continue
                table[c, PAY + a] += p * reward[s, k]
                if terminal[s, k]:
                    ends[s] = True
                elif ahead == 0:
                    table[c, OWN + a] += gamma * p
                else:
                    j = 0
                    while j < used and step[c, j] != ahead:
                        j += 1
                    if j == 4:
                        return _NOT_SHARED
                    used = max(used, j + 1)
                    step[c, j] = ahead
                    table[c, 4 * j + a] += gamma * p
            for a in range(4):
                table[c, SCALE + a] = _scale_of(table[c, OWN + a], table[c, PAY + a])
        kind[s], end = c, ends[first[c]]
        for j in range(4):
            end |= not live[s + step[c, j]]
        ends[s] = end
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
    table: Any,
    ends: Any,
) -> None:
    """Pack any states, each a kind of its own; arguments as above."""
    n_states, n_actions, n_outcomes = prob.shape
    weights = n_actions * n_outcomes
    for s in range(n_states):
        ends[s] = False
        for a in range(n_actions):
            pay = own = 0.0
            for k in range(n_outcomes):
                at, p, to = a * n_outcomes + k, prob[s, a, k], next_state[s, a, k]
                table[s, at], near[s, at] = 0.0, n_states
                if not p > 0 or not live[s]:
                    continue
                pay += p * reward[s, a, k]
                if terminal[s, a, k] or not live[to]:
                    ends[s] = True
                elif to == s:
                    own += gamma * p
                else:
                    table[s, at], near[s, at] = gamma * p, to
            table[s, weights + a], table[s, weights + n_actions + a] = pay, _scale_of(own, pay)
            table[s, weights + 2 * n_actions + a] = own


@kernel
def _reverse(near: Any, live: Any, after: Any, before: Any) -> None:
    """List the states that lead to each state: those before s begin at `after[s]`, given `[S + 2]` zeros."""
    n_states, width = near.shape
    for s in range(n_states):
        if live[s]:
            for j in range(width):
                if near[s, j] < n_states:
                    after[near[s, j] + 2] += 1
    for s in range(n_states):
        after[s + 2] += after[s + 1]
    for s in range(n_states):  # `after[t + 1]` grows to where those before t + 1 begin
        if live[s]:
            for j in range(width):
                if near[s, j] < n_states:
                    before[after[near[s, j] + 1]] = s
                    after[near[s, j] + 1] += 1


@kernel(inline="always")
def _span(lists: Any, s: int) -> tuple[int, int]:
    return lists[0][s], lists[0][s + 1]


@kernel(inline="always")
def _span_of_steps(steps: Any, s: int) -> tuple[int, int]:
    return 0, 4


@kernel(inline="always")
def _listed(lists: Any, s: int, i: int) -> int:
    return lists[1][i]


@kernel(inline="always")
def _stepped(steps: Any, s: int, j: int) -> int:
    return s + steps[1][steps[0][s], j]


@kernel
def _order(before: Any, live: Any, ends: Any, order: Any, place: Any, begins: Any) -> int:
    """Walk breadth first backwards from where episodes may end, then from what is left.

    Filled are `order` `[n]`, `place` `[S + 1]`, where a state stands in it, at least n if nowhere, and
    `begins`. Returns the number of layers.
    """
    n_states = live.shape[0]
    n, place[n_states] = 0, n_states
    for s in range(n_states):
        place[s] = -1 if live[s] else n_states
        if ends[s]:
            order[n], place[s] = s, n
            n += 1
    done, layers, layer_end, left = 0, 0, n, 0
    begins[0] = 0
    while True:
        while done < n:
            s = order[done]
            done += 1
            low, high = _span(before, s)
            for i in range(low, high):
                to = _listed(before, s, i)
                if place[to] < 0:
                    order[n], place[to] = to, n
                    n += 1
            if done == layer_end:
                if done - begins[layers] >= _THIN:
                    layers += 1
                    begins[layers] = done
                layer_end = n
        while left < n_states and place[left] >= 0:
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


_order_by_steps = _order.bind(_span=_span_of_steps, _listed=_stepped)


@kernel
def _renumber_steps(kind: Any, step: Any, order: Any, place: Any, begins: Any, near: Any, kinds: Any) -> bool:
    """Put rows in order; returns whether no state leads more than one layer inwards."""
    n, low = kinds.shape[0], 0
    for at in range(begins.shape[0] - 1):
        for i in range(begins[at], begins[at + 1]):
            s = order[i]
            c, least = kind[s], n
            kinds[i] = c
            for j in range(4):
                to = place[s + step[c, j]]
                to = n if to == i or to > n else to
                near[i, j], least = to, min(least, to)
            if least < low:
                return False
        low = begins[at]
    return True


@kernel
def _renumber(moves: Any, order: Any, place: Any, begins: Any, layer: Any, near: Any, reader: Any) -> None:
    """Put rows in order, and lower each layer's `reader` to the first layer that leads to it."""
    n, n_layers = layer.shape[0], reader.shape[0]
    for at in range(n_layers):
        for i in range(begins[at], begins[at + 1]):
            layer[i] = at
    for i in range(n):
        for j in range(near.shape[1]):
            to = place[moves[order[i], j]]
            near[i, j] = min(to, n)
            if to < n:
                reader[layer[to]] = min(reader[layer[to]], layer[i])
