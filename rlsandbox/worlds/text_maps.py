"""Maps drawn with one character a cell: how the gallery draws its worlds and how text files are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from rlsandbox.worlds.errors import SandboxError, check
from rlsandbox.worlds.rules import MAX_SIDE, Cell, Rules
from rlsandbox.worlds.tiles import CODE, NOTHING, TILES, Layer
from rlsandbox.worlds.world import World

_ALSO = {
    **dict.fromkeys(" _", "floor"),
    **dict.fromkeys("Xx+-|", "wall"),
    **dict.fromkeys("s@", "start"),
    **dict.fromkeys("g", "goal"),
}
"""Characters that other people's maps use, beside the glyphs of the tile table."""

FROZEN_LAKE = Rules(slip_kind="perpendicular", step_limit=100)


def world_from_rows(
    rows: Sequence[str],
    name: str = "Untitled",
    rules: Rules | None = None,
    *,
    ground: str = "floor",
    rewards: Mapping[Cell, float] | None = None,
) -> World:
    """Draw a world from rows of glyphs.

    Args:
        rows: one string a row, all of one length; the glyphs are those of the tile table.
        name: the world's name.
        rules: what holds everywhere.
        ground: terrain that lies under objects and where a floor is drawn.
        rewards: cells' own mean rewards.

    Raises:
        SandboxError: an unknown character or rows of different lengths; the place is the line and column.
    """
    check(bool(rows) and bool(rows[0]), "the map is empty: draw at least one cell.", "line 1")
    check(len(rows) <= MAX_SIDE, f"a world has at most {MAX_SIDE} rows, not {len(rows)}.", "map")
    shape = (len(rows), len(rows[0]))
    check(shape[1] <= MAX_SIDE, f"a world has at most {MAX_SIDE} columns, not {shape[1]}.", "line 1")
    codes = np.array([_codes(row, shape[1], r) for r, row in enumerate(rows)], np.int8)
    lies = _IS_OBJECT[codes]
    terrain = np.where(lies | (codes == CODE["floor"]), CODE[ground], codes)
    blank = World.blank(*shape)
    reward = blank.reward.copy()
    for cell, value in (rewards or {}).items():
        reward[cell] = value
    return blank.replace(
        name=name,
        terrain=terrain,
        objects=np.where(lies, codes, NOTHING),
        reward=reward,
        reward_sd=np.where(lies, _SPREAD[codes], 0.0),
        rules=rules or Rules(),
    )


def world_from_text(text: str, name: str = "Untitled") -> World:
    """Read a map that somebody typed: Gymnasium's `desc` of a frozen lake, or any plain map.

    A text of `S F H G` alone with at least one `F` or `H` is a frozen lake: ice that slips two times in
    three, holes that pay 0, at most 100 steps. Anything else is a plain map of the tile table's glyphs, in
    which a blank or `_` is floor too, `X + - |` are walls, `s` and `@` starts and `g` a goal.

    Raises:
        SandboxError: the text is no map; the place is the line and column.
    """
    lines = [line.rstrip("\r") for line in text.expandtabs(1).split("\n")]
    bare = [line.strip(" \t[](),\"'") for line in lines]
    letters = set("".join(bare))
    if letters and letters <= set("SFHG") and letters & set("FH"):
        rows = [row.replace("F", ".").replace("H", "P") for row in bare if row]
        lake = world_from_rows(rows, name, FROZEN_LAKE, ground="ice")
        reward = lake.reward.copy()
        reward[lake.objects == CODE["pit"]] = 0.0
        return lake.replace(reward=reward)
    while lines and not lines[-1].strip():
        lines.pop()
    first = next((k for k, line in enumerate(lines) if line.strip()), 0)
    rows = lines[first:]
    if any(" " in row for row in rows):
        # editors cut blanks at the ends of lines, and blanks are floor
        longest = max(len(row) for row in rows)
        rows = [row.ljust(longest) for row in rows]
    return world_from_rows(rows, name)


def text_of(world: World, agent: Cell | None = None) -> str:
    """The drawing as lines of glyphs, with `@` where the agent stands."""
    codes = np.where(world.objects == NOTHING, world.terrain, world.objects)
    rows = [[TILES[code].glyph for code in row] for row in codes.tolist()]
    if agent is not None:
        rows[agent[0]][agent[1]] = "@"
    return "".join("".join(row) + "\n" for row in rows)


_IS_OBJECT = np.array([tile.layer is Layer.OBJECT for tile in TILES])
_SPREAD = np.array([tile.rule.reward_sd for tile in TILES])
_CODES = {glyph: CODE[tile_id] for glyph, tile_id in _ALSO.items()}
_CODES |= {tile.glyph: CODE[tile.id] for tile in TILES if tile.layer is not Layer.WIND}


def _codes(row: str, width: int, r: int) -> list[int]:
    """Tile numbers of one row."""
    check(
        len(row) == width,
        f"this row has {len(row)} cells, but the first one has {width}: make them equally long.",
        f"line {r + 1}",
    )
    try:
        return [_CODES[glyph] for glyph in row]
    except KeyError:
        c = next(c for c, glyph in enumerate(row) if glyph not in _CODES)
        known = " ".join(tile.glyph for tile in TILES if tile.layer is not Layer.WIND)
        raise SandboxError(
            f"the character {row[c]!r} is no tile; the tiles are {known}", f"line {r + 1}, column {c + 1}"
        ) from None
