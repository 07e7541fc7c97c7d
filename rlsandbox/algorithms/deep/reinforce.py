"""REINFORCE: whole episodes, each action made likelier in proportion to the return that followed it.

    minimise  -log pi(a|s) (G - b(s))  + c_v (b(s) - G)^2  - c_e H(pi(.|s))
    G = r + gamma r' + gamma^2 r'' + ...  to the end of the episode

Episodes that were cut have no return: they are dropped, and counted. What is normalised is G - b(s), not G
before the baseline is taken away. The factor gamma^t of the textbook is left out, as nearly everybody does.

Source: Williams (1992); Sutton & Barto, 2nd edition, sections 13.3 and 13.4.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.agent import Floats, Ints, Part, Preset, Update, number
from rlsandbox.learning.hyperparams import hp
from rlsandbox.learning.listed import Listed
from rlsandbox.learning.on_policy import CriticConfig, OnPolicy
from rlsandbox.learning.problem import Enumerable, Problem
from rlsandbox.learning.rolling import FOREVER
from rlsandbox.learning.written import closed
from rlsandbox.worlds.compiled import kernel

COURSE = {"layers": 1, "units": 128, "activation": "relu", "learning_rate": 1e-3}
_LONGEST = 10_000


@kernel(error_model="numpy")
def episode_returns(memory: Any, gamma: float, gained: Any, counts: Any) -> Any:
    """Fill `[N, C]` returns, and whether a step lies in an episode that terminated; `memory.count` steps."""
    for i in range(gained.shape[0]):
        following, whole = 0.0, False
        for at in range(memory.count[i] - 1, -1, -1):
            if memory.terminated[i, at] or memory.truncated[i, at]:
                following, whole = 0.0, memory.terminated[i, at]
            following = memory.reward[i, at] + gamma * following
            gained[i, at], counts[i, at] = following, whole


class Reinforce(OnPolicy):
    """REINFORCE (Williams, 1992): Monte Carlo policy gradient, with or without a learned baseline."""

    title = "REINFORCE"
    source = "Williams (1992); Sutton & Barto, 2nd ed., sections 13.3 and 13.4"
    equation = "θ ← θ + α (G − b(s)) ∇log π(a|s)"
    logged = ("policy loss", "value loss", "entropy", "gradient norm")
    presets: ClassVar[dict[str, Preset]] = {"course": Preset(COURSE, episodes=1000)}

    class Config(CriticConfig):
        """Hyperparameters of REINFORCE."""

        learning_rate: float = hp(
            1e-3, gt=0, le=1, log=True, label="Step size", symbol="α", doc="of the optimizer", live=True
        )
        episodes_per_update: int = hp(
            1, ge=1, le=1000, log=True, label="Episodes", doc="episodes between updates"
        )
        baseline: bool = hp(
            True, label="Baseline", doc="a learned value of the state is taken from the return"
        )
        normalize: bool = hp(True, label="Normalise", doc="what weighs the actions gets mean 0 and spread 1")

    def __init__(self, problem: Problem, config: Config, seeds: tuple[int, ...]) -> None:
        self.finished_at = np.full(len(seeds), config.episodes_per_update, np.int64)
        self.dropped = np.zeros(len(seeds), np.int64)
        super().__init__(problem, config, seeds)

    @classmethod
    def misfit(cls, problem: Problem) -> str | None:
        """Episodes have to come to an end."""
        if isinstance(problem, Enumerable) or problem.world.step_limit:
            return super().misfit(problem)
        return f"{cls.title} learns from whole episodes, and those of {problem.world.name} may never end."

    def roll(self, count: int = FOREVER, step: int | Ints = FOREVER, episode: Ints | None = None) -> None:
        """Walk; where the world itself has no limit, episodes are cut after what any sensible path takes."""
        if isinstance(self.ground, Listed):
            self.ground.model = self.ground.model._replace(step_limit=self.longest)
        super().roll(count, step, episode)

    @property
    def longest(self) -> int:
        """Steps after which an episode is cut: the world's limit, or what any sensible path takes."""
        problem = self.problem
        if isinstance(problem, Enumerable):
            return problem.mdp.step_limit or max(100, min(_LONGEST, 4 * problem.mdp.n_states))
        return problem.world.step_limit

    @property
    def capacity(self) -> int:
        """Room for episodes that are as long as can be."""
        return self.config.episodes_per_update * self.longest

    def goal(self) -> Ints:
        """The rollout ends with its last episode; one whose steps an edit has made forgotten begins anew."""
        self.begin_rollout((self.memory.count == 0) & (self.walk.episodes >= self.finished_at))
        return self.finished_at

    @property
    def whole(self) -> NDArray[np.bool_]:
        """`[N]`: replicas that have finished their episodes."""
        return (self.walk.episodes >= self.finished_at) & (self.memory.count > 0)

    def begin_rollout(self, replicas: NDArray[np.bool_]) -> None:
        """Collect the next episodes; one that has begun in another world counts from here."""
        super().begin_rollout(replicas)
        self.finished_at[replicas] = self.walk.episodes[replicas] + self.config.episodes_per_update

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What episodes add."""
        return {**super().arrays(), "finished_at": self.finished_at, "dropped": self.dropped}

    def improve(self, active: NDArray[np.bool_]) -> Iterator[None]:
        """One update from the episodes just finished."""
        memory, config = self.memory, self.config
        gained, counts = np.zeros(memory.reward.shape), np.zeros(memory.reward.shape, np.bool_)
        episode_returns(memory, config.gamma, gained, counts)
        self.dropped[active] += memory.truncated[active].sum(axis=1, where=self._filled[active])
        learning = active & counts.any(axis=1)
        if not learning.any():
            return
        width = int(memory.count.max())
        counts, gained = counts[:, :width], gained[:, :width]
        share = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
        states, actions = memory.state[:, :width], memory.action[:, :width]
        told = {"value": np.empty(share.shape), "gain": np.empty(share.shape), "return": gained}

        def weigh(value: NDArray[Any], own: slice) -> tuple[Floats, Floats]:
            part, target = share[own], gained[own] if config.baseline else value.astype(np.float64)
            gain = gained[own] - value if config.baseline else gained[own]
            if config.normalize:
                mean = (part * gain).sum(axis=1, keepdims=True)
                spread = np.sqrt((part * (gain - mean) ** 2).sum(axis=1, keepdims=True))
                gain = (gain - mean) / (spread + 1e-8)
            told["value"][own], told["gain"][own] = value, gain
            return gain, target  # a value at its target has no slope

        told |= {"log_prob": self.follow_gain(states, actions, share, weigh, learning), **self.seen_steps()}
        self.show(learning, told | {"first": counts.argmax(axis=1)})
        yield

    @property
    def _filled(self) -> NDArray[np.bool_]:
        return np.arange(self.capacity) < self.memory.count[:, None]

    def metrics(self, replica: int) -> dict[str, float]:
        """Numbers of the last update, and the episodes that were cut."""
        return {**super().metrics(replica), "dropped episodes": float(self.dropped[replica])}

    def told(self, replica: int) -> Update | None:
        """The first step that was learnt from, with its return, baseline and weight."""
        shown = self.shown[replica]
        if not shown:
            return None
        at = int(shown["first"][replica])
        log_prob, weight, value, gained = (
            float(shown[name][replica, at]) for name in ("log_prob", "gain", "value", "return")
        )
        step, baseline = self.stored(replica, at), value if self.config.baseline else 0.0
        state = step[0]
        parts = (
            Part(f"G − b(s) = {number(gained)} − "),
            Part(closed(baseline), "old", state),
            Part(f" = {number(gained - baseline)}"),
            Part(f", normalised {number(weight)}" if self.config.normalize else ""),
        )
        product = f"{closed(log_prob)} · {closed(weight)} = {number(log_prob * weight)}"
        made = int(shown["made"][replica]) + at + 1
        return self.told_update(step, baseline, gained, made, parts, (f"log π(a|s) · weight = {product}",))
