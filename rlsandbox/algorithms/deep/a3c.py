"""Asynchronous advantage actor-critic: workers that learn at their own pace, on the same numbers.

    each worker, over and over:
        theta' <- theta
        n steps by pi(.|s; theta');   d <- gradient of the loss of A2C at theta', over these steps
        g <- 0.99 g + 0.01 d^2;       theta <- theta - alpha d / (sqrt(g) + eps)

theta and g are shared, and nobody waits for anybody: by the time that d is there, theta has moved on, and two
workers may write at once.

Source: Mnih et al., "Asynchronous methods for deep reinforcement learning" (2016), algorithm S3, and section
4 for RMSprop with shared g; without locks as in Recht et al., "Hogwild!" (2011).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from rlsandbox.algorithms.deep.a2c import A2C, COURSE
from rlsandbox.learning.agent import Ints, Preset, Snapshot, Tick, Update, View
from rlsandbox.learning.asynchronous import MOST, Report, Workers, log_reports
from rlsandbox.learning.hyperparams import hp
from rlsandbox.learning.listed import Listed
from rlsandbox.learning.problem import Problem
from rlsandbox.worlds.errors import check


class A3C(A2C):
    """A3C (Mnih et al., 2016): asynchronous workers; with one, which waits for nobody, A2C of one copy.

    Workers stand still between ticks, so that what is shown, saved or edited is of one moment. Budgets are
    shared out beforehand and kept exactly.
    """

    title = "A3C"
    source = "Mnih et al. (2016), Asynchronous methods for deep reinforcement learning, algorithm S3"
    equation = "θ ← θ + α ∇θ′[ log π(a|s) A − c_v (V(s) − G)² + c_e H(π) ],  each worker with its own θ′"
    presets: ClassVar[dict[str, Preset]] = {"course": Preset(COURSE, steps=100_000)}

    class Config(A2C.Config):
        """Hyperparameters of A3C."""

        workers: int = hp(
            2,
            ge=1,
            le=64,
            log=True,
            label="Workers",
            doc="processes that learn side by side, each at its own pace",
        )
        n_envs: int = hp(
            1, ge=1, le=1024, log=True, label="Copies", doc="of each worker, side by side", advanced=True
        )

    def __init__(self, problem: Problem, config: Any, seeds: Sequence[int]) -> None:
        alone = config.workers == 1
        check(alone or config.device == "cpu", "workers share the processor's memory: choose cpu.", "device")
        self.workers = None if alone else Workers(self, config.workers)
        super().__init__(problem, config, seeds)

    @classmethod
    def lifts(cls, config: Any) -> frozenset[str]:
        """With several workers it depends on which of them is faster."""
        return frozenset({"bit_identity", "stride", "resume"} if config.workers > 1 else ())

    @classmethod
    def caution(cls, config: Any) -> str:
        """With several workers no run is like another."""
        if config.workers == 1:
            return ""
        return (
            "Several workers learn at their own pace: the same seed does not learn the same twice, slow and "
            "fast runs differ, and one that is brought back goes another way. One worker keeps it all exact."
        )

    # -- learning ----------------------------------------------------------------------------------

    def learn(self) -> Iterator[Tick]:
        """Share out the steps of a tick, and take in what the workers made of them."""
        if self.workers is None:
            yield from super().learn()
            return
        while True:
            steps, episodes = self.shares(self.workers.size)
            if steps.any() and self.workers.ready(patient=self.stride == 1):  # who steps wants to see one
                self.take_in(self.workers.work(steps, episodes))
            yield Tick("steps", boundary=True)

    def shares(self, workers: int) -> tuple[Ints, Ints]:
        """`[W, N]` steps that each worker may make in this tick, and episodes that it may finish."""
        most = min(self.stride, workers * MOST)
        steps = np.clip(min(self.step_budget, self.barrier) - self.walk.steps, 0, most)
        episodes = np.maximum(self.episode_budget - self.walk.episodes, 0)
        turn = (np.arange(workers)[:, None] - int(self.walk.steps.max())) % workers
        going = np.clip(episodes, 1, workers)  # the last episodes of a budget are fewer than the workers
        allowed = (turn < going) & (episodes > 0)
        steps = np.where(allowed, steps // going + (turn < steps % going), 0)
        return steps, episodes // workers + (turn < episodes % workers)

    def work(self, shared: NDArray[np.float32], last: Ints, episodes: Ints) -> None:
        """What a worker does: algorithm S3, until its replicas have made `last` steps or so many episodes.

        Its optimizer improves the shared numbers `[P]`, not its own networks.
        """
        with self.computing():
            while ((self.walk.steps < last) & (self.walk.episodes < episodes)).any():
                self.nets.take(shared, self.memory.count == 0)
                self.roll(self.capacity, last, episodes)
                whole = self.whole
                for _ in self.improve(whole):
                    pass
                self.begin_rollout(whole)

    def take_in(self, reports: Sequence[Report]) -> None:
        """Count and log what the workers did."""
        self.nets.version += 1
        log_reports(reports, self.walk, self.log)
        updates = np.sum([report.updates for report in reports], axis=0)
        self.optimizer.steps += updates
        self.updates += updates.max()
        self.rollouts += updates.max()

    # -- with several workers, what else an agent has to do ------------------------------------------

    def replace_problem(self, problem: Problem) -> None:
        """The workers hear of it before they go on."""
        self._gather()
        super().replace_problem(problem)

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Workers begin new episodes."""
        self._gather()
        super().restore(state)
        if self.workers is not None:
            self.workers.begin_anew()

    def state(self) -> dict[str, NDArray[Any]]:
        """Shared numbers, counts and logs; where workers stand is not kept."""
        self._gather()
        return super().state()

    def snapshot(self, view: View) -> Snapshot:
        """The first worker is who is seen walking."""
        self._gather()
        shot, facts = super().snapshot(view), {}
        if self.workers is not None:
            facts = self.workers.where(view.replica or 0, view.slice)
        if "played" in facts and shot.played is not None:
            facts["played"] = replace(facts["played"], forces=shot.played.forces)
        return replace(shot, **facts)

    def told(self, replica: int) -> Update | None:
        """What the worker that has learnt last says."""
        return super().told(replica) if self.workers is None else self.workers.told(replica)

    def close(self) -> None:
        """The processes end."""
        if self.workers is not None:
            self._gather()
            self.workers.close()
        super().close()

    def _gather(self) -> None:
        """Add up where the workers have been."""
        if self.workers is not None and isinstance(self.ground, Listed):
            for at, count in self.workers.visits():
                self.ground.visits.reshape(-1)[at] += count
