"""What agents share that learn an actor and critics of its actions from a memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.agent import Floats, Line, Part, Update, number
from rlsandbox.learning.dense import Units
from rlsandbox.learning.hyperparams import hp
from rlsandbox.learning.lazy import Lazily
from rlsandbox.learning.networks import Networks
from rlsandbox.learning.off_policy import OffPolicy, ReplayConfig
from rlsandbox.learning.optimizer import UNCLIPPED, Optimizer
from rlsandbox.learning.problem import Enumerable, Problem, Remap
from rlsandbox.learning.replay import pick, steps_at
from rlsandbox.learning.squashed import draw_normal, draw_uniform
from rlsandbox.learning.stepped import Stepped
from rlsandbox.learning.written import closed

if TYPE_CHECKING:
    import torch
    from torch import Tensor
else:
    torch = Lazily("torch")

_LARGE = 2**23
"""Rows times the numbers of a hidden layer's weights from which on a batch is large."""


class CriticsConfig(ReplayConfig):
    """Hyperparameters of methods with an actor and critics; networks as in the papers."""

    learning_rate: float = hp(
        3e-4, gt=0, le=1, log=True, label="Step size", symbol="α", doc="of actor and critics", live=True
    )
    units: int = hp(256, ge=1, le=4096, log=True, label="Units", doc="units of a hidden layer")
    activation: Literal["tanh", "relu"] = hp("relu", doc="what each hidden unit does", advanced=True)
    batch: int = hp(
        256, ge=1, le=65_536, log=True, label="Batch", doc="steps that an update learns from", advanced=True
    )
    train_every: int = hp(
        1,
        ge=1,
        le=10_000,
        log=True,
        label="Update every",
        doc="steps from update to update",
        unit="steps",
        advanced=True,
    )
    tau: float = hp(
        0.005, gt=0, le=1, log=True, symbol="τ", doc="how far the targets follow", live=True, advanced=True
    )


class Batch:
    """Steps of each of N replicas, drawn from the memory, by U = N * parts units of B steps, see `Units`.

    Attributes:
        states, next_states: as the memory stores them, `[U, B, ...]`.
        seen, next_seen: what networks see there.
        actions: `[U, B]` int64 or `[U, B, A]` float32.
        reward: `[U, B]`; goes_on: `[U, B]`, 0 where the episode terminated, else gamma.
    """

    def __init__(self, agent: Critics, chosen: NDArray[np.int64]) -> None:
        memory, units = agent.memory, agent.n_seeds * agent.parts

        def drawn(array: NDArray[Any]) -> NDArray[Any]:
            return steps_at(array, chosen).reshape(units, -1, *array.shape[2:])

        self.states, self.next_states = drawn(memory.state), drawn(memory.next_state)
        self.seen, self.next_seen = agent.ground.seen(self.states), agent.ground.seen(self.next_states)
        self.actions, self.reward = drawn(memory.action), drawn(memory.reward)
        self.terminated = drawn(memory.terminated)
        self.goes_on = agent.config.gamma * ~self.terminated

    def told(self) -> dict[str, NDArray[Any]]:
        """What an inspector may show of it, by unit."""
        told = {"state": self.states, "next_state": self.next_states, "action": self.actions}
        return told | {"reward": self.reward, "terminated": self.terminated}


