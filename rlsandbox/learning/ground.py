"""Where agents with networks walk, and what their networks see there.

What a memory stores of a state is its number where states can be listed, and what was seen of it elsewhere.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.agent import Floats, Ints, Played
from rlsandbox.learning.guided import Guide, Rule
from rlsandbox.learning.lazy import Lazily
from rlsandbox.learning.networks import Networks
from rlsandbox.learning.oracle import lookahead
from rlsandbox.learning.perceptrons import Perceptrons
from rlsandbox.learning.problem import Enumerable, Problem, Remap, Simulated, drifting
from rlsandbox.learning.rolling import Copies, Transitions, record, roll, roll_asking, rows_of
from rlsandbox.learning.walk import TRAIL, Model, Walk
from rlsandbox.worlds.errors import check
from rlsandbox.worlds.observations import observe
from rlsandbox.worlds.simulation import Slice

if TYPE_CHECKING:
    import torch
    from torch import Tensor
else:
    torch = Lazily("torch")

_MANY = 16
"""So many times as many states as are asked about are not worth a pass through the networks."""
Heads = dict[str, NDArray[Any]]
"""What networks say, by head: `[N, B, size]`."""


class Walker(Protocol):
    """What a ground asks of the agent that walks on it."""

    nets: Networks
    walk: Walk
    memory: Transitions

    def chances(self) -> Floats:
        """`[N, S, A]` chances of its actions in all states."""
        ...

    def rule(self) -> Rule | None:
        """How these follow from the outputs of a head, if they do so simply."""
        ...

    def act(self, said: Heads, moving: NDArray[np.bool_]) -> NDArray[Any]:
        """Actions of the `moving` replicas where the networks say so."""
        ...


class Ground(ABC):
    """Where N replicas of an agent walk with E copies each.

    Attributes:
        copies: where the copies stand.
        threads: that pay.
    """

    copies: Copies

    def __init__(self, problem: Problem, seeds: Sequence[int], n_copies: int) -> None:
        self.actions, self.threads = problem.actions, 1
        self.n_seeds = len(seeds)
        self.copies = Copies.begin(self.n_seeds, n_copies)

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """D... of what a network sees: a length, or channels, height and width."""

    @property
    @abstractmethod
    def longest(self) -> int:
        """Steps after which an episode is cut; 0: never."""

    @abstractmethod
    def room_for(self, capacity: int) -> Transitions:
        """A memory for so many steps a replica."""

    @abstractmethod
    def seen(self, states: NDArray[Any]) -> Tensor:
        """What the networks are given for stored states `[N, B, ...]`."""

    @abstractmethod
    def said(self, nets: Networks, states: NDArray[Any]) -> Heads:
        """What networks say of stored states."""

    @abstractmethod
    def shown(self, nets: Networks, replicas: slice) -> Heads:
        """What networks say of the states that a screen shows, for some replicas."""

    @abstractmethod
    def looks_at(self, chosen: Slice | None) -> None:
        """A screen shows another slice of the observations; None: the usual one."""

    @abstractmethod
    def spots(self, states: NDArray[Any]) -> Ints:
        """Where stored states are among those that a screen shows."""

    @property
    @abstractmethod
    def n_spots(self) -> int:
        """S, how many states a screen shows."""

    @abstractmethod
    def look_ahead(self, v: Floats, gamma: float) -> Floats:
        """`[n, S, A]` action values of one step by the model from `v` `[n, S]`; NaN without a model."""

    @abstractmethod
    def walk_on(self, agent: Walker, until: int, last: Ints, limit: Ints) -> None:
        """Let an agent walk until each replica has stored `until` steps, made `last`, or `limit` episodes."""

    @abstractmethod
    def arrays(self) -> dict[str, NDArray[Any]]:
        """By reference what it adds to an agent's state."""

    @abstractmethod
    def came_back(self) -> None:
        """`arrays` have been filled with those of another moment."""

    def close(self) -> None:  # noqa: B027  most hold nothing
        """Let go of what the world holds; who walks on gets it anew."""

    @abstractmethod
    def trail(self, walk: Walk, replica: int) -> Ints:
        """Where the first copy of a replica was in its running episode, oldest first."""

    @abstractmethod
    def check_state(self, state: dict[str, NDArray[Any]], walk: Walk, memory: Transitions) -> None:
        """Refuse a state from a file that compiled code would stumble over.

        Raises:
            SandboxError: something lies outside of the world.
        """


