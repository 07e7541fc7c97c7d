"""Random worlds by size and seed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rlsandbox.worlds.errors import SandboxError, check
from rlsandbox.worlds.rules import MAX_SIDE, Cell, Rules
from rlsandbox.worlds.tiles import CODE
from rlsandbox.worlds.validation import MAX_ARMS
from rlsandbox.worlds.world import World

_UNIT_STEPS = ((-1, 0), (0, 1), (1, 0), (0, -1))
_ROCK = 0.44
_SMOOTHINGS = 4
_LOOPS = 0.08
"""Share of the walls between two corridors that are opened, so that there is more than one way."""


def maze(height: int, width: int, seed: int) -> World:
    """A maze with a few loops; start and goal lie as far apart as two cells can, found by two sweeps.

    A perfect maze is carved by a random depth-first walk over every second cell; then some walls are opened.
    Where a side is even, its last row or column is a second outer wall.

    Args:
        height: rows, 5 to 512.
        width: columns, 5 to 512.
        seed: equal seeds give equal mazes.
    """
    rng = np.random.default_rng(seed)
    rooms = ((height - 1) // 2, (width - 1) // 2)
    free = np.zeros((height, width), np.bool_)
    room = (int(rng.integers(rooms[0])), int(rng.integers(rooms[1])))
    free[2 * room[0] + 1, 2 * room[1] + 1] = True
    path = [room]
    while path:
        r, c = path[-1]
        closed = [
            (r + dr, c + dc)
            for dr, dc in _UNIT_STEPS
            if 0 <= r + dr < rooms[0]
            and 0 <= c + dc < rooms[1]
            and not free[2 * (r + dr) + 1, 2 * (c + dc) + 1]
        ]
        if not closed:
            path.pop()
            continue
        following = closed[int(rng.integers(len(closed)))]
        free[r + following[0] + 1, c + following[1] + 1] = True  # the wall between the two rooms
        free[2 * following[0] + 1, 2 * following[1] + 1] = True
        path.append(following)
    for r in range(1, 2 * rooms[0]):
        for c in range(1, 2 * rooms[1]):
            if (r + c) % 2 and not free[r, c] and rng.random() < _LOOPS:
                free[r, c] = True
    corner = (1, 1)
    start = _farthest(free, corner)
    return _world(f"Maze {height}x{width}, seed {seed}", free, start, _farthest(free, start))


def open_grid(height: int, width: int, seed: int) -> World:
    """A floor without walls; start and goal at random, at least half the longer side apart.

    Args:
        height: rows, 5 to 512.
        width: columns, 5 to 512.
        seed: equal seeds give equal worlds.
    """
    rng = np.random.default_rng(seed)
    while True:
        r0, r1 = (int(r) for r in rng.integers(height, size=2))
        c0, c1 = (int(c) for c in rng.integers(width, size=2))
        if abs(r0 - r1) + abs(c0 - c1) >= (max(height, width) + 1) // 2:
            break
    free = np.ones((height, width), np.bool_)
    return _world(f"Open grid {height}x{width}, seed {seed}", free, (r0, c0), (r1, c1))


def cave(height: int, width: int, seed: int) -> World:
    """A cave: noise that a cellular automaton smoothed; start and goal lie as far apart as two cells can.

    Rock is any cell with five or more rocks among itself and its neighbours, four times over; only the
    largest room is kept.

    Args:
        height: rows, 5 to 512.
        width: columns, 5 to 512.
        seed: equal seeds give equal caves.
    """
    rng = np.random.default_rng(seed)
    while True:
        rock = rng.random((height, width)) < _ROCK
        for _ in range(_SMOOTHINGS):
            around = np.pad(rock, 1, constant_values=True).astype(np.int8)
            around = around[:-2] + around[1:-1] + around[2:]
            rock = around[:, :-2] + around[:, 1:-1] + around[:, 2:] >= 5
        rock[[0, -1]], rock[:, [0, -1]] = True, True
        free = _largest_room(~rock)
        if np.count_nonzero(free) >= 2:
            break
    r, c = np.argwhere(free)[0].tolist()
    start = _farthest(free, (r, c))
    return _world(f"Cave {height}x{width}, seed {seed}", free, start, _farthest(free, start))


def bandit(arms: int, seed: int) -> World:
    """A bandit whose arms pay normal rewards of spread 1, their means drawn from a standard normal.

    Args:
        arms: 1 to 1000.
        seed: equal seeds give equal bandits.
    """
    means = np.random.default_rng(seed).normal(size=arms)
    return bandit_of(means, f"Bandit of {arms} arms, seed {seed}")


def bandit_of(means: NDArray[np.float64], name: str, drift: float = 0.0) -> World:
    """A bandit whose arms lie in reading order above the start.

    Args:
        means: `[A]` mean reward of each arm.
        name: the world's name.
        drift: see `Rules.drift`.
    """
    width = min(len(means), 10 if len(means) <= 100 else 40)
    height = -(-len(means) // width) + 1
    world = World.blank(height, width, name, Rules(moves=0, drift=drift))
    cells = [divmod(k, width) for k in range(len(means))]
    world = world.painted(cells, "arm").painted([(height - 1, width // 2)], "start")
    reward = world.reward.copy()
    reward.ravel()[: len(means)] = means
    return world.replace(reward=reward)


def _largest_room(free: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The largest part of the free cells that hangs together; the first of equal ones."""
    left, best = free, np.zeros_like(free)
    for r, c in np.argwhere(free).tolist():
        if left[r, c]:
            room = _swept(left, (r, c))[1]
            left = left & ~room
            if np.count_nonzero(room) > np.count_nonzero(best):
                best = room
    return best


