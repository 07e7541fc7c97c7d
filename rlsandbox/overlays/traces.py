"""Whom the next error reaches."""

from __future__ import annotations

import numpy as np

from rlsandbox.marks import Mark
from rlsandbox.overlays.scene import Overlay, Scene, tinted


class Traces(Overlay):
    """The eligibility traces of a method with lambda."""

    title = "Traces"
    tip = "Eligibility traces: the share of the next error that reaches each cell."
    field = "traces"
    order = 114
    group = "Learning"
    exclusive = "colour"

    def marks(self, scene: Scene) -> tuple[Mark, ...]:
        """Where a trace is left, from 0 on."""
        traces = scene.snapshot.fields.get("traces")
        if traces is None:
            return ()
        shown = np.where(traces > 0, traces, np.nan)
        return tinted(scene, shown, "trace", low=0.0, high=max(1.0, float(traces.max(initial=0.0))))
