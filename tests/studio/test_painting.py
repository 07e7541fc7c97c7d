import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QImage, QPainter

from rlsandbox.marks import Arrows, Badge, Badges, Edges, Heatmap, Labels, Paths, Triangles
from rlsandbox.studio import colormaps
from rlsandbox.studio.painting import (
    View,
    fitted,
    paint_legend,
    paint_scene,
    paint_world,
    render_png,
    render_svg,
)
from rlsandbox.studio.painting.legend import scale_number
from rlsandbox.studio.painting.numbers import number
from rlsandbox.studio.painting.tiles import TileLayers, floor_color
from rlsandbox.studio.theme import THEMES
from rlsandbox.worlds.errors import SandboxError
from rlsandbox.worlds.tiles import TILES
from rlsandbox.worlds.world import World

pytestmark = pytest.mark.usefixtures("qapp")
DARK, LIGHT = THEMES["dark"], THEMES["light"]
CELL = 40


def painted(world, marks=(), theme=DARK, view=None, layers=None):
    view = view or View(CELL, 0, 0, world.width * CELL, world.height * CELL)
    image = QImage(int(view.width), int(view.height), QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(QColor(theme.canvas))
    painter = QPainter(image)
    paint_scene(painter, world, marks, theme, view, layers)
    painter.end()
    return image


def rgb(image, row, column, x=0.5, y=0.5, cell=CELL):
    color = image.pixelColor(int((column + x) * cell), int((row + y) * cell))
    return color.red(), color.green(), color.blue()


def rgb_of(text):
    color = QColor(text)
    return color.red(), color.green(), color.blue()


def floor(theme):
    return rgb_of(floor_color(theme))


def heat(values, low=0.0, high=1.0, colormap="viridis", **more):
    return Heatmap(np.array(values, float), low, high, colormap, "V", **more)


@pytest.mark.parametrize(
    ("name", "published"), [("viridis", "viridis"), ("cividis", "cividis"), ("diverging", "CET-D1A")]
)
def test_colour_scales_are_the_published_ones(name, published):
    from pyqtgraph import colormap

    scale = colormap.get(published)
    assert scale is not None
    table = np.array(scale.getLookupTable(0, 1, 256))[:, :3]
    assert np.abs(colormaps.colors(name).astype(int) - table).max() <= 1
    assert colormaps.words(name)[256] == 0


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=["dark", "light"])
def test_a_cell_has_the_colour_of_its_value(theme):
    image = painted(World.blank(1, 3), [heat([[0.0, 0.5, 1.0]])], theme)
    assert rgb(image, 0, 0) == (0x44, 0x01, 0x54)
    assert rgb(image, 0, 1) == tuple(colormaps.colors("viridis")[128])
    assert rgb(image, 0, 2) == (0xFD, 0xE7, 0x25)


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=["dark", "light"])
def test_walls_and_cells_without_value_are_not_painted_over(theme):
    world = World.blank(1, 4).painted([(0, 1)], "wall")
    with_values = painted(world, [heat([[0.5, 0.5, np.nan, 0.5]])], theme)
    bare = painted(world, (), theme)
    assert rgb(with_values, 0, 1) == rgb(bare, 0, 1) != rgb(with_values, 0, 0)
    assert rgb(with_values, 0, 2) == rgb(bare, 0, 2) == floor(theme)


def test_objects_stay_visible_over_values():
    world = World.blank(1, 1).painted([(0, 0)], "teleporter")
    values = heat([[0.0]])
    assert rgb(painted(world, [values]), 0, 0) == rgb(painted(world), 0, 0)
    assert rgb(painted(world, [values]), 0, 0, 0.5, 0.04) == (0x44, 0x01, 0x54)


def test_a_logarithmic_scale_goes_by_the_logarithm():
    image = painted(World.blank(1, 3), [heat([[0, 9, 99]], 0, 99, logarithmic=True)])
    assert rgb(image, 0, 1) == tuple(colormaps.colors("viridis")[128])  # log 10 lies halfway to log 100
    assert rgb(image, 0, 2) == (0xFD, 0xE7, 0x25)


