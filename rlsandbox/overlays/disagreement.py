"""Where the agent would do something that is not best."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from rlsandbox.marks import Badge, Badges, Mark
from rlsandbox.overlays.scene import Overlay, Scene


class Disagreement(Overlay):
    """Cells where the greedy policy takes an action that costs something against Q*."""

    title = "Mistakes"
    tip = "Marks the cells where the agent's action is not one of the best."
    wants: ClassVar[frozenset[str]] = frozenset({"oracle"})
    order = 80
    group = "Truth"

    def marks(self, scene: Scene) -> tuple[Mark, ...]:
        """A badge for each mistaken cell; cells about which the agent knows nothing yet are no mistakes."""
        if scene.oracle is None:
            return ()
        q, probs = scene.oracle.q, scene.snapshot.policy
        loss = (probs * (q.max(axis=1, keepdims=True) - q)).sum(axis=1)
        decided = np.ptp(probs, axis=1) > 1e-12
        wrong = scene.layer(scene.live & decided & (loss > 1e-6 * (1 + np.abs(q).max(axis=1))))
        badges = tuple(Badge(r + 0.5, c + 0.5, "disagrees") for r, c in np.argwhere(wrong).tolist())
        return (Badges(badges),) if badges else ()
