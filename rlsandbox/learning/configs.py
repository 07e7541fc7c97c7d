"""Hyperparameters that families of methods share, each declared once."""

from __future__ import annotations

from typing import Any, Literal

from rlsandbox.learning.exploration import BONUS, EPSILON_GREEDY, SOFTMAX, THOMPSON, UCB
from rlsandbox.learning.hyperparams import AgentConfig, hp
from rlsandbox.learning.schedules import KINDS, Schedule

Exploration = Literal["epsilon-greedy", "softmax", "UCB", "count bonus", "optimistic", "Thompson"]
LEVELS: dict[str, tuple[int, str]] = {
    "epsilon-greedy": (EPSILON_GREEDY, "epsilon"),
    "softmax": (SOFTMAX, "temperature"),
    "UCB": (UCB, "confidence"),
    "count bonus": (BONUS, "bonus"),
    "optimistic": (EPSILON_GREEDY, ""),
    "Thompson": (THOMPSON, "spread"),
}
"""Number of each exploration for kernels, and the hyperparameter that says how much of it there is."""

FOREVER = (KINDS["constant"], 0.0, 0.0, 0.0)
"""A schedule that stays at nothing."""


def _end(symbol: str, name: str, **more: Any) -> Any:
    """The least value of a scheduled hyperparameter."""
    falls = (f"{name}_schedule", "linear|exponential")
    return hp(0.01, label=f"{symbol} at the end", doc=f"{name} never falls below", only_if=falls, **more)


def _episodes(symbol: str, name: str, **more: Any) -> Any:
    """How long a scheduled hyperparameter falls in a straight line."""
    return hp(
        500,
        ge=1,
        le=10**7,
        log=True,
        label=f"{symbol} falls for",
        doc="episodes until the end value",
        unit="episodes",
        only_if=(f"{name}_schedule", "linear"),
        **more,
    )


def _decay(symbol: str, name: str, factor: float, **more: Any) -> Any:
    """The factor by which a scheduled hyperparameter falls."""
    falls = (f"{name}_schedule", "exponential")
    return hp(factor, gt=0, le=1, label=f"{symbol} factor", doc="factor an episode", only_if=falls, **more)


class Scheduled(AgentConfig):
    """Whatever has hyperparameters that change from episode to episode."""

    def schedule(self, name: str) -> tuple[int, float, float, float]:
        """(kind, first, last, rate) of a scheduled hyperparameter, as `scheduled` takes it."""
        kind = getattr(self, f"{name}_schedule", "constant")
        if kind in ("constant", "1/n"):
            return KINDS[kind], getattr(self, name), 0.0, 0.0
        exponential = kind == "exponential"
        rate = getattr(self, f"{name}_decay") if exponential else 1.0 / getattr(self, f"{name}_episodes")
        return KINDS[kind], getattr(self, name), getattr(self, f"{name}_end"), rate


class StepSize(Scheduled):
    """The step size and its schedule."""

    alpha: float = hp(
        0.1,
        gt=0,
        le=1,
        label="Step size",
        symbol="α",
        doc="step size: share of the error that an update corrects",
        live=True,
    )
    alpha_schedule: Literal["constant", "linear", "exponential", "1/n"] = hp(
        "constant",
        label="α schedule",
        doc="how the step size changes from episode to episode; 1/n averages over all visits",
        advanced=True,
    )
    alpha_end: float = _end("α", "alpha", gt=0, le=1, advanced=True)
    alpha_episodes: int = _episodes("α", "alpha", advanced=True)
    alpha_decay: float = _decay("α", "alpha", 0.999, advanced=True)


class Discounted(Scheduled):
    """Whatever values the future."""

    gamma: float = hp(
        0.99, ge=0, le=1, label="Discount", symbol="γ", doc="discount of the next step's value", live=True
    )


class Stepped(Discounted, StepSize):
    """Whatever moves its values by a step size."""


class Exploring(Discounted):
    """Whatever chooses its actions by a table of action values."""

    exploration: Exploration = hp(
        "epsilon-greedy",
        label="Exploration",
        doc="how actions are chosen while it learns; optimistic: greedily, from high start values",
        live=True,
    )
    epsilon: float = hp(
        0.1,
        ge=0,
        le=1,
        label="Random actions",
        symbol="ε",
        doc="chance of a random action, at the first episode",
        live=True,
        only_if=("exploration", "epsilon-greedy"),
    )
    epsilon_schedule: Schedule = hp(
        "constant",
        label="ε schedule",
        doc="how epsilon changes from episode to episode",
        only_if=("exploration", "epsilon-greedy"),
    )
    epsilon_end: float = _end("ε", "epsilon", ge=0, le=1)
    epsilon_episodes: int = _episodes("ε", "epsilon")
    epsilon_decay: float = _decay("ε", "epsilon", 0.9995)
    temperature: float = hp(
        1.0,
        gt=0,
        le=1e6,
        log=True,
        label="Temperature",
        symbol="τ",
        doc="softmax: actions are chosen in proportion to exp(Q / temperature), at the first episode",
        live=True,
        only_if=("exploration", "softmax"),
    )
    temperature_schedule: Schedule = hp(
        "constant",
        label="τ schedule",
        doc="how the temperature changes from episode to episode",
        only_if=("exploration", "softmax"),
    )
    temperature_end: float = _end("τ", "temperature", gt=0, le=1e6, log=True)
    temperature_episodes: int = _episodes("τ", "temperature")
    temperature_decay: float = _decay("τ", "temperature", 0.999)
    confidence: float = hp(
        1.0,
        ge=0,
        le=1e6,
        label="Confidence",
        symbol="c",
        doc="UCB: takes the greatest Q(s,a) + c sqrt(ln N(s) / N(s,a)), what was never tried first",
        live=True,
        only_if=("exploration", "UCB"),
    )
    bonus: float = hp(
        1.0,
        ge=0,
        le=1e6,
        label="Bonus",
        symbol="β",
        doc="count bonus: beta / sqrt(N(s,a)) is added to every reward that it learns from",
        live=True,
        only_if=("exploration", "count bonus"),
    )
    spread: float = hp(
        1.0,
        ge=0,
        le=1e6,
        label="Spread",
        symbol="σ",
        doc="Thompson sampling: takes the greatest draw from normal(Q(s,a), sigma / sqrt(N(s,a) + 1))",
        live=True,
        only_if=("exploration", "Thompson"),
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

    def level(self) -> tuple[int, str]:
        """Number of the exploration for kernels, and the name of its hyperparameter ("" for none)."""
        return LEVELS[self.exploration]


class Shaped(AgentConfig):
    """Whatever learns from rewards that can be shaped (Ng, Harada & Russell, 1999)."""

    shaping: Literal["none", "distance", "optimal values", "painted"] = hp(
        "none",
        label="Shaping",
        doc="potential that guides it: nearness to a goal, V*, or what was painted on the world",
        advanced=True,
    )
    shaping_form: Literal["potential", "naive"] = hp(
        "potential",
        label="Shaping form",
        doc="potential: adds gamma Phi(s') - Phi(s), which keeps the best policy; naive: adds Phi(s')",
        only_if=("shaping", "!none"),
        advanced=True,
    )
    shaping_scale: float = hp(
        1.0,
        ge=-1e6,
        le=1e6,
        label="Shaping scale",
        doc="factor of the potential",
        only_if=("shaping", "!none"),
        advanced=True,
    )


class ControlConfig(Shaped, Exploring, Stepped):
    """Hyperparameters of control methods that learn step by step."""
