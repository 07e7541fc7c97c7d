"""Worlds whose states can be listed: networks are asked about a table of them, compiled code walks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.agent import Floats, Ints
from rlsandbox.learning.ground import Ground, Heads, Moved, Walker
from rlsandbox.learning.guided import Guide, Rule
from rlsandbox.learning.lazy import Lazily
from rlsandbox.learning.networks import Networks
from rlsandbox.learning.oracle import lookahead
from rlsandbox.learning.perceptrons import Perceptrons
from rlsandbox.learning.problem import Enumerable, Remap, drifting
from rlsandbox.learning.rolling import Transitions, roll, roll_asking
from rlsandbox.learning.threads import in_shares
from rlsandbox.learning.walk import TRAIL, Model, Walk
from rlsandbox.worlds.errors import check
from rlsandbox.worlds.observations import observe_stacks
from rlsandbox.worlds.simulation import Slice

if TYPE_CHECKING:
    import torch
    from torch import Tensor
else:
    torch = Lazily("torch")

_WIDE = 512
"""Steps of all replicas from which on several threads pay."""
_MANY = 16
"""So many times as many states as are asked about are not worth a pass through the networks."""


class Listed(Ground):
    """A world whose states can be listed: networks are asked about all of them, compiled code walks."""

    def __init__(
        self,
        problem: Enumerable,
        seeds: Sequence[int],
        n_copies: int,
        observation: str,
        frames: int,
        device: str,
    ) -> None:
        super().__init__(problem, seeds, n_copies)
        self._observation, self._frames, self._device = observation, frames, device
        self.look_at(problem)

    def look_at(self, problem: Enumerable) -> None:
        """Stand in a world, where nothing has been seen yet.

        Raises:
            SandboxError: there is too much to be seen in it; nothing has changed then.
        """
        stacks = problem.stacks(self._frames)
        seen = None
        if self._observation != "one_hot" or self._frames > 1:
            seen = observe_stacks(problem.world, stacks.states, self._observation)
        self.problem, self.stacks, self.actions = problem, stacks, problem.actions
        self.mdp, self.model = stacks.mdp, Model.of(stacks.mdp)
        mdp = self.mdp
        self.visits = np.zeros((self.n_seeds, mdp.n_states, mdp.n_actions), np.int64)
        self._asked = np.full(self.visits.shape[:2], -1, np.int64)
        self._chances = np.zeros(self.visits.shape)
        self._said: WeakKeyDictionary[Networks, tuple[int, Heads]] = WeakKeyDictionary()
        every = np.arange(mdp.n_states)
        self.table: Tensor | None = None
        self._rows = np.zeros((1, 1), np.float32)
        if seen is not None:
            self.table = torch.from_numpy(seen).to(self._device)
            self._rows = np.ascontiguousarray(seen.reshape(len(every), -1), np.float32)
        self._every = self.seen(np.broadcast_to(every, (self.n_seeds, every.size)).copy())

    @property
    def shape(self) -> tuple[int, ...]:
        """One number a state, or what the observation has."""
        return (self.mdp.n_states,) if self.table is None else tuple(self.table.shape[1:])

    def room_for(self, capacity: int) -> Transitions:
        """States and actions are numbers."""
        return Transitions.room_for(self.n_seeds, capacity)

    def seen(self, states: NDArray[np.int64]) -> Tensor:
        """Their numbers where one is hot, else rows of the table."""
        chosen = torch.from_numpy(states).to(self._device)
        return chosen if self.table is None else self.table[chosen]

    def outputs(self, nets: Networks) -> Heads:
        """`[N, T, size]` of all stacks, computed once for each of the networks' versions."""
        version, said = self._said.get(nets, (-1, {}))
        if version != nets.version:
            said = self.ask(nets, self._every)
            self._said[nets] = nets.version, said
        return said

    def said(self, nets: Networks, states: NDArray[np.int64]) -> Heads:
        """Looked up among all states, unless these are far more and have not been asked about."""
        known = self._said.get(nets, (-1, {}))[0] == nets.version
        if not known and self._every.shape[1] > _MANY * states.shape[1]:
            return self.ask(nets, self.seen(states))
        rows = np.arange(self.n_seeds)[:, None]
        return {name: part[rows, states] for name, part in self.outputs(nets).items()}

    def shown(self, nets: Networks, replicas: slice) -> Heads:
        """All stacks."""
        return {name: part[replicas] for name, part in self.outputs(nets).items()}

    def on_screen(self, replica: int | None) -> Ints:
        """The way in which each state has been come to most often."""
        counts = self.visits.sum(axis=0) if replica is None else self.visits[replica]
        return self.stacks.usual(counts.sum(axis=1))

    def looks_at(self, chosen: Slice | None) -> None:
        """All states are shown."""

    def spots(self, states: NDArray[np.int64]) -> Ints:
        """The states that they end with."""
        return np.where(states < 0, -1, self.stacks.last[states])

    @property
    def n_spots(self) -> int:
        """All states."""
        return self.problem.mdp.n_states

    def look_ahead(self, v: Floats, gamma: float) -> Floats:
        """By the model."""
        return np.stack([lookahead(self.mdp, row, gamma) for row in v])

    def visited(self, replica: int | None) -> Ints:
        """`[S, A]`: how often a replica, or all together, have done what where."""
        counts = self.visits if replica is None else self.visits[replica : replica + 1]
        return self.stacks.folded(counts.sum(axis=0))

    def walk_on(self, agent: Walker, until: int, last: Ints, limit: Ints) -> None:
        """By a table of chances; where compiled code can ask the networks, it fills what it needs of it."""
        places = self.model, agent.walk, self.copies, agent.memory, self.visits, until, last, limit
        nets = agent.nets
        if nets.perceptrons is None:
            go, guided = roll, (0, agent.chances())
        else:
            go, guided = roll_asking, (self._guide(nets, nets.perceptrons, agent.rule()), self._chances)
        to_go = np.minimum(until - agent.memory.count, last - agent.walk.steps).clip(min=0).sum()
        threads = agent.threads if agent.may_share and to_go >= _WIDE else 1
        in_shares(self.n_seeds, threads, lambda begin, end: go(*guided, *places, begin, end))

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
        return self.spots(walk.trail[replica, np.arange(made - kept, made) % TRAIL])

    def check_state(self, state: dict[str, NDArray[Any]], walk: Walk, memory: Transitions) -> None:
        """Everything that kernels look up lies in the tables."""
        mdp, standing = self.mdp, state["copies.state"]
        inside = standing.min() >= -1 and standing.max() < mdp.n_states
        fits = walk.fits(mdp.n_states, mdp.n_actions) and bool(inside)
        check(fits, "where its replicas stand is outside its world.")
        check(memory.fits(mdp.n_states, mdp.n_actions), "what it remembers is outside its world.")

    @property
    def standing(self) -> Ints:
        """Numbers of states."""
        return self.copies.state[:, 0]

    def move_to(self, problem: Enumerable, walk: Walk) -> Moved:
        """Go on in an edited world, each in its cell with what it carries, where somebody can stand there.

        Of several frames it forgets the earlier ones where the stacks have other numbers now.
        """
        before, visits, standing = self.stacks, self.visits, self.copies.state.copy()
        remap = Remap.between(self.problem.world, problem.world)
        self.look_at(problem)
        renumbered = remap is not None or not np.array_equal(before.states, self.stacks.states)
        if walk.drifted.shape[1] != drifting(problem):
            walk = walk._replace(drifted=np.zeros((self.n_seeds, drifting(problem))))
        if renumbered:
            state, trail = (np.where(at < 0, -1, before.last[at]) for at in (standing, walk.trail))
            visits, known = before.folded(visits, 1), self.visits[:, : self.n_spots]
            if remap is not None:
                state = np.vectorize(remap.state)(state).astype(np.int64)
                trail[:] = -1
                visits = remap.onto(known, visits)
            known[...] = visits
            self.copies, walk.trail[:] = self.copies._replace(state=state), trail
        else:
            self.visits = visits
        state = self.copies.state
        gone = (standing >= 0) & ((state < 0) | ~self.mdp.live[np.maximum(state, 0)])
        return Moved(walk, remap, renumbered, gone)
