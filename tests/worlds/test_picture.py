from __future__ import annotations

import re
import subprocess
import sys

import numpy as np
import pytest

from rlsandbox.worlds.gallery import GALLERY
from rlsandbox.worlds.picture import draw
from rlsandbox.worlds.tiles import TILES, Layer
from rlsandbox.worlds.world import World


def rgb(code: str) -> list[int]:
    return [int(code[k : k + 2], 16) for k in (1, 3, 5)]


def test_tiles_are_told_apart_by_id_glyph_and_shape():
    assert len({tile.id for tile in TILES}) == len({tile.glyph for tile in TILES}) == len(TILES)
    assert len({tile.shapes for tile in TILES}) == len(TILES)
    for tile in TILES:
        assert len(tile.glyph) == 1
        assert tile.tip.endswith(".")
        for shape in tile.shapes:
            assert re.fullmatch("#[0-9a-f]{6}", shape.dark)
            assert re.fullmatch("#[0-9a-f]{6}", shape.light)
            assert all(0 <= x <= 1 and 0 <= y <= 1 for x, y in shape.points), tile.id
        fills = [{(0, 0), (1, 0), (1, 1), (0, 1)} == set(shape.points) for shape in tile.shapes]
        assert fills[0] == (tile.layer is Layer.TERRAIN), "terrain fills its cell, nothing else does"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_tile_looks_different_from_every_other(theme):
    world = World.blank(1, len(TILES))
    for k, tile in enumerate(TILES):
        world = world.painted([(0, k)], tile.id)
    picture = draw(world, cell_px=32, theme=theme).astype(int)
    cells = picture.reshape(32, len(TILES), 32, 3).transpose(1, 0, 2, 3)
    for i in range(len(TILES)):
        for j in range(i):
            far = np.abs(cells[i] - cells[j]).max(axis=-1) > 20
            assert far.mean() > 0.02 or {TILES[i].id, TILES[j].id} == {"floor", "wall"}, (
                TILES[i].id,
                TILES[j].id,
            )
            assert (cells[i] != cells[j]).any()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_ground_has_its_colour_and_the_agent_is_orange(theme):
    world = World.blank(2, 2).painted([(0, 1)], "wall")
    picture = draw(world, agents=[(1, 1)], cell_px=40, theme=theme)
    assert picture.shape == (80, 80, 3)
    assert picture.dtype == np.uint8
    assert picture[20, 20].tolist() == rgb(getattr(TILES[0].shapes[0], theme))
    assert picture[20, 60].tolist() == rgb(getattr(TILES[1].shapes[0], theme))
    red, green, blue = picture[60, 60].tolist()
    assert red > 230 > 160 > green > blue
    assert (draw(world, cell_px=40, theme=theme)[60, 60] != picture[60, 60]).any(), (
        "the next one has no agent"
    )


def test_wind_and_links_are_seen():
    calm = World.blank(2, 2)
    pictures = [draw(calm.painted([(0, 0)], "wind", wind)) for wind in ((-1, 0), (-2, 0), (1, 0), (0, 1))]
    pair = calm.painted([(0, 0), (1, 1)], "teleporter")
    pictures += [draw(calm), draw(pair)]
    assert len({picture.tobytes() for picture in pictures}) == len(pictures)
    two = World.blank(1, 4).painted([(0, k) for k in range(4)], "teleporter")
    two = two.linked((0, 0), (0, 1), both_ways=True).linked((0, 2), (0, 3))
    one, other, third, fourth = np.split(draw(two, cell_px=48), 4, axis=1)
    assert (one == other).all()
    assert (third == fourth).all()
    assert (one != third).any()


def test_large_worlds_get_small_cells():
    assert draw(World.blank(128, 128)).shape == (1024, 1024, 3)
    assert draw(World.blank(1, 1)).shape == (48, 48, 3)
    for entry in GALLERY.values():
        assert draw(entry.make()).std() > 0


def test_no_qt_is_needed():
    code = (
        "import sys; from rlsandbox.worlds.picture import draw; from rlsandbox.worlds.gallery import GALLERY;"
        "draw(GALLERY['windy'].make()); print({'PySide6', 'numba', 'torch'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()", done.stderr
