"""Worlds as files: versioned, human-readable JSON, and maps drawn as text.

A `*.rlworld.json` holds two drawings, terrain and objects, as rows of the tile table's glyphs (`.` is bare
floor, or no object), and lists only those cells that have values of their own. What `dumps` writes is
canonical: reading it and writing it again gives the same bytes.
"""

from __future__ import annotations

import difflib
import json
import os
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, FailFast, Field, ValidationError

from rlsandbox.worlds.disk import read_capped, write_atomically
from rlsandbox.worlds.errors import SandboxError, check
from rlsandbox.worlds.gallery import GALLERY, GENERATORS, gallery_world
from rlsandbox.worlds.rules import Change, Link, Rules
from rlsandbox.worlds.text_maps import world_from_text
from rlsandbox.worlds.tiles import CODE, NOTHING, TILE_BY_GLYPH, TILES, Layer
from rlsandbox.worlds.validation import MAX_NAME, MAX_SIDE
from rlsandbox.worlds.world import World

FORMAT = "rlsandbox.world"
VERSIONS = (1,)
SUFFIX = ".rlworld.json"

_MOST_VALUES = 400_000
"""More commas and brackets than a world with values and links in every cell needs."""
_MOST_TEXT = 200_000
"""More characters than a drawn map of the largest size has."""
_STRICT = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)

_Side = Annotated[int, Field(ge=0, lt=MAX_SIDE)]
_Place = tuple[_Side, _Side]
_Strength = Annotated[int, Field(ge=-9, le=9)]
_TileId = Annotated[str, Field(max_length=40)]
_Rows = Annotated[list[Annotated[str, Field(max_length=MAX_SIDE)]], FailFast(), Field(max_length=MAX_SIDE)]


class _Cell(BaseModel):
    """One cell's own values."""

    model_config = _STRICT
    cell: _Place
    reward: float | None = None
    reward_sd: float | None = None
    slip: float | None = None
    weight: float | None = None
    wind: tuple[_Strength, _Strength] | None = None


class _Way(BaseModel):
    """A teleporter's link."""

    model_config = _STRICT
    source: _Place = Field(alias="from")
    target: _Place = Field(alias="to")


class _Edit(BaseModel):
    """A scheduled change."""

    model_config = _STRICT
    step: Annotated[int, Field(ge=0, le=10**15)]
    tiles: Annotated[list[tuple[_Side, _Side, _TileId]], FailFast()]


class _WorldFile(BaseModel):
    """What a file of version 1 may hold."""

    model_config = _STRICT
    format: Literal["rlsandbox.world"]
    version: Literal[1]
    name: Annotated[str, Field(max_length=MAX_NAME)]
    rules: Rules
    terrain: _Rows
    objects: _Rows = []
    cells: Annotated[list[_Cell], FailFast()] = []
    links: Annotated[list[_Way], FailFast()] = []
    schedule: Annotated[list[_Edit], FailFast()] = []


def open_world(source: World | str | os.PathLike[str]) -> World:
    """The world that a name stands for.

    Args:
        source: a gallery id, `maze:SIZE:SEED`, `open:SIZE:SEED`, the path of a file (`*.rlworld.json` or a
            text map), or a World, which is returned as it is.

    Raises:
        SandboxError: there is no such world, or its file is malformed.
    """
    if isinstance(source, World):
        return source
    name = os.fspath(source)
    world = gallery_world(name) if isinstance(source, str) else None
    if world is not None:
        return world
    if not os.path.lexists(name) and not {os.sep, "."} & set(name):
        generators = [f"{kind}:21:0" for kind in GENERATORS]
        close = difflib.get_close_matches(name, [*GALLERY, *generators], n=1)
        meant = f"did you mean {close[0]}? " if close else ""
        raise SandboxError(f"there is no world {name[:80]!r}: {meant}Give a gallery name or a file.")
    return import_world(name)


def load_world(path: str | os.PathLike[str]) -> World:
    """Read a `*.rlworld.json` file.

    Raises:
        SandboxError: the file is missing, too large or malformed; the place is the file and where in it.
    """
    return _placed(path, lambda data: loads(data))


def import_world(path: str | os.PathLike[str]) -> World:
    """Read any file that holds a world: our JSON, a frozen lake's `desc` or a plain map, told by its content.

    Raises:
        SandboxError: the file is missing, too large or malformed; the place is the file and where in it.
    """

    def read(data: bytes) -> World:
        text = _decoded(data)
        if text.lstrip()[:1] == "{":
            return loads(text)
        check(len(text) <= _MOST_TEXT, f"this is no world: a map has at most {MAX_SIDE} rows and columns.")
        return world_from_text(text, _printable(Path(path).name.split(".")[0]) or "Untitled")

    return _placed(path, read)


