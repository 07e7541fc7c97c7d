"""A drawn world as a continuous one that agents learn in: many points that move in one compiled step."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsandbox.worlds.compiled import kernel
from rlsandbox.worlds.draws import seeded
from rlsandbox.worlds.picture import draw_point
from rlsandbox.worlds.point import (
    Physics,
    PointModel,
    begin_point,
    compile_point,
    move_point,
    point_observation,
    point_reset,
    walled_in,
)
from rlsandbox.worlds.simulation import Actions, Dimension, Outcome, Simulation, Slice, Walkers
from rlsandbox.worlds.world import World

PREFIX = "point:"
"""Before the name of a world: its continuous form."""


@dataclass(frozen=True)
class PointWorld(Simulation):
    """The continuous form of a drawn world.

    Attributes:
        drawn: the world as it is drawn.
        physics: how a point moves.
    """

    drawn: World
    physics: Physics = field(default_factory=Physics)

    @property
    def name(self) -> str:
        """That of the drawing, with a prefix."""
        return PREFIX + self.drawn.name

    @property
    def digest(self) -> str:
        """Tells it from every other one."""
        return hashlib.sha256(f"{self.drawn.digest} {asdict(self.physics)}".encode()).hexdigest()

    @property
    def drawing(self) -> World:
        """The world as it is drawn."""
        return self.drawn

    @property
    def shape(self) -> tuple[int, ...]:
        """Place and velocity."""
        return (4,)

    @property
    def actions(self) -> Actions:
        """The force."""
        return Actions(("right", "down"), (-1.0, -1.0), (1.0, 1.0))

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """Of an observation; see `point_observation`."""
        return tuple(Dimension(name, -1.0, 1.0) for name in ("x", "y", "velocity x", "velocity y"))

    @property
    def slice(self) -> Slice:
        """The middles of all cells, at rest."""
        return Slice(0, 1, self.drawn.width, self.drawn.height, (0.0, 0.0, 0.0, 0.0))

    @cached_property
    def model(self) -> PointModel:
        """The arrays that points move by.

        Raises:
            SandboxError: the drawing has no continuous form.
        """
        return compile_point(self.drawn, self.physics)

    @property
    def step_limit(self) -> int:
        """Steps after which an episode is cut."""
        return self.model.step_limit

    def walkers(self, seeds: Sequence[int], copies: int, pictures: bool = False) -> PointWalkers:
        """Points at the start of an episode each."""
        return PointWalkers(self, seeds, copies)


class PointWalkers(Walkers):
    """Points in one world.

    Attributes:
        place: `[N, E, 4]` float64, x, y in cells, and their velocities in cells/s.
    """

    def __init__(self, world: PointWorld, seeds: Sequence[int], copies: int) -> None:
        self.world = world
        shape = (len(seeds), copies)
        numbers = [[_generator(seed, e) for e in range(copies)] for seed in seeds]
        self.rng = np.array(numbers, np.uint64)
        self.place, self.age = np.zeros((*shape, 4)), np.zeros(shape, np.int64)
        self._begin(np.ones(shape, np.bool_))
        self.seen = point_observation(world.model, self.place)

    def _begin(self, which: NDArray[np.bool_]) -> None:
        flat = self.place.reshape(-1, 4), self.rng.reshape(-1), which.reshape(-1)
        point_reset(self.world.model, *flat)
        self.age[which] = 0

    def step(self, actions: NDArray[Any], moving: NDArray[np.bool_]) -> Outcome:
        """Push every copy; see `Walkers`."""
        shape = self.place.shape[:2]
        outcome = Outcome(
            np.zeros(shape), np.zeros(shape, np.bool_), np.zeros(shape, np.bool_), np.empty_like(self.seen)
        )
        push(self.world.model, actions, moving, self.place, self.age, self.rng, outcome, self.seen)
        return outcome

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All there is."""
        return {"place": self.place, "age": self.age, "rng": self.rng}

    def take_over(self, before: Walkers) -> NDArray[np.bool_]:
        """Who does not stand in a wall now."""
        assert isinstance(before, PointWalkers)
        for name, array in before.arrays().items():
            self.arrays()[name][...] = array
        return self._put()

    def came_back(self) -> None:
        """What is seen follows from where the points are; those that a file puts into a wall begin anew."""
        self._put()

    def _put(self) -> NDArray[np.bool_]:
        """Begin anew where nobody can be; returns who is still in the same place."""
        self.place[~np.isfinite(self.place).all(axis=2)] = -1.0
        wild = walled_in(self.world.model, self.place.reshape(-1, 4)).reshape(self.age.shape)
        self._begin(wild)
        self.seen = point_observation(self.world.model, self.place)
        return ~wild

    def frame(self, replica: int) -> NDArray[np.uint8]:
        """The drawing with the replica's first point."""
        x, y = self.place[replica, 0, :2].tolist()
        return draw_point(self.world.drawn, x, y)

    def close(self) -> None:
        """It holds nothing but arrays."""


def _generator(seed: int, copy: int) -> Any:
    return seeded((int(np.random.SeedSequence([seed, copy]).generate_state(1, np.uint64)[0]),))[0]


@kernel
def push(
    model: Any, force: Any, moving: Any, place: Any, age: Any, rng: Any, outcome: Any, seen: Any
) -> None:
    """One step of every copy of the moving replicas; who has ended begins anew.

    Args:
        model: a `PointModel`.
        force: `[N, E, 2]`.
        moving: `[N]` bool.
        place: `[N, E, 4]` float64, moved on.
        age: `[N, E]` int64, steps of the running episodes.
        rng: `[N, E]` uint64, advanced.
        outcome: an `Outcome` to fill.
        seen: `[N, E, 4]` float32 to fill.
    """
    for i in range(place.shape[0]):
        if not moving[i]:
            continue
        for e in range(place.shape[1]):
            at = place[i, e]
            rng[i, e], outcome.reward[i, e], terminated = move_point(
                model, at, force[i, e, 0], force[i, e, 1], rng[i, e]
            )
            age[i, e] += 1
            truncated = not terminated and age[i, e] >= model.step_limit
            outcome.terminated[i, e], outcome.truncated[i, e] = terminated, truncated
            for d in range(4):
                outcome.arrived[i, e, d] = at[d] * model.scale[d] + model.offset[d]
            if terminated or truncated:
                rng[i, e] = begin_point(model, at, rng[i, e])
                age[i, e] = 0
            for d in range(4):
                seen[i, e, d] = at[d] * model.scale[d] + model.offset[d]
