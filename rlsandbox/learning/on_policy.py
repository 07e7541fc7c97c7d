"""What agents share that learn from their own newest steps: rollouts, advantages, being shown."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.agent import Floats, Ints, Line, Part, Tick, Update, number
from rlsandbox.learning.deep import DeepAgent, DeepConfig
from rlsandbox.learning.ground import Heads
from rlsandbox.learning.guided import Rule
from rlsandbox.learning.hyperparams import hp
from rlsandbox.learning.listed import Listed
from rlsandbox.learning.networks import Judged, Networks
from rlsandbox.learning.policy_gradient import Policy, actor_critic_losses, policy_for
from rlsandbox.learning.problem import Problem
from rlsandbox.learning.rolling import Transitions, advantages, rows_of
from rlsandbox.learning.written import closed

_STEPS_A_BOUNDARY = 2048
"""About so many steps a replica lie between boundaries that are kept: a copy of all state takes its time."""


class CriticConfig(DeepConfig):
    """Hyperparameters of methods with a policy and a value network."""

    entropy_coefficient: float = hp(
        0.0, ge=0, le=10, label="Entropy", doc="weight of the entropy bonus", live=True
    )
    value_coefficient: float = hp(
        0.5, ge=0, le=100, label="Value loss", doc="weight of the value loss", live=True, advanced=True
    )
    max_grad_norm: float = hp(
        0.5, gt=0, le=1e6, log=True, label="Gradient norm", doc="gradients are clipped to it", advanced=True
    )
    shared: bool = hp(False, label="Shared trunk", doc="one network with two heads", advanced=True)


class CopiesConfig(DeepConfig):
    """Hyperparameters of rollouts of several copies."""

    n_envs: int = hp(1, ge=1, le=1024, log=True, label="Copies", doc="agents that walk side by side")
    n_steps: int = hp(
        512,
        ge=1,
        le=65_536,
        log=True,
        label="Rollout",
        doc="steps of each copy between updates",
        unit="steps",
    )
    gae_lambda: float = hp(
        0.95,
        ge=0,
        le=1,
        label="Trace",
        symbol="λ",
        doc="between one-step TD (0) and Monte Carlo (1) in the advantages",
        live=True,
    )


class RolloutConfig(CopiesConfig, CriticConfig):
    """Hyperparameters of methods that learn from rollouts by one loss of policy and values."""


Step = tuple[int, int | None, float, int, bool, bool]
"""State, action (None: continuous), reward, next state, terminated, truncated."""


class Rollout(NamedTuple):
    """M steps of each of N replicas, and what is known of them before the first update.

    Attributes:
        states, actions: `[N, M, ...]` as the memory stores them.
        log_prob: `[N, M]` log-probability of the action when it was taken.
        value: `[N, M]` what the critic said of the state.
        advantage: `[N, M]` generalised advantage estimates.
        target: `[N, M]` what the critic is drawn to: advantage + value.
    """

    states: NDArray[Any]
    actions: NDArray[Any]
    log_prob: Floats
    value: Floats
    advantage: Floats
    target: Floats

    def ordered(self, order: Ints) -> Rollout:
        """The same steps in another order `[N, M]`."""
        rows = np.arange(len(order))[:, None]
        fields: Any = (field[rows, order] for field in self)
        return Rollout(*fields)

    def of(self, own: slice) -> Rollout:
        """The steps of some replicas."""
        fields: Any = (field[own] for field in self)
        return Rollout(*fields)

    def part(self, begin: int, end: int) -> Rollout:
        """The steps from one place to another of each replica, side by side in memory."""
        fields: Any = (np.ascontiguousarray(field[:, begin:end]) for field in self)
        return Rollout(*fields)


class OnPolicy(DeepAgent):
    """Base of policy-gradient methods with a critic.

    A subclass gives `improve`, which makes the gradient updates that follow a rollout.

    Attributes:
        family: the distributions over actions that its head "policy" states.
        rollouts: how many there have been.
        met: the newest rollout, as it was before the first update, for the inspector.
    """

    acts: ClassVar[frozenset[str]] = frozenset({"numbered", "continuous"})

    def __init__(self, problem: Problem, config: DeepConfig, seeds: Sequence[int]) -> None:
        self.rollouts = np.zeros(1, np.int64)
        self.met: dict[str, Any] = {}
        super().__init__(problem, config, seeds)

    @property
    def n_copies(self) -> int:
        """E."""
        return getattr(self.config, "n_envs", 1)

    @property
    def capacity(self) -> int:
        """A rollout of all copies."""
        return self.n_copies * getattr(self.config, "n_steps", 1)

    def make_nets(self) -> Networks:
        """An actor, whose first policy is nearly uniform, and a critic ("37 details", detail 2)."""
        self.family: Policy = policy_for(self.problem.actions)
        heads = {"policy": (self.family.size, 0.01), "value": (1, 1.0)}
        return self.built(heads, shared=getattr(self.config, "shared", False))

    @abstractmethod
    def improve(self, active: NDArray[np.bool_]) -> Iterator[None]:
        """Learn from the rollout in `memory`, of which replicas that are not `active` have no whole one.

        Yields after every gradient update.
        """

    def learn(self) -> Iterator[Tick]:
        """Walk, then improve, for ever."""
        often = max(1, _STEPS_A_BOUNDARY // self.capacity)
        while True:
            for _ in self.collect():
                yield Tick("steps", boundary=int(self.rollouts[0]) % often == 0)
            whole = self.whole
            if not whole.any():  # all rest where their budget ends or the world changes
                yield Tick("steps", boundary=False)
            memory, unused, told = self.memory, self.walk.rng[~whole], True
            for _ in self.improve(whole):
                told = self.overdue
                if told:
                    yield Tick("update", boundary=False)
                if self.memory is not memory:  # an edit has given the rollout's states other numbers
                    break
            self.walk.rng[~whole] = unused  # who has no whole rollout draws nothing
            self.begin_rollout(whole)
            self.rollouts += 1
            if not told:  # whoever asked for so many steps did not reckon with updates before them
                yield Tick("update", boundary=False)

    @property
    def pending(self) -> bool:
        """Whether a whole rollout waits to be learnt from, and no replica walks before that."""
        whole = self.whole
        return bool(whole.any() and (whole | self.resting).all())

    def begin_rollout(self, replicas: NDArray[np.bool_]) -> None:
        """Collect anew."""
        self.memory.count[replicas] = 0

    def goal(self) -> Ints | None:
        """`[N]` episodes at which a rollout is complete as well, or None."""
        return None

    @property
    def whole(self) -> NDArray[np.bool_]:
        """`[N]`: replicas whose rollout is complete."""
        return self.memory.count >= self.capacity

    def collect(self) -> Iterator[None]:
        """Walk until every replica has a whole rollout or rests, at most `stride` steps at a time."""
        while (walking := ~self.whole & ~self.resting).any():
            until = int(self.memory.count[walking].min()) + self.stride
            self.roll(min(self.capacity, until), episode=self.goal())
            yield

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What a rollout more adds."""
        return {**super().arrays(), "rollouts": self.rollouts}

    # -- what the networks say ---------------------------------------------------------------------

    def rule(self) -> Rule:
        """The policy itself is what it explores by."""
        return Rule("policy", greedy=False)

    def act(self, said: Heads, moving: NDArray[np.bool_]) -> NDArray[Any]:
        """Drawn from the policy."""
        return self.family.sample(said["policy"], self.walk.rng, moving)

    def best(self, said: Heads) -> NDArray[Any]:
        """The likeliest action."""
        return self.family.best(said["policy"])

    def shown_values(self, replicas: slice) -> tuple[Floats, Floats, Floats]:
        """The critic's values, those of a look ahead, and the policy."""
        said = self.ground.shown(self.nets, replicas)
        v = said["value"][:, :, 0]
        if isinstance(self.ground, Listed):
            v = v * self.ground.mdp.live
        return v, self.ground.look_ahead(v, self.config.gamma), self.family.chances(said["policy"])

    def rollout(self) -> Rollout:
        """The memory, with the advantages by the values of now."""
        memory = self.memory
        said = self.said(memory.state)
        value = said["value"][:, :, 0].astype(np.float64)
        next_value = self.said(memory.next_state)["value"][:, :, 0].astype(np.float64)
        log_prob, _ = self.family.judge(said["policy"], memory.action)
        advantage = np.empty_like(value)
        lam = getattr(self.config, "gae_lambda", 0.0)
        advantages(memory, value, next_value, self.config.gamma, lam, self.n_copies, advantage)
        self.met = {"value": value, "next_value": next_value, "advantage": advantage, **self.seen_steps()}
        return Rollout(memory.state, memory.action, log_prob, value, advantage, advantage + value)

    def follow_advantages(self, weight: Floats, active: NDArray[np.bool_]) -> dict[str, Any]:
        """One update from all steps of the rollout; values are those of the very pass that is improved.

        Where the last step of each copy led is judged beside the steps: the value of where a step led stands
        E places after its own, unless the copy did not go on from there.

        Args:
            weight: `[N, 1]` of the advantages in the policy's gradient.
            active: `[N]`.

        Returns:
            What the update saw and computed, `[N, M]` each, for the inspector.
        """
        memory, config, m, after = self.memory, self.config, self.capacity, self.n_copies
        ends = slice(m - after, m)
        states = np.concatenate((memory.state, memory.next_state[:, ends]), axis=1)
        actions = np.concatenate((memory.action, memory.action[:, ends]), axis=1)
        share = np.tile(np.repeat([1.0 / m, 0.0], [m, after]), (self.n_seeds, 1))
        gain, target = np.zeros(share.shape), np.zeros(share.shape)
        left, beyond = np.zeros((self.n_seeds, m), np.bool_), np.zeros((self.n_seeds, m))
        left[:, : m - after] = (rows_of(memory.next_state)[:, :-after] != rows_of(states)[:, after:m]).any(
            axis=2
        )
        if (left & ~memory.terminated & active[:, None]).any():
            beyond = self.said(memory.next_state)["value"][:, :, 0]
        seen = {name: np.empty((self.n_seeds, m)) for name in ("value", "next_value", "advantage")}
        lam = getattr(config, "gae_lambda", 0.0)

        def weigh(judged: NDArray[Any], own: slice) -> tuple[Floats, Floats]:
            value, next_value, advantage = (array[own] for array in seen.values())
            value[:], next_value[:] = judged[:, :m], np.where(left[own], beyond[own], judged[:, after:])
            advantages(memory.of(own), value, next_value, config.gamma, lam, after, advantage)
            gain[own, :m], target[own, :m] = weight[own] * advantage, advantage + value
            return gain[own], target[own]

        log_prob = self.follow_gain(states, actions, share, weigh, active)[:, :m]
        return {**seen, "log_prob": log_prob, **self.seen_steps()}

    def follow_gain(
        self,
        states: NDArray[Any],
        actions: NDArray[Any],
        share: Floats,
        weigh: Callable[[NDArray[Any], slice], tuple[Floats, Floats]],
        active: NDArray[np.bool_],
    ) -> Floats:
        """One update of actor and critic by stored steps `[N, B, ...]`.

        Args:
            states: where the steps began.
            actions: what was done.
            share: `[N, B]` how much they count.
            weigh: by the values `[n, B]` of a range of replicas, what weighs their actions and what their
                values are drawn to; see `actor_critic_losses`.
            active: `[N]`.

        Returns:
            `[N, B]` log-probabilities.
        """
        config, log_probs = self.config, np.empty(share.shape)

        def fill(judged: Judged, own: slice) -> Floats:
            said, slopes, part = judged.said, judged.slopes, share[own]
            log_prob, entropy = self.family.judge(said["policy"], actions[own])
            gain, target = weigh(said["value"][:, :, 0], own)
            numbers = np.empty((3, len(part)))
            losses = log_prob, entropy, said["value"], gain, target, part, config.value_coefficient
            actor_critic_losses(*losses, slopes["value"], numbers)
            weights = part * gain, config.entropy_coefficient * part
            self.family.slopes(said["policy"], actions[own], *weights, slopes["policy"])
            log_probs[own] = log_prob
            return numbers

        with self.shared():
            self.log.add(self.descend(states, fill, active, config.max_grad_norm), active)
        return log_probs

    # -- being shown -------------------------------------------------------------------------------

    def imagined(self, state: int, replica: int) -> Update | None:
        """The TD error of the likeliest action's likeliest outcome."""
        assert isinstance(self.ground, Listed)
        mdp = self.ground.mdp
        v = self.outputs()["value"][replica, :, 0] * mdp.live
        a = int(self.outputs()["policy"][replica, state].argmax())
        k = int(mdp.prob[state, a].argmax())
        s_next, terminated = int(mdp.next_state[state, a, k]), bool(mdp.terminal[state, a, k])
        reward, gamma = float(mdp.reward[state, a, k]), self.config.gamma
        next_value = 0.0 if terminated else float(v[s_next])
        target, before = reward + gamma * next_value, float(v[state])
        state, s_next = self.ground.spots(np.array([state, s_next])).tolist()
        return self.step_update(
            (state, a, reward, s_next, terminated, False), before, next_value, target, -1, ()
        )

    def seen_steps(self) -> dict[str, Any]:
        """The steps that an update learns from, as they are now: the memory goes on."""
        memory = Transitions(*(array.copy() for array in self.memory))
        return {"memory": memory, "made": self.walk.steps - memory.count}

    def stored(self, replica: int, at: int) -> Step:
        """A step that was learnt from; its states are those of the screen."""
        m = self.shown[replica]["memory"]
        state, next_state = (
            int(self.ground.spots(states[replica, at][None])[0]) for states in (m.state, m.next_state)
        )
        action = None if self.problem.actions.continuous else int(m.action[replica, at])
        ends = bool(m.terminated[replica, at]), bool(m.truncated[replica, at])
        return state, action, float(m.reward[replica, at]), next_state, *ends

    def told_step(self, replica: int, at: int, normalised: str, *more: str) -> Update:
        """A step of the newest rollout, with the values and the advantage that were learnt from.

        Args:
            replica: whose.
            at: which step.
            normalised: what became of the advantage, to be written behind it.
            more: what else the update computed, a line each.
        """
        value, next_value, advantage = (
            float(self.shown[replica][name][replica, at]) for name in ("value", "next_value", "advantage")
        )
        step = self.stored(replica, at)
        lam = getattr(self.config, "gae_lambda", 0.0)
        kind = "A = δ" if lam == 0 else "A = δ + γλ A′"
        lines = f"{kind} = {number(advantage)}{normalised}", *more
        made = int(self.shown[replica]["made"][replica]) + at + 1
        following = 0.0 if step[4] else next_value
        return self.step_update(step, value, following, value + advantage, made, lines)

    def step_update(
        self,
        step: Step,
        before: float,
        next_value: float,
        target: float,
        at: int,
        more: tuple[str, ...],
    ) -> Update:
        """An update of V(state) written out: delta = r + gamma V(s') - V(s), and what follows from it."""
        state, _, reward, s_next, terminated, _ = step
        gamma = self.config.gamma
        ahead = Part("0 (terminal)") if terminated else Part(closed(next_value), "next", s_next)
        parts = (
            Part("δ = "),
            Part(number(reward), "reward"),
            Part(f" + {number(gamma)} · "),
            ahead,
            Part(" − "),
            Part(closed(before), "old", state),
            Part(f" = {number(reward + gamma * next_value - before)}"),
        )
        return self.told_update(step, before, target, at, parts, more)

    def told_update(
        self,
        step: Step,
        before: float,
        target: float,
        at: int,
        parts: tuple[Part, ...],
        more: tuple[str, ...],
    ) -> Update:
        """An update of V(state), written out, with more lines beneath it; no value stands still after it."""
        state, action, reward, s_next, terminated, truncated = step
        return Update(
            state=state,
            action=action,
            reward=reward,
            next_state=s_next,
            next_action=None,
            terminated=terminated,
            truncated=truncated,
            explored=False,
            before=before,
            target=target,
            td_error=target - before,
            after=float("nan"),
            alpha=self.config.learning_rate,
            gamma=self.config.gamma,
            parts=parts,
            lines=tuple(Line(state, (Part(line),)) for line in more),
            step=at,
            of_state=True,
        )


def explained_variance(rollout: Rollout) -> Floats:
    """`[N]`: 1 - Var(target - value) / Var(target); 1 is a perfect critic, 0 no better than a constant."""
    return 1.0 - rollout.advantage.var(axis=1) / np.maximum(rollout.target.var(axis=1), 1e-12)