class Critics(OffPolicy):
    """Base of off-policy methods with an actor, `nets`, and one or more critics of its actions.

    A critic sees the observation and a continuous action side by side and says their value, or it sees the
    observation and says the values of all numbered actions. Twin critics are computed as one.

    Attributes:
        critics, target_critics: what says Q, and what follows it slowly.
        critic_norm: `[N]` norms of the newest gradients of the critics.
    """

    n_critics: ClassVar[int] = 2
    squashes: ClassVar[bool] = True

    def __init__(self, problem: Problem, config: CriticsConfig, seeds: Sequence[int]) -> None:
        super().__init__(problem, config, seeds)
        self._make_critics()

    @classmethod
    def misfit(cls, problem: Problem) -> str | None:
        """Pictures and continuous actions do not stand side by side."""
        said = super().misfit(problem)
        fits = isinstance(problem, Enumerable) or len(problem.world.shape) == 1
        if said is not None or fits or not problem.actions.continuous:
            return said
        return f"{cls.title} wants observations that are numbers, not those of {problem.world.name}."

    @property
    def continuous(self) -> bool:
        """Whether actions are numbers."""
        return self.problem.actions.continuous

    def _make_critics(self) -> None:
        size = self.problem.actions.size
        shape = (self.observation_shape[0] + size,) if self.continuous else self.observation_shape
        heads = {f"q{k + 1}": (1 if self.continuous else size, 1.0) for k in range(self.n_critics)}
        # other seeds than the actor's: the same ones would draw the same first layer
        seeds = [int(np.random.SeedSequence([seed, 1]).generate_state(1)[0]) for seed in self.seeds]
        self.critics = self.built(heads, shape, seeds)
        self.target_critics = self.critics.copy()
        self.critic_optimizer = self.make_optimizer(self.critics)

    def make_optimizer(self, nets: Networks) -> Optimizer:
        """Adam as published."""
        return Optimizer(nets, "adam", self.config.learning_rate, 1e-8)

    def drawn(self) -> Batch:
        """A batch, drawn uniformly."""
        chosen = np.empty((self.n_seeds, self.config.batch), np.int64)
        pick(self.walk.rng, self.memory.count, self.capacity, chosen)
        return Batch(self, chosen)

    def beside(self, seen: Tensor, action: NDArray[Any]) -> Tensor:
        """`[N, B, D + A]`: what critics of continuous actions see."""
        return torch.cat((seen, torch.from_numpy(np.float32(action)).to(seen.device)), dim=-1)

    @property
    def parts(self) -> int:
        """How many parts a batch is cut into, for two threads; that depends on nothing but its size."""
        plain = self.device == "cpu" and self.continuous
        return 2 if plain and self.config.batch % 2 == 0 and self.large else 1

    @property
    def large(self) -> bool:
        """By what a hidden layer computes."""
        return self.config.batch * self.config.units**2 >= _LARGE

    @property
    def shareable(self) -> bool:
        """Several replicas, or large batches."""
        return super().shareable or self.parts > 1

    def normal(self, shape: tuple[int, ...], moving: NDArray[np.bool_]) -> Floats:
        """Standard normal numbers `[N, B, A]` for the `moving` replicas, 0 for others."""
        drawn = np.zeros(shape)
        draw_normal(self.walk.rng, moving, drawn)
        return drawn

    def normal_by_unit(self, active: NDArray[np.bool_]) -> Floats:
        """`[U, B, A]` for actions of a batch."""
        size = self.problem.actions.size
        drawn = self.normal((self.n_seeds, self.config.batch, size), active)
        return drawn.reshape(self.n_seeds * self.parts, -1, size)

    def by_replica(self, array: NDArray[Any]) -> NDArray[Any]:
        """`[N, ...]`: an array by unit `[U, B, ...]`."""
        return array.reshape(self.n_seeds, -1, *array.shape[2:])

    def valued(self, critics: Networks, seen: Tensor, action: NDArray[Any], units: Units) -> Floats:
        """`[n, B, K]`: what K critics say of continuous actions."""
        said = critics.forward(self.beside(seen, action), units)[..., 0]
        return said.transpose(0, 2, 1).astype(np.float64)

    def fit_critics(self, seen: Tensor, target: Floats, actions: NDArray[Any] | None, units: Units) -> Floats:
        """Set the gradient that draws every critic to the target `[n, B]`.

        Args:
            seen: what the critics see, `[n, B, ...]`.
            target: see there.
            actions: `[n, B]` numbered ones; None where a critic says one value.
            units: which they are.

        Returns:
            what the critics say of the actions, `[n, B, K]`.
        """
        judged = self.critics.judge(seen, units)
        at = np.s_[..., 0]
        if actions is not None:
            n, k, b = (np.arange(size) for size in judged.out.shape[:3])
            at = np.s_[n[:, None, None], k[:, None], b, actions[:, None]]
        value = judged.out[at].astype(np.float64)
        judged.slope[at] = 2.0 / self.config.batch * (value - target[:, None])
        self.critics.backward(judged)
        return value.transpose(0, 2, 1)

    @staticmethod
    def judgement(q: Floats, target: Floats, actor_loss: Floats) -> tuple[Floats, ...]:
        """To be logged, `[N]` each: losses of critics and actor, mean Q, mean distance to the target.

        `q` is `[N, B, K]`, `target` `[N, B]`.
        """
        error = target[..., None] - q
        far = np.abs(error[..., 0]).mean(axis=1)
        return (error**2).mean(axis=(1, 2)), actor_loss, q.mean(axis=(1, 2)), far

    def follow_critics(self, active: NDArray[np.bool_]) -> None:
        """One step of the critics down the gradient that is set."""
        self.critics.add_up()
        self.critic_norm = self.critic_optimizer.step(active, UNCLIPPED, self._threads)

    def follow_actor(self, active: NDArray[np.bool_]) -> None:
        """One step of the actor down the gradient that is set."""
        self.nets.add_up()
        self.optimizer.step(active, UNCLIPPED, self._threads)

    def pull(
        self, critics: Networks, seen: Tensor, action: NDArray[Any], units: Units
    ) -> tuple[Floats, Floats]:
        """How an action changes the mean over a batch of -Q, and Q itself.

        Returns:
            `[n, B, A]` slopes at the action, and `[n, B]` Q: of the critic that says least there.
        """
        judged = critics.judge(self.beside(seen, action), units)
        q = judged.out[..., 0]
        of_least = np.arange(q.shape[1])[:, None] == q.argmin(axis=1)[:, None]
        judged.slope[of_least] = -1.0 / self.config.batch
        slopes = critics.slopes_at_inputs(judged)
        return slopes[..., seen.shape[-1] :].astype(np.float64), q.min(axis=1)

    def at_random(self, shape: tuple[int, ...], moving: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Uniform actions `[N, B, A]`, with which the memory is filled before the first update."""
        action = np.zeros(shape, np.float32)
        draw_uniform(self.walk.rng, moving, action)
        return action

    @property
    def beginning(self) -> bool:
        """Whether no update has been made yet."""
        return bool(self.updates[0] == 0)

    # -- state -------------------------------------------------------------------------------------

    def networks(self) -> dict[str, Networks]:
        """Actor, critics and what follows them."""
        return {**super().networks(), "critics": self.critics, "target_critics": self.target_critics}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What the critics' optimizer remembers."""
        own = {f"critic_optimizer.{name}": a for name, a in self.critic_optimizer.arrays().items()}
        return {**super().arrays(), **own}

    def reconfigure(self, config: Any) -> None:
        """Use changed hyperparameters from the next update on."""
        super().reconfigure(config)
        self.critic_optimizer.learning_rate = config.learning_rate

    def _take_over(self, before: Networks, remap: Remap | None) -> None:
        super()._take_over(before, remap)
        known = self.critics
        self._make_critics()
        self.critics.take_over(known, *self.moved(known, remap))
        self.target_critics = self.critics.copy()

    # -- being shown -------------------------------------------------------------------------------

    def shown_values(self, replicas: slice) -> tuple[Floats, Floats, Floats]:
        """Of continuous actions V = min Q at what the actor would do; there is no table of Q."""
        ground = self.ground
        assert isinstance(ground, Stepped)
        seen, which = ground.points(replicas), range(self.n_seeds)[replicas]
        best = self.best(ground.shown(self.nets, replicas))
        units = Units(which.start, which.stop)
        q = self.valued(self.critics, seen, best, units).min(axis=2)
        size = self.problem.actions.size
        return q, np.full((*q.shape[:2], size), np.nan), np.empty((*q.shape[:2], 0))

    def target_update(
        self, shown: dict[str, Any], replica: int, target: tuple[Part, ...], lines: tuple[str, ...]
    ) -> Update:
        """The newest batch's first step: its target written out, what it was drawn from, and more lines."""
        ground, first = self.ground, {name: array[replica, 0] for name, array in shown.items()}
        state, s_next = (int(ground.spots(first[name][None])[0]) for name in ("state", "next_state"))
        before, goal = float(first["before"]), float(first["target"])
        parts = (
            Part("δ = "),
            *target,
            Part(" − "),
            Part(closed(before), "old", state),
            Part(f" = {number(goal - before)}"),
        )
        return Update(
            state=state,
            action=None if self.continuous else int(first["action"]),
            reward=float(first["reward"]),
            next_state=s_next,
            next_action=None,
            terminated=bool(first["terminated"]),
            truncated=False,
            explored=False,
            before=before,
            target=goal,
            td_error=goal - before,
            after=float("nan"),
            alpha=self.config.learning_rate,
            gamma=self.config.gamma,
            parts=parts,
            lines=tuple(Line(state, (Part(line),)) for line in lines),
            step=int(self.walk.steps[replica]),
        )

    def imagined(self, state: int, replica: int) -> Update | None:
        """A step of a batch is drawn, not imagined."""
        return None
