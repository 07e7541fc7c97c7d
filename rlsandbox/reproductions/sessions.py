"""What reproductions share: sessions of the public engine, and what they read from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsandbox.training import api
from rlsandbox.training.session import TrainingSession
from rlsandbox.worlds.world import World

Floats = NDArray[np.float64]
STRIDE = 1 << 24


def trained(
    algorithm: str,
    world: World | str,
    runs: int,
    steps: int | None = None,
    episodes: int | None = None,
    seed: int = 0,
    policy: str | Floats | None = None,
    **hyperparameters: Any,
) -> TrainingSession:
    """A session of `runs` independent runs, trained to the end of its budget."""
    session = api.begin(algorithm, world, steps, episodes, runs, seed, hyperparameters, policy)
    session.run()
    return session


def per_episode(session: TrainingSession, curve: str = "return") -> Floats:
    """`[N, E]`: return or length of every episode."""
    log = session.agent.curves()[curve]
    assert (log.width == 1).all()  # more than 4,096 episodes would have been merged
    return log.values[:, : int(log.episodes.min())]


def mean_per_episode(session: TrainingSession, curve: str = "return") -> Floats:
    """`[N]`: mean return or length over all episodes, however many."""
    log = session.agent.curves()[curve]
    first = np.arange(log.values.shape[1]) * log.width[:, None]
    count = np.clip(log.episodes[:, None] - first, 0, log.width[:, None])
    return np.where(count > 0, log.values * count, 0.0).sum(axis=1) / log.episodes


def after_episodes(
    algorithm: str,
    world: World | str,
    runs: int,
    at: Sequence[int],
    read: Callable[[TrainingSession], Any],
    seed: int = 0,
    policy: str | Floats | None = None,
    **hyperparameters: Any,
) -> Floats:
    """`[len(at), ...]`: what `read` says after each of these numbers of episodes (at least 1, ascending)."""
    session = api.begin(algorithm, world, None, at[0], runs, seed, hyperparameters, policy)
    found = []
    for episodes in at:
        session.episode_budget = episodes
        while session.tick(STRIDE):
            pass
        found.append(np.array(read(session), np.float64))
    return np.stack(found)


def after_steps(
    algorithm: str,
    world: World | str,
    runs: int,
    at: Sequence[int],
    read: Callable[[TrainingSession], Any],
    seed: int = 0,
    policy: str | Floats | None = None,
    **hyperparameters: Any,
) -> Floats:
    """`[len(at), ...]`: what `read` says after each of these numbers of steps (at least 1, ascending)."""
    session = api.begin(algorithm, world, at[-1], None, runs, seed, hyperparameters, policy)
    found = []
    for steps in at:
        while session.clock < steps and session.tick(steps - session.clock):
            pass
        found.append(np.array(read(session), np.float64))
    return np.stack(found)
