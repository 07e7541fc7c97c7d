"""What a session trains on. Everything that asks "does it fit?" asks here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.stacks import Stacks
from rlsandbox.worlds.errors import check
from rlsandbox.worlds.mdp import TabularMDP, compile_world, recompile
from rlsandbox.worlds.places import Place
from rlsandbox.worlds.simulation import Actions, Simulation
from rlsandbox.worlds.world import World

if TYPE_CHECKING:
    from rlsandbox.learning.agent import Agent

_Number = TypeVar("_Number", bound=np.generic)


@dataclass(frozen=True)
class Enumerable:
    """A world whose states can be listed: its drawing and its exact model.

    Attributes:
        world, mdp: the drawing and its model.
        policy: `[S, A]` probabilities of a policy that was loaded to be evaluated, or None.
    """

    world: World
    mdp: TabularMDP
    policy: NDArray[np.float64] | None = None
    _known: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)
    title = "drawn grid worlds"

    @property
    def actions(self) -> Actions:
        """What can be done there."""
        return Actions(tuple(action.name for action in self.world.actions))

    def once(self, name: Any, compute: Callable[[], Any]) -> Any:
        """Something that follows from the problem alone, computed when it is first asked for."""
        if name not in self._known:
            self._known[name] = compute()
        return self._known[name]

    def stacks(self, frames: int) -> Stacks:
        """What agents tell apart that see so many frames.

        Raises:
            SandboxError: there are too many.
        """
        return self.once(("stacks", frames), lambda: Stacks.of(self.mdp, frames))

    @classmethod
    def of(cls, world: World, policy: NDArray[np.float64] | None = None) -> Enumerable:
        """Compile a world.

        Raises:
            SandboxError: its model is too large, or the policy is another world's.
        """
        mdp = compile_world(world)
        fits = policy is None or policy.shape == (mdp.n_states, mdp.n_actions)
        check(fits, "the policy was made for a world of another size or with other actions.", "policy")
        if policy is not None:
            sums = bool(np.all(policy >= 0) and np.allclose(policy.sum(axis=1), 1.0, atol=1e-6))
            check(sums, "the policy's probabilities do not sum to 1.", "policy")
        return cls(world, mdp, policy)

    def edited(self, world: World) -> Enumerable:
        """The problem of an edited world; only what the edit touches is compiled again.

        Raises:
            SandboxError: its model is too large.
        """
        mdp, policy = recompile(self.mdp, self.world, world), self.policy
        remap = None if policy is None else Remap.between(self.world, world)
        if policy is not None and remap is not None:
            uniform = np.full((1, mdp.n_states, mdp.n_actions), 1.0 / mdp.n_actions)
            policy = remap.onto(uniform, policy[None])[0]
        return Enumerable(world, mdp, policy)


@dataclass(frozen=True)
class Simulated:
    """A world that can only be played: no model, no oracle.

    Attributes:
        world: what is played.
    """

    world: Simulation
    policy: None = None
    title = "continuous worlds and Gymnasium environments"

    @cached_property
    def drawn(self) -> Enumerable:
        """What it is drawn as, with the model of the drawing; one empty cell where nothing is drawn."""
        return Enumerable.of(self.world.drawing or World.blank(1, 1))

    @property
    def actions(self) -> Actions:
        """What can be done there."""
        return self.world.actions

    def edited(self, world: Simulation) -> Simulated:
        """The problem of an edited world."""
        return Simulated(world)


Problem = Enumerable | Simulated


def problem_of(place: Place, policy: NDArray[np.float64] | None = None) -> Problem:
    """The problem that a place poses.

    Raises:
        SandboxError: its model is too large, it cannot be made, or the policy is another world's.
    """
    if isinstance(place, World):
        return Enumerable.of(place, policy)
    check(policy is None, "a policy is evaluated in a world whose states can be listed.", "policy")
    _ = place.actions, place.step_limit  # what cannot be made says so here
    return Simulated(place)


def misfit(agent: type[Agent], problem: Problem | type[Problem]) -> str | None:
    """Say why an algorithm cannot train on a problem (or a kind of them), in a sentence; None if it can."""
    if issubclass(problem if isinstance(problem, type) else type(problem), agent.accepts):
        return None if isinstance(problem, type) else agent.misfit(problem)
    wanted = " or ".join(kind.title for kind in agent.accepts)
    return f"{agent.title} trains on {wanted}, not on {problem.title}."


def drifting(problem: Enumerable) -> int:
    """How many mean rewards drift: one an action, or none."""
    return problem.mdp.n_actions if problem.mdp.drift > 0 else 0


def _layout(world: World) -> tuple[Any, ...]:
    """What the numbers of states mean."""
    return world.height, world.width, world.inventory, world.tables is None and world.things.titles


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
        """The map from one world to another; None where all numbers stay as they are.

        A state keeps its cell and the things carried, by name; whoever carries a thing that was not there
        before is new.
        """
        same = (_layout(old), old.actions) == (_layout(new), new.actions)
        if same:
            return None
        cells, carried = np.divmod(np.arange(new.n_states), new.inventory)
        rows, columns = np.divmod(cells, new.width)
        before, known = np.zeros_like(carried), (rows < old.height) & (columns < old.width)
        if new.tables is not None or old.tables is not None:
            before, known = carried, known & (carried < old.inventory)
        else:
            numbers = {title: number for number, title in enumerate(old.things.titles)}
            for number, title in enumerate(new.things.titles):
                has = (carried >> number) & 1
                before |= has << numbers[title] if title in numbers else 0
                known &= (has == 0) | (title in numbers)
        states = np.where(known, (rows * old.width + columns) * old.inventory + before, -1)
        actions = {action.name: number for number, action in enumerate(old.actions)}
        return cls(states, np.array([actions.get(action.name, -1) for action in new.actions], np.int64))

    def onto(self, new: NDArray[_Number], old: NDArray[_Number]) -> NDArray[_Number]:
        """`new` `[N, S_new]` or `[N, S_new, A_new]`, with what `old` says where both know the place."""
        states, actions = np.flatnonzero(self.states >= 0), np.flatnonzero(self.actions >= 0)
        merged, replicas = new.copy(), np.arange(new.shape[0])
        if new.ndim == 2:
            merged[np.ix_(replicas, states)] = old[:, self.states[states]]
        else:
            source = old[:, self.states[states]][:, :, self.actions[actions]]
            merged[np.ix_(replicas, states, actions)] = source
        return merged

    def state(self, old_state: int) -> int:
        """The new number of an old state, -1 where it is gone."""
        found = np.flatnonzero(self.states == old_state)
        return int(found[0]) if found.size and old_state >= 0 else -1
