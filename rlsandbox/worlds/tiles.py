"""The tile table: one row a tile, with its look and its rule.

Whatever knows tiles reads this table: the compiler of worlds, the palette, the canvas, the pictures, the
files. A tile is added by adding a row to `TILES`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import Enum

Point = tuple[float, float]


class Layer(Enum):
    """Where a tile lies: each cell has one terrain and at most one object on top."""

    TERRAIN = "terrain"
    OBJECT = "object"
    WIND = "wind"


@dataclass(frozen=True)
class Shape:
    """A filled polygon in the unit square (x to the right, y down) in a colour for each theme."""

    points: tuple[Point, ...]
    dark: str
    light: str


@dataclass(frozen=True)
class Rule:
    """What a tile does to an agent.

    Attributes:
        solid: cannot be entered.
        terminal: entering it ends the episode.
        restarts: entering it sends the agent back to a start, and the episode goes on.
        reward: paid for entering, instead of the step reward; None pays the step reward.
        cost: subtracted from the reward of every move that ends here.
        slip: chance that a move from here slips; None takes the world's own.
        arrow: (rows, columns) of the only way through: a move against it bounces, in and out.
        pickup: index of the thing that an agent takes along here, or None.
        opens_with: index of the thing without which the cell is solid, or None.
        is_start: an episode may begin here.
        is_portal: an agent that lands here is moved along the cell's link.
        is_wind: what is painted is the cell's wind, on any terrain.
    """

    solid: bool = False
    terminal: bool = False
    restarts: bool = False
    reward: float | None = None
    cost: float = 0.0
    slip: float | None = None
    arrow: tuple[int, int] | None = None
    pickup: int | None = None
    opens_with: int | None = None
    is_start: bool = False
    is_portal: bool = False
    is_wind: bool = False


@dataclass(frozen=True)
class Tile:
    """One row of the table.

    Attributes:
        id: name in files and on the command line.
        title: name for people.
        glyph: one character in text maps, unique.
        shortcut: key that picks it in the studio.
        layer: what it is painted on.
        rule: what it does.
        shapes: how it looks, first to last; the floor's colour lies under it.
        tip: one sentence for a newcomer.
    """

    id: str
    title: str
    glyph: str
    shortcut: str
    layer: Layer
    rule: Rule
    shapes: tuple[Shape, ...]
    tip: str = field(default="")


def _box(x0: float, y0: float, x1: float, y1: float) -> tuple[Point, ...]:
    return ((x0, y0), (x1, y0), (x1, y1), (x0, y1))


def _disc(x: float, y: float, radius: float, corners: int = 28) -> tuple[Point, ...]:
    turn = 2 * math.pi / corners
    return tuple((x + radius * math.cos(k * turn), y + radius * math.sin(k * turn)) for k in range(corners))


def _turned(points: tuple[Point, ...], quarters: int) -> tuple[Point, ...]:
    """The polygon turned clockwise about the cell's centre by quarters of a full turn."""
    for _ in range(quarters):
        points = tuple((1 - y, x) for x, y in points)
    return points


_CELL = _box(0, 0, 1, 1)


def _hatch(dark: str, light: str) -> tuple[Shape, ...]:
    """Diagonal stripes that join up from cell to cell."""
    width, stripes = 0.125, []
    for k in range(8):
        low = k * 0.25  # the stripe covers low <= x + y <= low + width
        corners = []
        for total in (low, low + width):
            a, b = (min(1.0, total), max(0.0, total - 1)), (max(0.0, total - 1), min(1.0, total))
            corners.append((a, b))
        (a0, b0), (a1, b1) = corners
        middle = ((1.0, 0.0),) if low < 1 < low + width else ()
        middle_back = ((0.0, 1.0),) if low < 1 < low + width else ()
        stripes.append(Shape((a0, *middle, a1, b1, *middle_back, b0), dark, light))
    return tuple(stripes)


