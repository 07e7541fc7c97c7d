"""Pictures of an environment for a screen: too dear to be drawn at every frame."""

from __future__ import annotations

import time

from rlsandbox.learning.agent import View
from rlsandbox.learning.deep import DeepAgent
from rlsandbox.learning.stepped import Stepped
from rlsandbox.studio.frames import Picture
from rlsandbox.training.session import TrainingSession

WANTED = "picture"
"""In `View.wants`."""
_LEAST_SECONDS = 0.05
_SHARE = 0.2
"""Of the time, which drawing may take while an agent trains."""


class SteadyPicture:
    """Drawn at most twenty times a second, and less often where it is dear; at rest whenever it is wanted."""

    def __init__(self) -> None:
        self._of: tuple[int, int] | None = None
        self._last: Picture | None = None
        self._due = 0.0

    def of(self, session: TrainingSession, view: View, training: bool) -> Picture | None:
        """The picture of the shown replica's first copy; None where nobody wants one."""
        agent = session.agent
        if WANTED not in view.wants or not isinstance(agent, DeepAgent):
            return None
        ground = agent.ground
        if not isinstance(ground, Stepped):
            return None
        shown, began = (id(ground.walkers), view.replica or 0), time.perf_counter()
        if training and shown == self._of and began < self._due:
            return self._last
        self._of, self._last = shown, Picture.asked(lambda: ground.walkers.frame(shown[1]))
        ended = time.perf_counter()
        self._due = ended + max(_LEAST_SECONDS, (ended - began) * (1 - _SHARE) / _SHARE)
        return self._last
