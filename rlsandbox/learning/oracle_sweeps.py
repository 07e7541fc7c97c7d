"""The oracle's sweeps over packed rows."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from rlsandbox.worlds.compiled import kernel

_SPEED = 3
"""Layers by which the front of a wave moves on with every pass."""
_CAUTION = 4
_ROUNDING = 4 * 2.0**-52
_SHIFTS = 50
"""Rounds of policy iteration that shift all values; the others surely converge."""
_EVALUATIONS = 8


class Layers(NamedTuple):
    """How far a wave has come.

    Attributes:
        begins: `[layers + 1]` first row of each layer, and n.
        reader: `[layers]` the first layer that leads to a layer.
        pending: `[layers]` bound on what a layer's backups may have changed by since it was swept.
        progress: `[4]` int64: first layer that has not settled, layers behind the front, layers with a value,
            rows swept.
    """

    begins: Any
    reader: Any
    pending: Any
    progress: Any


@kernel(inline="always")
def _moving(rows: Any, v: Any, i: int, c: int, a: int) -> float:
    """What an action is worth but for staying, of four actions that share four successors."""
    q = rows.pay[c, a]
    for j in range(4):
        q += rows.weight[c, j, a] * v[rows.near[i, j]]
    return q


@kernel(inline="always")
def _moving_any(rows: Any, v: Any, i: int, c: int, a: int) -> float:
    """What an action is worth but for staying, each outcome with a successor of its own."""
    q, n_outcomes = rows.pay[c, a], rows.weight.shape[2]
    for k in range(n_outcomes):
        q += rows.weight[c, a, k] * v[rows.near[i, a * n_outcomes + k]]
    return q


@kernel(inline="always")
def _best(rows: Any, v: Any, i: int) -> float:
    """Value of the best action; written out, so that all four are computed side by side."""
    near, weight, pay, scale = rows.near, rows.weight, rows.pay, rows.scale
    c = rows.kind[i]
    x0, x1, x2, x3 = v[near[i, 0]], v[near[i, 1]], v[near[i, 2]], v[near[i, 3]]
    q0 = pay[c, 0] + x0 * weight[c, 0, 0] + x1 * weight[c, 1, 0] + x2 * weight[c, 2, 0] + x3 * weight[c, 3, 0]
    q1 = pay[c, 1] + x0 * weight[c, 0, 1] + x1 * weight[c, 1, 1] + x2 * weight[c, 2, 1] + x3 * weight[c, 3, 1]
    q2 = pay[c, 2] + x0 * weight[c, 0, 2] + x1 * weight[c, 1, 2] + x2 * weight[c, 2, 2] + x3 * weight[c, 3, 2]
    q3 = pay[c, 3] + x0 * weight[c, 0, 3] + x1 * weight[c, 1, 3] + x2 * weight[c, 2, 3] + x3 * weight[c, 3, 3]
    q0, q1, q2, q3 = q0 * scale[c, 0], q1 * scale[c, 1], q2 * scale[c, 2], q3 * scale[c, 3]
    best, other = q0, q2
    if q1 > best:
        best = q1
    if q3 > other:
        other = q3
    return other if other > best else best


@kernel(inline="always")
def _best_any(rows: Any, v: Any, i: int) -> float:
    """Value of the best action."""
    c, best = rows.kind[i], -np.inf
    for a in range(rows.pay.shape[1]):
        best = max(best, _moving_any(rows, v, i, c, a) * rows.scale[c, a])
    return best


@kernel(inline="always")
def _take(rows: Any, i: int, c: int, a: int, to: Any, chance: Any) -> float:
    """Write where an action leads, with staying solved for; returns its discounted chance to move on."""
    onward = 0.0
    for j in range(4):
        to[i, j] = rows.near[i, j]
        chance[i, j] = rows.weight[c, j, a] * rows.scale[c, a]
        onward += rows.weight[c, j, a]
    return onward


@kernel(inline="always")
def _take_any(rows: Any, i: int, c: int, a: int, to: Any, chance: Any) -> float:
    """Write where an action leads, with staying solved for; returns its discounted chance to move on."""
    onward, n_outcomes = 0.0, to.shape[1]
    for k in range(n_outcomes):
        to[i, k] = rows.near[i, a * n_outcomes + k]
        chance[i, k] = rows.weight[c, a, k] * rows.scale[c, a]
        onward += rows.weight[c, a, k]
    return onward


@kernel
def _wave(rows: Any, v: Any, layers: Any, n_ends: int, gamma: float, enough: float, passes: int) -> float:
    """Gauss-Seidel value iteration outwards, behind a front that moves on by a few layers a pass.

    Layers that have settled are left out, so that a state is swept about a dozen times however large the
    world. A layer that the front comes to gets a first guess well below what its inner neighbours are worth:
    values from above would have to be unlearnt state by state. Where all layers have a value already, none is
    guessed.

    Args:
        rows: `Rows`.
        v: `[n + 1]` values; the last is 0.
        layers: `Layers`.
        n_ends: rows from which an episode may end at once.
        gamma: discount.
        enough: residual at which a layer has settled; changes that are mere rounding count as none.
        passes: how many at most.

    Returns:
        Bound on the residual; infinity where values are beyond all bounds.
    """
    begins, reader, pending, progress = layers.begins, layers.reader, layers.pending, layers.progress
    n_layers, largest = pending.shape[0], 0.0
    low, front, known = progress[0], progress[1], progress[2]
    floor = 0.0  # no value is lower
    if known < n_layers:
        for c in range(rows.pay.shape[0]):
            for a in range(rows.pay.shape[1]):
                floor = min(floor, rows.pay[c, a] / (1 - gamma))
    for _ in range(passes):
        front = min(n_layers, front + _SPEED)
        while known < min(n_layers, front + 1):
            for i in range(begins[known], begins[known + 1]):
                inner = i
                for j in range(rows.near.shape[1]):
                    inner = min(inner, np.int64(rows.near[i, j]))
                guess = floor + gamma**_CAUTION * (v[inner] - floor)
                v[i] = guess if inner < i else 0.0 if i < n_ends else floor
            known += 1
        first = low
        for at in range(low, front):
            if not pending[at] > enough:
                continue
            most = 0.0
            for i in range(begins[at], begins[at + 1]):
                best = _best(rows, v, i)
                change = abs(best - v[i])
                if change > most or np.isnan(change):
                    most = change
                v[i] = best
            largest = max(largest, abs(v[begins[at]]))
            if not most < np.inf:
                return np.inf
            progress[3] += begins[at + 1] - begins[at]
            pending[at] = 0.0
            if most > _ROUNDING * largest:
                for other in range(reader[at], min(at + 2, n_layers)):
                    pending[other] += gamma * most
                    if pending[other] > enough:
                        first = min(first, other)
        low = first
        while low < front and not pending[low] > enough:
            low += 1
        if low == n_layers:
            break
    progress[0], progress[1], progress[2] = low, front, known
    residual = 0.0
    for at in range(n_layers):
        residual = max(residual, pending[at])
    return residual


@kernel
def _alternate(
    rows: Any,
    v: Any,
    paid: Any,
    to: Any,
    chance: Any,
    rounds: int,
    enough: float,
    progress: Any,
) -> float:
    """Modified policy iteration: greedy actions, a shift of all values, Gauss-Seidel sweeps of the policy.

    The shift takes away what all states are wrong by alike, which sweeps would do at the pace of the discount
    alone. By how much the best backups exceed values on average, the gain, is nothing after it.

    Args:
        rows: `Rows`.
        v: `[n + 1]` values; the last is 0.
        paid: `[n]` scratch: what the greedy action pays.
        to: `[n, K]` uint32 scratch: where it leads.
        chance: `[n, K]` scratch: discounted chances of that.
        rounds: how many at most.
        enough: residual that is small enough.
        progress: rows swept are added to its last element.

    Returns:
        The residual.
    """
    n, n_actions = paid.shape[0], rows.pay.shape[1]
    residual = np.inf
    for done in range(rounds):
        residual = largest = gained = lost = 0.0
        for i in range(n):
            c, best, taken = rows.kind[i], -np.inf, 0
            for a in range(n_actions):
                q = _moving(rows, v, i, c, a) + rows.own[c, a] * v[i]
                if q > best:
                    best, taken = q, a
            paid[i] = rows.pay[c, taken] * rows.scale[c, taken]
            gained += best - v[i]
            lost += 1 - rows.own[c, taken] - _take(rows, i, c, taken, to, chance)
            largest = max(largest, abs(v[i]))
            if abs(best - v[i]) > residual or np.isnan(best - v[i]):
                residual = abs(best - v[i])
        progress[3] += n
        if not residual > max(enough, _ROUNDING * largest):
            break
        if done < _SHIFTS:
            for i in range(n):
                v[i] += gained / lost
        for _ in range(_EVALUATIONS):
            for i in range(n):
                value = paid[i]
                for k in range(to.shape[1]):
                    value += chance[i, k] * v[to[i, k]]
                v[i] = value
        progress[3] += _EVALUATIONS * n
    return residual


@kernel
def _finish(rows: Any, v: Any, order: Any, values: Any, q: Any) -> float:
    """Write values `[S]` and action values `[S, A]` in the model's order; returns the residual."""
    residual = 0.0
    for i in range(rows.kind.shape[0]):
        s, c, best = order[i], rows.kind[i], -np.inf
        values[s] = v[i]
        for a in range(q.shape[1]):
            q[s, a] = _moving(rows, v, i, c, a) + rows.own[c, a] * v[i]
            best = max(best, q[s, a])
        if abs(best - v[i]) > residual or np.isnan(best - v[i]):
            residual = abs(best - v[i])
    return residual


_ANY = {"_best": _best_any, "_moving": _moving_any, "_take": _take_any}
wave, alternate, finish = ({True: sweep, False: sweep.bind(**_ANY)} for sweep in (_wave, _alternate, _finish))
"""The sweeps, by whether a model's rows are `shared`."""