def test_infinite_values_take_the_ends_of_the_scale():
    image = painted(World.blank(1, 2), [heat([[-np.inf, np.inf]])])
    assert (rgb(image, 0, 0), rgb(image, 0, 1)) == ((0x44, 0x01, 0x54), (0xFD, 0xE7, 0x25))


def test_triangles_lie_up_right_down_left():
    values = np.array([[[0.0, 1.0, np.nan, 0.5]]])
    image = painted(World.blank(1, 1), [Triangles(values, 0, 1, "viridis", "Q")])
    table = colormaps.colors("viridis")
    assert rgb(image, 0, 0, 0.5, 0.15) == tuple(table[0])
    assert rgb(image, 0, 0, 0.85, 0.5) == tuple(table[255])
    assert rgb(image, 0, 0, 0.5, 0.85) == floor(DARK)
    assert rgb(image, 0, 0, 0.15, 0.5) == tuple(table[128])


def test_small_triangles_show_the_largest_value():
    values = np.array([[[0.0, 1.0, np.nan, 0.5]]])
    view = View(6, 0, 0, 6, 6)
    image = painted(World.blank(1, 1), [Triangles(values, 0, 1, "viridis", "Q")], view=view)
    assert rgb(image, 0, 0, cell=6) == (0xFD, 0xE7, 0x25)


def one_arrow(length=1.0, towards=(0, 1)):
    return Arrows(np.array([0]), np.array([0]), np.array([towards], float), np.array([length]))


def test_the_ink_of_arrows_flips_with_the_ground():
    for value, ink in ((0.0, 255), (1.0, 0x14)):
        assert rgb(painted(World.blank(1, 1), [heat([[value]]), one_arrow()]), 0, 0)[0] == ink


def inked(image, row, column):
    """Share of a cell's pixels that are nearly white."""
    cell = [
        rgb(image, row, column, x / CELL, y / CELL)[0] > 200
        for x in range(2, CELL - 2)
        for y in range(2, CELL - 2)
    ]
    return np.mean(cell)


def test_the_length_of_an_arrow_is_its_share():
    long, short = (painted(World.blank(1, 1), [heat([[0.0]]), one_arrow(share)]) for share in (1.0, 0.3))
    assert inked(long, 0, 0) > 1.5 * inked(short, 0, 0) > 0
    assert inked(painted(World.blank(1, 1), [heat([[0.0]]), one_arrow(towards=(0, 0))]), 0, 0) > 0  # a dot


def test_many_arrows_are_shared_by_blocks_of_cells():
    rows, columns = (each.ravel() for each in np.mgrid[0:128, 0:128])
    right = np.tile([0.0, 1.0], (len(rows), 1))
    arrows = Arrows(rows, columns, right, np.ones(len(rows)))
    from rlsandbox.studio.painting.arrows import MOST_GLYPHS, _shared

    view = View(8, 0, 0, 1024, 1024)
    x, y, towards, block = _shared(arrows, (128, 128), view)
    assert block == 2 and len(x) == 64 * 64 <= MOST_GLYPHS
    assert x[0] == y[0] == 1.0  # the corner that four cells share
    assert (towards == [0, 1]).all()
    up_and_down = replace(arrows, towards=np.where(rows[:, None] % 2, [1.0, 0], [-1.0, 0]))
    assert not _shared(up_and_down, (128, 128), view)[2].any()  # they cancel out


def test_numbers_appear_where_there_is_room():
    values, labels = heat([[0.0]]), Labels(np.array([[-12.3]]))
    large = painted(World.blank(1, 1), [values, labels])
    small_view = View(20, 0, 0, 20, 20)
    assert inked(large, 0, 0) > 0
    small = painted(World.blank(1, 1), [values, labels], view=small_view)
    assert small == painted(World.blank(1, 1), [values], view=small_view)
    assert painted(World.blank(1, 1), [values, Labels(np.array([[np.nan]]))]) == painted(
        World.blank(1, 1), [values]
    )


