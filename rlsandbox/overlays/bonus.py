"""What exploring is worth to the agent."""

from __future__ import annotations

from rlsandbox.marks import Mark
from rlsandbox.overlays.scene import Overlay, Scene, tinted


class Bonus(Overlay):
    """What UCB or a count bonus adds for what was seldom tried."""

    title = "Exploration bonus"
    tip = "What UCB or a count bonus adds to each move, because it was seldom tried."
    field = "bonus"
    order = 116
    group = "Learning"
    exclusive = "colour"

    def marks(self, scene: Scene) -> tuple[Mark, ...]:
        """Triangles from 0 on; nothing where the exploration has no bonus."""
        bonus = scene.snapshot.fields.get("bonus")
        if bonus is None or not bonus.any():
            return ()
        return tinted(scene, bonus, "bonus", low=0.0)