def _farthest(free: NDArray[np.bool_], source: Cell) -> Cell:
    """The last cell that a breadth-first sweep from `source` reaches."""
    return _swept(free, source)[0]


def _swept(free: NDArray[np.bool_], source: Cell) -> tuple[Cell, NDArray[np.bool_]]:
    """The last cell that a breadth-first sweep from `source` reaches, and all that it reaches `[H, W]`."""
    # a rim of walls around the cells makes every neighbour a plain difference of numbers
    rim = np.pad(free, 1)
    width = rim.shape[1]
    unseen = bytearray(rim.tobytes())
    cell = (source[0] + 1) * width + source[1] + 1
    unseen[cell] = 0
    steps = [dr * width + dc for dr, dc in _UNIT_STEPS]
    queue = deque([cell])
    while queue:
        cell = queue.popleft()
        for step in steps:
            if unseen[cell + step]:
                unseen[cell + step] = 0
                queue.append(cell + step)
    reached = rim & (np.frombuffer(unseen, np.bool_).reshape(rim.shape) == 0)
    return (cell // width - 1, cell % width - 1), reached[1:-1, 1:-1]


def _world(name: str, free: NDArray[np.bool_], start: Cell, goal: Cell) -> World:
    height, width = free.shape
    rules = Rules(step_reward=-1.0, step_limit=10 * height * width)
    blank = World.blank(height, width, name, rules)
    terrain = np.where(free, CODE["floor"], CODE["wall"])
    objects, reward = blank.objects.copy(), blank.reward.copy()
    objects[start], objects[goal], reward[goal] = CODE["start"], CODE["goal"], -1.0
    return blank.replace(terrain=terrain, objects=objects, reward=reward)


@dataclass(frozen=True)
class Generator:
    """One family of worlds.

    Attributes:
        id: the word before the colon.
        title: name for people.
        description: one sentence.
        form: what is written after the word.
        example: the same with numbers.
        make: (the text before the last colon, seed) -> World.
    """

    id: str
    title: str
    description: str
    form: str
    example: str
    make: Callable[[str, int], World]


def _sized(make: Callable[[int, int, int], World]) -> Callable[[str, int], World]:
    """A generator that takes a side (`21`) or height and width (`21x31`)."""

    def read(size: str, seed: int) -> World:
        sides = size.split("x") if "x" in size else [size, size]
        check(
            len(sides) == 2 and all(map(_is_number, sides)), f"SIZE is a side or HEIGHTxWIDTH, not {size!r}."
        )
        height, width = (int(side) for side in sides)
        check(
            all(5 <= side <= MAX_SIDE for side in (height, width)),
            f"SIZE must be from 5 to {MAX_SIDE}, not {size}.",
        )
        return make(height, width, seed)

    return read


def _armed(arms: str, seed: int) -> World:
    check(
        _is_number(arms) and 1 <= int(arms) <= MAX_ARMS, f"ARMS must be from 1 to {MAX_ARMS}, not {arms!r}."
    )
    return bandit(int(arms), seed)


_SIZES = "SIZE is a side (21) or height and width (21x31)."
GENERATORS: dict[str, Generator] = {
    generator.id: generator
    for generator in (
        Generator("maze", "Maze", f"A random maze. {_SIZES}", "SIZE:SEED", "21:0", _sized(maze)),
        Generator("open", "Open grid", f"An open grid. {_SIZES}", "SIZE:SEED", "21:0", _sized(open_grid)),
        Generator("cave", "Cave", f"A random cave. {_SIZES}", "SIZE:SEED", "21:0", _sized(cave)),
        Generator(
            "bandit", "Bandit", "Arms whose mean rewards are drawn at random.", "ARMS:SEED", "10:0", _armed
        ),
    )
}
"""Generators by the word before the colon."""


def generated(name: str) -> World | None:
    """The world of a generator with its arguments (`maze:21:0`); None if no generator is named.

    Raises:
        SandboxError: the arguments are wrong.
    """
    kind, colon, rest = name.partition(":")
    generator = GENERATORS.get(kind)
    if not colon or generator is None:
        return None
    size, _, seed = rest.partition(":")
    try:
        check(_is_number(seed), "SEED must be a whole number.")
        return generator.make(size, int(seed))
    except SandboxError as error:
        example = f"{kind}:{generator.example}"
        raise SandboxError(
            f"{error.message} Write {kind}:{generator.form}, for example {example}.", name[:80]
        ) from None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18
