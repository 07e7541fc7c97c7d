"""Which remembered steps the agent learns from most."""

from __future__ import annotations

from rlsandbox.marks import Mark
from rlsandbox.overlays.scene import Overlay, Scene, tinted


class Priorities(Overlay):
    """The chance that a step with each move is the next one drawn from a prioritized memory."""

    title = "Priorities"
    tip = "How likely the next remembered step that it learns from began with each move."
    field = "priorities"
    order = 119
    group = "Learning"
    exclusive = "colour"

    def marks(self, scene: Scene) -> tuple[Mark, ...]:
        """Triangles from 0 on; nothing where all steps are alike."""
        chance = scene.snapshot.fields.get("priorities")
        if chance is None or not chance.any():
            return ()
        return tinted(scene, chance, "share", low=0.0)
