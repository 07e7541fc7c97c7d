"""The polygons of which tiles are made, for palette, canvas and pictures alike."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

Point = tuple[float, float]
Polygon = tuple[Point, ...]


@dataclass(frozen=True)
class Shape:
    """A filled polygon in the unit square (x to the right, y down) in a colour for each theme."""

    points: Polygon
    dark: str
    light: str


# -- geometry --------------------------------------------------------------------------------------


def box(x0: float, y0: float, x1: float, y1: float) -> Polygon:
    """A rectangle from its left, top, right and bottom."""
    return ((x0, y0), (x1, y0), (x1, y1), (x0, y1))


def disc(x: float, y: float, radius: float, flat: float = 1.0, corners: int = 36) -> Polygon:
    """A circle, or an ellipse of `flat` times its height."""
    return arc(x, y, radius, 0.0, 2 * math.pi * (corners - 1) / corners, corners, flat)


def arc(
    x: float, y: float, radius: float, begin: float, end: float, corners: int = 16, flat: float = 1.0
) -> Polygon:
    """Points on a circle from one angle to another (radians, clockwise from the right)."""
    angles = (begin + (end - begin) * k / (corners - 1) for k in range(corners))
    return tuple((x + radius * math.cos(a), y + flat * radius * math.sin(a)) for a in angles)


def turned(points: Polygon, quarters: int) -> Polygon:
    """The polygon turned clockwise about the cell's centre by quarters of a full turn."""
    for _ in range(quarters):
        points = tuple((1 - y, x) for x, y in points)
    return points


def stroke(line: Polygon, width: float) -> Polygon:
    """The outline of a line drawn with a pen of that width, its ends rounded."""
    half, left, right = width / 2, [], []
    for k, (x, y) in enumerate(line):
        (x0, y0), (x1, y1) = line[max(0, k - 1)], line[min(len(line) - 1, k + 1)]
        length = math.hypot(x1 - x0, y1 - y0)
        nx, ny = -(y1 - y0) / length * half, (x1 - x0) / length * half
        left.append((x + nx, y + ny))
        right.append((x - nx, y - ny))
    (x0, y0), (x1, y1) = line[0], line[-1]
    a0 = math.atan2(left[0][1] - y0, left[0][0] - x0)
    a1 = math.atan2(right[-1][1] - y1, right[-1][0] - x1)
    head = arc(x1, y1, half, a1 + math.pi, a1, 8)
    tail = arc(x0, y0, half, a0 + math.pi, a0, 8)
    return (*left, *head, *reversed(right), *tail)


# -- what tiles are made of ------------------------------------------------------------------------

CELL = box(0, 0, 1, 1)
_GOLD = ("#e3bb44", "#b8860b")


def ground(dark: str, light: str) -> Shape:
    """The whole cell in one colour."""
    return Shape(CELL, dark, light)


def hatch(dark: str, light: str) -> tuple[Shape, ...]:
    """Diagonal stripes that join up from cell to cell."""
    width, stripes = 0.125, []
    for k in range(8):
        low, high = k * 0.25, k * 0.25 + width  # the stripe covers low <= x + y <= high
        ends = [((min(1.0, t), max(0.0, t - 1)), (max(0.0, t - 1), min(1.0, t))) for t in (low, high)]
        (a0, b0), (a1, b1) = ends
        over_corner = low < 1 < high
        upper, lower = (((1.0, 0.0),), ((0.0, 1.0),)) if over_corner else ((), ())
        stripes.append(Shape((a0, *upper, a1, b1, *lower, b0), dark, light))
    return tuple(stripes)


def start() -> tuple[Shape, ...]:
    """A dashed square, the same from all four sides."""
    low, thick = 0.06, 0.055
    dashes = []
    for quarters in range(4):
        corner = (
            (low, low),
            (low + 0.13, low),
            (low + 0.13, low + thick),
            (low + thick, low + thick),
            (low + thick, low + 0.13),
            (low, low + 0.13),
        )
        sides = [box(x, low, x + 0.155, low + thick) for x in (0.2933, 0.5517)]
        dashes += [Shape(turned(p, quarters), "#eef0f5", "#1f242d") for p in (corner, *sides)]
    return tuple(dashes)


def flag() -> tuple[Shape, ...]:
    """A pennant on its pole."""
    pole = stroke(((0.34, 0.2), (0.34, 0.82)), 0.055)
    cloth = ((0.34, 0.185), (0.79, 0.345), (0.34, 0.505))
    return (Shape(pole, "#3fbf8f", "#188a5e"), Shape(cloth, "#3fbf8f", "#188a5e"))


