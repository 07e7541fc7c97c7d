"""Linear programming: the optimal values are the least that no backup exceeds, found in one go.

    minimise sum_s v(s)   subject to   v(s) >= sum_{s', r} p(s', r | s, a) [ r + gamma v(s') ]   for all s, a

Without a discount there may be places to rest where nothing is paid, of which the constraints say nothing:
there the values of a policy that surely ends or rests bound them from below.

Source: d'Epenoux (1963); Puterman (1994), section 6.9; Sutton & Barto, 2nd edition, section 4.7. Solved by
HiGHS (Huangfu & Hall, 2018).
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from rlsandbox.learning.agent import Floats, Preset
from rlsandbox.learning.configs import Discounted
from rlsandbox.learning.full_backups import OPTIMAL
from rlsandbox.learning.oracle import from_below, lookahead
from rlsandbox.learning.planning import ENDLESS, Planner
from rlsandbox.worlds.errors import SandboxError, check

MOST_STATES = 50_000
"""Beyond so many the solver may take minutes."""
_SECONDS = 120.0


class LinearProgramming(Planner):
    """Linear programming (d'Epenoux, 1963): no sweeps, one system of inequalities for all states."""

    title = "Linear programming"
    source = "d'Epenoux (1963); Sutton & Barto, 2nd ed., section 4.7"
    equation = "min Σ V(s)  s. t.  V(s) ≥ Σ p(s′,r|s,a) [ r + γ V(s′) ]"
    Config = Discounted
    presets: ClassVar[dict[str, Preset]] = {"course": Preset({"gamma": 0.99})}

    @property
    def done(self) -> bool:
        """Whether it is solved."""
        return not np.isnan(self.residuals[0])

    def refuse_endless(self) -> None:
        """The solver finds out by itself."""

    def sweep(self) -> float:
        """Solve the program; returns the largest difference to a backup that is left."""
        mdp, gamma, states = self.problem.mdp, self.config.gamma, np.flatnonzero(self.states())
        old = self.v.copy()
        self.v[states] = self.solved(states)
        q = lookahead(mdp, self.v, gamma)
        s = int(states[np.abs(self.v - old)[states].argmax()])
        self.record[:] = OPTIMAL, s, q[s].argmax(), old[s], self.v[s]
        self.used[:] = self.v[mdp.next_state[s]]
        self.backups[: states.size] = states
        return float(np.abs(q.max(axis=1) - self.v)[states].max())

    def solved(self, states: Any) -> Floats:
        """Values of the states `[n]` by their numbers.

        Raises:
            SandboxError: there are none, or the world is too large.
        """
        from scipy.optimize import linprog
        from scipy.sparse import csr_matrix

        mdp, gamma, n = self.problem.mdp, self.config.gamma, states.size
        check(
            n <= MOST_STATES,
            f"a linear program takes up to {MOST_STATES:,} states, not {n:,}: plan by value iteration.",
        )
        place = np.full(mdp.n_states, -1)
        place[states] = np.arange(n)
        at, a, k = np.nonzero((mdp.prob[states] > 0) & ~mdp.terminal[states])
        s = states[at]
        onward = csr_matrix(
            (gamma * mdp.prob[s, a, k], (at * mdp.n_actions + a, place[mdp.next_state[s, a, k]])),
            (n * mdp.n_actions, n),
        )
        own = np.repeat(np.arange(n), mdp.n_actions)
        itself = csr_matrix((np.ones(own.size), (np.arange(own.size), own)), onward.shape)
        reward = mdp.expected_reward[states].ravel()
        scale = float(np.abs(reward).max()) or 1.0  # the solver's tolerances are absolute
        least = np.full(n, -np.inf)
        if gamma == 1:
            below = from_below(mdp, self.states())
            check(below is not None, ENDLESS)
            assert below is not None
            least = below[states] / scale
        answer = linprog(
            np.ones(n),
            A_ub=onward - itself,
            b_ub=-reward / scale,
            bounds=np.stack([least, np.full(n, np.inf)], axis=1),
            method="highs-ds",
            options={
                "time_limit": _SECONDS,
                "primal_feasibility_tolerance": 1e-10,
                "dual_feasibility_tolerance": 1e-10,
            },
        )
        check(answer.status not in (2, 3) or gamma < 1, ENDLESS)
        if answer.status != 0:
            raise SandboxError("the linear program could not be solved: plan by value iteration instead.")
        return answer.x * scale
