"""The loops that people write: Gymnasium with a numpy table, and dictionaries."""

from __future__ import annotations

import random
import time
from collections import defaultdict

import numpy as np

EPSILON, ALPHA, GAMMA = 0.1, 0.1, 0.99


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
