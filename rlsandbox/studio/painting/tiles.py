"""Tiles on a QPainter: polygons for pictures made of shapes, ready-made layers for the screen."""

import functools
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap, QPolygonF

from rlsandbox.studio.colormaps import BRIGHT, luminance
from rlsandbox.studio.painting.grid import paint_grid, tile_grid
from rlsandbox.studio.painting.view import Range, View
from rlsandbox.studio.theme import THEMES, Theme
from rlsandbox.worlds.tiles import CODE, NOTHING, TILES, Layer, Shape, Tile
from rlsandbox.worlds.world import World

_WHOLE_CELL = {(0, 0), (1, 0), (1, 1), (0, 1)}
# Values are painted between a cell's ground and its details, which then let the values shine through.
_DETAIL_OPACITY = 0.55
_MARGIN = 0.25  # of the view; cached beyond its edges, so that panning need not repaint at once


def hides_values(tile: Tile) -> bool:
    """Whether no agent ever stands on this terrain, so that it covers what is painted over the floor."""
    return tile.rule.solid or tile.rule.restarts


def _fills_cell(shape: Shape) -> bool:
    return len(shape.points) == 4 and set(shape.points) == _WHOLE_CELL


@functools.cache
def _polygon(shape: Shape) -> QPolygonF:
    return QPolygonF([QPointF(x, y) for x, y in shape.points])


def _paint_shapes(painter: QPainter, shapes: tuple[Shape, ...], rect: QRectF, theme: Theme) -> None:
    for shape in shapes:
        color = QColor(shape.dark if theme.name == "dark" else shape.light)
        if _fills_cell(shape):
            painter.fillRect(rect, color)
            continue
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.translate(rect.topLeft())
        painter.scale(rect.width(), rect.height())
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        painter.drawPolygon(_polygon(shape))
        painter.restore()


def paint_tile(painter: QPainter, tile: Tile, rect: QRectF, theme: Theme, ground: bool = True) -> None:
    """Paint one tile into a rectangle, as the palette shows it.

    Args:
        painter: where to.
        tile: what.
        rect: the cell.
        theme: which of the tile's two colours.
        ground: whether the floor is painted under a tile that does not fill its cell.
    """
    if ground and not _fills_cell(tile.shapes[0]):
        _paint_shapes(painter, TILES[CODE["floor"]].shapes, rect, theme)
    _paint_shapes(painter, tile.shapes, rect, theme)


def _paint_over(painter: QPainter, tile: Tile, rect: QRectF, theme: Theme) -> None:
    """What of a tile stays visible over values."""
    if tile.layer is Layer.OBJECT:
        _paint_halo(painter, tile.shapes, rect, theme)
        _paint_shapes(painter, tile.shapes, rect, theme)
    elif hides_values(tile):
        _paint_shapes(painter, tile.shapes, rect, theme)
        if not tile.rule.solid:
            _paint_edges(painter, rect, theme)
    else:
        painter.setOpacity(_DETAIL_OPACITY)
        _paint_shapes(painter, tuple(s for s in tile.shapes if not _fills_cell(s)), rect, theme)
        painter.setOpacity(1)


def _paint_halo(painter: QPainter, shapes: tuple[Shape, ...], rect: QRectF, theme: Theme) -> None:
    """A rim in the floor's colour: not seen on the floor, it sets an object off from any value."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(rect.topLeft())
    painter.scale(rect.width(), rect.height())
    painter.setOpacity(0.75)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    pen = QPen(floor_color(theme), 0.05)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    for shape in shapes:
        painter.drawPolygon(_polygon(shape))
    painter.restore()


def _paint_edges(painter: QPainter, rect: QRectF, theme: Theme) -> None:
    """The grid's lines on ground that covers them."""
    ink = QColor(theme.grid)
    thick = max(1.0, round(rect.width() / 64))
    if rect.width() >= 12:
        painter.fillRect(QRectF(rect.left(), rect.top(), thick, rect.height()), ink)
        painter.fillRect(QRectF(rect.left(), rect.top(), rect.width(), thick), ink)


def floor_color(theme: Theme) -> QColor:
    """The colour of bare ground."""
    shape = TILES[CODE["floor"]].shapes[0]
    return QColor(shape.dark if theme.name == "dark" else shape.light)


_WIND_LANE = 0.15  # of a cell, from its edge: the middle is left to other marks
_MOST_WIND_HEADS = 4


