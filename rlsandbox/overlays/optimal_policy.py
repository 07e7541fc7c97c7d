"""What would be best to do: the oracle's policy, all of the best actions."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from rlsandbox.learning.policy import greedy_probs
from rlsandbox.marks import Mark
from rlsandbox.overlays.scene import Overlay, Scene, arrows


class OptimalPolicy(Overlay):
    """The actions that are greedy to Q*."""

    title = "Optimal policy"
    tip = "The best actions of each cell, computed from the world itself."
    wants: ClassVar[frozenset[str]] = frozenset({"oracle"})
    order = 70
    group = "Truth"
    exclusive = "arrows"

    def marks(self, scene: Scene) -> tuple[Mark, ...]:
        """Arrows; nothing in a world without a solution."""
        if scene.oracle is None:
            return ()
        # equally good actions differ by the solver's rounding
        return arrows(scene, greedy_probs(np.round(scene.oracle.q, 9)))
