"""CartPole-v1 and Pendulum-v1 against Stable-Baselines3: steps and seconds until they are solved.

CartPole: trained until a greedy policy holds the pole for 475 steps, the mean of 20 episodes, asked after
every 2,000 steps; PPO with the hyperparameters of RL Baselines3 Zoo (rollouts of 32 steps of 8 copies, 20
epochs of one minibatch), A2C and DQN with 64-64 and 256-256 networks. Pendulum: what 100 episodes of the
greedy policies pay after 10,000 steps of SAC and TD3 with 256-256 networks and batches of 256, one update a
step; and environment steps a second of a run with one seed, the median of three runs.

Both sides have the same networks, batches and budgets, and compute on one thread; on Pendulum also on all
processors, and the faster of the two counts for each side. Evaluations are not timed. Medians of nine seeds
where the two sides are compared on CartPole, whose steps differ tenfold from seed to seed, else three seeds.
"""

from __future__ import annotations

import os
import statistics
import time
from typing import Any

import numpy as np

from rlsandbox.benchmarks.deep import library, torch_threads
from rlsandbox.training.evaluate import evaluate_played
from rlsandbox.training.session import RunSpec, TrainingSession
from rlsandbox.worlds.places import open_place

SEEDS, CART_SEEDS = 3, 9
SECONDS = 1_000
"""About so long everything takes."""
SOLVED, EVERY, EPISODES, MOST = 475.0, 2_000, 20, 100_000
PENDULUM_STEPS, TIMED_STEPS, TURNS = 10_000, 1_200, 3

CART: dict[str, dict[str, Any]] = {
    "ppo": {
        **{"n_envs": 8, "n_steps": 32, "minibatch": 256, "epochs": 20, "gae_lambda": 0.8, "gamma": 0.98},
        **{"entropy_coefficient": 0.0, "learning_rate": 1e-3, "clip": 0.2, "anneal": True},
    },
    "a2c": {"n_envs": 8, "n_steps": 5, "learning_rate": 7e-4},
    "dqn": {
        **{"units": 256, "learning_rate": 2.3e-3, "batch": 64, "memory": 100_000, "learning_starts": 1000},
        **{"target_every": 10, "train_every": 2, "epsilon_end": 0.04, "epsilon_steps": 16_000},
    },
}
THEIR_CART: dict[str, dict[str, Any]] = {
    "ppo": {
        **{"n_steps": 32, "batch_size": 256, "n_epochs": 20, "gae_lambda": 0.8, "gamma": 0.98},
        **{"ent_coef": 0.0, "learning_rate": lambda left: 1e-3 * left, "clip_range": 0.2},
    },
    "a2c": {"n_steps": 5, "learning_rate": 7e-4},
}
PENDULUM = ("sac", "td3")


def run(seconds: float | None = None) -> dict[str, Any]:
    """Measure; `seconds` takes fewer seeds and steps.

    Raises:
        SandboxError: Stable-Baselines3 is not installed.
    """
    share = 1.0 if seconds is None else min(1.0, seconds / SECONDS)
    seeds, steps = max(1, round(SEEDS * share)), int(PENDULUM_STEPS * share)
    found: dict[str, Any] = {"seeds": seeds, "cartpole": {}, "pendulum": {}}
    for name in CART:
        most, compared = int(MOST * share), name in THEIR_CART
        tries = range(max(1, round(CART_SEEDS * share)) if compared else seeds)
        ours = [_ours(name, seed, most) for seed in tries]
        found["cartpole"][name] = {"steps": [r[0] for r in ours], "seconds": [r[1] for r in ours]}
        if compared:
            theirs = [_theirs(name, seed, most) for seed in tries]
            found["cartpole"][name] |= {
                "steps_stable_baselines3": [r[0] for r in theirs],
                "seconds_stable_baselines3": [r[1] for r in theirs],
                "steps_to_theirs": _ratio([r[0] or most for r in ours], [r[0] or most for r in theirs]),
                "seconds_to_theirs": _ratio([r[1] for r in ours], [r[1] for r in theirs]),
            }
    for name in PENDULUM:
        session = TrainingSession(
            RunSpec(name, open_place("gym:Pendulum-v1"), {}, tuple(range(seeds)), steps=steps)
        )
        session.run()
        found["pendulum"][name] = {
            "steps": steps,
            "greedy_return": session.evaluate().greedy_return,
            **_speeds(name, max(200, int(TIMED_STEPS * share))),
        }
    return found


