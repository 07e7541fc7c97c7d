"""Advantage actor-critic, synchronous: several copies walk a few steps each, then one update for all.

    minimise  -log pi(a|s) A  + c_v (V(s) - G)^2  - c_e H(pi(.|s)),   A = G - V(s)
    G = r + gamma r' + ... + gamma^n V(s_n)

Source: Mnih et al., "Asynchronous methods for deep reinforcement learning" (2016), algorithm S3, with its
workers in step (Wu et al., 2017).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.agent import Preset, Update, number
from rlsandbox.learning.hyperparams import hp
from rlsandbox.learning.networks import Networks
from rlsandbox.learning.on_policy import OnPolicy, RolloutConfig
from rlsandbox.learning.optimizer import Optimizer
from rlsandbox.learning.written import closed

COURSE = {"layers": 1, "units": 256, "activation": "relu", "shared": True, "entropy_coefficient": 0.01}


class A2C(OnPolicy):
    """A2C (Mnih et al., 2016): n-step advantages of copies that walk side by side."""

    title = "A2C"
    source = "Mnih et al. (2016), Asynchronous methods for deep reinforcement learning, algorithm S3"
    equation = "θ ← θ + α ∇[ log π(a|s) A − c_v (V(s) − G)² + c_e H(π) ]"
    logged = ("policy loss", "value loss", "entropy", "gradient norm")
    presets: ClassVar[dict[str, Preset]] = {"course": Preset(COURSE, steps=100_000)}

    class Config(RolloutConfig):
        """Hyperparameters of A2C; those of its authors where nothing else is said."""

        learning_rate: float = hp(
            7e-4, gt=0, le=1, log=True, label="Step size", symbol="α", doc="of the optimizer", live=True
        )
        n_envs: int = hp(8, ge=1, le=1024, log=True, label="Copies", doc="agents that walk side by side")
        n_steps: int = hp(
            5,
            ge=1,
            le=65_536,
            log=True,
            label="Rollout",
            doc="steps of each copy between updates",
            unit="steps",
        )
        gae_lambda: float = hp(
            1.0, ge=0, le=1, label="Trace", symbol="λ", doc="1: returns of n steps, as published", live=True
        )

    def make_optimizer(self, nets: Networks) -> Optimizer:
        """RMSprop with its moments shared, as the authors found best."""
        return Optimizer(nets, "rmsprop", self.config.learning_rate, 1e-5)

    def improve(self, active: NDArray[np.bool_]) -> Iterator[None]:
        """One update from all steps of the rollout."""
        if not active.any():
            return
        self.show(active, self.follow_advantages(np.ones((self.n_seeds, 1)), active))
        yield

    def told(self, replica: int) -> Update | None:
        """The last step of the rollout, with what it weighs in the gradient."""
        shown = self.shown[replica]
        if not shown:
            return None
        at = self.capacity - 1
        log_prob, advantage = (float(shown[name][replica, at]) for name in ("log_prob", "advantage"))
        return self.told_step(
            replica,
            at,
            "",
            f"log π(a|s) A = {closed(log_prob)} · {closed(advantage)} = {number(log_prob * advantage)}",
        )
