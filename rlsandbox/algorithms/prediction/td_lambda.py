"""TD(lambda): TD(0) whose every error reaches the states that led to it, by their eligibility traces.

    delta = R + gamma V(S') - V(S)
    e(S) <- e(S) + 1 (accumulating), 1 (replacing) or e(S) + 1 - alpha e(S) (Dutch)
    for all s:  V(s) <- V(s) + alpha delta e(s),  then e(s) <- gamma lambda e(s)

With Dutch traces it is true online TD(lambda), which equals the online lambda-return after every step: delta
in the third line gains V(S) - V_old, and V(S) itself loses alpha (V(S) - V_old), where V_old is what the step
before took for V(S). A trace that has fallen below a millionth is dropped (`traces.SMALL`), so that a step
costs what its live traces cost.

Sources: Sutton (1988), van Seijen & Sutton (2014); Sutton & Barto, 2nd edition, sections 12.2 and 12.5.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.agent import Line, Part, Update
from rlsandbox.learning.hyperparams import hp
from rlsandbox.learning.paths import likeliest_path
from rlsandbox.learning.prediction import Prediction, PredictionConfig, follow
from rlsandbox.learning.returns import imagined_update, lambda_return
from rlsandbox.learning.stepping import stepping, tell
from rlsandbox.learning.traces import (
    DUTCH,
    KINDS,
    TOLD,
    Decaying,
    forget,
    spread,
    trace_lines,
    trace_tables,
    traced_update,
    traces_fit,
    visit,
)
from rlsandbox.learning.walk import Index
from rlsandbox.learning.written import bootstrapped, rewarded
from rlsandbox.worlds.compiled import kernel


class Tables(NamedTuple):
    """Values and traces."""

    v: Any  # [N, S] float64
    visits: Any  # [N, S, A] int64
    traces: Any  # [N, S] float64
    traced: Any  # [N, S] int64
    live: Any  # [N] int64
    told: Any  # [N, 1 + TOLD, 4] float64
    v_old: Any  # [N] float64, what the step before bootstrapped from


class Own(NamedTuple):
    """What the kernels know besides step size and discount."""

    policy: Any  # [S, A] float64
    kind: int
    trace_decay: float


@kernel(inline="always")
def begin(tables: Any, model: Any, s: Any, now: Any, rng: Any) -> Any:
    """An episode begins without traces."""
    forget(tables)
    return rng, s, -1


@kernel(inline="always")
def learn(tables: Any, model: Any, t: Any, now: Any, rng: Any, record: Any, telling: Any) -> Any:
    """Let the error of a step `t` reach all that led to it."""
    v, own = tables.v, now.own
    before, next_value = v[t.s], 0.0 if t.terminated else v[Index(t.s_next)]
    target = t.reward + now.gamma * next_value
    td_error = target - before
    visit(tables, t.s, own.kind, now.alpha)
    gap = before - tables.v_old[0] if own.kind == DUTCH else 0.0
    after = spread(v, tables, t.s, now.alpha, td_error, gap, now.gamma * own.trace_decay, telling)
    tables.v_old[0] = next_value
    if telling:
        tell(record, t, now, -1, before, target, after, next_value)
    return rng, -1, False


class TDLambdaConfig(Decaying, PredictionConfig):
    """Hyperparameters of TD(lambda)."""

    traces: Literal["accumulating", "replacing", "Dutch"] = hp(
        "accumulating",
        label="Traces",
        doc="what a visit makes of a trace: one more, 1, or the mean of both by alpha (true online)",
    )


class TDLambda(Prediction):
    """TD(λ) (Sutton, 1988): between TD(0), at λ = 0, and Monte Carlo, at λ = 1."""

    title = "TD(λ)"
    source = "Sutton (1988), van Seijen & Sutton (2014); Sutton & Barto, 2nd ed., sections 12.2 and 12.5"
    equation = "V ← V + α [ r + γ V(s′) − V(s) ] e,  e ← γ λ e"
    Config = TDLambdaConfig
    loop = stepping(learn, act=follow, begin=begin)
    offers: ClassVar[frozenset[str]] = frozenset({"traces"})

    def make_tables(self) -> Tables:
        """Values at their start, no traces."""
        v, visits = self.per_state(self.config.initial_v), self.per_action(0, np.int64)
        return Tables(v, visits, **trace_tables(self.n_seeds, v.shape[1]), v_old=np.zeros(self.n_seeds))

    def tables_fit(self, tables: Any) -> bool:
        """The lists of traces are what kernels index with."""
        return traces_fit(tables)

    def own(self) -> Own:
        """The policy, and kind and decay of the traces."""
        return Own(self.given, KINDS[self.config.traces], self.config.trace_decay)

    def field(self, name: str, replica: int | None) -> NDArray[Any]:
        """`[S]`: the traces."""
        traces = self.tables.traces
        return traces.mean(axis=0) if replica is None else traces[replica].copy()

    def written(self, row: dict[str, float], replica: int) -> tuple[Part, ...]:
        """Before + alpha e [ r + gamma V(s') - before ] = after."""
        return traced_update(row, self.tables.told[replica], (*rewarded(row), *bootstrapped(row)))

    def lines(self, row: dict[str, float], replica: int) -> tuple[Line, ...]:
        """What the greatest traces did."""
        return trace_lines(row, self.tables.told[replica], 1, lambda action: "")

    def backup(self, state: int, replica: int) -> Update | None:
        """The update towards the lambda-return along the likeliest way of the policy."""
        v, gamma, decay = self.estimates()[replica], self.config.gamma, self.config.trace_decay
        length = TOLD if decay > 0 else 1
        path = likeliest_path(self.problem.mdp, self.given.argmax(axis=1), state, length)
        target, parts, lines = lambda_return(path, v, gamma, decay)
        alpha = self.alpha(int(self.walk.episodes[replica]))
        return imagined_update(path, float(v[state]), target, parts, alpha, gamma, lines, of_state=True)
