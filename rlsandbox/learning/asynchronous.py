"""Workers that improve the networks of one agent side by side, each in a process of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from rlsandbox.learning.agent import Floats, Ints, Update
from rlsandbox.learning.problem import problem_of
from rlsandbox.learning.processes import Crew, SharedFloats, opened
from rlsandbox.learning.stepped import Stepped
from rlsandbox.learning.update_log import UpdateLog
from rlsandbox.learning.walk import BINS, Walk
from rlsandbox.worlds.errors import SandboxError
from rlsandbox.worlds.places import dumps, loads
from rlsandbox.worlds.simulation import Slice

MOST = BINS // 2
"""Steps that a worker makes at most before it reports: its logs hold each episode and update by itself."""
_PATIENCE = 0.01
"""Seconds that are waited for workers to get ready before others may go on."""


class Report(NamedTuple):
    """What a worker has done since its last one. N replicas; M episodes and U updates of the busiest."""

    steps: Ints  # [N]
    episodes: Ints  # [N]
    scores: Floats  # [N, M] returns of the episodes, in their order
    lengths: Floats  # [N, M]
    updates: Ints  # [N]
    numbers: Floats  # [K, N, U] what each update logged


class Worker:
    """What the process of a worker holds: an agent like the one it works for, with networks of its own.

    Args:
        kind: class of the agent; it has `work`, which learns on shared numbers.
        place: where it learns, as `dumps` writes it.
        config: its hyperparameters.
        seeds: its own.
        path: file of the shared numbers, networks first, then second moments.
    """

    def __init__(self, kind: Any, place: str, config: Any, seeds: Sequence[int], path: str) -> None:
        self.agent: Any = kind(problem_of(loads(place)), config.with_values(workers=1), seeds)
        self._path = ""
        self._share(path)

    def _share(self, path: str) -> None:
        """Improve these numbers."""
        if path != self._path:  # the name of a file is gone once it is open
            self._path, (self._numbers, self._moments) = path, np.split(opened(path), 2)
        self.agent.optimizer.improve(self._numbers, self._moments)

    def work(self, steps: Ints, episodes: Ints) -> Report:
        """Make so many steps `[N]`, unless so many episodes `[N]` are finished before."""
        made = self.agent.walk.steps.copy()
        self.agent.work(self._numbers, made + steps, episodes)
        return self.report(made)

    def report(self, made: Ints) -> Report:
        """What has been logged, which is forgotten here; `made` are the steps of the last report."""
        walk, log = self.agent.walk, self.agent.log
        most, updates = int(walk.episodes.max()), int(log.count.max())
        counts = walk.steps - made, walk.episodes.copy(), log.count.copy()
        logs = walk.returns[:, :most], walk.lengths[:, :most], log.sums[:, :, :updates]
        told = [array.copy() for array in logs]
        for array in (walk.episodes, log.count, *logs):
            array[...] = 0
        return Report(counts[0], counts[1], told[0], told[1], counts[2], told[2])

    def reconfigure(self, config: Any) -> None:
        """Go on with other hyperparameters."""
        self.agent.reconfigure(config.with_values(workers=1))

    def replace_problem(self, place: str, path: str) -> Report:
        """Go on in an edited world."""
        self.agent.replace_problem(self.agent.problem.edited(loads(place)))
        self._share(path)
        return self.report(self.agent.walk.steps)  # of episodes that the edit has cut

    def visits(self) -> tuple[Ints, Ints]:
        """Where it has been since this was asked last: places among all `[N, S, A]`, and how often."""
        visits = self.agent.ground.visits.reshape(-1)
        at = np.flatnonzero(visits)
        count = visits[at]
        visits[at] = 0
        return at, count

    def where(self, replica: int, chosen: Slice | None) -> dict[str, Any]:
        """Fields of a snapshot that say where the first copy of a replica is."""
        agent, ground = self.agent, self.agent.ground
        ground.looks_at(chosen)
        facts: dict[str, Any] = {"trail": ground.trail(agent.walk, replica)}
        if isinstance(ground, Stepped):
            facts["played"] = ground.told(agent.walk, replica, np.empty((0, 0)))
            facts["state"] = facts["played"].state
        else:
            facts["state"] = int(ground.spots(agent.walk.state[replica]))
        return facts

    def told(self, replica: int) -> Update | None:
        """The newest update of a replica."""
        return self.agent.told(replica)

    def close(self) -> None:
        """Let go of the world."""
        self.agent.close()


class Workers:
    """The workers of an agent: their processes, and the memory that they share with it.

    They are started when they are first needed. Between two calls of `work` they stand still, so that what
    is shown, saved or edited is of one moment.

    Args:
        agent: whose networks they improve.
        size: W, how many.
    """

    def __init__(self, agent: Any, size: int) -> None:
        self.agent, self.size = agent, size
        self._crew: Crew | None = None
        self._numbers: SharedFloats | None = None
        self._awaited: list[int] = []
        self._problem: Any = None
        self._config: Any = None
        self._trouble: SandboxError | None = None
        self._newest = 0

    # -- learning ----------------------------------------------------------------------------------

    def ready(self, patient: bool) -> bool:
        """Whether all wait for work on what there is now; starts them, and tells them what is new.

        Args:
            patient: whether to wait until they do.

        Raises:
            SandboxError: one of them has ended, or cannot work there.
        """
        trouble, self._trouble = self._trouble, None
        if trouble is not None:
            raise trouble
        if self._crew is None or self._crew.closed:
            self._crew, self._problem, self._awaited = Crew(self.size), None, []
        if self._problem is None:
            self._begin(self._crew)
        while self._awaited:
            try:
                self._crew.answer(self._awaited[0], None if patient else _PATIENCE)
            except TimeoutError:
                return False
            del self._awaited[0]
            if not self._awaited and self._numbers is not None:
                self._numbers.forget()
        self._tell_news(self._crew)
        return True

    def work(self, steps: Ints, episodes: Ints) -> list[Report]:
        """Let those that are ready learn all at once, for `[W, N]` steps, or until so many episodes.

        Raises:
            SandboxError: one of them has ended, or the world fails.
        """
        crew, going = self._crew, np.flatnonzero(steps.any(axis=1)).tolist()
        assert crew is not None
        for w in going:
            crew.ask(w, "work", steps[w], episodes[w])
        reports = [crew.answer(w) for w in going]
        learnt = [w for w, report in zip(going, reports, strict=True) if report.updates.any()]
        self._newest = learnt[-1] if learnt else self._newest
        return reports

    def _begin(self, crew: Crew) -> None:
        """Let each make an agent that stands at the start of an episode."""
        agent, path = self.agent, str(self._shared(anew=True).path)
        self._problem, self._config = agent.problem, agent.config
        for w in range(self.size):
            own = [_own_seed(seed, w, int(agent.steps.max())) for seed in agent.seeds]
            crew.hold(w, Worker, type(agent), dumps(agent.problem.world), agent.config, own, path)
        self._awaited = list(range(self.size))
        agent.ground.close()  # nobody walks there

    def _tell_news(self, crew: Crew) -> None:
        """Hand on what the agent was told since."""
        agent, config, problem = self.agent, self._config, self._problem
        self._config, self._problem = agent.config, agent.problem
        if config is not agent.config:
            self._all(crew, "reconfigure", agent.config)
        if problem is not agent.problem:
            place, numbers = dumps(agent.problem.world), self._shared()
            agent.take_in(self._all(crew, "replace_problem", place, str(numbers.path)))
            numbers.forget()

    def _all(self, crew: Crew, method: str, *arguments: Any) -> list[Any]:
        for w in range(self.size):
            crew.ask(w, method, *arguments)
        return [crew.answer(w) for w in range(self.size)]

    def _shared(self, anew: bool = False) -> SharedFloats:
        """The memory in which the agent's networks and their second moments live."""
        nets, optimizer, numbers = self.agent.nets, self.agent.optimizer, self._numbers
        lives_there = numbers is not None and np.may_share_memory(numbers.array, nets.flat.numpy())
        if numbers is None or anew or not lives_there:
            self._numbers = numbers = SharedFloats(2 * nets.flat.numel())
            flat, second = np.split(numbers.array, 2)
            nets.live_in(flat)
            second[:] = optimizer.second
            optimizer.improve(flat, second)
        return numbers

    def begin_anew(self) -> None:
        """The agent has gone back to another moment: episodes begin anew from there."""
        if self._awaited:
            self.close()
        self._problem, self._trouble = None, None

    def close(self) -> None:
        """End the processes; they are started again when they are needed."""
        if self._crew is not None:
            self._crew.close()
            self._crew = None

    # -- being looked at ---------------------------------------------------------------------------

    def visits(self) -> list[tuple[Ints, Ints]]:
        """Where each has been since this was asked last; see `Worker.visits`."""
        every = (self._look(w, "visits") for w in range(self.size))
        return [found for found in every if found is not None]

    def where(self, replica: int, chosen: Slice | None) -> dict[str, Any]:
        """Where the first worker is, as fields of a snapshot; nothing while there is none."""
        return self._look(0, "where", replica, chosen) or {}

    def told(self, replica: int) -> Update | None:
        """The newest update, or one of the newest where several came at once."""
        return self._look(self._newest, "told", replica)

    def _look(self, worker: int, method: str, *arguments: Any) -> Any:
        """Ask one that stands still; that it has ended is for whoever learns next."""
        crew = self._crew
        if crew is None or crew.closed or self._awaited or self._problem is None:
            return None
        try:
            self._tell_news(crew)
            crew.ask(worker, method, *arguments)
            return crew.answer(worker)
        except SandboxError as error:
            self._trouble = error
            return None


def log_reports(reports: Sequence[Report], walk: Walk, log: UpdateLog) -> None:
    """Log what workers did, in about the order in which it happened: they go at about the same pace."""
    walk.steps[:] += sum(report.steps for report in reports)
    for i in range(walk.steps.size):
        scores, lengths, ended = (
            np.concatenate(
                [part[i, : report.episodes[i]] for report, part in zip(reports, parts, strict=True)]
            )
            for parts in zip(*((r.scores, r.lengths, r.lengths.cumsum(axis=1)) for r in reports), strict=True)
        )
        order = np.argsort(ended, kind="stable")
        walk.log(i, scores[order], lengths[order])
    for u in range(max(report.numbers.shape[2] for report in reports)):
        for report in (report for report in reports if u < report.numbers.shape[2]):
            log.add(report.numbers[:, :, u], u < report.updates)


def _own_seed(seed: int, worker: int, clock: int) -> int:
    """A worker that begins at another step does not repeat what it did."""
    drawn = np.random.SeedSequence([seed, worker, clock]).generate_state(1, np.uint64)[0]
    return int(drawn >> np.uint64(1))
