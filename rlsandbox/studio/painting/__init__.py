"""Worlds and marks on a QPainter: one painter for the screen, PNG and SVG."""

from rlsandbox.studio.painting.export import ensure_app, render_png, render_svg
from rlsandbox.studio.painting.legend import legend_height, paint_legend
from rlsandbox.studio.painting.scene import paint_scene, paint_world
from rlsandbox.studio.painting.tiles import TileLayers, paint_tile
from rlsandbox.studio.painting.view import View, fitted

__all__ = [
    "TileLayers",
    "View",
    "ensure_app",
    "fitted",
    "legend_height",
    "paint_legend",
    "paint_scene",
    "paint_tile",
    "paint_world",
    "render_png",
    "render_svg",
]
