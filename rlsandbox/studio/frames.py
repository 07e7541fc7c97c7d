"""What the window asks the trainer for, and what it gets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.agent import View
from rlsandbox.training.evaluate import Evaluation
from rlsandbox.training.progress import Progress
from rlsandbox.worlds.errors import SandboxError


@dataclass(frozen=True)
class Request:
    """What the screen wants to know, and when: in seconds of `time.perf_counter`."""

    view: View
    due: float


@dataclass(frozen=True)
class Picture:
    """An environment's own picture.

    Attributes:
        pixels: `[h, w, 3]` uint8, or None.
        fault: why there is none, in a sentence.
    """

    pixels: NDArray[np.uint8] | None
    fault: str = ""

    @classmethod
    def asked(cls, draw: Any) -> Picture:
        """What a function draws, or why it cannot."""
        try:
            pixels = draw()
        except SandboxError as error:
            return cls(None, str(error))
        return cls(pixels, "" if pixels is not None else "This environment draws no pictures.")


@dataclass(frozen=True)
class Frame:
    """What the trainer publishes when asked.

    Attributes:
        run_id: the run that it is about.
        progress: copies of what the session holds.
        state: "idle", "training", "paused", "finished" or "failed".
        rate: steps a second, summed over all replicas, over the last second.
        recent_return: mean online return of the last 100 episodes and all replicas; NaN before the first.
        evaluation: figures of the greedy policy, when the run rests.
        picture: what the environment looks like, where somebody wants to see it.
    """

    run_id: int
    progress: Progress
    state: str
    rate: float
    recent_return: float
    evaluation: Evaluation | None
    picture: Picture | None = None
