"""What a drawing tool is: a stroke of the pointer that proposes a changed world. Knows no Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rlsandbox.marks import Mark
from rlsandbox.worlds.rules import Cell
from rlsandbox.worlds.tiles import TILE_BY_ID
from rlsandbox.worlds.world import World


@dataclass(frozen=True)
class ToolContext:
    """What is painted.

    Attributes:
        tile_id: the palette's tile.
        wind: rows and columns by which the wind tile blows.
        potential: what the potential's brush gives a cell.
    """

    tile_id: str = "wall"
    wind: tuple[int, int] | None = None
    potential: float = 1.0


@dataclass(frozen=True)
class Keys:
    """What is held while the pointer moves; `erase` is the right button."""

    shift: bool = False
    control: bool = False
    alt: bool = False
    erase: bool = False


@dataclass(frozen=True)
class Region:
    """A block of cells: rows `top` to `bottom` and columns `left` to `right`, the ends excluded."""

    top: int
    left: int
    bottom: int
    right: int

    @classmethod
    def between(cls, a: Cell, b: Cell) -> Region:
        """The smallest block that holds two cells."""
        return cls(min(a[0], b[0]), min(a[1], b[1]), max(a[0], b[0]) + 1, max(a[1], b[1]) + 1)

    @property
    def height(self) -> int:
        """Number of rows."""
        return self.bottom - self.top

    @property
    def width(self) -> int:
        """Number of columns."""
        return self.right - self.left

    def __contains__(self, cell: Cell) -> bool:
        """Whether a cell lies in the block."""
        return self.top <= cell[0] < self.bottom and self.left <= cell[1] < self.right

    def moved(self, rows: int, columns: int) -> Region:
        """The block elsewhere."""
        return Region(self.top + rows, self.left + columns, self.bottom + rows, self.right + columns)

    def within(self, height: int, width: int) -> Region | None:
        """The part that lies in a world, or None."""
        part = Region(max(0, self.top), max(0, self.left), min(height, self.bottom), min(width, self.right))
        return part if part.height > 0 and part.width > 0 else None

    def cells(self) -> list[Cell]:
        """Its cells, row by row."""
        return [(r, c) for r in range(self.top, self.bottom) for c in range(self.left, self.right)]


class Tool:
    """One tool. A stroke is `press`, any number of `drag`, `release`; each gives the world as it would be.

    Attributes:
        id: its name in the program.
        title: its name for people.
        icon: file in assets/icons.
        tip: one sentence with what the keys do.
        shortcut: key that picks it.
        paints: whether the right button erases and Alt picks a tile.
        lays_tiles: whether it covers cells with the palette's tile.
        pans: whether dragging moves the view.
        number: name of the number that it paints, if it paints one.
        picked: what the last stroke took up from the world, if anything.
    """

    id: ClassVar[str]
    title: ClassVar[str]
    icon: ClassVar[str]
    tip: ClassVar[str]
    shortcut: ClassVar[str]
    paints: ClassVar[bool] = True
    lays_tiles: ClassVar[bool] = False
    pans: ClassVar[bool] = False
    number: ClassVar[str] = ""
    picked: ToolContext | None = None

    def press(self, world: World, cell: Cell, keys: Keys, context: ToolContext) -> World:
        """Begin a stroke on a cell of the world."""
        raise NotImplementedError

    def drag(self, cell: Cell, keys: Keys) -> World:
        """Go on to a cell, which may lie outside the world."""
        raise NotImplementedError

    def release(self, cell: Cell, keys: Keys) -> World:
        """End the stroke; the result is the edit."""
        return self.drag(cell, keys)

    @property
    def region(self) -> Region | None:
        """The block that is selected now."""
        return None

    @property
    def text(self) -> str:
        """What the last stroke did, for the undo menu."""
        return self.title

    def marks(self, world: World) -> tuple[Mark, ...] | None:
        """What is shown in place of the overlays while the tool is in hand; None leaves them."""
        return None


class CellsTool(Tool):
    """A tool whose stroke covers some cells with the palette's tile, or erases them."""

    lays_tiles: ClassVar[bool] = True
    links_ends: ClassVar[bool] = False
    """Whether a stroke with the teleporter links its first cell to its last."""

    def __init__(self) -> None:
        """Nothing has been drawn yet."""
        self._world: World | None = None
        self._start: Cell = (0, 0)
        self._context = ToolContext()
        self._erases = False

    def press(self, world: World, cell: Cell, keys: Keys, context: ToolContext) -> World:
        """Begin."""
        self._world, self._start, self._context, self._erases = world, cell, context, keys.erase
        return self.drag(cell, keys)

    def drag(self, cell: Cell, keys: Keys) -> World:
        """The world with all cells of the stroke covered."""
        assert self._world is not None
        return self._covered(self._world, self.cells(self._start, cell, keys), keys)

    def cells(self, start: Cell, cell: Cell, keys: Keys) -> Sequence[Cell]:
        """The cells that the stroke covers when the pointer has come from `start` to `cell`."""
        raise NotImplementedError

    def _covered(self, world: World, cells: Sequence[Cell], keys: Keys) -> World:
        if self._erases:
            return world.erased(cells)
        if self.links_ends and TILE_BY_ID[self._context.tile_id].rule.is_portal:
            return with_portals(world, cells[0], cells[-1], self._context.tile_id, one_way=keys.shift)
        return world.painted(cells, self._context.tile_id, self._context.wind)

    @property
    def text(self) -> str:
        """Tool and tile."""
        return "Erase" if self._erases else f"{self.title}: {TILE_BY_ID[self._context.tile_id].title}"


