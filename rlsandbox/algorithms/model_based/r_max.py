"""R-max: what is not known yet is believed to be as good as can be.

    known(s, a)  if (s, a) was seen m times
    Q(s, a) = sum_{s', r} p(s', r | s, a) [ r + gamma max_a' Q(s', a') ]   where known, p as counted
    Q(s, a) = r_max / (1 - gamma)                                          where not
    act greedily to Q

A pair that becomes known makes it plan anew; so does one that was seen twice as often as when it was planned
with last, so that the model goes on improving, and follows a world that is edited. A step affords a limited
number of sweeps. The next steps go on with what is left; until then values are too high, never too low. Where
every reward is negative (r_max < 0) an unknown pair is worth r_max: at best the episode ends there. Without a
discount it is worth r_max for as many steps as the horizon has.

Source: Brafman & Tennenholtz (2002).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.agent import Line, Part, Update, number
from rlsandbox.learning.counted import Counting, count, expected, meet, slot_of, times
from rlsandbox.learning.hyperparams import AgentConfig, hp
from rlsandbox.learning.own_rule import OwnRule, Solving, best_of, towards
from rlsandbox.learning.problem import Enumerable
from rlsandbox.learning.stepping import Now, stepping, tell
from rlsandbox.learning.walk import Index
from rlsandbox.worlds.compiled import kernel


class Tables(NamedTuple):
    """Action values, the model, and how far planning has come."""

    q: Any  # [N, S, A] float64
    visits: Any  # [N, S, A] int64
    successor: Any  # [N, S, A, K] int64, a state reached, -1 in empty slots
    ended: Any  # [N, S, A, K] bool, whether the episode ended there
    seen: Any  # [N, S, A, K] int64, how often
    reward: Any  # [N, S, A, K] float64, paid on the way, on average
    states: Any  # [N, S] int64, the states met, first ones first
    n_states: Any  # [N] int64
    met: Any  # [N, S] bool
    residual: Any  # [N] float64, largest change of the last sweep
    swept: Any  # [N] int64, sweeps made after the last step
    outcomes: Any  # [N, K, 5] float64, outcomes of the backup that the record is of


class Own(NamedTuple):
    """What only R-max's kernels know."""

    m: int
    optimism: float  # value of what is not known
    sweeps: int
    theta: float


@kernel(inline="always")
def act(tables: Any, model: Any, s: Any, now: Any, rng: Any) -> Any:
    """Do what is best by the plan, each of the best with the same chance."""
    rng, a = best_of(tables.q[Index(s)], rng)
    return rng, a, False


@kernel
def sweep(tables: Any, now: Any, backwards: bool) -> float:
    """Back up all pairs of the states met, in place; returns the largest change."""
    q, n, residual = tables.q, tables.n_states[0], 0.0
    for i in range(n):
        s = Index(tables.states[Index(n - 1 - i if backwards else i)])
        for action in range(q.shape[1]):
            a = Index(action)
            value = now.own.optimism
            if times(tables.seen[s, a]) >= now.own.m:
                value = expected(tables, s, a, now.gamma, tables.outcomes, False)
                if value > now.own.optimism:  # nothing is worth more, also where a loop pays for ever
                    value = now.own.optimism
            change = abs(value - q[s, a])
            if not change <= residual:
                residual = change
            q[s, a] = value
    return residual


