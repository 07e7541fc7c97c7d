"""Copies of agents that walk through a model by tables of chances, and what they have met.

The states of a drawn world can be listed, so a network is asked about all of them at once, and compiled code
walks by its answers until it changes: no Python per step.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from rlsandbox.learning.exploration import DRAW, draw, uniform
from rlsandbox.learning.guided import ask_where_it_is
from rlsandbox.learning.walk import TRAIL, copy_of_first, drift_on, log_episode, noise, outcome, start_state
from rlsandbox.worlds.compiled import kernel

FOREVER = np.iinfo(np.int64).max


Kind = tuple[tuple[int, ...], np.dtype[Any]]
"""Shape and type of one state or action."""
NUMBER: Kind = ((), np.dtype(np.int64))


class Log(NamedTuple):
    """Where `log_episode` writes, of one replica."""

    returns: Any  # [BINS] float64
    lengths: Any  # [BINS] float64
    latest: Any  # [LATEST] float64
    width: Any  # [1] int64


class Copies(NamedTuple):
    """Where the E copies of each of N agents stand."""

    state: Any  # [N, E] int64, -1 between episodes
    length: Any  # [N, E] int64, steps of the running episode
    score: Any  # [N, E] float64, undiscounted return of the running episode

    @classmethod
    def begin(cls, n_seeds: int, n_copies: int) -> Copies:
        """All between episodes."""
        shape = (n_seeds, n_copies)
        return cls(np.full(shape, -1, np.int64), np.zeros(shape, np.int64), np.zeros(shape))


class Transitions(NamedTuple):
    """A ring of C steps a replica, in the order in which they were made: copy by copy, step by step.

    States are numbers where these can be listed, and what was seen elsewhere; actions are numbers, or several
    at once.
    """

    state: Any  # [N, C] int64 or [N, C, D...] float32
    action: Any  # [N, C] int64 or [N, C, A] float32
    reward: Any  # [N, C] float32
    next_state: Any  # like state
    terminated: Any  # [N, C] bool
    truncated: Any  # [N, C] bool
    count: Any  # [N] int64, steps ever stored

    @classmethod
    def room_for(
        cls, n_seeds: int, capacity: int, state: Kind = NUMBER, action: Kind = NUMBER
    ) -> Transitions:
        """Nothing stored yet, for states and actions of these kinds."""
        one = (), np.dtype(np.bool_)
        kinds = state, action, ((), np.dtype(np.float32)), state, one, one
        arrays = (np.zeros((n_seeds, capacity, *shape), kind) for shape, kind in kinds)
        return cls(*arrays, count=np.zeros(n_seeds, np.int64))

    def copy(self) -> Transitions:
        """The same in memory of its own, without what is left of steps that do not count any more."""
        used = np.minimum(self.count, self.reward.shape[1])
        copies = [copy_of_first(array, used) for array in self[:-1]]
        return Transitions(*copies, count=self.count.copy())

    def of(self, own: slice) -> Transitions:
        """Those of some replicas, the same memory."""
        return Transitions(*(array[own] for array in self))

    def flat(self) -> Transitions:
        """The same arrays, every state and action as a row of numbers."""
        return self._replace(
            state=rows_of(self.state), action=rows_of(self.action), next_state=rows_of(self.next_state)
        )

    def fits(self, n_states: int, n_actions: int) -> bool:
        """Whether all that it points to is there; asked of what a file says."""
        ranges = ((self.state, n_states), (self.next_state, n_states), (self.action, n_actions))
        numbered = [(array, size) for array, size in ranges if array.dtype.kind == "i"]
        inside = all(array.min() >= 0 and array.max() < size for array, size in numbered)
        return inside and bool((self.count >= 0).all())


def rows_of(array: Any) -> Any:
    """`[N, B, ...]` as `[N, B, D]`, the same memory."""
    return array.reshape(*array.shape[:2], -1)


@kernel(inline="always")
def leave(guide: Any, chances: Any, i: int, s: int) -> None:
    """All chances are known."""


@kernel
def roll(
    guide: Any,
    chances: Any,
    model: Any,
    walk: Any,
    copies: Any,
    memory: Any,
    visits: Any,
    until: int,
    last: Any,
    episode_limit: Any,
    begin: int,
    end: int,
) -> None:
    """Let replicas make steps, the copies of each taking turns, and store them.

    Args:
        guide: what `leave` takes, or the kernel that stands in its place.
        chances: `[N, S, A]` chances of each action.
        model: a `Model`.
        walk: a `Walk`: generators, counts and logs; its `state` and `trail` are those of the first copy.
        copies: `Copies`.
        memory: `Transitions`.
        visits: `[N, S, A]` int64, counted up.
        until: a replica stops when it has stored so many steps, counted by `memory.count`,
        last: `[N]` or made so many,
        episode_limit: `[N]` or finished so many episodes.
        begin: from which replica on,
        end: and up to which.
    """
    n_copies, capacity = copies.state.shape[1], memory.reward.shape[1]
    for i in range(begin, end):
        log = Log(walk.returns[i], walk.lengths[i], walk.latest[i], walk.width[i : i + 1])
        rng, count, step, episode = walk.rng[i], memory.count[i], walk.steps[i], walk.episodes[i]
        while count < until and step < last[i] and episode < episode_limit[i]:
            e, at = step % n_copies, count % capacity
            s = copies.state[i, e]
            if s < 0:
                rng += DRAW
                s = np.int64(start_state(model, uniform(rng)))
                copies.length[i, e], copies.score[i, e] = 0, 0.0
            rng += DRAW
            leave(guide, chances, i, s)
            a = draw(chances[i, s], uniform(rng))
            rng += DRAW
            k = outcome(model, s, a, uniform(rng))
            s_next, reward, terminated = (
                np.int64(model.next_state[s, a, k]),
                model.reward[s, a, k],
                model.terminal[s, a, k],
            )
            if model.noisy and model.reward_sd[s, a, k] > 0:
                rng += DRAW + DRAW
                reward += noise(model.reward_sd[s, a, k], rng)
            if model.drift > 0:
                reward += walk.drifted[i, a]
                rng = drift_on(walk.drifted[i], model.drift, rng)
            visits[i, s, a] += 1
            copies.length[i, e] += 1
            copies.score[i, e] += reward
            truncated = not terminated and copies.length[i, e] == model.step_limit
            memory.state[i, at], memory.action[i, at], memory.reward[i, at] = s, a, reward
            memory.next_state[i, at] = s_next
            memory.terminated[i, at], memory.truncated[i, at] = terminated, truncated
            over = terminated or truncated
            if over:
                log_episode(log, episode, copies.score[i, e], copies.length[i, e])
                episode += 1
            copies.state[i, e] = -1 if over else s_next
            if e == 0:
                walk.trail[i, (step // n_copies) % TRAIL] = s
                walk.state[i], walk.length[i] = copies.state[i, 0], 0 if over else copies.length[i, 0]
            count += 1
            step += 1
        walk.rng[i], memory.count[i], walk.steps[i], walk.episodes[i] = rng, count, step, episode


roll_asking = roll.bind(leave=ask_where_it_is)
"""The same with a `Guide`: a row of chances is worked out when a replica comes to its state."""


@kernel(nogil=False)
def record(walk: Any, copies: Any, memory: Any, now: Any, action: Any, outcome: Any, moving: Any) -> None:
    """Store a step of every copy of the moving replicas, and log the episodes that ended.

    Args:
        walk: a `Walk`: counts and logs.
        copies: `Copies`; `state` is 0 while an episode goes on.
        memory: `Transitions`, states and actions made flat: `[N, C, D]` and `[N, C, A]`.
        now: `[N, E, D]` what the copies saw.
        action: `[N, E, A]` what they did.
        outcome: an `Outcome`, `arrived` made flat.
        moving: `[N]` bool.
    """
    n_copies, capacity = copies.state.shape[1], memory.reward.shape[1]
    for i in range(copies.state.shape[0]):
        if not moving[i]:
            continue
        log = Log(walk.returns[i], walk.lengths[i], walk.latest[i], walk.width[i : i + 1])
        for e in range(n_copies):
            if copies.state[i, e] < 0:
                copies.length[i, e], copies.score[i, e] = 0, 0.0
            at, over = memory.count[i] % capacity, outcome.terminated[i, e] or outcome.truncated[i, e]
            for d in range(now.shape[2]):
                memory.state[i, at, d], memory.next_state[i, at, d] = now[i, e, d], outcome.arrived[i, e, d]
            for d in range(action.shape[2]):
                memory.action[i, at, d] = action[i, e, d]
            memory.reward[i, at] = outcome.reward[i, e]
            memory.terminated[i, at] = outcome.terminated[i, e]
            memory.truncated[i, at] = outcome.truncated[i, e]
            copies.length[i, e] += 1
            copies.score[i, e] += outcome.reward[i, e]
            copies.state[i, e] = -1 if over else 0
            if over:
                log_episode(log, walk.episodes[i], copies.score[i, e], copies.length[i, e])
                walk.episodes[i] += 1
            memory.count[i] += 1
            walk.steps[i] += 1
        walk.length[i] = 0 if copies.state[i, 0] < 0 else copies.length[i, 0]


@kernel
def advantages(
    memory: Any, values: Any, next_values: Any, gamma: float, lam: float, n_copies: int, advantage: Any
) -> None:
    """Generalised advantage estimates (Schulman et al., 2016, equation 16), copy by copy, backwards.

        delta = r + gamma V(s') - V(s)        A = delta + gamma lambda A'

    V(s') is 0 where the episode terminated; where it was truncated, it stands for what would have followed.

    Args:
        memory: `Transitions`, M of them stored from the first place on.
        values: `[N, M]` values of the states.
        next_values: `[N, M]` values of where they led.
        gamma: discount.
        lam: lambda; 0 is one-step TD, 1 Monte Carlo.
        n_copies: E; a copy's steps are E apart.
        advantage: `[N, M]` to fill.
    """
    m = advantage.shape[1]
    for i in range(advantage.shape[0]):
        for at in range(m - 1, -1, -1):
            terminated = memory.terminated[i, at]
            following = 0.0 if terminated else next_values[i, at]
            delta = memory.reward[i, at] + gamma * following - values[i, at]
            if at + n_copies < m and not (terminated or memory.truncated[i, at]):
                delta += gamma * lam * advantage[i, at + n_copies]
            advantage[i, at] = delta


@kernel
def shuffle(rng: Any, order: Any) -> None:
    """Put each row of `[N, M]` into a random order (Fisher & Yates), with its own generator `[N]`."""
    for i in range(order.shape[0]):
        for j in range(order.shape[1] - 1, 0, -1):
            rng[i] += DRAW
            other = int(uniform(rng[i]) * (j + 1))
            order[i, j], order[i, other] = order[i, other], order[i, j]
