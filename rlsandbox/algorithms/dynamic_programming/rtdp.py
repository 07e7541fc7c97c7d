"""Real-time dynamic programming: full backups, only of the states that a greedy agent comes through.

    v(s) <- max_a sum_{s', r} p(s', r | s, a) [ r + gamma v(s') ],   then on by an action of this value

Values that begin at or above the truth draw the agent to what it has not seen, so that it ends on an optimal
path although it never comes to many other states.

Source: Barto, Bradtke & Singh (1995); Sutton & Barto, 2nd edition, section 8.7.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.agent import Floats, Line, Part, Preset, Snapshot, Tick, Update, View
from rlsandbox.learning.configs import FOREVER, Discounted
from rlsandbox.learning.control import Control
from rlsandbox.learning.exploration import choose, greatest
from rlsandbox.learning.full_backups import Dynamics, action_lines, action_value, valued, written_best
from rlsandbox.learning.hyperparams import hp
from rlsandbox.learning.oracle import lookahead, solve
from rlsandbox.learning.policy import greedy_probs
from rlsandbox.learning.problem import Enumerable
from rlsandbox.learning.stepping import RECORD, Transition, stepping, tell
from rlsandbox.learning.walk import Index
from rlsandbox.worlds.compiled import kernel
from rlsandbox.worlds.errors import check
from rlsandbox.worlds.mdp import TabularMDP


class Tables(NamedTuple):
    """What it learns, and scratch."""

    v: Any  # [N, S] float64
    visits: Any  # [N, S, A] int64
    ahead: Any  # [N, A] float64, action values of the state that it stands in


@kernel(inline="always")
def act(tables: Any, model: Any, s: Any, now: Any, rng: Any) -> Any:
    """Look one step ahead with the model, and take one of the best actions."""
    for a in range(tables.ahead.shape[0]):
        tables.ahead[a] = action_value(tables.v, now.own, Index(s), Index(a), now.gamma)
    return choose(tables.ahead, tables.visits[Index(s)], now, rng)


@kernel(inline="always")
def learn(tables: Any, model: Any, t: Any, now: Any, rng: Any, record: Any, telling: Any) -> Any:
    """Back up the state that was left to the best of what `act` has seen from it."""
    before = tables.v[t.s]
    target, _, _ = greatest(tables.ahead)
    tables.v[t.s] = target
    if telling:
        backup = Transition(t.s, t.a, np.nan, 0.0, -1, t.terminated, t.truncated, False, t.step)
        tell(record, backup, now, t.a, before, target, target, np.nan)
    return rng, -1, False


def upper_bound(mdp: TabularMDP, gamma: float) -> float:
    """The least number that no value can exceed, as far as single rewards tell; infinite if there is none."""
    possible = (mdp.prob > 0) & mdp.live[:, None, None]
    last = float(mdp.reward[possible & mdp.terminal].max(initial=-np.inf))
    onward = float(mdp.reward[possible & ~mdp.terminal].max(initial=-np.inf))
    if gamma < 1:
        return max(last, onward / (1 - gamma))
    if onward > 0:
        return np.inf
    return max(last, 0.0) if onward == 0 or last == -np.inf else last


def rests(mdp: TabularMDP, among: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """`[S]`: where some policy can stay for ever among some states `[S]`, and nothing is paid."""
    unpaid = ~mdp.terminal & (mdp.reward == 0)
    rest = mdp.walked & among
    while True:
        stays = ((mdp.prob == 0) | (unpaid & rest[mdp.next_state])).all(axis=2).any(axis=1)
        if not (rest & ~stays).any():
            return rest
        rest &= stays


class RTDP(Control):
    """Real-time dynamic programming (Barto, Bradtke & Singh, 1995): plans where it walks."""

    title = "Real-time dynamic programming"
    source = "Barto, Bradtke & Singh (1995); Sutton & Barto, 2nd ed., section 8.7"
    equation = "V(s) ← maxₐ Σ p(s′,r|s,a) [ r + γ V(s′) ] for the s where it stands"
    loop = stepping(learn, act=act)
    offers: ClassVar[frozenset[str]] = frozenset()
    presets: ClassVar[dict[str, Preset]] = {}

    class Config(Discounted):
        """Hyperparameters."""

        initial_v: float | None = hp(
            None,
            ge=-1e6,
            le=1e6,
            label="Start value",
            symbol="V₀",
            doc="value of every state at first; none: the least upper bound that single rewards give",
        )

    def make_tables(self) -> Tables:
        """Values at their start, no visits."""
        ahead = np.zeros((self.n_seeds, self.problem.mdp.n_actions))
        first = self.first_value()
        v = self.per_state(first if np.isfinite(first) else 0.0)
        return Tables(v, self.per_action(0, np.int64), ahead)

    def first_value(self) -> float:
        """What every state is worth at first; infinite if nothing bounds it."""
        given = self.config.initial_v
        return upper_bound(self.problem.mdp, self.config.gamma) if given is None else given

    def learn(self) -> Iterator[Tick]:
        """Walk, if there is something to begin with."""
        check(
            np.isfinite(self.first_value()),
            "at gamma 1 values have no upper bound here, since more than the last step of an episode pays: "
            "choose a gamma below 1, or say where the values start.",
            "initial_v",
        )
        if self.config.gamma == 1:
            mdp = self.problem.mdp
            truth = self.problem.once(("solution", 1.0), lambda: solve(mdp, 1.0))
            check(
                truth is None or not rests(mdp, truth.v < self.first_value() - 1e-6).any(),
                "at gamma 1 values that start too high are not corrected where the agent can rest unpaid. "
                "Choose a gamma below 1, or a lower start value.",
                "initial_v",
            )
        yield from super().learn()

    def own(self) -> Dynamics:
        """The model's probabilities."""
        return Dynamics.of(self.problem.mdp, self.problem.mdp.live)

    def exploration(self) -> tuple[int, tuple[int, float, float, float]]:
        """Greedy; ties are broken at random."""
        return 0, FOREVER

    def metrics(self, replica: int) -> dict[str, float]:
        """Nothing changes as it goes."""
        return {}

    def action_values(self) -> Floats:
        """`[N, S, A]` by one look ahead."""
        mdp, gamma = self.problem.mdp, self.config.gamma
        return np.stack([lookahead(mdp, v, gamma) for v in self.tables.v])

    def learnt(self) -> dict[str, Floats]:
        """The values."""
        return {"V": self.tables.v}

    def update(self, record: Floats, replica: int) -> Update | None:
        """A backup of V(s), not of the action that was taken then."""
        update = super().update(record, replica)
        return update and dataclasses.replace(update, action=None, reward=np.nan, of_state=True)

    def written(self, row: dict[str, float], replica: int) -> tuple[Part, ...]:
        """The best action's expectation, with the values that were used."""
        s, a, v = int(row["state"]), int(row["action"]), self.used(row, replica)
        return valued(written_best(self.problem, v, s, a, row["gamma"]), s, row["target"])

    def lines(self, row: dict[str, float], replica: int) -> tuple[Line, ...]:
        """What every action was worth."""
        return action_lines(self.problem, self.used(row, replica), int(row["state"]), row["gamma"])

    def used(self, row: dict[str, float], replica: int) -> Floats:
        """`[S]`: the values before the update of a record's row."""
        v = self.tables.v[replica].copy()
        v[int(row["state"])] = row["before"]
        return v

    def replace_problem(self, problem: Enumerable) -> None:
        """Keep the values; what was computed with the old model is not written out with the new one."""
        super().replace_problem(problem)
        self.record[:] = np.nan

    def backup(self, state: int, replica: int) -> Update | None:
        """The full backup that a state would get now."""
        v, gamma = self.tables.v[replica], self.config.gamma
        q = lookahead(self.problem.mdp, v, gamma)[state]
        row = dict.fromkeys(RECORD, 0.0) | {
            "state": state,
            "action": q.argmax(),
            "reward": np.nan,
            "step": -1,
        }
        row |= {"next_state": -1, "next_action": q.argmax(), "gamma": gamma, "alpha": 1.0}
        row |= {"before": v[state], "target": q.max(), "after": q.max()}
        return self.update(np.array([row[name] for name in RECORD]), replica)

    def snapshot(self, view: View) -> Snapshot:
        """The values that it keeps, and the action values of one look ahead."""
        mdp, one = self.problem.mdp, view.replica
        values = np.where(mdp.live, self.tables.v, 0.0)
        v = values.mean(axis=0) if one is None else values[one].copy()
        q = lookahead(mdp, v, self.config.gamma)
        policy = greedy_probs(self.action_values()).mean(axis=0) if one is None else greedy_probs(q)
        return self.shot(view, v, q, policy)
