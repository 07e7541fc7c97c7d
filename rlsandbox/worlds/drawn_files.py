"""Drawn worlds as JSON: two drawings in glyphs, and a list of the cells that have values of their own."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, FailFast, Field

from rlsandbox.worlds.errors import SandboxError, check
from rlsandbox.worlds.json_text import STRICT, block, written
from rlsandbox.worlds.rules import MAX_SIDE, Change, Link, Rules
from rlsandbox.worlds.tiles import CODE, NOTHING, TILE_BY_GLYPH, TILES, Layer
from rlsandbox.worlds.validation import LAYERS, MAX_NAME, blank_layer, is_blank
from rlsandbox.worlds.world import World

FORMAT = "rlsandbox.world"
VERSIONS = (1,)
_OWN = ("reward", "reward_sd", "slip", "weight", "wind", "potential", "policy")
_MOST_CELLS = 2**14
"""Up to so many cells have their own values listed; more are written as whole layers."""

_Side = Annotated[int, Field(ge=0, lt=MAX_SIDE)]
_Place = tuple[_Side, _Side]
_Strength = Annotated[int, Field(ge=-9, le=9)]
_TileId = Annotated[str, Field(max_length=40)]
_Rows = Annotated[list[Annotated[str, Field(max_length=MAX_SIDE)]], FailFast(), Field(max_length=MAX_SIDE)]
_Packed = Annotated[str, Field(max_length=MAX_SIDE * MAX_SIDE * 11)]


class Cell(BaseModel):
    """One cell's own values."""

    model_config = STRICT
    cell: _Place
    reward: float | None = None
    reward_sd: float | None = None
    slip: float | None = None
    weight: float | None = None
    wind: tuple[_Strength, _Strength] | None = None
    potential: float | None = None
    policy: Annotated[int, Field(ge=-1, lt=2**15)] | None = None


class _Way(BaseModel):
    """A teleporter's link."""

    model_config = STRICT
    source: _Place = Field(alias="from")
    target: _Place = Field(alias="to")


class _Edit(BaseModel):
    """A scheduled change."""

    model_config = STRICT
    step: Annotated[int, Field(ge=0, le=10**15)]
    tiles: Annotated[list[tuple[_Side, _Side, _TileId]], FailFast()]


class WorldFile(BaseModel):
    """What a file of version 1 may hold."""

    model_config = STRICT
    format: Literal["rlsandbox.world"]
    version: Literal[1]
    name: Annotated[str, Field(max_length=MAX_NAME)]
    rules: Rules
    terrain: _Rows
    objects: _Rows = []
    cells: Annotated[list[Cell], FailFast()] = []
    layers: dict[Literal[_OWN], _Packed] = Field(  # type: ignore[valid-type]
        default={},
        description="whole layers, row by row, as base64 of little-endian numbers: "
        "int8 pairs for wind, int16 for policy, else float64",
    )
    links: Annotated[list[_Way], FailFast()] = []
    schedule: Annotated[list[_Edit], FailFast()] = []


def dumps(world: World) -> str:
    """The world as canonical JSON, one line a row and one line a cell."""
    rules = {name: value for name, value in vars(world.rules).items() if name != "drift" or value}
    fields: dict[str, str] = {
        "format": json.dumps(FORMAT),
        "version": json.dumps(VERSIONS[-1]),
        "name": json.dumps(world.name, ensure_ascii=False),
        "rules": block("{}", [f"{json.dumps(k)}: {json.dumps(v)}" for k, v in rules.items()]),
        "terrain": block("[]", [json.dumps(row) for row in _glyphs(world.terrain)]),
        "objects": block("[]", [json.dumps(row) for row in _glyphs(world.objects)]),
    }
    own = _own_cells(world)
    if np.count_nonzero(own) <= _MOST_CELLS:
        fields["cells"] = cells_text(world, own)
    else:
        layers = {name: _packed(getattr(world, name)) for name in _OWN if not is_blank(world, name)}
        fields["layers"] = block("{}", [f"{json.dumps(k)}: {json.dumps(v)}" for k, v in layers.items()])
    fields["links"] = block("[]", [json.dumps({"from": w.source, "to": w.target}) for w in world.links])
    fields["schedule"] = block("[]", [json.dumps(vars(change)) for change in world.schedule])
    return written(fields)


def cells_text(world: World, own: NDArray[np.bool_] | None = None) -> str:
    """The list of the cells that differ from the defaults, row by row, with what differs."""
    cells = np.argwhere(_own_cells(world) if own is None else own)
    differs = {name: _differs(world, name) for name in _OWN}
    rows = [
        {"cell": [r, c]} | {name: getattr(world, name)[r, c].tolist() for name in _OWN if differs[name][r, c]}
        for r, c in cells.tolist()
    ]
    return block("[]", [json.dumps(row) for row in rows])


