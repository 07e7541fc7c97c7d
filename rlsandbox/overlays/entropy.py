"""How undecided the agent is."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from rlsandbox.marks import Mark
from rlsandbox.overlays.scene import Overlay, Scene, spoken, tinted


class Entropy(Overlay):
    """The entropy of what it does next, in nats: 0 where it is certain, log A where anything may come."""

    title = "Policy entropy"
    tip = "How undecided it is in each cell: 0 is certain, the top of the scale is blind chance."
    wants: ClassVar[frozenset[str]] = frozenset({"behaviour"})
    order = 124
    group = "Policy"
    exclusive = "colour"

    def marks(self, scene: Scene) -> tuple[Mark, ...]:
        """A heatmap from 0 to log A, of the behaviour where it is known, else of the policy."""
        if not scene.learnt:
            return ()
        probs = scene.snapshot.fields.get("behaviour", scene.snapshot.policy)
        logs = np.log(np.where(probs > 0, probs, 1.0))
        entropy = np.abs((probs * logs).sum(axis=1))  # no negative zero
        mean = float(entropy[scene.live].mean()) if scene.live.any() else 0.0
        top = float(np.log(max(2, probs.shape[1])))
        return tinted(
            scene, entropy, "nats", "viridis", 0.0, top, f"mean {spoken(mean, 2)} of {spoken(top, 2)}"
        )
