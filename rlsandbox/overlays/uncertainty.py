"""How unsure the agent is of its values."""

from __future__ import annotations

from rlsandbox.marks import Mark
from rlsandbox.overlays.scene import Overlay, Scene, tinted


class Uncertainty(Overlay):
    """The standard deviation of the posterior of each action value."""

    title = "Uncertainty"
    tip = "How unsure it is of each move's value: the posterior's standard deviation."
    field = "uncertainty"
    order = 122
    group = "Values"
    exclusive = "colour"

    def marks(self, scene: Scene) -> tuple[Mark, ...]:
        """Triangles from 0 on."""
        sd = scene.snapshot.fields.get("uncertainty")
        return () if sd is None else tinted(scene, sd, "sd", low=0.0)
