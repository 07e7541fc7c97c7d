"""What agents with networks share on worlds whose states can be listed."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.agent import Agent, Curve, Floats, Ints, Snapshot, Update, View
from rlsandbox.learning.configs import Discounted
from rlsandbox.learning.hyperparams import hp
from rlsandbox.learning.lazy import Lazily
from rlsandbox.learning.networks import Judged, Networks, device_named
from rlsandbox.learning.optimizer import Optimizer
from rlsandbox.learning.policy import TabularPolicy
from rlsandbox.learning.problem import Enumerable, Remap, drifting
from rlsandbox.learning.rolling import FOREVER, Copies, Transitions, roll
from rlsandbox.learning.threads import torch_settings
from rlsandbox.learning.update_log import UpdateLog
from rlsandbox.learning.walk import Model, Walk
from rlsandbox.worlds.errors import check
from rlsandbox.worlds.observations import observe

if TYPE_CHECKING:
    import torch
    from torch import Tensor
else:
    torch = Lazily("torch")


_WIDE = 8
"""Replicas from which on several threads pay."""


class DeepConfig(Discounted):
    """Hyperparameters that every agent with networks has."""

    learning_rate: float = hp(
        3e-4, gt=0, le=1, log=True, label="Step size", symbol="α", doc="step size of the optimizer", live=True
    )
    layers: int = hp(2, ge=0, le=8, label="Hidden layers", doc="hidden layers of each network")
    units: int = hp(64, ge=1, le=4096, log=True, label="Units", doc="units of a hidden layer")
    activation: Literal["tanh", "relu"] = hp("tanh", doc="what each hidden unit does", advanced=True)
    observation: Literal["one_hot", "xy", "window", "planes", "pixels"] = hp(
        "one_hot", doc="what the network sees of a state; planes and pixels go through convolutions"
    )
    device: Literal["cpu", "cuda", "mps"] = hp("cpu", doc="where the networks are computed", advanced=True)


class DeepAgent(Agent):
    """Base of agents that learn by gradient: their networks, walkers, logs, and how they are shown.

    Attributes:
        nets: the networks that act and are improved.
        walk: counts and logs of each replica; copies: where its copies stand; memory: what they met.
        log: numbers of the updates.
        updates: how many gradient updates the networks have seen.
        shown: `[N]` numbers of the newest update that each replica learnt from, by name, of all replicas.
    """

    accepts = (Enumerable,)
    problem: Enumerable
    Config = DeepConfig
    logged: ClassVar[tuple[str, ...]] = ("loss",)
    """Names of what an update logs."""

    def __init__(self, problem: Enumerable, config: DeepConfig, seeds: Sequence[int]) -> None:
        super().__init__(problem, config, seeds)
        self._computing = False
        self.device = device_named(config.device)
        self.walk = Walk.begin(self.seeds, drifting(problem))
        self.copies = Copies.begin(self.n_seeds, self.n_copies)
        self.memory = Transitions.room_for(self.n_seeds, self.capacity)
        self.log = UpdateLog(self.logged, self.n_seeds)
        self.updates = np.zeros(1, np.int64)
        self.show_nothing()
        self._look_at(problem)
        self.nets = self.make_nets()
        self.optimizer = self.make_optimizer(self.nets)

    # -- what a subclass says ----------------------------------------------------------------------

    @property
    def n_copies(self) -> int:
        """E, how many copies of a replica walk side by side."""
        return 1

    @property
    @abstractmethod
    def capacity(self) -> int:
        """C, steps a replica that are remembered."""

    @abstractmethod
    def make_nets(self) -> Networks:
        """Networks that have learnt nothing yet."""

    def make_optimizer(self, nets: Networks) -> Optimizer:
        """What improves them; Adam's epsilon is that of the baselines of PPO ("37 details", detail 3)."""
        return Optimizer(nets, "adam", self.config.learning_rate, 1e-5)

    @abstractmethod
    def chances(self) -> Floats:
        """`[N, S, A]` chances of the actions that it takes while it learns."""

    @abstractmethod
    def greedy(self) -> TabularPolicy:
        """What it would do without exploring."""

    @abstractmethod
    def values(self, replicas: slice) -> tuple[Floats, Floats, Floats]:
        """Of some replicas V `[n, S]`, Q `[n, S, A]` and the policy `[n, S, A]` that overlays show."""

    def told(self, replica: int) -> Update | None:
        """The newest update of a replica with its own numbers; None before the first."""
        return None

    def imagined(self, state: int, replica: int) -> Update | None:
        """The update that a live state would get now."""
        return None

    # -- learning ----------------------------------------------------------------------------------

    @contextmanager
    def computing(self) -> Iterator[None]:
        """The settings of torch that it computes with."""
        if self._computing:
            yield
            return
        self._computing = True
        try:
            # what is not finite is found by who looks for it
            with torch_settings(), np.errstate(all="ignore"):
                yield
        finally:
            self._computing = False

    @property
    def _threads(self) -> int:
        """Threads that pay."""
        return self.threads if self.n_seeds >= _WIDE else 1

    @property
    def resting(self) -> NDArray[np.bool_]:
        """`[N]`: replicas whose budget is spent, or that wait for the world to change."""
        last = min(self.step_budget, self.barrier)
        return (self.walk.steps >= last) | (self.walk.episodes >= self.episode_budget)

    def roll(self, count: int = FOREVER, step: int = FOREVER, episode: Ints | None = None) -> None:
        """Walk by `chances` until each replica's budget is spent, or before.

        Args:
            count: steps that a replica's memory is to count.
            step: steps that it is to have made.
            episode: `[N]` episodes that it is to have finished.
        """
        limit = np.full(self.n_seeds, FOREVER) if episode is None else episode
        limit = np.minimum(limit, self.episode_budget)
        places = self.walk, self.copies, self.memory, self.visits
        last = min(step, self.step_budget, self.barrier)
        roll(self.remembered("chances", self.chances), self._model, *places, count, last, limit)

    def judge(self, states: Ints) -> Judged:
        """What the networks say of states `[N, B]`, with room for the slopes of a loss."""
        return self.nets.judge(self.seen(states), self._threads)

    def descend(
        self,
        judged: Judged,
        active: NDArray[np.bool_],
        most: float,
        numbers: NDArray[np.float64],
        *more: NDArray[np.float64],
    ) -> None:
        """One gradient step of the active replicas down the slopes, with norms of at most `most`.

        Logged are `numbers` `[K, N]`, the norms of the gradients, and `more` `[N]`.
        """
        self.nets.backward(judged.slope.to(self.device), judged.given)
        norms = self.optimizer.step(active, most, self._threads)
        self.updates += 1
        self.log.add(np.vstack((numbers, norms, *more)), active)

    def show(self, active: NDArray[np.bool_], numbers: dict[str, Any]) -> None:
        """Keep an update's numbers for the inspector, for those who learnt from it."""
        for i in np.flatnonzero(active):
            self.shown[i] = numbers

    def show_nothing(self) -> None:
        """No update so far, or none that speaks of what there is now."""
        self.shown: list[dict[str, Any]] = [{}] * self.n_seeds

    # -- networks on all states --------------------------------------------------------------------

    def _look_at(self, problem: Enumerable) -> None:
        self.problem, self._model = problem, Model.of(problem.mdp)
        mdp = problem.mdp
        self.visits = np.zeros((self.n_seeds, mdp.n_states, mdp.n_actions), np.int64)
        self._remembered: dict[str, tuple[int, Any]] = {}
        every = np.arange(mdp.n_states)
        self._table: Tensor | None = None
        if self.config.observation != "one_hot":
            seen = observe(problem.world, every, self.config.observation)
            self._table = torch.from_numpy(seen).to(self.device)
        self._every = self.seen(np.broadcast_to(every, (self.n_seeds, every.size)).copy())

    @property
    def observation_shape(self) -> tuple[int, ...]:
        """D..., a length or (C, H, W)."""
        return (self.problem.mdp.n_states,) if self._table is None else tuple(self._table.shape[1:])

    def seen(self, states: NDArray[np.int64]) -> Tensor:
        """What the networks are given for states `[N, B]`."""
        chosen = torch.from_numpy(states).to(self.device)
        return chosen if self._table is None else self._table[chosen]

    def remembered(self, name: str, compute: Any) -> Any:
        """Something that follows from the networks alone, computed once an update."""
        version, value = self._remembered.get(name, (-1, None))
        if version != self.updates[0]:
            value = compute()
            self._remembered[name] = int(self.updates[0]), value
        return value

    def outputs(self) -> dict[str, Floats]:
        """`[N, S, size]` outputs by head for all states."""
        return self.remembered("outputs", lambda: self.all_states(self.nets))

    def all_states(self, nets: Networks) -> dict[str, Floats]:
        """`[N, S, size]` what networks say of all states, by head."""
        with self.computing():
            out = nets.forward(self._every, self._threads)[0].cpu().double()
        return {name: part.numpy() for name, part in nets.by_head(out).items()}

    # -- being looked at ---------------------------------------------------------------------------

    def snapshot(self, view: View) -> Snapshot:
        """Copies for one replica, or means over all."""
        one = view.replica
        shown, live = one or 0, self.problem.mdp.live
        replicas = slice(None) if one is None else slice(one, one + 1)
        v, q, policy = (every.mean(axis=0) for every in self.values(replicas))
        visits = None
        if "visits" in view.wants:
            visits = self.visits.sum(axis=0) if one is None else self.visits[one].copy()
        selected = view.selected
        backup = None
        if selected is not None and selected < live.size and live[selected]:
            backup = self.imagined(selected, shown)
        return Snapshot(
            replica=one,
            v=np.where(live, v, 0.0),
            q=q,
            policy=policy,
            steps=self.steps.copy(),
            episodes=self.episodes.copy(),
            visits=visits,
            state=int(self.walk.state[shown]),
            trail=self._trail(shown),
            update=self.told(shown),
            backup=backup,
            gamma=float(self.config.gamma),
            metrics=self.metrics(shown),
            fields={name: self.field(name, one) for name in self.offers & view.wants},
        )

    def _trail(self, replica: int) -> Ints:
        """The last states of the first copy's running episode, oldest first."""
        made = int(-(-self.walk.steps[replica] // self.n_copies))
        kept = min(self.walk.trail.shape[1], int(self.walk.length[replica]))
        return self.walk.trail[replica, np.arange(made - kept, made) % self.walk.trail.shape[1]]

    def metrics(self, replica: int) -> dict[str, float]:
        """Numbers of the last update."""
        found = dict(zip(self.log.names, self.log.latest[:, replica].tolist(), strict=True))
        return {name: value for name, value in found.items() if np.isfinite(value)}

    def policy(self) -> TabularPolicy:
        """What it would do without exploring, in every state."""
        return self.remembered("greedy", self.greedy)

    # -- state -------------------------------------------------------------------------------------

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Every array but the numbers of the networks, by reference."""
        parts = {"walk": self.walk, "copies": self.copies, "memory": self.memory}
        named = {
            f"{part}.{name}": a for part, arrays in parts.items() for name, a in arrays._asdict().items()
        }
        log = {f"log.{name}": array for name, array in self.log.arrays().items()}
        own = {f"optimizer.{name}": array for name, array in self.optimizer.arrays().items()}
        return {**named, **log, **own, "visits": self.visits, "updates": self.updates}

    def tensors(self) -> dict[str, Tensor]:
        """The flat tensors of all networks by name, by reference."""
        return {"nets": self.nets.flat}

    def state(self) -> dict[str, NDArray[Any]]:
        """Networks, optimizer, memory, logs and walkers."""
        nets = {name: flat.cpu().numpy().copy() for name, flat in self.tensors().items()}
        return {**nets, **{name: array.copy() for name, array in self.arrays().items()}}

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Take over copies of what `state` gave."""
        for name, array in self.arrays().items():
            array[...] = state[name]
        for name, flat in self.tensors().items():
            flat.copy_(torch.from_numpy(np.array(state[name])))
        self._remembered.clear()
        self.show_nothing()

    def check_state(self, state: dict[str, NDArray[Any]]) -> None:
        """Refuse what does not fit, and places that kernels would look for outside the tables."""
        super().check_state(state)
        mdp = self.problem.mdp
        walk = Walk(**{name: state[f"walk.{name}"] for name in Walk._fields})
        memory = Transitions(**{name: state[f"memory.{name}"] for name in Transitions._fields})
        standing = state["copies.state"]
        inside = walk.fits(mdp) and standing.min() >= -1 and standing.max() < mdp.n_states
        check(bool(inside), "where its replicas stand is outside its world.")
        check(memory.fits(mdp.n_states, mdp.n_actions), "what it remembers is outside its world.")
        log = bool((state["log.width"] >= 1).all() and (state["log.count"] >= 0).all())
        bins = self.log.sums.shape[2]
        check(log and bool((state["log.count"] <= bins * state["log.width"]).all()), "its log is damaged.")

    def replace_problem(self, problem: Enumerable) -> None:
        """Keep what was learnt; what it remembers of a world with other states is forgotten."""
        remap, before = Remap.between(self.problem.world, problem.world), self.nets
        visits, standing = self.visits, self.copies.state.copy()
        self._look_at(problem)
        if self.walk.drifted.shape[1] != drifting(problem):
            self.walk = self.walk._replace(drifted=np.zeros((self.n_seeds, drifting(problem))))
        self.visits = visits if remap is None else remap.onto(self.visits, visits)
        if remap is not None or before.shape != self.observation_shape:
            self.nets = self.make_nets()
            hot = remap.states if remap is not None and self._table is None else None
            actions = np.arange(problem.mdp.n_actions) if remap is None else remap.actions
            self.nets.take_over(before, hot, actions)
            self.optimizer = self.make_optimizer(self.nets)
        if remap is not None:
            self.copies = self.copies._replace(state=np.vectorize(remap.state)(standing).astype(np.int64))
            self.walk.trail[:] = -1
        new = remap is not None or before is not self.nets
        if new or self.memory.state.shape[1] != self.capacity:
            self.memory = Transitions.room_for(self.n_seeds, self.capacity)
            self.forget()
        self._cut(standing)

    def _cut(self, standing: Ints) -> None:
        """Truncate and log the episodes of copies that stood where nobody can stand any more."""
        live, state, walk, memory = self.problem.mdp.live, self.copies.state, self.walk, self.memory
        for i, e in np.argwhere((standing >= 0) & ((state < 0) | ~live[np.maximum(state, 0)])):
            walk.state[i] = 0  # the log takes it for the episode of the replica
            walk.score[i], walk.length[i] = self.copies.score[i, e], self.copies.length[i, e]
            walk.cut(int(i))
            state[i, e] = -1
            newest = memory.count[i] - 1 - (walk.steps[i] - 1 - e) % self.n_copies
            if newest >= 0:
                memory.truncated[i, newest % self.capacity] = True
        first = state[:, 0]
        walk.state[:], walk.length[:] = first, np.where(first >= 0, self.copies.length[:, 0], 0)

    def forget(self) -> None:
        """What else was kept of states that have other numbers now."""
        self.show_nothing()

    def reconfigure(self, config: Any) -> None:
        """Use changed hyperparameters from the next update on."""
        super().reconfigure(config)
        self._remembered.clear()
        self.optimizer.learning_rate = config.learning_rate

    def learnt(self) -> dict[str, NDArray[Any]]:
        """All weights."""
        return {name: flat.cpu().numpy() for name, flat in self.tensors().items()}

    def curves(self) -> dict[str, Curve]:
        """Return and length of the episodes, and what the updates logged."""
        return {**self.walk.curves(), **self.log.curves()}

    def latest_returns(self, episodes: int) -> list[Floats]:
        """Each replica's returns of its last episodes."""
        return self.walk.latest_returns(episodes)

    @property
    def steps(self) -> Ints:
        """`[N]` environment steps, of all copies together."""
        return self.walk.steps

    @property
    def episodes(self) -> Ints:
        """`[N]` finished episodes."""
        return self.walk.episodes
