"""What the tests of planners share."""

from __future__ import annotations

from typing import Any

import numpy as np

from rlsandbox.learning.agent import Line, View
from rlsandbox.training.session import TrainingSession
from rlsandbox.worlds.gallery import gallery_world
from rlsandbox.worlds.mdp import TabularMDP
from rlsandbox.worlds.world import World

PLANNERS: list[tuple[str, dict[str, Any]]] = [
    ("policy_evaluation", {"order": "synchronous"}),
    ("policy_evaluation", {"order": "in place"}),
    ("policy_iteration", {"order": "synchronous"}),
    ("policy_iteration", {"order": "in place"}),
    ("modified_policy_iteration", {"evaluations": 3}),
    ("value_iteration", {"order": "synchronous"}),
    ("value_iteration", {"order": "in place"}),
    ("value_iteration", {"order": "prioritized"}),
    ("linear_programming", {}),
]
CONTROL = [planner for planner in PLANNERS if planner[0] != "policy_evaluation"]


def world_named(name: str) -> World:
    """A world of the gallery."""
    world = gallery_world(name)
    assert world is not None
    return world


def values(session: TrainingSession) -> np.ndarray:
    """`[S]` values of now."""
    return session.agent.snapshot(View()).v


def expected(mdp: TabularMDP, v: np.ndarray, s: Any, a: int, gamma: float) -> float:
    """What an action is worth: the sum over its outcomes, one by one."""
    total = 0.0
    for k in range(mdp.prob.shape[2]):
        onward = 0.0 if mdp.terminal[s, a, k] else gamma * v[mdp.next_state[s, a, k]]
        total += mdp.prob[s, a, k] * (mdp.reward[s, a, k] + onward)
    return total


def number_of(line: Line) -> float:
    """What a line beneath an update says that an action is worth."""
    return float(line.parts[-1].text.removeprefix(" = ").strip("()"))