def _one_way(quarters: int) -> tuple[Shape, ...]:
    chevrons = []
    for top in (0.2, 0.5):
        chevron = (
            (0.5, top),
            (0.8, top + 0.3),
            (0.68, top + 0.3),
            (0.5, top + 0.13),
            (0.32, top + 0.3),
            (0.2, top + 0.3),
        )
        chevrons.append(Shape(_turned(chevron, quarters), "#8f9aad", "#5b667a"))
    return (Shape(_CELL, "#343b48", "#d3d9e2"), *chevrons)


def _start() -> tuple[Shape, ...]:
    dashes = []
    for quarters in range(4):
        for x in (0.06, 0.3, 0.54, 0.78):
            dashes.append(Shape(_turned(_box(x, 0.05, x + 0.16, 0.1), quarters), "#f4f5f8", "#15171c"))
    return tuple(dashes)


def _wind() -> tuple[Shape, ...]:
    bars = (_box(0.18, 0.28, 0.72, 0.34), _box(0.3, 0.47, 0.86, 0.53), _box(0.18, 0.66, 0.62, 0.72))
    return tuple(Shape(bar, "#a9d3ee", "#4f93bf") for bar in bars)


_KEY = (
    Shape(_disc(0.34, 0.5, 0.17), "#e0b83c", "#c79a16"),
    Shape(_disc(0.34, 0.5, 0.075), "#242830", "#f5f6f8"),
    Shape(_box(0.49, 0.46, 0.84, 0.54), "#e0b83c", "#c79a16"),
    Shape(_box(0.68, 0.54, 0.74, 0.66), "#e0b83c", "#c79a16"),
    Shape(_box(0.78, 0.54, 0.84, 0.63), "#e0b83c", "#c79a16"),
)
_DOOR = (
    Shape(_CELL, "#5a4426", "#b58a4a"),
    Shape(_box(0.14, 0.08, 0.86, 1.0), "#8a6a3c", "#d9b479"),
    Shape(_disc(0.72, 0.55, 0.06), "#e0b83c", "#7a5410"),
)
_FLAG = (
    Shape(_box(0.32, 0.2, 0.37, 0.82), "#3fbf8f", "#188a5e"),
    Shape(((0.37, 0.2), (0.74, 0.35), (0.37, 0.5)), "#3fbf8f", "#188a5e"),
)
_STAR = tuple(
    (0.5 + r * math.sin(k * math.pi / 5), 0.52 - r * math.cos(k * math.pi / 5))
    for k in range(10)
    for r in ((0.3,) if k % 2 == 0 else (0.13,))
)


