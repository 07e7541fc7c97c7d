"""The tile table: one row a tile, with its look and its rule.

Whatever knows tiles reads this table: the compiler of worlds, the palette, the canvas, the pictures, the
files. A tile is added by adding a row to `TILES`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from rlsandbox.worlds import shapes
from rlsandbox.worlds.shapes import Shape


class Layer(Enum):
    """Where a tile lies: each cell has one terrain and at most one object on top."""

    TERRAIN = "terrain"
    OBJECT = "object"
    WIND = "wind"


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
        pickup: colour of the key that an agent takes along here, or None.
        opens_with: colour of the key without which the cell is solid, or None.
        once: pays its reward once an episode; that it is taken is part of the state.
        is_arm: an arm of a bandit.
        reward_sd: spread of the reward that a cell has when the tile is painted.
        is_start: an episode may begin here.
        is_portal: an agent that lands here is moved along the cell's link.
        is_wind: what is painted is the cell's wind, on any terrain.
        drag: how many times as much as floor it slows a point that moves over it in the continuous world.
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
    once: bool = False
    is_arm: bool = False
    reward_sd: float = 0.0
    is_start: bool = False
    is_portal: bool = False
    is_wind: bool = False
    drag: float = 1.0


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
    tip: str


TILES: tuple[Tile, ...] = (
    Tile(
        "floor",
        "Floor",
        ".",
        "1",
        Layer.TERRAIN,
        Rule(),
        (shapes.ground("#242830", "#f5f6f8"),),
        "Free ground.",
    ),
    Tile(
        "wall",
        "Wall",
        "#",
        "2",
        Layer.TERRAIN,
        Rule(solid=True),
        (shapes.ground("#3a404c", "#8b93a1"),),
        "Cannot be entered; a move into it bumps.",
    ),
    Tile(
        "start",
        "Start",
        "S",
        "3",
        Layer.OBJECT,
        Rule(is_start=True),
        shapes.start(),
        "Where an episode begins; several starts share by weight.",
    ),
    Tile(
        "goal",
        "Goal",
        "G",
        "4",
        Layer.OBJECT,
        Rule(terminal=True, reward=1.0),
        shapes.flag(),
        "Ends the episode and pays its reward.",
    ),
    Tile(
        "pit",
        "Pit",
        "P",
        "5",
        Layer.OBJECT,
        Rule(terminal=True, reward=-1.0),
        shapes.pit(),
        "Ends the episode with a loss.",
    ),
    Tile(
        "cliff",
        "Cliff",
        "C",
        "6",
        Layer.TERRAIN,
        Rule(restarts=True, reward=-100.0),
        (shapes.ground("#3a1a20", "#3a1a20"), *shapes.hatch("#5c2129", "#5c2129")),
        "A large loss and back to a start with all one carries; the episode goes on.",
    ),
    Tile(
        "ice",
        "Ice",
        "~",
        "7",
        Layer.TERRAIN,
        Rule(slip=2 / 3, drag=0.02),
        shapes.ice(),
        "A move from here may slip.",
    ),
    Tile(
        "mud",
        "Mud",
        "m",
        "8",
        Layer.TERRAIN,
        Rule(cost=1.0, drag=4.0),
        shapes.mud(),
        "Every step into it costs extra.",
    ),
    Tile(
        "wind",
        "Wind",
        "w",
        "9",
        Layer.WIND,
        Rule(is_wind=True),
        shapes.gusts(),
        "Pushes every move that begins here.",
    ),
    Tile(
        "teleporter",
        "Teleporter",
        "T",
        "T",
        Layer.OBJECT,
        Rule(is_portal=True),
        shapes.portal(),
        "Moves the agent along its link.",
    ),
    Tile(
        "one_way_up",
        "One-way up",
        "^",
        "O",
        Layer.TERRAIN,
        Rule(arrow=(-1, 0)),
        shapes.one_way(0),
        "Moves against its arrow bounce, in and out.",
    ),
    Tile(
        "one_way_right",
        "One-way right",
        ">",
        "O",
        Layer.TERRAIN,
        Rule(arrow=(0, 1)),
        shapes.one_way(1),
        "Moves against its arrow bounce, in and out.",
    ),
    Tile(
        "one_way_down",
        "One-way down",
        "v",
        "O",
        Layer.TERRAIN,
        Rule(arrow=(1, 0)),
        shapes.one_way(2),
        "Moves against its arrow bounce, in and out.",
    ),
    Tile(
        "one_way_left",
        "One-way left",
        "<",
        "O",
        Layer.TERRAIN,
        Rule(arrow=(0, -1)),
        shapes.one_way(3),
        "Moves against its arrow bounce, in and out.",
    ),
    Tile(
        "key", "Key", "k", "K", Layer.OBJECT, Rule(pickup=0), shapes.key(), "Taken along; opens golden doors."
    ),
    Tile(
        "door",
        "Door",
        "D",
        "D",
        Layer.TERRAIN,
        Rule(opens_with=0),
        shapes.door(),
        "Solid for whoever has no golden key.",
    ),
    Tile(
        "reward",
        "Reward",
        "R",
        "R",
        Layer.OBJECT,
        Rule(reward=0.5),
        shapes.star(),
        "Pays its reward at every visit.",
    ),
    # numbers of tiles are part of a world's hash: new ones go to the end
    *(
        tile
        for colour, name, glyph in ((1, "blue", "b"), (2, "green", "e"), (3, "purple", "u"))
        for tile in (
            Tile(
                f"key_{name}",
                f"{name.title()} key",
                glyph,
                "K",
                Layer.OBJECT,
                Rule(pickup=colour),
                shapes.key(colour),
                f"Taken along; opens {name} doors.",
            ),
            Tile(
                f"door_{name}",
                f"{name.title()} door",
                glyph.upper(),
                "D",
                Layer.TERRAIN,
                Rule(opens_with=colour),
                shapes.door(colour),
                f"Solid for whoever has no {name} key.",
            ),
        )
    ),
    Tile(
        "coin",
        "Coin",
        "$",
        "C",
        Layer.OBJECT,
        Rule(reward=1.0, once=True),
        shapes.coin(),
        "Pays once an episode: whoever enters takes it along, and a cliff does not bring it back.",
    ),
    Tile(
        "arm",
        "Arm",
        "a",
        "A",
        Layer.OBJECT,
        Rule(terminal=True, reward=0.0, is_arm=True, reward_sd=1.0),
        shapes.arm(),
        "An arm of a bandit (0 moves): an action pulls it, it pays and the episode ends.",
    ),
)

TILE_BY_ID: dict[str, Tile] = {tile.id: tile for tile in TILES}
TILE_BY_GLYPH: dict[str, Tile] = {tile.glyph: tile for tile in TILES}
CODE: dict[str, int] = {tile.id: code for code, tile in enumerate(TILES)}
"""Number of a tile in a world's layers. Files hold ids, never numbers."""

FLOOR = CODE["floor"]
NOTHING = -1
"""The object layer's value where no object lies."""
