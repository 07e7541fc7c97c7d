"""Which cells the last update was about."""

from __future__ import annotations

from rlsandbox.marks import Badge, Badges, Mark
from rlsandbox.overlays.scene import Overlay, Scene


class LastUpdate(Overlay):
    """The state that was updated and the one that its target came from."""

    title = "Last update"
    tip = "The cell whose value has just changed, and the cell that it learnt from."
    order = 100

    def marks(self, scene: Scene) -> tuple[Mark, ...]:
        """One or two badges; nothing before the first update."""
        update = scene.snapshot.update
        if update is None:
            return ()
        states = {update.state: None, update.next_state: None}  # a set that keeps its order
        return (Badges(tuple(Badge(*scene.middle(s), "updated") for s in states if s is not None)),)
