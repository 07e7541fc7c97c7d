"""A model learnt by counting: how often an action led where, and what it paid on the way.

Every pair has as many slots as the world has outcomes of a pair; a slot holds a state that was reached and
whether the episode ended there. Slots fill from the first on. Where all are taken, which only an edit of the
world can bring about, the outcome seen least makes room.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.agent import Line, Part, number
from rlsandbox.learning.control import Control
from rlsandbox.learning.exploration import greatest
from rlsandbox.learning.problem import Enumerable
from rlsandbox.learning.walk import Index
from rlsandbox.learning.written import closed
from rlsandbox.worlds.compiled import kernel
from rlsandbox.worlds.errors import check

OUTCOME = ("next_state", "ended", "chance", "reward", "next_value")
"""Columns of what is told of an expectation, outcome by outcome."""
SLOTS = ("successor", "ended", "seen", "reward")
"""Tables of the model."""
MAX_BYTES = 2**30
_LINES = 32


@kernel
def slot_of(tables: Any, t: Any) -> Any:
    """The slot of a step's outcome: (slot, whether it has to be taken for it first)."""
    successor, ended, seen = tables.successor[t.s, t.a], tables.ended[t.s, t.a], tables.seen[t.s, t.a]
    least = 0
    for k in range(seen.shape[0]):
        if seen[k] == 0:
            return k, True
        if successor[k] == t.s_next and ended[k] == t.terminated:
            return k, False
        if seen[k] < seen[least]:
            least = k
    return least, True


@kernel
def count(tables: Any, t: Any, k: int, taken: bool) -> None:
    """Count a step's outcome in its slot, and move the slot's mean reward."""
    seen, reward = tables.seen[t.s, t.a], tables.reward[t.s, t.a]
    if taken:
        if seen[k] > 0:
            seen[k], reward[k] = 0, 0.0
        tables.successor[t.s, t.a, k], tables.ended[t.s, t.a, k] = t.s_next, t.terminated
    seen[k] += 1
    reward[k] += (t.reward - reward[k]) / seen[k]


@kernel(inline="always")
def times(seen: Any) -> int:
    """How often a pair was seen, of its slots `[K]`."""
    n = 0
    for k in range(seen.shape[0]):
        n += seen[k]
    return n


@kernel
def likeliest(seen: Any) -> int:
    """The slot of `[K]` seen most."""
    best = 0
    for k in range(1, seen.shape[0]):
        if seen[k] > seen[best]:
            best = k
    return best


@kernel
def expected(tables: Any, s: Any, a: Any, gamma: float, outcomes: Any, telling: Any) -> float:
    """The sum p [ r + gamma max_a Q(s', a) ] over a pair's counts; told in `outcomes` `[K, 5]`."""
    seen, total = tables.seen[s, a], 0.0
    n = times(seen)
    if telling:
        outcomes[:] = np.nan
    for k in range(seen.shape[0]):
        if seen[k] > 0:
            s_next, ended, value = tables.successor[s, a, k], tables.ended[s, a, k], 0.0
            if not ended:
                value, _, _ = greatest(tables.q[Index(s_next)])
            chance, reward = seen[k] / n, tables.reward[s, a, k]
            total += chance * (reward + gamma * value)
            if telling:
                row = outcomes[k]
                row[0], row[1], row[2], row[3], row[4] = s_next, ended, chance, reward, value
    return total


@kernel
def meet(tables: Any, s: Any) -> None:
    """List a state among those met, if it is a new one; of tables with `states`, `n_states` and `met`."""
    if not tables.met[Index(s)]:
        tables.met[Index(s)] = True
        tables.states[Index(tables.n_states[0])] = s
        tables.n_states[0] += 1


