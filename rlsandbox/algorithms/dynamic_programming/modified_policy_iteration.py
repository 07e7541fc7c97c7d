"""Modified policy iteration: improve the policy, and evaluate it by a few sweeps alone.

    pi(s) <- argmax_a sum_{s', r} p(s', r | s, a) [ r + gamma v(s') ]
    v(s)  <- sum_{s', r} p(s', r | s, pi(s)) [ r + gamma v(s') ]               m + 1 times

The first of these backups is that of value iteration: m = 0 is value iteration, a large m policy iteration.

Source: Puterman & Shin (1978); Puterman (1994), section 6.5; Sutton & Barto, 2nd edition, section 4.6.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.agent import Floats, Ints, Update
from rlsandbox.learning.full_backups import OPTIMAL
from rlsandbox.learning.hyperparams import hp
from rlsandbox.learning.planning import Planner, SweepConfig, recurs
from rlsandbox.learning.policy_planning import Improver
from rlsandbox.learning.problem import Enumerable


class ModifiedPolicyIteration(Improver):
    """Modified policy iteration (Puterman & Shin, 1978): between value iteration and policy iteration.

    Attributes:
        since: `[1]` sweeps of evaluation since the last improvement; 0 after the improvement's own.
    """

    title = "Modified policy iteration"
    source = "Puterman & Shin (1978); Sutton & Barto, 2nd ed., section 4.6"
    equation = "π ← greedy to V, then m + 1 times V(s) ← Σ p(s′,r|s,π(s)) [ r + γ V(s′) ]"

    class Config(SweepConfig):
        """Hyperparameters."""

        evaluations: int = hp(
            5,
            ge=0,
            le=100_000,
            log=True,
            label="Evaluation sweeps",
            symbol="m",
            doc="sweeps of evaluation after an improvement's own backup; 0: value iteration",
            unit="sweeps",
            live=True,
        )

    def sweep(self) -> float:
        """Improve the policy and back up the values, or only back them up; returns the largest change."""
        if not self.improves_next():
            self.since += 1
            return self.evaluate()
        self.improve(-np.inf)  # the first of the best actions, whatever it was before
        self.since[0] = 0
        residual = self.evaluate()
        self.record[0], self.record[2] = OPTIMAL, self.pi[int(self.record[1])].argmax()
        return residual

    def improves_next(self) -> bool:
        """Whether the next sweep improves the policy."""
        return bool(np.isnan(self.residuals[0]) or self.since[0] >= self.config.evaluations)

    @property
    def done(self) -> bool:
        """Whether the backup after an improvement changed next to nothing."""
        return self.since[0] == 0 and super().done

    def circling(self) -> bool:
        """Whether an improvement begins from the values of an earlier one: all else follows from them."""
        return self.improves_next() and recurs(self.v, self.kept, int(self.improvements[0]))

    def forget(self, problem: Enumerable) -> None:
        """It begins with an improvement."""
        super().forget(problem)
        self.since: Ints = np.zeros(1, np.int64)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """How long the policy has been evaluated as well."""
        return {**super().arrays(), "since": self.since}

    def metrics(self) -> dict[str, float]:
        """Its phase (1: the next sweep improves), and how often the policy was improved."""
        return {
            **super().metrics(),
            "phase": float(self.improves_next()),
            "improvements": float(self.improvements[0]),
        }

    def backup(self, q: Floats, s: int) -> Update:
        """What the next sweep computes for a state."""
        return Planner.backup(self, q, s) if self.improves_next() else super().backup(q, s)
