"""The tree that a search has grown."""

from __future__ import annotations

import numpy as np

from rlsandbox.marks import Edges, Mark
from rlsandbox.overlays.scene import Overlay, Scene


class SearchTree(Overlay):
    """The moves that Monte Carlo tree search has tried from where the agent stands."""

    title = "Search tree"
    tip = "The moves that the search has tried from here; the wider, the more often."
    field = "tree"
    order = 128
    group = "Learning"

    def marks(self, scene: Scene) -> tuple[Mark, ...]:
        """Lines from cell to cell; moves that go nowhere are left out."""
        tree = scene.snapshot.fields.get("tree")
        if tree is None or len(tree) == 0:
            return ()
        here, there = (tree[:, k].astype(np.int64) // scene.world.inventory for k in (0, 1))
        moved = here != there
        cells = np.stack([here[moved], there[moved]], axis=1)
        if cells.size == 0:
            return ()
        pairs, which = np.unique(cells, axis=0, return_inverse=True)
        visits = np.bincount(which.ravel(), weights=tree[moved, 2])
        rows, columns = np.divmod(pairs, scene.world.width)
        points = np.stack([rows[:, 0], columns[:, 0], rows[:, 1], columns[:, 1]], axis=1) + 0.5
        return (Edges(points, visits / visits.max()),)
