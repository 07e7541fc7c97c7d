"""A search tree in arrays of a fixed size: nodes by state and depth, found by a hash table.

`tables` has `n_nodes` `[1]`; by node `state`, `depth`, `parent` and `passed` `[M]`, `tried` and `value`
`[M, A]`; and `places` `[H]`, nodes by hash with H a power of two above M, -1 for none.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.exploration import DRAW, uniform
from rlsandbox.learning.walk import Index
from rlsandbox.worlds.compiled import kernel
from rlsandbox.worlds.errors import check

MAX_BYTES = 2**30
_MIX_STATE, _MIX_DEPTH, _HALF = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F), np.uint64(32)


@kernel
def find(tables: Any, s: Any, depth: int) -> Any:
    """The place of a node in the hash table: where it stands, or where it would."""
    mask = Index(tables.places.shape[0] - 1)
    at = ((Index(s) * _MIX_STATE + Index(depth) * _MIX_DEPTH) >> _HALF) & mask
    while True:
        node = tables.places[at]
        if node < 0 or (tables.state[Index(node)] == s and tables.depth[Index(node)] == depth):
            return at
        at = (at + Index(1)) & mask


@kernel
def grow(tables: Any, at: Any, s: Any, depth: int, parent: int) -> None:
    """Add a node."""
    node = Index(tables.n_nodes[0])
    tables.n_nodes[0] += 1
    tables.places[at] = node
    tables.state[node], tables.depth[node], tables.parent[node], tables.passed[node] = s, depth, parent, 1
    tables.tried[node], tables.value[node] = 0, 0.0


@kernel
def promising(tried: Any, value: Any, weight: float, rng: Any) -> Any:
    """(rng, action): what was never tried, else the greatest upper bound; equals with the same chance."""
    total = 0
    for a in range(tried.shape[0]):
        total += tried[a]
    wide = weight * np.sqrt(np.log(max(1, total)))
    best, action, ties = -np.inf, 0, 0
    for a in range(tried.shape[0]):
        bound = np.inf if tried[a] == 0 else value[a] + wide / np.sqrt(tried[a])
        if bound > best or ties == 0:
            best, action, ties = bound, a, 1
        elif bound == best:
            ties += 1
            rng += DRAW
            if uniform(rng) * ties < 1.0:
                action = a
    return rng, action


def empty_tree(n: int, m: int, n_actions: int) -> dict[str, NDArray[Any]]:
    """The tables `[N, ...]` of trees of at most `m` nodes."""
    numbers = {name: np.zeros((n, m), np.int64) for name in ("state", "depth", "parent", "passed")}
    return {
        "n_nodes": np.zeros(n, np.int64),
        **numbers,
        "tried": np.zeros((n, m, n_actions), np.int64),
        "value": np.zeros((n, m, n_actions)),
        "places": np.full((n, 1 << (2 * m).bit_length()), -1, np.int64),
    }


def refuse_too_large(n_nodes: int, n_actions: int) -> None:
    """Say so if trees of so many nodes in all would take too much memory.

    Raises:
        SandboxError: they would take more than `MAX_BYTES`.
    """
    needed = n_nodes * (64 + 16 * n_actions)
    check(
        needed <= MAX_BYTES,
        f"the search trees would take {needed / 2**20:,.0f} MB, more than {MAX_BYTES // 2**20:,}: "
        "take fewer simulations or fewer seeds.",
        "simulations",
    )


def tree_fits(tables: Any, n_states: int) -> bool:
    """Whether trees `[N, ...]` are of nodes and states that are there."""
    m = tables.state.shape[1]
    limits = ((tables.n_nodes, m + 1), (tables.state, n_states), (tables.parent, m))
    return all(bool(((array >= 0) & (array < limit)).all()) for array, limit in limits)


def edges(tables: Any, i: int) -> NDArray[np.float64]:
    """`[E, 4]` of the tree of replica `i`: state from, state to, how often it was reached, its depth."""
    nodes = np.arange(1, tables.n_nodes[i])
    state, parent = tables.state[i], tables.parent[i, nodes]
    columns = state[parent], state[nodes], tables.passed[i, nodes], tables.depth[i, nodes]
    return np.column_stack(columns).astype(np.float64)
