"""Prioritized sweeping: the most urgent backups of a learnt model first.

    P = | sum_{s', r} p(s', r | S, A) [ r + gamma max_a Q(s', a) ] - Q(S, A) |; if P > theta, queue S, A by P
    n times, while the queue is not empty:
        S, A <- first of the queue
        Q(S, A) <- Q(S, A) + alpha [ sum_{s', r} p(s', r | S, A) [ r + gamma max_a Q(s', a) ] - Q(S, A) ]
        queue every pair known to lead to S in the same way

p is what was counted so far. In a world without chance that is the book's algorithm; with chance its updates
are expected ones, as in the paper.

Source: Moore & Atkeson (1993); Sutton & Barto, 2nd edition, section 8.4.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.agent import Line, Part, Update, number
from rlsandbox.learning.counted import Counting, count, expected, likeliest, slot_of
from rlsandbox.learning.heap import heap_fits, pop, push
from rlsandbox.learning.hyperparams import hp
from rlsandbox.learning.own_rule import towards
from rlsandbox.learning.planned import Planning, PlanningConfig, tell_planned
from rlsandbox.learning.predecessors import link, link_all, links_fit, unlink
from rlsandbox.learning.problem import Enumerable
from rlsandbox.learning.stepping import Now, Transition, stepping, tell
from rlsandbox.learning.walk import Index
from rlsandbox.learning.written import closed, corrected
from rlsandbox.worlds.compiled import kernel


class Tables(NamedTuple):
    """Action values, the model, its predecessors and the queue. A slot of the model is (S, A, K) in one."""

    q: Any  # [N, S, A] float64
    visits: Any  # [N, S, A] int64
    successor: Any  # [N, S, A, K] int64, a state reached, -1 in empty slots
    ended: Any  # [N, S, A, K] bool, whether the episode ended there
    seen: Any  # [N, S, A, K] int64, how often
    reward: Any  # [N, S, A, K] float64, paid on the way, on average
    first: Any  # [N, S] int64, the first slot that leads to a state, -1 for none
    following: Any  # [N, S * A * K] int64, the next slot that leads to the same state, -1 for none
    heap: Any  # [N, S * A] int64, the pairs in the queue
    place: Any  # [N, S * A] int64, where a pair stands in it, -1 for nowhere
    priority: Any  # [N, S * A] float64
    size: Any  # [N] int64, pairs in the queue
    outcomes: Any  # [N, K, 5] float64, outcomes of the backup that the record is of
    planned: Any  # [N, ROWS, 8] float64, the backups of the step that the record is of


class Own(NamedTuple):
    """What only this method's kernels know."""

    planning_steps: int
    theta: float
    counting: bool  # whether alpha is 1 / visits


@kernel
def remember(tables: Any, t: Any) -> None:
    """Count a step in the model."""
    k, taken = slot_of(tables, t)
    slot = np.int64((t.s * Index(tables.seen.shape[1]) + t.a) * Index(tables.seen.shape[2]) + Index(k))
    if taken and tables.seen[t.s, t.a, k] > 0 and not tables.ended[t.s, t.a, k]:
        unlink(tables, slot, tables.successor[t.s, t.a, k])
    count(tables, t, k, taken)
    if taken and not t.terminated:
        link(tables, slot, t.s_next)


@kernel
def queue(tables: Any, s: Any, a: Any, now: Any) -> None:
    """Queue a pair by the error that its backup would correct, if that is more than theta."""
    urgency = abs(expected(tables, s, a, now.gamma, tables.outcomes, False) - tables.q[s, a])
    if urgency > now.own.theta:
        pair = np.int64(s * Index(tables.q.shape[1]) + a)
        push(tables.heap, tables.place, tables.priority, tables.size, pair, urgency)


