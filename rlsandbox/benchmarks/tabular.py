"""Q-learning against the loops that people write: Gymnasium with a numpy table, and dictionaries.

All of them run Q-learning with epsilon 0.1, alpha 0.1, gamma 0.99. Ours goes through `rlsandbox.train` with
its defaults (random ties, schedules, logs, evaluation); the others break ties as `argmax` and `max` do, which
is faster. Each is one thread, timed by the processor's clock, in rounds that alternate; medians count.
"""

from __future__ import annotations

import random
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np

EPSILON, ALPHA, GAMMA = 0.1, 0.1, 0.99
ROUNDS = 5
OUR_STEPS, THEIR_STEPS = 40_000_000, 50_000
"""A round; all rounds together are over 200,000 steps."""


def run(seconds: float | None = None) -> dict[str, Any]:
    """Measure; `seconds` shortens or lengthens the number of rounds, each of which takes about 7 s."""
    rounds = ROUNDS if seconds is None else max(1, round(seconds / 7))
    from rlsandbox.worlds.gallery import gallery

    cases: dict[str, Callable[[], float]] = {}
    for world, env_id in (("cliff_walking", "CliffWalking-v1"), ("frozen_lake_8x8", "FrozenLake8x8-v1")):
        drawn = gallery()[world].make()
        cases[f"{world}.rlsandbox"] = lambda drawn=drawn: ours(drawn, OUR_STEPS)
        cases[f"{world}.gymnasium_numpy"] = lambda env_id=env_id: gymnasium_numpy(env_id, THEIR_STEPS)
    cases["cliff_walking.dictionaries"] = lambda: dictionaries(THEIR_STEPS)
    for measure in cases.values():
        measure()  # compiled code is loaded and caches are warm
    speeds: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(rounds):
        for name, measure in cases.items():
            speeds[name].append(measure())
    median = {name: statistics.median(values) for name, values in speeds.items()}
    cliff = median["cliff_walking.rlsandbox"]
    return {
        "rounds": rounds,
        "steps_per_round": {"rlsandbox": OUR_STEPS, "others": THEIR_STEPS},
        "steps_per_second": median,
        "ratio_cliff_walking_to_gymnasium_numpy": cliff / median["cliff_walking.gymnasium_numpy"],
        "ratio_frozen_lake_8x8_to_gymnasium_numpy": median["frozen_lake_8x8.rlsandbox"]
        / median["frozen_lake_8x8.gymnasium_numpy"],
        "ratio_cliff_walking_to_dictionaries": cliff / median["cliff_walking.dictionaries"],
    }


def ours(world: Any, n_steps: int) -> float:
    """Steps a second of one call of `rlsandbox.train` with its defaults."""
    import rlsandbox

    began = time.process_time()
    rlsandbox.train("q_learning", world, steps=n_steps)
    return n_steps / (time.process_time() - began)


def gymnasium_numpy(env_id: str, n_steps: int) -> float:
    """Steps a second of the loop that every Gymnasium tutorial shows."""
    import gymnasium

    env = gymnasium.make(env_id)
    q = np.zeros((env.observation_space.n, env.action_space.n))  # type: ignore[attr-defined]
    rng = np.random.default_rng(0)
    state, _ = env.reset(seed=0)
    began = time.process_time()
    for _ in range(n_steps):
        action = env.action_space.sample() if rng.random() < EPSILON else int(np.argmax(q[state]))
        next_state, reward, terminated, truncated, _ = env.step(action)
        target = float(reward) + GAMMA * (0.0 if terminated else q[next_state].max())
        q[state, action] += ALPHA * (target - q[state, action])
        state = env.reset()[0] if terminated or truncated else next_state
    return n_steps / (time.process_time() - began)


class CliffOfATutorial:
    """The cliff as tutorials write it, without any library."""

    height, width = 4, 12
    moves = ((-1, 0), (0, 1), (1, 0), (0, -1))

    def reset(self) -> tuple[int, int]:
        self.position = (3, 0)
        return self.position

    def step(self, action: int) -> tuple[tuple[int, int], float, bool]:
        rows, columns = self.moves[action]
        row = min(max(self.position[0] + rows, 0), self.height - 1)
        column = min(max(self.position[1] + columns, 0), self.width - 1)
        if row == 3 and 0 < column < 11:
            self.position = (3, 0)
            return self.position, -100.0, False
        self.position = (row, column)
        return self.position, -1.0, self.position == (3, 11)


def dictionaries(n_steps: int) -> float:
    """Steps a second of pure Python with values in a dictionary."""
    env, actions = CliffOfATutorial(), range(4)
    q: defaultdict[tuple[tuple[int, int], int], float] = defaultdict(float)
    rng = random.Random(0)
    state = env.reset()
    began = time.process_time()
    for _ in range(n_steps):
        action = rng.choice(actions) if rng.random() < EPSILON else max(actions, key=lambda a: q[state, a])
        next_state, reward, done = env.step(action)
        following = 0.0 if done else max(q[next_state, a] for a in actions)
        q[state, action] += ALPHA * (reward + GAMMA * following - q[state, action])
        state = env.reset() if done else next_state
    return n_steps / (time.process_time() - began)
