"""Fills the cache of compiled kernels, so that nobody waits for a compiler: `python -m rlsandbox.training.warmup`.

Compiling holds the interpreter's lock for seconds, so the studio lets a process of its own do it.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time

import numpy as np

from rlsandbox.algorithms import registry
from rlsandbox.learning.agent import View
from rlsandbox.learning.problem import Enumerable
from rlsandbox.training.episodes import record_episode
from rlsandbox.training.session import RunSpec, TrainingSession
from rlsandbox.worlds.compiled import cache_folder
from rlsandbox.worlds.disk import write_atomically
from rlsandbox.worlds.errors import SandboxError
from rlsandbox.worlds.gallery import gallery

_MARKER = "warm"


def cache_is_warm() -> bool:
    """Whether the kernels of exactly these sources have been compiled; loads no compiler."""
    return (cache_folder() / _MARKER).is_file()


def warm_up() -> float:
    """Run every kernel once with the types that are used; returns the seconds that it took."""
    began = time.perf_counter()
    worlds = gallery()
    for algorithm in registry():
        session = TrainingSession(
            RunSpec(algorithm, worlds["frozen_lake_4x4"].make(), seeds=(0, 1), steps=100)
        )
        session.tracks_gap = True
        session.run()
        session.evaluate()
        session.progress(View(replica=0, wants=frozenset({"oracle", "curves", "visits"}), selected=0))
        session.extend(steps=100)
        session.replace_world(session.world.painted([(0, 1)], "wall"))
        session.run()
        policy, mdp = session.agent.policy(), session.agent.problem.mdp
        record_episode(mdp, policy.probs[0], np.random.default_rng(0), cap=10)
    for entry in worlds.values():
        Enumerable.of(entry.make())
    with contextlib.suppress(SandboxError, OSError):  # a folder that cannot be written to stays cold
        cache_folder().mkdir(parents=True, exist_ok=True)
        write_atomically(cache_folder() / _MARKER, b"")
    return time.perf_counter() - began


def main() -> int:
    """Warm up and say so."""
    with contextlib.suppress(OSError, AttributeError):
        os.nice(10)  # whoever is waiting for the window comes first
    if cache_is_warm():
        print("The kernels are compiled already.")
        return 0
    print(f"Compiled the kernels in {warm_up():.1f} s.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