def paint_wind(painter: QPainter, wind: tuple[int, int], rect: QRectF, theme: Theme) -> None:
    """A streak along the wind, with a head for each cell by which it pushes (at most four)."""
    rows, columns = wind
    speed = max(abs(rows), abs(columns))
    size = rect.width()
    # On a diagonal the streak is shorter, so that it stays in its cell.
    step = size * (0.62 if rows and columns else 1.0) / speed
    along = QPointF(columns, rows) * step
    across = QPointF(-along.y(), along.x())
    middle = rect.center() - across * (0.5 - _WIND_LANE)
    heads = min(speed, _MOST_WIND_HEADS)
    tips = [middle + along * (0.11 * (k - (heads - 1) / 2) + 0.04) for k in range(heads)]
    thick = max(1.0, 0.03 * size)
    ink = QColor("#8fd0f5" if theme.name == "dark" else "#2f7fb5")
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for color, width, opacity in ((floor_color(theme), 2 * thick, 0.4), (ink, thick, 1.0)):
        pen = QPen(color, width)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        painter.setPen(pen)
        painter.setOpacity(0.4 * opacity)
        painter.drawLine(middle - along * 0.42, middle + along * 0.42)
        painter.setOpacity(opacity)
        for tip in tips:
            painter.drawPolyline([tip - (along + across) * 0.08, tip, tip - (along - across) * 0.08])
    painter.restore()


@functools.cache
def bright_tiles(theme_name: str) -> NDArray[np.bool_]:
    """`[tiles]`: whether the ground of each tile needs dark ink."""
    floor = TILES[CODE["floor"]].shapes[0]
    grounds = [tile.shapes[0] if _fills_cell(tile.shapes[0]) else floor for tile in TILES]
    inks = [QColor(shape.dark if theme_name == "dark" else shape.light) for shape in grounds]
    colors = [(ink.red(), ink.green(), ink.blue()) for ink in inks]
    return luminance(np.array(colors, np.uint8)) > BRIGHT


def paint_ground_shapes(painter: QPainter, world: World, theme: Theme, view: View) -> None:
    """The terrain, cell by cell, as shapes."""
    height, width = world.terrain.shape
    # One floor under everything: neighbouring shapes never show a seam.
    _paint_shapes(painter, TILES[CODE["floor"]].shapes, view.rect(0, 0, height, width), theme)
    for r, c in np.argwhere(world.terrain != CODE["floor"]).tolist():
        _paint_shapes(painter, TILES[world.terrain[r, c]].shapes, view.rect(r, c), theme)


def paint_over_shapes(
    painter: QPainter, world: World, theme: Theme, view: View, valued: NDArray[np.bool_], grid: QColor
) -> None:
    """The grid and what lies over values, as shapes; `valued` is `[H, W]`, where values are painted."""
    styles = _styles(theme)
    paint_grid(painter, grid, view, view.visible(*world.terrain.shape))
    for layer in (world.terrain, world.objects):
        for r, c in np.argwhere((layer != NOTHING) & (layer != CODE["floor"])).tolist():
            _paint_over(painter, TILES[layer[r, c]], view.rect(r, c), styles[valued[r, c]])
    for r, c in np.argwhere(world.wind.any(axis=-1)).tolist():
        paint_wind(painter, _wind_of(world, r, c), view.rect(r, c), styles[valued[r, c]])


def _styles(theme: Theme) -> dict[bool, Theme]:
    """The theme of things by whether they lie on values, whose strong colours suit pale ink."""
    return {False: theme, True: THEMES["dark"]}


def _wind_of(world: World, r: int, c: int) -> tuple[int, int]:
    return int(world.wind[r, c, 0]), int(world.wind[r, c, 1])


