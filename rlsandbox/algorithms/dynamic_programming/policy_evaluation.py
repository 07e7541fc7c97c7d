"""Iterative policy evaluation: one expected backup of every state, sweep after sweep.

    v(s) <- sum_a pi(a | s) sum_{s', r} p(s', r | s, a) [ r + gamma v(s') ]

Source: Bellman (1957); Sutton & Barto, 2nd edition, section 4.1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.agent import Floats
from rlsandbox.learning.given import Evaluating, given_policy
from rlsandbox.learning.hyperparams import AgentConfig
from rlsandbox.learning.planning import SweepConfig
from rlsandbox.learning.policy_planning import PolicyPlanner, never_ends
from rlsandbox.learning.problem import Enumerable
from rlsandbox.worlds.errors import check


class PolicyEvaluation(PolicyPlanner):
    """Policy evaluation (Bellman, 1957): the values of a given policy, computed from the model.

    Attributes:
        given: `[S, A]`, the policy.
        endless: `[S]`, states that have no value without a discount; they are left out.
    """

    title = "Policy evaluation"
    source = "Bellman (1957); Sutton & Barto, 2nd ed., section 4.1"
    equation = "V(s) ← Σ π(a|s) Σ p(s′,r|s,a) [ r + γ V(s′) ]"
    task = "prediction"

    class Config(Evaluating, SweepConfig):
        """Hyperparameters."""

    def forget(self, problem: Enumerable) -> None:
        """The policy is named anew for the world."""
        super().forget(problem)
        self.given = self.pi = given_policy(problem, self.config)
        undiscounted = self.config.gamma == 1
        self.endless = never_ends(problem.mdp, self.pi) if undiscounted else np.zeros_like(problem.mdp.live)

    def states(self) -> NDArray[np.bool_]:
        """Every state that has a value."""
        return self.problem.mdp.live & ~self.endless

    def refuse_endless(self) -> None:
        """Refuse a policy that from the start has no finite value."""
        check(
            not (self.endless & (self.problem.mdp.start > 0)).any(),
            f"at gamma 1 the {self.config.policy} policy has no finite values here: from the start it can "
            "come to where rewards or costs never end. Choose a gamma below 1, or another policy.",
        )

    def sweep(self) -> float:
        """Back up every state once."""
        return self.evaluate()

    def estimates(self) -> Floats:
        """`[N, S]` values."""
        return np.repeat(self.v[None], self.n_seeds, axis=0)

    def replace_problem(self, problem: Enumerable) -> None:
        """Go on in an edited world, if it still has such a policy."""
        given_policy(problem, self.config)
        super().replace_problem(problem)

    def reconfigure(self, config: AgentConfig) -> None:
        """Use changed hyperparameters, if they name a policy."""
        given_policy(self.problem, config)
        super().reconfigure(config)
