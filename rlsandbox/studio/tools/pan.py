"""The hand that moves the view."""

from rlsandbox.studio.tools.base import Keys, Tool, ToolContext
from rlsandbox.worlds.rules import Cell
from rlsandbox.worlds.world import World


class Pan(Tool):
    """Moves the view; a click looks at a cell and changes nothing."""

    id = "pan"
    title = "Move the view"
    icon = "move"
    tip = "Drag the view; a click looks at a cell."
    shortcut = "H"
    paints = False
    pans = True

    def __init__(self) -> None:
        """No stroke yet."""
        self._world: World | None = None

    def press(self, world: World, cell: Cell, keys: Keys, context: ToolContext) -> World:
        """The world as it is."""
        self._world = world
        return world

    def drag(self, cell: Cell, keys: Keys) -> World:
        """The world as it is."""
        assert self._world is not None
        return self._world
