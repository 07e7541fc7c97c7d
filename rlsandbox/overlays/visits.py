"""Where the agent has been."""

from __future__ import annotations

from typing import ClassVar

from rlsandbox.marks import Heatmap, Labels, Mark
from rlsandbox.overlays.scene import Overlay, Scene, by_arm


class Visits(Overlay):
    """How often it has acted in each cell; summed over seeds where no single one is shown."""

    title = "Visits"
    tip = "How often the agent has acted in each cell, or pulled each arm, on a logarithmic scale."
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
        bandit = len(scene.world.arms) > 0
        counts = visits if bandit else visits.sum(axis=1)
        grid = by_arm(scene, counts) if bandit else scene.grid(counts)
        most = float(counts.max())
        return Heatmap(grid, 0.0, most, "cividis", "visits", logarithmic=True), Labels(grid, 0)
