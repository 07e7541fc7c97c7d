"""The policy arrow: draws a policy, cell by cell."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from rlsandbox.marks import Mark
from rlsandbox.overlays.drawn_policy import drawn_policy
from rlsandbox.studio.tools.base import Keys, Tool, ToolContext, line
from rlsandbox.worlds.rules import Cell
from rlsandbox.worlds.world import World


class PolicyArrow(Tool):
    """Gives each cell that the pointer passes the action that leads the pointer's way.

    A click takes a cell from one action to the next, and after the last one to none.
    """

    id = "policy"
    title = "Policy arrow"
    icon = "policy"
    tip = "Drag to draw the action of each cell, click to change it. The right button erases it."
    shortcut = "P"

    def __init__(self) -> None:
        """Nothing has been drawn yet."""
        self._world: World | None = None
        self._start: Cell = (0, 0)
        self._last: Cell = (0, 0)
        self._erases = False
        self._drawn: dict[Cell, int] = {}

    def press(self, world: World, cell: Cell, keys: Keys, context: ToolContext) -> World:
        """Begin."""
        self._world, self._start, self._last, self._erases = world, cell, cell, keys.erase
        self._drawn = {cell: -1} if keys.erase else {}
        return self.drag(cell, keys)

    def drag(self, cell: Cell, keys: Keys) -> World:
        """The world with the arrows of the way that the pointer has come."""
        assert self._world is not None
        if self._erases:
            self._drawn |= dict.fromkeys(line(self._last, cell), -1)
        else:
            for begin, end, action in self._moves(self._world, cell):
                self._drawn[begin] = self._drawn[end] = action
        self._last = cell
        return self._with(self._world, self._drawn)

    def release(self, cell: Cell, keys: Keys) -> World:
        """The edit; a press without a move is a click."""
        result = self.drag(cell, keys)
        if self._drawn or cell != self._start:
            return result
        following = int(result.policy[cell]) + 1
        return self._with(result, {cell: following if following < len(result.actions) else -1})

    @property
    def text(self) -> str:
        """Draw or erase."""
        return "Erase policy" if self._erases else "Draw policy"

    def marks(self, world: World) -> tuple[Mark, ...]:
        """The drawn arrows."""
        return drawn_policy(world)

    def _moves(self, world: World, cell: Cell) -> Iterator[tuple[Cell, Cell, int]]:
        """The way to a cell as moves that the world has: two in place of a diagonal one that it has not."""
        known = {(action.rows, action.columns): number for number, action in enumerate(world.actions)}
        known.pop((0, 0), None)
        way = line(self._last, cell)
        for here, there in itertools.pairwise(way):
            step = there[0] - here[0], there[1] - here[1]
            parts = [step] if step in known else [(0, step[1]), (step[0], 0)]
            for rows, columns in parts:
                following = here[0] + rows, here[1] + columns
                if (rows, columns) in known:
                    yield here, following, known[rows, columns]
                here = following

    def _with(self, world: World, drawn: dict[Cell, int]) -> World:
        acts, policy = _acts(world), world.policy.copy()
        for cell, action in drawn.items():
            inside = 0 <= cell[0] < world.height and 0 <= cell[1] < world.width
            if inside and (action < 0 or acts[cell]):
                policy[cell] = action
        return world.replace(policy=policy)


def _acts(world: World) -> NDArray[np.bool_]:
    """`[H, W]`: where an agent can stand and choose."""
    ends = [world.rule_layer(name, False) for name in ("solid", "terminal", "restarts")]
    return ~np.logical_or.reduce(ends)
