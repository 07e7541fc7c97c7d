"""How wrong the values are by their own account: the error that a step is expected to find."""

from __future__ import annotations

import numpy as np

from rlsandbox.learning.oracle import lookahead
from rlsandbox.marks import Mark
from rlsandbox.overlays.scene import Overlay, Scene, decimals, spoken, tinted


class TDError(Overlay):
    """Sum over the policy of E[r + gamma v(s')] - v(s), with the world's own model: no sampling noise."""

    title = "TD error"
    tip = "The error that the next step from each cell is expected to find, with the world's own model."
    order = 45
    group = "Values"
    common = True
    exclusive = "colour"

    def marks(self, scene: Scene) -> tuple[Mark, ...]:
        """A heatmap around zero, on a scale as wide as the values, so that colours vanish with the errors."""
        snapshot = scene.snapshot
        if scene.mdp is None or not scene.learnt or not np.isfinite(snapshot.gamma):
            return ()
        expected = (snapshot.policy * lookahead(scene.mdp, snapshot.v, snapshot.gamma)).sum(axis=1)
        error = expected - snapshot.v
        sizes = np.abs(error[scene.live])
        widest = max(
            float(np.abs(snapshot.v[scene.live]).max(initial=0.0)), float(sizes.max(initial=0.0)), 1e-9
        )
        note = f"mean |δ| {spoken(float(sizes.mean()), decimals(widest) + 1)}" if sizes.size else ""
        return tinted(scene, error, "E[δ]", "diverging", -widest, widest, note)
