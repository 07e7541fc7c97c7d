"""Which cells the last update was about."""

from __future__ import annotations

from rlsandbox.marks import Badge, Badges, Mark
from rlsandbox.overlays.scene import Overlay, Scene


class LastUpdate(Overlay):
    """The state that was updated, the ones that its target came from, and what else it touched."""

    title = "Last update"
    tip = "The cell whose value has just changed, the cells that it learnt from, and those that it touched."
    order = 100
    group = "Learning"

    def marks(self, scene: Scene) -> tuple[Mark, ...]:
        """A frame around each; nothing before the first update."""
        update = scene.snapshot.update
        if update is None:
            return ()
        kinds = {scene.middle(s): "touched" for s in update.touched}
        kinds |= {scene.middle(s): "updated" for s in (update.state, update.next_state) if s is not None}
        return (Badges(tuple(Badge(*middle, kind) for middle, kind in kinds.items())),)
