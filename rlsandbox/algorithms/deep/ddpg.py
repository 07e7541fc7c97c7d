"""Deep deterministic policy gradient: Q-learning for continuous actions, with an actor in place of the max.

    minimise  ( r + gamma Q_target(s', mu_target(s')) - Q(s, a) )^2      maximise  Q(s, mu(s))

Source: Lillicrap et al. (2016), "Continuous control with deep reinforcement learning", algorithm 1. The noise
is Gaussian without memory, which serves as well as theirs (Fujimoto et al., 2018, appendix D).
"""

from __future__ import annotations

from typing import ClassVar

from rlsandbox.learning.deterministic import Deterministic, DeterministicConfig


class DDPG(Deterministic):
    """DDPG (Lillicrap et al., 2016): an actor that goes up the slope of its critic."""

    title = "DDPG"
    source = "Lillicrap et al. (2016), Continuous control with deep reinforcement learning, algorithm 1"
    equation = "min ( r + γ Q_target(s′, μ_target(s′)) − Q(s,a) )²,  max Q(s, μ(s))"
    n_critics: ClassVar[int] = 1

    class Config(DeterministicConfig):
        """Hyperparameters of DDPG."""
