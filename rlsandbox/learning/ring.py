"""The last n steps of an episode in a ring, for methods that learn from a step when n more have followed.

The ring is as long as a return. A pair is learnt from when the ring is full, and all that are left when the
episode is over; until then a step updates nothing, and its record says so.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.hyperparams import AgentConfig, hp
from rlsandbox.learning.stepping import Now, Transition, tell
from rlsandbox.worlds.compiled import kernel
from rlsandbox.worlds.mdp import TabularMDP


class Patient(AgentConfig):
    """Whatever looks n steps ahead."""

    n: int = hp(
        4,
        ge=1,
        le=1000,
        log=True,
        label="Steps",
        symbol="n",
        doc="rewards that a return adds up before it bootstraps; 1 learns at once, many as Monte Carlo does",
    )


class Counting(NamedTuple):
    """What kernels know of the step size: whether it is 1 over the visits of the pair that is updated."""

    counting: bool


class Kept(NamedTuple):
    """One step in a ring: what was done, what it paid, and what bonus and shaping added to that."""

    state: int
    action: int
    reward: float
    extra: float


def ring_tables(n_seeds: int, n: int) -> dict[str, NDArray[Any]]:
    """Rings without a step. Tables of a method with a ring have these four besides their own.

    Args:
        n_seeds: N.
        n: length of the rings.

    Returns:
        `pairs` `[N, n, 3]`: state, action, whether it was a random one; `paid` `[N, n, 2]`: the reward that
        is learnt from, and what was added to the world's; `head` `[N]`: where the next step goes; `held`
        `[N]`: how many steps there are.
    """
    return {
        "pairs": np.zeros((n_seeds, n, 3), np.int64),
        "paid": np.zeros((n_seeds, n, 2)),
        "head": np.zeros(n_seeds, np.int64),
        "held": np.zeros(n_seeds, np.int64),
    }


def ring_fits(tables: Any, mdp: TabularMDP) -> bool:
    """Whether all that kernels index with lies inside the tables; asked of what a file says."""
    n, pairs = tables.pairs.shape[1], tables.pairs
    inside = (pairs >= 0).all() and (pairs < (mdp.n_states, mdp.n_actions, 2)).all()
    placed = ((tables.head >= 0) & (tables.head < n) & (tables.held >= 0) & (tables.held <= n)).all()
    return bool(inside and placed)


@kernel(inline="always")
def emptied(tables: Any, model: Any, s: Any, now: Any, rng: Any) -> Any:
    """An episode begins with an empty ring."""
    tables.held[0] = 0
    return rng, s, -1


@kernel(inline="always")
def keep(tables: Any, t: Any) -> tuple[int, int]:
    """Put a step into the ring: (its place, how many are held now)."""
    n, at = tables.pairs.shape[0], tables.head[0]
    tables.pairs[at, 0], tables.pairs[at, 1], tables.pairs[at, 2] = t.s, t.a, t.explored
    tables.paid[at, 0], tables.paid[at, 1] = t.reward, t.extra
    tables.head[0] = at + 1 if at + 1 < n else 0
    tables.held[0] = min(tables.held[0] + 1, n)
    return at, tables.held[0]


@kernel(inline="always")
def back(at: int, n: int) -> int:
    """The place before another one in a ring of length n."""
    return at - 1 if at > 0 else n - 1


@kernel(inline="always")
def of_pair(now: Any, visits: Any, s: Any, a: Any) -> Any:
    """The hyperparameters of now for the update of a pair."""
    alpha = 1.0 / visits[s, a] if now.own.counting else now.alpha
    return Now(alpha, now.gamma, now.kind, now.level, now.own)


@kernel(inline="always")
def tell_of(record: Any, tables: Any, at: Any, t: Any, now: Any, a_next: Any, before: float, target: float,
            after: float, next_value: float) -> None:  # fmt: skip
    """Write into a record that the pair at a place of the ring was updated in step `t`."""
    pairs, paid = tables.pairs, tables.paid
    kept = Transition(
        pairs[at, 0], pairs[at, 1], paid[at, 0], paid[at, 1], t.s_next, t.terminated, t.truncated,
        pairs[at, 2] == 1, t.step,
    )  # fmt: skip
    tell(record, kept, now, a_next, before, target, after, next_value)


def steps_held(tables: Any, replica: int) -> list[Kept]:
    """The steps in a replica's ring, oldest first."""
    n, head, held = tables.pairs.shape[1], int(tables.head[replica]), int(tables.held[replica])
    places = [(head - held + i) % n for i in range(held)]
    pairs, paid = tables.pairs[replica].tolist(), tables.paid[replica].tolist()
    return [Kept(pairs[at][0], pairs[at][1], *paid[at]) for at in places]
