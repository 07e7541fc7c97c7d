"""Where the current policy spends its time."""

from __future__ import annotations

from typing import ClassVar

from rlsandbox.marks import Heatmap, Labels, Mark, Remark
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
        """Shares, or why there are none; nothing before they are known."""
        share = scene.snapshot.fields.get("occupancy")
        if share is None:
            return ()
        if not share.size:
            return (Remark("This policy may never end: undiscounted, it has no finite occupancy."),)
        grid, most = scene.grid(share), float(share.max())
        if most == 0:
            return ()
        return Heatmap(grid, 0.0, most, "cividis", "occupancy"), Labels(grid, 3)
