"""What the agent would do."""

from __future__ import annotations

from rlsandbox.marks import Mark
from rlsandbox.overlays.scene import Overlay, Scene, arrows


class Policy(Overlay):
    """The greedy policy; over several seeds, how many of them would go which way."""

    title = "Policy"
    tip = "The greedy action of each cell; a longer arrow is a likelier one, or a stronger force."
    order = 20
    group = "Policy"
    common = True
    exclusive = "arrows"
    in_space = True

    def marks(self, scene: Scene) -> tuple[Mark, ...]:
        """Arrows, where the agent prefers something."""
        return arrows(scene, scene.snapshot.policy)
