"""Replicas that walk through a model: what compiled kernels step, count and log.

A kernel trains one replica after the other, each for the same number of steps with its own generator, so that
replica k of a run is exactly the run with that one seed.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.agent import Curve
from rlsandbox.learning.exploration import DRAW, seeded, standard_normal, uniform
from rlsandbox.worlds.compiled import kernel
from rlsandbox.worlds.mdp import TabularMDP

BINS = 4096
TRAIL = 64


class Model(NamedTuple):
    """The arrays of a `TabularMDP` as kernels take them."""

    next_state: Any  # [S, A, K] int32
    prob: Any  # [S, A, K] float64
    reward: Any  # [S, A, K] float64
    reward_sd: Any  # [S, A, K] float64
    terminal: Any  # [S, A, K] bool
    start_states: Any  # [M] int32
    start_cumulative: Any  # [M] float64
    step_limit: int  # 0: none

    @classmethod
    def of(cls, mdp: TabularMDP) -> Model:
        """The same arrays, not copied."""
        return cls(
            mdp.next_state,
            mdp.prob,
            mdp.reward,
            mdp.reward_sd,
            mdp.terminal,
            mdp.start_states,
            mdp.start_cumulative,
            mdp.step_limit,
        )


class Walk(NamedTuple):
    """Where each replica stands and what it has done. N replicas."""

    rng: Any  # [N] uint64
    state: Any  # [N] int64, -1 between episodes
    action: Any  # [N] int64, the action already chosen for `state`, or -1
    explores: Any  # [N] bool, whether that action is a random one
    length: Any  # [N] int64, steps of the running episode
    score: Any  # [N] float64, undiscounted return of the running episode
    steps: Any  # [N] int64
    episodes: Any  # [N] int64
    visits: Any  # [N, S, A] int64
    trail: Any  # [N, TRAIL] int64, ring of states by step number
    returns: Any  # [N, BINS] float64, sums over episodes
    lengths: Any  # [N, BINS] float64, sums over episodes
    width: Any  # [N] int64, episodes a bin

    @classmethod
    def begin(cls, seeds: tuple[int, ...], n_states: int, n_actions: int) -> Walk:
        """Nothing done yet."""
        n = len(seeds)
        return cls(
            rng=seeded(seeds),
            state=np.full(n, -1, np.int64),
            action=np.full(n, -1, np.int64),
            explores=np.zeros(n, np.bool_),
            length=np.zeros(n, np.int64),
            score=np.zeros(n),
            steps=np.zeros(n, np.int64),
            episodes=np.zeros(n, np.int64),
            visits=np.zeros((n, n_states, n_actions), np.int64),
            trail=np.full((n, TRAIL), -1, np.int64),
            returns=np.zeros((n, BINS)),
            lengths=np.zeros((n, BINS)),
            width=np.ones(n, np.int64),
        )

    def curves(self) -> dict[str, Curve]:
        """Means over the bins, as many as the longest replica has filled."""
        used = int(max(1, np.max(-(-self.episodes // self.width))))
        bins = np.arange(used)
        count = np.clip(self.episodes[:, None] - bins * self.width[:, None], 0, self.width[:, None])
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = {
                "return": np.where(count > 0, self.returns[:, :used] / count, np.nan),
                "length": np.where(count > 0, self.lengths[:, :used] / count, np.nan),
            }
        return {name: Curve(values, self.width.copy()) for name, values in mean.items()}

    def recent(self, replica: int) -> NDArray[np.int64]:
        """The last states of a replica's running episode, oldest first, without the one where it stands."""
        steps = int(self.steps[replica])
        order = np.arange(steps - min(TRAIL, int(self.length[replica])), steps) % TRAIL
        return self.trail[replica, order]

    def cut(self, replica: int) -> None:
        """Truncate the running episode of a replica whose place is gone: it is logged, the next step starts anew."""
        if self.state[replica] >= 0:
            log_episode(
                self,
                replica,
                int(self.episodes[replica]),
                float(self.score[replica]),
                int(self.length[replica]),
            )
            self.episodes[replica] += 1
        self.state[replica] = self.action[replica] = -1
        self.length[replica], self.score[replica] = 0, 0.0


@kernel(inline="always")
def start_state(model: Any, u: float) -> int:
    """Draw where an episode begins."""
    m = 0
    while u >= model.start_cumulative[m]:
        m += 1
    return model.start_states[m]


@kernel(inline="always")
def outcome(model: Any, s: int, a: int, u: float) -> int:
    """Draw the number of an outcome of (s, a)."""
    k, last = 0, model.prob.shape[2] - 1
    while k < last and u >= model.prob[s, a, k]:
        u -= model.prob[s, a, k]
        k += 1
    while k > 0 and model.prob[s, a, k] == 0.0:  # rounding can carry u past the last outcome in use
        k -= 1
    return k


@kernel
def noise(sd: float, rng: Any) -> float:
    """Deviation of a reward from its mean, from the draws `rng` and the one after it."""
    return sd * standard_normal(uniform(rng), uniform(rng + DRAW))


@kernel
def log_episode(walk: Any, i: int, episode: int, score: float, length: int) -> None:
    """Add a finished episode to the bins of replica i; full bins are merged in pairs and double their width."""
    at = episode // walk.width[i]
    if at >= walk.returns.shape[1]:
        half = walk.returns.shape[1] // 2
        for b in range(half):
            walk.returns[i, b] = walk.returns[i, 2 * b] + walk.returns[i, 2 * b + 1]
            walk.lengths[i, b] = walk.lengths[i, 2 * b] + walk.lengths[i, 2 * b + 1]
        walk.returns[i, half:] = 0.0
        walk.lengths[i, half:] = 0.0
        walk.width[i] *= 2
        at = episode // walk.width[i]
    walk.returns[i, at] += score
    walk.lengths[i, at] += length
