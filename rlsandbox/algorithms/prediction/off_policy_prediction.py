"""Off-policy Monte Carlo prediction: the values of one policy from the episodes of another.

    W = product of pi(A|S) / b(A|S) over the steps from S on
    ordinary:  n(S) <- n(S) + 1,   V(S) <- V(S) + 1 / n(S) [ W G - V(S) ]
    weighted:  C(S) <- C(S) + W,   V(S) <- V(S) + W / C(S) [ G - V(S) ]

The ordinary mean is right on average, but its variance may have no bound; the weighted one is biased at first
and never leaves the range of the returns. The behaviour b does what the target pi does, but with chance
epsilon a random action; `uniform` is epsilon = 1. Episodes that were truncated are dropped and counted.

Source: Sutton & Barto, 2nd edition, sections 5.5 and 5.6; Precup, Sutton & Singh (2000).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np

from rlsandbox.learning.agent import Part, Preset, Update, number
from rlsandbox.learning.configs import Discounted
from rlsandbox.learning.episode import Episodic, begin_episode, close, place, remember, report
from rlsandbox.learning.exploration import DRAW, draw, uniform
from rlsandbox.learning.given import Evaluating
from rlsandbox.learning.hyperparams import hp
from rlsandbox.learning.prediction import Prediction
from rlsandbox.learning.returns import sampled_path
from rlsandbox.learning.stepping import Now, Transition, stepping, tell
from rlsandbox.learning.walk import Index
from rlsandbox.learning.written import closed
from rlsandbox.worlds.compiled import kernel


class Tables(NamedTuple):
    """Values, the weight that each has learnt from, and the running episode."""

    v: Any  # [N, S] float64
    visits: Any  # [N, S, A] int64
    totals: Any  # [N, S] float64, sum of ratios, or of returns where the importance is ordinary
    first: Any  # [N, S] int64, the step at which the last episode first came to a state
    states: Any  # [N, C] int64
    actions: Any  # [N, C] int64
    rewards: Any  # [N, C] float64
    ratios: Any  # [N, C] float64, pi(A|S) / b(A|S)
    length: Any  # [N] int64
    dropped: Any  # [N] int64
    told: Any  # [N, ROWS, 7] float64
    weighed: Any  # [N, 2] float64, ratio and total of the record's update


class Own(NamedTuple):
    """What the kernels know."""

    policy: Any  # [S, A] float64, the target
    epsilon: float  # of the behaviour
    every: bool
    weighted: bool


@kernel(inline="always")
def behave(tables: Any, model: Any, s: Any, now: Any, rng: Any) -> Any:
    """Do what the target does, or with chance epsilon anything; one draw serves both."""
    rng += DRAW
    probs, epsilon, u = now.own.policy[Index(s)], now.own.epsilon, uniform(rng)
    if u < epsilon:
        return rng, min(int(u / epsilon * probs.shape[0]), probs.shape[0] - 1), True
    return rng, draw(probs, (u - epsilon) / (1.0 - epsilon)), False


@kernel(inline="always")
def learn(tables: Any, model: Any, t: Any, now: Any, rng: Any, record: Any, telling: Any) -> Any:
    """Keep a step and its ratio; at the end of the episode learn from all of them, the last one first."""
    own, policy, at = now.own, now.own.policy, place(tables)
    if at >= 0:
        chance = policy[t.s, t.a]
        behaved = (1.0 - own.epsilon) * chance + own.epsilon / policy.shape[1]
        tables.ratios[Index(at)] = chance / behaved
    n_steps = remember(tables, t, record)
    if n_steps > 0:
        v, totals, first, states = tables.v, tables.totals, tables.first, tables.states
        g, ratio, rows = 0.0, 1.0, 0
        record[0] = np.nan  # unless something is updated
        for i in range(n_steps - 1, -1, -1):
            first[Index(states[Index(i)])] = i
        for i in range(n_steps - 1, -1, -1):
            s, a = Index(states[Index(i)]), tables.actions[Index(i)]
            g = tables.rewards[Index(i)] + now.gamma * g
            ratio *= tables.ratios[Index(i)]
            if own.weighted and ratio == 0.0:
                break  # the target would not have come here, nor to anything before
            if not (own.every or first[s] == i):
                continue
            totals[s] += ratio if own.weighted else 1.0
            share = ratio / totals[s] if own.weighted else 1.0 / totals[s]
            target, before = g if own.weighted else ratio * g, v[s]
            v[s] = before + share * (target - before)
            report(tables.told, rows, s, a, g, before, v[s], ratio, totals[s])
            rows += 1
            tables.weighed[0], tables.weighed[1] = ratio, totals[s]
            told = Transition(s, a, g, 0.0, t.s_next, True, False, t.explored, t.step)
            tell(record, told, Now(share, now.gamma, 0, 0.0, own), -1, before, target, v[s], 0.0)
        close(tables.told, rows)
    return rng, -1, False


class OffPolicyConfig(Evaluating, Discounted):
    """Hyperparameters of off-policy Monte Carlo prediction."""

    importance: Literal["weighted", "ordinary"] = hp(
        "weighted",
        label="Importance",
        doc="weighted: a mean weighted by the ratios; ordinary: the plain mean of ratio times return",
    )
    behaviour: Literal["uniform", "soft"] = hp(
        "uniform",
        label="Behaviour",
        doc="whose episodes are seen: those of random actions, or the target's with some in between",
    )
    epsilon: float = hp(
        0.3,
        ge=0,
        le=1,
        label="Random actions",
        symbol="ε",
        doc="chance of a random action of the soft behaviour",
        live=True,
        only_if=("behaviour", "soft"),
    )
    visit: Literal["first", "every"] = hp(
        "first",
        label="Visits",
        doc="first: an episode counts once for each state that it came to; every: at each visit",
    )


class OffPolicyPrediction(Episodic, Prediction):
    """Off-policy Monte Carlo prediction: learns what a policy is worth by watching another one."""

    Config = OffPolicyConfig
    title = "Off-policy Monte Carlo prediction"
    source = "Sutton & Barto, 2nd ed., sections 5.5 and 5.6; Precup, Sutton & Singh (2000)"
    equation = "V(s) ← V(s) + ρ / C(s) [ G − V(s) ],  C(s) ← C(s) + ρ"
    loop = stepping(learn, act=behave, begin=begin_episode)
    kept: ClassVar[frozenset[str]] = Prediction.kept | {"totals"}
    buffers: ClassVar[tuple[str, ...]] = (*Episodic.buffers, "ratios")
    presets: ClassVar[dict[str, Preset]] = {"course": Preset({"gamma": 0.99}, episodes=5_000)}

    def make_tables(self) -> Tables:
        """Values 0, which the first return replaces."""
        episode = self.episode_tables()
        return Tables(
            v=self.per_state(0.0),
            visits=self.per_action(0, np.int64),
            totals=self.per_state(0.0),
            first=self.per_state(0, np.int64),
            ratios=np.zeros(episode["rewards"].shape),
            weighed=np.zeros((self.n_seeds, 2)),
            **episode,
        )

    def own(self) -> Own:
        """The target, how soft the behaviour is, and how returns count."""
        config = self.config
        epsilon = 1.0 if config.behaviour == "uniform" else config.epsilon
        return Own(self.given, epsilon, config.visit == "every", config.importance == "weighted")

    def written(self, row: dict[str, float], replica: int) -> tuple[Part, ...]:
        """Before + ratio / C [ G - before ] = after, or before + 1 / n [ ratio G - before ] = after."""
        ratio, total = self.tables.weighed[replica].tolist()
        return self._spelled(int(row["state"]), row["before"], row["after"], row["reward"], ratio, total)

    def _spelled(
        self, state: int, before: float, after: float, g: float, ratio: float, total: float
    ) -> tuple[Part, ...]:
        weighted = self.config.importance == "weighted"
        return (
            Part(number(before), "old", state),
            Part(f" + {number(ratio) if weighted else 1} / {number(total)} · [ "),
            Part("" if weighted else f"{number(ratio)} · "),
            Part(number(g) if weighted else closed(g), "reward"),
            Part(" − "),
            Part(closed(before), "old", state),
            Part(" ] = "),
            Part(number(after), "new", state),
        )

    def weight(self, told: list[float]) -> str:
        """The ratio, and the sum of those that came so far."""
        total = "C" if self.config.importance == "weighted" else "n"
        return f", ρ = {number(told[5])}, {total} = {number(told[6])}"

    def backup(self, state: int, replica: int) -> Update | None:
        """The update from an episode of the target that could follow; None where 256 steps do not end it."""
        steps, own = sampled_path(self.problem.mdp, self.given, state, 256), self.own()
        ratio, total = 1.0, float(self.tables.totals[replica, state])
        for step in steps:
            chance = float(self.given[step.state, step.action])
            ratio *= chance / ((1.0 - own.epsilon) * chance + own.epsilon / self.given.shape[1])
        total += ratio if own.weighted else 1.0
        before = float(self.tables.v[replica, state])
        update = self.backup_of(
            steps, before, lambda g: (g, ratio / total) if own.weighted else (ratio * g, 1.0 / total)
        )
        if update is None:
            return None
        return replace(update, parts=self._spelled(state, before, update.after, update.reward, ratio, total))
