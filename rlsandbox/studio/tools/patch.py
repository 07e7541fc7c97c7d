"""Pieces of worlds: copied, pasted, moved, with everything that their cells hold."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsandbox.studio.tools.base import Region
from rlsandbox.worlds.rules import Cell, Link
from rlsandbox.worlds.tiles import NOTHING, TILES
from rlsandbox.worlds.world import World


@dataclass(frozen=True)
class Patch:
    """A piece of a world.

    Attributes:
        layers: the world's layers by name, `[h, w, ...]` each.
        links: those that begin and end in the piece, counted from its corner.
    """

    layers: Mapping[str, NDArray[Any]]
    links: tuple[Link, ...]

    @property
    def height(self) -> int:
        """Number of rows."""
        return self.layers["terrain"].shape[0]

    @property
    def width(self) -> int:
        """Number of columns."""
        return self.layers["terrain"].shape[1]


def copied(world: World, region: Region) -> Patch:
    """A piece of a world; the region must lie inside."""
    block = (slice(region.top, region.bottom), slice(region.left, region.right))
    layers = {name: layer[block] for name, layer in _layers(world).items()}
    links = tuple(
        Link(
            _shifted(link.source, -region.top, -region.left), _shifted(link.target, -region.top, -region.left)
        )
        for link in world.links
        if link.source in region and link.target in region
    )
    return Patch(layers, links)


def pasted(world: World, patch: Patch, at: Cell) -> World:
    """The world with a piece laid over it, its corner on cell `at`; what sticks out is cut off.

    A teleporter whose partner is cut off, or was not copied along, stays without a link.
    """
    covered = Region(at[0], at[1], at[0] + patch.height, at[1] + patch.width)
    inside = covered.within(world.height, world.width)
    if inside is None:
        return world
    rows = slice(inside.top - at[0], inside.bottom - at[0])
    columns = slice(inside.left - at[1], inside.right - at[1])
    layers = {name: layer.copy() for name, layer in _layers(world).items()}
    for name, layer in layers.items():
        layer[inside.top : inside.bottom, inside.left : inside.right] = patch.layers[name][rows, columns]
    brought = tuple(Link(_shifted(link.source, *at), _shifted(link.target, *at)) for link in patch.links)
    links = tuple(link for link in world.links if link.source not in inside) + tuple(
        link for link in brought if link.source in inside and link.target in inside
    )
    return world.replace(**layers, links=links)


def moved(world: World, region: Region, rows: int, columns: int, copy: bool = False) -> World:
    """The world with a block shifted over whatever lay there, or copied.

    Links from elsewhere into the block follow it, and so do links out of it.
    """
    patch = copied(world, region)
    at = (region.top + rows, region.left + columns)
    if copy:
        return pasted(world, patch, at)
    result = pasted(world.erased(region.cells()), patch, at)
    followed = {}
    for link in world.links:
        if (link.source in region) == (link.target in region):
            continue  # both ends inside came with the block, both outside stayed
        source, target = (
            _shifted(end, rows, columns) if end in region else end for end in (link.source, link.target)
        )
        if _is_portal(result, source) and _is_inside(result, target):
            followed[source] = Link(source, target)
    stayed = tuple(link for link in result.links if link.source not in followed)
    return result.replace(links=stayed + tuple(followed.values()))


def _layers(world: World) -> dict[str, NDArray[Any]]:
    """Everything that a world holds for each cell."""
    held = {field.name: getattr(world, field.name) for field in dataclasses.fields(world)}
    return {name: value for name, value in held.items() if isinstance(value, np.ndarray)}


def _is_inside(world: World, cell: Cell) -> bool:
    return 0 <= cell[0] < world.height and 0 <= cell[1] < world.width


def _is_portal(world: World, cell: Cell) -> bool:
    code = int(world.objects[cell]) if _is_inside(world, cell) else NOTHING
    return code != NOTHING and TILES[code].rule.is_portal


def _shifted(cell: Cell, rows: int, columns: int) -> Cell:
    return cell[0] + rows, cell[1] + columns
