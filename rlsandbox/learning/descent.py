"""What an update of N replicas is: steps down their gradients, which threads share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.agent import Agent, AgentConfig, Floats, Ints
from rlsandbox.learning.dense import Units
from rlsandbox.learning.listed import Listed
from rlsandbox.learning.networks import Judged, Networks
from rlsandbox.learning.optimizer import Optimizer
from rlsandbox.learning.problem import Problem
from rlsandbox.learning.stepped import Stepped
from rlsandbox.learning.threads import Sharing, in_shares, torch_settings

_WIDE = 8
"""Replicas from which on several threads pay."""


class Descending(Agent):
    """An agent whose networks go down gradients.

    Attributes:
        nets: the networks that act and are improved, by `optimizer`.
        ground: where its replicas walk, and what is seen there.
        updates: how many gradient updates the networks have seen.
    """

    nets: Networks
    optimizer: Optimizer
    ground: Listed | Stepped
    updates: Ints

    def __init__(self, problem: Problem, config: AgentConfig, seeds: Sequence[int]) -> None:
        super().__init__(problem, config, seeds)
        self._computing, self._sharing = False, Sharing()

    @contextmanager
    def computing(self) -> Iterator[None]:
        """The settings of torch that it computes with."""
        if self._computing:
            yield
            return
        self._computing = True
        try:
            with torch_settings():
                yield
        finally:
            self._computing = False

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Around an update: as many threads as pay share the replicas."""
        with self._sharing.among(self.threads if self.may_share else 1):
            yield

    @property
    def may_share(self) -> bool:
        """Whether several threads are there for an update, and work enough for them.

        What torch computes depends on how many replicas it is asked about at once.
        """
        return self.threads > 1 and self.shareable and self.nets.perceptrons is not None

    @property
    def shareable(self) -> bool:
        """Whether an update may be work enough for several threads."""
        return self.n_seeds >= _WIDE

    @property
    def parts(self) -> int:
        """How many parts a replica's batch may be cut into, for threads to share."""
        return 1

    @property
    def large(self) -> bool:
        """Whether the batch of a single replica takes its time."""
        return False

    @property
    def _threads(self) -> int:
        """Threads that pay."""
        return self._sharing.threads

    def descend(
        self,
        states: NDArray[Any],
        fill: Callable[[Judged, slice], NDArray[Any]],
        active: NDArray[np.bool_],
        most: float,
    ) -> Floats:
        """One gradient step of the active replicas by stored states `[N, B, ...]`; see `descend_by`.

        Returns:
            `[K + 1, N]` what is logged, and the norms of the gradients.
        """
        return self.descend_by([states], lambda judged, own, _: fill(judged, own), active, most)[0][0]

    def descend_by(
        self,
        batches: Sequence[NDArray[Any]],
        fill: Callable[[Judged, slice, int], NDArray[Any]],
        active: NDArray[np.bool_],
        most: float,
        stays: Callable[[NDArray[Any]], Any] = lambda numbers: True,
    ) -> tuple[Floats, NDArray[np.bool_], NDArray[np.bool_]]:
        """Gradient steps of the active replicas; threads share them, each from its first step to its last.

        Args:
            batches: M times `[N, B, ...]` stored states that are learnt from.
            fill: fills the slopes of a loss at what the networks say of a batch, for a range of n replicas,
                and gives numbers to be logged, `[K, n]`.
            active: `[N]`.
            most: largest norm of a gradient.
            stays: by those numbers `[K, n]`, which replicas make another step.

        Returns:
            `[M, K + 1, N]` those numbers, and the norms of the gradients; `[M, N]` who made which step, and
            `[N]` who would make another one.
        """

        def work(units: Units) -> tuple[NDArray[Any], ...]:
            own, replicas, learning = units.own, range(units.begin, units.end), active.copy()
            numbers, made = [], []
            for k, states in enumerate(batches):
                judged = self.nets.judge(self.ground.seen(states[own]), units)
                told = fill(judged, own, k)
                self.nets.backward(judged)
                norms = self.optimizer.step(learning, most, replicas=replicas)[own]
                numbers.append(np.vstack((told, norms)).T)
                made.append(learning[own].copy())
                learning[own] &= stays(told)
            return np.stack(numbers, axis=1), np.stack(made, axis=1), learning[own]

        numbers, made, learning = self.shared_out(work)
        self.updates += int(made.any(axis=0).sum())
        return numbers.transpose(1, 2, 0), made.T, learning

    def shared_out(
        self, work: Callable[[Units], tuple[NDArray[Any], ...]], parts: int = 1
    ) -> tuple[NDArray[Any], ...]:
        """What `work` gives for units, arrays by unit, of all together; threads share them."""
        count = self.n_seeds * parts

        def share(begin: int, end: int) -> tuple[NDArray[Any], ...]:
            return work(Units(begin, end, parts))

        def one(unit: int) -> tuple[NDArray[Any], ...]:
            self.give_way()
            return share(unit, unit + 1)

        if self._threads == 1 and self.large:
            shares = [one(unit) for unit in range(count)]
        else:
            shares = in_shares(count, self._threads, share)
        return tuple(np.concatenate(arrays) for arrays in zip(*shares, strict=True))
