"""Where the agent has been."""

from __future__ import annotations

from typing import ClassVar

from rlsandbox.marks import Heatmap, Labels, Mark
from rlsandbox.overlays.scene import Overlay, Scene


class Visits(Overlay):
    """How often it has acted in each cell; summed over seeds where no single one is shown."""

    title = "Visits"
    tip = "How often the agent has acted in each cell, on a logarithmic scale."
    wants: ClassVar[frozenset[str]] = frozenset({"visits"})
    order = 40
    group = "Learning"
    common = True
    exclusive = "colour"

    def marks(self, scene: Scene) -> tuple[Mark, ...]:
        """A heatmap and its numbers; nothing for a planner, which goes nowhere."""
        visits = scene.snapshot.visits
        if visits is None or not visits.any():
            return ()
        count = scene.grid(visits.sum(axis=1))
        most = float(visits.sum(axis=1).max())
        return Heatmap(count, 0.0, most, "cividis", "visits", logarithmic=True), Labels(count, 0)
