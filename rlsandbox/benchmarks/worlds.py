"""How long a world takes to become a model: compiled whole, and after an edit of one cell."""

from __future__ import annotations

import time

import numpy as np

from rlsandbox.worlds.gallery import gallery_world
from rlsandbox.worlds.mdp import compile_world, recompile
from rlsandbox.worlds.world import World

SIDE = 100
SECONDS = 2.0


def run(seconds: float | None = None) -> dict[str, float | str]:
    """Time compiling of 100x100 worlds after warm-up; times in milliseconds, medians and 99th percentiles.

    Args:
        seconds: how long to measure; 2 by default.

    Returns:
        For a maze without and an open grid with slipping: `compile_ms`, and `edit_ms`, `edit_p99_ms` and
        `edit_best_ms` of painting one cell and bringing the model up to date.
    """
    names = {"maze": (f"maze:{SIDE}:0", 0.0), "slippery": (f"open:{SIDE}:0", 0.1)}
    figures: dict[str, float | str] = {}
    for name, (world_name, slip) in names.items():
        world = gallery_world(world_name)
        assert world is not None
        figures |= {
            f"{name}_{figure}": value
            for figure, value in _times(
                world.with_rules(slip=slip), (seconds or SECONDS) / len(names)
            ).items()
        }
    return figures


def _times(world: World, seconds: float) -> dict[str, float]:
    rng = np.random.default_rng(0)
    model = compile_world(world)  # warm
    whole, edits = [], []
    ends = time.perf_counter() + seconds
    while time.perf_counter() < ends or len(edits) < 10:
        began = time.perf_counter()
        compile_world(world.replace(name="copy"))
        whole.append(time.perf_counter() - began)
        for _ in range(5):
            cell = (int(rng.integers(SIDE)), int(rng.integers(SIDE)))
            tile = "wall" if world.tile_at(cell).id == "floor" else "floor"
            began = time.perf_counter()
            edited = world.painted([cell], tile)
            again = recompile(model, world, edited)
            edits.append(time.perf_counter() - began)
            world, model = edited, again
    return {
        "compile_ms": float(np.median(whole)) * 1e3,
        "edit_ms": float(np.median(edits)) * 1e3,
        "edit_p99_ms": float(np.percentile(edits, 99)) * 1e3,
        "edit_best_ms": min(edits) * 1e3,
    }
