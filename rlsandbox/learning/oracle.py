"""The truth about an enumerable world: V*, Q* and the value of any policy, exact up to a stated residual."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.oracle_policy import occupancy, policy_values, solved
from rlsandbox.learning.oracle_rows import DEEP, Packed, pack
from rlsandbox.learning.oracle_sweeps import Layers, alternate, finish, wave
from rlsandbox.worlds.compiled import kernel
from rlsandbox.worlds.mdp import TabularMDP, compile_world
from rlsandbox.worlds.world import World

__all__ = ["Solution", "from_below", "load_kernels", "lookahead", "occupancy", "policy_values", "solve"]

_MOST_PASSES = 400_000
"""At gamma = 1."""
_PASSES_A_CALL = 128
_SPARE_PASSES = 64
_SLACK = 3
"""A bound on the residual is mostly so many times as large, or more."""
_ROUNDS = 200
_POLICIES = 100
_UNBOUNDED = 1e12


@dataclass(frozen=True)
class Solution:
    """Optimal values of a world.

    Attributes:
        v: `[S]` V*; 0 where an episode has ended, and at gamma = 1 where none ever comes.
        q: `[S, A]` Q*.
        v_start: V* averaged over the start distribution.
        sweeps: sweeps that were needed, of all actions or of the best, in whole sweeps over all live states.
        residual: largest difference between a value and its backup.
        seconds: wall time.
        gamma: the discount.
    """

    v: NDArray[np.float64]
    q: NDArray[np.float64]
    v_start: float
    sweeps: int
    residual: float
    seconds: float
    gamma: float


def solve(mdp: TabularMDP, gamma: float, tolerance: float = 1e-9) -> Solution | None:
    """Optimal values by Gauss-Seidel value iteration outwards from the goals (Sutton & Barto, section 4.4).

    Where there is no way outwards, or where that takes too long, policy iteration goes on from there. Without
    a discount values begin from below, at those of a policy that surely ends: they can then only rise, and
    those that would rise for ever are told by the cycle on which they do.

    Args:
        mdp: the model.
        gamma: discount in [0, 1].
        tolerance: largest error of a value for gamma < 1; largest residual, times 1e-3, for gamma = 1. Where
            values are so large that rounding alone is more, rounding is what is left.

    Returns:
        The solution, or None where there is none: at gamma = 1 a world may pay for ever, or have a place from
        which no episode ends although something is paid there.
    """
    began = time.perf_counter()
    enough = tolerance * (1 - gamma) / gamma if 0 < gamma < 1 else tolerance * 1e-3
    packed = pack(mdp, mdp.live if gamma < 1 else mdp.live & mdp.reachable, gamma)
    v = np.zeros(packed.order.size + 1)
    layers = _layers(packed)
    values, q = np.zeros(mdp.n_states), np.zeros(mdp.prob.shape[:2])
    answer = packed.rows, v, packed.order, values, q
    if gamma < 1:
        residual = _discounted(mdp, packed, layers, gamma, enough, answer)
    elif _undiscounted(mdp, packed, v, layers, enough):
        residual = finish[packed.shared](*answer)
    else:
        return None
    if gamma == 1 and not mdp.reachable.all():
        q = lookahead(mdp, values, gamma)
    sweeps = -int(-layers.progress[2] // max(1, packed.order.size))
    v_start = float(np.einsum("s,s", mdp.start, values))  # BLAS would wake its threads: 10 ms
    return Solution(values, q, v_start, sweeps, residual, time.perf_counter() - began, gamma)


def lookahead(mdp: TabularMDP, v: NDArray[np.float64], gamma: float) -> NDArray[np.float64]:
    """`[S, A]`: r(s, a) + gamma sum_s' p(s' | s, a) v(s'), nothing beyond a terminal outcome."""
    following = np.where(mdp.terminal, 0.0, v[mdp.next_state])
    return mdp.expected_reward + gamma * np.einsum("sak,sak->sa", mdp.prob, following)


def load_kernels() -> None:
    """Compile or load all that `solve` may need for one model or another."""
    for moves in (4, 8):
        mdp = compile_world(World.blank(1, 2).with_rules(moves=moves).painted([(0, 1)], "goal"))
        packed = pack(mdp, mdp.live, 0.5)
        v, q, layers = np.zeros(packed.order.size + 1), np.zeros(mdp.prob.shape[:2]), _layers(packed)
        wave[packed.shared](packed.rows, v, layers, 0.5, 1.0, 1)
        _improved(packed, layers, 1.0, (packed.rows, v, packed.order, np.zeros(mdp.n_states), q))


def _layers(packed: Packed) -> Layers:
    """No layer swept yet."""
    pending = np.full(packed.reader.size, np.inf)
    taken = np.zeros(packed.order.size, np.uint32)
    return Layers(packed.begins, packed.reader, pending, taken, np.zeros(3, np.int64))


def _discounted(
    mdp: TabularMDP, packed: Packed, layers: Layers, gamma: float, enough: float, answer: tuple[Any, ...]
) -> float:
    """Fill in the arguments of `finish` for gamma < 1; returns the residual."""
    n_layers, v = packed.reader.size, answer[1]
    if n_layers >= DEEP or packed.shared:
        v[:-1] = packed.pay.min(initial=0.0) / (1 - gamma)  # no value is lower
        for slack in (_SLACK, 1):
            layers.progress[0] = 0
            bound = wave[packed.shared](
                packed.rows, v, layers, gamma, slack * enough, n_layers + _SPARE_PASSES
            )
            residual = finish[packed.shared](*answer)
            if residual <= enough:
                return residual
            if bound > slack * enough:
                break
    residual = _improved(packed, layers, enough, answer)
    if residual > max(enough, 1e-15 * np.abs(v).max()):
        v[:-1] = _by_policies(mdp, packed, v, gamma)
        residual = finish[packed.shared](*answer)
    return residual


def _improved(packed: Packed, layers: Layers, enough: float, answer: tuple[Any, ...]) -> float:
    """Modified policy iteration on the arguments of `finish`, in place; returns the residual."""
    rows, v, order = answer[:3]
    width = rows.near.shape[-1]
    scratch = np.empty(order.size), np.empty((order.size, width), np.uint32), np.empty((order.size, width))
    residual = np.inf
    for _ in range(_POLICIES):
        reached = alternate[packed.shared](rows, v, *scratch, _ROUNDS, enough, layers.progress)
        residual = finish[packed.shared](*answer)
        if residual <= enough or not reached <= enough:
            break
    return residual


def _by_policies(
    mdp: TabularMDP, packed: Packed, v: NDArray[np.float64], gamma: float
) -> NDArray[np.float64]:
    """`[n]` values by policy iteration, each policy solved for at once (Sutton & Barto, section 4.3)."""
    from scipy.sparse import identity

    values, order = np.zeros(mdp.n_states), packed.order
    values[order] = v[:-1]
    action = lookahead(mdp, values, gamma).argmax(axis=1)
    for _ in range(_POLICIES):
        onward = _chain(mdp, action)[order][:, order]
        values[order] = solved(
            identity(order.size) - gamma * onward, mdp.expected_reward[order, action[order]]
        )
        q = lookahead(mdp, values, gamma)
        better = q.max(axis=1) > _taken(q[:, :, None], action)[:, 0] + 1e-14 * np.abs(values).max()
        if not better[order].any():
            break
        action = np.where(better, q.argmax(axis=1), action)
    return values[order]


def _undiscounted(
    mdp: TabularMDP, packed: Packed, v: NDArray[np.float64], layers: Layers, enough: float
) -> bool:
    """Fill in values `[n + 1]` for gamma = 1; returns whether there are any."""
    order, live = packed.order, np.zeros(mdp.n_states, np.bool_)
    live[order] = True
    below = from_below(mdp, live)
    if below is None:
        return False
    v[:-1] = below[order]
    paid = 1 + np.abs(packed.pay).max(initial=0.0)
    for call in range(1, 2 + _MOST_PASSES // _PASSES_A_CALL):
        residual = wave[packed.shared](packed.rows, v, layers, 1.0, enough, _PASSES_A_CALL)
        if not np.isfinite(v).all() or np.abs(v).max() / _UNBOUNDED > paid:
            return False
        if residual <= enough:
            return True
        if call & (call - 1) == 0:
            values = np.zeros(mdp.n_states)
            values[order] = v[:-1]
            if _pays_for_ever(mdp, values, live):
                return False
    return False


def from_below(mdp: TabularMDP, live: NDArray[np.bool_]) -> NDArray[np.float64] | None:
    """`[S]` values of a policy that from every live state surely ends or comes to rest where nothing is paid.

    None where there is no such policy: then some live state is worth minus infinity, or has no value at all.
    """
    from scipy.sparse import identity

    rest, action = np.zeros(mdp.n_states, np.bool_), np.zeros(mdp.n_states, np.int64)
    if not _ends_surely(mdp.next_state, mdp.prob, mdp.reward, mdp.terminal, live, rest, action):
        return None
    v = np.zeros(mdp.n_states)
    states = np.flatnonzero(live & ~rest)
    if states.size:
        onward = _chain(mdp, action)[states][:, states]
        paid = mdp.expected_reward[states, action[states]]
        v[states] = solved(identity(states.size) - onward, paid)
    return v


def _pays_for_ever(mdp: TabularMDP, v: NDArray[np.float64], live: NDArray[np.bool_]) -> bool:
    """Whether values from below show that a live state is worth infinitely much.

    Where no value exceeds its backup, the greedy policy is paid on average what its backups exceed the values
    by, averaged over the states where it stays for ever: if that is anything at all, there is no end to it.
    """
    from scipy.sparse.csgraph import connected_components

    q = lookahead(mdp, v, 1.0)
    action = q.argmax(axis=1)
    chain = _chain(mdp, action)
    ends = (_taken(mdp.prob, action) * _taken(mdp.terminal, action)).sum(axis=1) > 0
    staying = live & ~_closure(chain.T.tocsr(), ends | ~live)
    _, component = connected_components(chain, directed=True, connection="strong")
    here, there = chain.nonzero()
    left = np.zeros(component.max() + 1, np.bool_)
    left[component[here[component[here] != component[there]]]] = True
    for_ever = staying & ~left[component]
    gain = q.max(axis=1) - v
    return bool((gain[for_ever] > 1e-9 * (1 + np.abs(v).max())).any())


def _taken(outcomes: NDArray[Any], action: NDArray[np.int64]) -> NDArray[Any]:
    """`[S, K]`: the outcomes `[S, A, K]` of one action in each state."""
    return np.take_along_axis(outcomes, action[:, None, None], axis=1)[:, 0]


def _chain(mdp: TabularMDP, action: NDArray[np.int64]) -> Any:
    """Sparse `[S, S]`: where one action in each state leads while the episode goes on."""
    from scipy.sparse import csr_matrix

    weight = np.where(_taken(mdp.terminal, action) | ~mdp.live[:, None], 0.0, _taken(mdp.prob, action))
    rows, outcome = np.nonzero(weight)
    columns = _taken(mdp.next_state, action)[rows, outcome]
    return csr_matrix((weight[rows, outcome], (rows, columns)), shape=(mdp.n_states, mdp.n_states))


def _closure(graph: Any, seeds: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The nodes that a sparse graph `[S, S]` (row to column) reaches from seeds, themselves included."""
    seen, frontier = seeds.copy(), seeds
    while frontier.any():
        frontier = (graph.T @ frontier.astype(np.float64) > 0) & ~seen
        seen |= frontier
    return seen


@kernel(_nrt=True)
def _ends_surely(
    next_state: Any, prob: Any, reward: Any, terminal: Any, live: Any, rest: Any, action: Any
) -> bool:
    """Find actions under which every live state surely ends, or comes to rest where nothing is paid.

    Live states lead to live ones alone, so that coming nearer with some chance in each of them is enough.
    Filled are `rest` `[S]`, where one can stay for ever without being paid anything, and `action` `[S]`, what
    to do elsewhere; returns whether every live state has such an action.
    """
    n_states, n_actions, n_outcomes = prob.shape
    rest[:] = live
    changed = True
    while changed:  # the greatest set in which some unpaid action stays
        changed = False
        for position in range(2 * n_states):
            s = position if position < n_states else 2 * n_states - 1 - position
            if not rest[s]:
                continue
            stays = False
            for a in range(n_actions):
                unpaid = True
                for k in range(n_outcomes):
                    if prob[s, a, k] > 0:
                        gone = not terminal[s, a, k] and not rest[next_state[s, a, k]]
                        if reward[s, a, k] != 0 or gone:
                            unpaid = False
                stays = stays or unpaid
            if not stays:
                rest[s], changed = False, True
    reached = rest.copy()
    changed = True
    while changed:  # the least set from which some action may come nearer to the end
        changed = False
        for position in range(2 * n_states):
            s = position if position < n_states else 2 * n_states - 1 - position
            if reached[s] or not live[s]:
                continue
            surest = 0.0
            for a in range(n_actions):
                nearer = 0.0
                for k in range(n_outcomes):
                    if terminal[s, a, k] or reached[next_state[s, a, k]]:
                        nearer += prob[s, a, k]
                if nearer > surest:
                    surest, action[s] = nearer, a
            if surest > 0:
                reached[s] = changed = True
    return not (live & ~reached).any()