def save_world(world: World, path: str | os.PathLike[str]) -> None:
    """Write a world to a file, whole or not at all.

    Raises:
        SandboxError: the file cannot be written.
    """
    write_atomically(path, dumps(world).encode())


def dumps(world: World) -> str:
    """The world as canonical JSON, one line a row and one line a cell."""
    fields: dict[str, str] = {
        "format": json.dumps(FORMAT),
        "version": json.dumps(VERSIONS[-1]),
        "name": json.dumps(world.name, ensure_ascii=False),
        "rules": _block("{}", [f"{json.dumps(k)}: {json.dumps(v)}" for k, v in vars(world.rules).items()]),
        "terrain": _block("[]", [json.dumps(row) for row in _glyphs(world.terrain)]),
        "objects": _block("[]", [json.dumps(row) for row in _glyphs(world.objects)]),
        "cells": _block("[]", [json.dumps(cell) for cell in _own_values(world)]),
        "links": _block("[]", [json.dumps({"from": w.source, "to": w.target}) for w in world.links]),
        "schedule": _block("[]", [json.dumps(vars(change)) for change in world.schedule]),
    }
    return "{\n" + ",\n".join(f'  "{name}": {text}' for name, text in fields.items()) + "\n}\n"


def loads(text: str | bytes) -> World:
    """Make a world from JSON.

    Raises:
        SandboxError: the text is malformed; the place is a line and column, or a field.
    """
    text = _decoded(text) if isinstance(text, bytes) else text
    found = _parsed(text)
    check(
        isinstance(found, dict) and found.get("format") == FORMAT,
        f'this is no world: its "format" is not "{FORMAT}".',
    )
    version = found.get("version")
    check(
        type(version) is int and version in VERSIONS,
        f"version {str(version)[:20]} of the format is unknown; known is {', '.join(map(str, VERSIONS))}.",
        "version",
    )
    del found, version  # a long text in three copies is more than a hostile file shall take
    try:
        file = _WorldFile.model_validate_json(text)
    except ValidationError as error:
        raise _sentence(error) from None
    return _world(file)


# -- writing ---------------------------------------------------------------------------------------


def _block(brackets: str, lines: list[str]) -> str:
    if not lines:
        return brackets
    return brackets[0] + "\n    " + ",\n    ".join(lines) + "\n  " + brackets[1]


def _glyphs(layer: NDArray[np.int8]) -> list[str]:
    glyphs = {code: tile.glyph for code, tile in enumerate(TILES)} | {NOTHING: "."}
    return ["".join(glyphs[code] for code in row) for row in layer.tolist()]


def _own_values(world: World) -> list[dict[str, Any]]:
    """The cells that differ from the defaults, row by row, with what differs."""
    blank = World.blank(world.height, world.width)
    differs = {}
    for name in ("reward", "reward_sd", "slip", "weight", "wind"):
        own, plain = getattr(world, name), getattr(blank, name)
        other = (own != plain) & ~(np.isnan(own) & np.isnan(plain))
        differs[name] = other.any(axis=-1) if other.ndim == 3 else other
    cells = np.argwhere(np.logical_or.reduce(list(differs.values())))
    return [
        {"cell": [r, c]}
        | {name: getattr(world, name)[r, c].tolist() for name in differs if differs[name][r, c]}
        for r, c in cells.tolist()
    ]


# -- reading ---------------------------------------------------------------------------------------


def _placed(path: str | os.PathLike[str], read: Any) -> World:
    """Read a file with `read`, and put its path before the place of any error."""
    data = read_capped(path)
    try:
        return read(data)
    except SandboxError as error:
        place = f"{os.fspath(path)}, {error.place}" if error.place else os.fspath(path)
        raise SandboxError(error.message, place) from None


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")  # some editors put a mark before the text
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SandboxError("the file is not UTF-8 text.", f"line {line}, byte {error.start + 1}") from None


def _printable(name: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in name)[:MAX_NAME]


def _parsed(text: str) -> Any:
    """The JSON value, with a place for what is no JSON and no duplicate keys."""
    values = sum(text.count(mark) for mark in ",[{")
    check(values <= _MOST_VALUES, f"the file holds over {_MOST_VALUES:,} values; no world needs so many.")
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise SandboxError(
            f"this is no complete JSON: {error.msg[:1].lower()}{error.msg[1:]}.",
            f"line {error.lineno}, column {error.colno}",
        ) from None
    except RecursionError:
        raise SandboxError("the file is nested too deeply to be a world.", _deepest(text)) from None
    except SandboxError:
        raise
    except ValueError:  # Python refuses to read whole numbers of over 4,300 digits
        raise SandboxError("a number has too many digits.") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise SandboxError("this key stands twice in one object.", f"key {twice[:40]!r}")
    return found


