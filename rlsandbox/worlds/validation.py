"""What must hold of every world, however it was made."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rlsandbox.worlds.errors import SandboxError, check
from rlsandbox.worlds.rules import LARGEST_REWARD, Rules, check_size
from rlsandbox.worlds.tables import Tables
from rlsandbox.worlds.tiles import FLOOR, NOTHING, TILE_BY_ID, TILES, Layer, Tile

if TYPE_CHECKING:
    from rlsandbox.worlds.world import World

MAX_NAME = 200
MAX_LINKS = 20_000
MAX_EDITS = 20_000
MAX_ARMS = 1000

LAYERS: dict[str, tuple[type[np.generic], float]] = {
    "terrain": (np.int8, FLOOR),
    "objects": (np.int8, NOTHING),
    "wind": (np.int8, 0),
    "reward": (np.float64, np.nan),
    "reward_sd": (np.float64, 0.0),
    "slip": (np.float64, np.nan),
    "weight": (np.float64, 1.0),
    "potential": (np.float64, 0.0),
    "policy": (np.int16, -1),
}
"""The layers of a world, with their types and what stands in a blank cell."""

NOTES = ("potential", "policy")
"""Layers that change no outcome; they count for a world's hash only where something is drawn on them."""


@functools.lru_cache(maxsize=32)
def blank_layer(name: str, height: int, width: int) -> NDArray[Any]:
    """A frozen layer of blank cells, one array for all worlds of a size."""
    dtype, empty = LAYERS[name]
    layer = np.full((height, width, 2) if name == "wind" else (height, width), empty, dtype)
    layer.setflags(write=False)
    return layer


def is_blank(world: World, name: str) -> bool:
    """Whether nothing is drawn on a layer."""
    layer, blank = getattr(world, name), blank_layer(name, world.height, world.width)
    return layer is blank or np.array_equal(layer, blank, equal_nan=layer.dtype == np.float64)


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
        known = np.zeros(256, np.bool_)  # by tile number, negative ones from the end
        known[: len(TILES)] = [tile.layer is allowed for tile in TILES]
        known[NOTHING] = allowed is Layer.OBJECT
        _check_cells(~known[layer], "this tile does not belong on this layer.", name)
    _check_cells(np.abs(world.reward) > LARGEST_REWARD, "the reward must be a number up to 1e300.", "reward")
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
    if not is_blank(world, "wind"):
        _check_cells(np.abs(world.wind).max(axis=-1) > 9, "wind blows at most 9 cells.", "wind")
    _check_notes(world)
    _check_links(world)
    _check_schedule(world)
    if world.tables is not None:
        _check_drawing_of_tables(world, world.tables)


def _check_notes(world: World) -> None:
    if not is_blank(world, "potential"):
        _check_cells(
            ~(np.abs(world.potential) <= LARGEST_REWARD),
            "a potential must be a number up to 1e300.",
            "potential",
        )
    if not is_blank(world, "policy"):
        n_actions = len(world.actions)
        _check_cells(
            (world.policy < -1) | (world.policy >= n_actions),
            f"the drawn policy names one of the {n_actions} actions by its number, or none by -1.",
            "policy",
        )


def _check_links(world: World) -> None:
    check(len(world.links) <= MAX_LINKS, f"a world has at most {MAX_LINKS:,} links.", "links")
    for link in world.links:
        for r, c in (link.source, link.target):
            check(
                0 <= r < world.height and 0 <= c < world.width,
                f"cell {(r, c)} lies outside the world.",
                "links",
            )
    sources = [link.source for link in world.links]
    check(len(set(sources)) == len(sources), "a teleporter has more than one link.", "links")


def _check_schedule(world: World) -> None:
    edits = sum(len(change.tiles) for change in world.schedule)
    check(
        edits + len(world.schedule) <= MAX_EDITS,
        f"a schedule has at most {MAX_EDITS:,} changes.",
        "schedule",
    )
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


def _check_drawing_of_tables(world: World, tables: Tables) -> None:
    """Refuse whatever is drawn on a world whose outcomes stand in a table, save notes and a step limit."""
    plain = Rules(step_limit=world.rules.step_limit)
    drawn = [name for name in LAYERS if name not in ("terrain", *NOTES) and not is_blank(world, name)]
    check(
        not drawn
        and np.array_equal(world.terrain, tables.terrain)
        and (world.rules, world.links, world.schedule) == (plain, (), ()),
        "what happens in this world stands in its table: nothing but a potential, a policy and a step limit "
        "can be drawn on it.",
        "tables",
    )


def tile_named(tile_id: str, place: str | None = None) -> Tile:
    """The tile of that id.

    Raises:
        SandboxError: there is none.
    """
    tile = TILE_BY_ID.get(tile_id)
    if tile is None:
        raise SandboxError(f"there is no tile {tile_id!r}; the tiles are {', '.join(TILE_BY_ID)}.", place)
    return tile


def _check_cells(bad: NDArray[np.bool_], sentence: str, place: str) -> None:
    if bad.any():
        r, c = (int(i) for i in np.argwhere(bad)[0])
        raise SandboxError(sentence, f"{place}, cell ({r}, {c})")
