"""A world as a picture without Qt: tile polygons -> rgb array."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rlsandbox.worlds import shapes
from rlsandbox.worlds.rules import Cell
from rlsandbox.worlds.shapes import Shape
from rlsandbox.worlds.tiles import CODE, FLOOR, NOTHING, TILES
from rlsandbox.worlds.world import World

ThemeName = Literal["light", "dark"]

_AGENT = (
    Shape(shapes.disc(0.5, 0.5, 0.29), "#ffffff", "#ffffff"),
    Shape(shapes.disc(0.5, 0.5, 0.25), "#ff8a3d", "#f57c2a"),
    Shape(shapes.disc(0.58, 0.42, 0.065), "#ffe6d5", "#ffe6d5"),
)
_POINT = 0.6
"""Size of an agent that moves between cells: a wall stops its middle, so that it is drawn small."""
_GRID: dict[ThemeName, tuple[int, float]] = {"dark": (0, 0.33), "light": (112, 0.22)}
_FINE = 4
"""Polygons are drawn this many times as large and averaged, which smooths their edges."""


def draw(
    world: World,
    agents: Iterable[Cell] = (),
    cell_px: int | None = None,
    theme: ThemeName = "light",
) -> NDArray[np.uint8]:
    """Draw a world and where its agents stand.

    Args:
        world: what to draw.
        agents: cells that get an orange disc.
        cell_px: pixels a cell; without it 48, or as many as fit into about 1,000.
        theme: "light" or "dark".

    Returns:
        `[H * cell_px, W * cell_px, 3]` uint8, a new array.
    """
    size = cell_px or max(4, min(48, 1024 // max(world.height, world.width)))
    picture = _drawn(world, size, theme).copy()
    for r, c in agents:
        look = (*_look(world, r, c, _groups(world)), *_AGENT)
        picture[r * size : (r + 1) * size, c * size : (c + 1) * size] = _stamp(look, size, theme)
    return picture


def draw_point(
    world: World, x: float, y: float, cell_px: int | None = None, theme: ThemeName = "light"
) -> NDArray[np.uint8]:
    """Draw a world and an agent anywhere in it, as a small disc; x and y in cells from the upper left.

    Returns:
        `[H * cell_px, W * cell_px, 3]` uint8, a new array.
    """
    from PIL import Image, ImageDraw

    picture = draw(world, (), cell_px, theme)
    size = picture.shape[0] // world.height
    left, top = (int((at - _POINT / 2) * size) - 1 for at in (x, y))
    wide = int(_POINT * size) + 4  # all of the disc, wherever between two pixels it lies
    for shape in _AGENT:
        mask = Image.new("L", (wide * _FINE, wide * _FINE))
        corners = [
            (
                (((x + (px - 0.5) * _POINT) * size) - left) * _FINE,
                ((y + (py - 0.5) * _POINT) * size - top) * _FINE,
            )
            for px, py in shape.points
        ]
        ImageDraw.Draw(mask).polygon(corners, fill=255)
        cover = np.asarray(mask.reduce(_FINE))[max(0, -top) :, max(0, -left) :, None] / 255
        patch = picture[max(0, top) : top + wide, max(0, left) : left + wide]
        cover = cover[: patch.shape[0], : patch.shape[1]]
        colour = np.array([int(getattr(shape, theme)[k : k + 2], 16) for k in (1, 3, 5)])
        patch[:] = np.rint(patch * (1 - cover) + colour * cover)
    return picture


@functools.lru_cache(maxsize=4)
def _drawn(world: World, size: int, theme: ThemeName) -> NDArray[np.uint8]:
    """The world without agents; kept, since an environment draws the same one again and again."""
    groups = _groups(world)
    picture = np.empty((world.height, size, world.width, size, 3), np.uint8)
    group = np.full((world.height, world.width), -1, np.int64)
    for cell, number in groups.items():
        group[cell] = number
    look = world.terrain.astype(np.int64)
    for layer, low, count in (
        (world.objects, NOTHING, len(TILES) + 1),
        (world.wind[..., 0], -9, 19),
        (world.wind[..., 1], -9, 19),
        (group, -1, len(groups) + 1),
    ):
        look = look * count + (layer - low)
    _, first, alike = np.unique(look.ravel(), return_index=True, return_inverse=True)
    cells = picture.transpose(0, 2, 1, 3, 4)
    alike = alike.reshape(group.shape)
    for kind, (r, c) in enumerate(zip(*np.divmod(first, world.width), strict=True)):
        cells[alike == kind] = _stamp(_look(world, int(r), int(c), groups), size, theme)
    return picture.reshape(world.height * size, world.width * size, 3)


def _look(world: World, r: int, c: int, groups: dict[Cell, int]) -> tuple[Shape, ...]:
    """Everything that is painted in a cell, from the ground up."""
    terrain, thing = int(world.terrain[r, c]), int(world.objects[r, c])
    look = TILES[FLOOR].shapes + (TILES[terrain].shapes if terrain != FLOOR else ())
    look += shapes.wind(int(world.wind[r, c, 0]), int(world.wind[r, c, 1]))
    if thing == NOTHING:
        return look
    return look + (shapes.portal(groups[r, c]) if (r, c) in groups else TILES[thing].shapes)


def _groups(world: World) -> dict[Cell, int]:
    """Number of the linked group for every teleporter that has a link or is the end of one."""
    groups: dict[Cell, int] = {}
    for link in world.links:
        known = groups.get(link.source, groups.get(link.target))
        number = known if known is not None else len(set(groups.values()))
        for cell in (link.source, link.target):
            if world.objects[cell] == CODE["teleporter"]:
                groups[cell] = number
    return groups


@functools.lru_cache(maxsize=512)
def _stamp(look: tuple[Shape, ...], size: int, theme: ThemeName) -> NDArray[np.uint8]:
    """One cell, `[size, size, 3]`."""
    from PIL import Image, ImageDraw

    fine = size * _FINE
    image = Image.new("RGB", (fine, fine))
    pen = ImageDraw.Draw(image)
    for shape in look:
        if shape.points == shapes.CELL:
            pen.rectangle((0, 0, fine, fine), fill=getattr(shape, theme))
        else:
            pen.polygon(
                [(x * fine - 0.5, y * fine - 0.5) for x, y in shape.points], fill=getattr(shape, theme)
            )
    stamp = np.asarray(image.reduce(_FINE)).copy()
    if size >= 8:
        tone, strength = _GRID[theme]
        for edge in (np.s_[:1, :], np.s_[1:, :1]):
            stamp[edge] = np.rint(stamp[edge] * (1 - strength) + tone * strength).astype(np.uint8)
    stamp.setflags(write=False)
    return stamp
