"""What control methods with eligibility traces share: their tables, being shown, being written out."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.agent import Line, Part, Update, number
from rlsandbox.learning.control import Control
from rlsandbox.learning.paths import likeliest_path
from rlsandbox.learning.traces import (
    KINDS,
    forget,
    trace_lines,
    trace_tables,
    traced_update,
    traces_fit,
)
from rlsandbox.learning.written import bootstrapped, closed, corrected, rewarded
from rlsandbox.worlds.compiled import kernel

_FURTHEST = 32
"""A lambda-return is written out over at most so many steps."""


class Tables(NamedTuple):
    """Action values and traces; a flat index is state * A + action."""

    q: Any  # [N, S, A] float64
    visits: Any  # [N, S, A] int64
    traces: Any  # [N, S * A] float64
    traced: Any  # [N, S * A] int64
    live: Any  # [N] int64
    told: Any  # [N, 1 + TOLD, 4] float64
    q_old: Any  # [N] float64, what the step before bootstrapped from


class Tracing(NamedTuple):
    """What the kernels know of traces."""

    kind: int
    trace_decay: float


@kernel(inline="always")
def untraced(tables: Any, model: Any, s: Any, now: Any, rng: Any) -> Any:
    """An episode begins without traces."""
    forget(tables)
    return rng, s, -1


class _Backup(NamedTuple):
    """A step of a lambda-return: `value` of the next state, `following` the return from there."""

    state: int
    reward: float
    next_state: int
    terminated: bool
    value: float
    following: float
    result: float


class TracedControl(Control):
    """Base of control methods with eligibility traces `[N, S, A]`."""

    offers: ClassVar[frozenset[str]] = Control.offers | {"traces"}

    def make_tables(self) -> Tables:
        """Action values at their start, no traces."""
        q, visits = self.per_action(self.config.initial_q), self.per_action(0, np.int64)
        return Tables(q, visits, **trace_tables(self.n_seeds, q[0].size), q_old=np.zeros(self.n_seeds))

    def tables_fit(self, tables: Any) -> bool:
        """The lists of traces are what kernels index with."""
        return traces_fit(tables)

    def own(self) -> Tracing:
        """Kind and decay of the traces."""
        return Tracing(KINDS[self.config.traces], self.config.trace_decay)

    def field(self, name: str, replica: int | None) -> NDArray[Any]:
        """`[S, A]`: traces, and what all control methods offer."""
        if name != "traces":
            return super().field(name, replica)
        traces = self.tables.traces.mean(axis=0) if replica is None else self.tables.traces[replica]
        return traces.reshape(self.tables.q.shape[1:]).copy()

    def written(self, row: dict[str, float], replica: int) -> tuple[Part, ...]:
        """The error of one step by the trace of its pair; of a backup the whole lambda-return."""
        if row["step"] >= 0:
            target = (*rewarded(row), *bootstrapped(row))
            return traced_update(row, self.tables.told[replica], target)
        return corrected(row, self._mixed(self._returns(row, replica)[0]))

    def lines(self, row: dict[str, float], replica: int) -> tuple[Line, ...]:
        """What the greatest traces did; of a backup the steps of the lambda-return."""
        if row["step"] >= 0:
            names = [action.name for action in self.problem.world.actions]
            told = self.tables.told[replica]
            return trace_lines(row, told, len(names), lambda action: f"{names[action]}: ")
        returns = self._returns(row, replica)[1:]
        return tuple(
            Line(step.state, (Part(f"G = {number(step.result)} = "), *self._mixed(step))) for step in returns
        )

    def backup(self, state: int, replica: int) -> Update | None:
        """The update of the greedy action towards its lambda-return along the likeliest greedy way."""
        row = self.one_step(state, replica)
        row["target"] = self._returns(row, replica)[0].result
        return self.imagined(row, replica)

    def _returns(self, row: dict[str, float], replica: int) -> list[_Backup]:
        """G = r + gamma [ (1 - lambda) Q(s', a*) + lambda G' ], step by step; at the end G' = Q(s', a*)."""
        decay, gamma, q = self.config.trace_decay, row["gamma"], self.action_values()[replica]
        length = _FURTHEST if decay > 0 else 1
        path = likeliest_path(self.problem.mdp, q.argmax(axis=1), int(row["state"]), length)
        result = 0.0 if path[-1].terminated else float(q[path[-1].next_state].max())
        returns: list[_Backup] = []
        for step in reversed(path):
            value = 0.0 if step.terminated else float(q[step.next_state].max())
            following = result
            result = step.reward + gamma * ((1.0 - decay) * value + decay * following)
            place = (step.state, step.reward, step.next_state, step.terminated)
            returns.append(_Backup(*place, value, following, result))
        return returns[::-1]

    def _mixed(self, step: _Backup) -> tuple[Part, ...]:
        """R + gamma [ (1 - lambda) Q(s', a*) + lambda G' ]."""
        reward, decay = Part(number(step.reward), "reward"), self.config.trace_decay
        lead = f" + {number(self.config.gamma)} · "
        if step.terminated:
            return reward, Part(f"{lead}0 (terminal)")
        return (
            reward,
            Part(f"{lead}[ {number(1.0 - decay)} · "),
            Part(closed(step.value), "next", step.next_state),
            Part(f" + {number(decay)} · "),
            Part(closed(step.following), "next", step.next_state),
            Part(" ]"),
        )
