"""How long a world takes to become a model, whole and after an edit of one cell, and how fast points move."""

from __future__ import annotations

import time

import numpy as np

from rlsandbox.worlds.draws import seeded
from rlsandbox.worlds.gallery import gallery_world
from rlsandbox.worlds.mdp import compile_world, recompile
from rlsandbox.worlds.point import compile_point, point_reset, point_step
from rlsandbox.worlds.world import World

SIDE = 100
SECONDS = 3.0
COPIES = (1, 1024)


def run(seconds: float | None = None) -> dict[str, float | str]:
    """Time compiling of 100x100 worlds and steps of points after warm-up; times in milliseconds.

    Args:
        seconds: how long to measure; 3 by default.

    Returns:
        For a maze without and an open grid with slipping: `compile_ms`, and `edit_ms`, `edit_p99_ms` and
        `edit_best_ms` of painting one cell and bringing the model up to date (median, 99th percentile, best).
        For 1 and 1,024 copies of a point in the maze: `point_1_steps_per_s` and `point_1024_steps_per_s` of
        all copies together, calls included, the best of several rounds.
    """
    seconds = (seconds or SECONDS) / 3
    names = {"maze": (f"maze:{SIDE}:0", 0.0), "slippery": (f"open:{SIDE}:0", 0.1)}
    figures: dict[str, float | str] = {}
    for name, (world_name, slip) in names.items():
        world = gallery_world(world_name)
        assert world is not None
        figures |= {
            f"{name}_{figure}": value
            for figure, value in _times(world.with_rules(slip=slip), seconds).items()
        }
    for copies in COPIES:
        figures[f"point_{copies}_steps_per_s"] = _point_steps(copies, seconds / len(COPIES))
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


def _point_steps(copies: int, seconds: float) -> float:
    """Steps a second of all copies together; who reaches the goal begins anew."""
    world = gallery_world(f"maze:{SIDE}:0")
    assert world is not None
    model = compile_point(world)
    state, rng = np.zeros((copies, 4)), seeded(tuple(range(copies)))
    reward, terminated = np.zeros(copies), np.ones(copies, np.bool_)
    forces = np.random.default_rng(0).uniform(-1, 1, (64, copies, 2))
    point_reset(model, state, rng, terminated)
    point_step(model, state, forces[0], reward, terminated, rng)  # warm
    best, ends = np.inf, time.perf_counter() + seconds
    while time.perf_counter() < ends or best == np.inf:
        began = time.perf_counter()
        for force in forces:
            point_step(model, state, force, reward, terminated, rng)
            point_reset(model, state, rng, terminated)
        best = min(best, time.perf_counter() - began)
    return len(forces) * copies / best
