"""What control methods with eligibility traces share: their tables, being shown, being written out."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.agent import Line, Part, Update
from rlsandbox.learning.control import Control
from rlsandbox.learning.paths import likeliest_path
from rlsandbox.learning.returns import imagined_update, lambda_return
from rlsandbox.learning.traces import (
    KINDS,
    TOLD,
    forget,
    trace_lines,
    trace_tables,
    traced_update,
    traces_fit,
)
from rlsandbox.learning.written import bootstrapped, rewarded
from rlsandbox.worlds.compiled import kernel


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
        """Before + alpha e [ r + gamma next - before ] = after: the error of one step by its pair's trace."""
        return traced_update(row, self.tables.told[replica], (*rewarded(row), *bootstrapped(row)))

    def lines(self, row: dict[str, float], replica: int) -> tuple[Line, ...]:
        """What the greatest traces did."""
        names = [action.name for action in self.problem.world.actions]
        told = self.tables.told[replica]
        return trace_lines(row, told, len(names), lambda action: f"{names[action]}: ")

    def backup(self, state: int, replica: int) -> Update | None:
        """The update of the greedy action towards its lambda-return along the likeliest greedy way."""
        q, gamma, decay = self.action_values()[replica], self.config.gamma, self.config.trace_decay
        path = likeliest_path(self.problem.mdp, q.argmax(axis=1), state, TOLD if decay > 0 else 1)
        target, parts, lines = lambda_return(path, q.max(axis=1), gamma, decay)
        alpha, before = self.alpha(int(self.walk.episodes[replica])), float(q[state].max())
        return imagined_update(path, before, target, parts, alpha, gamma, lines, of_state=False)
