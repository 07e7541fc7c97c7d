"""Potentials for reward shaping: gamma Phi(s') - Phi(s) is added to what an agent learns from.

Such an addition changes no optimal policy, whatever Phi is (Ng, Harada & Russell, 1999, theorem 1); adding
Phi(s') alone may. Phi is 0 where an episode has ended.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning import oracle
from rlsandbox.learning.problem import Enumerable
from rlsandbox.worlds.errors import SandboxError
from rlsandbox.worlds.mdp import TabularMDP

FORMS = {"potential": 1, "naive": 2}
"""Numbers of the forms for kernels."""


def potential(problem: Enumerable, config: object) -> NDArray[np.float64]:
    """Phi `[S]` as a configuration wants it ("distance", "optimal values", "painted").

    Raises:
        SandboxError: the world has no such potential.
    """
    kind, scale, gamma = (getattr(config, name) for name in ("shaping", "shaping_scale", "gamma"))
    return problem.once(("potential", kind, gamma), lambda: _KINDS[kind](problem, gamma)) * scale


def distance_to_goal(mdp: TabularMDP) -> NDArray[np.float64]:
    """`[S]`: the fewest steps to an outcome that ends an episode with a reward above the mean of all that do.

    Where every end pays the same, to any end; from where there is no way, one step more than from anywhere.
    """
    ends = mdp.terminal & (mdp.prob > 0) & mdp.live[:, None, None]
    paid = mdp.reward[ends]
    if paid.size and np.ptp(paid) > 0:
        ends &= mdp.reward > paid.mean()
    steps = np.full(mdp.n_states, np.inf)
    frontier, done = ends.any(axis=(1, 2)), 1
    leads = (mdp.prob > 0) & ~mdp.terminal & mdp.live[:, None, None]
    while frontier.any():
        steps[frontier] = done
        done += 1
        frontier = (leads & (steps[mdp.next_state] < np.inf)).any(axis=(1, 2)) & np.isinf(steps)
    finite = np.isfinite(steps)
    return np.where(finite, steps, steps[finite].max(initial=0.0) + 1)


def _nearness(problem: Enumerable, gamma: float) -> NDArray[np.float64]:
    return -distance_to_goal(problem.mdp)


def _optimal(problem: Enumerable, gamma: float) -> NDArray[np.float64]:
    solution = problem.once(("solution", gamma), lambda: oracle.solve(problem.mdp, gamma))
    if solution is None:
        raise SandboxError("this world has no finite optimal values to shape with: choose a gamma below 1.")
    return solution.v


def _painted(problem: Enumerable, gamma: float) -> NDArray[np.float64]:
    return np.repeat(problem.world.potential.ravel(), problem.world.inventory)


_KINDS = {"distance": _nearness, "optimal values": _optimal, "painted": _painted}


def best_actions(problem: Enumerable, config: object) -> NDArray[np.bool_] | None:
    """`[2, S, A]`: the best actions by the world's own rewards and by the shaped ones, where one can come.

    Both are solved exactly; None where one of them has no finite values.
    """
    gamma, phi = float(getattr(config, "gamma", 1.0)), potential(problem, config)
    mdp, differences = problem.mdp, getattr(config, "shaping_form", "potential") == "potential"
    following = np.where(mdp.terminal, 0.0, phi[mdp.next_state])
    added = gamma * following - phi[:, None, None] if differences else following
    shaped = dataclasses.replace(mdp, reward=mdp.reward + added)
    own = problem.once(("solution", gamma), lambda: oracle.solve(mdp, gamma))
    best = []
    for solution in (own, None if own is None else oracle.solve(shaped, gamma)):
        if solution is None:
            return None
        room = 1e-6 * max(1.0, float(np.abs(solution.q).max()))
        best.append(solution.q >= solution.q.max(axis=1, keepdims=True) - room)
    return np.array(best) & (mdp.live & mdp.reachable)[:, None]


def keeps_best_policy(problem: Enumerable, config: object) -> bool | None:
    """Whether the shaped rewards have the same best actions as the world's own, wherever an agent can come.

    None where one of them has no finite values.
    """
    best = best_actions(problem, config)
    return None if best is None else bool((best[0] == best[1]).all())
