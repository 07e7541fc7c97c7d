"""How far the agent's beliefs are from the truth."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from rlsandbox.marks import Heatmap, Mark
from rlsandbox.overlays.scene import Overlay, Scene, decimals, labels, spoken


class ErrorToOptimal(Overlay):
    """V - V*, on a scale as wide as V* itself: as the errors vanish, so do the colours."""

    title = "Error to optimal"
    tip = "Believed minus true value of each cell: too hopeful one way, too gloomy the other."
    wants: ClassVar[frozenset[str]] = frozenset({"oracle"})
    order = 50
    group = "Truth"
    common = True
    exclusive = "colour"

    def marks(self, scene: Scene) -> tuple[Mark, ...]:
        """A heatmap around zero and its numbers; nothing in a world without a solution."""
        if scene.oracle is None or not scene.learnt:
            return ()
        error = scene.grid(scene.snapshot.v - scene.oracle.v)
        sizes = np.abs(error[np.isfinite(error)])
        truth = scene.grid(scene.oracle.v)
        widest = max(
            float(np.abs(truth[np.isfinite(truth)]).max(initial=0.0)), float(sizes.max(initial=0.0)), 1e-9
        )
        note = f"mean |V − V*| {spoken(float(sizes.mean()), decimals(widest) + 1)}" if sizes.size else ""
        return Heatmap(error, -widest, widest, "diverging", "V − V*", note), labels(error)
