"""Environments of Gymnasium that go wrong, each in its own way, after a while."""

from __future__ import annotations

import time
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

AFTER = 40
"""Steps that go well."""


class Faulty(gymnasium.Env[Any, Any]):
    """Shows how many of its ten steps are over; `fault` says what goes wrong after `AFTER` steps in all."""

    metadata = {"render_modes": ["rgb_array"]}  # noqa: RUF012 - Gymnasium's own name
    observation_space = spaces.Box(-1.0, 1.0, (2,), np.float32)
    action_space = spaces.Discrete(2)
    made = 0
    """Steps of all that were made since `mend`."""

    def __init__(self, fault: str = "", render_mode: str | None = None) -> None:
        self.fault, self.render_mode, self.age = fault, render_mode, 0

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.age = 0
        return np.zeros(2, np.float32), {}

    def step(self, action: Any) -> Any:
        Faulty.made += 1
        self.age += 1
        if self.fault == "slow":
            time.sleep(0.01)
        seen, reward = np.full(2, self.age / 10, np.float32), 1.0
        if Faulty.made > AFTER:
            if self.fault == "raises":
                raise RuntimeError("the motor has burnt out")
            if self.fault == "nonsense":
                return "nonsense"
            if self.fault == "nan":
                seen[1] = np.nan
            if self.fault == "reward":
                reward = float("nan")
        return seen, reward, self.age >= 10, False, {}

    def render(self) -> Any:
        if self.fault == "render":
            raise OSError("no screen")
        picture = np.zeros((20, 30, 3), np.uint8)
        picture[:, : 3 * self.age, 0] = 255
        return picture


for fault in ("", "slow", "raises", "nonsense", "nan", "reward", "render"):
    gymnasium.register(
        f"Tests/Faulty{fault.capitalize()}-v0",
        entry_point="tests.studio.environments:Faulty",
        kwargs={"fault": fault},
        max_episode_steps=10,
    )
