"""Where the current policy spends its time."""

from __future__ import annotations

from typing import ClassVar

from rlsandbox.marks import Heatmap, Labels, Mark
from rlsandbox.overlays.scene import Overlay, Scene


class Occupancy(Overlay):
    """The discounted distribution over states of whoever follows the policy of now from a start."""

    title = "Occupancy"
    tip = "How much of its discounted time whoever follows the current policy spends in each cell."
    wants: ClassVar[frozenset[str]] = frozenset({"occupancy"})
    order = 126
    group = "Policy"
    exclusive = "colour"

    def marks(self, scene: Scene) -> tuple[Mark, ...]:
        """Shares on a logarithmic scale; nothing where the policy never ends at gamma 1."""
        share = scene.snapshot.fields.get("occupancy")
        if share is None or not share.any():
            return ()
        grid = scene.grid(share)
        most = float(share.max())
        return Heatmap(grid, 0.0, most, "cividis", "occupancy"), Labels(grid, 3)
