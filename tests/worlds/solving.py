"""A few lines of dynamic programming that tests check models with."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rlsandbox.worlds.mdp import TabularMDP, compile_world
from rlsandbox.worlds.world import World


def action_values(model: TabularMDP, v: NDArray[np.float64], gamma: float) -> NDArray[np.float64]:
    """`[S, A]`: one backup of every state and action."""
    following = np.where(model.terminal, 0.0, v[model.next_state])
    return (model.prob * (model.reward + gamma * following)).sum(axis=2)


def optimal_values(model: TabularMDP, gamma: float = 1.0, sweeps: int = 3000) -> NDArray[np.float64]:
    """`[S]`: V* by plain value iteration; states without a future are worth 0."""
    v = np.zeros(model.n_states)
    for _ in range(sweeps):
        following = np.where(model.live, action_values(model, v, gamma).max(axis=1), 0.0)
        if np.abs(following - v).max() < 1e-13:
            return following
        v = following
    return v


def value_of_start(world: World, gamma: float = 1.0) -> float:
    model = compile_world(world)
    return float(model.start @ optimal_values(model, gamma))


def fewest_steps(world: World) -> float:
    """Expected steps to the end under the policy that ends soonest."""
    model = compile_world(world)
    minus_one = np.where(model.live[:, None, None], -1.0, 0.0) * (model.prob > 0)
    return -float(model.start @ optimal_values(_paying(model, minus_one)))


def _paying(model: TabularMDP, reward: NDArray[np.float64]) -> TabularMDP:
    import dataclasses

    return dataclasses.replace(model, reward=reward)