class Listed(Ground):
    """A world whose states can be listed: networks are asked about all of them, compiled code walks."""

    def __init__(
        self, problem: Enumerable, seeds: Sequence[int], n_copies: int, observation: str, device: str
    ) -> None:
        super().__init__(problem, seeds, n_copies)
        self._observation, self._device = observation, device
        self.look_at(problem)

    def look_at(self, problem: Enumerable) -> None:
        """Stand in a world, where nothing has been seen yet."""
        self.problem, self.model, self.actions = problem, Model.of(problem.mdp), problem.actions
        mdp = problem.mdp
        self.visits = np.zeros((self.n_seeds, mdp.n_states, mdp.n_actions), np.int64)
        self._asked = np.full(self.visits.shape[:2], -1, np.int64)
        self._chances = np.zeros(self.visits.shape)
        self._said: WeakKeyDictionary[Networks, tuple[int, Heads]] = WeakKeyDictionary()
        every = np.arange(mdp.n_states)
        self.table: Tensor | None = None
        self._rows = np.zeros((1, 1), np.float32)
        if self._observation != "one_hot":
            seen = observe(problem.world, every, self._observation)
            self.table = torch.from_numpy(seen).to(self._device)
            self._rows = np.ascontiguousarray(seen.reshape(len(every), -1), np.float32)
        self._every = self.seen(np.broadcast_to(every, (self.n_seeds, every.size)).copy())

    @property
    def shape(self) -> tuple[int, ...]:
        """One number a state, or what the observation has."""
        return (self.problem.mdp.n_states,) if self.table is None else tuple(self.table.shape[1:])

    @property
    def longest(self) -> int:
        """The world's own limit."""
        return self.problem.mdp.step_limit

    def room_for(self, capacity: int) -> Transitions:
        """States and actions are numbers."""
        return Transitions.room_for(self.n_seeds, capacity)

    def seen(self, states: NDArray[np.int64]) -> Tensor:
        """Their numbers where one is hot, else rows of the table."""
        chosen = torch.from_numpy(states).to(self._device)
        return chosen if self.table is None else self.table[chosen]

    def outputs(self, nets: Networks) -> Heads:
        """`[N, S, size]` of all states, computed once for each of the networks' versions."""
        version, said = self._said.get(nets, (-1, {}))
        if version != nets.version:
            out = nets.forward(self._every, self.threads)[0].cpu().double()
            said = {name: part.numpy() for name, part in nets.by_head(out).items()}
            self._said[nets] = nets.version, said
        return said

    def said(self, nets: Networks, states: NDArray[np.int64]) -> Heads:
        """Looked up among all states, unless these are far more and have not been asked about."""
        known = self._said.get(nets, (-1, {}))[0] == nets.version
        if not known and self._every.shape[1] > _MANY * states.shape[1]:
            out = nets.forward(self.seen(states), self.threads)[0].cpu().double()
            return {name: part.numpy() for name, part in nets.by_head(out).items()}
        rows = np.arange(self.n_seeds)[:, None]
        return {name: part[rows, states] for name, part in self.outputs(nets).items()}

    def shown(self, nets: Networks, replicas: slice) -> Heads:
        """All states."""
        return {name: part[replicas] for name, part in self.outputs(nets).items()}

    def looks_at(self, chosen: Slice | None) -> None:
        """All states are shown."""

    def spots(self, states: NDArray[np.int64]) -> Ints:
        """Their own numbers."""
        return states

    @property
    def n_spots(self) -> int:
        """All."""
        return self.problem.mdp.n_states

    def look_ahead(self, v: Floats, gamma: float) -> Floats:
        """By the model."""
        return np.stack([lookahead(self.problem.mdp, row, gamma) for row in v])

    def walk_on(self, agent: Walker, until: int, last: Ints, limit: Ints) -> None:
        """By a table of chances; where compiled code can ask the networks, it fills what it needs of it."""
        places = self.model, agent.walk, self.copies, agent.memory, self.visits, until, last, limit
        nets, rule = agent.nets, agent.rule()
        if rule is None or nets.perceptrons is None:
            roll(0, agent.chances(), *places)
        else:
            roll_asking(self._guide(nets, nets.perceptrons, rule), self._chances, *places)

    def _guide(self, nets: Networks, perceptrons: Perceptrons, rule: Rule) -> Guide:
        names = list(nets.heads)
        begin = sum(nets.heads[name][0] for name in names[: names.index(rule.head)]) if nets.shared else 0
        return Guide(
            nets=perceptrons,
            seen=self._rows,
            hot=self.table is None,
            asked=self._asked,
            version=nets.version,
            kind=0 if nets.shared else names.index(rule.head),
            begin=begin,
            greedy=rule.greedy,
            epsilon=rule.epsilon,
            said=np.empty((self.n_seeds, nets.widths[-1]), np.float32),
        )

    def doubt(self) -> None:
        """What was worked out from the networks no longer holds: something else has changed as well."""
        self._asked[:] = -1

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What was visited."""
        return {"visits": self.visits}

    def came_back(self) -> None:
        """Nothing more is to be done."""

    def trail(self, walk: Walk, replica: int) -> Ints:
        """States."""
        made = int(-(-walk.steps[replica] // self.copies.state.shape[1]))
        kept = min(TRAIL, int(walk.length[replica]))
        return walk.trail[replica, np.arange(made - kept, made) % TRAIL]

    def check_state(self, state: dict[str, NDArray[Any]], walk: Walk, memory: Transitions) -> None:
        """Everything that kernels look up lies in the tables."""
        mdp, standing = self.problem.mdp, state["copies.state"]
        inside = standing.min() >= -1 and standing.max() < mdp.n_states
        fits = walk.fits(mdp.n_states, mdp.n_actions) and bool(inside)
        check(fits, "where its replicas stand is outside its world.")
        check(memory.fits(mdp.n_states, mdp.n_actions), "what it remembers is outside its world.")

    def move_to(self, problem: Enumerable, walk: Walk) -> tuple[Walk, Remap | None]:
        """Go on in an edited world; returns the walk there, and where which state is now, if that differs."""
        remap = Remap.between(self.problem.world, problem.world)
        visits, standing = self.visits, self.copies.state
        self.look_at(problem)
        if walk.drifted.shape[1] != drifting(problem):
            walk = walk._replace(drifted=np.zeros((self.n_seeds, drifting(problem))))
        self.visits = visits if remap is None else remap.onto(self.visits, visits)
        if remap is not None:
            self.copies = self.copies._replace(state=np.vectorize(remap.state)(standing).astype(np.int64))
            walk.trail[:] = -1
        return walk, remap


class Stepped(Ground):
    """A world that can only be played: the networks are asked about what each copy sees, row by row."""

    def __init__(self, problem: Simulated, seeds: Sequence[int], n_copies: int, device: str) -> None:
        super().__init__(problem, seeds, n_copies)
        self._device, self.seeds = device, tuple(seeds)
        self.world = problem.world
        self.walkers = self.world.walkers(seeds, n_copies, pictures=True)
        self.path = np.full((self.n_seeds, TRAIL, *self.world.shape), np.nan, np.float32)
        low, high = (np.array(bound, np.float32) for bound in (self.actions.low, self.actions.high))
        self._middle, self._half = (high + low) / 2, (high - low) / 2
        self.slice: Slice | None = None
        self._closed = False
        self.looks_at(None)

    @property
    def shape(self) -> tuple[int, ...]:
        """What the world shows; one number a state where states are numbered."""
        return self.world.shape or (self.world.n_states,)

    @property
    def longest(self) -> int:
        """The world's own limit."""
        return self.world.step_limit

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
        return nets.by_head(nets.few(states, threads=self.threads))

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
        """The places of the slice."""
        chosen, seen = range(self.n_seeds)[replicas], self.points(replicas)
        if not len(self._points):
            return {name: np.empty((len(chosen), 0, size)) for name, (size, _) in nets.heads.items()}
        out = nets.forward(seen, replicas=chosen)[0].cpu().double()
        return {name: part.numpy() for name, part in nets.by_head(out).items()}

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
        return self._middle + self._half * action.clip(-1.0, 1.0) if self.actions.continuous else action

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

    def move_to(self, problem: Simulated) -> NDArray[np.bool_]:
        """Go on in an edited world; returns `[N, E]`, which copies could stay where they were."""
        before, self._closed = self.walkers, False
        self.world, self.slice = problem.world, None
        self.walkers = self.world.walkers(self.seeds, self.copies.state.shape[1], pictures=True)
        stayed = self.walkers.take_over(before)
        before.close()
        self.looks_at(None)
        return stayed


def ground_for(
    problem: Problem, seeds: Sequence[int], n_copies: int, observation: str, device: str
) -> Listed | Stepped:
    """The ground that a problem is."""
    if isinstance(problem, Enumerable):
        return Listed(problem, seeds, n_copies, observation, device)
    return Stepped(problem, seeds, n_copies, device)
