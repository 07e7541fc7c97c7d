"""The random agent: every action with the same chance, nothing learnt. What a method must beat.

Source: Sutton & Barto, 2nd edition, example 4.1 (the equiprobable random policy).
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from rlsandbox.learning.agent import Part, Preset, Update
from rlsandbox.learning.configs import Discounted
from rlsandbox.learning.control import Control, Tables
from rlsandbox.learning.exploration import EPSILON_GREEDY
from rlsandbox.learning.schedules import KINDS
from rlsandbox.learning.stepping import stepping, tell
from rlsandbox.learning.written import rewarded
from rlsandbox.worlds.compiled import kernel


@kernel(inline="always")
def learn(tables: Any, model: Any, t: Any, now: Any, rng: Any, record: Any, telling: Any) -> Any:
    """Learn nothing from a step `t`."""
    if telling:
        tell(record, t, now, -1, 0.0, 0.0, 0.0, 0.0)
    return rng, -1, False


class Idle(Discounted):
    """Hyperparameters of an agent that does not learn: the discount by which it is judged."""

    def level(self) -> tuple[int, str]:
        """It explores always, and nothing says how much."""
        return EPSILON_GREEDY, ""


class Random(Control):
    """The random agent: stumbles on, and shows what chance alone reaches."""

    title = "Random"
    source = "Sutton & Barto, 2nd ed., example 4.1"
    equation = "π(a|s) = 1 / |A|"
    task = "baseline"
    Config = Idle
    offers: ClassVar[frozenset[str]] = frozenset({"behaviour"})
    presets: ClassVar[dict[str, Preset]] = {}
    loop = stepping(learn)

    def make_tables(self) -> Tables:
        """Values that stay 0, so that the greedy policy is the random one."""
        return Tables(self.per_action(0.0), self.per_action(0, np.int64))

    def exploration(self) -> tuple[int, tuple[int, float, float, float]]:
        """Epsilon-greedy with epsilon 1."""
        return EPSILON_GREEDY, (KINDS["constant"], 1.0, 0.0, 0.0)

    def written(self, row: dict[str, float], replica: int) -> tuple[Part, ...]:
        """What the step paid."""
        return (*rewarded(row), Part(", and nothing is learnt"))

    def backup(self, state: int, replica: int) -> Update | None:
        """There is no update."""
        return None
