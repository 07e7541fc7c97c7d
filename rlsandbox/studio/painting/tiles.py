"""Tiles on a QPainter: polygons for pictures made of shapes, ready-made layers for the screen."""

import functools
from collections import OrderedDict

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap, QPolygonF

from rlsandbox.studio.colormaps import BRIGHT, luminance
from rlsandbox.studio.painting.view import Range, View
from rlsandbox.studio.theme import Theme
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


# Where streaks lie across a cell, and where on them the head stands; the middle is left to other marks.
_WIND_LANES = ((0.13, 0.14), (0.87, 0.14), (0.25, -0.12), (0.75, -0.12))


def paint_wind(painter: QPainter, wind: tuple[int, int], rect: QRectF, theme: Theme) -> None:
    """Streaks that blow with the wind, one for each cell by which it pushes (at most four)."""
    rows, columns = wind
    speed = max(abs(rows), abs(columns))
    along = QPointF(columns / speed, rows / speed)
    across = QPointF(-along.y(), along.x())
    size = rect.width()
    if rows and columns:  # streaks along a diagonal must stay in the cell
        along, across = along * 0.62, across * 0.62
    thick = max(1.0, 0.03 * size)
    ink = QColor("#7cc4ee" if theme.name == "dark" else "#2f7fb5")
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for color, width, opacity in ((floor_color(theme), thick + 0.03 * size, 0.5), (ink, thick, 1.0)):
        pen = QPen(color, width)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        painter.setPen(pen)
        for lane, head in _WIND_LANES[:speed]:
            middle = rect.center() + across * ((lane - 0.5) * size)
            painter.setOpacity(0.6 * opacity)
            painter.drawLine(middle - along * (0.42 * size), middle + along * (0.42 * size))
            tip, wing = middle + along * (head * size), 0.085 * size
            painter.setOpacity(opacity)
            painter.drawPolyline([tip - (along + across) * wing, tip, tip - (along - across) * wing])
    painter.restore()


@functools.cache
def bright_tiles(theme_name: str) -> NDArray[np.bool_]:
    """`[tiles]`: whether the ground of each tile needs dark ink."""
    floor = TILES[CODE["floor"]].shapes[0]
    grounds = [tile.shapes[0] if _fills_cell(tile.shapes[0]) else floor for tile in TILES]
    colors = [QColor(shape.dark if theme_name == "dark" else shape.light).getRgb()[:3] for shape in grounds]
    return luminance(np.array(colors, np.uint8)) > BRIGHT


def paint_ground_shapes(painter: QPainter, world: World, theme: Theme, view: View) -> None:
    """The terrain, cell by cell, as shapes."""
    height, width = world.terrain.shape
    # One floor under everything: neighbouring shapes never show a seam.
    _paint_shapes(painter, TILES[CODE["floor"]].shapes, view.rect(0, 0, height, width), theme)
    for r, c in np.argwhere(world.terrain != CODE["floor"]).tolist():
        _paint_shapes(painter, TILES[world.terrain[r, c]].shapes, view.rect(r, c), theme)


def paint_over_shapes(painter: QPainter, world: World, theme: Theme, view: View) -> None:
    """What lies over values, cell by cell, as shapes."""
    for layer in (world.terrain, world.objects):
        for r, c in np.argwhere((layer != NOTHING) & (layer != CODE["floor"])).tolist():
            tile = TILES[layer[r, c]]
            _paint_over(painter, tile, view.rect(r, c), theme)
    for r, c in np.argwhere(world.wind.any(axis=-1)).tolist():
        paint_wind(painter, _wind_of(world, r, c), view.rect(r, c), theme)


def _wind_of(world: World, r: int, c: int) -> tuple[int, int]:
    return int(world.wind[r, c, 0]), int(world.wind[r, c, 1])


