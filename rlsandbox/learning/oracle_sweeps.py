"""The oracle's sweeps over packed rows."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from rlsandbox.learning.oracle_rows import PAY, SCALE
from rlsandbox.worlds.compiled import kernel

_SPEED = 4
"""Layers by which the front of a wave moves on with every pass."""
_ROUNDING = 4 * 2.0**-52
_SHIFTS = 50
"""Rounds of policy iteration that shift all values; the others surely converge."""
_EVALUATIONS = 5


class Layers(NamedTuple):
    """How far a wave has come.

    Attributes:
        begins: `[layers + 1]` first row of each layer, and n.
        reader: `[layers]` the first layer that leads to a layer.
        pending: `[layers]` bound on what a layer's backups may have changed by since it was swept.
        taken: `[n]` uint32 scratch: greedy actions.
        progress: `[3]` int64: first layer that has not settled, layers behind the front, rows swept.
    """

    begins: Any
    reader: Any
    pending: Any
    taken: Any
    progress: Any


@kernel(inline="always")
def _sizes(rows: Any) -> tuple[Any, Any]:
    """Weights and actions of a kind; unsigned, so that no index is taken for one that counts from the end."""
    return np.uint32(PAY), np.uint32(4)


@kernel(inline="always")
def _sizes_any(rows: Any) -> tuple[Any, Any]:
    """Weights and actions of a kind."""
    return np.uint32(rows.near.shape[1] * rows.near.shape[2]), np.uint32(rows.near.shape[1])


@kernel(inline="always")
def _moving(rows: Any, v: Any, i: int, c: int, a: int) -> float:
    """What an action is worth but for staying, of four actions that share four successors."""
    near, t = rows.near, rows.table
    q = t[c, PAY + a] + v[near[i, 0]] * t[c, a] + v[near[i, 1]] * t[c, 4 + a]
    return q + v[near[i, 2]] * t[c, 8 + a] + v[near[i, 3]] * t[c, 12 + a]


@kernel(inline="always")
def _moving_any(rows: Any, v: Any, i: int, c: int, a: int) -> float:
    """What an action is worth but for staying, each outcome with a successor of its own."""
    weights, n_outcomes = _sizes_any(rows)[0], np.uint32(rows.near.shape[2])
    q = rows.table[c, weights + a]
    for k in range(n_outcomes):
        q += rows.table[c, a * n_outcomes + k] * v[rows.near[i, a, k]]
    return q


@kernel(inline="always")
def _best(rows: Any, v: Any, i: int, taken: Any) -> float:
    """Value of the best action, which is noted; written out, so that all four are computed side by side."""
    near, t, c = rows.near, rows.table, rows.kind[i]
    x0, x1, x2, x3 = v[near[i, 0]], v[near[i, 1]], v[near[i, 2]], v[near[i, 3]]
    q0 = (t[c, 16] + x0 * t[c, 0] + x1 * t[c, 4] + x2 * t[c, 8] + x3 * t[c, 12]) * t[c, 20]
    q1 = (t[c, 17] + x0 * t[c, 1] + x1 * t[c, 5] + x2 * t[c, 9] + x3 * t[c, 13]) * t[c, 21]
    q2 = (t[c, 18] + x0 * t[c, 2] + x1 * t[c, 6] + x2 * t[c, 10] + x3 * t[c, 14]) * t[c, 22]
    q3 = (t[c, 19] + x0 * t[c, 3] + x1 * t[c, 7] + x2 * t[c, 11] + x3 * t[c, 15]) * t[c, 23]
    best, other, a, b = q0, q2, 0, 2
    if q1 > best:
        best, a = q1, 1
    if q3 > other:
        other, b = q3, 3
    if other > best:
        best, a = other, b
    taken[i] = a
    return best


@kernel(inline="always")
def _best_any(rows: Any, v: Any, i: int, taken: Any) -> float:
    """Value of the best action, which is noted."""
    c, best = rows.kind[i], -np.inf
    weights, n_actions = _sizes_any(rows)
    for a in range(n_actions):
        q = _moving_any(rows, v, i, c, a) * rows.table[c, weights + n_actions + a]
        if not q <= best:
            best, taken[i] = q, a
    return best


@kernel(inline="always")
def _take(rows: Any, i: int, c: int, a: int, to: Any, chance: Any) -> float:
    """Write where an action leads, with staying solved for; returns its discounted chance to move on."""
    onward = 0.0
    for j in range(4):
        to[i, j] = rows.near[i, j]
        chance[i, j] = rows.table[c, 4 * j + a] * rows.table[c, SCALE + a]
        onward += rows.table[c, 4 * j + a]
    return onward


@kernel(inline="always")
def _take_any(rows: Any, i: int, c: int, a: int, to: Any, chance: Any) -> float:
    """Write where an action leads, with staying solved for; returns its discounted chance to move on."""
    onward, n_outcomes = 0.0, np.uint32(to.shape[1])
    weights, n_actions = _sizes_any(rows)
    for k in range(n_outcomes):
        to[i, k] = rows.near[i, a, k]
        chance[i, k] = rows.table[c, a * n_outcomes + k] * rows.table[c, weights + n_actions + a]
        onward += rows.table[c, a * n_outcomes + k]
    return onward


@kernel
def _wave(rows: Any, v: Any, layers: Any, gamma: float, enough: float, passes: int) -> float:
    """Gauss-Seidel value iteration outwards, behind a front that moves on by a few layers a pass.

    Layers that have settled are left out, so that a state is swept about a dozen times however large the
    world. A pass is two sweeps: one backs up all actions, one those that were best, at half the cost; only
    the former decides whether a layer has settled. Values must begin low: high ones would have to be unlearnt
    state by state.

    Args:
        rows: `Rows`.
        v: `[n + 1]` values; the last is 0.
        layers: `Layers`.
        gamma: discount.
        enough: residual at which a layer has settled; changes that are mere rounding count as none.
        passes: how many at most.

    Returns:
        Bound on the residual; infinity where values are beyond all bounds.
    """
    begins, reader, pending, taken = layers.begins, layers.reader, layers.pending, layers.taken
    progress = layers.progress
    n_layers, largest = pending.shape[0], 0.0
    low, front = progress[0], progress[1]
    weights, n_actions = _sizes(rows)
    for _ in range(passes):
        front = min(n_layers, front + _SPEED)
        first = low
        for greedy in (True, False):
            moved = 0.0
            for at in range(low, front):
                if not pending[at] > enough:
                    continue
                most = total = 0.0
                for i in range(begins[at], begins[at + 1]):
                    before = v[i]
                    if greedy:
                        v[i] = _best(rows, v, i, taken)
                    else:
                        c, a = rows.kind[i], taken[i]
                        v[i] = _moving(rows, v, i, c, a) * rows.table[c, weights + n_actions + a]
                    change = abs(v[i] - before)
                    most, total = max(most, change), total + change
                largest = max(largest, abs(v[begins[at]]))
                if not total < np.inf:  # a maximum may pass over what is not a number
                    return np.inf
                progress[2] += begins[at + 1] - begins[at]
                moved = max(moved, most)
                if greedy:
                    pending[at] = 0.0
                if most > _ROUNDING * largest:
                    for other in range(reader[at], min(at + 2, n_layers)):
                        pending[other] += gamma * most
                        if pending[other] > enough:
                            first = min(first, other)
            if not moved > enough:
                break
        low = first
        while low < front and not pending[low] > enough:
            low += 1
        if low == n_layers:
            break
    progress[0], progress[1] = low, front
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
        The residual, or what the last sweep of a policy changed, which is no bound on it, if that is enough.
    """
    n, (weights, n_actions) = np.uint32(paid.shape[0]), _sizes(rows)
    residual = np.inf
    for done in range(rounds):
        residual = largest = gained = lost = 0.0
        for i in range(n):
            c, best, taken = rows.kind[i], -np.inf, np.uint32(0)
            for a in range(n_actions):
                q = _moving(rows, v, i, c, a) + rows.table[c, weights + 2 * n_actions + a] * v[i]
                if q > best:
                    best, taken = q, a
            paid[i] = rows.table[c, weights + taken] * rows.table[c, weights + n_actions + taken]
            gained += best - v[i]
            lost += 1 - rows.table[c, weights + 2 * n_actions + taken] - _take(rows, i, c, taken, to, chance)
            largest = max(largest, abs(v[i]))
            if abs(best - v[i]) > residual or np.isnan(best - v[i]):
                residual = abs(best - v[i])
        progress[2] += n
        if not residual > max(enough, _ROUNDING * largest):
            break
        if done < _SHIFTS:
            for i in range(n):
                v[i] += gained / lost
        for _ in range(_EVALUATIONS):
            most = 0.0
            for i in range(n):
                value = paid[i]
                for k in range(np.uint32(to.shape[1])):
                    value += chance[i, k] * v[to[i, k]]
                most = max(most, abs(value - v[i]))
                v[i] = value
            progress[2] += n
            if most <= enough:
                return most
    return residual


@kernel
def _finish(rows: Any, v: Any, order: Any, values: Any, q: Any) -> float:
    """Write values `[S]` and action values `[S, A]` in the model's order; returns the residual."""
    residual, (weights, n_actions) = 0.0, _sizes(rows)
    for i in range(np.uint32(rows.kind.shape[0])):
        s, c, best = order[i], rows.kind[i], -np.inf
        values[s] = v[i]
        for a in range(n_actions):
            q[s, a] = _moving(rows, v, i, c, a) + rows.table[c, weights + 2 * n_actions + a] * v[i]
            best = max(best, q[s, a])
        if abs(best - v[i]) > residual or np.isnan(best - v[i]):
            residual = abs(best - v[i])
    return residual


_ANY = {"_sizes": _sizes_any, "_best": _best_any, "_moving": _moving_any, "_take": _take_any}
wave, alternate, finish = ({True: sweep, False: sweep.bind(**_ANY)} for sweep in (_wave, _alternate, _finish))
"""The sweeps, by whether a model's rows are `shared`."""