def pit() -> tuple[Shape, ...]:
    """A hole that gets darker towards its bottom."""
    return (
        Shape(disc(0.5, 0.5, 0.39, 0.92), "#9c3443", "#b14353"),
        Shape(disc(0.5, 0.53, 0.33, 0.86), "#5e1e29", "#6d2431"),
        Shape(disc(0.5, 0.57, 0.255, 0.8), "#2a0b10", "#3a0f17"),
    )


def ice() -> tuple[Shape, ...]:
    """Pale blue with three gleams."""
    gleams = (((0.14, 0.5), (0.5, 0.14)), ((0.3, 0.84), (0.84, 0.3)), ((0.66, 0.86), (0.86, 0.66)))
    shine = ("#8cbfd8", "#f3fbff")
    return (ground("#467a99", "#bfe4f6"), *(Shape(stroke(line, 0.06), *shine) for line in gleams))


def mud() -> tuple[Shape, ...]:
    """Brown with puddles."""
    puddles = (disc(0.32, 0.3, 0.17, 0.6), disc(0.67, 0.56, 0.21, 0.6), disc(0.3, 0.8, 0.12, 0.6))
    return (ground("#6b5238", "#b39877"), *(Shape(p, "#523d28", "#937653") for p in puddles))


def portal(group: int = 0) -> tuple[Shape, ...]:
    """Rings; linked teleporters share a tint."""
    dark, light = PORTAL_TINTS[group % len(PORTAL_TINTS)]
    return (
        Shape(disc(0.5, 0.5, 0.38), dark, light),
        Shape(disc(0.5, 0.5, 0.285), "#1b1626", "#ffffff"),
        Shape(disc(0.5, 0.5, 0.215), dark, light),
        Shape(disc(0.5, 0.5, 0.12), "#1b1626", "#ffffff"),
    )


PORTAL_TINTS = (
    ("#a678ee", "#7c46cc"),
    ("#5cb8e6", "#1679ad"),
    ("#ee8f5c", "#c05512"),
    ("#e879b4", "#b8317c"),
    ("#9fc75a", "#56850c"),
    ("#d9c24e", "#8a7400"),
)


def one_way(quarters: int) -> tuple[Shape, ...]:
    """Two chevrons that point up, turned clockwise by quarters."""
    chevrons = []
    for tip in (0.17, 0.47):
        wings = ((0.22, tip + 0.28), (0.5, tip), (0.78, tip + 0.28))
        points = (
            (wings[1]),
            (wings[2][0], wings[2][1]),
            (wings[2][0], wings[2][1] + 0.13),
            (wings[1][0], wings[1][1] + 0.13),
            (wings[0][0], wings[0][1] + 0.13),
            (wings[0][0], wings[0][1]),
        )
        chevrons.append(Shape(turned(points, quarters), "#93a2ba", "#62718a"))
    return (ground("#323a49", "#d5dce7"), *chevrons)


_KEYS = (_GOLD, ("#5aa9f0", "#0b62b0"), ("#2fbf95", "#00795a"), ("#d58ac2", "#a03a86"))
"""Colours of keys and doors; each has a form of its own as well: disc, square, triangle, diamond."""


def _badge(colour: int, x: float, y: float, radius: float) -> Polygon:
    """The form of a key's colour about a point."""
    if colour == 0:
        return disc(x, y, radius)
    corners, begin, size = ((4, math.pi / 4, 1.2), (3, -math.pi / 2, 1.35), (4, 0.0, 1.2))[colour - 1]
    return tuple(
        (x + size * radius * math.cos(a), y + size * radius * math.sin(a))
        for a in (begin + 2 * math.pi * k / corners for k in range(corners))
    )


def key(colour: int = 0) -> tuple[Shape, ...]:
    """A key with its bow to the left; the bow is a ring of the colour's form."""
    if colour == 0:
        ring = (*arc(0.31, 0.47, 0.185, 0.0, 2 * math.pi, 37), *arc(0.31, 0.47, 0.09, 2 * math.pi, 0.0, 37))
    else:
        outer, inner = _badge(colour, 0.31, 0.47, 0.185), _badge(colour, 0.31, 0.47, 0.08)
        ring = (*outer, outer[0], inner[0], *reversed(inner))
    parts = (ring, box(0.46, 0.43, 0.88, 0.515), box(0.68, 0.5, 0.745, 0.65), box(0.8, 0.5, 0.865, 0.62))
    return tuple(Shape(part, *_KEYS[colour]) for part in parts)


