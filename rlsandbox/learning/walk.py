"""Replicas that walk through a model: what compiled kernels step, count and log.

Each replica has its own generator and is advanced by itself, so that replica k of a run is exactly the run
with that one seed.
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
Index = np.uint64
"""What kernels index with: with a signed number numba looks each time whether it counts from the end."""

LATEST = 128
"""Returns that are kept one by one."""


class Model(NamedTuple):
    """The arrays of a `TabularMDP` as kernels take them."""

    next_state: Any  # [S, A, K] int32
    cumulative: Any  # [S, A, K] float64, chance of an outcome or one before it; 1 from the last possible on
    reward: Any  # [S, A, K] float64
    reward_sd: Any  # [S, A, K] float64
    terminal: Any  # [S, A, K] bool
    start_states: Any  # [M] int32
    start_cumulative: Any  # [M] float64
    step_limit: int  # 0: none
    noisy: bool  # whether any reward has a spread
    drift: float  # spread of the step that every action's mean reward takes after each step; 0: none

    @classmethod
    def of(cls, mdp: TabularMDP) -> Model:
        """The same arrays, not copied, and the probabilities summed up."""
        cumulative = np.cumsum(mdp.prob, axis=2)
        cumulative[np.arange(mdp.prob.shape[2]) >= (mdp.prob > 0).sum(axis=2, keepdims=True) - 1] = 1.0
        return cls(
            mdp.next_state,
            cumulative,
            mdp.reward,
            mdp.reward_sd,
            mdp.terminal,
            mdp.start_states,
            mdp.start_cumulative,
            mdp.step_limit,
            bool(mdp.reward_sd.any()),
            mdp.drift,
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
    trail: Any  # [N, TRAIL] int64, ring of states by step number
    returns: Any  # [N, BINS] float64, sums over episodes
    lengths: Any  # [N, BINS] float64, sums over episodes
    width: Any  # [N] int64, episodes a bin
    latest: Any  # [N, LATEST] float64, ring of returns by episode number
    drifted: Any  # [N, A] float64, how far each action's mean reward has drifted; [N, 0] where none does

    @classmethod
    def begin(cls, seeds: tuple[int, ...], drifting: int = 0) -> Walk:
        """Nothing done yet; the mean rewards of so many actions drift."""
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
            trail=np.full((n, TRAIL), -1, np.int64),
            returns=np.zeros((n, BINS)),
            lengths=np.zeros((n, BINS)),
            width=np.ones(n, np.int64),
            latest=np.full((n, LATEST), np.nan),
            drifted=np.zeros((n, drifting)),
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
        width, episodes = self.width.copy(), self.episodes.copy()
        return {name: Curve(values, width, episodes) for name, values in mean.items()}

    def log(self, replica: int, scores: NDArray[np.float64], lengths: NDArray[np.float64]) -> None:
        """Log episodes `[M]`, at most `BINS` of them, that a replica has finished elsewhere."""
        at = int(self.episodes[replica]) + np.arange(scores.size)
        while scores.size and at[-1] // self.width[replica] >= BINS:
            for sums in (self.returns[replica], self.lengths[replica]):
                merge_bins(sums)
            self.width[replica] *= 2
        bins = at // self.width[replica]
        np.add.at(self.returns[replica], bins, scores)
        np.add.at(self.lengths[replica], bins, lengths)
        self.latest[replica, at % LATEST] = scores
        self.episodes[replica] += scores.size

    def latest_returns(self, episodes: int) -> list[NDArray[np.float64]]:
        """Of each replica the returns of its last episodes, at most `LATEST`, in no particular order."""
        kept = [np.arange(max(0, done - min(episodes, LATEST)), done) % LATEST for done in self.episodes]
        return [self.latest[i, rows] for i, rows in enumerate(kept)]

    def fits(self, n_states: int, n_actions: int) -> bool:
        """Whether every number that kernels index with lies inside the tables; asked of what a file says."""
        ranges: tuple[tuple[NDArray[np.int64], int, int], ...] = (
            (self.state, -1, n_states - 1),
            (self.trail, -1, n_states - 1),
            (self.action, -1, n_actions - 1),
            (self.length, 0, 2**62),
            (self.steps, 0, 2**62),
            (self.width, 1, 2**50),
        )
        bounded = all(low <= array.min() and array.max() <= high for array, low, high in ranges)
        return bounded and bool(((self.episodes >= 0) & (self.episodes <= BINS * self.width)).all())

    def recent(self, replica: int) -> NDArray[np.int64]:
        """The last states of a replica's running episode, oldest first, without the one where it stands."""
        steps = int(self.steps[replica])
        order = np.arange(steps - min(TRAIL, int(self.length[replica])), steps) % TRAIL
        return self.trail[replica, order]

    def cut(self, replica: int) -> None:
        """Truncate and log the episode of a replica whose place is gone; its next step starts anew."""
        if self.state[replica] >= 0:
            log_episode.function(
                replica_of(self, replica),
                int(self.episodes[replica]),
                float(self.score[replica]),
                int(self.length[replica]),
            )
            self.episodes[replica] += 1
        self.state[replica] = self.action[replica] = -1
        self.length[replica], self.score[replica] = 0, 0.0


