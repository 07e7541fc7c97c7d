"""Compiles every kernel that a run needs into the cache on disk: `python -m rlsandbox.training.warmup`.

Compiling holds up a window for seconds, so it happens at set-up, or in a process of its own when the cache is
stale.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from rlsandbox.worlds.compiled import cache_folder, kernel_sources

_KEPT = 4


def _marker() -> Path:
    """A file that says that the cache holds all kernels of exactly these sources, at this place and age.

    The compiler looks at a source's path and time, so a copy of the same sources is compiled again.
    """
    ages = [f"{source}{source.stat().st_mtime_ns}" for source in kernel_sources()]
    digest = hashlib.sha256("".join(ages).encode()).hexdigest()[:16]
    return Path(os.environ.get("NUMBA_CACHE_DIR", str(cache_folder()))) / f"{digest}.warm"


def cache_is_warm() -> bool:
    """Whether every kernel loads from disk instead of being compiled; costs a few milliseconds."""
    return _marker().exists()


def load_kernels(cancelled: Callable[[], bool] = lambda: False) -> None:
    """Run every algorithm for a moment, with all that the studio does around it.

    Args:
        cancelled: asked between two algorithms whether to leave it at that.
    """
    from rlsandbox.algorithms import registry
    from rlsandbox.learning.agent import View
    from rlsandbox.training.episodes import record_episode
    from rlsandbox.training.session import RunSpec, TrainingSession
    from rlsandbox.worlds.files import open_world

    world = open_world("cliff_walking")
    for algorithm in registry():
        if cancelled():
            return
        session = TrainingSession(RunSpec(algorithm, world, seeds=(0, 1), steps=200))
        session.tracks_gap = True
        session.run()
        session.evaluate()
        session.progress(View(0, frozenset({"oracle", "curves", "visits"}), selected=0))
        session.replace_world(world.painted([(0, 5)], "wall"))
        record_episode(session.agent.problem.mdp, session.agent.policy().probs[0], 0, 10)


def warm_up() -> None:
    """Compile every kernel into the cache, and say so there."""
    load_kernels()
    _marker().parent.mkdir(parents=True, exist_ok=True)
    _marker().touch()
    _forget_old_caches()


def _forget_old_caches() -> None:
    """Remove the caches of older sources but the newest few."""
    caches = cache_folder().parent
    folders = [path for path in caches.iterdir() if path.is_dir()] if caches.is_dir() else []
    for path in sorted(folders, key=lambda path: path.stat().st_mtime, reverse=True)[_KEPT:]:
        shutil.rmtree(path, ignore_errors=True)


if __name__ == "__main__":
    began = time.perf_counter()
    warm_up()
    print(f"Compiled kernels are ready ({time.perf_counter() - began:.1f} s).")
