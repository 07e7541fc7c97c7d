"""Twin delayed DDPG: the lower one of two critics counts, the actor is slower, and targets are smoothed.

    a' = clip( mu_target(s') + clip(noise, -c, c), low, high )
    minimise  ( r + gamma min_k Q_target,k(s', a') - Q_k(s, a) )^2 for both k
    maximise  Q_1(s, mu(s))  and let the targets follow, at every d-th update

Source: Fujimoto, van Hoof & Meger (2018), "Addressing function approximation error in actor-critic methods",
algorithm 1.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.agent import Floats
from rlsandbox.learning.deterministic import Deterministic, DeterministicConfig
from rlsandbox.learning.hyperparams import hp


class TD3(Deterministic):
    """TD3 (Fujimoto et al., 2018): DDPG that does not overestimate."""

    title = "TD3"
    source = "Fujimoto et al. (2018), Addressing function approximation error, algorithm 1"
    equation = "min ( r + γ min Q_target(s′, μ_target(s′) + ε) − Q(s,a) )²,  max Q₁(s, μ(s))"
    n_critics: ClassVar[int] = 2

    class Config(DeterministicConfig):
        """Hyperparameters of TD3; those of its authors."""

        policy_delay: int = hp(
            2, ge=1, le=1000, label="Delay", doc="updates of the critics to one of the actor", unit="updates"
        )
        target_noise: float = hp(
            0.2, ge=0, le=10, doc="spread of what smooths the targets' actions", live=True, advanced=True
        )
        noise_clip: float = hp(0.5, ge=0, le=10, doc="most that this noise may be", live=True, advanced=True)

    def noise(self, active: NDArray[np.bool_]) -> Floats:
        """Similar actions have similar values (section 5.3)."""
        most = self.config.noise_clip
        return (self.config.target_noise * self.normal_by_unit(active)).clip(-most, most)

    @property
    def improves_actor(self) -> bool:
        """At every d-th update (section 5.2), the first one included, so that there is a loss to log."""
        return int(self.updates[0]) % self.config.policy_delay == 0
