"""How fast a run that is watched goes."""

from __future__ import annotations

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
