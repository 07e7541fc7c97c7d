"""Episodes of a policy, recorded frame by frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rlsandbox.worlds.mdp import TabularMDP


@dataclass(frozen=True)
class Episode:
    """T transitions; frame t stands at `states[t]`, before action t.

    Attributes:
        states: `[T + 1]` int64.
        actions: `[T]` int64.
        rewards: `[T]` float64.
        terminated: whether it ended by itself; else it was cut.
    """

    states: NDArray[np.int64]
    actions: NDArray[np.int64]
    rewards: NDArray[np.float64]
    terminated: bool

    def __len__(self) -> int:
        """T."""
        return self.actions.size

    @property
    def score(self) -> float:
        """Undiscounted return."""
        return float(self.rewards.sum())


def record_episode(
    mdp: TabularMDP, probs: NDArray[np.float64], rng: np.random.Generator, cap: int, start: int | None = None
) -> Episode:
    """Record one episode of a policy `[S, A]`, of at most `cap` steps, from a drawn or given start state."""
    s = int(rng.choice(mdp.n_states, p=mdp.start)) if start is None else start
    states, actions, rewards, terminated = [s], [], [], False
    while len(actions) < cap and not terminated and mdp.live[s]:
        a = int(rng.choice(mdp.n_actions, p=probs[s]))
        k = int(rng.choice(mdp.prob.shape[2], p=mdp.prob[s, a]))
        reward = float(mdp.reward[s, a, k])
        if mdp.reward_sd[s, a, k] > 0:
            reward += float(mdp.reward_sd[s, a, k] * rng.standard_normal())
        s, terminated = int(mdp.next_state[s, a, k]), bool(mdp.terminal[s, a, k])
        states.append(s)
        actions.append(a)
        rewards.append(reward)
    return Episode(np.array(states), np.array(actions, np.int64), np.array(rewards), terminated)
