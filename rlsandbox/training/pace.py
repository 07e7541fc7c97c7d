"""How fast a run that is watched goes, and how fast it went."""

from __future__ import annotations

import time
from dataclasses import dataclass

from rlsandbox.worlds.errors import check


@dataclass(frozen=True)
class Pace:
    """A speed in steps or in episodes a second of one replica; with neither, as fast as it goes.

    Raises:
        SandboxError: both are given, or one is not above zero.
    """

    steps_per_second: float | None = None
    episodes_per_second: float | None = None

    def __post_init__(self) -> None:
        given = [x for x in (self.steps_per_second, self.episodes_per_second) if x is not None]
        check(len(given) < 2, "Give a pace in steps or in episodes a second, not in both.")
        check(all(x > 0 for x in given), "Give a pace above zero; to rest, pause the run.")


PACES: tuple[Pace, ...] = (
    *(Pace(steps_per_second=x) for x in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)),
    *(Pace(episodes_per_second=x) for x in (50, 200, 1000)),
    Pace(),
)
"""The stops of a speed slider, slow to fast."""

FIRST_PACE = Pace(episodes_per_second=50)
"""One sees an agent learn: the first 500 episodes in about ten seconds."""


class Rate:
    """Steps a second over about the last half second, and the length of recent episodes.

    Attributes:
        value: steps a second; 0 before it is known.
    """

    def __init__(self) -> None:
        self.value = 0.0
        self._since, self._steps = time.perf_counter(), -1
        self._marks: list[tuple[int, int]] = []

    def count(self, steps: int) -> None:
        """Take note of the number of steps made so far."""
        now = time.perf_counter()
        if self._steps < 0:
            self._since, self._steps = now, steps
        elif now - self._since >= 0.5:
            self.value = (steps - self._steps) / (now - self._since)
            self._since, self._steps = now, steps

    def episode_length(self, steps: int, episodes: int) -> float:
        """Mean steps of the last episodes, from the numbers made so far; while the first runs, its steps."""
        if not self._marks or episodes != self._marks[-1][1]:
            self._marks = [*self._marks[-20:], (steps, episodes)]
        first_steps, first_episodes = self._marks[0]
        return max(4.0, (steps - first_steps) / max(1, episodes - first_episodes))
