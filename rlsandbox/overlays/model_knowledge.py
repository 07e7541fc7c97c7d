"""What a learnt model knows."""

from __future__ import annotations

from rlsandbox.marks import Mark
from rlsandbox.overlays.scene import Overlay, Scene, tinted


class ModelKnowledge(Overlay):
    """How much of each state and action a method with a learnt model has seen."""

    title = "Model knowledge"
    tip = "What the learnt model has seen of each move; what is dark it has to guess."
    field = "known"
    order = 118
    group = "Learning"
    exclusive = "colour"

    def marks(self, scene: Scene) -> tuple[Mark, ...]:
        """Triangles from 0 on."""
        known = scene.snapshot.fields.get("known")
        if known is None:
            return ()
        share = float((known[scene.live] > 0).mean()) if scene.live.any() else 0.0
        return tinted(scene, known, "known", low=0.0, note=f"{share:.0%} of all moves seen")
