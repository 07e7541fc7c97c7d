"""What agents share that learn from a memory of old steps: when they walk, and when they update."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.agent import Tick
from rlsandbox.learning.deep import DeepAgent, DeepConfig
from rlsandbox.learning.hyperparams import hp
from rlsandbox.learning.problem import Problem
from rlsandbox.learning.rolling import FOREVER


class ReplayConfig(DeepConfig):
    """Hyperparameters of methods with a replay memory."""

    batch: int = hp(
        64, ge=1, le=65_536, log=True, label="Batch", doc="steps that an update learns from", advanced=True
    )
    memory: int = hp(
        50_000,
        ge=1,
        le=10**7,
        log=True,
        label="Memory",
        doc="steps of a replica that are remembered",
        advanced=True,
    )
    learning_starts: int = hp(
        100,
        ge=1,
        le=10**7,
        log=True,
        label="Starts after",
        doc="steps before the first update",
        unit="steps",
        advanced=True,
    )
    train_every: int = hp(
        4,
        ge=1,
        le=10_000,
        log=True,
        label="Update every",
        doc="steps from update to update",
        unit="steps",
        advanced=True,
    )
    n_envs: int = hp(
        1, ge=1, le=1024, log=True, label="Copies", doc="agents that walk side by side", advanced=True
    )


class OffPolicy(DeepAgent):
    """Base of methods that draw from a memory; a subclass gives `update`.

    Attributes:
        due: `[1]` step at which the next update is due.
    """

    offers: ClassVar[frozenset[str]] = frozenset({"replay"})

    def __init__(self, problem: Problem, config: ReplayConfig, seeds: Sequence[int]) -> None:
        self.due = np.array([config.learning_starts], np.int64)
        super().__init__(problem, config, seeds)

    @property
    def n_copies(self) -> int:
        """E."""
        return self.config.n_envs

    @property
    def capacity(self) -> int:
        """The size of the memory."""
        return self.config.memory

    @abstractmethod
    def update(self, active: NDArray[np.bool_]) -> None:
        """One gradient update of the active replicas."""

    def learn(self) -> Iterator[Tick]:
        """Walk, with an update wherever one is due, for ever; every tick is a boundary."""
        steps = self.walk.steps
        while True:
            end = int(steps.min(initial=FOREVER, where=~self.resting)) + self.stride
            while True:
                due = int(self.due[0])
                self.roll(step=min(due, end))
                active = steps >= due
                if active.any():
                    unused = self.walk.rng[~active]
                    with self.shared():
                        self.update(active)
                    self.walk.rng[~active] = unused  # who rests draws nothing
                    self.due += self.config.train_every
                if due >= end or self.resting.all() or self.overdue:
                    break
            yield Tick("steps", boundary=True)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """When the next update is due."""
        return {**super().arrays(), "due": self.due}

    def field(self, name: str, replica: int | None) -> NDArray[Any]:
        """`[S, A]`: how many of the stored steps began there; without a replica, the mean."""
        return self.stored(np.ones(self.memory.reward.shape), replica)

    def stored(self, weight: NDArray[np.float64], replica: int | None) -> NDArray[np.float64]:
        """`[S, A]` (continuous: `[S, 1]`): sums of weights `[N, C]` over the stored steps.

        Without a replica, their mean.
        """
        if replica is None:
            return np.mean([self.stored(weight, i) for i in range(self.n_seeds)], axis=0)
        filled, actions = int(self.remembered_steps[replica]), self.problem.actions
        states = self.ground.spots(self.memory.state[replica, :filled])
        numbers = 0 if actions.continuous else self.memory.action[replica, :filled]
        columns = 1 if actions.continuous else actions.size
        rows = self.ground.n_spots
        known = states >= 0
        pairs = (states * columns + numbers)[known]
        sums: Any = np.bincount(pairs, weight[replica, :filled][known], rows * columns)
        return sums.reshape(rows, columns)

    @property
    def remembered_steps(self) -> NDArray[np.int64]:
        """`[N]`: how many steps are in the memory."""
        return np.minimum(self.memory.count, self.capacity)
