"""Sixteen seeds of a deep agent against one, by the clock on the wall.

DQN, A2C and PPO walk an open 10x10 grid with networks of 64-64; all replicas of a run are one batch, which as
many threads as there are processors may share. Both make the same number of steps a replica, training
included, after a first part that is not timed. Rounds alternate, medians count.
"""

from __future__ import annotations

import os
import statistics
import time
from typing import Any

from rlsandbox.training.session import RunSpec, TrainingSession
from rlsandbox.worlds.files import open_world

WORLD = "open:10:0"
MANY = 16
ROUNDS = 5
ROUND_SECONDS = 20
"""About so long a round takes."""

NETWORK: dict[str, Any] = {"layers": 2, "units": 64, "activation": "tanh"}
CASES: dict[str, dict[str, Any]] = {
    "dqn": {**NETWORK, "batch": 64, "train_every": 4},
    "a2c": {**NETWORK, "n_envs": 8, "n_steps": 8},
    "ppo": {**NETWORK, "n_steps": 512, "minibatch": 64, "epochs": 10},
}
"""Batches of 64 for all."""

STEPS = {"dqn": 4_000, "a2c": 20_000, "ppo": 4_096}
"""Steps a replica that are timed; before them a quarter as many are made."""


def run(seconds: float | None = None) -> dict[str, Any]:
    """Measure; `seconds` shortens or lengthens the number of rounds, each of which takes about 20 s."""
    rounds = ROUNDS if seconds is None else max(1, round(seconds / ROUND_SECONDS))
    threads = os.cpu_count() or 1
    times: dict[str, list[float]] = {f"{name}.{n}": [] for name in CASES for n in (1, MANY)}
    for _ in range(rounds):
        for name, config in CASES.items():
            for n in (1, MANY):
                times[f"{name}.{n}"].append(trained(name, config, STEPS[name], n, threads))
    median = {name: statistics.median(values) for name, values in times.items()}
    cost = {name: median[f"{name}.{MANY}"] / median[f"{name}.1"] for name in CASES}
    return {
        "rounds": rounds,
        "world": WORLD,
        "threads": threads,
        "steps_per_replica": STEPS,
        "seconds": median,
        "cost_of_16_seeds_in_single_seeds": cost,
        "largest_cost": max(cost.values()),
    }


def trained(algorithm: str, config: dict[str, Any], n_steps: int, n_seeds: int, threads: int) -> float:
    """Seconds by the clock on the wall of so many steps of each of so many seeds, all that was met learnt."""
    session = TrainingSession(
        RunSpec(algorithm, open_world(WORLD), config, tuple(range(n_seeds)), steps=n_steps // 4)
    )
    session.threads = threads
    session.run()  # compiled code is loaded and caches are warm
    session.extend(steps=n_steps)
    began = time.perf_counter()
    session.run()
    return time.perf_counter() - began
