"""Value iteration: one optimality backup of every state, sweep after sweep.

    v(s) <- max_a sum_{s', r} p(s', r | s, a) [ r + gamma v(s') ]

In prioritized order the state is backed up next whose backup would change it most; after it the errors of all
that lead to it are worked out anew. A sweep is then as many backups as there are states.

Source: Bellman (1957); Sutton & Barto, 2nd edition, section 4.4. Prioritized: Moore & Atkeson (1993); Sutton
& Barto, section 8.4.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.agent import Floats, Ints
from rlsandbox.learning.full_backups import OPTIMAL, best_action, note, optimal_sweep
from rlsandbox.learning.hyperparams import hp
from rlsandbox.learning.planning import Planner, PlannerConfig
from rlsandbox.learning.problem import Enumerable
from rlsandbox.worlds.compiled import kernel
from rlsandbox.worlds.mdp import TabularMDP


@kernel
def prioritized_sweep(
    v: Any,
    model: Any,
    gamma: float,
    enough: float,
    begins: Any,
    sources: Any,
    priority: Any,
    heap: Any,
    place: Any,
    backups: Any,
    record: Any,
    used: Any,
) -> float:
    """Back up the states of `v` `[S]` with the greatest Bellman error; returns the greatest that is left.

    Those that lead to s are `sources[begins[s] : begins[s + 1]]`. `heap` and `place` `[S]` are scratch: the
    states, each above two of no greater `priority` `[S]`, and where each of them is.
    """
    n, largest = 0, -1.0
    for s in range(v.shape[0]):
        if model.states[s]:
            heap[n], place[s] = s, n
            n += 1
    for i in range(n // 2 - 1, -1, -1):
        sink(heap, place, priority, i, n)
    for i in range(n):
        s = heap[0]
        if not priority[s] > enough:
            break
        best, a = best_action(v, model, s, gamma)
        change = abs(best - v[s])
        if not change <= largest:
            largest = change
            note(record, used, v, model, OPTIMAL, s, a, v[s], best)
        v[s], backups[i], priority[s] = best, s, 0.0
        sink(heap, place, priority, 0, n)
        for j in range(begins[s], begins[s + 1]):
            source = sources[j]
            value, _ = best_action(v, model, source, gamma)
            priority[source] = abs(value - v[source])
            rise(heap, place, priority, place[source])
            sink(heap, place, priority, place[source], n)
    return priority[heap[0]]


@kernel
def bellman_errors(v: Any, model: Any, gamma: float, priority: Any) -> None:
    """Fill `priority` `[S]` with what a backup of each state would change."""
    for s in range(v.shape[0]):
        priority[s] = 0.0
        if model.states[s]:
            best, _ = best_action(v, model, s, gamma)
            priority[s] = abs(best - v[s])


@kernel
def rise(heap: Any, place: Any, priority: Any, i: int) -> None:
    """Move the state at `i` of a heap up to where nothing above it has a lesser priority."""
    s = heap[i]
    while i > 0 and priority[heap[(i - 1) // 2]] < priority[s]:
        heap[i] = heap[(i - 1) // 2]
        place[heap[i]] = i
        i = (i - 1) // 2
    heap[i], place[s] = s, i


@kernel
def sink(heap: Any, place: Any, priority: Any, i: int, n: int) -> None:
    """Move the state at `i` of a heap of `n` down to where nothing below it has a greater priority."""
    s = heap[i]
    while 2 * i + 1 < n:
        child = 2 * i + 1
        if child + 1 < n and priority[heap[child + 1]] > priority[heap[child]]:
            child += 1
        if not priority[heap[child]] > priority[s]:
            break
        heap[i] = heap[child]
        place[heap[i]] = i
        i = child
    heap[i], place[s] = s, i


def predecessors(mdp: TabularMDP, states: NDArray[np.bool_]) -> tuple[Ints, Ints]:
    """(`begins` `[S + 1]`, `sources`): for each state those among `states` `[S]` that may lead to it."""
    s, a, k = np.nonzero((mdp.prob > 0) & ~mdp.terminal & states[:, None, None])
    pairs = np.unique(mdp.next_state[s, a, k].astype(np.int64) * mdp.n_states + s)
    to, sources = np.divmod(pairs, mdp.n_states)
    return np.searchsorted(to, np.arange(mdp.n_states + 1)), sources


class ValueIteration(Planner):
    """Value iteration (Bellman, 1957): plans with the world's own model, without a step in it.

    Attributes:
        priority: `[S]`, in prioritized order the Bellman error of each state.
    """

    title = "Value iteration"
    source = "Bellman (1957); Sutton & Barto, 2nd ed., section 4.4"
    equation = "V(s) ← maxₐ Σ p(s′,r|s,a) [ r + γ V(s′) ]"

    class Config(PlannerConfig):
        """Hyperparameters."""

        order: Literal["synchronous", "in place", "prioritized"] = hp(
            "synchronous",
            label="Sweep order",
            doc="whether a sweep reads only the last sweep's values; prioritized: the greatest error first",
        )

    def forget(self, problem: Enumerable) -> None:
        """The priorities as well."""
        super().forget(problem)
        self.priority: Floats = np.zeros(problem.mdp.n_states)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The priorities as well."""
        return {**super().arrays(), "priority": self.priority}

    def sweep(self) -> float:
        """Back up every state once, or as often as there are states the one with the greatest error."""
        if self.config.order == "prioritized":
            return self.prioritized()
        self.all_in_order()
        old, gamma = self.read(), self.config.gamma
        return optimal_sweep(self.v, old, self.dynamics, gamma, self.record, self.used)

    def prioritized(self) -> float:
        """Back up what needs it most; returns the greatest error that is left."""
        mdp, model, gamma = self.problem.mdp, self.dynamics, self.config.gamma
        edges = self.problem.once(("predecessors", gamma == 1), lambda: predecessors(mdp, model.states))
        if np.isnan(self.residuals[0]):
            bellman_errors(self.v, model, gamma, self.priority)
        heap, place = np.empty((2, mdp.n_states), np.int64)
        notes = self.backups, self.record, self.used
        return prioritized_sweep(
            self.v, model, gamma, self.enough, *edges, self.priority, heap, place, *notes
        )
