"""Strokes, the clipboard and edits: what happens between the pointer and a new world."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from rlsandbox.studio.tools import (
    Brush,
    Eyedropper,
    Keys,
    Patch,
    PolicyArrow,
    Region,
    Select,
    Tool,
    ToolContext,
    copied,
    pasted,
)
from rlsandbox.worlds.errors import SandboxError
from rlsandbox.worlds.rules import Cell
from rlsandbox.worlds.world import World

if TYPE_CHECKING:
    from rlsandbox.studio.canvas.canvas import Canvas


class Editing:
    """Turns strokes into edits of the canvas's world, one each."""

    def __init__(self, canvas: Canvas) -> None:
        """Draw with the brush, at first."""
        self._canvas = canvas
        self.tool: Tool = Brush()
        self.context = ToolContext()
        self._borrowed: Tool | None = None  # the tool that Alt puts in place of the chosen one
        self._drawing = False
        self._proposed: World | None = None
        self._clipboard: Patch | None = None

    @property
    def is_drawing(self) -> bool:
        """Whether a stroke is under way."""
        return self._drawing

    @property
    def shown(self) -> World | None:
        """The world as the stroke under way would make it, or as it is."""
        return self._proposed if self._proposed is not None else self._canvas.world

    def set_tool(self, tool: Tool) -> None:
        """Draw with another tool; a stroke under way is given up."""
        self.cancel()
        if isinstance(self.tool, Select) and tool is not self.tool:
            self.tool.choose(None)
        self.tool = tool

    def world_changed(self, world: World | None) -> None:
        """Give up a selected block that does not fit into a world that was set."""
        region = self.tool.region
        if region is None or self._drawing or not isinstance(self.tool, Select):
            return
        if world is None or region.within(world.height, world.width) != region:
            self.tool.choose(None)

    # -- strokes -----------------------------------------------------------------------------------

    def press(self, cell: Cell, keys: Keys) -> None:
        """Begin a stroke on a cell of the world."""
        world = self._canvas.world
        if world is None:
            return
        self._borrowed = Eyedropper() if keys.alt and self.tool.paints else None
        self._drawing = True
        self._propose(lambda: self._hand.press(world, cell, keys, self.context))

    def drag(self, cell: Cell, keys: Keys) -> None:
        """Go on."""
        self._propose(lambda: self._hand.drag(cell, keys))

    def release(self, cell: Cell, keys: Keys) -> None:
        """End the stroke: one edit, if it changed anything."""
        hand = self._hand
        world = self._attempt(lambda: hand.release(cell, keys))
        if world is None:
            return
        self._drawing, self._proposed, self._borrowed = False, None, None
        if hand.picked is not None:
            self.context, hand.picked = hand.picked, None
            self._canvas.tile_picked.emit(self.context)
        self.commit(world, hand.text)

    def cancel(self) -> None:
        """Give up the stroke under way, or else the selected block."""
        if not self._drawing:
            self.let_go()
            return
        self.let_go()
        self._give_up()

    def _give_up(self) -> None:
        """The stroke under way leaves nothing."""
        self._drawing, self._proposed, self._borrowed = False, None, None
        self._canvas.update()

    def let_go(self) -> None:
        """Select no block."""
        if isinstance(self.tool, Select):
            self.tool.choose(None)
            self._canvas.update()

    @property
    def _hand(self) -> Tool:
        return self._borrowed or self.tool

    def _attempt(self, make: Callable[[], World]) -> World | None:
        """A changed world; None if this world cannot be changed so, which is told in a sentence."""
        try:
            return make()
        except SandboxError as error:
            self._give_up()
            self._canvas.refused.emit(error.message[:1].upper() + error.message[1:])
            return None

    def _propose(self, make: Callable[[], World]) -> None:
        world = self._attempt(make)
        if world is not None:
            self._proposed = world
            self._canvas.update()

    def _change(self, make: Callable[[], World], text: str) -> bool:
        """An edit without the pointer; returns whether it was possible."""
        world = self._attempt(make)
        if world is not None:
            self.commit(world, text)
        return world is not None

    def commit(self, world: World, text: str) -> None:
        """Show a changed world and say what was done; an unchanged one is no edit."""
        old = self._canvas.world
        if old is None or world is old or world == old:
            self._canvas.update()
            return
        self._canvas.set_world(world)
        self._canvas.edit_committed.emit(world, text)

    # -- without the pointer -------------------------------------------------------------------------

    def paint_cell(self) -> None:
        """A click of the brush in hand on the selected cell; other tools leave it to the plain brush."""
        cell, world = self._canvas.selected_cell, self._canvas.world
        if cell is None or world is None or self._drawing:
            return
        brush = type(self.tool)() if isinstance(self.tool, Brush | PolicyArrow) else Brush()

        def click() -> World:
            brush.press(world, cell, Keys(), self.context)
            return brush.release(cell, Keys())

        self._change(click, brush.text)

    def region(self) -> Region | None:
        """The selected block, or the selected cell as one."""
        cell = self._canvas.selected_cell
        return self.tool.region or (Region.between(cell, cell) if cell is not None else None)

    def delete(self) -> None:
        """Erase the selected block or cell."""
        region, world = self.region(), self._canvas.world
        if region is not None and world is not None and not self._drawing:
            self._change(lambda: world.erased(region.cells()), self._canvas.tr("Erase"))

    def copy(self) -> None:
        """Keep a copy of the selected block or cell."""
        region, world = self.region(), self._canvas.world
        if region is not None and world is not None and not self._drawing:
            self._clipboard = copied(world, region)

    def cut(self) -> None:
        """Keep a copy and erase."""
        region, world = self.region(), self._canvas.world
        if region is not None and world is not None and not self._drawing:
            self._clipboard = copied(world, region)
            self._change(lambda: world.erased(region.cells()), self._canvas.tr("Cut"))

    def paste(self) -> None:
        """Lay the copy under the pointer, or on the selected cell, and select it so that it can be moved."""
        world, patch = self._canvas.world, self._clipboard
        if world is None or patch is None or self._drawing:
            return
        at = self._canvas.hovered_cell or self._canvas.selected_cell or (0, 0)
        if not self._change(lambda: pasted(world, patch, at), self._canvas.tr("Paste")):
            return
        self._canvas.tool_requested.emit(Select.id)
        if isinstance(self.tool, Select):
            laid = Region(at[0], at[1], at[0] + patch.height, at[1] + patch.width)
            self.tool.choose(laid.within(world.height, world.width))
            self._canvas.update()

    def select_all(self) -> None:
        """Select the whole world as a block."""
        world = self._canvas.world
        if world is None or self._drawing:
            return
        self._canvas.tool_requested.emit(Select.id)
        if isinstance(self.tool, Select):
            self.tool.choose(Region(0, 0, world.height, world.width))
            self._canvas.update()