def replica_of(arrays: Any, i: int) -> Any:
    """The arrays of one replica, by reference, of a named tuple of arrays `[N, ...]`; a number is `[1]`."""
    return type(arrays)(*[array[i : i + 1] if array.ndim == 1 else array[i] for array in arrays])


@kernel(inline="always")
def start_state(model: Any, u: float) -> int:
    """Draw where an episode begins."""
    m = 0
    while u >= model.start_cumulative[m]:
        m += 1
    return model.start_states[m]


@kernel(inline="always")
def outcome(model: Any, s: Any, a: Any, u: float) -> Any:
    """Draw the number of an outcome of (s, a)."""
    k = 0
    for j in range(model.cumulative.shape[2] - 1):
        k += u >= model.cumulative[s, a, Index(j)]  # no branch: where it slips is hard to foretell
    return Index(k)


@kernel
def noise(sd: float, rng: Any) -> float:
    """Deviation of a reward from its mean, from the draws `rng` and the one after it."""
    return sd * standard_normal(uniform(rng), uniform(rng + DRAW))


@kernel
def drift_on(drifted: Any, sd: float, rng: Any) -> Any:
    """Let the mean reward of every action take a step of its random walk."""
    for a in range(drifted.shape[0]):
        rng += DRAW + DRAW
        drifted[a] += sd * standard_normal(uniform(rng - DRAW), uniform(rng))
    return rng


@kernel(inline="always")
def log_episode(log: Any, episode: int, score: float, length: int) -> None:
    """Add a finished episode to a replica's bins and to its latest returns; `log` is its walk."""
    returns, lengths, latest, width = log.returns, log.lengths, log.latest, log.width
    at = episode // width[0]
    if at >= returns.shape[0]:
        merge_bins(returns)
        merge_bins(lengths)
        width[0] *= 2
        at = episode // width[0]
    returns[at] += score
    lengths[at] += length
    latest[episode % LATEST] = score


def copy_of_first(array: NDArray[Any], used: NDArray[np.int64]) -> NDArray[Any]:
    """A copy of so many places `[N]` of the rows `[N, C, ...]`; the others are 0, and new memory untouched.

    Memory is slow when it is touched for the first time, the more so where a machine is a virtual one.
    """
    copy = np.zeros(array.shape, array.dtype)
    for row, mine, n in zip(copy, array, used.tolist(), strict=True):
        row[:n] = mine[:n]
    return copy


@kernel
def merge_bins(sums: Any) -> None:
    """Merge full bins in pairs; each then holds twice as many episodes."""
    half = sums.shape[0] // 2
    for b in range(half):
        sums[b] = sums[2 * b] + sums[2 * b + 1]
    sums[half:] = 0.0
