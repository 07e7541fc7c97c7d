"""Drawing from what an agent remembers: uniformly, or by priority, with returns of n steps."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.exploration import DRAW, uniform
from rlsandbox.learning.rolling import rows_of
from rlsandbox.worlds.compiled import kernel


def tree_for(n_seeds: int, capacity: int) -> Any:
    """`[N, 2 L]` float64 sums of priorities, nothing stored yet; the leaves of places 0.. begin at L."""
    leaves = 1 << max(0, int(capacity - 1).bit_length())
    return np.zeros((n_seeds, 2 * leaves))


@kernel(error_model="numpy")
def pick(rng: Any, count: Any, capacity: int, chosen: Any) -> None:
    """Fill `[N, B]` with places in a ring, drawn uniformly from those that are filled."""
    for i in range(chosen.shape[0]):
        filled = min(count[i], capacity)
        for j in range(chosen.shape[1]):
            rng[i] += DRAW
            chosen[i, j] = int(uniform(rng[i]) * filled)


@kernel(error_model="numpy")
def newest(count: Any, capacity: int, chosen: Any) -> None:
    """Fill `[N, B]` with the places of the last B steps, oldest first."""
    for i in range(chosen.shape[0]):
        for j in range(chosen.shape[1]):
            chosen[i, j] = max(0, count[i] - chosen.shape[1] + j) % capacity


def steps_at(array: NDArray[Any], chosen: NDArray[np.int64]) -> NDArray[Any]:
    """`[N, B, ...]`: what stands at places `[N, B]` of a ring `[N, C, ...]`."""
    found = np.empty(chosen.shape + array.shape[2:], array.dtype)
    take(rows_of(array), chosen, rows_of(found))
    return found


@kernel
def take(rows: Any, chosen: Any, found: Any) -> None:
    """Fill `[N, B, D]` with rows of `[N, C, D]`."""
    for i in range(chosen.shape[0]):
        for j in range(chosen.shape[1]):
            at = chosen[i, j]
            for d in range(rows.shape[2]):
                found[i, j, d] = rows[i, at, d]


@kernel(error_model="numpy")
def set_priority(tree: Any, i: int, at: int, priority: float) -> None:
    """Give a place of replica i a priority."""
    node = tree.shape[1] // 2 + at
    tree[i, node] = priority
    while node > 1:
        node //= 2
        tree[i, node] = tree[i, 2 * node] + tree[i, 2 * node + 1]


@kernel(error_model="numpy")
def admit(tree: Any, known: Any, count: Any, capacity: int, largest: Any) -> None:
    """Give steps stored since `known` `[N]` the largest priority so far `[N]`: each is to be seen once."""
    for i in range(count.shape[0]):
        for step in range(max(known[i], count[i] - capacity), count[i]):
            set_priority(tree, i, step % capacity, largest[i])
        known[i] = count[i]


@kernel(error_model="numpy")
def pick_by_priority(
    rng: Any, tree: Any, count: Any, capacity: int, beta: float, chosen: Any, weight: Any
) -> None:
    """Fill `[N, B]` with places drawn in proportion to their priority, one from each B-th of the sum.

    `weight` gets what makes up for it, (filled P)^-beta over the largest in the batch (Schaul et al., 2016,
    section 3.4, and algorithm 1).
    """
    leaves = tree.shape[1] // 2
    for i in range(chosen.shape[0]):
        total, filled, most = tree[i, 1], min(count[i], capacity), 0.0
        for j in range(chosen.shape[1]):
            rng[i] += DRAW
            left, node = (j + uniform(rng[i])) / chosen.shape[1] * total, 1
            while node < leaves:
                node *= 2
                if left >= tree[i, node] and tree[i, node + 1] > 0.0:
                    left -= tree[i, node]
                    node += 1
            chosen[i, j] = min(node - leaves, filled - 1)
            weight[i, j] = (filled * tree[i, node] / total) ** -beta
            most = max(most, weight[i, j])
        for j in range(chosen.shape[1]):
            weight[i, j] /= most


@kernel(error_model="numpy")
def reprioritise(tree: Any, chosen: Any, error: Any, alpha: float, largest: Any, active: Any) -> None:
    """Set priorities of drawn places `[N, B]` to (|error| + 1e-6)^alpha."""
    for i in range(chosen.shape[0]):
        if active[i]:
            for j in range(chosen.shape[1]):
                priority = (abs(error[i, j]) + 1e-6) ** alpha
                largest[i] = max(largest[i], priority)
                set_priority(tree, i, chosen[i, j], priority)


@kernel(error_model="numpy")
def returns_of_n(memory: Any, chosen: Any, n: int, n_copies: int, gamma: float, reward: Any, last: Any,
                 ended: Any, discount: Any) -> None:  # fmt: skip
    """Returns of up to n steps from drawn places `[N, B]`.

    Filled are `reward` (r + gamma r' + ...), `last` (the place of the step that they end with), `ended`
    (whether the episode terminated there), and `discount` (what a value behind it is worth: gamma^steps, 0
    where it terminated). A return ends early where an episode ends, and at the newest step.
    """
    capacity = memory.reward.shape[1]
    for i in range(chosen.shape[0]):
        for j in range(chosen.shape[1]):
            at, factor, total = chosen[i, j], 1.0, 0.0
            age = (memory.count[i] - 1 - at) % capacity  # steps that were stored after it
            for k in range(n):
                total += factor * memory.reward[i, at]
                factor *= gamma
                last[i, j] = at
                if memory.terminated[i, at] or memory.truncated[i, at] or age < (k + 1) * n_copies:
                    break
                at = (at + n_copies) % capacity
            reward[i, j], ended[i, j] = total, memory.terminated[i, last[i, j]]
            discount[i, j] = 0.0 if ended[i, j] else factor