def test_how_numbers_are_written():
    assert number(-12.94, 1) == "−12.9"
    assert number(-0.04, 1) == "0.0"
    assert number(-np.inf, 1) == "−∞"
    assert number(1234567, 0) == "1.2e6"
    assert scale_number(-12.9, 12.9) == "−12.9"
    assert scale_number(1500, 1500) == "1500"
    assert scale_number(0.25, 0.3) == "0.25"


def test_the_agent_stands_where_its_position_says_and_selection_frames_the_cell():
    badges = Badges((Badge(0.5, 1.5, "agent"), Badge(0, 0, "selected")))
    image = painted(World.blank(1, 2), [badges])
    assert rgb(image, 0, 1) == rgb_of("#ff8534")
    assert rgb(image, 0, 0, 0.5, 0.03) == rgb_of(DARK.accent)
    assert rgb(image, 0, 0) == floor(DARK)


def test_a_path_runs_through_its_points_but_not_along_jumps():
    points = np.array([[0.5, 0.5], [0.5, 2.5], [2.5, 2.5], [2.5, 0.5]])
    image = painted(World.blank(3, 3), [Paths(points, np.array([False, False, True, False]))])
    bare = floor(DARK)
    assert rgb(image, 0, 1) != bare
    assert rgb(image, 2, 1) != bare
    assert rgb(image, 1, 0) == bare
    assert rgb(image, 0, 1)[0] < rgb(image, 2, 1)[0]  # it fades towards its beginning
    walked = painted(World.blank(3, 3), [Paths(points, np.zeros(4, bool))])
    assert inked_anywhere(walked) > inked_anywhere(image)


def inked_anywhere(image):
    bare = floor_color(DARK).red()
    middle = 1.5 * CELL
    return sum(image.pixelColor(int(2.5 * CELL) + d, int(middle)).red() > bare + 60 for d in range(-4, 5))


def test_kept_layers_give_the_same_picture_and_follow_an_edit():
    world = World.blank(6, 6).painted([(0, 0), (3, 3)], "cliff").painted([(1, 1)], "wind", (-1, 0))
    layers = TileLayers()
    view = View(CELL, -30, -50, 150, 130)
    values = [heat(np.linspace(0, 1, 36).reshape(6, 6))]
    for theme in (DARK, LIGHT):
        for marks in ((), values):
            assert painted(world, marks, theme, view, layers) == painted(world, marks, theme, view)
    moved = replace(view, left=-90, top=-10)
    assert painted(world, (), DARK, moved, layers) == painted(world, (), DARK, moved)
    edited = world.painted([(2, 2)], "wall")
    assert painted(edited, (), DARK, view, layers) == painted(edited, (), DARK, view)
    assert painted(edited, (), DARK, view, layers) != painted(world, (), DARK, view)


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=["dark", "light"])
@pytest.mark.parametrize("tile", TILES, ids=lambda tile: tile.id)
def test_every_tile_can_be_told_from_the_floor(theme, tile):
    bare = painted(World.blank(1, 1), (), theme)
    assert (painted(World.blank(1, 1).painted([(0, 0)], tile.id), (), theme) == bare) == (tile.id == "floor")


