"""Soft actor-critic: as much return as possible while acting as randomly as possible.

    minimise  ( r + gamma [ min_k Q_target,k(s', a') - alpha log pi(a'|s') ] - Q_k(s, a) )^2,  a' ~ pi(s')
    minimise  alpha log pi(a|s) - min_k Q_k(s, a),  a = tanh(mean + std z)
    minimise  -log(alpha) ( log pi(a|s) + H ),  H the entropy that is aimed at

Over numbered actions expectations take the place of draws.

Source: Haarnoja et al. (2018), "Soft actor-critic algorithms and applications", algorithm 1 and section 5;
numbered actions: Christodoulou (2019), "Soft actor-critic for discrete action settings".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.agent import Floats, Part, Preset, Update, number
from rlsandbox.learning.critics import Batch, Critics, CriticsConfig
from rlsandbox.learning.dense import Units
from rlsandbox.learning.ground import Heads
from rlsandbox.learning.guided import Rule
from rlsandbox.learning.hyperparams import hp
from rlsandbox.learning.networks import Networks
from rlsandbox.learning.policy_gradient import Softmax, log_softmax
from rlsandbox.learning.problem import Problem, Remap
from rlsandbox.learning.squashed import slope_squashed, squashed
from rlsandbox.learning.written import closed

COURSE = {"units": 64, "batch": 64, "learning_rate": 3e-3, "temperature": 0.1, "tau": 0.02}
"""For small drawn worlds with rewards about 1."""


class SAC(Critics):
    """SAC (Haarnoja et al., 2018): twin critics, a squashed Gaussian, a temperature that sets itself."""

    title = "SAC"
    source = "Haarnoja et al. (2018), Soft actor-critic algorithms and applications, algorithm 1"
    equation = "min ( r + γ [ min Q_target(s′,a′) − α log π(a′|s′) ] − Q(s,a) )²,  max E[ min Q − α log π ]"
    acts = frozenset({"numbered", "continuous"})
    logged = (
        "critic loss", "actor loss", "mean Q", "TD error", "entropy", "temperature", "critic gradient norm",
        "replay size",
    )  # fmt: skip

    presets: ClassVar[dict[str, Preset]] = {"course": Preset(COURSE, steps=5_000)}

    class Config(CriticsConfig):
        """Hyperparameters of SAC."""

        temperature: float = hp(
            1.0, gt=0, le=1e3, log=True, label="Temperature", doc="weight of the entropy at first"
        )
        automatic: bool = hp(True, label="Automatic", doc="the temperature follows the entropy aimed at")
        entropy_share: float = hp(
            0.3,
            ge=0,
            le=1,
            label="Entropy aimed at",
            doc="share of the largest entropy of numbered actions; for A numbers at once it is -A",
            only_if=("automatic", "True"),
            live=True,
            advanced=True,
        )

    def __init__(self, problem: Problem, config: Config, seeds: Sequence[int]) -> None:
        self.log_temperature = np.full(len(seeds), np.log(config.temperature))
        self.temperature_moments = np.zeros((2, len(seeds)))
        super().__init__(problem, config, seeds)

    def make_nets(self) -> Networks:
        """The actor: means and spreads, or logits."""
        size = self.problem.actions.size
        return self.built({"policy": (2 * size if self.continuous else size, 0.01)})

    @property
    def temperature(self) -> Floats:
        """`[N]` alpha."""
        return np.exp(self.log_temperature)

    @property
    def entropy_aim(self) -> float:
        """-A for A numbers (appendix D); a share of log A for A actions, of which 0.98 is nearly uniform."""
        size = self.problem.actions.size
        return -float(size) if self.continuous else self.config.entropy_share * float(np.log(size))

    # -- acting ------------------------------------------------------------------------------------

    def rule(self) -> Rule:
        """A softmax over numbered actions."""
        return Rule("policy", greedy=False)

    def act(self, said: Heads, moving: NDArray[np.bool_]) -> NDArray[Any]:
        """Drawn from the policy; before the first update any action."""
        head = said["policy"]
        if not self.continuous:
            return Softmax(head.shape[2]).sample(head, self.walk.rng, moving)
        if self.beginning:
            return self.at_random((*head.shape[:2], head.shape[2] // 2), moving)
        return squashed(head, self.normal((*head.shape[:2], head.shape[2] // 2), moving))[0]

    def best(self, said: Heads) -> NDArray[Any]:
        """The middle of the policy, or its likeliest action."""
        head = said["policy"]
        return np.tanh(head[..., : head.shape[-1] // 2]) if self.continuous else head.argmax(axis=-1)

    # -- learning ----------------------------------------------------------------------------------

    def update(self, active: NDArray[np.bool_]) -> None:
        """Critics towards soft targets, the actor towards what they say, the temperature, and the targets."""
        batch, alpha = self.drawn(), self.temperature
        improve = self._continuous if self.continuous else self._numbered
        q, target, nexts, actor_loss, entropy = improve(batch, active)
        if self.config.automatic:
            self._warm(entropy, active)
        self.target_critics.follow(self.critics, self.config.tau, active)
        self.updates += 1
        numbers = *self.judgement(q, target, actor_loss), entropy, self.temperature
        self.log.add(np.vstack((*numbers, self.critic_norm, self.remembered_steps)), active)
        told = {name: self.by_replica(array) for name, array in batch.told().items()} | nexts
        told["temperature"] = alpha[:, None]  # that of the target: it has moved on since
        told |= {"before": q[..., 0], "target": target, "now 1": q[..., 0], "now 2": q[..., 1]}
        self.show(active, told)

    def _continuous(self, batch: Batch, active: NDArray[np.bool_]) -> tuple[Any, ...]:
        temperature = np.repeat(self.temperature, self.parts)
        alpha, share = temperature[:, None], 1.0 / self.config.batch
        next_normal, normal = self.normal_by_unit(active), self.normal_by_unit(active)

        def judge_steps(units: Units) -> tuple[NDArray[Any], ...]:
            own, seen = units.own, batch.next_seen[units.own]
            action, log_prob = squashed(self.nets.forward(seen, units)[:, 0], next_normal[own])
            next_q = self.valued(self.target_critics, seen, action, units).min(axis=2)
            target = batch.reward[own] + batch.goes_on[own] * (next_q - alpha[own] * log_prob)
            q = self.fit_critics(self.beside(batch.seen[own], batch.actions[own]), target, None, units)
            return q, target, next_q, log_prob

        def improve(units: Units) -> tuple[NDArray[Any], ...]:
            own = units.own
            judged = self.nets.judge(batch.seen[own], units)
            head = judged.said["policy"]
            action, log_prob = squashed(head, normal[own])
            pull, least = self.pull(self.critics, batch.seen[own], action, units)
            slope = judged.slopes["policy"]
            slope_squashed(head, action, normal[own], pull, temperature[own], share, slope)
            self.nets.backward(judged)
            return log_prob, least

        q, target, next_q, next_log_prob = map(self.by_replica, self.shared_out(judge_steps, self.parts))
        self.follow_critics(active)
        log_prob, least = map(self.by_replica, self.shared_out(improve, self.parts))
        self.follow_actor(active)
        actor_loss = (self.temperature[:, None] * log_prob - least).mean(axis=1)
        return q, target, {"next": next_q, "next_log_prob": next_log_prob}, actor_loss, -log_prob.mean(axis=1)

    def _numbered(self, batch: Batch, active: NDArray[np.bool_]) -> tuple[Any, ...]:
        alpha = self.temperature[:, None, None]
        log_next = log_softmax(self.said(batch.next_states)["policy"].astype(np.float64))
        next_q = self.least(self.said(batch.next_states, self.target_critics))
        chances = np.exp(log_next)
        soft = (chances * (next_q - alpha * log_next)).sum(axis=2)
        target = batch.reward + batch.goes_on * soft

        def judge_steps(units: Units) -> tuple[NDArray[Any], ...]:
            own = units.own
            return (self.fit_critics(batch.seen[own], target[own], batch.actions[own], units),)

        (q,) = self.shared_out(judge_steps)
        self.follow_critics(active)

        def improve(units: Units) -> tuple[NDArray[Any], ...]:
            seen = batch.seen[units.own]
            judged = self.nets.judge(seen, units)
            least = self.least(self.critics.by_head(self.critics.forward(seen, units)))
            log_prob = log_softmax(judged.said["policy"].astype(np.float64))
            chance, cost = np.exp(log_prob), alpha[units.own] * log_prob - least
            expected = (chance * cost).sum(axis=2, keepdims=True)
            # d/dz_j of sum pi (alpha log pi - Q) is pi_j (cost_j - expected cost)
            judged.slopes["policy"][:] = chance * (cost - expected) / cost.shape[1]
            self.nets.backward(judged)
            return expected.mean(axis=(1, 2)), -(chance * log_prob).sum(axis=2).mean(axis=1)

        actor_loss, entropy = self.shared_out(improve)
        self.follow_actor(active)
        mean_log = (chances * log_next).sum(axis=2)
        nexts = {"next": (chances * next_q).sum(axis=2), "next_log_prob": mean_log}
        return q, target, nexts, actor_loss, entropy

    @staticmethod
    def least(said: Heads) -> Floats:
        """`[N, B, A]`: what the lower of the two critics says of each action."""
        return np.minimum(said["q1"], said["q2"])

    def _warm(self, entropy: Floats, active: NDArray[np.bool_]) -> None:
        """A step of Adam for log alpha, down (entropy - aim)."""
        slope, steps = entropy - self.entropy_aim, self.optimizer.steps
        first, second = self.temperature_moments
        first[active] += 0.1 * (slope - first)[active]
        second[active] += 0.001 * (slope**2 - second)[active]
        counted = np.maximum(1, steps)
        moved = first / (1 - 0.9**counted) / (np.sqrt(second / (1 - 0.999**counted)) + 1e-8)
        self.log_temperature[active] -= self.config.learning_rate * moved[active]

    # -- state and being shown ---------------------------------------------------------------------

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The temperature."""
        own = {"log_temperature": self.log_temperature, "temperature_moments": self.temperature_moments}
        return {**super().arrays(), **own}

    def _take_over(self, before: Networks, remap: Remap | None) -> None:
        super()._take_over(before, remap)
        self.temperature_moments[:] = 0.0  # the optimizer, whose steps count them, begins anew

    def learnt(self) -> dict[str, NDArray[Any]]:
        """The temperature as well."""
        return {**super().learnt(), "log_temperature": self.log_temperature}

    def shown_values(self, replicas: slice) -> tuple[Floats, Floats, Floats]:
        """Of numbered actions soft values, what the lower critic says, and the policy."""
        if self.continuous:
            return super().shown_values(replicas)
        q = self.least(self.ground.shown(self.critics, replicas))
        log_prob = log_softmax(self.ground.shown(self.nets, replicas)["policy"])
        policy, alpha = np.exp(log_prob), self.temperature[replicas, None, None]
        return (policy * (q - alpha * log_prob)).sum(axis=2), q, policy

    def told(self, replica: int) -> Update | None:
        """The soft target of the newest batch's first step, with the entropy's part in it."""
        shown = self.shown[replica]
        if not shown:
            return None
        reward, over = float(shown["reward"][replica, 0]), bool(shown["terminated"][replica, 0])
        value, log_prob = (float(shown[name][replica, 0]) for name in ("next", "next_log_prob"))
        s_next = int(self.ground.spots(shown["next_state"][replica, 0][None])[0])
        alpha = float(shown["temperature"][replica, 0])
        target = (
            Part(number(reward), "reward"),
            Part(" + 0 (terminal)" if over else f" + {number(self.config.gamma)} · ("),
            *(() if over else (Part(closed(value), "next", s_next), Part(" − α log π)"))),
        )
        nows = [f"Q{k}(s, a) = {number(float(shown[f'now {k}'][replica, 0]))}" for k in (1, 2)]
        entropy = f"α log π(a′|s′) = {number(alpha)} · {closed(log_prob)} = {number(alpha * log_prob)}"
        return self.target_update(shown, replica, target, (*(() if over else (entropy,)), *nows))
