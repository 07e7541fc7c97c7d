"""Proximal policy optimization: many small steps on one rollout, none far from the policy that made it.

    ratio = pi(a|s) / pi_old(a|s)
    maximise  min(ratio A, clip(ratio, 1 - eps, 1 + eps) A)  - c_v (V(s) - G)^2  + c_e H(pi(.|s))

Source: Schulman, Wolski, Dhariwal, Radford & Klimov (2017), equations 7 and 9; advantages: Schulman et al.
(2016), equation 16; details: Huang et al., "The 37 implementation details of PPO" (2022).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.agent import Floats, Preset, Update, number
from rlsandbox.learning.hyperparams import hp
from rlsandbox.learning.networks import Judged
from rlsandbox.learning.on_policy import OnPolicy, Rollout, RolloutConfig, explained_variance
from rlsandbox.learning.rolling import shuffle
from rlsandbox.learning.written import closed
from rlsandbox.worlds.compiled import kernel

COURSE = {"units": 256, "learning_rate": 3e-4, "n_steps": 2048, "entropy_coefficient": 0.01}
_TOGETHER = 8
"""So many updates threads make before they wait for each other."""


@kernel(error_model="numpy")
def ppo_losses(
    log_prob: Any,
    entropy: Any,
    value: Any,
    batch: Any,
    clip: float,
    normalize: bool,
    value_weight: float,
    gain: Any,
    slope_value: Any,
    ratio: Any,
    weight: Any,
    numbers: Any,
) -> None:
    """Of the mean of -min(ratio A, clip(ratio) A) + c_v (V(s) - G)^2 the slopes at -log pi(a|s) and at V.

    Where the clipped term is the smaller one, the policy's slope is 0: the step has gone far enough.

    Args:
        log_prob: `[N, B]`, what the actor says now.
        entropy: `[N, B]` of its policy.
        value: `[N, B, 1]`, what the critic says now.
        batch: a `Rollout` of B steps.
        clip: epsilon.
        normalize: whether advantages get mean 0 and spread 1 first.
        value_weight: c_v.
        gain: `[N, B]` to fill: the slope at -log pi(a|s).
        slope_value: like `value`, to fill.
        ratio: `[N, B]` to fill: pi / pi_old.
        weight: `[N, B]` to fill: the advantage as it was used.
        numbers: `[5, N]` to fill: policy loss, value loss, entropy, the divergence KL(pi_old, pi) as
            (ratio - 1) - log ratio (Schulman, 2020), and the share of ratios outside of the clip.
    """
    n_steps = value.shape[1]
    share = 1.0 / n_steps
    for i in range(value.shape[0]):
        mean, spread = 0.0, 1.0
        if normalize and n_steps > 1:
            for b in range(n_steps):
                mean += batch.advantage[i, b] / n_steps
            squares = 0.0
            for b in range(n_steps):
                squares += (batch.advantage[i, b] - mean) ** 2
            spread = np.sqrt(squares / (n_steps - 1)) + 1e-8
        for k in range(numbers.shape[0]):
            numbers[k, i] = 0.0
        for b in range(n_steps):
            error = value[i, b, 0] - batch.target[i, b]
            change, by = log_prob[i, b] - batch.log_prob[i, b], (batch.advantage[i, b] - mean) / spread
            moved = np.exp(change)
            near = min(max(moved, 1.0 - clip), 1.0 + clip)
            gain[i, b] = 0.0 if near * by < moved * by else share * moved * by
            slope_value[i, b, 0] = share * value_weight * 2.0 * error
            ratio[i, b], weight[i, b] = moved, by
            numbers[0, i] -= share * min(moved * by, near * by)
            numbers[1, i] += share * error * error
            numbers[2, i] += share * entropy[i, b]
            numbers[3, i] += share * (moved - 1.0 - change)
            numbers[4, i] += share * (abs(moved - 1.0) > clip)


class PPO(OnPolicy):
    """PPO (Schulman et al., 2017): clipped steps, several epochs of minibatches a rollout."""

    title = "PPO"
    source = "Schulman et al. (2017), Proximal Policy Optimization Algorithms, equations 7 and 9"
    equation = "max E[ min( ρ A, clip(ρ, 1−ε, 1+ε) A ) ],  ρ = π(a|s) / π_old(a|s)"
    logged = (
        "policy loss", "value loss", "entropy", "approximate KL", "clip fraction", "gradient norm",
        "explained variance",
    )  # fmt: skip
    presets: ClassVar[dict[str, Preset]] = {"course": Preset(COURSE, steps=100_000)}

    class Config(RolloutConfig):
        """Hyperparameters of PPO."""

        learning_rate: float = hp(
            1e-3, gt=0, le=1, log=True, label="Step size", symbol="α", doc="of the optimizer", live=True
        )
        entropy_coefficient: float = hp(
            0.01, ge=0, le=10, label="Entropy", doc="weight of the entropy bonus", live=True
        )
        epochs: int = hp(10, ge=1, le=100, label="Epochs", doc="how often each step of a rollout is used")
        minibatch: int = hp(
            64, ge=1, le=65_536, log=True, label="Minibatch", doc="steps of a gradient update"
        )
        clip: float = hp(
            0.2, gt=0, le=10, label="Clip", symbol="ε", doc="how far the ratio may be from 1", live=True
        )
        normalize: bool = hp(
            True, label="Normalise", doc="advantages of a minibatch get mean 0 and spread 1", advanced=True
        )
        anneal: bool = hp(
            False, doc="the step size falls linearly to 0 over the budget of steps", advanced=True
        )
        target_kl: float | None = hp(
            None,
            gt=0,
            le=10,
            label="KL stop",
            doc="a replica stops learning from a rollout beyond 1.5 times this divergence",
            advanced=True,
        )

    def improve(self, active: NDArray[np.bool_]) -> Iterator[None]:
        """Epochs of minibatches, each in a new order."""
        if not active.any():
            return
        config: Any = self.config
        self.optimizer.learning_rate = self.step_size()
        rollout, learning = self.rollout(), active
        explained = explained_variance(rollout)
        order = np.tile(np.arange(self.capacity), (self.n_seeds, 1))
        begins, together = range(0, self.capacity, config.minibatch), _TOGETHER if self.may_share else 1
        for _ in range(config.epochs):
            unused = self.walk.rng[~learning]
            shuffle(self.walk.rng, order)
            self.walk.rng[~learning] = unused  # who has gone far enough draws nothing
            shuffled = rollout.ordered(order)
            for first in range(0, len(begins), together):
                some = begins[first : first + together]
                batches = [shuffled.part(begin, begin + config.minibatch) for begin in some]
                learning, updates = self.improve_by(batches, learning)
                for begin, (made, numbers, told) in zip(some, updates, strict=True):
                    self.log.add(np.vstack((numbers, explained)), made)
                    self.show(made, self.met | told | {"row": order[:, begin].copy()})
                yield
                if not learning.any():
                    return

    def step_size(self) -> float:
        """That of the optimizer, which may fall linearly to 0 over the budget of steps."""
        config: Any = self.config
        if not config.anneal or self.step_budget == np.iinfo(np.int64).max:
            return config.learning_rate
        return config.learning_rate * max(0.0, 1.0 - float(self.walk.steps.max()) / self.step_budget)

    def reconfigure(self, config: Any) -> None:
        """Use changed hyperparameters from the next update on."""
        super().reconfigure(config)
        self.optimizer.learning_rate = self.step_size()

    def improve_by(
        self, batches: list[Rollout], learning: NDArray[np.bool_]
    ) -> tuple[NDArray[np.bool_], list[tuple[NDArray[np.bool_], Floats, dict[str, Floats]]]]:
        """An update by each of some minibatches.

        Returns:
            who goes on, `[N]`; and of each update who made it `[N]`, what is logged `[6, N]`, and what is
            told of the first step.
        """
        config: Any = self.config
        shapes = [batch.value.shape for batch in batches]
        gains, ratios, weights = ([np.empty(shape) for shape in shapes] for _ in range(3))
        far = np.inf if config.target_kl is None else 1.5 * config.target_kl

        def fill(judged: Judged, own: slice, k: int) -> Floats:
            said, slopes, part, gain = judged.said, judged.slopes, batches[k].of(own), gains[k][own]
            given = *self.family.judge(said["policy"], part.actions), said["value"], part
            setting = config.clip, config.normalize, config.value_coefficient
            numbers = np.empty((5, len(gain)))
            bonus = np.full(gain.shape, config.entropy_coefficient / gain.shape[1])
            ppo_losses(*given, *setting, gain, slopes["value"], ratios[k][own], weights[k][own], numbers)
            self.family.slopes(said["policy"], part.actions, gain, bonus, slopes["policy"])
            return numbers

        with self.shared():
            numbers, made, learning = self.descend_by(
                [batch.states for batch in batches],
                fill,
                learning,
                config.max_grad_norm,
                stays=lambda told: ~(told[3] > far),
            )
        told = ({"ratio": r[:, 0], "weight": w[:, 0]} for r, w in zip(ratios, weights, strict=True))
        return learning, list(zip(made, numbers, told, strict=True))

    def told(self, replica: int) -> Update | None:
        """The first step of the newest minibatch: TD error, advantage, ratio, and whether it is clipped."""
        shown = self.shown[replica]
        if not shown:
            return None
        ratio, weight = (float(shown[name][replica]) for name in ("ratio", "weight"))
        near = min(max(ratio, 1 - self.config.clip), 1 + self.config.clip)
        gains = ratio * weight, near * weight
        note = " (clipped)" if gains[1] < gains[0] else ""
        products = f"{number(ratio)} · {closed(weight)}, {number(near)} · {closed(weight)}"
        return self.told_step(
            replica,
            int(shown["row"][replica]),
            f", normalised {number(weight)}" if self.config.normalize else "",
            f"ρ = π(a|s) / π_old(a|s) = {number(ratio)}",
            f"min(ρA, clip(ρ)A) = min({products}) = {number(min(gains))}{note}",
        )
