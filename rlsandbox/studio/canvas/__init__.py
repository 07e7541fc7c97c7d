"""The canvas: the world, what overlays say of it, and the pointer that draws on it."""

from rlsandbox.studio.canvas.canvas import Canvas

__all__ = ["Canvas"]
