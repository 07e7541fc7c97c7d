"""Policy iteration: evaluate the policy, make it greedy to its values, until it stays as it is.

    v(s)  <- sum_{s', r} p(s', r | s, pi(s)) [ r + gamma v(s') ]               until v changes no more
    pi(s) <- argmax_a sum_{s', r} p(s', r | s, a) [ r + gamma v(s') ]

An action is replaced by a better one alone, never by one that is as good. Where rounding tells actions apart
that are equally good, policies could still take turns: then it has come to its end as well.

Source: Howard (1960); Sutton & Barto, 2nd edition, section 4.3.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.agent import Floats, Ints, Update
from rlsandbox.learning.full_backups import IMPROVED
from rlsandbox.learning.oracle import solve
from rlsandbox.learning.planning import recurs
from rlsandbox.learning.policy_planning import Improver, never_ends
from rlsandbox.learning.problem import Enumerable
from rlsandbox.worlds.errors import check

EVALUATING, IMPROVING, STABLE = range(3)


class PolicyIteration(Improver):
    """Policy iteration (Howard, 1960): evaluates a policy to the end before it improves it.

    Attributes:
        phase: `[1]` what the next sweep does: 0 evaluates, 1 improves; 2: the policy is stable.
        kept: `[S]` an earlier policy's actions, to tell a circle by.
    """

    title = "Policy iteration"
    source = "Howard (1960); Sutton & Barto, 2nd ed., section 4.3"
    equation = "V ← V^π, then π(s) ← argmaxₐ Σ p(s′,r|s,a) [ r + γ V(s′) ]"

    def sweep(self) -> float:
        """A sweep of evaluation, or the improvement; returns the largest change, or the largest gain."""
        if self.phase[0] == EVALUATING:
            residual = self.evaluate()
            if residual <= self.enough:
                self.phase[0] = IMPROVING
            return residual
        gain = self.improve(self.enough)
        actions = np.where(self.pi.max(axis=1) == 1, self.pi.argmax(axis=1), -1)
        stable = gain == 0 or recurs(actions, self.kept, int(self.improvements[0]))
        self.phase[0] = STABLE if stable else EVALUATING
        if stable and self.config.gamma == 1:
            self.refuse_restless()
        return gain

    def refuse_restless(self) -> None:
        """Refuse the policy if it ends at a cost where it could rest for ever.

        Where it stays is worth what it was worth before, so that no look ahead tells how much better rest is.
        """
        truth = self.problem.once(("solution", 1.0), lambda: solve(self.problem.mdp, 1.0))
        gap = np.abs(truth.v - self.v)[self.states()].max()
        check(
            gap <= 1e-3 * (1 + np.abs(truth.v).max()),
            "at gamma 1 policy iteration does not see here that resting where nothing is paid is better than "
            "coming to an end. Choose a gamma below 1, or value iteration.",
        )

    @property
    def done(self) -> bool:
        """Whether the policy is stable."""
        return bool(self.phase[0] == STABLE)

    def circling(self) -> bool:
        """Its policies are watched instead of its values."""
        return False

    def refuse_endless(self) -> None:
        """Refuse worlds without values, and those where the random policy has none to begin with."""
        super().refuse_endless()
        if self.config.gamma == 1:
            endless = never_ends(self.problem.mdp, self.pi) & self.states()
            check(
                not endless.any(),
                "at gamma 1 the random policy, with which it begins, has no finite values here: rewards or "
                "costs never end. Choose a gamma below 1, or value iteration.",
            )

    def forget(self, problem: Enumerable) -> None:
        """It begins with an evaluation."""
        super().forget(problem)
        self.phase: Ints = np.full(1, EVALUATING)

    def begin_again(self) -> None:
        """Where values are kept, it begins with the policy that is greedy to them."""
        super().begin_again()
        if self.config.gamma < 1:
            self.phase[0] = IMPROVING

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The phase as well."""
        return {**super().arrays(), "phase": self.phase}

    def metrics(self) -> dict[str, float]:
        """Its phase, and how often the policy was improved."""
        return {
            **super().metrics(),
            "phase": float(self.phase[0]),
            "improvements": float(self.improvements[0]),
        }

    def backup(self, q: Floats, s: int) -> Update:
        """What the next sweep computes for a state: its value, or a better action for it."""
        if self.phase[0] == EVALUATING or q[s].max() <= (kept := float(self.pi[s] @ q[s])) + self.enough:
            return super().backup(q, s)
        return self.told(IMPROVED, s, int(q[s].argmax()), kept, float(q[s].max()), self.v)
