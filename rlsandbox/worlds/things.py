"""What can be taken along in a world: one bit of the state for each colour of key and for each coin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rlsandbox.worlds.rules import Cell
from rlsandbox.worlds.tiles import TILE_BY_ID, TILES

if TYPE_CHECKING:
    from rlsandbox.worlds.world import World

MOST_THINGS = 40
"""As many as are counted: so many states have no model, whatever else there is."""


@dataclass(frozen=True)
class Things:
    """What an agent may carry in a world, and where it lies.

    Keys come first, by colour, then coins, cell by cell; what doors ask for and what the schedule will bring
    counts as well, so that it adds no states on the way.

    Attributes:
        colours: the keys.
        coins: cells of coins, row by row.
        pickup: `[H, W]` int64, number of the thing that lies in a cell, -1 where there is none.
        opens: `[H, W]` int64, number of the key that a door asks for, -1 where there is none.
        once: `[H, W]` bool, whether the thing is a coin.
    """

    colours: tuple[int, ...]
    coins: tuple[Cell, ...]
    pickup: NDArray[np.int64]
    opens: NDArray[np.int64]
    once: NDArray[np.bool_]

    @property
    def count(self) -> int:
        """Number of things."""
        return len(self.colours) + len(self.coins)

    @property
    def titles(self) -> tuple[str, ...]:
        """Names of the things for people, in the order of their bits."""
        keys = {tile.rule.pickup: tile.title for tile in TILES}
        coins = (f"Coin at row {r}, column {c}" for r, c in self.coins)
        return (*(keys[colour] for colour in self.colours), *coins)


def things_of(world: World) -> Things:
    """Find what can be taken along."""
    coming = [(r, c, TILE_BY_ID[tile_id]) for change in world.schedule for r, c, tile_id in change.tiles]
    rules = [tile.rule for tile in (*world.tiles_used, *(tile for _, _, tile in coming))]
    wanted = {colour for rule in rules for colour in (rule.pickup, rule.opens_with) if colour is not None}
    colours = tuple(sorted(wanted))
    number = np.full(max(colours, default=0) + 2, -1, np.int64)  # the last one for cells without a key
    number[list(colours)] = np.arange(len(colours))
    pickup = number[world.rule_layer("pickup", -1).astype(np.int64)]
    opens = number[world.rule_layer("opens_with", -1).astype(np.int64)]
    once = world.rule_layer("once", False).astype(np.bool_)
    coins = once.copy()
    for r, c, tile in coming:
        coins[r, c] |= tile.rule.once
    cells = np.argwhere(coins)
    if len(cells):
        order = np.full(coins.shape, -1, np.int64)
        order[coins] = len(colours) + np.arange(len(cells))
        pickup = np.where(once, order, pickup)
    return Things(colours, tuple((r, c) for r, c in cells.tolist()), pickup, opens, once)
