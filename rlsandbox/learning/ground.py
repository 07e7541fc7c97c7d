"""Where agents with networks walk, and what their networks see there.

What a memory stores of a state is its number where states can be listed, and what was seen of it elsewhere.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.agent import Floats, Ints
from rlsandbox.learning.dense import Units
from rlsandbox.learning.guided import Rule
from rlsandbox.learning.networks import Networks
from rlsandbox.learning.problem import Problem, Remap
from rlsandbox.learning.rolling import Copies, Transitions
from rlsandbox.learning.threads import in_shares
from rlsandbox.learning.walk import Walk
from rlsandbox.worlds.simulation import Slice

if TYPE_CHECKING:
    from torch import Tensor

Heads = dict[str, NDArray[Any]]
"""What networks say, by head: `[N, B, size]`."""


class Moved(NamedTuple):
    """What an edit of a world has done to those who walk in it.

    Attributes:
        walk: in the edited world.
        remap: where which state is now, if states have other numbers.
        renumbered: whether what a memory says of states means something else now.
        gone: `[N, E]`, copies whose place is gone, whose episodes are still to be `cut`.
    """

    walk: Walk
    remap: Remap | None
    renumbered: bool
    gone: NDArray[np.bool_]


class Walker(Protocol):
    """What a ground asks of the agent that walks on it."""

    nets: Networks
    walk: Walk
    memory: Transitions
    threads: int

    @property
    def may_share(self) -> bool:
        """Whether as many threads may share work."""
        ...

    def chances(self) -> Floats:
        """`[N, S, A]` chances of its actions in all states."""
        ...

    def rule(self) -> Rule:
        """How these follow from the outputs of a head."""
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

    def ask(self, nets: Networks, seen: Tensor, first: int = 0) -> Heads:
        """A pass through the networks of replicas from the first on, in float64."""

        def share(begin: int, end: int) -> NDArray[Any]:
            return nets.forward(seen[begin:end], Units(first + begin, first + end))

        return nets.by_head(np.concatenate(in_shares(len(seen), self.threads, share)).astype(np.float64))

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """D... of what a network sees: a length, or channels, height and width."""

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
        """What networks say of the states that a screen may show, for some replicas."""

    @abstractmethod
    def on_screen(self, replica: int | None) -> NDArray[np.int64] | slice:
        """Which of them stand for the S states of a screen, by what a replica, or all together, have met."""

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
    def move_to(self, problem: Any, walk: Walk) -> Moved:
        """Go on in an edited world.

        Raises:
            SandboxError: there is too much to be seen in it; nothing has changed then.
        """

    @property
    @abstractmethod
    def standing(self) -> Ints:
        """`[N]`: the state of each first copy, or -1."""

    def cut(self, gone: NDArray[np.bool_], walk: Walk, memory: Transitions) -> None:
        """Truncate and log the episodes of copies `[N, E]`."""
        state, n_copies = self.copies.state, self.copies.state.shape[1]
        for i, e in np.argwhere(gone):
            walk.state[i] = 0  # the log takes it for the episode of the replica
            walk.score[i], walk.length[i] = self.copies.score[i, e], self.copies.length[i, e]
            walk.cut(int(i))
            state[i, e] = -1
            newest = memory.count[i] - 1 - (walk.steps[i] - 1 - e) % n_copies
            if newest >= 0:
                memory.truncated[i, newest % memory.reward.shape[1]] = True
        walk.length[:] = np.where(state[:, 0] >= 0, self.copies.length[:, 0], 0)
        walk.state[:] = self.standing

    @abstractmethod
    def check_state(self, state: dict[str, NDArray[Any]], walk: Walk, memory: Transitions) -> None:
        """Refuse a state from a file that compiled code would stumble over.

        Raises:
            SandboxError: something lies outside of the world.
        """