def _speeds(algorithm: str, steps: int) -> dict[str, Any]:
    """Steps a second of both sides, on one thread and on as many as there are processors."""
    made: dict[str, list[float]] = {}
    for _ in range(TURNS):
        for threads in sorted({1, os.cpu_count() or 1}):
            made.setdefault(f"ours.{threads}", []).append(_our_speed(algorithm, steps, threads))
            made.setdefault(f"theirs.{threads}", []).append(_their_speed(algorithm, steps, threads))
    speed = {name: statistics.median(values) for name, values in made.items()}
    ours, theirs = (
        max(v for name, v in speed.items() if name.startswith(side)) for side in ("ours", "theirs")
    )
    return {
        "steps_per_second_by_threads": speed,
        "steps_per_second": ours,
        "steps_per_second_stable_baselines3": theirs,
        "speed_to_theirs": ours / theirs,
        "speed_to_theirs_on_one_thread": speed["ours.1"] / speed["theirs.1"],
    }


def _ratio(ours: list[Any], theirs: list[Any]) -> float:
    return statistics.median(ours) / statistics.median(theirs)


def _ours(algorithm: str, seed: int, most: int) -> Any:
    place = open_place("gym:CartPole-v1")
    session = TrainingSession(RunSpec(algorithm, place, CART[algorithm], (seed,), steps=MOST))
    agent: Any = session.agent

    session.tick()  # compiled code is loaded here
    spent = 0.0
    for step in range(EVERY, most + 1, EVERY):
        began = time.perf_counter()
        while session.clock < step and session.tick(step - session.clock, time.perf_counter() + 0.1):
            pass
        spent += time.perf_counter() - began
        with agent.computing():
            worth = evaluate_played(agent.best_for, 1, session.world, EPISODES).greedy_return[0]
        if worth >= SOLVED:
            return session.clock, spent
    return None, spent


def _theirs(algorithm: str, seed: int, most: int) -> Any:
    import gymnasium

    theirs = library()
    from stable_baselines3.common.callbacks import BaseCallback
    from stable_baselines3.common.evaluation import evaluate_policy
    from stable_baselines3.common.vec_env import DummyVecEnv

    kind = {"ppo": theirs.PPO, "a2c": theirs.A2C}[algorithm]
    copies = DummyVecEnv([lambda: gymnasium.make("CartPole-v1")] * CART[algorithm]["n_envs"])
    judge = DummyVecEnv([lambda: gymnasium.make("CartPole-v1")])

    class Watch(BaseCallback):
        """Asks at the same steps as we do, and stops the clock meanwhile."""

        due, spent, solved = EVERY, 0.0, None

        def _on_step(self) -> bool:
            if self.num_timesteps < self.due:
                return True
            began, self.due = time.perf_counter(), self.due + EVERY
            rewards, _ = evaluate_policy(model, judge, EPISODES, return_episode_rewards=True, warn=False)
            self.spent += time.perf_counter() - began
            self.solved = self.num_timesteps if np.mean(rewards) >= SOLVED else None
            return self.solved is None and self.num_timesteps < most

    with torch_threads(1):
        model, watch = kind("MlpPolicy", copies, seed=seed, device="cpu", **THEIR_CART[algorithm]), Watch()
        began = time.perf_counter()
        model.learn(MOST, callback=watch)
        return watch.solved, time.perf_counter() - began - watch.spent


def _our_speed(algorithm: str, steps: int, threads: int) -> float:
    session = TrainingSession(RunSpec(algorithm, open_place("gym:Pendulum-v1"), {}))
    session.threads = threads
    session.extend(steps=steps // 4)
    session.run()
    before, began = session.clock, time.perf_counter()
    session.extend(steps=steps)
    session.run()
    return (session.clock - before) / (time.perf_counter() - began)


def _their_speed(algorithm: str, steps: int, threads: int) -> float:
    theirs = library()
    kind = {"sac": theirs.SAC, "td3": theirs.TD3}[algorithm]
    options: dict[str, Any] = {"policy_kwargs": {"net_arch": [256, 256]}, "batch_size": 256}
    options |= {"train_freq": 1, "gradient_steps": 1, "learning_starts": 100, "seed": 0, "device": "cpu"}
    with torch_threads(threads):
        model = kind("MlpPolicy", "Pendulum-v1", **options)
        model.learn(steps // 4)
        before, began = model.num_timesteps, time.perf_counter()
        model.learn(steps, reset_num_timesteps=False)
        return (model.num_timesteps - before) / (time.perf_counter() - began)