def door(colour: int = 0) -> tuple[Shape, ...]:
    """A panelled door in its frame; a coloured one has a window of its key's form."""
    wood = ("#8f6d3d", "#c99f63")
    if colour == 0:
        panels = [box(x, y, x + 0.24, y + h) for x in (0.22, 0.54) for y, h in ((0.2, 0.26), (0.56, 0.34))]
        return (
            ground("#4d391e", "#8a6534"),
            Shape(box(0.12, 0.1, 0.88, 1.0), *wood),
            *(Shape(panel, "#785a30", "#b88c50") for panel in panels),
            Shape(disc(0.8, 0.54, 0.055), "#f0cd60", "#6b4a12"),
        )
    dark, light = _KEYS[colour]
    return (
        ground("#4d391e", "#8a6534"),
        Shape(box(0.12, 0.1, 0.88, 1.0), dark, light),
        Shape(box(0.19, 0.17, 0.81, 1.0), "#2b2f3a", "#f3f4f8"),
        Shape(_badge(colour, 0.5, 0.46 + 0.03 * (colour == 2), 0.2), dark, light),
        Shape(box(0.19, 0.82, 0.81, 1.0), dark, light),
    )


def coin() -> tuple[Shape, ...]:
    """A coin with a rim and a bar struck into it."""
    return (
        Shape(disc(0.5, 0.5, 0.3), "#a67c1e", "#8a6207"),
        Shape(disc(0.5, 0.5, 0.255), "#f0cb52", "#e2ad22"),
        Shape(disc(0.5, 0.5, 0.19), "#d3a632", "#c38f12"),
        Shape(box(0.465, 0.38, 0.535, 0.62), "#fbe9a8", "#fff3c4"),
    )


def arm() -> tuple[Shape, ...]:
    """A machine with a window and the arm at its side."""
    body, edge = ("#8794ad", "#5d6b85"), ("#c4cddd", "#2f3a4e")
    return (
        Shape(box(0.16, 0.2, 0.68, 0.86), *body),
        Shape(box(0.23, 0.3, 0.61, 0.52), "#1b2130", "#ffffff"),
        *(Shape(disc(x, 0.41, 0.045), "#f0cb52", "#c0392f") for x in (0.3, 0.42, 0.54)),
        Shape(box(0.28, 0.66, 0.56, 0.73), "#1b2130", "#ffffff"),
        Shape(stroke(((0.68, 0.62), (0.8, 0.62), (0.82, 0.32)), 0.05), *edge),
        Shape(disc(0.82, 0.24, 0.085), "#ee6a5c", "#c0392f"),
    )


def star() -> tuple[Shape, ...]:
    """A five-pointed star."""
    radii = (0.36, 0.155)
    points = tuple(
        (0.5 + radii[k % 2] * math.sin(k * math.pi / 5), 0.525 - radii[k % 2] * math.cos(k * math.pi / 5))
        for k in range(10)
    )
    return (Shape(points, *_GOLD),)


_WIND_INK = ("#7cc4ee", "#2f7fb5")


def gusts() -> tuple[Shape, ...]:
    """The sign of the wind: three gusts, two of which curl."""
    upper = ((0.12, 0.36), *arc(0.6, 0.25, 0.11, math.pi / 2, -math.pi * 0.85, 14))
    lower = ((0.24, 0.66), *arc(0.56, 0.76, 0.1, -math.pi / 2, math.pi * 0.85, 14))
    lines = (upper, ((0.12, 0.51), (0.88, 0.51)), lower)
    return tuple(Shape(stroke(line, 0.06), *_WIND_INK) for line in lines)


@functools.cache
def wind(rows: int, columns: int) -> tuple[Shape, ...]:
    """Streaks with heads that blow with a wind, one for each cell by which it pushes (at most four)."""
    speed = max(abs(rows), abs(columns))
    if not speed:
        return ()
    size = math.hypot(rows, columns)
    if rows and columns:
        size *= 1.4  # streaks along a diagonal must stay in the cell
    ax, ay = columns / size, rows / size
    shapes = []
    for lane, head in ((-0.37, 0.16), (0.37, 0.16), (-0.22, -0.14), (0.22, -0.14))[:speed]:
        x, y = 0.5 - ay * lane, 0.5 + ax * lane
        line = ((x - 0.4 * ax, y - 0.4 * ay), (x + 0.4 * ax, y + 0.4 * ay))
        tx, ty, wing = x + head * ax, y + head * ay, 0.1
        barb = (
            (tx - (ax - ay) * wing, ty - (ay + ax) * wing),
            (tx, ty),
            (tx - (ax + ay) * wing, ty - (ay - ax) * wing),
        )
        shapes += [Shape(stroke(line, 0.028), *_WIND_INK), Shape(_bent(barb, 0.04), *_WIND_INK)]
    return tuple(shapes)


def _bent(corner: Polygon, width: float) -> Polygon:
    """The outline of a line with one sharp corner."""
    first, tip, last = corner
    one, two = stroke((first, tip), width), stroke((tip, last), width)
    return (*one, *two)
