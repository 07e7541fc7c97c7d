"""The whole picture: a world and the marks on it, in the order in which they lie on each other."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QPainter, QPainterPath

from rlsandbox.marks import Arrows, Badges, Edges, Heatmap, Labels, Mark, Paths, Triangles
from rlsandbox.studio.painting.arrows import paint_arrows
from rlsandbox.studio.painting.glyphs import (
    labels_fit,
    paint_badges,
    paint_edges,
    paint_labels,
    paint_path,
    paint_triangle_labels,
    triangle_labels_fit,
)
from rlsandbox.studio.painting.grid import grid_ink
from rlsandbox.studio.painting.heat import brightness, is_vector, paint_heatmap, paint_triangles
from rlsandbox.studio.painting.tiles import (
    TileLayers,
    bright_tiles,
    hides_values,
    paint_ground_shapes,
    paint_over_shapes,
)
from rlsandbox.studio.painting.view import View
from rlsandbox.studio.theme import Theme
from rlsandbox.worlds.tiles import TILES
from rlsandbox.worlds.world import World

T = TypeVar("T")

_LIFT = 0.09  # of a cell, by which arrows make room for the number under them
_HIDING = np.array([hides_values(tile) for tile in TILES])
_BENEATH_ARROW, _BENEATH_ARM = 0.86, 0.97
"""Where numbers stand that leave the rest of their cell to something else, as shares of the cell."""
_RADIUS = 4.0  # logical pixels, of the grid's outer corners


def paint_world(
    painter: QPainter, world: World, theme: Theme, view: View, layers: TileLayers | None = None
) -> None:
    """Paint a world without marks; see `paint_scene`."""
    paint_scene(painter, world, (), theme, view, layers)


def paint_scene(
    painter: QPainter,
    world: World,
    marks: Sequence[Mark],
    theme: Theme,
    view: View,
    layers: TileLayers | None = None,
) -> None:
    """Paint a world and the marks on it, as much of both as the view shows.

    Args:
        painter: where to, in device pixels; its background is the theme's canvas.
        world: the drawing.
        marks: what overlays say, in any order.
        theme: colours.
        view: where the grid lies.
        layers: keeps the static part from frame to frame.
    """
    marks = _fitting(marks, world)
    values = [mark for mark in marks if isinstance(mark, Heatmap | Triangles)]
    vector = is_vector(painter)
    layers = layers or TileLayers()
    if vector:
        paint_ground_shapes(painter, world, theme, view)
    else:
        layers.paint_ground(painter, world, theme, view)
    for mark in values:
        _VALUES[type(mark)](painter, mark, theme, view)
    valued, ink = _valued(world, values), grid_ink(theme, view, bool(values))
    if vector:
        paint_over_shapes(painter, world, theme, view, valued, ink)
    else:
        layers.paint_over(painter, world, theme, view, valued, ink)
    _round_corners(painter, world, theme, view)
    _paint_marks(painter, world, marks, theme, view)


def _fitting(marks: Sequence[Mark], world: World) -> list[Mark]:
    """The marks that are about a world of this size: those of the last world may come a moment too late."""
    height, width = world.terrain.shape
    return [
        mark
        for mark in marks
        if not isinstance(mark, Heatmap | Triangles | Labels)
        or mark.values.shape[:2] == (_parts(mark) * height, _parts(mark) * width)
    ]


def _parts(mark: Mark) -> int:
    return mark.per_cell if isinstance(mark, Heatmap) else 1


_VALUES = {Heatmap: paint_heatmap, Triangles: paint_triangles}


def _paint_marks(painter: QPainter, world: World, marks: Sequence[Mark], theme: Theme, view: View) -> None:
    values = [mark for mark in marks if isinstance(mark, Heatmap | Triangles)]
    bright = _bright_cells(world, values, theme)
    crowded = triangle_labels_fit(view) and any(isinstance(mark, Triangles) for mark in marks)
    numbered = labels_fit(view) and not crowded and any(isinstance(mark, Labels) for mark in marks)
    arrows = any(isinstance(mark, Arrows) for mark in marks)
    lift = _LIFT if numbered and arrows else 0.0
    foot = _BENEATH_ARM if len(world.arms) else _BENEATH_ARROW if arrows else None
    for mark in _of(marks, Triangles):
        if not arrows:  # they would cross the numbers
            paint_triangle_labels(painter, mark, view)
    for mark in _of(marks, Arrows):
        paint_arrows(painter, mark, bright, view, lift)
    for mark in _of(marks, Labels):
        if numbered:
            paint_labels(painter, mark, bright, view, foot)
    for mark in _of(marks, Edges):
        paint_edges(painter, mark, theme, view)
    for mark in _of(marks, Paths):
        paint_path(painter, mark, _trail_ink(theme, values), view, lift)
    for mark in _of(marks, Badges):
        paint_badges(painter, mark, theme, view, lift)


def _of(marks: Sequence[Mark], kind: type[T]) -> list[T]:
    return [mark for mark in marks if isinstance(mark, kind)]


def _trail_ink(theme: Theme, values: Sequence[Heatmap | Triangles]) -> QColor:
    """Pale over values, which are strong; on those that are pale, or a pale floor, it would not be seen."""
    if any(mark.colormap == "diverging" for mark in values):
        return QColor("#2f343e")
    return QColor("#eef0f6" if values or theme.name == "dark" else "#e07a2f")


def _bright_cells(world: World, values: Sequence[Heatmap | Triangles], theme: Theme) -> NDArray[np.bool_]:
    """`[H, W]`: where ink must be dark."""
    ground = bright_tiles(theme.name)[world.terrain]
    bright = ground
    for mark in values:
        bright = brightness(mark, bright)
    return np.where(_HIDING[world.terrain], ground, bright)


def _valued(world: World, values: Sequence[Heatmap | Triangles]) -> NDArray[np.bool_]:
    """`[H, W]`: where values cover the ground and nothing covers them."""
    valued = np.zeros(world.terrain.shape, bool)
    for mark in values:
        known = ~np.isnan(mark.by_cell if isinstance(mark, Heatmap) else mark.values)
        valued |= known if isinstance(mark, Heatmap) else known.any(axis=-1)
    return valued & ~_HIDING[world.terrain]


def _round_corners(painter: QPainter, world: World, theme: Theme, view: View) -> None:
    """Cover the grid's corners with the background: cheaper than a round clip around everything."""
    radius = min(_RADIUS * view.scale, view.cell / 2)
    outer = view.rect(0, 0, *world.terrain.shape)
    cover = QPainterPath()
    cover.addRect(outer.adjusted(-1, -1, 1, 1))
    cover.addRoundedRect(outer, radius, radius)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for corner in (outer.topLeft(), outer.topRight(), outer.bottomLeft(), outer.bottomRight()):
        painter.save()
        reach = QPointF(radius + 1, radius + 1)
        painter.setClipRect(QRectF(corner - reach, corner + reach))
        painter.fillPath(cover, QColor(theme.canvas))
        painter.restore()
    painter.restore()
