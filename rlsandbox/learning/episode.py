"""The running episode of methods that wait for its end: a buffer, and what they say of their last updates.

An episode is kept step by step in `states`, `actions` and `rewards`, each `[N, C]`. It is learnt from when it
terminates. One that was truncated, cut by an edit of the world, or longer than the buffer has no return: it
is dropped and counted. `told` `[N, ROWS, 7]` keeps the last updates for the screen. They and the record are
written at every episode's end, whoever looks, so that the stride changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from rlsandbox.learning.agent import Line, Part, Update, number
from rlsandbox.learning.paths import Footstep
from rlsandbox.learning.problem import Enumerable
from rlsandbox.learning.returns import discounted, imagined_update, return_lines
from rlsandbox.learning.sampling import Sampler
from rlsandbox.learning.walk import Index
from rlsandbox.learning.written import corrected, rewarded
from rlsandbox.worlds.compiled import kernel

CAPACITY = 10_000
"""Steps of the longest episode that is kept, where the world sets no lower limit."""

ROWS = 32
"""How many updates are told of at most."""

LOST = -1
"""Length of an episode whose beginning is not known, or that was too long."""


@kernel(inline="always")
def begin_episode(tables: Any, model: Any, s: Any, now: Any, rng: Any) -> Any:
    """Begin with an empty buffer; what it still holds was cut by an edit of the world."""
    if tables.length[0] != 0:
        tables.dropped[0] += 1
        tables.length[0] = 0
    return rng, s, -1


@kernel(inline="always")
def place(tables: Any) -> int:
    """Where in the buffer `remember` will keep the next step, -1 for nowhere."""
    n = tables.length[0]
    return n if n < tables.rewards.shape[0] else LOST


@kernel(inline="always")
def remember(tables: Any, t: Any, record: Any) -> int:
    """Keep a step; the number of steps of its episode if that has just terminated, else 0."""
    n = place(tables)
    if n != LOST:
        i = Index(n)
        tables.states[i], tables.actions[i], tables.rewards[i] = t.s, t.a, t.reward
        n += 1
    tables.length[0] = n
    if t.terminated or t.truncated:
        tables.length[0] = 0
        if t.terminated and n != LOST:
            return n
        tables.dropped[0] += 1
        record[0] = np.nan  # nothing was learnt from it
    return 0


@kernel(inline="always")
def report(told: Any, row: int, s: Any, a: Any, g: float, before: float, after: float, ratio: float,
           total: float) -> None:  # fmt: skip
    """Tell of an update towards the return `g`; `total` is what the ratio is a part of."""
    if row < ROWS:
        told[row, 0], told[row, 1], told[row, 2], told[row, 3] = s, a, g, before
        told[row, 4], told[row, 5], told[row, 6] = after, ratio, total


@kernel(inline="always")
def close(told: Any, rows: int) -> None:
    """Say how many updates were told of."""
    if rows < ROWS:
        told[rows, 0] = np.nan


def rows_of(told: Any) -> list[list[float]]:
    """The rows `[state, action, return, before, after, ratio, total]` of a replica's `told` `[ROWS, 7]`."""
    unused = np.isnan(told[:, 0])
    return told[: int(unused.argmax()) if unused.any() else ROWS].tolist()


def told_fit(told: Any, n_states: int, n_actions: int) -> bool:
    """Whether the states and actions of what a file tells lie inside its world."""
    used = told[~np.isnan(told[..., 0])]
    inside = (used[:, 0] >= 0) & (used[:, 0] < n_states) & (used[:, 1] >= 0) & (used[:, 1] < n_actions)
    return bool(inside.all())


def told_line(row: list[float], action: str = "", weight: str = "") -> Line:
    """A row written out: "up: G = 3, 1 → 1.2", with a weight if there is one."""
    state = int(row[0])
    return Line(
        state,
        (
            Part(f"{action}: G = " if action else "G = "),
            Part(number(row[2]), "reward"),
            Part(f"{weight}, "),
            Part(number(row[3]), "old", state),
            Part(" → "),
            Part(number(row[4]), "new", state),
        ),
    )


class Episodic(Sampler):
    """Mixed into methods that learn at the end of an episode; before their base of control or prediction."""

    buffers: ClassVar[tuple[str, ...]] = ("states", "actions", "rewards")
    """Tables `[N, C]` that hold a number for each step of the episode."""

    def episode_tables(self) -> dict[str, Any]:
        """An empty buffer, and nothing told."""
        n, steps = self.n_seeds, min(CAPACITY, self.problem.mdp.step_limit or CAPACITY)
        return {
            "states": np.zeros((n, steps), np.int64),
            "actions": np.zeros((n, steps), np.int64),
            "rewards": np.zeros((n, steps)),
            "length": np.zeros(n, np.int64),
            "dropped": np.zeros(n, np.int64),
            "told": np.full((n, ROWS, 7), np.nan),
        }

    def tables_fit(self, tables: Any) -> bool:
        """Whether the buffer's states, actions and lengths are those of this world."""
        mdp = self.problem.mdp
        return bool(
            tables.length.min() >= LOST
            and tables.length.max() <= tables.rewards.shape[1]
            and tables.states.min() >= 0
            and tables.states.max() < mdp.n_states
            and tables.actions.min() >= 0
            and tables.actions.max() < mdp.n_actions
            and told_fit(tables.told, mdp.n_states, mdp.n_actions)
        )

    def replace_problem(self, problem: Enumerable) -> None:
        """Keep what still has a place; where the buffer had to be made anew, drop the running episode."""
        old, running = self.tables, self.walk.length > 0
        super().replace_problem(problem)
        fresh = self.make_tables()
        if self.tables is old and fresh.rewards.shape == old.rewards.shape:
            return
        self.tables = self.tables._replace(
            dropped=old.dropped,
            length=np.where(running, np.int64(LOST), np.int64(0)),
            **{name: getattr(fresh, name) for name in self.buffers},
        )

    def metrics(self, replica: int) -> dict[str, float]:
        """And the episodes that were dropped."""
        return {**super().metrics(replica), "dropped": float(self.tables.dropped[replica])}

    def written(self, row: dict[str, float], replica: int) -> tuple[Part, ...]:
        """Before + alpha [ G - before ] = after."""
        return corrected(row, rewarded(row))

    def lines(self, row: dict[str, float], replica: int) -> tuple[Line, ...]:
        """The last updates of the episode, the latest step first."""
        names = [action.name for action in self.problem.world.actions]
        return tuple(
            told_line(told, "" if self.task == "prediction" else names[int(told[1])], self.weight(told))
            for told in rows_of(self.tables.told[replica])
        )

    def weight(self, told: list[float]) -> str:
        """What the weight of an update is written as."""
        return ""

    def backup_of(
        self, steps: Sequence[Footstep], before: float, weigh: Callable[[float], tuple[float, float]]
    ) -> Update | None:
        """The update that the first pair of an imagined episode would get; None if that does not end.

        `weigh` makes of the return the target, and the share of the error that is corrected.
        """
        if not steps or not steps[-1].terminated:
            return None
        gamma = self.config.gamma
        target, alpha = weigh(discounted([step.reward for step in steps], gamma))
        lines, parts = return_lines(steps[:ROWS], gamma), (Part(number(target), "reward"),)
        of_state = self.task == "prediction"
        return imagined_update(steps, before, target, parts, alpha, gamma, lines, of_state=of_state)
