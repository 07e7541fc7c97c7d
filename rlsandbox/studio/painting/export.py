"""Pictures as files, painted by the same painter as the screen."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QBuffer, QIODevice, QPointF, QRect, QSize
from PySide6.QtGui import QColor, QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgGenerator

from rlsandbox.marks import Mark
from rlsandbox.studio.painting.legend import legend_height, paint_legend
from rlsandbox.studio.painting.scene import paint_scene
from rlsandbox.studio.painting.view import View
from rlsandbox.studio.theme import Theme
from rlsandbox.worlds.errors import SandboxError, check
from rlsandbox.worlds.world import World

_MARGIN = 12
LARGEST_SIDE = 16_384
"""Longest side of a picture in pixels."""


def ensure_app() -> QGuiApplication:
    """The application of this process; without one, a new one that needs no screen."""
    app = QGuiApplication.instance()
    if isinstance(app, QGuiApplication):
        return app
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    return QGuiApplication(sys.argv[:1])


def render_png(world: World, marks: Sequence[Mark], path: Path, cell_px: int, theme: Theme) -> None:
    """Write a picture of a world with marks as PNG.

    Args:
        world: the drawing.
        marks: what overlays say.
        path: the file, replaced if it exists.
        cell_px: side of a cell in pixels.
        theme: colours.

    Raises:
        SandboxError: the picture would be too large, or the file cannot be written.
    """
    size, view = _layout(world, marks, cell_px)
    image = QImage(size, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(QColor(theme.canvas))
    with QPainter(image) as painter:
        _paint(painter, world, marks, theme, view, size)
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # pyright: ignore[reportArgumentType, reportCallIssue]
    _write(path, buffer)


def render_svg(world: World, marks: Sequence[Mark], path: Path, cell_px: int, theme: Theme) -> None:
    """Write a picture of a world with marks as SVG, all shapes; see `render_png`."""
    size, view = _layout(world, marks, cell_px)
    buffer = QBuffer()
    generator = QSvgGenerator()
    generator.setOutputDevice(buffer)
    generator.setSize(size)
    generator.setViewBox(QRect(0, 0, size.width(), size.height()))
    generator.setTitle(world.name)
    generator.setDescription("A world of RL Sandbox")
    with QPainter(generator) as painter:
        painter.fillRect(QRect(0, 0, size.width(), size.height()), QColor(theme.canvas))
        _paint(painter, world, marks, theme, view, size)
    _write(path, buffer)


def _layout(world: World, marks: Sequence[Mark], cell_px: int) -> tuple[QSize, View]:
    check(cell_px >= 1, f"a cell needs at least 1 pixel, not {cell_px}.")
    legend = legend_height(marks)
    width = world.width * cell_px + 2 * _MARGIN
    height = world.height * cell_px + 2 * _MARGIN + round(legend)
    if legend:
        width = max(width, 420)
    check(
        max(width, height) <= LARGEST_SIDE,
        f"the picture would be {width} x {height} pixels; choose cells small enough for {LARGEST_SIDE}.",
    )
    left = (width - world.width * cell_px) // 2
    return QSize(width, height), View(cell_px, left, _MARGIN, width, height)


def _paint(
    painter: QPainter, world: World, marks: Sequence[Mark], theme: Theme, view: View, size: QSize
) -> None:
    paint_scene(painter, world, marks, theme, view)
    paint_legend(painter, marks, theme, QPointF(_MARGIN, size.height() - _MARGIN / 2))


def _write(path: Path, buffer: QBuffer) -> None:
    try:
        Path(path).write_bytes(bytes(buffer.data().data()))
    except OSError as error:
        raise SandboxError(f"the picture cannot be written: {error.strerror}.", str(path)) from error
