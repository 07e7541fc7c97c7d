"""What was planned just now, and in which order."""

from __future__ import annotations

import numpy as np

from rlsandbox.marks import Heatmap, Labels, Mark
from rlsandbox.overlays.scene import Overlay, Scene


class BackupOrder(Overlay):
    """The states that the last sweep, or the last planning, backed up."""

    title = "Backup order"
    tip = "The cells that were backed up last, numbered in their order."
    field = "backups"
    order = 120
    group = "Learning"
    exclusive = "colour"

    def marks(self, scene: Scene) -> tuple[Mark, ...]:
        """The place of each cell in the order, its last where it came more than once."""
        states = scene.snapshot.fields.get("backups")
        if states is None or states.size == 0:
            return ()
        place = np.full(scene.world.n_states, np.nan)
        place[states] = np.arange(1, states.size + 1)  # the last one stays
        grid = scene.layer(place)
        note = f"{states.size:,} backups"
        most = float(max(states.size, 2))
        return Heatmap(grid, 1.0, most, "cividis", "order", note), Labels(grid, 0)