@kernel
def plan(tables: Any, t: Any, now: Any, record: Any, telling: Any) -> None:
    """Make the most urgent backups; the record is of the first one."""
    q, n_actions, n_slots = tables.q, tables.q.shape[1], tables.seen.shape[2]
    if telling:
        tables.planned[:] = np.nan
        target = expected(tables, t.s, t.a, now.gamma, tables.outcomes, True)
        tell(record, t, now, -1, q[t.s, t.a], target, q[t.s, t.a], np.nan)
    for i in range(now.own.planning_steps):
        if tables.size[0] == 0:
            break
        pair = pop(tables.heap, tables.place, tables.priority, tables.size)
        s, a = Index(pair // n_actions), Index(pair % n_actions)
        before = q[s, a]
        target = expected(tables, s, a, now.gamma, tables.outcomes, telling and i == 0)
        alpha = 1.0 / tables.visits[s, a] if now.own.counting else now.alpha
        q[s, a] = before + alpha * (target - before)
        if telling:
            k = likeliest(tables.seen[s, a])
            reward, s_next, ended = tables.reward[s, a, k], tables.successor[s, a, k], tables.ended[s, a, k]
            tell_planned(tables.planned, i, s, a, reward, 0.0, s_next, ended, before, q[s, a])
            if i == 0:
                same = s == t.s and a == t.a
                head = Transition(s, a, reward, 0.0, s_next, ended, False, same and t.explored, t.step)
                tell(
                    record,
                    head,
                    Now(alpha, now.gamma, now.kind, now.level, now.own),
                    -1,
                    before,
                    target,
                    q[s, a],
                    np.nan,
                )
        slot = tables.first[s]
        while slot >= 0:
            leading = slot // n_slots
            queue(tables, Index(leading // n_actions), Index(leading % n_actions), now)
            slot = tables.following[Index(slot)]


@kernel(inline="always")
def learn(tables: Any, model: Any, t: Any, now: Any, rng: Any, record: Any, telling: Any) -> Any:
    """Count a step `t`, queue its pair, and plan."""
    remember(tables, t)
    queue(tables, t.s, t.a, now)
    plan(tables, t, now, record, telling)
    return rng, -1, False


class PrioritizedSweeping(Counting, Planning):
    """Prioritized sweeping (Moore & Atkeson, 1993): a surprise is passed back to whatever leads to it."""

    title = "Prioritized sweeping"
    source = "Moore & Atkeson (1993); Sutton & Barto, 2nd ed., section 8.4"
    equation = "first of the queue: Q(s,a) ← Q(s,a) + α [ Σ p̂(s′|s,a) [ r̂ + γ max Q(s′,·) ] − Q(s,a) ]"
    loop = stepping(learn)

    class Config(PlanningConfig):
        """Hyperparameters."""

        alpha: float = hp(
            1.0,
            gt=0,
            le=1,
            label="Step size",
            symbol="α",
            doc="share of the error that a backup corrects; what it leaves waits for the pair's next visit",
            live=True,
        )
        theta: float = hp(
            1e-4,
            ge=0,
            le=1e6,
            log=True,
            label="Threshold",
            symbol="θ",
            doc="a pair is queued if its backup would correct an error larger than theta",
            live=True,
        )

    def make_tables(self) -> Any:
        """Action values at their start, an empty model and an empty queue."""
        mdp = self.problem.mdp
        pairs = (self.n_seeds, mdp.n_states * mdp.n_actions)
        return Tables(
            q=self.per_action(self.config.initial_q),
            visits=self.per_action(0, np.int64),
            **self.empty_model(),
            first=self.per_state(-1, np.int64),
            following=np.full((self.n_seeds, mdp.prob.size), -1, np.int64),
            heap=np.zeros(pairs, np.int64),
            place=np.full(pairs, -1, np.int64),
            priority=np.zeros(pairs),
            size=np.zeros(self.n_seeds, np.int64),
            outcomes=self.empty_outcomes(),
            planned=self.empty_rows(),
        )

    def own(self) -> NamedTuple:
        """How much it plans, and what is too little to plan."""
        config = self.config
        return Own(config.planning_steps, config.theta, config.alpha_schedule == "1/n")

    def replace_problem(self, problem: Enumerable) -> None:
        """Keep the model as far as it fits, and find the predecessors anew, for its slots may have moved."""
        super().replace_problem(problem)
        tables = self.tables
        link_all(tables.first, tables.following, tables.successor, (tables.seen > 0) & ~tables.ended)

    def tables_fit(self, tables: Any) -> bool:
        """Whether queue and predecessors name pairs that were seen."""
        known = (tables.seen > 0).reshape(self.n_seeds, -1)
        return (
            super().tables_fit(tables)
            and heap_fits(tables.heap, tables.place, tables.size)
            and links_fit(tables.first, tables.following, known)
            and self.outcomes_fit(tables.outcomes)
            and bool((tables.visits[tables.seen.any(axis=3)] > 0).all())
        )

    def written(self, row: dict[str, float], replica: int) -> tuple[Part, ...]:
        """The backup of the queue's first pair; where nothing was queued, why."""
        target = self.expectation(self.tables.outcomes[replica], row["gamma"])
        if self.told(replica):
            return corrected(row, target)
        before = Part(closed(row["before"]), "old", int(row["state"]))
        error = number(abs(row["target"] - row["before"]))
        return Part("P = | "), *target, Part(" − "), before, Part(f" | = {error}: nothing to back up")

    def lines(self, row: dict[str, float], replica: int) -> tuple[Line, ...]:
        """The further backups of the step, and the first of the queue that it left."""
        lines = super().lines(row, replica)[1:]
        if self.tables.size[replica] == 0:
            return lines
        pair = int(self.tables.heap[replica, 0])
        state, action = divmod(pair, self.problem.mdp.n_actions)
        priority = Part(number(float(self.tables.priority[replica, pair])))
        head = Part(f"{self.pair(state, action)} is first in the queue, P = ")
        return *lines, Line(state, (head, priority))

    def backup(self, state: int, replica: int) -> Update | None:
        """The backup that the greedy action would get from the model; None where it was never tried."""
        q, config = self.tables.q[replica], self.config
        action = int(q[state].argmax())
        outcomes, target = self.outcomes(state, action, replica)
        if np.isnan(target):
            return None
        visits = int(self.tables.visits[replica, state, action])
        alpha = (
            1.0 / visits if config.alpha_schedule == "1/n" else self.alpha(int(self.walk.episodes[replica]))
        )
        before = float(q[state, action])
        after = before + alpha * (target - before)
        row = {"state": state, "before": before, "alpha": alpha, "after": after}
        parts = corrected(row, self.expectation(outcomes, config.gamma))
        return towards(state, action, before, target, alpha, config.gamma, parts)

    def field(self, name: str, replica: int | None) -> NDArray[Any]:
        """As every planning method; "known" `[S, A]` is 1 for pairs that the model has."""
        if name == "known" and replica is not None:
            return self.tables.seen[replica].any(axis=2).astype(np.float64)
        return super().field(name, replica)
