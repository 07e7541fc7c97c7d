"""A search tree in arrays of a fixed size, nodes by state and depth in a hash table, and walks beyond it.

`tables` has `n_nodes` `[1]`; by node `state`, `depth`, `parent` and `passed` `[M]`, `tried` and `value`
`[M, A]`; `places` `[H]`, nodes by hash with H a power of two above M, -1 for none; and of a simulation of at
most D steps the nodes and actions that it passes, `path` `[D, 2]`, and its rewards, `paid` `[D]`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.exploration import DRAW, uniform
from rlsandbox.learning.walk import Index, Model
from rlsandbox.worlds.compiled import kernel
from rlsandbox.worlds.errors import check

MAX_BYTES = 2**30
_MIX_STATE, _MIX_DEPTH, _HALF = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F), np.uint64(32)


@kernel(inline="always")
def find(tables: Any, s: Any, depth: int) -> Any:
    """The place of a node in the hash table: where it stands, or where it would."""
    mask = Index(tables.places.shape[0] - 1)
    at = ((Index(s) * _MIX_STATE + Index(depth) * _MIX_DEPTH) >> _HALF) & mask
    while True:
        node = tables.places[at]
        if node < 0 or (tables.state[Index(node)] == s and tables.depth[Index(node)] == depth):
            return at
        at = (at + Index(1)) & mask


@kernel(inline="always")
def grow(tables: Any, at: Any, s: Any, depth: int, parent: int) -> None:
    """Add a node."""
    node = Index(tables.n_nodes[0])
    tables.n_nodes[0] += 1
    tables.places[at] = node
    tables.state[node], tables.depth[node], tables.parent[node], tables.passed[node] = s, depth, parent, 1
    tables.tried[node], tables.value[node] = 0, 0.0


@kernel(inline="always")
def _bound(tried: Any, value: Any, wide: float, roots: Any, a: int) -> float:
    return value[a] + wide * roots[Index(tried[a]), Index(1)] if tried[a] > 0 else np.inf


@kernel(inline="always")
def promising(tried: Any, value: Any, weight: float, roots: Any, rng: Any) -> Any:
    """(rng, action): what was never tried, else the greatest upper bound; equals with the same chance.

    `tried` and `value` are `[A]`; `roots` come from `root_table`.
    """
    total, ties = np.int64(0), 0
    for a in range(tried.shape[0]):
        total += tried[a]
    wide = weight * roots[Index(total), Index(0)]
    best, action = -np.inf, 0
    for a in range(tried.shape[0]):
        bound = _bound(tried, value, wide, roots, a)
        action = a if bound > best else action  # no branch: which one it is is hard to foretell
        best = bound if bound > best else best
    for a in range(tried.shape[0]):
        ties += _bound(tried, value, wide, roots, a) == best
    if ties > 1:
        rng += DRAW
        skip = int(uniform(rng) * ties)
        while skip > 0:
            action += 1
            skip -= _bound(tried, value, wide, roots, action) == best
    return rng, action


@kernel(inline="always")
def back_up(tables: Any, depth: int, ret: float, gamma: float) -> float:
    """Let every pair passed on the `path` know the return from there, the last first: that of the root."""
    while depth > 0:
        depth -= 1
        d = Index(depth)
        node, action = Index(tables.path[d, Index(0)]), Index(tables.path[d, Index(1)])
        ret = tables.paid[d] + gamma * ret
        tables.tried[node, action] += 1
        tables.value[node, action] += (ret - tables.value[node, action]) / tables.tried[node, action]
    return ret


def root_table(n: int) -> NDArray[np.float64]:
    """`[n + 1, 2]`: sqrt(ln k) and 1 / sqrt(k) for k up to `n`; the first row is never used for k = 0."""
    counts = np.maximum(np.arange(n + 1), 1.0)
    return np.column_stack((np.sqrt(np.log(counts)), 1.0 / np.sqrt(counts)))


class Outcomes(NamedTuple):
    """A model for random walks: flat, as finding a place in three arrays takes longer than all the rest."""

    following: Any  # [S * A * K] int64, the next state, -1 where the episode ends
    reward: Any  # [S * A * K] float64
    cumulative: Any  # [S * A * K] float64
    n_actions: int
    width: int  # K

    @classmethod
    def of(cls, model: Model) -> Outcomes:
        """The same numbers in another shape."""
        following = np.where(model.terminal, -1, model.next_state).astype(np.int64)
        flat = following.ravel(), model.reward.ravel(), model.cumulative.ravel()
        return cls(*flat, *following.shape[1:])


@kernel(inline="always")
def roll_out(outcomes: Any, s: Any, steps: int, gamma: float, rng: Any) -> Any:
    """Random actions from `s` for at most so many steps: (rng, their return)."""
    ret, discount, following = 0.0, 1.0, np.int64(s)
    while steps > 0 and following >= 0:
        rng += DRAW
        u = uniform(rng) * outcomes.n_actions
        drawn = Index(u)
        at = (Index(following) * Index(outcomes.n_actions) + drawn) * Index(outcomes.width)
        if outcomes.width > 1:
            u, first = u - drawn, at  # what the action leaves of the draw is uniform, too
            for j in range(outcomes.width - 1):
                at += Index(u >= outcomes.cumulative[first + Index(j)])
        ret += discount * outcomes.reward[at]
        following = outcomes.following[at]
        discount *= gamma
        steps -= 1
    return rng, ret


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
