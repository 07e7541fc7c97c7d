"""Runs on the 10-armed testbed: every run has a bandit of its own, as in the book."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from rlsandbox.learning.sampling import Sampler
from rlsandbox.reproductions.sessions import Floats, per_episode
from rlsandbox.studio.plots.panel import Line, Panel
from rlsandbox.training import api
from rlsandbox.worlds.gallery import gallery_world
from rlsandbox.worlds.world import World

STEPS = 1000
WINDOW = 25
"""The share of optimal actions is that of so many steps."""


def pulled(runs: int, algorithm: str, lift: float = 0.0, **hyperparameters: Any) -> tuple[Floats, Floats]:
    """Reward of every step `[runs, STEPS]`, and share of optimal actions `[runs, STEPS / WINDOW]`.

    Args:
        runs: run k plays the bandit of seed k, with the random numbers of seed k.
        algorithm: id of the method.
        lift: what is added to the mean of every arm.
        **hyperparameters: those of the method.
    """
    rewards, optimal = np.empty((runs, STEPS)), np.empty((runs, STEPS // WINDOW))
    for run in range(runs):
        world = bandit(run, lift)
        session = api.begin(algorithm, world, STEPS, None, 1, run, hyperparameters)
        agent = session.agent
        assert isinstance(agent, Sampler)
        start = int(agent.problem.mdp.start_states[0])
        best = int(agent.problem.mdp.expected_reward[start].argmax())
        visits, before = agent.tables.visits, 0
        for window in range(STEPS // WINDOW):
            while session.clock < (window + 1) * WINDOW:
                session.tick((window + 1) * WINDOW - session.clock)
            seen = int(visits[0, start, best])
            optimal[run, window], before = (seen - before) / WINDOW, seen
        rewards[run] = per_episode(session)[0]
    return rewards, optimal


def bandit(seed: int, lift: float = 0.0) -> World:
    """The 10-armed bandit of a seed, all its means `lift` higher."""
    world = gallery_world(f"bandit:10:{seed}")
    assert world is not None
    return world.replace(reward=world.reward + lift) if lift else world


def panels(rewards: Mapping[Any, Floats], optimal: Mapping[Any, Floats]) -> tuple[Panel, Panel]:
    """Average reward and share of optimal actions by name of the method."""
    steps, middles = np.arange(1, STEPS + 1), np.arange(STEPS // WINDOW) * WINDOW + (WINDOW + 1) / 2
    return (
        Panel(
            "Average reward",
            "steps",
            "average reward",
            {name: Line.mean(steps, rows) for name, rows in rewards.items()},
        ),
        Panel(
            "Optimal action",
            "steps",
            "% optimal action",
            {name: Line.mean(middles, 100 * rows) for name, rows in optimal.items()},
            y_range=(0, 100),
        ),
    )


def late(rows: Floats) -> float:
    """Mean over the last tenth of the steps."""
    return float(rows[:, -rows.shape[1] // 10 :].mean())
