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
_UNBOUNDED = 1e12


@dataclass(frozen=True)
class Solution:
    """Optimal values of a world.

    Attributes:
        v: `[S]` V*; 0 where an episode has ended.
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
    """Optimal values by Gauss-Seidel value iteration, swept to and fro (Sutton & Barto, section 4.4; Bertsekas).

    Args:
        mdp: the model.
        gamma: discount in [0, 1].
        tolerance: largest error of a value for gamma < 1; largest residual, times 1e-3, for gamma = 1.

    Returns:
        The solution, or None where there is none: at gamma = 1 a world may pay for ever, or never let an episode end.
    """
    began = time.perf_counter()
    enough = tolerance * (1 - gamma) / gamma if 0 < gamma < 1 else tolerance * 1e-3
    v = np.zeros(mdp.n_states)
    expected, sweeps, residual = mdp.expected_reward, 0, np.inf
    best = np.inf
    while residual > enough and sweeps < MAX_SWEEPS:
        residual = _sweep(
            v, mdp.next_state, mdp.prob, mdp.terminal, expected, mdp.live, gamma, enough, _SWEEPS_A_CALL
        )
        sweeps += _SWEEPS_A_CALL
        if not np.isfinite(residual) or np.abs(v).max() > _UNBOUNDED * (1 + np.abs(expected).max()):
            return None
        if gamma == 1 and sweeps > 64 * (mdp.n_states + 16) and residual >= best * (1 - 1e-9):
            return None  # every sweep adds the same: no end is in sight
        best = min(best, residual)
        floor = 4 * np.finfo(np.float64).eps * np.abs(v).max()
        if residual <= floor:
            break
    else:
        if residual > enough:
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
    from scipy.sparse import csr_matrix, identity
    from scipy.sparse.linalg import spsolve

    weight = policy[:, :, None] * mdp.prob
    goes_on = (weight > 0) & ~mdp.terminal & mdp.live[:, None, None]
    rows = np.broadcast_to(np.arange(mdp.n_states)[:, None, None], weight.shape)[goes_on]
    columns = mdp.next_state[goes_on]
    onward = csr_matrix((weight[goes_on], (rows, columns)), shape=(mdp.n_states, mdp.n_states))
    seen = _closure(onward, mdp.start > 0)
    ends = (weight * mdp.terminal).sum(axis=(1, 2)) > 0
    if gamma == 1 and not _closure(onward.T.tocsr(), ends | ~mdp.live)[seen].all():
        return None
    states = np.flatnonzero(seen)
    inside = onward[states][:, states]
    expected = (weight * mdp.reward).sum(axis=(1, 2))[states] * mdp.live[states]
    v = np.full(mdp.n_states, np.nan)
    v[states] = np.atleast_1d(spsolve((identity(states.size) - gamma * inside).tocsc(), expected))
    return v


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
    """Up to `n` pairs of sweeps over `[S]` values in place, forth and back; returns the last one's residual."""
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