class TileLayers:
    """The static part of the picture, painted once for a world, zoom and theme.

    There are two layers, because values are painted between them: the ground, and what lies over it.
    """

    def __init__(self) -> None:
        """Start empty."""
        self._key: tuple[object, ...] = ()
        self._range: Range = (0, 0, 0, 0)
        self._world: World | None = None
        self._ground = QPixmap()
        self._over = QPixmap()
        self._stamps: OrderedDict[tuple[object, ...], QPixmap] = OrderedDict()

    def paint_ground(self, painter: QPainter, world: World, theme: Theme, view: View) -> None:
        """The terrain."""
        self._prepare(world, theme, view)
        painter.drawPixmap(self._place(view), self._ground)

    def paint_over(self, painter: QPainter, world: World, theme: Theme, view: View) -> None:
        """What lies over values: walls and cliffs, objects, wind."""
        self._prepare(world, theme, view)
        painter.drawPixmap(self._place(view), self._over)

    def _place(self, view: View) -> QPointF:
        return view.rect(self._range[0], self._range[2]).topLeft()

    def _prepare(self, world: World, theme: Theme, view: View) -> None:
        key = (int(view.cell), theme.name)
        seen = view.visible(*world.terrain.shape)
        r0, r1, c0, c1 = self._range
        covered = r0 <= seen[0] and seen[1] <= r1 and c0 <= seen[2] and seen[3] <= c1
        if world is self._world and key == self._key and covered:
            return
        self._world, self._key, self._range = world, key, _widened(seen, *world.terrain.shape)
        self._paint(world, theme, int(view.cell))

    def _paint(self, world: World, theme: Theme, size: int) -> None:
        r0, r1, c0, c1 = self._range
        width, height = max(1, (c1 - c0) * size), max(1, (r1 - r0) * size)
        self._ground, self._over = QPixmap(width, height), QPixmap(width, height)
        self._ground.fill(floor_color(theme))
        self._over.fill(Qt.GlobalColor.transparent)
        ground, over = QPainter(self._ground), QPainter(self._over)
        terrain, objects = world.terrain[r0:r1, c0:c1], world.objects[r0:r1, c0:c1]
        for r, c in np.argwhere(terrain != CODE["floor"]).tolist():
            tile = TILES[terrain[r, c]]
            ground.drawPixmap(c * size, r * size, self._stamp(tile, "ground", size, theme))
            over.drawPixmap(c * size, r * size, self._stamp(tile, "over", size, theme))
        for r, c in np.argwhere(objects != NOTHING).tolist():
            over.drawPixmap(c * size, r * size, self._stamp(TILES[objects[r, c]], "over", size, theme))
        for r, c in np.argwhere(world.wind[r0:r1, c0:c1].any(axis=-1)).tolist():
            wind = _wind_of(world, r + r0, c + c0)
            over.drawPixmap(c * size, r * size, self._stamp(wind, "wind", size, theme))
        ground.end()
        over.end()

    def _stamp(self, what: Tile | tuple[int, int], part: str, size: int, theme: Theme) -> QPixmap:
        key = (what.id if isinstance(what, Tile) else what, part, size, theme.name)
        stamp = self._stamps.get(key)
        if stamp is None:
            stamp = QPixmap(size, size)
            stamp.fill(Qt.GlobalColor.transparent)
            painter = QPainter(stamp)
            _STAMPERS[part](painter, what, QRectF(0, 0, size, size), theme)
            painter.end()
            self._stamps[key] = stamp
            if len(self._stamps) > 256:
                self._stamps.popitem(last=False)
        return stamp


_STAMPERS = {"ground": paint_tile, "over": _paint_over, "wind": paint_wind}


def _widened(seen: Range, height: int, width: int) -> Range:
    """The range with a margin around it, within the grid."""
    r0, r1, c0, c1 = seen
    rows, columns = round((r1 - r0) * _MARGIN), round((c1 - c0) * _MARGIN)
    return max(0, r0 - rows), min(height, r1 + rows), max(0, c0 - columns), min(width, c1 + columns)