def inside(world: World, cells: Sequence[Cell]) -> tuple[list[int], list[int]]:
    """Rows and columns of those cells that lie in a world, to index its layers with."""
    kept = [(r, c) for r, c in cells if 0 <= r < world.height and 0 <= c < world.width]
    return [r for r, _ in kept], [c for _, c in kept]


def line(a: Cell, b: Cell) -> list[Cell]:
    """The cells of a straight line from `a` to `b`, without holes (Bresenham, 1965)."""
    rows, columns = abs(b[0] - a[0]), abs(b[1] - a[1])
    down, right = (1 if b[0] > a[0] else -1), (1 if b[1] > a[1] else -1)
    r, c = a
    error = columns - rows
    cells = [a]
    while (r, c) != b:
        doubled = 2 * error
        if doubled > -rows:
            error -= rows
            c += right
        if doubled < columns:
            error += columns
            r += down
        cells.append((r, c))
    return cells


def lone_portals(world: World, tile_id: str = "teleporter") -> list[Cell]:
    """Teleporters that no link begins or ends at."""
    linked = {cell for link in world.links for cell in (link.source, link.target)}
    return [cell for cell in world.cells_of(tile_id) if cell not in linked]


def with_portals(
    world: World, first: Cell, last: Cell, tile_id: str = "teleporter", one_way: bool = False
) -> World:
    """Paint teleporters: a drag links its ends, a single one joins the nearest that waits for a partner.

    Args:
        world: the drawing.
        first: where the stroke began.
        last: where it is now; outside the world it counts as `first`.
        tile_id: the teleporter's tile.
        one_way: the link leads from `first` to `last`, which may be any cell, and not back.
    """
    if not (0 <= last[0] < world.height and 0 <= last[1] < world.width):
        last = first
    if first != last:
        ends = [first] if one_way else [first, last]
        return world.painted(ends, tile_id).linked(first, last, both_ways=not one_way)
    waiting = [cell for cell in lone_portals(world, tile_id) if cell != first]
    painted = world.painted([first], tile_id)
    if not waiting or first not in lone_portals(painted, tile_id):
        return painted
    nearest = min(waiting, key=lambda cell: abs(cell[0] - first[0]) + abs(cell[1] - first[1]))
    return painted.linked(nearest, first, both_ways=True)
