"""What each cell is worth to whoever acts optimally: the oracle's values."""

from __future__ import annotations

from typing import ClassVar

from rlsandbox.marks import Heatmap, Mark
from rlsandbox.overlays.scene import Overlay, Scene, decimals, labels, span, spoken


class OptimalValues(Overlay):
    """V*, whatever the agent knows."""

    title = "Optimal values"
    tip = "The true value of each cell under the best policy, computed from the world itself."
    wants: ClassVar[frozenset[str]] = frozenset({"oracle"})
    order = 60
    group = "Truth"
    exclusive = "colour"

    def marks(self, scene: Scene) -> tuple[Mark, ...]:
        """A heatmap and its numbers; nothing in a world without a solution."""
        if scene.oracle is None:
            return ()
        v = scene.grid(scene.oracle.v)
        low, high = span(v)
        note = f"optimal start value {spoken(scene.oracle.v_start, decimals(high - low))}"
        return Heatmap(v, low, high, "viridis", "V*", note), labels(v)
