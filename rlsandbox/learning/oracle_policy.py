"""What a policy is worth and where it goes: its Markov chain, solved for."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsandbox.worlds.compiled import kernel
from rlsandbox.worlds.mdp import TabularMDP

_DENSE = 256
"""Up to so many reached states a policy's values come from one dense system."""
_SWEEPS = 200
"""After so many a sparse system is solved instead, and if it must be, that is seen after `_TRIAL`."""
_TRIAL = 20
_EXACT = 1e-14


class _Chain:
    """The Markov chain of a policy over the n live states and ends that it reaches from a start.

    Attributes:
        states: `[n]` ids, breadth first from the starts.
        begins, to, chance: where each goes on, `[n + 1]`, `[L]` and `[L]`, as in a sparse matrix by rows.
        paid: `[n]` expected reward of one step.
        ends: `[n]` whether it may end or be at its end.
    """

    def __init__(self, mdp: TabularMDP, policy: NDArray[np.float64]) -> None:
        states, place = np.empty(mdp.n_states, np.int32), np.full(mdp.n_states, -1, np.int32)
        walk = (policy, mdp.next_state, mdp.prob, mdp.terminal, mdp.live)
        n, length = _reach(*walk, mdp.start_states, states, place)
        self.states = states[:n]
        self.begins, self.to = np.empty(n + 1, np.int32), np.empty(length, np.int32)
        self.chance, self.paid, self.ends = np.empty(length), np.empty(n), np.empty(n, np.bool_)
        length = _fill(
            *walk, mdp.reward, self.states, place, self.begins, self.to, self.chance, self.paid, self.ends
        )
        self.to, self.chance = self.to[:length], self.chance[:length]

    def ends_surely(self) -> bool:
        """Whether the chain ends with certainty from everywhere."""
        ends = self.ends.copy()
        _spread(self.begins, self.to, ends)
        return bool(ends.all())

    def matrix(self) -> Any:
        """The chances to go on, a sparse `[n, n]`."""
        from scipy.sparse import csr_matrix

        n = self.states.size
        return csr_matrix((self.chance, self.to, self.begins), shape=(n, n))


def reached(mdp: TabularMDP, policy: NDArray[np.float64]) -> NDArray[np.int32]:
    """`[n]` the live states and ends that a policy `[S, A]` comes to, those nearest to a start first."""
    return _Chain(mdp, policy).states


def policy_values(mdp: TabularMDP, policy: NDArray[np.float64], gamma: float) -> NDArray[np.float64] | None:
    """V^pi of a policy `[S, A]` over what it reaches from the start, exact but for rounding.

    Returns:
        `[S]`, NaN for states that the policy never sees from a start; None where it never ends at gamma = 1.
    """
    chain = _Chain(mdp, policy)
    if gamma == 1 and not chain.ends_surely():
        return None
    n = chain.states.size
    v = np.full(mdp.n_states, np.nan)
    if n <= _DENSE:  # the common case, and cheap: a greedy policy sees little of a world
        system = np.eye(n)
        _subtract(system, chain.begins, chain.to, chain.chance, gamma)
        v[chain.states] = np.linalg.solve(system, chain.paid)
        return v
    values = np.zeros(n)
    if not _evaluate(chain.begins, chain.to, chain.chance, chain.paid, gamma, values, _SWEEPS, _EXACT):
        from scipy.sparse import identity

        values = solved(identity(n) - gamma * chain.matrix(), chain.paid)
    v[chain.states] = values
    return v


def occupancy(
    mdp: TabularMDP, policy: NDArray[np.float64], gamma: float, tolerance: float = 1e-10
) -> NDArray[np.float64] | None:
    """Where a policy `[S, A]` spends its time: (1 - gamma) sum_t gamma^t Pr(S_t = s), over live states.

    For gamma = 1 these are the shares of the expected visits of an episode.

    Args:
        mdp: the model.
        policy: `[S, A]` probabilities.
        gamma: discount in [0, 1].
        tolerance: largest error, summed over all states.

    Returns:
        `[S]`; sums to less than 1 where episodes may end before they are discounted away. None where they
        never end at gamma = 1.
    """
    chain = _Chain(mdp, policy)
    if gamma == 1 and not chain.ends_surely():
        return None
    live = mdp.live[chain.states]
    start = np.where(live, mdp.start[chain.states], 0.0)
    visits, steps = np.zeros(start.size), (chain.begins, chain.to, chain.chance)
    # what is on its way is yet to make 1 / (1 - gamma) visits at most
    left = _flow(*steps, gamma, visits, start.copy(), _SWEEPS, tolerance if gamma < 1 else 0.0)
    if left > tolerance or (gamma == 1 and left > 0):
        from scipy.sparse import identity

        visits = solved((identity(start.size) - gamma * chain.matrix()).T, start)
    visits[~live] = 0.0
    total = visits.sum()
    shares = np.zeros(mdp.n_states)
    shares[chain.states] = visits * (1 - gamma) if gamma < 1 else visits / total if total > 0 else visits
    return shares


def solved(matrix: Any, right: NDArray[np.float64]) -> NDArray[np.float64]:
    """The solution `[n]` of a sparse system whose diagonal dominates."""
    from scipy.sparse.linalg import splu

    # the pattern is nearly symmetric, and the diagonal a good pivot: half the fill of the default
    how = {"permc_spec": "MMD_AT_PLUS_A", "diag_pivot_thresh": 0.1, "options": {"SymmetricMode": True}}
    return splu(matrix.tocsc(), **how).solve(right)


