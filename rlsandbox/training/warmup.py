"""Compiles every kernel that a run needs into the cache on disk: `python -m rlsandbox.training.warmup`.

Compiling holds up a window for seconds, so it happens at set-up, or in a process of its own when the cache is
stale.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

from rlsandbox.worlds.compiled import cache_folder, versions

_ROOMS = ("worlds", "learning", "algorithms", "training")
"""Where kernels are."""
_MOST_BYTES = 256 * 2**20


@cache
def _marker() -> Path:
    """A file that says that the cache holds all kernels of exactly these sources."""
    package, digest = Path(__file__).resolve().parent.parent, hashlib.sha256(versions().encode())
    for source in (source for room in _ROOMS for source in sorted((package / room).rglob("*.py"))):
        digest.update(source.read_bytes())
    return cache_folder() / f"{digest.hexdigest()[:16]}.warm"


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
    """Remove the oldest files of the cache where there are too many."""
    files = sorted(cache_folder().iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
    kept = 0
    for path in files:
        kept += path.stat().st_size
        if kept > _MOST_BYTES:
            path.unlink(missing_ok=True)


if __name__ == "__main__":
    began = time.perf_counter()
    warm_up()
    print(f"Compiled kernels are ready ({time.perf_counter() - began:.1f} s).")
