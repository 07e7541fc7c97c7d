"""Trust region policy optimization: the largest step of the policy that a bound on its change allows.

    maximise  L(theta) = E[ pi(a|s) / pi_old(a|s) A ]   subject to  E[ KL(pi_old(.|s), pi(.|s)) ] <= delta

L is taken to be linear and KL to be quadratic, with the Fisher matrix H as its curvature, so that the step is

    sqrt(2 delta / x^T H x) x     where  H x = g,  g = grad L

and is then halved until both hold for L and KL themselves.

Source: Schulman, Levine, Moritz, Jordan & Abbeel (2015), section 6 and appendix C; advantages: Schulman et
al. (2016), equation 16.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.agent import Floats, Ints, Update, number
from rlsandbox.learning.hyperparams import hp
from rlsandbox.learning.listed import Listed
from rlsandbox.learning.natural_gradient import Fisher, conjugate_gradient, dot, flat_of, rows_of
from rlsandbox.learning.networks import Judged
from rlsandbox.learning.on_policy import CopiesConfig, OnPolicy, Rollout, explained_variance
from rlsandbox.learning.optimizer import UNCLIPPED
from rlsandbox.learning.rolling import shuffle


class TRPO(OnPolicy):
    """TRPO (Schulman et al., 2015): one natural gradient step a rollout, inside a bound on the divergence."""

    title = "TRPO"
    source = "Schulman et al. (2015), Trust Region Policy Optimization, section 6 and appendix C"
    equation = "max E[ ρ A ]  s.t.  E[ KL(π_old, π) ] ≤ δ,  ρ = π(a|s) / π_old(a|s)"
    logged = ("surrogate gain", "KL", "step fraction", "entropy", "value loss", "explained variance")

    class Config(CopiesConfig):
        """Hyperparameters of TRPO; actor and critic are two networks."""

        learning_rate: float = hp(
            1e-3,
            gt=0,
            le=1,
            log=True,
            label="Critic's step size",
            symbol="α",
            doc="of its optimizer",
            live=True,
        )
        max_kl: float = hp(
            0.02,
            gt=0,
            le=10,
            log=True,
            label="Trust region",
            symbol="δ",
            doc="largest mean divergence from the policy before the step",
            live=True,
        )
        epochs: int = hp(
            10, ge=1, le=100, label="Critic's epochs", doc="how often the critic uses each step of a rollout"
        )
        minibatch: int = hp(
            64,
            ge=1,
            le=65_536,
            log=True,
            label="Minibatch",
            doc="steps of an update of the critic",
            advanced=True,
        )
        damping: float = hp(
            0.1, ge=0, le=100, doc="added to the diagonal of the Fisher matrix", live=True, advanced=True
        )
        cg_iterations: int = hp(
            10, ge=1, le=1000, label="CG iterations", doc="of conjugate gradient", live=True, advanced=True
        )
        backtracks: int = hp(
            10, ge=0, le=100, doc="how often a step is halved before it is left out", live=True, advanced=True
        )

    def improve(self, active: NDArray[np.bool_]) -> Iterator[None]:
        """One step of the policy, then epochs of minibatches for the critic."""
        if not active.any():
            return
        rollout = self.rollout()
        with self.shared():
            numbers = self.step_policy(rollout, active)
        yield
        order, losses = np.tile(np.arange(self.capacity), (self.n_seeds, 1)), []
        for _ in range(self.config.epochs):
            shuffle(self.walk.rng, order)
            shuffled = rollout.ordered(order)
            for begin in range(0, self.capacity, self.config.minibatch):
                losses.append(self.fit_critic(shuffled.part(begin, begin + self.config.minibatch), active))
                yield
        self.log.add(np.vstack((*numbers, np.mean(losses, axis=0), explained_variance(rollout))), active)

    def step_policy(self, rollout: Rollout, active: NDArray[np.bool_]) -> tuple[Floats, ...]:
        """The step inside the trust region; a replica that finds none keeps its policy.

        Returns:
            `[N]` each: what L gained, KL, the fraction of the full step that was taken, entropy.
        """
        config: Any = self.config
        states, share, places = self.by_state(rollout)
        seen, family, weight = self.ground.seen(states), self.family, rollout.advantage / self.capacity
        fisher = Fisher(self.nets, family, seen, share, config.damping, self._threads)
        old = fisher.said
        log_old, _ = family.judge(old[places], rollout.actions)
        g = fisher.gradient(self.slope_of_gain(old, places, rollout.actions, weight))
        x = conjugate_gradient(fisher.product, g, config.cg_iterations)
        step = np.sqrt(2.0 * config.max_kl / dot(x, fisher.product(x))) * x

        before = rows_of(self.nets, self.nets.flat)
        fraction = np.where(active & np.isfinite(step).all(axis=1), 1.0, 0.0)
        halved = 0
        while True:
            moved = np.where(fraction[:, None] > 0, before + fraction[:, None] * step, before)
            self.nets.set_to(flat_of(self.nets, moved).astype(np.float32))
            new = self.ground.ask(self.nets, seen)["policy"]
            log_new, entropy = family.judge(new[places], rollout.actions)
            gained = (weight * np.expm1(log_new - log_old)).sum(axis=1)
            kl = (share * family.divergence(old, new)).sum(axis=1)
            found = (gained > 0) & (kl <= config.max_kl)
            if (found | (fraction == 0)).all():
                break
            fraction[~found] *= 0.5 if halved < config.backtracks else 0.0
            halved += 1
        self.updates += 1
        ratio = np.exp(log_new[:, 0] - log_old[:, 0])
        told = {"ratio": ratio, "gained": gained, "kl": kl, "fraction": fraction}
        self.show(active, self.met | told)
        return gained, kl, fraction, entropy.mean(axis=1)

    def by_state(self, rollout: Rollout) -> tuple[NDArray[Any], Floats, tuple[Ints, Ints]]:
        """What the policy's step needs of a rollout: B states, each of them once if these are fewer.

        Returns:
            states `[N, B, ...]`; what share of the steps began there `[N, B]`; and where among them each of
            the M steps began, as an index for `[N, B, ...]` that gives `[N, M, ...]`.
        """
        every = np.arange(self.ground.mdp.n_states if isinstance(self.ground, Listed) else 0)
        few = 0 < every.size < self.capacity
        states = np.tile(every, (self.n_seeds, 1)) if few else rollout.states
        steps = rollout.states if few else np.tile(np.arange(self.capacity), (self.n_seeds, 1))
        places = np.arange(self.n_seeds)[:, None], steps
        share = np.zeros(states.shape[:2])
        np.add.at(share, places, 1.0 / self.capacity)
        return states, share, places

    def slope_of_gain(
        self, head: Floats, places: tuple[Ints, Ints], actions: NDArray[Any], weight: Floats
    ) -> Floats:
        """`[N, B, size]`: the slope of L, the sum of weight pi / pi_old over the steps, at pi_old's head."""
        said, slope = head[places], np.zeros_like(head)
        each = np.empty_like(said)
        self.family.slopes(said, actions, weight, np.zeros_like(weight), each)
        np.subtract.at(slope, places, each)
        return slope

    def fit_critic(self, batch: Rollout, active: NDArray[np.bool_]) -> Floats:
        """Draw the values of a batch to their targets; returns the mean squared errors `[N]`."""

        def fill(judged: Judged, own: slice) -> Floats:
            error = judged.said["value"][:, :, 0] - batch.target[own]
            judged.slopes["value"][:, :, 0] = 2.0 * error / error.shape[1]  # the actor's slopes stay 0
            return (error**2).mean(axis=1)[None]

        return self.descend(batch.states, fill, active, UNCLIPPED)[0]

    def told(self, replica: int) -> Update | None:
        """The rollout's first step: TD error, advantage, and how far the policy moved for it and for all."""
        shown = self.shown[replica]
        if not shown:
            return None
        ratio, gained, kl, fraction = (
            float(shown[name][replica]) for name in ("ratio", "gained", "kl", "fraction")
        )
        bound = f"KL = {number(kl)} ≤ δ = {number(self.config.max_kl)}"
        return self.told_step(
            replica,
            0,
            "",
            f"ρ = π(a|s) / π_old(a|s) = {number(ratio)}",
            f"{number(fraction)} of the full step: E[ρA] gains {number(gained)}, {bound}"
            if fraction > 0
            else "no step inside the trust region gains: the policy stays",
        )
