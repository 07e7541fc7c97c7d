"""Worlds whose states cannot be listed: what is seen and done there, and copies of them that are played."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from rlsandbox.worlds.world import World


@dataclass(frozen=True)
class Actions:
    """What can be done: one of several numbered actions, or several numbers at once.

    Attributes:
        names: of the actions, or of the numbers.
        low, high: least and greatest value of each number; empty for numbered actions.
    """

    names: tuple[str, ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()

    @property
    def size(self) -> int:
        """A, how many there are."""
        return len(self.names)

    @property
    def continuous(self) -> bool:
        """Whether an action is A numbers; else it is one of A."""
        return bool(self.low)


def reach(low: Sequence[float], high: Sequence[float]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """`[A]` middles and half widths of ranges: the units in which agents choose continuous actions."""
    least, most = (np.array(bound, np.float64) for bound in (low, high))
    return ((most + least) / 2).astype(np.float32), ((most - least) / 2).astype(np.float32)


@dataclass(frozen=True)
class Dimension:
    """One number of an observation, with the range in which a picture shows it."""

    name: str
    low: float
    high: float


@dataclass(frozen=True)
class Slice:
    """Observations that a screen asks about: two dimensions vary, the others stay.

    Attributes:
        x, y: which dimension goes from left to right, and which from above downwards.
        columns, rows: at so many places each, in the middles of equal parts of their ranges.
        at: the value of every dimension; those of x and y are not used.
    """

    x: int
    y: int
    columns: int
    rows: int
    at: tuple[float, ...]

    def points(self, dimensions: Sequence[Dimension]) -> NDArray[np.float32]:
        """`[rows * columns, D]`, row by row."""
        found = np.empty((self.rows, self.columns, len(self.at)), np.float32)
        found[:] = self.at
        found[:, :, self.x] = _middles(dimensions[self.x], self.columns)
        found[:, :, self.y] = _middles(dimensions[self.y], self.rows)[:, None]
        return found.reshape(-1, len(self.at))

    def suits(self, dimensions: Sequence[Dimension]) -> bool:
        """Whether it can be asked about in a world of these dimensions."""
        return len(self.at) == len(dimensions) and max(self.x, self.y) < len(dimensions)

    def spots(self, observations: NDArray[np.float32], dimensions: Sequence[Dimension]) -> NDArray[np.int64]:
        """`[...]`: at which of the places observations `[..., D]` lie, as far as x and y tell."""
        spots = np.zeros(observations.shape[:-1], np.int64)
        for which, parts in ((self.y, self.rows), (self.x, self.columns)):
            low, high = dimensions[which].low, dimensions[which].high
            share = (observations[..., which] - low) / (high - low)
            spots = spots * parts + np.clip(np.nan_to_num(share * parts), 0, parts - 1).astype(np.int64)
        return spots


def _middles(dimension: Dimension, parts: int) -> NDArray[np.float64]:
    return dimension.low + (np.arange(parts) + 0.5) / parts * (dimension.high - dimension.low)


class Outcome(NamedTuple):
    """What a step of E copies of N replicas led to."""

    reward: Any  # [N, E] float64
    terminated: Any  # [N, E] bool
    truncated: Any  # [N, E] bool
    arrived: Any  # [N, E, D...] float32, or [N, E] int64, what is seen there, also at an end


class Walkers(ABC):
    """E copies of a world for each of N replicas; replica k is what it would be alone.

    Attributes:
        seen: `[N, E, D...]` float32 (`[N, E]` int64 where states are numbered) what each copy sees now.
    """

    seen: NDArray[Any]

    @abstractmethod
    def step(self, actions: NDArray[Any], moving: NDArray[np.bool_]) -> Outcome:
        """One step of every copy of the `moving` replicas `[N]`; copies that have ended begin anew.

        Args:
            actions: `[N, E]` int64, or `[N, E, A]` float32, which is cut to what is allowed.
            moving: the others stay as they are; their part of the outcome means nothing.

        Raises:
            SandboxError: the world fails, or gives what is not a number.
        """

    @abstractmethod
    def arrays(self) -> dict[str, NDArray[Any]]:
        """By reference all that is needed to go on from here, as far as the world lets it be known."""

    @abstractmethod
    def take_over(self, before: Walkers) -> NDArray[np.bool_]:
        """Go on where others stand, in an edited world; returns `[N, E]`, who could stay there."""

    @abstractmethod
    def came_back(self) -> None:
        """`arrays` have been filled with those of another moment."""

    def frame(self, replica: int) -> NDArray[np.uint8] | None:
        """`[h, w, 3]`: a picture of a replica's first copy, or None.

        Raises:
            SandboxError: it cannot be drawn.
        """
        return None

    @abstractmethod
    def close(self) -> None:
        """Let go of what it holds."""


class Simulation(ABC):
    """A world that can only be played; frozen, like `World`, whose place it takes in a session."""

    resumes: ClassVar[bool] = True
    """Whether its walkers' `arrays` say all, so that going on from them is exact."""
    schedule: ClassVar[tuple[Any, ...]] = ()
    """A simulation stays as it is."""

    @property
    @abstractmethod
    def name(self) -> str:
        """For people."""

    @property
    @abstractmethod
    def digest(self) -> str:
        """Tells it from every other world."""

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """D... of an observation; `()` where states are numbered."""

    @property
    def n_states(self) -> int:
        """How many numbered states there are; 0 where an observation is a picture or numbers."""
        return 0

    @property
    @abstractmethod
    def actions(self) -> Actions:
        """What can be done."""

    @property
    @abstractmethod
    def step_limit(self) -> int:
        """Steps after which an episode is cut; 0: never."""

    @property
    def drawing(self) -> World | None:
        """The drawing that it is made from, if there is one."""
        return None

    @property
    @abstractmethod
    def dimensions(self) -> tuple[Dimension, ...]:
        """The numbers of an observation; empty for pictures and numbered states."""

    @property
    @abstractmethod
    def slice(self) -> Slice | None:
        """What a screen asks about unless somebody says otherwise; None where there is nothing to vary."""

    @abstractmethod
    def walkers(self, seeds: Sequence[int], copies: int, pictures: bool = False) -> Walkers:
        """Copies at the start of an episode each.

        Args:
            seeds: one a replica.
            copies: E.
            pictures: whether `frame` will be asked for.

        Raises:
            SandboxError: the world cannot be made.
        """

    def at_step(self, step: int) -> Simulation:
        """Itself."""
        return self
