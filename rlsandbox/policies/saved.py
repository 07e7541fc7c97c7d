"""A policy as it leaves the sandbox: its tables, its world, and a card that says where it is from."""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from rlsandbox.learning.agent import Snapshot
from rlsandbox.learning.policy import TabularPolicy
from rlsandbox.worlds.errors import SandboxError
from rlsandbox.worlds.world import World

NEVER_ENDS = "never ends"
"""The gap of a policy that loops at gamma 1: its value is infinite or undefined."""

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
        observation: what `act` expects; "state" is the number of the state, `cell * inventory + carried`.
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
    observation: Literal["state"] = "state"
    sandbox: str


@dataclass(frozen=True)
class SavedPolicy:
    """The greedy policies of N replicas, with their world and card.

    Attributes:
        q: `[N, S, A]` float64, action values.
        probs: `[N, S, A]` float64, probabilities; ties share them.
        world: the world that it acts in.
        card: where it is from.
        warning: a sentence about what does not quite fit, or None.
    """

    q: NDArray[np.float64]
    probs: NDArray[np.float64]
    world: World
    card: PolicyCard
    warning: str | None = None

    @property
    def n_seeds(self) -> int:
        """N."""
        return self.q.shape[0]

    @property
    def table(self) -> TabularPolicy:
        """The tables alone."""
        return TabularPolicy(self.probs, self.q)

    @property
    def gamma(self) -> float:
        """The discount that it was trained with; 1 for a method without one, or a card that says nonsense."""
        gamma = self.card.config.get("gamma", 1.0)
        return float(gamma) if isinstance(gamma, int | float) and 0 <= gamma <= 1 else 1.0

    @cached_property
    def greedy_actions(self) -> NDArray[np.int64]:
        """`[N, S]`: the likeliest action of every state; among equals the one with the lowest number."""
        return self.probs.argmax(axis=-1)

    def act(self, observation: int, rng: np.random.Generator | None = None, replica: int = 0) -> int:
        """Choose an action in the state `observation`.

        Args:
            observation: number of the state.
            rng: draws between equally good actions; without it the one with the lowest number is taken.
            replica: whose policy.
        """
        if rng is None:
            return int(self.greedy_actions[replica, observation])
        return self.table.act(int(observation), rng, replica)

    def on(self, world: World) -> SavedPolicy:
        """The policy in another world: the same, or one with the same cells and moves.

        Raises:
            SandboxError: its states or moves are not those of the world.
        """
        if world.digest == self.world.digest:
            return dataclasses.replace(self, world=world, warning=None)
        ours, theirs = _shape(self.world), _shape(world)
        if (self.world.height, self.world.width, ours) != (world.height, world.width, theirs):
            raise SandboxError(
                f"this policy is for {ours}, but {world.name!r} has {theirs}: train one on that world."
            )
        return dataclasses.replace(self, world=world, warning=EDITED)

    def snapshot(self, replica: int | None = 0) -> Snapshot:
        """The tables of one replica as overlays read them; None takes the mean over all."""
        q = self.q.mean(axis=0) if replica is None else self.q[replica].copy()
        return Snapshot(
            replica=replica,
            v=q.max(axis=1),
            q=q,
            policy=self.probs.mean(axis=0) if replica is None else self.probs[replica].copy(),
            gamma=self.gamma,
            steps=np.array(self.card.steps, np.int64),
            episodes=np.array(self.card.episodes, np.int64),
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a `.rlpolicy` file; see `rlsandbox.policies.files`."""
        from rlsandbox.policies.files import save_policy

        save_policy(self, path)


def _shape(world: World) -> str:
    """What a table has to fit."""
    things = f" and {world.inventory} inventories" if world.inventory > 1 else ""
    moves = ", ".join(action.name for action in world.actions)
    return f"{world.height} x {world.width} cells{things} with the moves {moves}"
