"""One-step actor-critic: after every step, critic and actor follow the TD error.

    delta = r + gamma V(s') - V(s)
    minimise  -I log pi(a|s) delta  + c_v (V(s) - [r + gamma V(s')])^2  - c_e H(pi(.|s)),   I = gamma^t

Source: Sutton & Barto, 2nd edition, section 13.5, "One-step Actor-Critic"; I may be left out (`weigh_late`),
as nearly everybody does (Thomas, 2014, on the bias that comes of it).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.agent import Preset, Update, number
from rlsandbox.learning.hyperparams import hp
from rlsandbox.learning.on_policy import CriticConfig, OnPolicy
from rlsandbox.learning.written import closed

COURSE = {"layers": 1, "units": 256, "activation": "relu", "shared": True, "entropy_coefficient": 0.01}


class ActorCritic(OnPolicy):
    """One-step actor-critic (Sutton & Barto, section 13.5): the TD error weighs every single step."""

    title = "Actor-Critic"
    source = "Sutton & Barto, 2nd ed., section 13.5; Barto, Sutton & Anderson (1983)"
    equation = "θ ← θ + α γᵗ δ ∇log π(a|s),  w ← w + α δ ∇V(s),  δ = r + γ V(s′) − V(s)"
    logged = ("policy loss", "value loss", "entropy", "gradient norm")
    presets: ClassVar[dict[str, Preset]] = {"course": Preset(COURSE, episodes=1000)}

    class Config(CriticConfig):
        """Hyperparameters of one-step actor-critic."""

        learning_rate: float = hp(
            1e-3, gt=0, le=1, log=True, label="Step size", symbol="α", doc="of the optimizer", live=True
        )
        weigh_late: bool = hp(
            True,
            doc="later steps of an episode weigh as much as early ones: no factor gamma^t",
            advanced=True,
        )

    def improve(self, active: NDArray[np.bool_]) -> Iterator[None]:
        """One update from the step just made."""
        if not active.any():
            return
        weight = np.ones((self.n_seeds, 1))
        if not self.config.weigh_late:
            weight *= self.config.gamma ** (self.episode_steps[:, None] - 1)
        self.show(active, {**self.follow_advantages(weight, active), "weight": weight})
        yield

    @property
    def episode_steps(self) -> NDArray[np.int64]:
        """`[N]`: which step of its episode the last one was, counted from 1."""
        return self.copies.length[:, 0]

    def told(self, replica: int) -> Update | None:
        """The step just made: the TD error, and what it weighs in the policy's gradient."""
        shown = self.shown[replica]
        if not shown:
            return None
        log_prob, weight, advantage = (
            float(shown[name][replica, 0]) for name in ("log_prob", "weight", "advantage")
        )
        factors = f"{number(weight)} · {closed(log_prob)} · {closed(advantage)}"
        gain = number(weight * log_prob * advantage)
        return self.told_step(replica, 0, "", f"γᵗ log π(a|s) δ = {factors} = {gain}")
