"""What a session remembers: moments to go back to, and its distance to the oracle. Both are bounded."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.agent import Floats
from rlsandbox.learning.hyperparams import AgentConfig
from rlsandbox.worlds.places import Place

_MOST_MOMENTS, _SPACING = 32, 1024
"""Moments, and the steps between them while a run is short."""
_MOST_BYTES = 256 * 2**20
_MOST_POINTS = 256
_SHARE = 0.05
_FREE_SECONDS = 0.4
"""Share of the time that logging the gap may take, after the first seconds, which a short run needs."""


@dataclass(frozen=True)
class Moment:
    """A complete state of a run at a boundary.

    Attributes:
        clock: steps (sweeps) of the furthest replica.
        state: what `Agent.state` gave.
        world, config: as they were.
        n_commands: how many commands had been given.
        n_edits: how many notes the run had about changes.
    """

    clock: int
    state: dict[str, NDArray[Any]]
    world: Place
    config: AgentConfig
    n_commands: int
    n_edits: int = 0


class History:
    """Moments at multiples of a spacing, doubled when they are too many: counters place them, not time.

    Where fewer of them are kept, since each is large, they are further apart from the first one on.
    """

    def __init__(self) -> None:
        self.moments: list[Moment] = []
        self.latest: Moment
        self._spacing = _SPACING
        self._next = 0

    def wants(self, clock: int) -> bool:
        """Whether a moment is due."""
        return clock >= self._next

    def keep(self, moment: Moment, latest: bool = False) -> None:
        """Remember a moment; with `latest` only as the newest one unless it is due."""
        self.latest = moment
        if latest and not self.wants(moment.clock):
            return
        self.moments.append(moment)
        size = sum(array.nbytes for array in moment.state.values())
        most = max(4, min(_MOST_MOMENTS, _MOST_BYTES // max(1, size)))
        self._spacing = max(self._spacing, _SPACING * _MOST_MOMENTS // most)
        if len(self.moments) > most:
            self._spacing *= 2
            self.moments = self.moments[::2]
        self._next = (moment.clock // self._spacing + 1) * self._spacing

    def forget_after(self, clock: int) -> None:
        """Drop the moments after a step, when the run goes another way from there."""
        self.moments = [moment for moment in self.moments if moment.clock <= clock]
        self.latest = self.moments[-1]
        self._next = (clock // self._spacing + 1) * self._spacing


@dataclass(frozen=True)
class Gap:
    """P points of distance to the oracle.

    Attributes:
        clock: `[P]` steps.
        episodes: `[P, N]`.
        gap: `[P, N]` V*(start) - V^pi(start), NaN where the policy never ended; for a method that predicts,
            the root mean square of V - V^pi.
    """

    clock: NDArray[np.int64]
    episodes: Floats
    gap: Floats


class GapLog:
    """At most `_MOST_POINTS` points; half of them go when they are too many, and the spacing doubles."""

    def __init__(self) -> None:
        self._points: list[tuple[int, Floats, Floats]] = []
        self._spacing = 256
        self._spent = 0.0
        self._rest_until = 0.0

    @property
    def last_clock(self) -> int:
        """Step of the newest point, -1 before the first."""
        return self._points[-1][0] if self._points else -1

    def due_at(self) -> int | None:
        """Step of the next point; None while the log rests because the last points cost so much."""
        return max(0, self.last_clock) + self._spacing if time.perf_counter() >= self._rest_until else None

    def due(self, clock: int) -> bool:
        """Whether the next point is due, by steps and by what the last ones cost."""
        at = self.due_at()
        return at is not None and clock >= at

    def add(self, clock: int, episodes: NDArray[np.int64], measure: Callable[[], Floats]) -> None:
        """Measure every replica's distance `[N]`, NaN where there is none, and log it."""
        began = time.perf_counter()
        self._points.append((clock, episodes.astype(np.float64), measure()))
        if len(self._points) > _MOST_POINTS:
            self._points = self._points[::2]
            self._spacing *= 2
        now = time.perf_counter()
        self._spent += now - began
        self._rest_until = 0.0 if self._spent < _FREE_SECONDS else now + (now - began) / _SHARE

    def forget_after(self, clock: int) -> None:
        """Drop the points after a step."""
        self._points = [point for point in self._points if point[0] <= clock]

    def read(self) -> Gap:
        """Copies of all points."""
        if not self._points:
            return Gap(np.empty(0, np.int64), np.empty((0, 0)), np.empty((0, 0)))
        clock, episodes, gap = zip(*self._points, strict=True)
        return Gap(np.array(clock), np.stack(episodes), np.stack(gap))
