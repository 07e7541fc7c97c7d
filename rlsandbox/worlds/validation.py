"""What must hold of every world, however it was made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rlsandbox.worlds.errors import SandboxError, check
from rlsandbox.worlds.rules import LARGEST_REWARD
from rlsandbox.worlds.tiles import NOTHING, TILE_BY_ID, TILES, Layer, Tile

if TYPE_CHECKING:
    from rlsandbox.worlds.world import World

MAX_SIDE = 128
MAX_NAME = 200

LAYERS: dict[str, type[np.generic]] = {
    "terrain": np.int8,
    "objects": np.int8,
    "wind": np.int8,
    "reward": np.float64,
    "reward_sd": np.float64,
    "slip": np.float64,
    "weight": np.float64,
}
"""The layers of a world and their types."""


def check_world(world: World) -> None:
    """Check that the parts of a world fit together.

    Raises:
        SandboxError: something does not fit; the place names the cell.
    """
    check(
        isinstance(world.name, str) and len(world.name) <= MAX_NAME and world.name.isprintable(),
        f"a name is a line of at most {MAX_NAME} characters that can be printed.",
        "name",
    )
    check(world.terrain.ndim == 2, "The terrain must be a table of rows and columns.", "terrain")
    check_size(*world.terrain.shape)
    for name in LAYERS:
        expected = (*world.terrain.shape, 2) if name == "wind" else world.terrain.shape
        actual = getattr(world, name).shape
        check(actual == expected, f"the layer is {actual}, but the world is {expected}.", name)
    for name, layer, allowed in (
        ("terrain", world.terrain, Layer.TERRAIN),
        ("objects", world.objects, Layer.OBJECT),
    ):
        known = np.array([tile.layer is allowed for tile in TILES] + [allowed is Layer.OBJECT])
        bad = (layer < NOTHING) | (layer >= len(TILES)) | ~known[np.clip(layer, NOTHING, len(TILES) - 1)]
        _check_cells(bad, "this tile does not belong on this layer.", name)
    _check_cells(
        np.isinf(world.reward) | (np.abs(world.reward) > LARGEST_REWARD),
        "the reward must be a number up to 1e300.",
        "reward",
    )
    _check_cells(
        ~((world.reward_sd >= 0) & (world.reward_sd <= LARGEST_REWARD)),
        "the spread of a reward must be 0 or more.",
        "reward_sd",
    )
    _check_cells((world.slip < 0) | (world.slip > 1), "slip must lie between 0 and 1.", "slip")
    _check_cells(
        ~((world.weight > 0) & (world.weight <= LARGEST_REWARD)),
        "a start's weight must be above 0.",
        "weight",
    )
    _check_cells(np.abs(world.wind).max(axis=-1) > 9, "wind blows at most 9 cells.", "wind")
    for link in world.links:
        for r, c in (link.source, link.target):
            check(
                0 <= r < world.height and 0 <= c < world.width,
                f"cell {(r, c)} lies outside the world.",
                "links",
            )
    sources = [link.source for link in world.links]
    check(len(set(sources)) == len(sources), "a teleporter has more than one link.", "links")
    steps = [change.step for change in world.schedule]
    check(
        steps == sorted(set(steps)) and all(s >= 0 for s in steps),
        "changes must come at rising steps.",
        "schedule",
    )
    for change in world.schedule:
        for r, c, tile_id in change.tiles:
            check(
                0 <= r < world.height and 0 <= c < world.width,
                f"cell {(r, c)} lies outside the world.",
                "schedule",
            )
            tile_named(tile_id, "schedule")


def tile_named(tile_id: str, place: str | None = None) -> Tile:
    """The tile of that id.

    Raises:
        SandboxError: there is none.
    """
    tile = TILE_BY_ID.get(tile_id)
    if tile is None:
        raise SandboxError(f"there is no tile {tile_id!r}; the tiles are {', '.join(TILE_BY_ID)}.", place)
    return tile


def check_size(height: int, width: int) -> None:
    """Refuse a world that is too small or too large."""
    check(
        1 <= height <= MAX_SIDE and 1 <= width <= MAX_SIDE,
        f"a world has 1 to {MAX_SIDE} rows and columns, not {height} x {width}.",
        "size",
    )


def _check_cells(bad: NDArray[np.bool_], sentence: str, place: str) -> None:
    if bad.any():
        r, c = (int(i) for i in np.argwhere(bad)[0])
        raise SandboxError(sentence, f"{place}, cell ({r}, {c})")
