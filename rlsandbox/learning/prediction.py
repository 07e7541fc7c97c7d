"""What prediction methods share: they follow a given policy and learn the values of its states."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.agent import Floats, Part, Preset, Snapshot, Update, View
from rlsandbox.learning.configs import Stepped
from rlsandbox.learning.exploration import DRAW, draw, uniform
from rlsandbox.learning.given import Evaluating, given_policy
from rlsandbox.learning.hyperparams import hp
from rlsandbox.learning.oracle import lookahead
from rlsandbox.learning.policy import TabularPolicy
from rlsandbox.learning.problem import Enumerable
from rlsandbox.learning.sampling import Sampler
from rlsandbox.learning.stepping import RECORD
from rlsandbox.learning.walk import Index
from rlsandbox.learning.written import one_step
from rlsandbox.worlds.compiled import kernel


class PredictionConfig(Evaluating, Stepped):
    """Hyperparameters that prediction methods share."""

    initial_v: float = hp(
        0.0,
        ge=-1e6,
        le=1e6,
        label="Start value",
        symbol="V₀",
        doc="value of every state at first",
        advanced=True,
    )


class Tables(NamedTuple):
    """Tables of a method that keeps nothing but state values."""

    v: Any  # [N, S] float64
    visits: Any  # [N, S, A] int64


class Followed(NamedTuple):
    """What `follow` needs to know; a method with more gives a named tuple that has `policy` as well."""

    policy: Any  # [S, A] float64


@kernel(inline="always")
def follow(tables: Any, model: Any, s: Any, now: Any, rng: Any) -> Any:
    """Do what the given policy does."""
    rng += DRAW
    return rng, draw(now.own.policy[Index(s)], uniform(rng)), False


class Prediction(Sampler):
    """Base of methods that learn state values `[N, S]` of a given policy.

    Attributes:
        given: `[S, A]`, the policy that is evaluated.
    """

    task = "prediction"
    Config = PredictionConfig
    presets: ClassVar[dict[str, Preset]] = {"course": Preset({"alpha": 0.1, "gamma": 0.99}, episodes=10_000)}

    def __init__(self, problem: Enumerable, config: PredictionConfig, seeds: Sequence[int]) -> None:
        super().__init__(problem, config, seeds)
        self.given = given_policy(problem, config)

    def make_tables(self) -> Any:
        """State values at their start, no visits."""
        return Tables(self.per_state(self.config.initial_v), self.per_action(0, np.int64))

    def own(self) -> NamedTuple:
        """The policy that is followed."""
        return Followed(self.given)

    def estimates(self) -> Floats:
        """`[N, S]` values."""
        return np.where(self.problem.mdp.live, self.tables.v, 0.0)

    def written(self, row: dict[str, float], replica: int) -> tuple[Part, ...]:
        """Before + alpha [ target - before ] = after."""
        return one_step(row)

    def snapshot(self, view: View) -> Snapshot:
        """Copies of one replica's values, or their mean over replicas; the policy is the given one."""
        values, one = self.estimates(), view.replica
        v = values.mean(axis=0) if one is None else values[one].copy()
        q = lookahead(self.problem.mdp, v, self.config.gamma)
        return self.shot(view, v, q, self.given.copy())

    def policy(self) -> TabularPolicy:
        """The given policy, with the action values of one look ahead."""
        mdp, gamma = self.problem.mdp, self.config.gamma
        q = np.stack([lookahead(mdp, v, gamma) for v in self.estimates()])
        return TabularPolicy(np.repeat(self.given[None], self.n_seeds, axis=0), q)

    def replace_problem(self, problem: Enumerable) -> None:
        """Keep what still has a place; the policy is named anew for the edited world."""
        self.given = given_policy(problem, self.config)
        super().replace_problem(problem)

    def learnt(self) -> dict[str, NDArray[np.float64]]:
        """The values."""
        return {"V": self.tables.v}

    def backup(self, state: int, replica: int) -> Update | None:
        """The update that a state would get from the likeliest step of the policy."""
        mdp, v = self.problem.mdp, self.estimates()[replica]
        a = int(self.given[state].argmax())
        k = int(mdp.prob[state, a].argmax())
        s_next, terminated = int(mdp.next_state[state, a, k]), bool(mdp.terminal[state, a, k])
        row = dict.fromkeys(RECORD, 0.0) | {
            "state": state,
            "action": -1,
            "reward": float(mdp.reward[state, a, k]),
            "next_state": s_next,
            "next_action": -1,
            "terminated": terminated,
            "before": float(v[state]),
            "alpha": self.alpha(int(self.walk.episodes[replica])),
            "gamma": self.config.gamma,
            "next_value": 0.0 if terminated else float(v[s_next]),
            "step": -1,
        }
        row["target"] = row["reward"] + row["gamma"] * row["next_value"]
        row["after"] = row["before"] + row["alpha"] * (row["target"] - row["before"])
        return self.update(np.array([row[name] for name in RECORD]), replica)
