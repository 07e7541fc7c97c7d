"""The truth about an enumerable world: V*, Q* and the value of any policy, exact up to a stated residual."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsandbox.worlds.compiled import kernel
from rlsandbox.worlds.mdp import TabularMDP

MAX_SWEEPS = 200_000
_SWEEPS_A_CALL = 64
_DENSE = 256
"""Up to so many reached states a policy's values come from one dense system."""
_UNBOUNDED = 1e12


@dataclass(frozen=True)
class Solution:
    """Optimal values of a world.

    Attributes:
        v: `[S]` V*; 0 where an episode has ended, and at gamma = 1 where none ever comes.
        q: `[S, A]` Q*.
        v_start: V* averaged over the start distribution.
        sweeps: sweeps that were needed.
        residual: largest change of the last sweep.
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
    """Optimal values by Gauss-Seidel value iteration, swept to and fro (Sutton & Barto, section 4.4).

    Without a discount it begins from below, at the values of a policy that surely ends: values can then only
    rise, and those that would rise for ever are told by the cycle on which they do.

    Args:
        mdp: the model.
        gamma: discount in [0, 1].
        tolerance: largest error of a value for gamma < 1; largest residual, times 1e-3, for gamma = 1.

    Returns:
        The solution, or None where there is none: at gamma = 1 a world may pay for ever, or have a place from
        which no episode ends although something is paid there.
    """
    began = time.perf_counter()
    enough = tolerance * (1 - gamma) / gamma if 0 < gamma < 1 else tolerance * 1e-3
    v, live = np.zeros(mdp.n_states), mdp.live
    if gamma == 1:
        live = mdp.live & mdp.reachable
        below = from_below(mdp, live)
        if below is None:
            return None
        v = below
    expected, sweeps, residual = mdp.expected_reward, 0, np.inf
    while residual > enough:
        if sweeps >= MAX_SWEEPS:
            return None
        residual = _sweep(
            v, mdp.next_state, mdp.prob, mdp.terminal, expected, live, gamma, enough, _SWEEPS_A_CALL
        )
        sweeps += _SWEEPS_A_CALL
        largest = np.abs(v).max()
        if not np.isfinite(residual) or largest / _UNBOUNDED > 1 + np.abs(expected).max():
            return None
        if residual <= 4 * np.finfo(np.float64).eps * largest:
            break
        doubled = sweeps & (sweeps - 1) == 0
        if gamma == 1 and doubled and residual > enough and _pays_for_ever(mdp, v, live):
            return None
    q = lookahead(mdp, v, gamma)
    return Solution(v, q, float(mdp.start @ v), sweeps, float(residual), time.perf_counter() - began, gamma)


def lookahead(mdp: TabularMDP, v: NDArray[np.float64], gamma: float) -> NDArray[np.float64]:
    """`[S, A]`: r(s, a) + gamma sum_s' p(s' | s, a) v(s'), nothing beyond a terminal outcome."""
    following = np.where(mdp.terminal, 0.0, v[mdp.next_state])
    return mdp.expected_reward + gamma * np.einsum("sak,sak->sa", mdp.prob, following)


def policy_values(mdp: TabularMDP, policy: NDArray[np.float64], gamma: float) -> NDArray[np.float64] | None:
    """V^pi of a policy `[S, A]`, exactly, by one sparse linear system over what it reaches from the start.

    Returns:
        `[S]`, NaN for states that the policy never sees from a start; None where it never ends at gamma = 1.
    """
    states, place = np.empty(mdp.n_states, np.int64), np.full(mdp.n_states, -1, np.int64)
    n = _reach(policy, mdp.next_state, mdp.prob, mdp.terminal, mdp.live, mdp.start_states, states, place)
    states = states[:n]
    v = np.full(mdp.n_states, np.nan)
    if n <= _DENSE:  # the common case, and cheap: a greedy policy sees little of a world
        onward, paid, ends = np.zeros((n, n)), np.zeros(n), np.zeros(n, np.bool_)
        _fill_chain(policy, mdp.next_state, mdp.prob, mdp.reward, mdp.terminal, mdp.live, states, place,
                    onward, paid, ends)  # fmt: skip
        if gamma == 1 and not ends.all():
            return None
        v[states] = np.linalg.solve(np.eye(n) - gamma * onward, paid)
        return v
    from scipy.sparse import csr_matrix, identity

    weight = policy[states][:, :, None] * mdp.prob[states] * mdp.live[states][:, None, None]
    terminal = mdp.terminal[states]
    goes_on = (weight > 0) & ~terminal
    rows = np.broadcast_to(np.arange(n)[:, None, None], weight.shape)[goes_on]
    onward = csr_matrix((weight[goes_on], (rows, place[mdp.next_state[states][goes_on]])), shape=(n, n))
    ends = (weight * terminal).sum(axis=(1, 2)) > 0
    if gamma == 1 and not _closure(onward.T.tocsr(), ends | ~mdp.live[states]).all():
        return None
    paid = (weight * mdp.reward[states]).sum(axis=(1, 2))
    v[states] = _solved(identity(n) - gamma * onward, paid)
    return v


@kernel
def _reach(
    policy: Any, next_state: Any, prob: Any, terminal: Any, live: Any, starts: Any, states: Any, place: Any
) -> int:
    """List the states that a policy comes to, breadth first, and where each stands in the list."""
    n = 0
    for s in starts:
        states[n], place[s] = s, n
        n += 1
    done = 0
    while done < n:
        s = states[done]
        done += 1
        if not live[s]:
            continue
        for a in range(prob.shape[1]):
            for k in range(prob.shape[2]):
                to = next_state[s, a, k]
                if policy[s, a] * prob[s, a, k] > 0 and not terminal[s, a, k] and place[to] < 0:
                    states[n], place[to] = to, n
                    n += 1
    return n


@kernel
def _fill_chain(
    policy: Any,
    next_state: Any,
    prob: Any,
    reward: Any,
    terminal: Any,
    live: Any,
    states: Any,
    place: Any,
    onward: Any,
    paid: Any,
    ends: Any,
) -> None:
    """The chain of a policy over the listed states: where it goes on, what it is paid, whether it may end."""
    n = states.shape[0]
    for i in range(n):
        s = states[i]
        ends[i] = not live[s]
        if not live[s]:
            continue
        for a in range(prob.shape[1]):
            for k in range(prob.shape[2]):
                p = policy[s, a] * prob[s, a, k]
                if p > 0:
                    paid[i] += p * reward[s, a, k]
                    if terminal[s, a, k]:
                        ends[i] = True
                    else:
                        onward[i, place[next_state[s, a, k]]] += p
    changed = True
    while changed:
        changed = False
        for i in range(n):
            if not ends[i]:
                for j in range(n):
                    if onward[i, j] > 0 and ends[j]:
                        ends[i] = changed = True
                        break


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
        v[states] = _solved(identity(states.size) - onward, paid)
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


def _solved(matrix: Any, right: NDArray[np.float64]) -> NDArray[np.float64]:
    """The solution `[S]` of a sparse linear system."""
    from scipy.sparse.linalg import spsolve

    solution: Any = spsolve(matrix.tocsc(), right)
    return np.atleast_1d(solution)


def _closure(graph: Any, seeds: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The nodes that a sparse graph `[S, S]` (row to column) reaches from seeds, themselves included."""
    seen, frontier = seeds.copy(), seeds
    while frontier.any():
        frontier = (graph.T @ frontier.astype(np.float64) > 0) & ~seen
        seen |= frontier
    return seen


@kernel
def _sweep(
    v: Any,
    next_state: Any,
    prob: Any,
    terminal: Any,
    expected: Any,
    live: Any,
    gamma: float,
    enough: float,
    n: int,
) -> float:
    """Up to `n` pairs of sweeps over `[S]` values in place, to and fro; returns the last one's residual."""
    n_states, n_actions, n_outcomes = prob.shape
    residual = 0.0
    for _ in range(n):
        for backwards in range(2):
            residual = 0.0
            for position in range(n_states):
                s = n_states - 1 - position if backwards else position
                if not live[s]:
                    continue
                best = -np.inf
                for a in range(n_actions):
                    value = 0.0
                    for k in range(n_outcomes):
                        if prob[s, a, k] > 0 and not terminal[s, a, k]:
                            value += prob[s, a, k] * v[next_state[s, a, k]]
                    best = max(best, expected[s, a] + gamma * value)
                change = abs(best - v[s])
                if not change <= residual:
                    residual = change
                v[s] = best
        if residual <= enough:
            break
    return residual


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
            for a in range(n_actions):
                nearer = False
                for k in range(n_outcomes):
                    if prob[s, a, k] > 0 and (terminal[s, a, k] or reached[next_state[s, a, k]]):
                        nearer = True
                if nearer:
                    reached[s], action[s], changed = True, a, True
                    break
    return not (live & ~reached).any()
