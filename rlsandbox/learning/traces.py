"""Eligibility traces as a list of those that still matter, so that a step costs what it touches.

A trace belongs to a flat index: a state, or state * A + action. Each step it falls by gamma lambda; what has
fallen below `SMALL` is dropped. An update moves every value by its trace's share. Kinds of traces, by what a
visit makes of the trace e of the index that is visited:

    accumulating   e + 1
    replacing      1
    Dutch          e + 1 - alpha e     (with `gap`: true online TD, exactly the online lambda-return)

Sources: Sutton (1988); Singh & Sutton (1996); van Seijen & Sutton (2014); Sutton & Barto, 2nd edition,
chapter 12.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.agent import Line, Part, number
from rlsandbox.learning.hyperparams import AgentConfig, hp
from rlsandbox.learning.walk import Index
from rlsandbox.learning.written import closed
from rlsandbox.worlds.compiled import kernel

SMALL = 1e-6
"""A trace below this is none any more."""

TOLD = 32
"""The greatest traces are written out, so many of them."""

ACCUMULATING, REPLACING, DUTCH = range(3)
KINDS = {"accumulating": ACCUMULATING, "replacing": REPLACING, "Dutch": DUTCH}
"""Kinds of traces, numbered for kernels."""


class Decaying(AgentConfig):
    """Whatever lets its traces decay."""

    trace_decay: float = hp(
        0.7,
        ge=0,
        le=1,
        label="Trace decay",
        symbol="λ",
        doc="lambda: 0 learns from the next step alone, 1 from the whole return",
        live=True,
    )


def trace_tables(n_seeds: int, size: int) -> dict[str, NDArray[Any]]:
    """No traces yet. Tables of a method with traces have these four besides their own.

    Args:
        n_seeds: N.
        size: F, how many flat indices there are.

    Returns:
        `traces` `[N, F]`; `traced` `[N, F]`, the indices whose trace is not 0, `live` `[N]` of them;
        `told` `[N, 1 + TOLD, 4]`: of the index visited last its number, trace, `gap` and error, then of
        others their number (-1: no more), trace, value before and after.
    """
    told = np.full((n_seeds, 1 + TOLD, 4), -1.0)
    live = np.zeros(n_seeds, np.int64)
    return {
        "traces": np.zeros((n_seeds, size)),
        "traced": np.zeros((n_seeds, size), np.int64),
        "live": live,
        "told": told,
    }


def traces_fit(tables: Any) -> bool:
    """Whether the lists say what the traces say; asked of what a file says."""
    for traces, traced, live in zip(tables.traces, tables.traced, tables.live, strict=True):
        listed = np.flatnonzero(traces)
        if live != listed.size or not np.array_equal(np.sort(traced[:live]), listed):
            return False
    flat = tables.told[:, :, 0]
    return bool(((flat >= -1) & (flat < tables.traces.shape[1])).all())


@kernel(inline="always")
def forget(tables: Any) -> None:
    """Drop all traces."""
    for i in range(tables.live[0]):
        tables.traces[Index(tables.traced[Index(i)])] = 0.0
    tables.live[0] = 0


@kernel(inline="always")
def visit(tables: Any, flat: Any, kind: int, alpha: float) -> float:
    """Raise the trace of the index that is visited; what it is now."""
    e = tables.traces[flat]
    if e == 0.0:
        tables.traced[Index(tables.live[0])] = flat
        tables.live[0] += 1
    if kind == ACCUMULATING:
        e += 1.0
    elif kind == REPLACING:
        e = 1.0
    else:
        e += 1.0 - alpha * e
    tables.traces[flat] = e
    return e


@kernel(inline="always")
def spread(values: Any, tables: Any, flat: Any, alpha: float, td_error: float, gap: float, decay: float,
           telling: bool) -> float:  # fmt: skip
    """Let an error reach all values `[F]` by their traces, which then decay; the new value of `flat`.

    Args:
        values: `[F]`.
        tables: with traces.
        flat: the index that was visited just now.
        alpha: step size.
        td_error: target minus the value of `flat`.
        gap: 0, or for Dutch traces how far the value of `flat` has moved since it was bootstrapped from.
        decay: gamma lambda.
        telling: whether to note what the greatest traces do.
    """
    before, e, step = values[flat], tables.traces[flat], alpha * (td_error + gap)
    if telling:
        tables.told[0, 0], tables.told[0, 1], tables.told[0, 2], tables.told[0, 3] = flat, e, gap, td_error
        note(values, tables, flat, step)
    fade(values, tables, step, decay)
    values[flat] = before + alpha * (td_error * e + gap * (e - 1.0))
    return values[flat]


@kernel
def fade(values: Any, tables: Any, step: float, decay: float) -> None:
    """Move every value by its trace, let the traces decay, and keep a list of those that still matter."""
    traces, traced, kept = tables.traces, tables.traced, 0
    for i in range(tables.live[0]):
        flat = Index(traced[Index(i)])
        e = traces[flat]
        values[flat] += step * e
        e *= decay
        e = 0.0 if e < SMALL else e
        traces[flat] = e
        traced[Index(kept)] = flat
        kept += e != 0.0  # no branch: the list stays in the order in which the traces began
    tables.live[0] = kept


@kernel
def note(values: Any, tables: Any, flat: Any, step: float) -> None:
    """Write down the greatest traces besides that of `flat`, greatest first, and what they do."""
    told, n = tables.told, 0
    for i in range(tables.live[0]):
        other = tables.traced[i]
        e = tables.traces[other]
        if other == flat or (n == TOLD and e <= told[n, 1]):
            continue
        n = min(n + 1, TOLD)
        at = n
        while at > 1 and told[at - 1, 1] < e:
            for column in range(4):
                told[at, column] = told[at - 1, column]
            at -= 1
        told[at, 0], told[at, 1] = other, e
        told[at, 2], told[at, 3] = values[other], values[other] + step * e
    told[n + 1 :] = -1.0


def traced_update(
    row: dict[str, float], told: NDArray[np.float64], target: tuple[Part, ...]
) -> tuple[Part, ...]:
    """An update whose error counts by a trace: before + alpha e [ target - before ] = after.

    With Dutch traces: before + alpha ( e [ target - before ] + (e - 1) gap ) = after.
    """
    state, e, gap = int(row["state"]), float(told[0, 1]), float(told[0, 2])
    correcting, weight = gap * (e - 1.0) != 0, f"{number(e)} · " if e != 1.0 else ""
    tail = f" ] + {closed(e - 1.0)} · {closed(gap)} ) = " if correcting else " ] = "
    return (
        Part(number(row["before"]), "old", state),
        Part(f" + {number(row['alpha'])} · {'( ' if correcting else ''}{weight}[ "),
        *target,
        Part(" − "),
        Part(closed(row["before"]), "old", state),
        Part(tail),
        Part(number(row["after"]), "new", state),
    )


def trace_lines(
    row: dict[str, float], told: NDArray[np.float64], n_actions: int, name: Callable[[int], str]
) -> tuple[Line, ...]:
    """What the greatest traces did: before + alpha (error) e = after, one line each.

    Args:
        row: the record's.
        told: `[1 + TOLD, 4]` of its replica.
        n_actions: A where an index is state * A + action, 1 where it is a state.
        name: what to call an action.
    """
    error, lines = float(told[0, 3] + told[0, 2]), []
    for flat, e, before, after in told[1:]:
        if flat < 0:
            break
        state, action = divmod(int(flat), n_actions)
        parts = (
            Part(name(action)),
            Part(number(before), "old", state),
            Part(f" + {number(row['alpha'])} · {closed(error)} · {number(e)} = "),
            Part(number(after), "new", state),
        )
        lines.append(Line(state, parts))
    return tuple(lines)
