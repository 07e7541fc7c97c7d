"""What the agent believes each cell is worth."""

from __future__ import annotations

from typing import ClassVar

from rlsandbox.marks import Heatmap, Mark
from rlsandbox.overlays.scene import Overlay, Scene, decimals, labels, span, spoken


class Values(Overlay):
    """V of the greedy action; the truth, where it is known, holds the scale still. In space a surface."""

    title = "Values"
    tip = "The value of each cell: the return that the agent expects from there."
    wants: ClassVar[frozenset[str]] = frozenset({"oracle"})
    order = 10
    group = "Values"
    common = True
    exclusive = "colour"
    in_space = True

    def marks(self, scene: Scene) -> tuple[Mark, ...]:
        """A heatmap and its numbers; a surface has too many."""
        if not scene.learnt:
            return ()
        v, note = scene.grid(scene.snapshot.v), ""
        low, high = span(v)
        if scene.oracle is not None:
            low, high = span(v, scene.grid(scene.oracle.v))
            note = f"optimal start value {spoken(scene.oracle.v_start, decimals(high - low))}"
        if scene.per_cell > 1:
            return (Heatmap(v, low, high, "viridis", "V", note, per_cell=scene.per_cell),)
        return Heatmap(v, low, high, "viridis", "V", note), labels(v)
