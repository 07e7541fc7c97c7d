"""Worlds that can only be played: networks are asked about what each copy sees, row by row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.agent import Floats, Ints, Played
from rlsandbox.learning.ground import Ground, Heads, Moved, Walker
from rlsandbox.learning.lazy import Lazily
from rlsandbox.learning.networks import Networks
from rlsandbox.learning.problem import Simulated
from rlsandbox.learning.rolling import Transitions, record, rows_of
from rlsandbox.learning.walk import TRAIL, Walk
from rlsandbox.worlds.errors import check
from rlsandbox.worlds.simulation import Slice, reach

if TYPE_CHECKING:
    import torch
    from torch import Tensor
else:
    torch = Lazily("torch")


class Stepped(Ground):
    """A world that can only be played: the networks are asked about what each copy sees, row by row."""

    def __init__(self, problem: Simulated, seeds: Sequence[int], n_copies: int, device: str) -> None:
        super().__init__(problem, seeds, n_copies)
        self._device, self.seeds = device, tuple(seeds)
        self.world = problem.world
        self.walkers = self.world.walkers(seeds, n_copies, pictures=True)
        self.path = np.full((self.n_seeds, TRAIL, *self.world.shape), np.nan, np.float32)
        self._reach = reach(self.actions.low, self.actions.high)
        self.slice: Slice | None = None
        self._said: WeakKeyDictionary[Networks, tuple[Any, Heads]] = WeakKeyDictionary()
        self._closed = False
        self.looks_at(None)

    @property
    def shape(self) -> tuple[int, ...]:
        """What the world shows; one number a state where states are numbered."""
        return self.world.shape or (self.world.n_states,)

    def room_for(self, capacity: int) -> Transitions:
        """What was seen, and actions as numbers or in units of half their range."""
        state = (self.world.shape, np.dtype(np.float32 if self.world.shape else np.int64))
        continuous = self.actions.continuous
        action = ((self.actions.size,), np.dtype(np.float32)) if continuous else ((), np.dtype(np.int64))
        return Transitions.room_for(self.n_seeds, capacity, state, action)

    def seen(self, states: NDArray[Any]) -> Tensor:
        """Themselves."""
        return torch.from_numpy(np.require(states, requirements=["C", "W"])).to(self._device)

    def said(self, nets: Networks, states: NDArray[Any]) -> Heads:
        """A pass through the networks."""
        return nets.by_head(nets.few(states))

    def looks_at(self, chosen: Slice | None) -> None:
        """Another slice."""
        chosen = chosen or self.world.slice
        if chosen == self.slice and chosen is not None:
            return
        self.slice = chosen
        if chosen is not None:
            self._points: NDArray[Any] = chosen.points(self.world.dimensions)
        elif self.world.n_states:
            self._points = np.arange(self.world.n_states)
        else:
            self._points = np.empty((0, *self.world.shape), np.float32)

    def shown(self, nets: Networks, replicas: slice) -> Heads:
        """The places of the slice, asked once for each of the networks' versions."""
        now = nets.version, replicas.start, replicas.stop, self.slice
        before, said = self._said.get(nets, (None, {}))
        if before != now:
            said = self.ask(nets, self.points(replicas), range(self.n_seeds)[replicas].start)
            self._said[nets] = now, said
        return said

    def on_screen(self, replica: int | None) -> slice:
        """All."""
        return slice(None)

    def points(self, replicas: slice) -> Tensor:
        """`[n, S, D...]`: what there is to see at the places of the slice, for some replicas."""
        n = len(range(self.n_seeds)[replicas])
        return self.seen(np.broadcast_to(self._points, (n, *self._points.shape)).copy())

    def spots(self, states: NDArray[Any]) -> Ints:
        """The nearest places of the slice, -1 where there is none."""
        if self.slice is not None:
            return self.slice.spots(states, self.world.dimensions)
        return states if self.world.n_states else np.full(states.shape[: -len(self.world.shape)], -1)

    @property
    def n_spots(self) -> int:
        """The places of the slice."""
        return len(self._points)

    def look_ahead(self, v: Floats, gamma: float) -> Floats:
        """Nobody knows."""
        return np.full((*v.shape, self.actions.size), np.nan)

    def walk_on(self, agent: Walker, until: int, last: Ints, limit: Ints) -> None:
        """Step by step, all copies at once: a row of copies is walked whole, also where a budget ends."""
        if self._closed:
            self.came_back()
        walk, memory, walkers, flat = agent.walk, agent.memory, self.walkers, agent.memory.flat()
        while True:
            moving = (memory.count < until) & (walk.steps < last) & (walk.episodes < limit)
            if not moving.any():
                return
            now = walkers.seen.copy()
            action = agent.act(self.said(agent.nets, now), moving)
            outcome = walkers.step(self.in_units(action), moving)
            if self.world.shape:
                at = walk.steps // self.copies.state.shape[1] % TRAIL
                self.path[moving, at[moving]] = now[moving, 0]
            outcome = outcome._replace(arrived=rows_of(outcome.arrived))
            record(walk, self.copies, flat, rows_of(now), rows_of(action), outcome, moving)

    def in_units(self, action: NDArray[Any]) -> NDArray[Any]:
        """Actions as the world takes them."""
        if not self.actions.continuous:
            return action
        middle, half = self._reach
        return middle + half * action.clip(-1.0, 1.0)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Where the copies are, as far as the world tells, and where the first ones were."""
        inside = {f"walkers.{name}": array for name, array in self.walkers.arrays().items()}
        return {**inside, "path": self.path}

    def came_back(self) -> None:
        """Episodes begin anew where the world cannot say how it stood."""
        self._closed = False
        self.walkers.came_back()
        if not self.world.resumes:
            self.copies.state[:] = -1

    def close(self) -> None:
        """Environments; `came_back` makes new ones."""
        self._closed = True
        self.walkers.close()

    def trail(self, walk: Walk, replica: int) -> Ints:
        """Places of the slice."""
        return self.spots(self.way(walk, replica)) if self.world.shape else np.empty(0, np.int64)

    def way(self, walk: Walk, replica: int) -> NDArray[np.float32]:
        """`[L, D...]` what the first copy saw in its running episode, oldest first."""
        made = int(walk.steps[replica] // self.copies.state.shape[1])
        going = self.copies.state[replica, 0] >= 0
        kept = min(TRAIL, int(self.copies.length[replica, 0]) if going else 0)
        return self.path[replica, np.arange(made - kept, made) % TRAIL]

    def told(self, walk: Walk, replica: int, best: Floats) -> Played:
        """What a screen may want to know besides; `best` are continuous actions at the places shown."""
        seen = self.walkers.seen[replica, 0].copy()
        way = self.way(walk, replica) if self.world.shape else np.empty((0, 0), np.float32)
        state = int(self.spots(seen[None])[0]) if np.size(seen) else -1
        return Played(self.slice, state, seen, way, self.in_units(best) if best.size else best)

    def check_state(self, state: dict[str, NDArray[Any]], walk: Walk, memory: Transitions) -> None:
        """Numbers of actions and states are those that there are."""
        check(walk.fits(0, 0), "the counts of its replicas are damaged.")
        inside = memory.fits(self.world.n_states, self.actions.size)
        check(inside, "what it remembers is outside its world.")

    @property
    def standing(self) -> Ints:
        """States have no numbers."""
        return np.full(self.n_seeds, -1)

    def move_to(self, problem: Simulated, walk: Walk) -> Moved:
        """Go on in an edited world, where the walkers can stay."""
        before, self._closed = self.walkers, False
        self.world, self.slice = problem.world, None
        self._said.clear()
        self.walkers = self.world.walkers(self.seeds, self.copies.state.shape[1], pictures=True)
        stayed = self.walkers.take_over(before)
        before.close()
        self.looks_at(None)
        return Moved(walk, None, False, (self.copies.state >= 0) & ~stayed)
