"""Planning updates that are told: which pairs a method went through in thought after its last real step."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.agent import Line, Part, number
from rlsandbox.learning.configs import ControlConfig
from rlsandbox.learning.control import Control
from rlsandbox.learning.hyperparams import hp
from rlsandbox.learning.written import closed
from rlsandbox.worlds.compiled import kernel

COLUMNS = ("state", "action", "reward", "extra", "next_state", "ended", "before", "after")
ROWS = 64
"""Planning updates of a step that are kept to be shown, the first ones."""
_LINES = 32


@kernel(inline="always")
def tell_planned(planned: Any, i: int, s: Any, a: Any, reward: float, extra: float, s_next: Any, ended: Any,
                 before: float, after: float) -> None:  # fmt: skip
    """Write the `i`th planning update of a step into `planned` `[ROWS, 8]`, if there is room."""
    if i < planned.shape[0]:
        row = planned[i]
        row[0], row[1], row[2], row[3], row[4] = s, a, reward, extra, s_next
        row[5], row[6], row[7] = ended, before, after


class PlanningConfig(ControlConfig):
    """Hyperparameters that such methods share."""

    planning_steps: int = hp(
        10,
        ge=0,
        le=10_000,
        label="Planning steps",
        symbol="n",
        doc="updates from the model after every step in the world, at most",
        live=True,
    )


class Planning(Control):
    """Base of methods that update action values from a learnt model as well; `tables.planned` tells of it.

    `planned` `[N, ROWS, 8]` holds the planning updates of the step that the record is of, NaN after the last.
    """

    Config = PlanningConfig
    offers: ClassVar[frozenset[str]] = Control.offers | {"backups", "known"}

    def empty_rows(self) -> NDArray[np.float64]:
        """`planned`, with nothing told."""
        return np.full((self.n_seeds, ROWS, len(COLUMNS)), np.nan)

    def told(self, replica: int) -> list[dict[str, float]]:
        """The planning updates of the last step, in order."""
        rows = self.tables.planned[replica]
        return [dict(zip(COLUMNS, row, strict=True)) for row in rows[~np.isnan(rows[:, 0])].tolist()]

    def lines(self, row: dict[str, float], replica: int) -> tuple[Line, ...]:
        """Rows of the model planned from: S, A -> R, S', and what became of Q(S, A)."""
        if row["step"] < 0:  # nobody has walked it
            return ()
        return tuple(self._line(told) for told in self.told(replica)[:_LINES])

    def pair(self, state: int, action: int) -> str:
        """A pair in words."""
        world = self.problem.world
        return f"{world.cell_of(state)} {world.actions[action].name}"

    def _line(self, told: dict[str, float]) -> Line:
        state, s_next = int(told["state"]), int(told["next_state"])
        extra = (Part(f" + {closed(told['extra'])} (added)"),) if told["extra"] else ()
        end = " (terminal)" if told["ended"] else ""
        parts = (
            Part(f"{self.pair(state, int(told['action']))} → "),
            Part(number(told["reward"]), "reward"),
            *extra,
            Part(", "),
            Part(f"{self.problem.world.cell_of(s_next)}{end}", "next", s_next),
            Part(": "),
            Part(number(told["before"]), "old", state),
            Part(" → "),
            Part(number(told["after"]), "new", state),
        )
        return Line(state, parts)

    def one_step(self, state: int, replica: int) -> dict[str, float]:
        """A record's row, as what the model knows of the greedy action would write it, if it knows it."""
        row = super().one_step(state, replica)
        pair = replica, state, int(row["action"])
        s_next, ended = int(self.tables.next_state[pair]), bool(self.tables.ended[pair])
        if s_next < 0:
            return row
        row |= {"reward": float(self.tables.reward[pair]), "extra": self.added(pair), "next_state": s_next}
        row |= {"terminated": ended, "next_value": 0.0 if ended else self.successor(s_next, replica)}
        row["next_action"] = -1 if ended else int(self.action_values()[replica, s_next].argmax())
        row["target"] = row["reward"] + row["extra"] + row["gamma"] * row["next_value"]
        return row

    def added(self, pair: tuple[int, int, int]) -> float:
        """What planning adds to the reward of a (replica, state, action)."""
        return 0.0

    def field(self, name: str, replica: int | None) -> NDArray[Any]:
        """`[L]` states backed up in thought after the last step, in order; else as every control method."""
        if name == "backups":
            return np.array([int(told["state"]) for told in self.told(replica or 0)], np.int64)
        return super().field(name, replica)

    def tables_fit(self, tables: Any) -> bool:
        """Whether the states and actions told of are there."""
        mdp, rows = self.problem.mdp, tables.planned
        rows = rows[~np.isnan(rows[..., 0])]
        limits = ((0, mdp.n_states), (1, mdp.n_actions), (4, mdp.n_states))
        return super().tables_fit(tables) and all(
            bool(((rows[:, column] >= 0) & (rows[:, column] < limit)).all()) for column, limit in limits
        )
