"""How much worse each move is than the best one."""

from __future__ import annotations

from rlsandbox.marks import Mark
from rlsandbox.overlays.scene import Overlay, Scene, tinted


class Advantage(Overlay):
    """A(s, a) = Q(s, a) - max Q(s, .): 0 for the best moves, below it for the others."""

    title = "Advantage"
    tip = "Each move's value minus the best one's: what it costs to take it."
    order = 110
    group = "Values"
    exclusive = "colour"

    def marks(self, scene: Scene) -> tuple[Mark, ...]:
        """Triangles up to 0."""
        if not scene.learnt:
            return ()
        q = scene.snapshot.q
        return tinted(scene, q - q.max(axis=1, keepdims=True), "A", "viridis", high=0.0)