def _no_constant(name: str) -> Any:
    raise SandboxError(f"{name} is no number: write a finite one.", f"value {name}")


def _deepest(text: str) -> str:
    """Line and column at which brackets are first nested a hundred deep."""
    depth = 0
    for k, character in enumerate(text):
        depth += (character in "[{") - (character in "]}")
        if depth == 100:
            return f"line {text.count(chr(10), 0, k) + 1}, column {k - text.rfind(chr(10), 0, k)}"
    return "line 1"


def _sentence(error: ValidationError) -> SandboxError:
    """The first thing that pydantic found, as our error."""
    first = error.errors(include_url=False, include_input=False)[0]
    cause = first.get("ctx", {}).get("error")
    if isinstance(cause, SandboxError):
        return SandboxError(cause.message, cause.place)
    place = ""
    for part in first["loc"]:
        place += f"[{part}]" if isinstance(part, int) else f"{'.' if place else ''}{part[:40]}"
    message = first["msg"][:200]
    sentence = _SENTENCES.get(first["type"], f"{message[:1].lower()}{message[1:]}.")
    return SandboxError(sentence, place or None)


_SENTENCES = {
    "missing": "this field is missing: add it.",
    "extra_forbidden": "this field is unknown: remove it.",
    "unexpected_keyword_argument": "this rule is unknown: remove it.",
    "string_type": "write a text in quotes.",
    "float_type": "write a number.",
    "int_type": "write a whole number.",
    "int_from_float": "write a whole number.",
    "bool_type": "write true or false.",
    "list_type": "write a list in [ ].",
    "tuple_type": "write a list in [ ].",
    "model_type": "write an object in { }.",
    "model_attributes_type": "write an object in { }.",
    "dataclass_type": "write an object in { }.",
    "finite_number": "write a finite number.",
}
"""What to do about the commonest things that pydantic finds."""


def _world(file: _WorldFile) -> World:
    terrain = _codes(file.terrain, Layer.TERRAIN, "terrain")
    height, width = terrain.shape
    blank = World.blank(height, width)
    objects = _codes(file.objects, Layer.OBJECT, "objects") if file.objects else blank.objects
    check(
        objects.shape == terrain.shape,
        f"there are {objects.shape[0]} x {objects.shape[1]} cells, but the terrain has {height} x {width}.",
        "objects",
    )
    layers = {name: getattr(blank, name).copy() for name in ("reward", "reward_sd", "slip", "weight", "wind")}
    seen: set[tuple[int, int]] = set()
    for k, own in enumerate(file.cells):
        r, c = own.cell
        check(r < height and c < width, f"cell {own.cell} lies outside the world.", f"cells[{k}]")
        check(own.cell not in seen, f"cell {own.cell} stands twice in the list.", f"cells[{k}]")
        seen.add(own.cell)
        for name, layer in layers.items():
            value = getattr(own, name)
            if value is not None:
                layer[r, c] = value
    return World(
        name=file.name,
        terrain=terrain,
        objects=objects,
        **layers,
        links=tuple(Link(way.source, way.target) for way in file.links),
        rules=file.rules,
        schedule=tuple(Change(edit.step, tuple(edit.tiles)) for edit in file.schedule),
    )


def _codes(rows: list[str], layer: Layer, field: str) -> NDArray[np.int8]:
    """Tile numbers `[H, W]` of a drawing."""
    codes = {glyph: CODE[tile.id] for glyph, tile in TILE_BY_GLYPH.items() if tile.layer is layer}
    if layer is Layer.OBJECT:
        codes["."] = NOTHING
    check(bool(rows) and bool(rows[0]), "draw at least one cell.", field)
    drawn = np.empty((len(rows), len(rows[0])), np.int8)
    for r, row in enumerate(rows):
        check(
            len(row) == len(rows[0]),
            f"the row has {len(row)} cells, the first {len(rows[0])}.",
            f"{field}[{r}]",
        )
        for c, glyph in enumerate(row):
            check(glyph in codes, f"{glyph!r} is none of {' '.join(codes)}", f"{field}[{r}], column {c + 1}")
            drawn[r, c] = codes[glyph]
    return drawn
