"""The selection: a rubber band, and blocks that are moved and copied."""

from __future__ import annotations

from rlsandbox.studio.tools.base import Keys, Region, Tool, ToolContext
from rlsandbox.studio.tools.patch import moved
from rlsandbox.worlds.rules import Cell
from rlsandbox.worlds.world import World


class Select(Tool):
    """Selects a block; dragging the block moves it, with Ctrl it leaves a copy."""

    id = "select"
    title = "Select"
    icon = "select"
    tip = "Click to look at a cell, drag to select a block, drag the block to move it (Ctrl copies)."
    shortcut = "S"
    paints = False

    def __init__(self) -> None:
        """Nothing is selected."""
        self._world: World | None = None
        self._start: Cell = (0, 0)
        self._chosen: Region | None = None
        self._shown: Region | None = None
        self._moves = False
        self._text = self.title

    @property
    def region(self) -> Region | None:
        """The selected block, where it is now."""
        return self._shown

    @property
    def text(self) -> str:
        """Move or copy."""
        return self._text

    def choose(self, region: Region | None) -> None:
        """Select a block, or nothing."""
        self._chosen = self._shown = region

    def press(self, world: World, cell: Cell, keys: Keys, context: ToolContext) -> World:
        """Take hold of the selected block, or begin a new one."""
        self._world, self._start = world, cell
        self._moves = self._chosen is not None and cell in self._chosen
        if not self._moves:
            self.choose(None)
        return world

    def drag(self, cell: Cell, keys: Keys) -> World:
        """Draw the rubber band, or move the block."""
        world = self._world
        assert world is not None
        rows, columns = cell[0] - self._start[0], cell[1] - self._start[1]
        if not self._moves:
            band = Region.between(self._start, cell).within(world.height, world.width)
            self.choose(band if band is not None and band.height * band.width > 1 else None)
            return world
        assert self._chosen is not None
        self._shown = self._chosen.moved(rows, columns)
        self._text = "Copy block" if keys.control else "Move block"
        if (rows, columns) == (0, 0):
            return world
        return moved(world, self._chosen, rows, columns, copy=keys.control)

    def release(self, cell: Cell, keys: Keys) -> World:
        """Let go; what was moved out of the world is no longer selected."""
        result = self.drag(cell, keys)
        shown = self._shown
        if self._moves and cell == self._start:
            self.choose(None)  # a click into the block lets it go
        else:
            self.choose(shown.within(result.height, result.width) if shown is not None else None)
        return result