@kernel
def _reach(
    policy: Any, next_state: Any, prob: Any, terminal: Any, live: Any, starts: Any, states: Any, place: Any
) -> tuple[int, int]:
    """List the states that a policy comes to, breadth first, and where each stands in the list.

    Returns how many they are, and how many outcomes lead on from them.
    """
    n = length = done = 0
    for s in starts:
        states[n], place[s] = s, n
        n += 1
    while done < n:
        s = states[done]
        done += 1
        if not live[s]:
            continue
        for a in range(prob.shape[1]):
            if policy[s, a] == 0:
                continue
            for k in range(prob.shape[2]):
                if policy[s, a] * prob[s, a, k] > 0 and not terminal[s, a, k]:
                    to = next_state[s, a, k]
                    length += 1
                    if place[to] < 0:
                        states[n], place[to] = to, n
                        n += 1
    return n, length


@kernel
def _fill(
    policy: Any,
    next_state: Any,
    prob: Any,
    terminal: Any,
    live: Any,
    reward: Any,
    states: Any,
    place: Any,
    begins: Any,
    to: Any,
    chance: Any,
    paid: Any,
    ends: Any,
) -> int:
    """Write out the chain over the listed states, equal successors merged; returns its length."""
    length = 0
    for i in range(states.shape[0]):
        s = states[i]
        begins[i], paid[i], ends[i] = length, 0.0, not live[s]
        if not live[s]:
            continue
        for a in range(prob.shape[1]):
            if policy[s, a] == 0:
                continue
            for k in range(prob.shape[2]):
                p = policy[s, a] * prob[s, a, k]
                if not p > 0:
                    continue
                paid[i] += p * reward[s, a, k]
                if terminal[s, a, k]:
                    ends[i] = True
                    continue
                following, at = place[next_state[s, a, k]], begins[i]
                while at < length and to[at] != following:
                    at += 1
                if at == length:
                    to[at], chance[at] = following, 0.0
                    length += 1
                chance[at] += p
    begins[states.shape[0]] = length
    return length


@kernel
def _spread(begins: Any, to: Any, ends: Any) -> None:
    """Mark all states that lead to a marked one."""
    changed = True
    while changed:
        changed = False
        for position in range(2 * ends.shape[0]):  # ends come last in the list, so back and forth
            i = ends.shape[0] - 1 - position if position < ends.shape[0] else position - ends.shape[0]
            if ends[i]:
                continue
            for at in range(begins[i], begins[i + 1]):
                if ends[to[at]]:
                    ends[i] = changed = True
                    break


@kernel
def _subtract(system: Any, begins: Any, to: Any, chance: Any, gamma: float) -> None:
    """Take discounted chances from a dense `[n, n]`."""
    for i in range(system.shape[0]):
        for at in range(begins[i], begins[i + 1]):
            system[i, to[at]] -= gamma * chance[at]


@kernel
def _evaluate(
    begins: Any, to: Any, chance: Any, paid: Any, gamma: float, v: Any, sweeps: int, enough: float
) -> bool:
    """Gauss-Seidel sweeps over a chain, from its end to its start; whether values `[n]` have settled.

    They have where the next changes, as far as the last ones shrank, add up to little.
    """
    before = np.inf
    for sweep in range(sweeps):
        most = largest = 0.0
        for position in range(v.shape[0]):
            i = v.shape[0] - 1 - position
            value, own = paid[i], 0.0
            for at in range(begins[i], begins[i + 1]):
                if to[at] == i:
                    own += gamma * chance[at]
                else:
                    value += gamma * chance[at] * v[to[at]]
            value /= 1 - own
            most, largest = max(most, abs(value - v[i])), max(largest, abs(value))
            v[i] = value
        ratio = most / before if before < np.inf else 1.0  # nothing is known after one sweep
        if most == 0 or (ratio < 1 and most * ratio / (1 - ratio) <= enough * largest):
            return True
        if sweep == _TRIAL and not most * ratio ** (sweeps - _TRIAL) <= enough * largest:
            break  # no hope
        before = most
    return False


@kernel
def _flow(
    begins: Any,
    to: Any,
    chance: Any,
    gamma: float,
    visits: Any,
    arriving: Any,
    sweeps: int,
    enough: float,
) -> float:
    """Count what arrives in each state `[n]` and pass it on, to and fro; returns what is still on its way."""
    n, left, early = visits.shape[0], np.inf, np.inf
    for sweep in range(sweeps):
        for position in range(n):
            i = n - 1 - position if sweep % 2 else position
            amount = arriving[i]
            if amount == 0:
                continue
            own = 0.0
            for at in range(begins[i], begins[i + 1]):
                if to[at] == i:
                    own += gamma * chance[at]
            amount, arriving[i] = amount / (1 - own), 0.0
            visits[i] += amount
            for at in range(begins[i], begins[i + 1]):
                if to[at] != i:
                    arriving[to[at]] += gamma * chance[at] * amount
        left = arriving.sum()
        if left <= enough:
            break
        if sweep == _TRIAL // 2:
            early = left
        elif sweep == _TRIAL and not left * (left / early) ** (2 * (sweeps - _TRIAL) / _TRIAL) <= enough:
            break  # no hope
    return left