class Counting(Control):
    """Base of control methods whose tables have the model's four: `successor`, `ended`, `seen`, `reward`."""

    offers: ClassVar[frozenset[str]] = Control.offers | {"backups", "known"}

    def __init__(self, problem: Enumerable, config: Any, seeds: Sequence[int]) -> None:
        self._refuse_too_large(problem, len(seeds))
        super().__init__(problem, config, seeds)

    def _refuse_too_large(self, problem: Enumerable, n_seeds: int) -> None:
        needed = problem.mdp.prob.size * n_seeds * (8 + 1 + 8 + 8)
        check(
            needed <= MAX_BYTES,
            f"the learnt models of {n_seeds:,} seeds would take {needed / 2**20:,.0f} MB, more than "
            f"{MAX_BYTES // 2**20:,}: take fewer seeds or a smaller world.",
            "seeds",
        )

    def empty_model(self) -> dict[str, NDArray[Any]]:
        """The tables `[N, S, A, K]` of a model that has seen nothing."""
        shape = (self.n_seeds, *self.problem.mdp.prob.shape)
        return {
            "successor": np.full(shape, -1, np.int64),
            "ended": np.zeros(shape, np.bool_),
            "seen": np.zeros(shape, np.int64),
            "reward": np.zeros(shape),
        }

    def empty_outcomes(self) -> NDArray[np.float64]:
        """`[N, K, 5]`, a table to tell an expectation in; NaN where there is no outcome."""
        return np.full((self.n_seeds, self.problem.mdp.prob.shape[2], len(OUTCOME)), np.nan)

    def replace_problem(self, problem: Enumerable) -> None:
        """Keep what was counted, in as many slots as the edited world has outcomes, most seen first."""
        self._refuse_too_large(problem, self.n_seeds)
        super().replace_problem(problem)
        before, after = self.tables.seen.shape[3], problem.mdp.prob.shape[2]
        if before == after:
            return
        order = np.argsort(-self.tables.seen, axis=3, kind="stable")[..., :after]
        fresh = self.make_tables()._asdict()
        for name in SLOTS:
            kept = np.take_along_axis(getattr(self.tables, name), order, axis=3)
            fresh[name][..., : kept.shape[3]] = kept
        sized = {name: a for name, a in fresh.items() if a.shape != getattr(self.tables, name).shape}
        self.tables = self.tables._replace(**sized)

    def tables_fit(self, tables: Any) -> bool:
        """Whether every outcome counted leads to a state that is there."""
        counted, n_states = tables.seen > 0, self.problem.mdp.n_states
        known = (tables.successor >= 0) & (tables.successor < n_states)
        return super().tables_fit(tables) and bool((known == counted).all() and (tables.seen >= 0).all())

    def learnt(self) -> dict[str, NDArray[np.float64]]:
        """Rewards and values; the rewards first, since the values follow from them."""
        return {"R": self.tables.reward, "Q": self.tables.q}

    def outcomes(self, state: int, action: int, replica: int) -> tuple[NDArray[np.float64], float]:
        """A pair's backup by the model of now: its outcomes `[L, 5]` and their expectation, NaN for none."""
        pair, q = (replica, state, action), self.tables.q[replica]
        k = np.flatnonzero(self.tables.seen[pair])
        successor, ended, seen, reward = (getattr(self.tables, name)[pair][k] for name in SLOTS)
        value = np.where(ended, 0.0, q[successor].max(axis=1))
        told = np.column_stack([successor, ended, seen / max(1, seen.sum()), reward, value])
        target = (told[:, 2] * (reward + self.config.gamma * value)).sum() if k.size else np.nan
        return told, float(target)

    def outcomes_fit(self, outcomes: NDArray[np.float64]) -> bool:
        """Whether the states told of are there."""
        states = outcomes[..., 0][~np.isnan(outcomes[..., 0])]
        return bool(((states >= 0) & (states < self.problem.mdp.n_states)).all())

    def states_fit(self, tables: Any) -> bool:
        """Whether exactly the states met are listed."""
        numbers = np.arange(tables.met.shape[1])
        listed = np.sort(np.where(numbers < tables.n_states[:, None], tables.states, -1))
        same = (listed == np.sort(np.where(tables.met, numbers, -1))).all()
        return bool(same and (tables.n_states == tables.met.sum(axis=1)).all())

    def expectation(self, told: NDArray[np.float64], gamma: float) -> list[Part]:
        """What was told `[K, 5]` of an expectation, written out: chance [ reward + gamma value ] + ..."""
        parts: list[Part] = []
        for row in told[~np.isnan(told[:, 0])].tolist():
            outcome = dict(zip(OUTCOME, row, strict=True))
            lead = " + " if parts else ""
            chance = "" if outcome["chance"] == 1 else f"{number(outcome['chance'])} · "
            parts.append(Part(f"{lead}{chance}[ "))
            parts.append(Part(number(outcome["reward"]), "reward"))
            if outcome["ended"]:
                parts.append(Part(" + 0 (terminal) ]"))
            else:
                parts.append(Part(f" + {number(gamma)} · "))
                parts.append(Part(closed(outcome["next_value"]), "next", int(outcome["next_state"])))
                parts.append(Part(" ]"))
        return parts

    def counts(self, state: int, action: int, replica: int) -> tuple[Line, ...]:
        """The model's row of a pair: every outcome with its count and mean reward."""
        pair, cell_of = (replica, state, action), self.problem.world.cell_of
        seen, lines = self.tables.seen[pair], []
        for k in np.flatnonzero(seen)[:_LINES]:
            s_next = int(self.tables.successor[pair][k])
            end = " (terminal)" if self.tables.ended[pair][k] else ""
            parts = (
                Part("→ "),
                Part(f"{cell_of(s_next)}{end}", "next", s_next),
                Part(f": {seen[k]:,} of {seen.sum():,} times, paid "),
                Part(number(float(self.tables.reward[pair][k])), "reward"),
            )
            lines.append(Line(state, parts))
        return tuple(lines)
