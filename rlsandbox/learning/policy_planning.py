"""What planners share that evaluate a policy with the model, and perhaps improve it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.agent import Floats, Ints, Line, Part, Update, number
from rlsandbox.learning.full_backups import (
    EXPECTED,
    IMPROVED,
    action_value,
    best_action,
    expected_sweep,
    note,
    valued,
    written_mean,
)
from rlsandbox.learning.planning import Planner, SweepConfig
from rlsandbox.learning.problem import Enumerable
from rlsandbox.learning.written import expectation
from rlsandbox.worlds.compiled import kernel
from rlsandbox.worlds.mdp import TabularMDP


@kernel
def improve(v: Any, pi: Any, model: Any, gamma: float, margin: float, record: Any, used: Any) -> float:
    """Give `pi` `[S, A]` the best action wherever it is better than `pi` itself by more than `margin`.

    Then equally good actions never take turns. Returns the largest gain, 0 if the policy stays as it is.
    """
    largest = 0.0
    for s in range(v.shape[0]):
        if model.states[s]:
            best, action = best_action(v, model, s, gamma)
            value = 0.0
            for a in range(pi.shape[1]):
                if pi[s, a] > 0:
                    value += pi[s, a] * action_value(v, model, s, a, gamma)
            if best > value + margin:
                if best - value > largest:
                    largest = best - value
                    note(record, used, v, model, IMPROVED, s, action, value, best)
                pi[s, :] = 0.0
                pi[s, action] = 1.0
    return largest


def never_ends(mdp: TabularMDP, pi: Floats) -> NDArray[np.bool_]:
    """`[S]`: states that have no value without a discount under a policy `[S, A]`.

    From them it may come to a set of states that it never leaves, in which no episode ends and something is
    paid.
    """
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import connected_components

    weight = np.where(mdp.live[:, None, None], pi[:, :, None] * mdp.prob, 0.0)
    s, a, k = np.nonzero((weight > 0) & ~mdp.terminal)
    to = mdp.next_state[s, a, k]
    shape = (mdp.n_states, mdp.n_states)
    _, part = connected_components(csr_matrix((np.ones(s.size), (s, to)), shape), True, "strong")
    left = np.zeros(part.max() + 1, np.bool_)
    left[part[s[part[s] != part[to]]]] = True
    left[part[((weight > 0) & mdp.terminal).any(axis=(1, 2)) | ~mdp.live]] = True
    paid = np.zeros(left.size, np.bool_)
    paid[part[np.einsum("sa,sa->s", pi, mdp.expected_reward) != 0]] = True
    found = (~left & paid)[part]
    onward = csr_matrix((np.ones(s.size), (s, to)), shape)
    frontier = found
    while frontier.any():
        frontier = (onward @ frontier.astype(np.float64) > 0) & ~found
        found = found | frontier
    return found


class PolicyPlanner(Planner):
    """Base of planners that back up the values of a policy.

    Attributes:
        pi: `[S, A]`, the policy.
    """

    pi: Floats

    def probs(self, q: Floats) -> Floats:
        """The policy, whatever the action values are."""
        return self.pi.copy()

    def evaluate(self) -> float:
        """One sweep of policy evaluation; returns the largest change."""
        self.all_in_order()
        old, gamma = self.read(), self.config.gamma
        return expected_sweep(self.v, old, self.pi, self.dynamics, gamma, self.record, self.used)

    def backup(self, q: Floats, s: int) -> Update:
        """What a sweep of evaluation computes for a state."""
        return self.told(EXPECTED, s, -1, float(self.v[s]), float(self.pi[s] @ q[s]), self.v)

    def told(self, kind: int, s: int, a: int, before: float, target: float, v: Floats) -> Update:
        """An improvement leaves the value as it was: the next evaluation changes it."""
        update = super().told(kind, s, a, before, target, v)
        return dataclasses.replace(update, after=before) if kind == IMPROVED else update

    def written(
        self, kind: int, s: int, a: int, before: float, target: float, v: Floats
    ) -> tuple[tuple[Part, ...], tuple[Line, ...]]:
        """The mean over the policy, or the better action and what the policy had before."""
        gamma = self.config.gamma
        if kind == EXPECTED:
            return valued(written_mean(self.problem, self.pi[s], v, s, gamma), s, target), ()
        parts, lines = super().written(kind, s, a, before, target, v)
        if kind == IMPROVED:
            name = self.problem.world.actions[a].name
            better = (Part(f"π(s) ← {name}: "), *expectation(self.problem.mdp, v, s, a, gamma))
            parts = (*valued(better, s, target), Part(" > "), Part(number(before), "old", s))
        return parts, lines


class Improver(PolicyPlanner):
    """Base of planners that improve their policy; it begins as the uniformly random one.

    Attributes:
        improvements: `[1]` how often the policy was improved.
    """

    Config = SweepConfig

    def __init__(self, problem: Enumerable, config: SweepConfig, seeds: Sequence[int]) -> None:
        super().__init__(problem, config, seeds)
        self.improvements: Ints = np.zeros(1, np.int64)

    def forget(self, problem: Enumerable) -> None:
        """The policy as well."""
        super().forget(problem)
        mdp = problem.mdp
        self.pi = np.full((mdp.n_states, mdp.n_actions), 1.0 / mdp.n_actions)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The policy as well."""
        return {**super().arrays(), "pi": self.pi, "improvements": self.improvements}

    def improve(self, margin: float) -> float:
        """Make the policy greedy; returns the largest gain, 0 if none is greater than `margin`."""
        gamma = self.config.gamma
        gain = improve(self.v, self.pi, self.dynamics, gamma, margin, self.record, self.used)
        self.improvements += 1
        return gain
