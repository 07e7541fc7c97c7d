"""Worlds as files: versioned, human-readable JSON, and maps drawn as text.

A `*.rlworld.json` holds two drawings, terrain and objects, as rows of the tile table's glyphs (`.` is bare
floor, or no object), and lists only those cells that have values of their own. A `*.mdp.json` lists the
transitions of a world that is not drawn. What `dumps` writes is canonical: reading it and writing it again
gives the same bytes.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from rlsandbox.worlds import drawn_files, table_files
from rlsandbox.worlds.disk import read_capped, write_atomically
from rlsandbox.worlds.errors import SandboxError, check
from rlsandbox.worlds.gallery import GALLERY, GENERATORS, gallery_world
from rlsandbox.worlds.json_text import parsed, validated
from rlsandbox.worlds.rules import MAX_SIDE
from rlsandbox.worlds.text_maps import world_from_text
from rlsandbox.worlds.validation import MAX_NAME
from rlsandbox.worlds.world import World

SUFFIX = ".rlworld.json"
TABLE_SUFFIX = ".mdp.json"

_MOST_TEXT = 900_000
"""More characters than a drawn map of the largest size has."""

_FORMATS: dict[str, tuple[tuple[int, ...], type[BaseModel], Callable[[Any], World]]] = {
    drawn_files.FORMAT: (drawn_files.VERSIONS, drawn_files.WorldFile, drawn_files.world_of),
    table_files.FORMAT: (table_files.VERSIONS, table_files.MdpFile, table_files.world_of),
}


def open_world(source: World | str | os.PathLike[str]) -> World:
    """The world that a name stands for.

    Args:
        source: a gallery id, a generator with its arguments (`maze:21:0`), the path of a file
            (`*.rlworld.json`, `*.mdp.json` or a text map), or a World, which is returned as it is.

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
        generators = [f"{kind}:{generator.example}" for kind, generator in GENERATORS.items()]
        close = difflib.get_close_matches(name, [*GALLERY, *generators], n=1)
        meant = f"did you mean {close[0]}? " if close else ""
        raise SandboxError(f"there is no world {name[:80]!r}: {meant}Give a gallery name or a file.")
    return import_world(name)


def load_world(path: str | os.PathLike[str]) -> World:
    """Read a `*.rlworld.json` or `*.mdp.json` file.

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
    """The world as canonical JSON: one line a row and a cell, or one line a transition."""
    return drawn_files.dumps(world) if world.tables is None else table_files.dumps(world)


def suffix(world: World) -> str:
    """How the name of a world's file ends."""
    return SUFFIX if world.tables is None else TABLE_SUFFIX


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of the files: a drawn world or a table."""
    kinds = {SUFFIX: drawn_files.WorldFile, TABLE_SUFFIX: table_files.MdpFile}
    parts, shared = [], {}
    for ending, kind in kinds.items():
        part = kind.model_json_schema(by_alias=True, ref_template="#/$defs/{model}")
        shared |= part.pop("$defs", {})
        parts.append(part | {"title": f"*{ending}"})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "World of RL Sandbox",
        "oneOf": parts,
        "$defs": shared,
    }


def loads(text: str | bytes) -> World:
    """Make a world from JSON.

    Raises:
        SandboxError: the text is malformed; the place is a line and column, or a field.
    """
    text = _decoded(text) if isinstance(text, bytes) else text
    found = parsed(text)
    name = str(found.get("format")) if isinstance(found, dict) else ""
    check(
        name in _FORMATS,
        f'this is no world: its "format" is none of {", ".join(_FORMATS)}.',
    )
    versions, kind, world_of = _FORMATS[name]
    version = found.get("version")
    check(
        type(version) is int and version in versions,
        f"version {str(version)[:20]} of the format is unknown; known is {', '.join(map(str, versions))}.",
        "version",
    )
    del found, version  # a long text in three copies is more than a hostile file shall take
    return world_of(validated(kind, text))


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
