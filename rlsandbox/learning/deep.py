"""What agents with networks share."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.agent import Curve, Floats, Ints, Snapshot, Update, View
from rlsandbox.learning.configs import Discounted
from rlsandbox.learning.descent import Descending
from rlsandbox.learning.ground import Heads
from rlsandbox.learning.guided import Rule, fill_all
from rlsandbox.learning.hyperparams import hp
from rlsandbox.learning.listed import Listed
from rlsandbox.learning.network_policy import NetworkPolicy
from rlsandbox.learning.networks import Networks, device_named
from rlsandbox.learning.optimizer import Optimizer
from rlsandbox.learning.policy import TabularPolicy
from rlsandbox.learning.problem import Enumerable, Problem, Remap, Simulated, drifting
from rlsandbox.learning.rolling import FOREVER, Copies, Transitions
from rlsandbox.learning.stepped import Stepped
from rlsandbox.learning.update_log import UpdateLog
from rlsandbox.learning.walk import Walk
from rlsandbox.worlds.errors import check

_SHARE = 0.15
"""Of the time, which asking about what is shown may take where a moment old will do."""


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
    frames: int = hp(
        1,
        ge=1,
        le=8,
        label="Frames",
        doc="how many observations, the newest and those before, are seen together",
    )
    device: Literal["cpu", "cuda", "mps"] = hp("cpu", doc="where the networks are computed", advanced=True)


class DeepAgent(Descending):
    """Base of agents that learn by gradient: their networks, walkers, logs, and how they are shown.

    Attributes:
        walk: counts and logs of each replica; memory: what their copies met.
        log: numbers of the updates.
        shown: `[N]` numbers of the newest update that each replica learnt from, by name, of all replicas.
    """

    accepts = (Enumerable, Simulated)
    acts: ClassVar[frozenset[str]] = frozenset({"numbered"})
    """Kinds of actions that it can choose: "numbered", "continuous"."""
    Config = DeepConfig
    logged: ClassVar[tuple[str, ...]] = ("loss",)
    """Names of what an update logs."""
    acting: ClassVar[tuple[str, ...]] = ("policy",)
    """Heads that its actions are taken from, as far as its networks have them."""
    squashes: ClassVar[bool] = False
    """Whether continuous actions are the hyperbolic tangents of what the head says, in units."""

    def __init__(self, problem: Problem, config: DeepConfig, seeds: Sequence[int]) -> None:
        super().__init__(problem, config, seeds)
        self.device = device_named(config.device)
        listed = isinstance(problem, Enumerable)
        self.walk = Walk.begin(self.seeds, drifting(problem) if listed else 0)
        self.ground: Listed | Stepped = (
            Listed(problem, self.seeds, self.n_copies, config.observation, config.frames, self.device)
            if isinstance(problem, Enumerable)
            else Stepped(problem, self.seeds, self.n_copies, self.device)
        )
        self.memory = self.ground.room_for(self.capacity)
        self.log = UpdateLog(self.logged, self.n_seeds)
        self.updates = np.zeros(1, np.int64)
        self._remembered: dict[str, tuple[Any, Any]] = {}
        self.show_nothing()
        self.nets = self.make_nets()
        self.optimizer = self.make_optimizer(self.nets)

    @classmethod
    def misfit(cls, problem: Problem) -> str | None:
        """It wants actions of a kind that it can choose."""
        kind = "continuous" if problem.actions.continuous else "numbered"
        if kind in cls.acts:
            return None
        wanted = "numbered actions" if kind == "continuous" else "continuous actions"
        return f"{cls.title} chooses {wanted}; those of {problem.world.name} are {kind}."

    @classmethod
    def idle(cls, kind: type[Problem]) -> frozenset[str]:
        """A world that can only be played shows what it shows."""
        return frozenset({"observation", "frames"} if issubclass(kind, Simulated) else ())

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

    def built(
        self,
        heads: dict[str, tuple[int, float]],
        shape: tuple[int, ...] | None = None,
        seeds: Sequence[int] | None = None,
        shared: bool = False,
    ) -> Networks:
        """Networks with such heads and the hidden layers of the hyperparameters.

        They see what has the given shape, else observations, and are drawn by the given seeds, else its own.
        """
        config, seen = self.config, shape or self.observation_shape
        kind = config.activation, shared, self.device, self.parts
        return Networks(seen, [config.units] * config.layers, heads, seeds or self.seeds, *kind)

    def make_optimizer(self, nets: Networks) -> Optimizer:
        """What improves them; Adam's epsilon is that of the baselines of PPO ("37 details", detail 3)."""
        return Optimizer(nets, "adam", self.config.learning_rate, 1e-5)

    def rule(self) -> Rule:
        """How the chances of numbered actions follow from the outputs of a head while it learns."""
        raise NotImplementedError(f"{self.title} has continuous actions alone")

    @abstractmethod
    def act(self, said: Heads, moving: NDArray[np.bool_]) -> NDArray[Any]:
        """Actions that the `moving` replicas take while they learn, `[N, B]` or `[N, B, A]`."""

    @abstractmethod
    def best(self, said: Heads) -> NDArray[Any]:
        """Actions without exploring, `[n, B]` or `[n, B, A]`."""

    @abstractmethod
    def shown_values(self, replicas: slice) -> tuple[Floats, Floats, Floats]:
        """Of what `Ground.shown` speaks of V `[n, S]`, Q `[n, S, A]`, and the policy `[n, S, A]`."""

    def told(self, replica: int) -> Update | None:
        """The newest update of a replica with its own numbers; None before the first."""
        return None

    def imagined(self, state: int, replica: int) -> Update | None:
        """The update that a live state (of several frames: a stack) would get now."""
        return None

    # -- learning ----------------------------------------------------------------------------------

    @property
    def resting(self) -> NDArray[np.bool_]:
        """`[N]`: replicas whose budget is spent, or that wait for the world to change."""
        last = min(self.step_budget, self.barrier)
        return (self.walk.steps >= last) | (self.walk.episodes >= self.episode_budget)

    def roll(self, count: int = FOREVER, step: int | Ints = FOREVER, episode: Ints | None = None) -> None:
        """Walk until each replica's budget is spent, or before.

        Args:
            count: steps that a replica's memory is to count.
            step: steps that it is to have made, `[N]` or all the same.
            episode: `[N]` episodes that it is to have finished.
        """
        limit = np.full(self.n_seeds, FOREVER) if episode is None else episode
        limit = np.minimum(limit, self.episode_budget)
        last = np.full(self.n_seeds, np.minimum(step, min(self.step_budget, self.barrier)))
        self.ground.threads = self._threads
        self.ground.walk_on(self, count, last, limit)

    def show(self, active: NDArray[np.bool_], numbers: dict[str, Any]) -> None:
        """Keep an update's numbers for the inspector, for those who learnt from it."""
        for i in np.flatnonzero(active):
            self.shown[i] = numbers

    @property
    def observation_shape(self) -> tuple[int, ...]:
        """D... of what a network sees."""
        return self.ground.shape

    def show_nothing(self) -> None:
        """No update so far, or none that speaks of what there is now."""
        self.shown: list[dict[str, Any]] = [{}] * self.n_seeds

    # -- what the networks say ---------------------------------------------------------------------

    @property
    def copies(self) -> Copies:
        """Where the copies stand."""
        return self.ground.copies

    def remembered(self, name: str, compute: Any) -> Any:
        """Something that follows from the networks alone, computed once for each of their versions."""
        version, value = self._remembered.get(name, (-1, None))
        if version != self.nets.version:
            value = compute()
            self._remembered[name] = self.nets.version, value
        return value

    def said(self, states: NDArray[Any], nets: Networks | None = None) -> Heads:
        """What the networks, or others, say of stored states, by head `[N, B, size]`."""
        return self.ground.said(nets or self.nets, states)

    def outputs(self) -> Heads:
        """`[N, T, size]` of all `stacks`, by head."""
        assert isinstance(self.ground, Listed)
        return self.ground.outputs(self.nets)

    def chances(self) -> Floats:
        """`[N, T, A]` chances of the actions in all `stacks` while it learns."""
        return self.remembered("chances", self._chances)

    def _chances(self) -> Floats:
        rule = self.rule()
        head = self.outputs()[rule.head]
        chances = np.empty_like(head)
        fill_all(head, rule.greedy, rule.epsilon, chances)
        return chances

    # -- being looked at ---------------------------------------------------------------------------

    def snapshot(self, view: View) -> Snapshot:
        """Copies for one replica, or means over all."""
        one, ground = view.replica, self.ground
        shown = one or 0
        replicas = slice(None) if one is None else slice(one, one + 1)
        ground.looks_at(view.slice)
        every, best = self._shown_to(view, replicas)
        at: Any = ground.on_screen(one)
        v, q, policy = (part[:, at].mean(axis=0) for part in every)
        facts: dict[str, Any] = {}
        if isinstance(ground, Listed):
            live, selected = ground.problem.mdp.live, view.selected
            v = np.where(live, v, 0.0)
            if "visits" in view.wants:
                facts["visits"] = ground.visited(one)
            if selected is not None and selected < live.size and live[selected]:
                facts["backup"] = self.imagined(int(at[selected]), shown)
            facts["state"] = int(ground.spots(self.walk.state[shown]))
        else:
            facts["played"] = ground.told(self.walk, shown, best)
            facts["state"] = facts["played"].state
        return Snapshot(
            replica=one,
            v=v,
            q=q,
            policy=policy,
            steps=self.steps.copy(),
            episodes=self.episodes.copy(),
            trail=ground.trail(self.walk, shown),
            update=self.told(shown),
            gamma=float(self.config.gamma),
            metrics=self.metrics(shown),
            fields={name: self.field(name, one) for name in self.offers & view.wants},
            **facts,
        )

    def _shown_to(self, view: View, replicas: slice) -> tuple[tuple[Floats, Floats, Floats], Floats]:
        """`shown_values` and `best_shown`; a patient view gets those of a moment ago until they are due."""
        asked = replicas, self.ground.slice if isinstance(self.ground, Stepped) else None
        patient, began = view.patient and isinstance(self.ground, Stepped), time.perf_counter()
        known, (due, shown) = self._remembered.get("shown", (None, (0.0, None)))
        if not (patient and known == asked and began < due):
            with self.computing():
                shown = self.shown_values(replicas), self.best_shown(replicas)
            ended = time.perf_counter()
            due = ended + (ended - began) * (1 - _SHARE) / _SHARE
            self._remembered["shown"] = asked, (due, shown)
        return shown

    def best_for(self, seen: NDArray[Any]) -> NDArray[Any]:
        """What it would do without exploring where `[N, B, D...]` is seen, as the world takes it."""
        assert isinstance(self.ground, Stepped)
        return self.ground.in_units(self.best(self.said(seen)))

    def best_shown(self, replicas: slice) -> Floats:
        """`[S, A]`: continuous actions at the states that a screen shows, means over replicas; or empty."""
        if not self.problem.actions.continuous:
            return np.empty((0, 0))
        return self.best(self.ground.shown(self.nets, replicas)).mean(axis=0)

    def metrics(self, replica: int) -> dict[str, float]:
        """Numbers of the last update."""
        found = dict(zip(self.log.names, self.log.latest[:, replica].tolist(), strict=True))
        return {name: value for name, value in found.items() if np.isfinite(value)}

    def policy(self) -> TabularPolicy:
        """What it would do without exploring, in all its `stacks`."""
        return self.remembered("greedy", self._greedy)

    def _greedy(self) -> TabularPolicy:
        with self.computing():
            _, q, policy = self.shown_values(slice(None))
        return TabularPolicy(TabularPolicy.greedy(policy).probs, q)

    def network_policy(self) -> NetworkPolicy:
        """All its networks, as they leave the sandbox."""
        seen = self.config.observation, self.config.frames
        return NetworkPolicy.of(self.networks(), self.acting, self.problem, *seen, squashes=self.squashes)

    def start_from(self, network: NetworkPolicy) -> None:
        """Take over the numbers of all networks; optimizer and memory begin anew."""
        reason = network.misfit(self.network_policy())
        check(reason is None, f"{self.title} cannot begin with this policy: {reason}")
        numbers = {name: nets.flat(self.n_seeds) for name, nets in network.networks.items()}
        self.restore({**self.state(), **numbers})

    # -- state -------------------------------------------------------------------------------------

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Every array but the numbers of the networks, by reference."""
        parts = {"walk": self.walk, "copies": self.copies, "memory": self.memory}
        named = {
            f"{part}.{name}": a for part, arrays in parts.items() for name, a in arrays._asdict().items()
        }
        log = {f"log.{name}": array for name, array in self.log.arrays().items()}
        own = {f"optimizer.{name}": array for name, array in self.optimizer.arrays().items()}
        return {**named, **log, **own, **self.ground.arrays(), "updates": self.updates}

    def networks(self) -> dict[str, Networks]:
        """All networks by name."""
        return {"nets": self.nets}

    def state(self) -> dict[str, NDArray[Any]]:
        """Networks, optimizer, memory, logs and walkers."""
        nets = {name: nets.flat.cpu().numpy().copy() for name, nets in self.networks().items()}
        parts = {"memory": self.memory.copy()._asdict(), "log": self.log.copies()}
        large = {f"{part}.{name}": array for part, copies in parts.items() for name, array in copies.items()}
        rest = {name: array.copy() for name, array in self.arrays().items() if name not in large}
        return {**nets, **large, **rest}

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Take over copies of what `state` gave."""
        for name, array in self.arrays().items():
            array[...] = state[name]
        for name, nets in self.networks().items():
            nets.set_to(np.array(state[name]))
        self.ground.came_back()
        self._remembered.clear()
        self.show_nothing()

    def check_state(self, state: dict[str, NDArray[Any]]) -> None:
        """Refuse what does not fit, and places that kernels would look for outside the tables."""
        super().check_state(state)
        walk = Walk(**{name: state[f"walk.{name}"] for name in Walk._fields})
        memory = Transitions(**{name: state[f"memory.{name}"] for name in Transitions._fields})
        self.ground.check_state(state, walk, memory)
        log = bool((state["log.width"] >= 1).all() and (state["log.count"] >= 0).all())
        bins = self.log.sums.shape[2]
        check(log and bool((state["log.count"] <= bins * state["log.width"]).all()), "its log is damaged.")

    def replace_problem(self, problem: Any) -> None:
        """Keep what was learnt; what it remembers of a world with other states is forgotten."""
        before, ground = self.nets, self.ground
        self.walk, remap, renumbered, gone = ground.move_to(problem, self.walk)
        self.problem = problem
        self._remembered.clear()
        if remap is not None or before.shape != self.observation_shape:
            self._take_over(before, remap)
        new = renumbered or before is not self.nets
        if new or self.memory.reward.shape[1] != self.capacity:
            self.memory = ground.room_for(self.capacity)
            self.forget()
        ground.cut(gone, self.walk, self.memory)

    def _take_over(self, before: Networks, remap: Remap | None) -> None:
        """New networks that know what the old ones had learnt."""
        self.nets = self.make_nets()
        self.nets.take_over(before, *self.moved(before, remap))
        self.optimizer = self.make_optimizer(self.nets)

    def moved(self, before: Networks, remap: Remap | None) -> tuple[Ints | None, Ints]:
        """Where inputs that are one-hot, and actions, were in the networks before."""
        if remap is None:
            return None, np.arange(self.problem.actions.size)
        if self.config.observation != "one_hot":
            return None, remap.actions
        frames = self.config.frames
        earlier = np.arange(frames)[:, None] * (before.shape[0] // frames)
        return np.where(remap.states < 0, -1, remap.states + earlier).ravel(), remap.actions

    def forget(self) -> None:
        """What else was kept of states that have other numbers now."""
        self.show_nothing()

    def reconfigure(self, config: Any) -> None:
        """Use changed hyperparameters from the next update on."""
        super().reconfigure(config)
        self._remembered.clear()
        if isinstance(self.ground, Listed):
            self.ground.doubt()
        self.optimizer.learning_rate = config.learning_rate

    def close(self) -> None:
        """Let go of the world that it walks in."""
        self.ground.close()

    def learnt(self) -> dict[str, NDArray[Any]]:
        """All weights."""
        return {name: nets.flat.cpu().numpy() for name, nets in self.networks().items()}

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