@kernel
def news(n: int, m: int) -> bool:
    """Whether a count is m, 2m, 4m, 8m, ..."""
    return n % m == 0 and (n // m) & (n // m - 1) == 0 and n > 0


@kernel
def learn(tables: Any, model: Any, t: Any, now: Any, rng: Any, record: Any, telling: Any) -> Any:
    """Count a step `t`; back up its pair if that tells something new, and plan."""
    q, own = tables.q, now.own
    meet(tables, t.s)
    if not t.terminated:
        meet(tables, t.s_next)
    k, taken = slot_of(tables, t)
    count(tables, t, k, taken)
    before, new = q[t.s, t.a], news(times(tables.seen[t.s, t.a]), own.m)
    if telling:
        tables.outcomes[:] = np.nan
    if new:
        q[t.s, t.a] = expected(tables, t.s, t.a, now.gamma, tables.outcomes, telling)
        tables.residual[0] = np.inf
    if telling:
        after = q[t.s, t.a]
        tell(record, t, Now(1.0, now.gamma, now.kind, now.level, own), -1, before, after, after, np.nan)
    tables.swept[0] = 0
    while tables.residual[0] > own.theta and tables.swept[0] < own.sweeps:
        tables.residual[0] = sweep(tables, now, tables.swept[0] % 2 == 0)
        tables.swept[0] += 1
    return rng, -1, False


class RMax(Counting, OwnRule):
    """R-max (Brafman & Tennenholtz, 2002): goes where it knows little until it knows enough."""

    title = "R-max"
    source = "Brafman & Tennenholtz (2002)"
    equation = "Q(s,a) = Σ p̂(s′|s,a) [ r̂ + γ max Q(s′,·) ] if seen m times, else r_max / (1 − γ)"
    loop = stepping(learn, act=act)
    offers = OwnRule.offers | {"backups", "known"}

    class Config(Solving):
        """Hyperparameters."""

        m: int = hp(
            5,
            ge=1,
            le=10**6,
            log=True,
            label="Known after",
            symbol="m",
            doc="visits after which a pair is known; 1 is enough where nothing is left to chance",
            unit="visits",
            live=True,
        )
        r_max: float | None = hp(
            None,
            ge=-1e6,
            le=1e6,
            label="Highest reward",
            doc="highest reward that it reckons with; left open: the highest that the world pays on average",
            live=True,
        )
        horizon: int = hp(
            100,
            ge=1,
            le=10**6,
            log=True,
            label="Horizon",
            symbol="H",
            doc="at gamma 1: steps for which an unknown pair is believed to pay the highest reward",
            unit="steps",
            live=True,
            advanced=True,
        )

    def make_tables(self) -> Any:
        """All values as good as can be, an empty model."""
        return Tables(
            q=self.per_action(self.optimism),
            visits=self.per_action(0, np.int64),
            **self.empty_model(),
            states=self.per_state(0, np.int64),
            n_states=np.zeros(self.n_seeds, np.int64),
            met=self.per_state(False, np.bool_),
            residual=np.zeros(self.n_seeds),
            swept=np.zeros(self.n_seeds, np.int64),
            outcomes=self.empty_outcomes(),
        )

    @property
    def highest(self) -> float:
        """The highest reward that it reckons with."""
        mdp = self.problem.mdp
        possible = (mdp.prob > 0) & mdp.live[:, None, None]
        return float(mdp.reward[possible].max()) if self.config.r_max is None else self.config.r_max

    @property
    def optimism(self) -> float:
        """The value of what is not known."""
        gamma, highest = self.config.gamma, self.highest
        if highest <= 0:
            return highest
        return highest * self.config.horizon if gamma == 1 else highest / (1 - gamma)

    def own(self) -> NamedTuple:
        """When a pair is known, what it is worth until then, and how much it plans."""
        config = self.config
        return Own(config.m, self.optimism, config.sweeps, config.theta)

    def reconfigure(self, config: AgentConfig) -> None:
        """Values follow from the hyperparameters, so the next step plans anew."""
        super().reconfigure(config)
        self._plan_anew()

    def replace_problem(self, problem: Enumerable) -> None:
        """Keep the counts; in a world of another size it begins anew."""
        super().replace_problem(problem)
        self._plan_anew()

    def _plan_anew(self) -> None:
        self.tables.q[~self.tables.met] = self.optimism
        self.tables.residual[:] = np.inf

    def tables_fit(self, tables: Any) -> bool:
        """Whether what was met and told of is there."""
        return super().tables_fit(tables) and self.outcomes_fit(tables.outcomes) and self.states_fit(tables)

    def written(self, row: dict[str, float], replica: int) -> tuple[Part, ...]:
        """The backup of a pair that has become known; else what is believed of it."""
        state, action, after = int(row["state"]), int(row["action"]), Part(number(row["after"]), "new")
        seen, m = int(self.tables.seen[replica, state, action].sum()), self.config.m
        outcomes = self.tables.outcomes[replica]
        if not np.isnan(outcomes[:, 0]).all():
            return *self.expectation(outcomes, row["gamma"]), Part(" = "), after
        if seen < m:
            return Part(f"seen {seen:,} of {m:,} times, believed to be worth "), after
        return Part(f"seen {seen:,} times, no new plan: "), after

    def lines(self, row: dict[str, float], replica: int) -> tuple[Line, ...]:
        """What the model has counted of the pair."""
        return self.counts(int(row["state"]), int(row["action"]), replica)

    def backup(self, state: int, replica: int) -> Update | None:
        """The backup of the greedy action by the model, or what is believed of it."""
        q = self.tables.q[replica]
        action = int(q[state].argmax())
        seen, m = int(self.tables.seen[replica, state, action].sum()), self.config.m
        outcomes, target = self.outcomes(state, action, replica)
        parts = [*self.expectation(outcomes, self.config.gamma), Part(" = ")]
        if seen < m:
            target, parts = self.optimism, [Part(f"seen {seen:,} of {m:,} times, believed to be worth ")]
        parts = *parts, Part(number(target), "new", state)
        return towards(state, action, float(q[state, action]), target, 1.0, self.config.gamma, parts)

    def field(self, name: str, replica: int | None) -> NDArray[Any]:
        """As others; "known" `[S, A]`: how near to m visits; "backups" `[L]`: states of the last sweep."""
        if name == "backups":
            i = replica or 0
            states = self.tables.states[i, : self.tables.n_states[i]].astype(np.int64)
            sweeps = int(self.tables.swept[i])
            return states[:0] if sweeps == 0 else states[::-1] if sweeps % 2 else states
        if name == "known" and replica is not None:
            return np.minimum(1.0, self.tables.seen[replica].sum(axis=2) / self.config.m)
        return super().field(name, replica)
