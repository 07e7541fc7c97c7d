"""Hyperparameters that change from episode to episode."""

from __future__ import annotations

from typing import Literal

from rlsandbox.worlds.compiled import kernel

Schedule = Literal["constant", "linear", "exponential"]
KINDS: dict[str, int] = {"constant": 0, "linear": 1, "exponential": 2, "1/n": 3}
"""Numbers of the schedules for kernels. "1/n" goes by the visits of a state-action pair, not by episodes."""


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