def test_wind_shows_its_direction_and_strength():
    pictures = [
        painted(World.blank(1, 1).painted([(0, 0)], "wind", wind))
        for wind in ((-1, 0), (1, 0), (0, -1), (0, 1), (-2, 0), (1, 1))
    ]
    assert all(a != b for k, a in enumerate(pictures) for b in pictures[:k])


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=["dark", "light"])
def test_svg_is_well_formed_and_made_of_shapes(tmp_path, theme):
    world = World.blank(2, 3).painted([(0, 0)], "wall").painted([(1, 2)], "goal")
    values = np.array([[np.nan, 0.2, 0.4], [0.6, 0.8, np.nan]])
    marks = [
        heat(values),
        one_arrow(),
        Labels(values, 2),
        Paths(np.array([[0.5, 1.5], [1.5, 1.5]]), np.zeros(2, bool)),
        Badges((Badge(0, 1, "agent"),)),
    ]
    render_svg(world, marks, tmp_path / "world.svg", 48, theme)
    root = ElementTree.parse(tmp_path / "world.svg").getroot()
    kinds = [element.tag.rpartition("}")[2] for element in root.iter()]
    assert root.tag.endswith("svg")
    assert "image" not in kinds
    assert len([kind for kind in kinds if kind in ("rect", "path", "polygon", "polyline", "circle")]) > 10
    texts = [element.text for element in root.iter() if element.tag.endswith("}text")]
    assert {"0.20", "0.80", "V"} <= {(text or "").strip() for text in texts}


def test_png_has_the_size_that_was_asked_for(tmp_path):
    render_png(World.blank(10, 20), (), tmp_path / "world.png", 24, LIGHT)
    image = QImage(str(tmp_path / "world.png"))
    assert (image.width(), image.height()) == (20 * 24 + 24, 10 * 24 + 24)
    assert image.pixelColor(12 + 12, 12 + 12).getRgb() == floor_color(LIGHT).getRgb()


def test_pictures_that_cannot_be_say_so(tmp_path):
    with pytest.raises(SandboxError, match="small enough"):
        render_png(World.blank(128, 128), (), tmp_path / "world.png", 500, DARK)
    with pytest.raises(SandboxError, match="cannot be written"):
        render_png(World.blank(1, 1), (), tmp_path / "nowhere" / "world.png", 8, DARK)


