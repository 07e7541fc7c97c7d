"""Where the agent stands, and the way that it came."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from rlsandbox.learning.agent import Played
from rlsandbox.marks import Badge, Badges, Mark, Paths
from rlsandbox.overlays.scene import Overlay, Scene


class Trail(Overlay):
    """The running episode's last states as a line, the agent at its end."""

    title = "Trail"
    tip = "The agent and the last cells of its episode."
    wants: ClassVar[frozenset[str]] = frozenset({"trail"})
    order = 90
    group = "Learning"
    common = True
    in_space = True

    def marks(self, scene: Scene) -> tuple[Mark, ...]:
        """A path and the agent; nothing for a planner."""
        if scene.snapshot.played is not None:
            return _way(scene, scene.snapshot.played)
        state = _place(scene)
        if state < 0:
            return ()
        agent = Badges((Badge(*scene.middle(state), "agent"),))
        states = np.append(scene.snapshot.trail, state)
        at = np.flatnonzero(states >= 0)
        cells = states[at] // scene.world.inventory
        points = np.stack(np.divmod(cells, scene.world.width), axis=1)
        jumps = np.ones(at.size, np.bool_)
        jumps[1:] = (np.abs(np.diff(points, axis=0)).max(axis=1) > 1) | (np.diff(at) > 1)
        return (Paths(points + 0.5, jumps), agent) if at.size > 1 else (agent,)


def _place(scene: Scene) -> int:
    """The state where the agent is seen: between episodes, where the last one ended; -1 for nowhere."""
    snapshot = scene.snapshot
    if snapshot.state >= 0 or snapshot.update is None or snapshot.update.next_state is None:
        return snapshot.state
    return snapshot.update.next_state


_FAR = 1.0
"""Cells that no point goes in a step: it was sent elsewhere."""


def _way(scene: Scene, played: Played) -> tuple[Mark, ...]:
    """The line that a point has drawn, with the point at its end."""
    points = np.concatenate((played.way, played.seen[None]))[:, :2].astype(np.float64)
    places = (points[:, ::-1] + 1) / 2 * scene.world.terrain.shape
    jumps = np.ones(len(places), np.bool_)
    jumps[1:] = np.linalg.norm(np.diff(places, axis=0), axis=1) > _FAR
    agent = Badges((Badge(float(places[-1, 0]), float(places[-1, 1]), "point"),))
    return (Paths(places, jumps), agent) if len(places) > 1 else (agent,)
