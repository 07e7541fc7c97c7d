"""Posterior sampling: draw a world from what it believes, act for an episode as if that were the true one.

    p(s' | s, a)  ~  Dirichlet(how often each outcome was seen, and c for one not seen yet)
    r(s, a)       ~  normal(m, 1 / w),   w = 1 / sigma_0^2 + n / sigma^2,
                                         m = (mu_0 / sigma_0^2 + sum of rewards / sigma^2) / w
    Q             =  optimal action values of the world drawn
    act greedily to Q until the episode ends, or for as many steps as the horizon has

The outcome not seen yet leads to a state drawn from those met. A state met since the draw is no part of the
world drawn: there it acts at random.

Source: Strens (2000); Osband, Russo & Van Roy (2013).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.agent import Line, Part, Update, number
from rlsandbox.learning.counted import Counting, count, meet, slot_of
from rlsandbox.learning.hyperparams import AgentConfig, hp
from rlsandbox.learning.own_rule import OwnRule, Solving, best_of, towards
from rlsandbox.learning.posterior import draw_world, posterior, solve
from rlsandbox.learning.problem import Enumerable
from rlsandbox.learning.stepping import Now, stepping, tell
from rlsandbox.learning.walk import Index
from rlsandbox.learning.written import closed, corrected
from rlsandbox.worlds.compiled import kernel


class Tables(NamedTuple):
    """The counts, the world drawn from them, and its optimal action values."""

    q: Any  # [N, S, A] float64, of the world drawn
    visits: Any  # [N, S, A] int64
    successor: Any  # [N, S, A, K] int64, a state reached, -1 in empty slots
    ended: Any  # [N, S, A, K] bool, whether the episode ended there
    seen: Any  # [N, S, A, K] int64, how often
    reward: Any  # [N, S, A, K] float64, paid on the way, on average
    states: Any  # [N, S] int64, the states met, first ones first
    n_states: Any  # [N] int64
    met: Any  # [N, S] bool
    drawn_reward: Any  # [N, S, A] float64
    drawn_chance: Any  # [N, S, A, K + 1] float64, of every outcome seen, and of one not seen yet
    drawn_state: Any  # [N, S, A] int64, where the one not seen yet leads; -1 for no part of the world drawn
    age: Any  # [N] int64, steps since the draw, -1 where one is due


class Own(NamedTuple):
    """What only this method's kernels know."""

    prior_mean: float
    prior_rate: float  # 1 / sigma_0^2
    rate: float  # 1 / sigma^2
    unseen: float
    horizon: int
    sweeps: int
    theta: float


@kernel(inline="always")
def begin(tables: Any, model: Any, s: Any, now: Any, rng: Any) -> Any:
    """A new episode, a new world."""
    tables.age[0] = -1
    return rng, s, -1


@kernel
def act(tables: Any, model: Any, s: Any, now: Any, rng: Any) -> Any:
    """Do what is best in the world drawn, each of the best with the same chance; draw one where it is due."""
    if tables.age[0] < 0 or tables.age[0] >= now.own.horizon:
        meet(tables, s)
        rng = draw_world(tables, now.own, rng)
        solve(tables, now.gamma, now.own)
        tables.age[0] = 0
    tables.age[0] += 1
    rng, a = best_of(tables.q[Index(s)], rng)
    return rng, a, False


@kernel
def learn(tables: Any, model: Any, t: Any, now: Any, rng: Any, record: Any, telling: Any) -> Any:
    """Count a step `t`; the record is of the posterior mean of the pair's reward."""
    before, _ = posterior(tables, t.s, t.a, now.own)
    k, taken = slot_of(tables, t)
    count(tables, t, k, taken)
    meet(tables, t.s)
    if not t.terminated:
        meet(tables, t.s_next)
    if telling:
        after, rate = posterior(tables, t.s, t.a, now.own)
        weighted = Now(now.own.rate / rate, now.gamma, now.kind, now.level, now.own)
        tell(record, t, weighted, -1, before, t.reward, after, np.nan)
    return rng, -1, False


