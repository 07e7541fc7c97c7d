"""Updates written out: every number in them is one that was computed with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.agent import Part, number
from rlsandbox.worlds.mdp import TabularMDP


def closed(value: float) -> str:
    """A number in brackets if a sign stands before it."""
    return f"({number(value)})" if value < 0 else number(value)


def corrected(row: dict[str, float], target: Sequence[Part], weight: str = "alpha") -> tuple[Part, ...]:
    """Before + alpha [ target - before ] = after, of a record's row."""
    state = int(row["state"])
    return (
        Part(number(row["before"]), "old", state),
        Part(f" + {number(row[weight])} · [ "),
        *target,
        Part(" − "),
        Part(closed(row["before"]), "old", state),
        Part(" ] = "),
        Part(number(row["after"]), "new", state),
    )


def rewarded(row: dict[str, float]) -> tuple[Part, ...]:
    """The reward, and what a bonus or shaping added to it."""
    paid = Part(number(row["reward"]), "reward")
    if row["extra"] == 0:
        return (paid,)
    return paid, Part(f" + {closed(row['extra'])} (added)")


def bootstrapped(row: dict[str, float]) -> tuple[Part, ...]:
    """Gamma times the value of the next state, 0 beyond the end."""
    lead = Part(f" + {number(row['gamma'])} · ")
    if row["terminated"]:
        return lead, Part("0 (terminal)")
    return lead, Part(closed(row["next_value"]), "next", int(row["next_state"]))


def one_step(row: dict[str, float]) -> tuple[Part, ...]:
    """Before + alpha [ reward + gamma next_value - before ] = after, as one-step methods write it."""
    return corrected(row, (*rewarded(row), *bootstrapped(row)))


def expectation(
    mdp: TabularMDP, v: NDArray[np.float64], s: int, a: int, gamma: float, weight: float = 1.0
) -> list[Part]:
    """The sum over outcomes of an action: weight p [ reward + gamma v(s') ] + ..., `v` `[S]`."""
    parts: list[Part] = []
    for k in np.flatnonzero(mdp.prob[s, a]):
        s_next, p = int(mdp.next_state[s, a, k]), weight * float(mdp.prob[s, a, k])
        lead = " + " if parts else ""
        parts.append(Part(lead + (f"{number(p)} · [ " if p != 1 else "[ ")))
        parts.append(Part(number(float(mdp.reward[s, a, k])), "reward"))
        if mdp.terminal[s, a, k]:
            parts.append(Part(" + 0 (terminal) ]"))
        else:
            parts.append(Part(f" + {number(gamma)} · "))
            parts.append(Part(closed(float(v[s_next])), "next", s_next))
            parts.append(Part(" ]"))
    return parts
