"""How long the canvas takes to repaint a 100x100 world with a heatmap and arrows, in milliseconds.

The widget is 900x900 and paints offscreen, unless a platform is set. Values change before every frame, as
they do while an agent learns; zooming is measured apart, because it also renews the picture of the tiles.
"""

import os
import time
from typing import TYPE_CHECKING

import numpy as np

from rlsandbox.marks import Arrows, Heatmap, Mark
from rlsandbox.worlds.generators import maze
from rlsandbox.worlds.world import World

if TYPE_CHECKING:
    from rlsandbox.studio.canvas import Canvas

SIDE = 100
_MOVES = np.array([(-1, 0), (0, 1), (1, 0), (0, -1)], float)


def run(seconds: float | None = None) -> dict[str, float | str]:
    """Repaint for about `seconds` (2 by default) in all."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from rlsandbox.studio.app import application
    from rlsandbox.studio.canvas import Canvas

    app = application()
    canvas = Canvas()
    canvas.resize(900, 900)
    share = (seconds or 2.0) / 4
    figures: dict[str, float | str] = {"platform": app.platformName()}
    for name, world in (("open", World.blank(SIDE, SIDE)), ("maze", maze(SIDE, SIDE, 1))):
        canvas.set_world(world)
        canvas.fit()
        figures |= _percentiles(name, _repaints(canvas, _frames(world), share))
    canvas.zoom_by(4)
    figures |= _percentiles("zoomed_in", _repaints(canvas, _frames(world), share))
    figures |= _percentiles("zooming", _repaints(canvas, _frames(world), share, zooms=True))
    canvas.deleteLater()
    app.processEvents()
    return figures


def _frames(world: World) -> list[tuple[Mark, ...]]:
    """Marks of some moments of a made-up training."""
    free = ~world.rule_layer("solid", False)
    rows, columns = np.nonzero(free)
    rng = np.random.default_rng(0)
    frames = []
    for _ in range(8):
        values = np.where(free, rng.random(free.shape), np.nan)
        moves = _MOVES[rng.integers(0, 4, len(rows))]
        heatmap = Heatmap(values, 0.0, 1.0, "viridis", "V")
        frames.append((heatmap, Arrows(rows, columns, moves, rng.random(len(rows)))))
    return frames


def _repaints(
    canvas: "Canvas", frames: list[tuple[Mark, ...]], seconds: float, zooms: bool = False
) -> list[float]:
    times: list[float] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 12:
        canvas.set_marks(frames[len(times) % len(frames)])
        if zooms:
            canvas.zoom_by(1.25 if len(times) % 12 < 6 else 0.8)
        before = time.perf_counter()
        canvas.grab()
        times.append(1000 * (time.perf_counter() - before))
    return times[3:]  # the first frames fill caches


def _percentiles(name: str, times: list[float]) -> dict[str, float | str]:
    return {
        f"{name}_p50_ms": round(float(np.percentile(times, 50)), 2),
        f"{name}_p99_ms": round(float(np.percentile(times, 99)), 2),
    }
