"""Where the steps come from that the agent remembers."""

from __future__ import annotations

from rlsandbox.marks import Mark
from rlsandbox.overlays.scene import Overlay, Scene, tinted


class Replay(Overlay):
    """How many stored steps began with each move."""

    title = "Replay memory"
    tip = "How many of the remembered steps, which it learns from again and again, began with each move."
    field = "replay"
    order = 117
    group = "Learning"
    exclusive = "colour"

    def marks(self, scene: Scene) -> tuple[Mark, ...]:
        """Triangles from 0 on."""
        stored = scene.snapshot.fields.get("replay")
        return () if stored is None else tinted(scene, stored, "steps", low=0.0)
