"""Random worlds by size and seed."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from rlsandbox.worlds.rules import Cell, Rules
from rlsandbox.worlds.tiles import CODE
from rlsandbox.worlds.world import World

_UNIT_STEPS = ((-1, 0), (0, 1), (1, 0), (0, -1))
_LOOPS = 0.08
"""Share of the walls between two corridors that are opened, so that there is more than one way."""


def maze(height: int, width: int, seed: int) -> World:
    """A maze with a few loops; start and goal lie as far apart as two cells can, found by two sweeps.

    A perfect maze is carved by a random depth-first walk over every second cell; then some walls are opened.
    Where a side is even, its last row or column is a second outer wall.

    Args:
        height: rows, 5 to 128.
        width: columns, 5 to 128.
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
        height: rows, 5 to 128.
        width: columns, 5 to 128.
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


def _farthest(free: NDArray[np.bool_], source: Cell) -> Cell:
    """The last cell that a breadth-first sweep from `source` reaches."""
    seen = ~free
    seen[source] = True
    queue, cell = deque([source]), source
    while queue:
        cell = queue.popleft()
        for dr, dc in _UNIT_STEPS:
            r, c = cell[0] + dr, cell[1] + dc
            if 0 <= r < free.shape[0] and 0 <= c < free.shape[1] and not seen[r, c]:
                seen[r, c] = True
                queue.append((r, c))
    return cell


def _world(name: str, free: NDArray[np.bool_], start: Cell, goal: Cell) -> World:
    height, width = free.shape
    rules = Rules(step_reward=-1.0, step_limit=10 * height * width)
    blank = World.blank(height, width, name, rules)
    terrain = np.where(free, CODE["floor"], CODE["wall"])
    objects, reward = blank.objects.copy(), blank.reward.copy()
    objects[start], objects[goal], reward[goal] = CODE["start"], CODE["goal"], -1.0
    return blank.replace(terrain=terrain, objects=objects, reward=reward)