class TileLayers:
    """The static part of the picture, painted once for a world, zoom and theme.

    There are two layers, because values are painted between them: the ground, and what lies over it.
    """

    def __init__(self) -> None:
        """Start empty."""
        self._ground = _Layer()
        self._over = _Layer()
        self._stamps: OrderedDict[tuple[object, ...], QPixmap] = OrderedDict()

    def paint_ground(self, painter: QPainter, world: World, theme: Theme, view: View) -> None:
        """The terrain."""
        size = int(view.cell)
        if self._ground.renew(world, (size, theme.name), view):
            with self._ground.painting(size, floor_color(theme)) as (into, r0, r1, c0, c1):
                terrain = world.terrain[r0:r1, c0:c1]
                for code in _codes(terrain):
                    if not hides_values(TILES[code]):  # such ground lies over values
                        stamp = self._stamp(TILES[code], "ground", size, theme)
                        _draw_at(into, stamp, terrain == code)
        painter.drawPixmap(self._ground.place(view), self._ground.picture)

    def paint_over(
        self,
        painter: QPainter,
        world: World,
        theme: Theme,
        view: View,
        valued: NDArray[np.bool_],
        grid: QColor,
    ) -> None:
        """What lies over values: the grid, walls and cliffs, objects, wind.

        `valued` is `[H, W]`, where values are. The grid is in here because two hundred see-through lines take
        longer to paint than all the rest of a frame.
        """
        size, styles = int(view.cell), _styles(theme)
        # In the dark theme things look the same with and without values under them.
        mask = valued.tobytes() if theme.name != styles[True].name else b""
        if self._over.renew(world, (size, theme.name, mask, grid.rgba()), view):
            with self._over.painting(size, QColor(0, 0, 0, 0)) as (into, r0, r1, c0, c1):
                on_values = valued[r0:r1, c0:c1]
                tile_grid(into, grid, view, (r0, r1, c0, c1))
                for layer in (world.terrain[r0:r1, c0:c1], world.objects[r0:r1, c0:c1]):
                    for code in _codes(layer):
                        for valued_too, style in styles.items():
                            where = (layer == code) & (on_values == valued_too)
                            _draw_at(into, self._stamp(TILES[code], "over", size, style), where)
                for r, c in np.argwhere(world.wind[r0:r1, c0:c1].any(axis=-1)).tolist():
                    wind = _wind_of(world, r + r0, c + c0)
                    stamp = self._stamp(wind, "wind", size, styles[bool(on_values[r, c])])
                    into.drawPixmap(c * size, r * size, stamp)
        painter.drawPixmap(self._over.place(view), self._over.picture)

    def _stamp(self, what: Tile | tuple[int, int], part: str, size: int, theme: Theme) -> QPixmap:
        key = (what.id if isinstance(what, Tile) else what, part, size, theme.name)
        stamp = self._stamps.get(key)
        if stamp is None:
            stamp = QPixmap(size, size)
            stamp.fill(Qt.GlobalColor.transparent)
            with QPainter(stamp) as painter:
                _STAMPERS[part](painter, what, QRectF(0, 0, size, size), theme)
            self._stamps[key] = stamp
            if len(self._stamps) > 256:
                self._stamps.popitem(last=False)
        return stamp


def _codes(layer: NDArray[np.int8]) -> list[int]:
    """The tiles of a layer that show anything beyond bare floor."""
    return [code for code in np.unique(layer).tolist() if code not in (NOTHING, CODE["floor"])]


def _draw_at(painter: QPainter, stamp: QPixmap, where: NDArray[np.bool_]) -> None:
    size, draw = stamp.width(), painter.drawPixmap
    for y, x in (np.argwhere(where) * size).tolist():
        draw(x, y, stamp)


_STAMPERS: dict[str, Callable[[QPainter, Any, QRectF, Theme], None]] = {
    "ground": paint_tile,
    "over": _paint_over,
    "wind": paint_wind,
}


class _Layer:
    """A picture of a range of cells, kept as long as it is true."""

    def __init__(self) -> None:
        self.picture = QPixmap()
        self._world: World | None = None
        self._key: tuple[object, ...] = ()
        self._range: Range = (0, 0, 0, 0)

    def renew(self, world: World, key: tuple[object, ...], view: View) -> bool:
        """Whether the picture must be painted again; if so, it covers a little more than the view."""
        seen = view.visible(*world.terrain.shape)
        r0, r1, c0, c1 = self._range
        covered = r0 <= seen[0] and seen[1] <= r1 and c0 <= seen[2] and seen[3] <= c1
        if world is self._world and key == self._key and covered:
            return False
        self._world, self._key, self._range = world, key, _widened(seen, *world.terrain.shape)
        return True

    @contextmanager
    def painting(self, size: int, ground: QColor) -> Iterator[tuple[QPainter, int, int, int, int]]:
        """A painter on a fresh picture, with the range of cells that it covers."""
        r0, r1, c0, c1 = self._range
        self.picture = QPixmap(max(1, (c1 - c0) * size), max(1, (r1 - r0) * size))
        self.picture.fill(ground)
        with QPainter(self.picture) as painter:
            yield painter, r0, r1, c0, c1

    def place(self, view: View) -> QPointF:
        """Where the picture lies on the device."""
        return view.rect(self._range[0], self._range[2]).topLeft()


def _widened(seen: Range, height: int, width: int) -> Range:
    """The range with a margin around it, within the grid."""
    r0, r1, c0, c1 = seen
    rows, columns = round((r1 - r0) * _MARGIN), round((c1 - c0) * _MARGIN)
    return max(0, r0 - rows), min(height, r1 + rows), max(0, c0 - columns), min(width, c1 + columns)
