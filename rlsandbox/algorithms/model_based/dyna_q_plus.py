"""Dyna-Q+: Dyna-Q that, in thought, is paid for trying again what it has not tried for long.

    Q(S, A) <- Q(S, A) + alpha [ R + gamma max_a Q(S', a) - Q(S, A) ]
    Model(S, A) <- R, S'
    n times: for a pair S, A of a state seen before, R, S' <- Model(S, A),
             the same update of Q(S, A) with R + kappa sqrt(tau)

tau counts the steps in the world since the pair was last tried there. Actions never tried from a state seen
before count as leading back to it with a reward of 0.

Source: Sutton (1990); Sutton & Barto, 2nd edition, section 8.3.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.exploration import DRAW, greatest, uniform
from rlsandbox.learning.hyperparams import hp
from rlsandbox.learning.planned import Planning, PlanningConfig, tell_planned
from rlsandbox.learning.stepping import stepping, tell
from rlsandbox.learning.walk import Index
from rlsandbox.worlds.compiled import kernel


class Tables(NamedTuple):
    """Action values, and the model."""

    q: Any  # [N, S, A] float64
    visits: Any  # [N, S, A] int64
    reward: Any  # [N, S, A] float64, paid the last time; 0 for an action not tried yet
    next_state: Any  # [N, S, A] int64, reached the last time; -1 for states never seen
    ended: Any  # [N, S, A] bool, whether the episode ended there
    tried: Any  # [N, S, A] int64, number of the step that tried it last, 0 for none
    states: Any  # [N, S] int64, the states seen, first ones first
    n_states: Any  # [N] int64
    planned: Any  # [N, ROWS, 8] float64, what was planned after the step that the record is of


class Own(NamedTuple):
    """What only Dyna-Q+'s kernels know."""

    planning_steps: int
    kappa: float
    counting: bool  # whether alpha is 1 / visits


@kernel
def plan(tables: Any, step: int, now: Any, rng: Any, telling: Any) -> Any:
    """Update n pairs of states seen, drawn at random, from the model and a bonus for what is long ago."""
    q, n_actions = tables.q, tables.q.shape[1]
    if telling:
        tables.planned[:] = np.nan
    for i in range(now.own.planning_steps):
        rng += DRAW
        pair = Index(uniform(rng) * (tables.n_states[0] * n_actions))
        s, a = Index(tables.states[pair // Index(n_actions)]), pair % Index(n_actions)
        reward, s_next, ended = tables.reward[s, a], Index(tables.next_state[s, a]), tables.ended[s, a]
        extra = now.own.kappa * np.sqrt(step - tables.tried[s, a])
        before, next_value = q[s, a], 0.0
        if not ended:
            next_value, _, _ = greatest(q[s_next])
        alpha = 1.0 / max(1, tables.visits[s, a]) if now.own.counting else now.alpha
        q[s, a] = before + alpha * (reward + extra + now.gamma * next_value - before)
        if telling:
            tell_planned(tables.planned, i, s, a, reward, extra, s_next, ended, before, q[s, a])
    return rng


@kernel
def meet(tables: Any, s: Any) -> None:
    """Enter a state into the model: until they are tried, its actions lead back to it."""
    tables.states[Index(tables.n_states[0])] = s
    tables.n_states[0] += 1
    for a in range(tables.next_state.shape[1]):
        tables.next_state[s, a] = s


@kernel(inline="always")
def learn(tables: Any, model: Any, t: Any, now: Any, rng: Any, record: Any, telling: Any) -> Any:
    """Learn from a step `t` as Q-learning does, remember it, and plan."""
    q = tables.q
    before, next_value = q[t.s, t.a], 0.0
    if not t.terminated:
        next_value, _, _ = greatest(q[Index(t.s_next)])
    target = t.reward + now.gamma * next_value
    td_error = target - before
    q[t.s, t.a] = before + now.alpha * td_error
    if telling:
        tell(record, t, now, -1, before, target, q[t.s, t.a], next_value)

    if tables.next_state[t.s, t.a] < 0:
        meet(tables, t.s)
    tables.reward[t.s, t.a], tables.next_state[t.s, t.a] = t.reward, t.s_next
    tables.ended[t.s, t.a], tables.tried[t.s, t.a] = t.terminated, t.step
    return plan(tables, t.step, now, rng, telling), -1, False


class DynaQPlus(Planning):
    """Dyna-Q+ (Sutton, 1990): plans as if what was not tried for long were worth a look."""

    title = "Dyna-Q+"
    source = "Sutton (1990); Sutton & Barto, 2nd ed., section 8.3"
    equation = "Q(s,a) ← Q(s,a) + α [ r + κ√τ + γ max Q(s′,·) − Q(s,a) ], n times with r, s′ = Model(s,a)"
    loop = stepping(learn)
    offers = Planning.offers | {"bonus"}

    class Config(PlanningConfig):
        """Hyperparameters."""

        kappa: float = hp(
            5e-4,
            ge=0,
            le=1e6,
            log=True,
            label="Bonus of time",
            symbol="κ",
            doc="planning adds kappa sqrt(tau) to a reward, tau steps after the pair was tried last",
            live=True,
        )

    def make_tables(self) -> Any:
        """Action values at their start, nothing remembered."""
        return Tables(
            q=self.per_action(self.config.initial_q),
            visits=self.per_action(0, np.int64),
            reward=self.per_action(0.0),
            next_state=self.per_action(-1, np.int64),
            ended=self.per_action(False, np.bool_),
            tried=self.per_action(0, np.int64),
            states=self.per_state(0, np.int64),
            n_states=np.zeros(self.n_seeds, np.int64),
            planned=self.empty_rows(),
        )

    def own(self) -> NamedTuple:
        """How much it plans, and for what it is paid."""
        config = self.config
        return Own(config.planning_steps, config.kappa, config.alpha_schedule == "1/n")

    def tables_fit(self, tables: Any) -> bool:
        """Whether the model leads to states that are there, and exactly the states seen are listed."""
        n_states = self.problem.mdp.n_states
        seen, numbers = (tables.next_state >= 0).all(axis=2), np.arange(n_states)
        listed = np.sort(np.where(numbers < tables.n_states[:, None], tables.states, -1))
        return (
            super().tables_fit(tables)
            and bool((listed == np.sort(np.where(seen, numbers, -1))).all())
            and bool(((tables.next_state >= 0) == seen[..., None]).all())
            and bool((tables.n_states == seen.sum(axis=1)).all())
            and bool((tables.next_state < n_states).all())
        )

    def learnt(self) -> dict[str, NDArray[np.float64]]:
        """Action values, and the rewards of the model."""
        return {"Q": self.tables.q, "R": self.tables.reward}

    def added(self, pair: tuple[int, int, int]) -> float:
        """The bonus kappa sqrt(tau)."""
        return float(self.config.kappa * np.sqrt(self.walk.steps[pair[0]] - self.tables.tried[pair]))

    def field(self, name: str, replica: int | None) -> NDArray[Any]:
        """As every planning method; `[S, A]`: "known" is 1 for pairs tried, "bonus" kappa sqrt(tau)."""
        if replica is not None and name == "known":
            return (self.tables.tried[replica] > 0).astype(np.float64)
        if replica is not None and name == "bonus":
            since = self.walk.steps[replica] - self.tables.tried[replica]
            seen = self.tables.next_state[replica] >= 0
            return np.where(seen, self.config.kappa * np.sqrt(since), 0.0)
        return super().field(name, replica)
