"""Where the policy spends its time, for a screen: too dear on a large world to be computed at every frame."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.agent import View
from rlsandbox.learning.oracle_policy import occupancy
from rlsandbox.learning.stacks import Stacks
from rlsandbox.training.progress import Progress
from rlsandbox.training.session import TrainingSession
from rlsandbox.worlds.mdp import TabularMDP

FIELD = "occupancy"
_SHARE = 0.1
"""Of the time, which computing it may take while an agent trains."""


class SteadyOccupancy:
    """Computed again where the policy or the model is another one; while it trains, not before it is due."""

    def __init__(self) -> None:
        self._model: TabularMDP | None = None
        self._policy: NDArray[np.float64] = np.empty(0)
        self._gamma = float("nan")
        self._found = np.empty(0)
        self._due = 0.0

    def progress(self, session: TrainingSession, view: View, training: bool) -> Progress:
        """What a view asks for; the field is empty where the policy has no finite occupancy."""
        found = session.progress(replace(view, wants=view.wants - {FIELD}))
        if FIELD not in view.wants or found.snapshot.played is not None:
            return found
        snapshot, gamma = found.snapshot, float(getattr(session.agent.config, "gamma", 1.0))
        self._follow(session.agent.stacks, session.followed(snapshot), gamma, training)
        return replace(found, snapshot=replace(snapshot, fields={**snapshot.fields, FIELD: self._found}))

    def _follow(self, stacks: Stacks, policy: NDArray[np.float64], gamma: float, training: bool) -> None:
        mdp = stacks.mdp
        known = mdp is self._model and gamma == self._gamma
        began = time.perf_counter()
        if known and ((training and began < self._due) or np.array_equal(policy, self._policy)):
            return
        shares = occupancy(mdp, policy, gamma)
        self._model, self._policy, self._gamma = mdp, policy, gamma
        self._found = np.empty(0) if shares is None else stacks.folded(shares)
        ended = time.perf_counter()
        self._due = ended + (ended - began) * (1 - _SHARE) / _SHARE