def _own_cells(world: World) -> NDArray[np.bool_]:
    return np.logical_or.reduce([_differs(world, name) for name in _OWN])


def _differs(world: World, name: str) -> NDArray[np.bool_]:
    own, plain = getattr(world, name), blank_layer(name, world.height, world.width)
    other = own != plain
    if own.dtype == np.float64:
        other &= ~(np.isnan(own) & np.isnan(plain))
    return other.any(axis=-1) if other.ndim == 3 else other


def _packed(layer: NDArray[Any]) -> str:
    return base64.b64encode(layer.astype(layer.dtype.newbyteorder("<")).tobytes()).decode()


def _unpacked(text: str, name: str, height: int, width: int) -> NDArray[Any]:
    dtype = np.dtype(LAYERS[name][0])
    shape = (height, width, 2) if name == "wind" else (height, width)
    place = f"layers.{name}"
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise SandboxError("this is no base64.", place) from None
    needed = int(np.prod(shape)) * dtype.itemsize
    check(len(data) == needed, f"the layer has {len(data):,} bytes, the world needs {needed:,}.", place)
    return np.frombuffer(data, dtype.newbyteorder("<")).reshape(shape).astype(dtype)


def _glyphs(layer: NDArray[np.int8]) -> list[str]:
    glyphs = {code: tile.glyph for code, tile in enumerate(TILES)} | {NOTHING: "."}
    return ["".join([glyphs[code] for code in row]) for row in layer.tolist()]


def world_of(file: WorldFile) -> World:
    """The world that a file holds.

    Raises:
        SandboxError: its parts do not fit together.
    """
    terrain = _codes(file.terrain, Layer.TERRAIN, "terrain")
    height, width = terrain.shape
    blank = World.blank(height, width)
    objects = _codes(file.objects, Layer.OBJECT, "objects") if file.objects else blank.objects
    check(
        objects.shape == terrain.shape,
        f"there are {objects.shape[0]} x {objects.shape[1]} cells, but the terrain has {height} x {width}.",
        "objects",
    )
    check(not (file.cells and file.layers), "give cells their values or whole layers, not both.", "layers")
    layers = {name: _unpacked(text, name, height, width) for name, text in file.layers.items()}
    layers |= own_values(file.cells, height, width)
    return World(
        name=file.name,
        terrain=terrain,
        objects=objects,
        **{name: layers.get(name, getattr(blank, name)) for name in _OWN},  # type: ignore[arg-type]
        links=tuple(Link(way.source, way.target) for way in file.links),
        rules=file.rules,
        schedule=tuple(Change(edit.step, tuple(edit.tiles)) for edit in file.schedule),
    )


def own_values(cells: list[Cell], height: int, width: int) -> dict[str, NDArray[Any]]:
    """The layers on which cells have values of their own.

    Raises:
        SandboxError: a cell lies outside or stands twice.
    """
    layers: dict[str, NDArray[Any]] = {}
    seen: set[tuple[int, int]] = set()
    for k, own in enumerate(cells):
        r, c = own.cell
        if not (r < height and c < width):
            raise SandboxError(f"cell {own.cell} lies outside the world.", f"cells[{k}]")
        if own.cell in seen:
            raise SandboxError(f"cell {own.cell} stands twice in the list.", f"cells[{k}]")
        seen.add(own.cell)
        for name in own.model_fields_set - {"cell"}:
            value = getattr(own, name)
            if value is not None:
                if name not in layers:
                    layers[name] = blank_layer(name, height, width).copy()
                layers[name][r, c] = value
    return layers


def _codes(rows: list[str], layer: Layer, field: str) -> NDArray[np.int8]:
    """Tile numbers `[H, W]` of a drawing."""
    codes = {glyph: CODE[tile.id] for glyph, tile in TILE_BY_GLYPH.items() if tile.layer is layer}
    if layer is Layer.OBJECT:
        codes["."] = NOTHING
    check(bool(rows) and bool(rows[0]), "draw at least one cell.", field)
    drawn = np.empty((len(rows), len(rows[0])), np.int8)
    for r, row in enumerate(rows):
        if len(row) != len(rows[0]):
            raise SandboxError(f"the row has {len(row)} cells, the first {len(rows[0])}.", f"{field}[{r}]")
        try:
            drawn[r] = [codes[glyph] for glyph in row]
        except KeyError:
            c = next(c for c, glyph in enumerate(row) if glyph not in codes)
            raise SandboxError(
                f"{row[c]!r} is none of {' '.join(codes)}", f"{field}[{r}], column {c + 1}"
            ) from None
    return drawn
