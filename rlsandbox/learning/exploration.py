"""Schedules of hyperparameters and epsilon-greedy choice, as configuration and as compiled functions."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from rlsandbox.learning.hyperparams import AgentConfig, hp
from rlsandbox.worlds.compiled import kernel

Schedule = Literal["constant", "linear", "exponential"]
_SCHEDULES: dict[str, int] = {"constant": 0, "linear": 1, "exponential": 2}


class SteppedConfig(AgentConfig):
    """Hyperparameters that every method with a step size and an epsilon-greedy behaviour shares."""

    alpha: float = hp(
        0.1,
        gt=0,
        le=1,
        label="Step size",
        symbol="α",
        doc="step size: share of the error that an update corrects",
        live=True,
    )
    gamma: float = hp(
        0.99, ge=0, le=1, label="Discount", symbol="γ", doc="discount of the next step's value", live=True
    )
    epsilon: float = hp(
        0.1,
        ge=0,
        le=1,
        label="Exploration",
        symbol="ε",
        doc="chance of a random action, at the first episode",
        live=True,
    )
    epsilon_schedule: Schedule = hp(
        "constant", label="ε schedule", doc="how epsilon changes from episode to episode"
    )
    epsilon_end: float = hp(
        0.01,
        ge=0,
        le=1,
        label="ε at the end",
        doc="epsilon never falls below",
        only_if=("epsilon_schedule", "!constant"),
    )
    epsilon_episodes: int = hp(
        500,
        ge=1,
        le=10**7,
        log=True,
        label="ε falls for",
        doc="episodes until the end value",
        unit="episodes",
        only_if=("epsilon_schedule", "linear"),
    )
    epsilon_decay: float = hp(
        0.9995,
        gt=0,
        le=1,
        label="ε factor",
        doc="factor an episode",
        only_if=("epsilon_schedule", "exponential"),
    )
    alpha_schedule: Schedule = hp(
        "constant", label="α schedule", doc="how the step size changes from episode to episode", advanced=True
    )
    alpha_end: float = hp(
        0.01,
        gt=0,
        le=1,
        label="α at the end",
        doc="alpha never falls below",
        only_if=("alpha_schedule", "!constant"),
        advanced=True,
    )
    alpha_episodes: int = hp(
        500,
        ge=1,
        le=10**7,
        log=True,
        label="α falls for",
        doc="episodes until the end value",
        unit="episodes",
        only_if=("alpha_schedule", "linear"),
        advanced=True,
    )
    alpha_decay: float = hp(
        0.999,
        gt=0,
        le=1,
        label="α factor",
        doc="factor an episode",
        only_if=("alpha_schedule", "exponential"),
        advanced=True,
    )
    initial_q: float = hp(
        0.0,
        ge=-1e6,
        le=1e6,
        label="Start value",
        symbol="Q₀",
        doc="value of every action at first; above the truth: optimistic",
        advanced=True,
    )

    def schedule(self, name: Literal["alpha", "epsilon"]) -> tuple[int, float, float, float]:
        """(kind, first, last, rate) of a scheduled hyperparameter, as `scheduled` takes it."""
        kind = getattr(self, f"{name}_schedule")
        rate = (
            getattr(self, f"{name}_decay")
            if kind == "exponential"
            else 1.0 / getattr(self, f"{name}_episodes")
        )
        return _SCHEDULES[kind], getattr(self, name), getattr(self, f"{name}_end"), rate


@kernel
def scheduled(kind: int, first: float, last: float, rate: float, episode: int) -> float:
    """Value of a scheduled hyperparameter during an episode (counted from 0).

    `kind` 0 stays at `first`; 1 goes linearly to `last` in `1 / rate` episodes; 2 is multiplied by `rate` an
    episode until `last`. A `last` beyond `first` is never reached: the value stays at `first`.
    """
    if kind == 0:
        return first
    floor = min(first, last)
    if kind == 1:
        return max(floor, first + (floor - first) * min(1.0, rate * episode))
    return max(floor, first * rate**episode)


# Random numbers: splitmix64 (Steele, Lea & Flood, 2014). The state is a counter, each draw a hash of it:
# `rng += DRAW` makes the next one, `uniform(rng)` reads it: eight bytes of state a replica, no library.
DRAW = np.uint64(0x9E3779B97F4A7C15)
_MIX_1, _MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_30, _27, _31, _11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)


def seeded(seeds: tuple[int, ...]) -> Any:
    """`[N]` uint64: the generator of each seed."""
    return np.array(
        [np.random.SeedSequence(seed).generate_state(1, np.uint64)[0] for seed in seeds], np.uint64
    )


@kernel(inline="always")
def uniform(rng: Any) -> float:
    """A number in [0, 1) with 53 random bits."""
    z = (rng ^ (rng >> _30)) * _MIX_1
    z = (z ^ (z >> _27)) * _MIX_2
    return float(np.int64((z ^ (z >> _31)) >> _11)) * 1.1102230246251565e-16


@kernel(inline="always")
def standard_normal(u: float, v: float) -> float:
    """A normal draw from two uniform ones (Box & Muller, 1958)."""
    return np.sqrt(-2.0 * np.log(1.0 - u)) * np.cos(2.0 * np.pi * v)


@kernel(inline="always")
def greatest(values: Any) -> tuple[float, int, int]:
    """The largest of `[A]` values, the first action that has it, and how many have it."""
    if values.shape[0] == 4:  # as a constant, so that the compiler unrolls the commonest case
        return _greatest(values, 4)
    return _greatest(values, values.shape[0])


@kernel(inline="always")
def _greatest(values: Any, n_actions: int) -> tuple[float, int, int]:
    best, action, ties = values[0], 0, 0
    for a in range(1, n_actions):
        action = a if values[a] > best else action  # no branch: which is best is hard to foretell
        best = values[a] if values[a] > best else best
    for a in range(n_actions):
        ties += values[a] == best
    return best, action, ties


@kernel(inline="always")
def epsilon_greedy(values: Any, action: int, ties: int, epsilon: float, u: float) -> int:
    """A uniformly random action with chance epsilon, else one of the best; one draw `u` serves both.

    `action` and `ties` are what `greatest` says of `[A]` values: the first best one, and how many are best.
    """
    if u < epsilon:
        return min(int(u / epsilon * values.shape[0]), values.shape[0] - 1)
    if ties > 1:
        best, skip = values[action], int((u - epsilon) / (1.0 - epsilon) * ties)
        while skip > 0 and action < values.shape[0] - 1:
            action += 1
            if values[action] == best:
                skip -= 1
    return action