@pytest.mark.parametrize("side", [1, 128])
@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=["dark", "light"])
def test_smallest_and_largest_worlds(side, theme):
    world = World.blank(side, side)
    view = fitted((side, side), (500, 300))
    image = QImage(500, 300, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(QColor(theme.canvas))
    painter = QPainter(image)
    paint_world(painter, world, theme, view)
    painter.end()
    assert image.pixelColor(250, 150).getRgb() == floor_color(theme).getRgb()
    assert image.pixelColor(2, 2).getRgb() == QColor(theme.canvas).getRgb()


def test_only_what_is_in_view_is_visible():
    view = View(10, -25, 15, 100, 100)
    assert view.visible(128, 128) == (0, 9, 2, 13)
    assert view.visible(4, 4) == (0, 4, 2, 4)
    assert View(10, 500, 0, 100, 100).visible(4, 4) == (0, 4, 0, 0)
    assert view.cell_at(0, 15) == (0, 2)
    assert view.cell_at(4.9, 14.9) == (-1, 2)


def test_marks_of_a_world_of_another_size_are_passed_over():
    world, stale = World.blank(2, 2), np.zeros((3, 5))
    marks = [
        heat(stale),
        Labels(stale),
        Triangles(np.zeros((3, 5, 4)), 0, 1, "viridis", "Q"),
        Arrows(np.array([2]), np.array([4]), np.array([[0.0, 1.0]]), np.ones(1)),
    ]
    assert painted(world, marks) == painted(world)


@pytest.mark.parametrize(("theme", "ink"), [(DARK, "#b58cf0"), (LIGHT, "#8b54d6")], ids=["dark", "light"])
def test_edges_are_as_wide_as_they_were_taken(theme, ink):
    points = np.array([[0.5, 0.5, 0.5, 1.5], [1.5, 0.5, 1.5, 1.5]])
    image = painted(
        World.blank(2, 2), [Edges(points, np.array([1.0, 0.25]))], theme, View(80, 0, 0, 160, 160)
    )
    wide, thin = (
        sum(rgb(image, row, 1, 0.1, y / 80, 80) == rgb_of(ink) for y in range(80)) for row in (0, 1)
    )
    assert wide == 8 and thin == 2  # a tenth of the cell, and a quarter of that


def test_edges_are_lines_in_an_svg(tmp_path):
    edges = Edges(np.array([[0.5, 0.5, 0.5, 1.5]]), np.array([1.0]))
    render_svg(World.blank(1, 2), [edges], tmp_path / "tree.svg", 40, DARK)
    assert "#b58cf0" in (tmp_path / "tree.svg").read_text(encoding="utf-8")


def test_numbers_of_triangles_make_room_for_arrows():
    world, view = World.blank(1, 1), View(80, 0, 0, 80, 80)
    flat = Triangles(np.zeros((1, 1, 4)), 0, 1, "viridis", "Q")
    arrow = Arrows(np.array([0]), np.array([0]), np.array([[0.0, 1.0]]), np.ones(1))

    def written(*marks):  # pale pixels where the number of "up" stands
        image = painted(world, marks, view=view)
        places = [(x / 80, y / 80) for x in range(20, 60) for y in range(4, 24)]
        return sum(min(rgb(image, 0, 0, *place, 80)) > 150 for place in places)

    assert written(flat) > 5
    assert written(flat, arrow) == 0


def test_a_surface_flows_inside_of_its_cells_and_ends_at_their_edges():
    nan = np.nan
    values = [[nan, nan, 0.0, 0.0, 1.0, 1.0], [nan, nan, 0.0, 0.0, 1.0, 1.0]]
    image = painted(World.blank(1, 3), [heat(values, per_cell=2)])
    assert rgb(image, 0, 0, x=0.9) == floor(DARK)
    for x in (0.1, 0.5):  # up to the edge nothing fades
        assert rgb(image, 0, 1, x=x) == (0x44, 0x01, 0x54)
    assert rgb(image, 0, 2, x=0.5) == (0xFD, 0xE7, 0x25)
    between = rgb(image, 0, 1, x=0.95)  # just before the middle of the two colours
    assert all(
        low < now < high
        for low, now, high in zip((0x44, 0x01, 0x25), between, (0xFD, 0xE7, 0x54), strict=True)
    )


def test_a_surface_in_a_vector_picture_is_made_of_its_parts(tmp_path):
    path = tmp_path / "surface.svg"
    render_svg(World.blank(1, 1), [heat([[0.0, 1.0], [1.0, 0.0]], per_cell=2)], path, 40, DARK)
    text = path.read_text().lower()
    assert text.count('fill="#440154"') == 2 and text.count('fill="#fde725"') == 2


def test_arrows_of_parts_stand_in_their_middles():
    arrow = Arrows(np.array([1]), np.array([2]), np.array([[0.0, 1.0]]), np.array([1.0]), per_cell=3)
    image = painted(World.blank(1, 2), [arrow])
    bare = painted(World.blank(1, 2))
    touched = [
        (x, y)
        for x in range(image.width())
        for y in range(image.height())
        if image.pixelColor(x, y) != bare.pixelColor(x, y)
    ]
    xs, ys = zip(*touched, strict=True)
    assert np.mean([min(xs), max(xs)]) == pytest.approx(2.5 / 3 * CELL, abs=1.5)
    assert np.mean([min(ys), max(ys)]) == pytest.approx(1.5 / 3 * CELL, abs=1.5)


def test_a_scale_gives_up_of_its_bar_where_there_is_little_room():
    image, corner = QImage(600, 40, QImage.Format.Format_RGB32), QPointF(0, 30)
    marks = (Heatmap(np.zeros((1, 1)), -115.376, -115.35, "viridis", "V"),)
    with QPainter(image) as painter:
        whole = paint_legend(painter, marks, DARK, corner).width()
        assert paint_legend(painter, marks, DARK, corner, room=whole).width() == whole
        assert paint_legend(painter, marks, DARK, corner, room=whole - 60).width() == whole - 60
        assert paint_legend(painter, marks, DARK, corner, room=0).width() > whole - 150
