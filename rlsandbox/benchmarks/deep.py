"""Deep agents against Stable-Baselines3: environment steps a second, training included.

Both train on the same drawn world with networks of 64-64 that see one-hot states, and make as many updates
from as many steps: PPO ten epochs of minibatches of 64 over 512 steps, A2C one update from five steps of each
of eight copies, DQN one from 64 steps after every fourth. Stable-Baselines3 steps the world through Gymnasium
and computes on one thread, which is its fastest here. Rounds alternate, by the clock on the wall; medians
count.

A long run of PPO then says whether its end is as fast as its beginning, by the processor's clock.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import gymnasium

from rlsandbox.benchmarks.seeds import MANY, NETWORK, WORLD, trained
from rlsandbox.training.session import RunSpec, TrainingSession
from rlsandbox.worlds.errors import SandboxError
from rlsandbox.worlds.files import open_world

ROUNDS = 3
SECONDS = 120
"""About so long everything takes."""

LONG_STEPS, PARTS = 300_000, 20
"""Steps of the long run, and the parts that are timed; the first is not counted."""

CASES: dict[str, dict[str, Any]] = {
    "ppo": {**NETWORK, "n_steps": 512, "minibatch": 64, "epochs": 10},
    "a2c": {**NETWORK, "n_envs": 8, "n_steps": 5},
    "dqn": {**NETWORK, "activation": "relu", "batch": 64, "train_every": 4, "learning_starts": 100},
}
THEIRS: dict[str, dict[str, Any]] = {
    "ppo": {"n_steps": 512, "batch_size": 64, "n_epochs": 10},
    "a2c": {"n_steps": 5},
    "dqn": {"batch_size": 64, "train_freq": 4, "gradient_steps": 1, "learning_starts": 100},
}
STEPS = {"ppo": 4_096, "a2c": 20_000, "dqn": 4_000}
"""Steps of a round."""


def run(seconds: float | None = None) -> dict[str, Any]:
    """Measure; `seconds` shortens the rounds and the long run, which take about two minutes together.

    Raises:
        SandboxError: Stable-Baselines3 is not installed.
    """
    share = 1.0 if seconds is None else seconds / SECONDS
    rounds, long_steps = max(1, round(ROUNDS * share)), max(PARTS * 512, int(LONG_STEPS * min(1.0, share)))
    cases: dict[str, Callable[[], float]] = {}
    for name, config in CASES.items():
        cases[f"{name}.stable_baselines3"] = lambda name=name: their_speed(name)
        for n in (1, MANY):
            cases[f"{name}.{n}"] = lambda name=name, config=config, n=n: our_speed(name, config, n)
    speeds: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(rounds):
        for name, measure in cases.items():
            speeds[name].append(measure())
    median = {name: statistics.median(values) for name, values in speeds.items()}
    late = late_to_early(long_steps)
    return {
        "rounds": rounds,
        "world": WORLD,
        "steps_per_second": median,
        **_ratios(median),
        "long_run_steps": long_steps,
        "late_to_early_throughput": late,
    }


def _ratios(speed: dict[str, float]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for title, n in (("one_seed", 1), ("16_seeds_summed", MANY)):
        ratios = {name: speed[f"{name}.{n}"] / speed[f"{name}.stable_baselines3"] for name in CASES}
        found[f"ratio_{title}"] = ratios
        found[f"least_ratio_{title}"] = min(ratios.values())
    return found


def our_speed(algorithm: str, config: dict[str, Any], n_seeds: int) -> float:
    """Steps a second of all seeds together."""
    n_steps = STEPS[algorithm]
    return n_seeds * n_steps / trained(algorithm, config, n_steps, n_seeds, os.cpu_count() or 1)


def their_speed(algorithm: str) -> float:
    """Steps a second of Stable-Baselines3."""
    with torch_threads(1):  # its fastest with networks as small as these
        model, n_steps = their_model(algorithm), STEPS[algorithm]
        model.learn(n_steps // 4)
        before = model.num_timesteps
        began = time.perf_counter()
        model.learn(n_steps, reset_num_timesteps=False)
        return (model.num_timesteps - before) / (time.perf_counter() - began)


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """torch computes on so many threads."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def library() -> Any:
    """Stable-Baselines3.

    Raises:
        SandboxError: it is not installed.
    """
    try:
        import stable_baselines3
    except ImportError as error:
        raise SandboxError(
            "Stable-Baselines3 is not installed: pip install stable-baselines3.", "bench"
        ) from error
    return stable_baselines3


def their_model(algorithm: str) -> Any:
    """An agent of Stable-Baselines3 with the networks and updates of ours.

    Raises:
        SandboxError: Stable-Baselines3 is not installed.
    """
    theirs = library()
    from stable_baselines3.common.vec_env import DummyVecEnv

    copies = DummyVecEnv([_environment] * CASES[algorithm].get("n_envs", 1))
    shape = {"net_arch": [NETWORK["units"]] * NETWORK["layers"]}
    kind = {"ppo": theirs.PPO, "a2c": theirs.A2C, "dqn": theirs.DQN}[algorithm]
    options = {"policy_kwargs": shape, "device": "cpu", "seed": 0, **THEIRS[algorithm]}
    return kind("MlpPolicy", copies, **options)


def _environment() -> gymnasium.Env[Any, Any]:
    return gymnasium.make("rlsandbox/Grid-v0", world=WORLD, observation="one_hot")


def late_to_early(n_steps: int) -> float:
    """Throughput in the last fifth of a long run of PPO over that in its first fifth, medians of its parts.

    The policy that walks, and what there is to learn, change meanwhile; the work of an update does not.
    """
    session = TrainingSession(RunSpec("ppo", open_world(WORLD), CASES["ppo"]))
    seconds: list[float] = []
    for _ in range(PARTS):
        session.extend(steps=n_steps // PARTS // 512 * 512)
        began = time.process_time()
        session.run()
        seconds.append(time.process_time() - began)
    fifth = PARTS // 5
    return statistics.median(seconds[1 : 1 + fifth]) / statistics.median(seconds[-fifth:])