TILES: tuple[Tile, ...] = (
    Tile(
        "floor",
        "Floor",
        ".",
        "1",
        Layer.TERRAIN,
        Rule(),
        (Shape(_CELL, "#242830", "#f5f6f8"),),
        "Free ground.",
    ),
    Tile(
        "wall",
        "Wall",
        "#",
        "2",
        Layer.TERRAIN,
        Rule(solid=True),
        (Shape(_CELL, "#3a404c", "#8b93a1"),),
        "Cannot be entered; a move into it bumps.",
    ),
    Tile(
        "start",
        "Start",
        "S",
        "3",
        Layer.OBJECT,
        Rule(is_start=True),
        _start(),
        "Where an episode begins; several starts share by weight.",
    ),
    Tile(
        "goal",
        "Goal",
        "G",
        "4",
        Layer.OBJECT,
        Rule(terminal=True, reward=1.0),
        _FLAG,
        "Ends the episode and pays its reward.",
    ),
    Tile(
        "pit",
        "Pit",
        "P",
        "5",
        Layer.OBJECT,
        Rule(terminal=True, reward=-1.0),
        (
            Shape(_disc(0.5, 0.5, 0.36), "#7c2a36", "#8c2f3c"),
            Shape(_disc(0.5, 0.54, 0.26), "#3d1118", "#571721"),
        ),
        "Ends the episode with a loss.",
    ),
    Tile(
        "cliff",
        "Cliff",
        "C",
        "6",
        Layer.TERRAIN,
        Rule(restarts=True, reward=-100.0),
        (Shape(_CELL, "#3a1a20", "#3a1a20"), *_hatch("#5c2129", "#5c2129")),
        "A large loss and back to a start; the episode goes on.",
    ),
    Tile(
        "ice",
        "Ice",
        "~",
        "7",
        Layer.TERRAIN,
        Rule(slip=2 / 3),
        (
            Shape(_CELL, "#9fd6ef", "#b5e3f7"),
            Shape(((0.15, 0.6), (0.55, 0.15), (0.62, 0.15), (0.22, 0.6)), "#d6f1fc", "#e9f8fe"),
            Shape(((0.5, 0.85), (0.8, 0.5), (0.85, 0.5), (0.55, 0.85)), "#d6f1fc", "#e9f8fe"),
        ),
        "A move from here may slip.",
    ),
    Tile(
        "mud",
        "Mud",
        "m",
        "8",
        Layer.TERRAIN,
        Rule(cost=1.0),
        (
            Shape(_CELL, "#6b5238", "#a58a68"),
            Shape(_disc(0.3, 0.34, 0.1), "#594329", "#94795a"),
            Shape(_disc(0.68, 0.6, 0.13), "#594329", "#94795a"),
            Shape(_disc(0.36, 0.74, 0.07), "#594329", "#94795a"),
        ),
        "Every step into it costs extra.",
    ),
    Tile(
        "wind",
        "Wind",
        "w",
        "9",
        Layer.WIND,
        Rule(is_wind=True),
        _wind(),
        "Pushes every move that begins here.",
    ),
    Tile(
        "teleporter",
        "Teleporter",
        "T",
        "T",
        Layer.OBJECT,
        Rule(is_portal=True),
        (
            Shape(_disc(0.5, 0.5, 0.36), "#9a66e0", "#8b54d6"),
            Shape(_disc(0.5, 0.5, 0.25), "#2b1d45", "#ecdffc"),
            Shape(_disc(0.5, 0.5, 0.14), "#b58cf0", "#8b54d6"),
        ),
        "Moves the agent along its link.",
    ),
    Tile(
        "one_way_up",
        "One-way up",
        "^",
        "O",
        Layer.TERRAIN,
        Rule(arrow=(-1, 0)),
        _one_way(0),
        "Moves against its arrow bounce, in and out.",
    ),
    Tile(
        "one_way_right",
        "One-way right",
        ">",
        "O",
        Layer.TERRAIN,
        Rule(arrow=(0, 1)),
        _one_way(1),
        "Moves against its arrow bounce, in and out.",
    ),
    Tile(
        "one_way_down",
        "One-way down",
        "v",
        "O",
        Layer.TERRAIN,
        Rule(arrow=(1, 0)),
        _one_way(2),
        "Moves against its arrow bounce, in and out.",
    ),
    Tile(
        "one_way_left",
        "One-way left",
        "<",
        "O",
        Layer.TERRAIN,
        Rule(arrow=(0, -1)),
        _one_way(3),
        "Moves against its arrow bounce, in and out.",
    ),
    Tile("key", "Key", "k", "K", Layer.OBJECT, Rule(pickup=0), _KEY, "Taken along; opens doors."),
    Tile("door", "Door", "D", "D", Layer.TERRAIN, Rule(opens_with=0), _DOOR, "Solid for whoever has no key."),
    Tile(
        "reward",
        "Reward",
        "R",
        "R",
        Layer.OBJECT,
        Rule(reward=0.5),
        (Shape(_STAR, "#3fae86", "#2b9169"),),
        "Pays its reward at every visit.",
    ),
)

TILE_BY_ID: dict[str, Tile] = {tile.id: tile for tile in TILES}
TILE_BY_GLYPH: dict[str, Tile] = {tile.glyph: tile for tile in TILES}
CODE: dict[str, int] = {tile.id: code for code, tile in enumerate(TILES)}
"""Number of a tile in a world's layers. Files hold ids, never numbers."""

FLOOR = CODE["floor"]
NOTHING = -1
"""The object layer's value where no object lies."""
