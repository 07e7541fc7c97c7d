"""Deep Q-learning: Q-learning with a network, from a memory of old steps, towards a target that stands still.

    minimise  ( r + gamma max_a' Q_target(s', a') - Q(s, a) )^2     over steps drawn from the memory

Without the memory, or without the target network, it is the naive combination that is known to diverge.

Source: Mnih et al. (2015), "Human-level control through deep reinforcement learning", algorithm 1.
Double: van Hasselt, Guez & Silver (2016). Dueling: Wang et al. (2016), equation 9. Prioritized replay: Schaul
et al. (2016), algorithm 1. Returns of n steps: Sutton (1988), as in Hessel et al. (2018).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.agent import Preset
from rlsandbox.learning.deep_q import DeepQ, DeepQConfig
from rlsandbox.learning.hyperparams import hp
from rlsandbox.learning.networks import Judged
from rlsandbox.learning.problem import Problem
from rlsandbox.learning.replay import (
    admit,
    newest,
    pick,
    pick_by_priority,
    reprioritise,
    returns_of_n,
    steps_at,
    tree_for,
)
from rlsandbox.learning.value_gradient import td_slopes, values_of_best

COURSE = {
    "units": 128,
    "activation": "relu",
    "learning_rate": 1e-3,
    "batch": 64,
    "memory": 100_000,
    "target_every": 100,
    "epsilon_schedule": "exponential",
    "epsilon_decay": 0.995,
    "epsilon_end": 0.01,
    "loss": "squared",
}


class DQN(DeepQ):
    """DQN (Mnih et al., 2015): replay and a target network, each of which can be taken away."""

    title = "DQN"
    source = "Mnih et al. (2015), Human-level control through deep reinforcement learning, algorithm 1"
    equation = "min ( r + γ max Q_target(s′,·) − Q(s,a) )²"
    logged = ("loss", "mean Q", "TD error", "gradient norm", "epsilon", "replay size")
    offers: ClassVar[frozenset[str]] = frozenset({"replay", "priorities"})
    presets: ClassVar[dict[str, Preset]] = {"course": Preset(COURSE, episodes=500)}

    class Config(DeepQConfig):
        """Hyperparameters of DQN."""

        learning_rate: float = hp(
            1e-3, gt=0, le=1, log=True, label="Step size", symbol="α", doc="of the optimizer", live=True
        )
        activation: Literal["tanh", "relu"] = hp("relu", doc="what each hidden unit does", advanced=True)
        replay: bool = hp(True, label="Replay", doc="off: learns from its newest steps alone")
        double: bool = hp(False, label="Double", doc="the network chooses, the target values the next action")
        prioritized: bool = hp(False, label="Prioritized", doc="draws steps by their last error")
        priority_alpha: float = hp(
            0.6,
            ge=0,
            le=1,
            doc="0: uniform, 1: in proportion to the error",
            only_if=("prioritized", "True"),
            advanced=True,
        )
        priority_beta: float = hp(
            0.4,
            ge=0,
            le=1,
            doc="how much the weights make up for it",
            only_if=("prioritized", "True"),
            live=True,
            advanced=True,
        )
        n: int = hp(1, ge=1, le=64, label="Steps", symbol="n", doc="steps of a return", advanced=True)
        loss: Literal["squared", "Huber"] = hp("squared", doc="of the TD error", advanced=True)

    def __init__(self, problem: Problem, config: Config, seeds: Sequence[int]) -> None:
        super().__init__(problem, config, seeds)
        self._begin_tree()

    def _begin_tree(self) -> None:
        n = self.n_seeds
        self.tree = tree_for(n, self.capacity if self.config.prioritized else 1)
        self.known, self.largest = np.zeros(n, np.int64), np.ones(n)

    def update(self, active: NDArray[np.bool_]) -> None:
        """One step towards the targets of a batch."""
        config: Any = self.config
        chosen, weight = self.drawn()
        reward, discount = np.empty(chosen.shape), np.empty(chosen.shape)
        last, ended = np.empty_like(chosen), np.empty(chosen.shape, np.bool_)
        returns_of_n(
            self.memory, chosen, config.n, self.n_copies, config.gamma, reward, last, ended, discount
        )
        s, a = steps_at(self.memory.state, chosen), steps_at(self.memory.action, chosen)
        s_next = steps_at(self.memory.next_state, last)
        next_q, next_value = self.q_of(self.said(s_next, self.judges)), np.empty(chosen.shape)
        values_of_best(next_q, self.q_of(self.said(s_next)) if config.double else next_q, next_value)
        target = reward + discount * next_value
        value, epsilon = np.empty(chosen.shape), np.full(self.n_seeds, self.epsilon())

        def fill(judged: Judged, own: slice) -> NDArray[Any]:
            if config.dueling:
                heads = judged.said["advantage"], judged.said["value"][:, :, 0]
                slopes = judged.slopes["advantage"], judged.slopes["value"][:, :, 0]
            else:  # one head is a dueling one without a value
                heads = judged.said["q"], np.zeros(chosen[own].shape, np.float32)
                slopes = judged.slopes["q"], np.empty(chosen[own].shape, np.float32)
            given = a[own], target[own], weight[own], config.dueling, config.loss == "Huber"
            numbers = np.empty((3, len(a[own])))
            td_slopes(*heads, *given, *slopes, value[own], numbers)
            return numbers

        numbers = self.descend(s, fill, active, config.max_grad_norm)
        self.log.add(np.vstack((numbers, epsilon, self.remembered_steps)), active)
        if config.prioritized:
            reprioritise(self.tree, chosen, target - value, config.priority_alpha, self.largest, active)
        self.follow(active)
        told = {"state": s, "action": a, "next_state": s_next, "reward": reward, "ended": ended}
        self.show(active, told | {"discount": discount, "next_value": next_value, "before": value})

    def drawn(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """`[N, B]` places in the memory, and the weights of their errors, which are 1 without priorities."""
        config, memory = self.config, self.memory
        size = config.batch if config.replay else min(config.train_every, config.memory)
        chosen = np.empty((self.n_seeds, size), np.int64)
        weight = np.ones(chosen.shape)
        if not config.replay:
            newest(memory.count, self.capacity, chosen)
            return chosen, weight
        if not config.prioritized:
            pick(self.walk.rng, memory.count, self.capacity, chosen)
            return chosen, weight
        admit(self.tree, self.known, memory.count, self.capacity, self.largest)
        beta = config.priority_beta
        pick_by_priority(self.walk.rng, self.tree, memory.count, self.capacity, beta, chosen, weight)
        return chosen, weight

    def field(self, name: str, replica: int | None) -> NDArray[Any]:
        """How many of the stored steps began with each action, or how likely one of them is drawn next."""
        if name != "priorities":
            return super().field(name, replica)
        if not self.config.prioritized:
            return np.zeros((self.ground.n_spots, self.problem.actions.size))
        leaves = self.tree[:, self.tree.shape[1] // 2 :][:, : self.capacity]
        return self.stored(leaves / np.maximum(self.tree[:, 1:2], 1e-300), replica)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What priorities add."""
        return {**super().arrays(), "tree": self.tree, "known": self.known, "largest": self.largest}

    def forget(self) -> None:
        """Priorities begin anew, with the memory."""
        super().forget()
        self._begin_tree()
