"""Compiles every kernel that a run needs into the cache on disk: `python -m rlsandbox.training.warmup`.

Compiling holds up a window for seconds, so it happens at set-up, or in a process of its own when the cache is
stale.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from rlsandbox.worlds.compiled import cache_folder, versions
from rlsandbox.worlds.errors import SandboxError

if TYPE_CHECKING:
    from rlsandbox.learning.problem import Problem
    from rlsandbox.worlds.places import Place
    from rlsandbox.worlds.world import World

_ROOMS = ("worlds", "learning", "algorithms", "training")
"""Where kernels are."""
_WORLDS = "cliff_walking", "ten_armed_testbed"
"""An algorithm runs in the first that suits it,"""
_PLAYED = "point:grid_4x4", "gym:CartPole-v1"
"""and in all of these that do."""
_STEPS, _STEPS_PLAYED = 600, 150
"""After which every algorithm has learnt something."""
_SMALL_RUN = {"workers": 1, "units": 8, "n_steps": 32, "minibatch": 32, "epochs": 1, "batch": 16}
"""What makes a run compute little, where an algorithm has such hyperparameters."""
_SMALL = 20_000
"""States up to which a model is made at every stroke."""

_PROCESSES = min(4, os.cpu_count() or 1)
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


def load_kernels(algorithms: Sequence[str]) -> None:
    """Run algorithms, given by their ids, for a moment, with all that the studio does around them."""
    from rlsandbox.algorithms import registry
    from rlsandbox.learning.agent import View
    from rlsandbox.learning.problem import Enumerable, misfit, problem_of
    from rlsandbox.training.session import RunSpec, TrainingSession
    from rlsandbox.worlds.files import open_world
    from rlsandbox.worlds.places import open_place

    played = [open_place(name) for name in _PLAYED]
    worlds = [open_world(name) for name in _WORLDS]
    for algorithm in algorithms:
        agent = registry()[algorithm]
        fitting = (world for world in worlds if misfit(agent, Enumerable.of(world)) is None)
        if (world := next(fitting, None)) is not None:
            _load_on(world, algorithm)
        small = _small(algorithm)
        for place in (place for place in played if misfit(agent, problem_of(place)) is None):
            session = TrainingSession(RunSpec(algorithm, place, small, (0, 1), steps=_STEPS_PLAYED))
            session.run()
            session.evaluate(episodes=1)
            session.progress(View(0, agent.offers))


def _small(algorithm: str) -> dict[str, int]:
    """Hyperparameters of a short run; other processes would load the same code."""
    from rlsandbox.algorithms import registry

    fields = registry()[algorithm].Config.model_fields
    return {name: value for name, value in _SMALL_RUN.items() if name in fields}


def _load_on(world: World, algorithm: str) -> None:
    """Run an algorithm on a drawn world."""
    from rlsandbox.algorithms import registry
    from rlsandbox.learning.agent import View
    from rlsandbox.training.episodes import record_episode
    from rlsandbox.training.session import RunSpec, TrainingSession

    for choice in registry()[algorithm].Config.describe():
        if choice.name == "order":  # of sweeps: each has its own kernels
            for order in choice.choices:
                TrainingSession(RunSpec(algorithm, world, {"order": order}, steps=2)).run()
    session = TrainingSession(RunSpec(algorithm, world, _small(algorithm), (0, 1), steps=_STEPS))
    session.tracks_gap = True
    session.run()
    session.evaluate()
    wanted = frozenset({"oracle", "curves", "visits"}) | session.agent.offers
    session.progress(View(0, wanted, selected=0))
    if not world.tables:
        session.replace_world(world.painted([(0, 0)], "wall"))
    record_episode(session.agent.problem.mdp, session.agent.policy().probs[0], 0, 10)


def prepare(algorithm: str) -> None:
    """Load an algorithm's kernels, so that it begins at once; where they would be compiled, leave it."""
    if cache_is_warm():
        load_kernels((algorithm,))


def examined(place: Place) -> Problem | None:
    """The problem that a place poses; None where its model would take long, or there is none."""
    from rlsandbox.learning.problem import problem_of
    from rlsandbox.worlds.world import World

    if isinstance(place, World) and (place.n_states > _SMALL or not cache_is_warm()):
        return None
    try:
        return problem_of(place.at_step(0))
    except SandboxError:
        return None


def warm_up() -> None:
    """Compile every kernel into the cache, one process a core, and say so there."""
    from rlsandbox.algorithms import registry
    from rlsandbox.learning import oracle, perceptrons

    names = list(registry())
    load_kernels(names[:1])  # what all of them need is compiled once
    oracle.load_kernels()
    perceptrons.load_kernels()
    shares = [names[1 + k :: _PROCESSES] for k in range(_PROCESSES)]
    command = [sys.executable, "-m", "rlsandbox.training.warmup"]
    running = [subprocess.Popen([*command, *share]) for share in shares[1:] if share]
    try:
        load_kernels(shares[0])
    finally:
        failed = [process.wait() for process in running if process.wait() != 0]
    if failed:
        raise SystemExit(failed[0])
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
    if sys.argv[1:]:  # a share of the work, as another process asks for it
        load_kernels(sys.argv[1:])
        sys.exit()
    warm_up()
    print(f"Compiled kernels are ready ({time.perf_counter() - began:.1f} s).")
