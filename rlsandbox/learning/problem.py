"""What a session trains on. Everything that asks "does it fit?" asks here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from rlsandbox.worlds.mdp import TabularMDP, compile_world, recompile
from rlsandbox.worlds.world import World

if TYPE_CHECKING:
    from rlsandbox.learning.agent import Agent

_Number = TypeVar("_Number", bound=np.generic)


@dataclass(frozen=True)
class Enumerable:
    """A world whose states can be listed: its drawing and its exact model."""

    world: World
    mdp: TabularMDP
    title = "drawn grid worlds"

    @classmethod
    def of(cls, world: World) -> Enumerable:
        """Compile a world.

        Raises:
            SandboxError: its model is too large.
        """
        return cls(world, compile_world(world))

    def edited(self, world: World) -> Enumerable:
        """The problem of an edited world; only what the edit touches is compiled again.

        Raises:
            SandboxError: its model is too large.
        """
        return Enumerable(world, recompile(self.mdp, self.world, world))


Problem = Enumerable


def misfit(agent: type[Agent], problem: Problem | type[Problem]) -> str | None:
    """Say why an algorithm cannot train on a problem (or a kind of them), in a sentence; None if it can."""
    if issubclass(problem if isinstance(problem, type) else type(problem), agent.accepts):
        return None
    wanted = " or ".join(kind.title for kind in agent.accepts)
    return f"{agent.title} trains on {wanted}, not on {problem.title}."


@dataclass(frozen=True)
class Remap:
    """Where what was learnt on one world belongs on another.

    Attributes:
        states: `[S_new]` int64, the old state of each new one (same cell, same things carried), or -1.
        actions: `[A_new]` int64, the old number of each new action, or -1.
    """

    states: NDArray[np.int64]
    actions: NDArray[np.int64]

    @classmethod
    def between(cls, old: World, new: World) -> Remap | None:
        """The map from one world to another; None where all numbers stay as they are."""
        if (old.height, old.width, old.inventory, old.actions) == (
            new.height,
            new.width,
            new.inventory,
            new.actions,
        ):
            return None
        states = np.full(new.n_states, -1, np.int64)
        for state in range(new.n_states):
            (row, column), carried = new.cell_of(state), state % new.inventory
            if row < old.height and column < old.width and carried < old.inventory:
                states[state] = old.state_of((row, column), carried)
        known = {action.name: number for number, action in enumerate(old.actions)}
        return cls(states, np.array([known.get(action.name, -1) for action in new.actions], np.int64))

    def table(self, old: NDArray[_Number], fill: float) -> NDArray[_Number]:
        """Carry a table `[N, S, A]` over to `[N, S_new, A_new]`; what is new gets `fill`."""
        new = np.full((old.shape[0], self.states.size, self.actions.size), fill, old.dtype)
        states, actions = np.flatnonzero(self.states >= 0), np.flatnonzero(self.actions >= 0)
        source = old[:, self.states[states]][:, :, self.actions[actions]]
        new[np.ix_(np.arange(old.shape[0]), states, actions)] = source
        return new

    def state(self, old_state: int) -> int:
        """The new number of an old state, -1 where it is gone."""
        found = np.flatnonzero(self.states == old_state)
        return int(found[0]) if found.size and old_state >= 0 else -1
