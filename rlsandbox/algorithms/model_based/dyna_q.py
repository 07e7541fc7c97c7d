"""Dyna-Q: Q-learning from every step, and from n steps remembered.

    Q(S, A) <- Q(S, A) + alpha [ R + gamma max_a Q(S', a) - Q(S, A) ]
    Model(S, A) <- R, S'
    n times: for a pair S, A seen before, R, S' <- Model(S, A) and the same update of Q(S, A)

The model is a table: what came of a pair the last time, also where the world is left to chance.

Source: Sutton (1990); Sutton & Barto, 2nd edition, section 8.2.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.exploration import DRAW, greatest, uniform
from rlsandbox.learning.planned import Planning, tell_planned
from rlsandbox.learning.stepping import stepping, tell
from rlsandbox.learning.walk import Index
from rlsandbox.worlds.compiled import kernel


class Tables(NamedTuple):
    """Action values, and the model."""

    q: Any  # [N, S, A] float64
    visits: Any  # [N, S, A] int64
    reward: Any  # [N, S, A] float64, paid the last time, with what bonus and shaping added
    next_state: Any  # [N, S, A] int64, reached the last time; -1 where a pair was never seen
    ended: Any  # [N, S, A] bool, whether the episode ended there
    pairs: Any  # [N, S * A] int64, the pairs seen, first ones first
    n_pairs: Any  # [N] int64
    planned: Any  # [N, ROWS, 8] float64, what was planned after the step that the record is of


class Own(NamedTuple):
    """What only Dyna-Q's kernels know."""

    planning_steps: int
    counting: bool  # whether alpha is 1 / visits


@kernel
def plan(tables: Any, now: Any, rng: Any, telling: Any) -> Any:
    """Update n pairs of those seen, drawn at random, from what came of them the last time."""
    q, n_actions = tables.q, tables.q.shape[1]
    if telling:
        tables.planned[:] = np.nan
    for i in range(now.own.planning_steps):
        rng += DRAW
        pair = tables.pairs[Index(uniform(rng) * tables.n_pairs[0])]
        s, a = Index(pair // n_actions), Index(pair % n_actions)
        reward, s_next, ended = tables.reward[s, a], Index(tables.next_state[s, a]), tables.ended[s, a]
        before, next_value = q[s, a], 0.0
        if not ended:
            next_value, _, _ = greatest(q[s_next])
        alpha = 1.0 / tables.visits[s, a] if now.own.counting else now.alpha
        q[s, a] = before + alpha * (reward + now.gamma * next_value - before)
        if telling:
            tell_planned(tables.planned, i, s, a, reward, 0.0, s_next, ended, before, q[s, a])
    return rng


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
        tables.pairs[Index(tables.n_pairs[0])] = t.s * Index(q.shape[1]) + t.a
        tables.n_pairs[0] += 1
    tables.reward[t.s, t.a], tables.next_state[t.s, t.a] = t.reward, t.s_next
    tables.ended[t.s, t.a] = t.terminated
    if telling or now.own.planning_steps > 0:
        rng = plan(tables, now, rng, telling)
    return rng, -1, False


class DynaQ(Planning):
    """Dyna-Q (Sutton, 1990): learns from steps, and again and again from the memory of them."""

    title = "Dyna-Q"
    source = "Sutton (1990); Sutton & Barto, 2nd ed., section 8.2"
    equation = "Q(s,a) ← Q(s,a) + α [ r + γ max Q(s′,·) − Q(s,a) ], then n times with r, s′ = Model(s,a)"
    loop = stepping(learn)

    def make_tables(self) -> Any:
        """Action values at their start, nothing remembered."""
        return Tables(
            q=self.per_action(self.config.initial_q),
            visits=self.per_action(0, np.int64),
            reward=self.per_action(0.0),
            next_state=self.per_action(-1, np.int64),
            ended=self.per_action(False, np.bool_),
            pairs=self.per_action(0, np.int64).reshape(self.n_seeds, -1),
            n_pairs=np.zeros(self.n_seeds, np.int64),
            planned=self.empty_rows(),
        )

    def own(self) -> NamedTuple:
        """How much it plans."""
        return Own(self.config.planning_steps, self.config.alpha_schedule == "1/n")

    def tables_fit(self, tables: Any) -> bool:
        """Whether the model leads to states that are there, and exactly the pairs seen are listed."""
        known = tables.next_state >= 0
        listed = np.sort(
            np.where(np.arange(tables.pairs.shape[1]) < tables.n_pairs[:, None], tables.pairs, -1)
        )
        seen = np.sort(np.where(known.reshape(listed.shape), np.arange(listed.shape[1]), -1))
        return (
            super().tables_fit(tables)
            and bool((listed == seen).all() and (tables.n_pairs == known.sum(axis=(1, 2))).all())
            and bool((tables.next_state < self.problem.mdp.n_states).all())
            and bool((tables.visits[known] > 0).all())
        )

    def learnt(self) -> dict[str, NDArray[np.float64]]:
        """Action values, and the rewards of the model."""
        return {"Q": self.tables.q, "R": self.tables.reward}

    def field(self, name: str, replica: int | None) -> NDArray[Any]:
        """As every planning method; "known" `[S, A]` is 1 for pairs that the model has."""
        if name == "known" and replica is not None:
            return (self.tables.next_state[replica] >= 0).astype(np.float64)
        return super().field(name, replica)
