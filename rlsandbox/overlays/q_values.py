"""What each move is worth."""

from __future__ import annotations

import numpy as np

from rlsandbox.marks import Mark
from rlsandbox.overlays.scene import Floats, Overlay, Scene, by_move, decimals, span, spoken, tinted


class QValues(Overlay):
    """Q of the four straight moves, as far as the world has them."""

    title = "Q values"
    tip = "The value of each move: four triangles a cell."
    order = 30
    group = "Values"
    common = True
    exclusive = "colour"

    def marks(self, scene: Scene) -> tuple[Mark, ...]:
        """Triangles, NaN for a move that the world does not have; a bandit's at its arms."""
        if not scene.learnt:
            return ()
        values = by_move(scene, scene.snapshot.q)
        low, high = span(values)
        least = _whisker(values)
        note = "" if least is None or least == low else f"lowest {spoken(low, decimals(high - least))}"
        return tinted(scene, scene.snapshot.q, "Q", "viridis", least, note=note)


def _whisker(values: Floats) -> float | None:
    """The least value that is no outlier (Tukey's outer fence), or None where most are one and the same.

    One step off a cliff is ten times as bad as anything else: it would leave a single colour to all the rest.
    """
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        return None
    quarter, three_quarters = np.quantile(finite, (0.25, 0.75))
    if three_quarters - quarter <= 1e-9 * max(1.0, abs(quarter)):
        return None
    return float(finite[finite >= quarter - 3 * (three_quarters - quarter)].min())
