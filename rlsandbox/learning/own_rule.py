"""What control methods share that choose their actions by a rule of their own."""

from __future__ import annotations

from typing import Any, ClassVar

from rlsandbox.learning.agent import Part, Preset, Update
from rlsandbox.learning.configs import FOREVER, Discounted
from rlsandbox.learning.control import Control
from rlsandbox.learning.exploration import DRAW, epsilon_greedy, greatest, uniform
from rlsandbox.learning.hyperparams import hp
from rlsandbox.learning.sampling import Sampler
from rlsandbox.worlds.compiled import kernel


def towards(
    state: int, action: int, before: float, target: float, alpha: float, gamma: float, parts: tuple[Part, ...]
) -> Update:
    """An update of Q(s, a) towards a target that is no one step's: an expectation, a mean."""
    return Update(
        state=state,
        action=action,
        reward=float("nan"),
        next_state=None,
        next_action=None,
        terminated=False,
        truncated=False,
        explored=False,
        before=before,
        target=target,
        td_error=target - before,
        after=before + alpha * (target - before),
        alpha=alpha,
        gamma=gamma,
        parts=parts,
        step=-1,
    )


@kernel
def best_of(q: Any, rng: Any) -> Any:
    """(rng, action): one of the best of `[A]` values, each with the same chance."""
    _, best, ties = greatest(q)
    rng += DRAW
    return rng, epsilon_greedy(q, best, ties, 0.0, uniform(rng))


class Solving(Discounted):
    """Hyperparameters of methods that solve a learnt model by value iteration."""

    sweeps: int = hp(
        200,
        ge=1,
        le=10_000,
        log=True,
        label="Sweeps",
        doc="sweeps of value iteration at a time, at most",
        live=True,
        advanced=True,
    )
    theta: float = hp(
        1e-6,
        gt=0,
        le=1,
        log=True,
        label="Threshold",
        symbol="θ",
        doc="a model is solved when no value changes by more",
        live=True,
        advanced=True,
    )


class OwnRule(Control):
    """Base of control methods that choose by a rule of their own: no epsilon, no bonus."""

    Config = Discounted
    offers: ClassVar[frozenset[str]] = frozenset({"behaviour"})
    presets: ClassVar[dict[str, Preset]] = {}

    def exploration(self) -> tuple[int, tuple[int, float, float, float]]:
        """None: `behaviour` is greedy."""
        return 0, FOREVER

    def metrics(self, replica: int) -> dict[str, float]:
        """No step size, no epsilon."""
        return Sampler.metrics(self, replica)
