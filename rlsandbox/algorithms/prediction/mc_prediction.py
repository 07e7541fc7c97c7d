"""Monte Carlo prediction: the values of a policy, learnt from whole episodes.

    G <- R + gamma G,   backwards from the end of an episode
    V(S) <- V(S) + alpha [ G - V(S) ],   at the first visit of an episode to S, or at every one

With the 1/n schedule of alpha, V(S) is the mean of the returns that followed S. Episodes that were truncated
have no return: they are dropped and counted. Those that remain are the short ones, so where a step limit cuts
many, the values are those of short episodes and not those of the policy.

Source: Sutton & Barto, 2nd edition, section 5.1, and equation 6.1 for a constant step size; Singh & Sutton
(1996) for the two kinds of visits.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np

from rlsandbox.learning.agent import Preset, Update
from rlsandbox.learning.episode import Episodic, begin_episode, close, remember, report
from rlsandbox.learning.hyperparams import hp
from rlsandbox.learning.prediction import Prediction, PredictionConfig, follow
from rlsandbox.learning.returns import sampled_path
from rlsandbox.learning.stepping import Now, Transition, stepping, tell
from rlsandbox.learning.walk import Index
from rlsandbox.worlds.compiled import kernel


class Tables(NamedTuple):
    """Values, how many returns each has learnt from, and the running episode."""

    v: Any  # [N, S] float64
    visits: Any  # [N, S, A] int64
    n_returns: Any  # [N, S] int64
    first: Any  # [N, S] int64, the step at which the last episode first came to a state
    states: Any  # [N, C] int64
    actions: Any  # [N, C] int64
    rewards: Any  # [N, C] float64
    length: Any  # [N] int64
    dropped: Any  # [N] int64
    told: Any  # [N, ROWS, 7] float64


class Own(NamedTuple):
    """What the kernels know besides the step size."""

    policy: Any  # [S, A] float64
    every: bool
    averaging: bool


@kernel(inline="always")
def learn(tables: Any, model: Any, t: Any, now: Any, rng: Any, record: Any, telling: Any) -> Any:
    """Keep a step; at the end of the episode learn from all of them, the last one first."""
    n_steps = remember(tables, t, record)
    if n_steps > 0:
        v, first, states = tables.v, tables.first, tables.states
        g, rows, before, alpha = 0.0, 0, 0.0, now.alpha
        for i in range(n_steps - 1, -1, -1):
            first[Index(states[Index(i)])] = i
        for i in range(n_steps - 1, -1, -1):
            s = Index(states[Index(i)])
            g = tables.rewards[Index(i)] + now.gamma * g
            if now.own.every or first[s] == i:
                tables.n_returns[s] += 1
                if now.own.averaging:
                    alpha = 1.0 / tables.n_returns[s]
                before = v[s]
                v[s] = before + alpha * (g - before)
                report(tables.told, rows, s, tables.actions[Index(i)], g, before, v[s], 1.0, 0.0)
                rows += 1
        close(tables.told, rows)
        s, a = Index(states[0]), tables.actions[0]
        told = Transition(s, a, g, 0.0, t.s_next, True, False, t.explored, t.step)
        tell(record, told, Now(alpha, now.gamma, now.kind, now.level, now.own), -1, before, g, v[s], 0.0)
    return rng, -1, False


class MonteCarloPrediction(Episodic, Prediction):
    """Monte Carlo prediction: waits for the end of an episode and learns from what really came."""

    class Config(PredictionConfig):
        """Hyperparameters."""

        visit: Literal["first", "every"] = hp(
            "first",
            label="Visits",
            doc="first: an episode counts once for each state that it came to; every: at each visit",
        )

    title = "Monte Carlo prediction"
    source = "Sutton & Barto, 2nd ed., section 5.1; Singh & Sutton (1996)"
    equation = "V(s) ← V(s) + α [ G − V(s) ]"
    loop = stepping(learn, act=follow, begin=begin_episode)
    presets: ClassVar[dict[str, Preset]] = {"course": Preset({"alpha": 0.1, "gamma": 0.99}, episodes=5_000)}

    kept: ClassVar[frozenset[str]] = Prediction.kept | {"n_returns"}

    def make_tables(self) -> Any:
        """Values at their start, no returns yet."""
        return Tables(
            v=self.per_state(self.config.initial_v),
            visits=self.per_action(0, np.int64),
            n_returns=self.per_state(0, np.int64),
            first=self.per_state(0, np.int64),
            **self.episode_tables(),
        )

    def own(self) -> NamedTuple:
        """The policy, which visits count, and whether returns are averaged."""
        averaging = self.config.alpha_schedule == "1/n"
        return Own(self.given, self.config.visit == "every", averaging)

    def backup(self, state: int, replica: int) -> Update | None:
        """The update from an episode that could follow; None where 256 steps do not end it."""
        steps = sampled_path(self.problem.mdp, self.given, state, 256)
        alpha = self.alpha(int(self.walk.episodes[replica]))
        if self.config.alpha_schedule == "1/n":
            alpha = 1.0 / (int(self.tables.n_returns[replica, state]) + 1)
        return self.backup_of(steps, float(self.tables.v[replica, state]), lambda g: (g, alpha))
