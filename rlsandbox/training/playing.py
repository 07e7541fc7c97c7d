"""Episodes of a policy in a world that can only be played, recorded frame by frame."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.agent import Snapshot
from rlsandbox.learning.deep import DeepAgent

LONGEST = 1000
"""Steps after which a recorded episode is cut."""


@dataclass(frozen=True)
class PlayedEpisode:
    """T transitions; frame t shows what was seen before action t.

    Attributes:
        seen: `[T + 1, D...]`.
        actions: `[T]`, or `[T, A]` as the world takes them.
        rewards: `[T]` float64.
        terminated: whether it ended by itself; else it was cut.
        pictures: T + 1 compressed ones, or none.
        picture_shape: height, width, channels of each.
    """

    seen: NDArray[Any]
    actions: NDArray[Any]
    rewards: NDArray[np.float64]
    terminated: bool
    pictures: tuple[bytes, ...] = ()
    picture_shape: tuple[int, ...] = ()

    def __len__(self) -> int:
        """T."""
        return self.rewards.size

    @property
    def score(self) -> float:
        """Undiscounted return."""
        return float(self.rewards.sum())

    def shown(self, snapshot: Snapshot, t: int) -> Snapshot:
        """What was learnt, with frame `t` in the place of what the agent does now."""
        if snapshot.played is None or self.seen.ndim == 1:
            return snapshot
        played = replace(snapshot.played, seen=self.seen[t], way=self.seen[:t])
        return replace(snapshot, played=played, update=None)

    def picture(self, t: int) -> NDArray[np.uint8] | None:
        """`[h, w, 3]`: the picture of frame `t`, if there is one."""
        if t >= len(self.pictures):
            return None
        return np.frombuffer(zlib.decompress(self.pictures[t]), np.uint8).reshape(self.picture_shape)


def record_played(agent: DeepAgent, replica: int, seed: int, pictures: bool) -> PlayedEpisode:
    """Play an episode as a replica would without exploring.

    Raises:
        SandboxError: the world fails, or cannot be drawn.
    """
    world, n = agent.problem.world, agent.n_seeds
    walkers = world.walkers([seed] * n, 1, pictures=pictures)
    seen, actions, rewards = [walkers.seen[replica, 0].copy()], [], []
    frames: list[bytes] = []
    shape, terminated = (), False

    def look() -> None:
        nonlocal shape
        frame = walkers.frame(replica) if pictures else None
        if frame is not None:
            shape = frame.shape
            frames.append(zlib.compress(frame.tobytes(), 1))

    try:
        with agent.computing():
            look()
            for _ in range(min(LONGEST, world.step_limit or LONGEST)):
                action = agent.best_for(walkers.seen)
                outcome = walkers.step(action, np.arange(n) == replica)
                actions.append(action[replica, 0])
                rewards.append(float(outcome.reward[replica, 0]))
                seen.append(np.copy(outcome.arrived[replica, 0]))
                terminated = bool(outcome.terminated[replica, 0])
                if terminated or outcome.truncated[replica, 0]:
                    frames += frames[-1:]  # the world has begun anew: nobody has a picture of its end
                    break
                look()
    finally:
        walkers.close()
    return PlayedEpisode(
        np.array(seen), np.array(actions), np.array(rewards), terminated, tuple(frames), tuple(shape)
    )
