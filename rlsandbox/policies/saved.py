"""A policy as it leaves the sandbox: tables, networks, its world, and a card that says where it is from."""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from rlsandbox.learning.agent import Snapshot
from rlsandbox.learning.network_policy import NetworkPolicy
from rlsandbox.learning.oracle_policy import occupancy
from rlsandbox.learning.policy import TabularPolicy
from rlsandbox.learning.stacks import Stacks
from rlsandbox.worlds.errors import SandboxError, check
from rlsandbox.worlds.mdp import TabularMDP, compile_world
from rlsandbox.worlds.places import Place
from rlsandbox.worlds.simulation import Simulation
from rlsandbox.worlds.world import World

NEVER_ENDS = "never ends"
"""The gap of a policy that loops at gamma 1: its value is infinite or undefined."""

_NEARLY_1 = 0.999
"""Discount by which it is counted where a policy comes; without one it might walk for ever."""

EDITED = "The world has been edited since this policy was trained: its figures are of the world before."


class PolicyCard(BaseModel):
    """Where a policy is from and what it is worth; lists have one entry a replica.

    Attributes:
        algorithm: id in the registry.
        title: name of the algorithm for people.
        config: all hyperparameters.
        seeds: one a replica.
        steps, episodes: what each replica was trained for (sweeps for a planner).
        greedy_return: mean undiscounted return of each greedy policy over the evaluation episodes.
        oracle_return: the same of an optimal policy; None without an oracle.
        oracle_gap: V*(start) - V^pi(start), "never ends", or None without an oracle.
        world_name, world_digest: what it was trained on.
        actions: names in the order of their numbers.
        observation: what `act` expects; "state" is the number of the state, `cell * inventory + carried`,
            "networks" what the networks see.
        sandbox: version of the program.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    algorithm: str
    title: str
    config: dict[str, bool | int | float | str | None]
    seeds: tuple[int, ...]
    steps: tuple[int, ...]
    episodes: tuple[int, ...]
    greedy_return: tuple[float, ...]
    oracle_return: float | None
    oracle_gap: tuple[float | Literal["never ends"] | None, ...]
    world_name: str
    world_digest: str
    actions: tuple[str, ...]
    observation: Literal["state", "networks"] = "state"
    sandbox: str


@dataclass(frozen=True)
class SavedPolicy:
    """The greedy policies of N replicas, with their world and card.

    Where states cannot be listed the tables have none of them, S = 0, and the networks alone act. Networks
    that see several frames tell more apart than states: then S counts `stacks`.

    Attributes:
        q: `[N, S, A]` float64, action values.
        probs: `[N, S, A]` float64, probabilities; ties share them.
        place: where it acts.
        card: where it is from.
        warning: a sentence about what does not quite fit, or None.
        network: the networks that the tables were computed by, or None.
    """

    q: NDArray[np.float64]
    probs: NDArray[np.float64]
    place: Place
    card: PolicyCard
    warning: str | None = None
    network: NetworkPolicy | None = None

    @property
    def n_seeds(self) -> int:
        """N."""
        return self.q.shape[0]

    @property
    def world(self) -> World:
        """The drawn world that it acts in.

        Raises:
            SandboxError: it acts somewhere else.
        """
        if not isinstance(self.place, World):
            raise SandboxError(f"this policy is for {self.place.name}, which is no drawn grid world.")
        return self.place

    @property
    def table(self) -> TabularPolicy:
        """The tables alone.

        Raises:
            SandboxError: its states cannot be listed.
        """
        check(
            self.q.shape[1] > 0,
            "this policy has networks and no table, since its states cannot be listed: export it as onnx.",
        )
        return TabularPolicy(self.probs, self.q)

    @property
    def frames(self) -> int:
        """How many observations it sees together."""
        return 1 if self.network is None else self.network.frames

    @cached_property
    def mdp(self) -> TabularMDP:
        """The model of its drawn world.

        Raises:
            SandboxError: it acts somewhere else.
        """
        return compile_world(self.world.at_step(0))

    @cached_property
    def stacks(self) -> Stacks:
        """What it tells apart in its drawn world.

        Raises:
            SandboxError: it acts somewhere else, or these are too many.
        """
        return Stacks.of(self.mdp, self.frames)

    def by_state(self, place: Place) -> NDArray[np.float64]:
        """`[S, A]`: the probabilities of the first replica in a drawn world, for others to evaluate.

        Raises:
            SandboxError: it does not fit the world, or acts by more than the state.
        """
        check(
            self.frames == 1,
            f"this policy acts by the last {self.frames} states, and only one that acts by the state alone "
            "can be evaluated by learning.",
            "policy",
        )
        return self.on(place).probs[0]

    @property
    def gamma(self) -> float:
        """The discount that it was trained with; 1 for a method without one, or a card that says nonsense."""
        gamma = self.card.config.get("gamma", 1.0)
        return float(gamma) if isinstance(gamma, int | float) and 0 <= gamma <= 1 else 1.0

    @cached_property
    def greedy_actions(self) -> NDArray[np.int64]:
        """`[N, S]`: the likeliest action of every state; among equals the one with the lowest number."""
        return self.table.probs.argmax(axis=-1)

    def act(self, observation: Any, rng: np.random.Generator | None = None, replica: int = 0) -> Any:
        """Choose an action in the state `observation`.

        Args:
            observation: number of the state, or of those of the last states, the newest last; without a
                table, what the networks see.
            rng: draws between equally good actions; without it the one with the lowest number is taken.
            replica: whose policy.
        """
        if self.network is not None and not self.q.shape[1]:
            return self.network.act(observation, rng, replica)
        if self.frames > 1 and np.ndim(observation):
            observation = self.stacks.number(observation)
        if rng is None:
            return int(self.greedy_actions[replica, observation])
        return self.table.act(int(observation), rng, replica)

    def on(self, place: Place) -> SavedPolicy:
        """The policy in another world: the same, or one with the same cells and moves.

        Raises:
            SandboxError: its states or moves are not those of the world.
        """
        if place.digest == self.place.digest:
            return dataclasses.replace(self, place=place, warning=None)
        self._check_shape(place)
        check(
            self.frames == 1 or isinstance(place, Simulation),
            f"this policy acts by the last {self.frames} states of {self.place.name!r}, and those of another "
            "world are others: train one on that world.",
        )
        return dataclasses.replace(self, place=place, warning=EDITED)

    def _check_shape(self, place: Place) -> None:
        ours, theirs = _shape(self.place), _shape(place)
        if ours != theirs:
            raise SandboxError(
                f"this policy is for {ours}, but {place.name!r} has {theirs}: train one on that world."
            )

    def networks_for(self, place: Place) -> NetworkPolicy:
        """Its networks, for a run in a world to begin with.

        Raises:
            SandboxError: it has none, or they mean something else there.
        """
        if self.network is None:
            raise SandboxError("this policy is a table without networks: a run cannot begin with it.", "from")
        if self.network.numbered:
            self._check_shape(place)
        ours, theirs = names_of(place), self.card.actions
        check(
            ours == theirs,
            f"this policy has the moves {', '.join(theirs)}, but {place.name!r} has {', '.join(ours)}.",
            "from",
        )
        return self.network

    def snapshot(self, replica: int | None = 0) -> Snapshot:
        """The tables of one replica as overlays read them; None takes the mean over all."""
        q, policy = (
            every.mean(axis=0) if replica is None else every[replica].copy() for every in (self.q, self.probs)
        )
        if self.frames > 1:  # of each state, as it mostly comes there
            met = occupancy(self.stacks.mdp, policy, _NEARLY_1)
            assert met is not None  # discounted, it has one
            usual = self.stacks.usual(met)
            q, policy = q[usual], policy[usual]
        return Snapshot(
            replica=replica,
            v=q.max(axis=1),
            q=q,
            policy=policy,
            gamma=self.gamma,
            steps=np.array(self.card.steps, np.int64),
            episodes=np.array(self.card.episodes, np.int64),
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a `.rlpolicy` file; see `rlsandbox.policies.files`."""
        from rlsandbox.policies.files import save_policy

        save_policy(self, path)


def names_of(place: Place) -> tuple[str, ...]:
    """Names of the actions in the order of their numbers, or of the numbers of an action."""
    return tuple(a.name for a in place.actions) if isinstance(place, World) else place.actions.names


def _shape(place: Place) -> str:
    """What a policy has to fit."""
    moves = ", ".join(names_of(place))
    if not isinstance(place, World):
        seen = (
            f"{place.n_states} states" if place.n_states else f"{' x '.join(map(str, place.shape))} numbers"
        )
        kind = "continuous actions" if place.actions.continuous else "actions"
        return f"{seen} to be seen, with the {kind} {moves}"
    things = f" and {place.inventory} inventories" if place.inventory > 1 else ""
    return f"{place.height} x {place.width} cells{things} with the moves {moves}"
