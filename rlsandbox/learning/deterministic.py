"""What agents share whose actor says one action, and that explore by adding noise to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.agent import Floats, Part, Update, number
from rlsandbox.learning.critics import Batch, Critics, CriticsConfig
from rlsandbox.learning.dense import Units
from rlsandbox.learning.ground import Heads
from rlsandbox.learning.hyperparams import hp
from rlsandbox.learning.networks import Networks
from rlsandbox.learning.problem import Problem, Remap, Simulated
from rlsandbox.learning.written import closed


class DeterministicConfig(CriticsConfig):
    """Hyperparameters of methods with a deterministic actor."""

    learning_rate: float = hp(
        1e-3, gt=0, le=1, log=True, label="Step size", symbol="α", doc="of actor and critics", live=True
    )
    exploration_noise: float = hp(
        0.1,
        ge=0,
        le=10,
        label="Noise",
        symbol="σ",
        doc="spread of what is added to actions, in halves of their range",
        live=True,
    )


class Deterministic(Critics):
    """Base of DDPG and TD3: the actor goes up the slope of the critic (Silver et al., 2014, equation 9).

    Attributes:
        target_nets: what follows the actor slowly.
        first_critic: whose slope the actor goes up.
    """

    accepts = (Simulated,)
    acts: ClassVar[frozenset[str]] = frozenset({"continuous"})
    logged = (
        "critic loss", "actor loss", "mean Q", "TD error", "critic gradient norm", "replay size",
    )  # fmt: skip

    def __init__(self, problem: Problem, config: DeterministicConfig, seeds: Sequence[int]) -> None:
        self.actor_loss = np.zeros(len(seeds))
        super().__init__(problem, config, seeds)
        self.target_nets = self.nets.copy()

    def _make_critics(self) -> None:
        super()._make_critics()
        self.first_critic = self.critics.only("q1")

    def make_nets(self) -> Networks:
        """The actor: what it says is squashed to an action."""
        return self.built({"policy": (self.problem.actions.size, 0.01)})

    def act(self, said: Heads, moving: NDArray[np.bool_]) -> NDArray[Any]:
        """The actor's action and noise; before the first update any action."""
        mean = np.tanh(said["policy"])
        if self.beginning:
            return self.at_random(mean.shape, moving)
        noise = self.config.exploration_noise * self.normal(mean.shape, moving)
        return np.clip(mean + noise, -1.0, 1.0).astype(np.float32)

    def best(self, said: Heads) -> NDArray[Any]:
        """The actor's action."""
        return np.tanh(said["policy"])

    def noise(self, active: NDArray[np.bool_]) -> Floats | float:
        """`[U, B, A]`: what is added to the target actor's actions."""
        return 0.0

    @property
    def improves_actor(self) -> bool:
        """Whether this update improves the actor as well."""
        return True

    def update(self, active: NDArray[np.bool_]) -> None:
        """Critics towards their targets; the actor up the first critic's slope; targets follow."""
        batch = self.drawn()
        noise = np.broadcast_to(self.noise(active), batch.actions.shape)

        def judge_steps(units: Units) -> tuple[NDArray[Any], ...]:
            own, seen = units.own, batch.next_seen[units.own]
            mean = np.tanh(self.target_nets.forward(seen, units)[:, 0])
            action = np.clip(mean + noise[own], -1.0, 1.0)
            next_q = self.valued(self.target_critics, seen, action, units)
            target = batch.reward[own] + batch.goes_on[own] * next_q.min(axis=2)
            q = self.fit_critics(self.beside(batch.seen[own], batch.actions[own]), target, None, units)
            return target, next_q, q

        target, next_q, q = map(self.by_replica, self.shared_out(judge_steps, self.parts))
        self.follow_critics(active)
        if self.improves_actor:
            self._improve_actor(batch, active)
        self.updates += 1
        numbers = self.judgement(q, target, self.actor_loss)
        self.log.add(np.vstack((*numbers, self.critic_norm, self.remembered_steps)), active)
        told = {name: self.by_replica(array) for name, array in batch.told().items()}
        told |= {"before": q[..., 0], "target": target}
        for k in range(self.n_critics):
            told |= {f"next {k + 1}": next_q[..., k], f"now {k + 1}": q[..., k]}
        self.show(active, told)

    def _improve_actor(self, batch: Batch, active: NDArray[np.bool_]) -> None:
        def improve(units: Units) -> tuple[NDArray[Any], ...]:
            judged = self.nets.judge(batch.seen[units.own], units)
            action = np.tanh(judged.said["policy"])
            pull, q = self.pull(self.first_critic, batch.seen[units.own], action, units)
            judged.slopes["policy"][:] = pull * (1.0 - np.float64(action) ** 2)
            self.nets.backward(judged)
            return (q,)

        (q,) = map(self.by_replica, self.shared_out(improve, self.parts))
        self.follow_actor(active)
        self.actor_loss[active] = -q.mean(axis=1)[active]
        self.target_nets.follow(self.nets, self.config.tau, active)
        self.target_critics.follow(self.critics, self.config.tau, active)

    # -- state -------------------------------------------------------------------------------------

    def networks(self) -> dict[str, Networks]:
        """What follows the actor as well."""
        return {**super().networks(), "target": self.target_nets}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What the log repeats between updates of the actor."""
        return {**super().arrays(), "actor_loss": self.actor_loss}

    def _take_over(self, before: Networks, remap: Remap | None) -> None:
        super()._take_over(before, remap)
        self.target_nets = self.nets.copy()

    def told(self, replica: int) -> Update | None:
        """The target of the newest batch's first step, with what each critic says."""
        shown = self.shown[replica]
        if not shown:
            return None
        nexts, nows = (
            [float(shown[f"{when} {k + 1}"][replica, 0]) for k in range(self.n_critics)]
            for when in ("next", "now")
        )
        reward, over = float(shown["reward"][replica, 0]), bool(shown["terminated"][replica, 0])
        s_next = int(self.ground.spots(shown["next_state"][replica, 0][None])[0])
        several = self.n_critics > 1
        least = f"min({', '.join(closed(value) for value in nexts)})" if several else closed(nexts[0])
        target = (
            Part(number(reward), "reward"),
            Part(" + 0 (terminal)" if over else f" + {number(self.config.gamma)} · "),
            *(() if over else (Part(least, "next", s_next),)),
        )
        lines = [f"Q{k + 1 if several else ''}(s, a) = {number(value)}" for k, value in enumerate(nows)]
        return self.target_update(shown, replica, target, tuple(lines))