class PSRL(Counting, OwnRule):
    """Posterior sampling (Strens, 2000; Osband et al., 2013): explores as far as it may be worth it."""

    title = "Posterior sampling (PSRL)"
    source = "Strens (2000); Osband, Russo & Van Roy (2013)"
    equation = "each episode: p ~ Dirichlet(counts), r ~ normal(mean, 1/w), greedy to the Q of that world"
    loop = stepping(learn, act=act, begin=begin)
    offers = OwnRule.offers | {"known", "uncertainty"}

    class Config(Solving):
        """Hyperparameters."""

        reward_mean: float = hp(
            0.0,
            ge=-1e6,
            le=1e6,
            label="Mean reward",
            symbol="μ₀",
            doc="what it believes before the first step that an action pays on average",
            live=True,
        )
        reward_spread: float = hp(
            1.0,
            gt=1e-6,
            le=1e6,
            log=True,
            label="Doubt of it",
            symbol="σ₀",
            doc="standard deviation of that belief; the larger, the more it explores",
            live=True,
        )
        reward_noise: float = hp(
            0.1,
            gt=1e-6,
            le=1e6,
            log=True,
            label="Noise of rewards",
            symbol="σ",
            doc="spread of an action's rewards, as it believes; the smaller, the sooner it is sure",
            live=True,
        )
        unseen: float = hp(
            1.0,
            gt=1e-3,
            le=1e3,
            log=True,
            label="Unseen outcomes",
            symbol="c",
            doc="an outcome not seen yet counts as seen so many times",
            unit="visits",
            live=True,
        )
        horizon: int = hp(
            100,
            ge=1,
            le=10**6,
            log=True,
            label="Horizon",
            doc="in an episode longer than that another world is drawn after so many steps",
            unit="steps",
            live=True,
        )

    def make_tables(self) -> Any:
        """Nothing counted, no world drawn."""
        chances = (*self.per_action(0).shape, self.problem.mdp.prob.shape[2] + 1)
        return Tables(
            q=self.per_action(0.0),
            visits=self.per_action(0, np.int64),
            **self.empty_model(),
            states=self.per_state(0, np.int64),
            n_states=np.zeros(self.n_seeds, np.int64),
            met=self.per_state(False, np.bool_),
            drawn_reward=self.per_action(0.0),
            drawn_chance=np.zeros(chances),
            drawn_state=self.per_action(-1, np.int64),
            age=np.full(self.n_seeds, -1, np.int64),
        )

    def own(self) -> NamedTuple:
        """What it believes at first, and how long it plans."""
        c = self.config
        rates = c.reward_spread**-2, c.reward_noise**-2
        return Own(c.reward_mean, *rates, c.unseen, c.horizon, c.sweeps, c.theta)

    def reconfigure(self, config: AgentConfig) -> None:
        """Other beliefs make another world."""
        super().reconfigure(config)
        self.tables.age[:] = -1

    def replace_problem(self, problem: Enumerable) -> None:
        """Keep the counts, draw another world; in a world of another size it begins anew."""
        super().replace_problem(problem)
        self.tables.age[:] = -1

    def tables_fit(self, tables: Any) -> bool:
        """Whether what was met and drawn is there."""
        n_states = self.problem.mdp.n_states
        drawn = bool(((tables.drawn_state >= -1) & (tables.drawn_state < n_states)).all())
        return super().tables_fit(tables) and drawn and self.states_fit(tables)

    def written(self, row: dict[str, float], replica: int) -> tuple[Part, ...]:
        """The posterior mean of a pair's reward moves towards what was paid."""
        return Part("mean reward: "), *corrected(row, (Part(number(row["reward"]), "reward"),))

    def lines(self, row: dict[str, float], replica: int) -> tuple[Line, ...]:
        """The counts of the pair, and what was drawn from them for this episode."""
        state, pair = int(row["state"]), (replica, int(row["state"]), int(row["action"]))
        counted = self.counts(*pair[1:], replica)
        elsewhere = int(self.tables.drawn_state[pair])
        if elsewhere < 0:
            return (*counted, Line(state, (Part("no part of the world drawn"),)))
        chances = self.tables.drawn_chance[pair]
        drawn = [
            Line(line.state, (*line.parts, Part(f", drawn chance {number(float(chances[k]))}")))
            for line, k in zip(counted, np.flatnonzero(self.tables.seen[pair]), strict=False)
        ]
        there = Part(f"{self.problem.world.cell_of(elsewhere)}", "next", elsewhere)
        unseen = Part("→ "), there, Part(f": not seen yet, drawn chance {number(float(chances[-1]))}")
        paid = (Part("drawn reward "), Part(number(float(self.tables.drawn_reward[pair])), "reward"))
        return (*drawn, Line(state, unseen), Line(state, paid))

    def backup(self, state: int, replica: int) -> Update | None:
        """The backup of the greedy action in the world drawn; None where it has not been drawn."""
        q, gamma = self.tables.q[replica], self.config.gamma
        action = int(q[state].argmax())
        pair = (replica, state, action)
        if self.tables.drawn_state[pair] < 0:
            return None
        reward, chances = float(self.tables.drawn_reward[pair]), self.tables.drawn_chance[pair]
        parts: list[Part] = [Part(number(reward), "reward"), Part(f" + {number(gamma)} · [ ")]
        following = 0.0
        for k in np.flatnonzero(chances):
            unseen = k == chances.size - 1
            s_next = int(self.tables.drawn_state[pair] if unseen else self.tables.successor[pair][k])
            value = 0.0 if not unseen and self.tables.ended[pair][k] else float(q[s_next].max())
            following += float(chances[k]) * value
            lead = "" if len(parts) == 2 else " + "
            parts += [Part(f"{lead}{number(float(chances[k]))} · "), Part(closed(value), "next", s_next)]
        target = reward + gamma * following
        parts += [Part(" ] = "), Part(number(target), "new", state)]
        return towards(state, action, float(q[state, action]), target, 1.0, gamma, tuple(parts))

    def field(self, name: str, replica: int | None) -> NDArray[Any]:
        """`[S, A]`: "known", mean chance of the outcomes seen; "uncertainty" of the mean reward."""
        if replica is None or name not in ("known", "uncertainty"):
            return super().field(name, replica)
        seen, config = self.tables.seen[replica].sum(axis=2), self.config
        if name == "known":
            return seen / (seen + config.unseen)
        return 1.0 / np.sqrt(config.reward_spread**-2 + seen * config.reward_noise**-2)
