"""What agents share that learn action values with a network: target, exploration, being shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.agent import Floats, Part, Update, number
from rlsandbox.learning.ground import Heads
from rlsandbox.learning.guided import Rule
from rlsandbox.learning.hyperparams import hp
from rlsandbox.learning.listed import Listed
from rlsandbox.learning.networks import Networks
from rlsandbox.learning.off_policy import OffPolicy, ReplayConfig
from rlsandbox.learning.policy import greedy_probs
from rlsandbox.learning.problem import Problem
from rlsandbox.learning.value_gradient import choose_greedily
from rlsandbox.learning.written import closed


class DeepQConfig(ReplayConfig):
    """Hyperparameters of methods with networks of action values, that explore by epsilon-greedy choices."""

    target: Literal["hard", "soft", "off"] = hp(
        "hard",
        label="Target",
        doc="hard: a copy of the network now and then; soft: it follows slowly; off: the network itself",
    )
    target_every: int = hp(
        50,
        ge=1,
        le=10**6,
        log=True,
        label="Target every",
        doc="updates from copy to copy",
        unit="updates",
        only_if=("target", "hard"),
        advanced=True,
    )
    tau: float = hp(
        0.01,
        gt=0,
        le=1,
        log=True,
        symbol="τ",
        doc="how far the target follows",
        only_if=("target", "soft"),
        advanced=True,
    )
    dueling: bool = hp(False, label="Dueling", doc="Q = V + A - mean A, from two heads of one trunk")
    epsilon: float = hp(
        1.0, ge=0, le=1, label="Random actions", symbol="ε", doc="chance of one at first", live=True
    )
    epsilon_schedule: Literal["constant", "linear", "exponential"] = hp(
        "linear", label="ε schedule", doc="how epsilon falls", advanced=True
    )
    epsilon_end: float = hp(
        0.05,
        ge=0,
        le=1,
        label="ε at the end",
        doc="least value",
        only_if=("epsilon_schedule", "!constant"),
        advanced=True,
    )
    epsilon_steps: int = hp(
        3000,
        ge=1,
        le=10**8,
        log=True,
        label="ε falls for",
        doc="steps until the least value",
        unit="steps",
        only_if=("epsilon_schedule", "linear"),
        advanced=True,
    )
    epsilon_decay: float = hp(
        0.995,
        gt=0,
        le=1,
        label="ε factor",
        doc="factor an update",
        only_if=("epsilon_schedule", "exponential"),
        advanced=True,
    )
    max_grad_norm: float = hp(10.0, gt=0, le=1e6, log=True, label="Gradient norm", doc="clip", advanced=True)


class DeepQ(OffPolicy):
    """Base of methods with networks of action values.

    Attributes:
        target_nets: what their targets are taken from.
    """

    acting: ClassVar[tuple[str, ...]] = ("q", "advantage", "value")

    def __init__(self, problem: Problem, config: DeepQConfig, seeds: Sequence[int]) -> None:
        super().__init__(problem, config, seeds)
        self.target_nets = self.nets.copy()

    def make_nets(self) -> Networks:
        """Action values, or with `dueling` a value and advantages on one trunk."""
        config, n_actions = self.config, self.problem.actions.size
        heads = {"q": (n_actions, 1.0)}
        if config.dueling:
            heads = {"advantage": (n_actions, 1.0), "value": (1, 1.0)}
        return self.built(heads, shared=config.dueling)

    def q_of(self, said: Heads) -> NDArray[Any]:
        """`[..., A]` action values, by what the heads say."""
        if "q" in said:
            return said["q"]
        return said["value"] + said["advantage"] - said["advantage"].mean(axis=-1, keepdims=True)

    def follow(self, active: NDArray[np.bool_]) -> None:
        """Let the target networks of the active replicas come after the others."""
        if self.config.target == "soft":
            self.target_nets.follow(self.nets, self.config.tau, active)
        elif self.config.target == "hard" and self.updates[0] % self.config.target_every == 0:
            self.target_nets.follow(self.nets, 1.0, active)

    def epsilon(self) -> float:
        """Chance of a random action until the next update."""
        config = self.config
        least = min(config.epsilon, config.epsilon_end)
        if config.epsilon_schedule == "linear":
            done = max(0, int(self.due[0]) - config.train_every) / config.epsilon_steps
            return config.epsilon + (least - config.epsilon) * min(1.0, done)
        if config.epsilon_schedule == "exponential":
            return max(least, config.epsilon * config.epsilon_decay ** int(self.updates[0]))
        return config.epsilon

    # -- what the networks say ---------------------------------------------------------------------

    @property
    def judges(self) -> Networks:
        """Whom targets are taken from."""
        return self.nets if self.config.target == "off" else self.target_nets

    def action_values(self) -> Floats:
        """`[N, T, A]` of all `stacks`."""
        return self.remembered("q", lambda: self.q_of(self.outputs()))

    def rule(self) -> Rule:
        """Epsilon-greedy; the largest advantage is that of the largest value."""
        return Rule("advantage" if self.config.dueling else "q", True, self.epsilon())

    def act(self, said: Heads, moving: NDArray[np.bool_]) -> NDArray[Any]:
        """Epsilon-greedy."""
        q = self.q_of(said)
        action = np.zeros(q.shape[:2], np.int64)
        choose_greedily(q, self.epsilon(), self.walk.rng, moving, action)
        return action

    def best(self, said: Heads) -> NDArray[Any]:
        """The action of the largest value."""
        return self.q_of(said).argmax(axis=-1)

    def shown_values(self, replicas: slice) -> tuple[Floats, Floats, Floats]:
        """The largest Q, all of Q, and the greedy policy."""
        q = self.q_of(self.ground.shown(self.nets, replicas))
        return q.max(axis=2), q, greedy_probs(q)

    # -- state -------------------------------------------------------------------------------------

    def networks(self) -> dict[str, Networks]:
        """Both networks."""
        return {**super().networks(), "target": self.target_nets}

    def forget(self) -> None:
        """The target is what has been learnt."""
        super().forget()
        self.target_nets = self.nets.copy()

    # -- being shown -------------------------------------------------------------------------------

    def told(self, replica: int) -> Update | None:
        """The first step of the newest batch, with its target and TD error; the reward is that of n steps."""
        first = {name: array[replica, 0] for name, array in self.shown[replica].items()}
        if not first:
            return None
        state, s_next = (int(self.ground.spots(first[name][None])[0]) for name in ("state", "next_state"))
        step = state, int(first["action"]), float(first["reward"]), s_next
        discount, next_value, before = (float(first[name]) for name in ("discount", "next_value", "before"))
        made = int(self.walk.steps[replica])
        return self.q_update(step, bool(first["ended"]), discount, next_value, before, made)

    def imagined(self, state: int, replica: int) -> Update | None:
        """The TD error of the greedy action's likeliest outcome."""
        assert isinstance(self.ground, Listed)
        mdp, q = self.ground.mdp, self.action_values()[replica]
        a = int(q[state].argmax())
        k = int(mdp.prob[state, a].argmax())
        s_next, ended = int(mdp.next_state[state, a, k]), bool(mdp.terminal[state, a, k])
        target_q = self.q_of(self.ground.outputs(self.judges))[replica, s_next]
        choice = int(q[s_next].argmax()) if self.config.double else int(target_q.argmax())
        reward, discount = float(mdp.reward[state, a, k]), 0.0 if ended else float(self.config.gamma)
        before = float(q[state, a])
        state, s_next = self.ground.spots(np.array([state, s_next])).tolist()
        return self.q_update((state, a, reward, s_next), ended, discount, float(target_q[choice]), before, -1)

    def q_update(
        self,
        step: tuple[int, int, float, int],
        ended: bool,
        discount: float,
        next_value: float,
        before: float,
        made: int,
    ) -> Update:
        """An update of Q(state, action) written out: target = r + gamma max Q_target, and the TD error."""
        s, a, reward, s_next = step
        target = reward + (0.0 if ended else discount * next_value)
        parts = (
            Part("δ = "),
            Part(number(reward), "reward"),
            Part(" + 0 (terminal)" if ended else f" + {number(discount)} · "),
            *(() if ended else (Part(closed(next_value), "next", s_next),)),
            Part(" − "),
            Part(closed(before), "old", s),
            Part(f" = {number(target - before)}"),
        )
        return Update(
            state=s,
            action=a,
            reward=reward,
            next_state=s_next,
            next_action=None,
            terminated=ended,
            truncated=False,
            explored=False,
            before=before,
            target=target,
            td_error=target - before,
            after=float("nan"),
            alpha=self.config.learning_rate,
            gamma=self.config.gamma,
            parts=parts,
            step=made,
        )
