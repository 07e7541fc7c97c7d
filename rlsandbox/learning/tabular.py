"""What agents with a table of action values share: the table, its replicas, how they are shown and saved."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.agent import Agent, Curve, Floats, Ints, Part, Snapshot, Tick, Update, View, number
from rlsandbox.learning.exploration import SteppedConfig, scheduled
from rlsandbox.learning.policy import TabularPolicy, greedy_probs
from rlsandbox.learning.problem import Enumerable, Remap
from rlsandbox.learning.walk import Model, Walk
from rlsandbox.worlds.compiled import kernel
from rlsandbox.worlds.errors import check

RECORD = ("state", "action", "reward", "next_state", "next_action", "terminated", "truncated", "explored",
          "before", "target", "td_error", "after", "alpha", "gamma", "next_value", "step")  # fmt: skip
"""Columns of the record of a replica's last update, as kernels fill them."""


@kernel(inline="always")
def fill(row: Any, s: Any, a: Any, reward: Any, s_next: Any, a_next: Any, terminated: Any, truncated: Any,
         explored: Any, before: Any, target: Any, td_error: Any, after: Any, alpha: Any, gamma: Any,
         next_value: Any, step: Any) -> None:  # fmt: skip
    """Write a record, column by column as `RECORD` names them."""
    row[0], row[1], row[2], row[3], row[4] = s, a, reward, s_next, a_next
    row[5], row[6], row[7], row[8], row[9] = terminated, truncated, explored, before, target
    row[10], row[11], row[12], row[13], row[14], row[15] = td_error, after, alpha, gamma, next_value, step


class Parameters(NamedTuple):
    """Hyperparameters as kernels take them; schedules as (kind, first, last, rate)."""

    alpha: tuple[int, float, float, float]
    gamma: float
    epsilon: tuple[int, float, float, float]


class TabularControl(Agent):
    """Base of one-step control methods with epsilon-greedy behaviour and a table Q `[N, S, A]`.

    A subclass gives `kernel`, which advances every replica by at most `n_steps` steps.
    """

    accepts = (Enumerable,)
    Config = SteppedConfig
    problem: Enumerable

    def __init__(self, problem: Enumerable, config: SteppedConfig, seeds: Sequence[int]) -> None:
        super().__init__(problem, config, seeds)
        mdp = problem.mdp
        self.q: Floats = np.full((self.n_seeds, mdp.n_states, mdp.n_actions), config.initial_q)
        self.walk = Walk.begin(self.seeds, mdp.n_states, mdp.n_actions)
        self.record: Floats = np.full((self.n_seeds, len(RECORD)), np.nan)
        self.model = Model.of(mdp)

    @staticmethod
    @abstractmethod
    def kernel(
        q: Any,
        model: Any,
        walk: Any,
        record: Any,
        parameters: Any,
        n_steps: int,
        step_budget: int,
        episode_budget: int,
    ) -> None:
        """Advance every replica: act, step, learn, log; fill the record with the last update of each."""

    @staticmethod
    @abstractmethod
    def written(row: dict[str, float]) -> tuple[Part, ...]:
        """The update of a record's row, written out."""

    def learn(self) -> Iterator[Tick]:
        """Step all replicas through the model, `stride` steps a tick; every tick is a boundary."""
        while True:
            self.kernel(
                self.q,
                self.model,
                self.walk,
                self.record,
                self.parameters(),
                self.stride,
                self.step_budget,
                self.episode_budget,
            )
            yield Tick("steps", boundary=True)

    def parameters(self) -> Parameters:
        """The hyperparameters of now."""
        return Parameters(self.config.schedule("alpha"), self.config.gamma, self.config.schedule("epsilon"))

    def snapshot(self, view: View) -> Snapshot:
        """Copies of the tables of one replica, or their mean over replicas."""
        one = view.replica
        q = self.q.mean(axis=0) if one is None else self.q[one].copy()
        policy = greedy_probs(self.q).mean(axis=0) if one is None else greedy_probs(q)
        shown = one or 0
        visits = None
        if "visits" in view.wants:
            visits = self.walk.visits.sum(axis=0) if one is None else self.walk.visits[one].copy()
        episode = int(self.walk.episodes[shown])
        return Snapshot(
            replica=one,
            v=np.where(self.problem.mdp.live, q.max(axis=1), 0.0),
            q=q,
            policy=policy,
            steps=self.steps.copy(),
            episodes=self.episodes.copy(),
            visits=visits,
            state=int(self.walk.state[shown]),
            trail=self.walk.recent(shown),
            update=self._update(self.record[shown]),
            backup=None if view.selected is None else self._backup(q, view.selected, episode),
            metrics={
                name: scheduled.function(*self.config.schedule(name), episode)
                for name in ("alpha", "epsilon")
            },
        )

    def policy(self) -> TabularPolicy:
        """Greedy to each replica's table."""
        return TabularPolicy.greedy(self.q)

    def state(self) -> dict[str, NDArray[Any]]:
        """Table, record, and all that the replicas have done."""
        walk = {f"walk.{name}": array.copy() for name, array in self.walk._asdict().items()}
        return {"q": self.q.copy(), "record": self.record.copy(), **walk}

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Take over copies of what `state` gave."""
        self.q, self.record = state["q"].copy(), state["record"].copy()
        self.walk = Walk(**{name: state[f"walk.{name}"].copy() for name in Walk._fields})

    def check_state(self, state: dict[str, NDArray[Any]]) -> None:
        """Refuse what does not fit, and places that kernels would look for outside the tables."""
        super().check_state(state)
        walk = Walk(**{name: state[f"walk.{name}"] for name in Walk._fields})
        check(walk.fits(self.problem.mdp), "where its replicas stand is outside its world.")

    def replace_problem(self, problem: Enumerable) -> None:
        """Keep what still has a place; an agent whose place is gone is truncated."""
        remap = Remap.between(self.problem.world, problem.world)
        self.problem, self.model = problem, Model.of(problem.mdp)
        if remap is not None:
            self.q = remap.table(self.q, self.config.initial_q)
            places = [remap.state(int(s)) for s in self.walk.state]
            self.walk.state[:] = np.where(self.walk.state >= 0, places, self.walk.state)
            self.walk.action[:] = -1
            self.walk.trail[:], self.record[:] = -1, np.nan
            self.walk = self.walk._replace(visits=remap.table(self.walk.visits, 0))
        for i, state in enumerate(self.walk.state):
            if self.walk.length[i] > 0 and (state < 0 or not problem.mdp.live[state]):
                self.walk.state[i] = max(state, 0)
                self.walk.cut(i)

    def learnt(self) -> dict[str, Floats]:
        """The table."""
        return {"Q": self.q}

    def curves(self) -> dict[str, Curve]:
        """Return and length of the episodes."""
        return self.walk.curves()

    def latest_returns(self, episodes: int) -> list[Floats]:
        """Each replica's returns of its last episodes."""
        return self.walk.latest_returns(episodes)

    @property
    def steps(self) -> Ints:
        """`[N]` environment steps."""
        return self.walk.steps

    @property
    def episodes(self) -> Ints:
        """`[N]` finished episodes."""
        return self.walk.episodes

    def _update(self, record: Floats) -> Update | None:
        """The record of a kernel as an `Update`; None before the first one."""
        if np.isnan(record[0]):
            return None
        row: dict[str, float] = dict(zip(RECORD, record.tolist(), strict=True))
        return Update(
            state=int(row["state"]),
            action=int(row["action"]),
            reward=row["reward"],
            next_state=int(row["next_state"]),
            next_action=int(row["next_action"]) if row["next_action"] >= 0 else None,
            terminated=bool(row["terminated"]),
            truncated=bool(row["truncated"]),
            explored=bool(row["explored"]),
            before=row["before"],
            target=row["target"],
            td_error=row["td_error"],
            after=row["after"],
            alpha=row["alpha"],
            gamma=row["gamma"],
            parts=self.written(row),
            step=int(row["step"]),
        )

    def _backup(self, q: Floats, s: int, episode: int) -> Update | None:
        """The update that the greedy action of a state would get from its likeliest outcome."""
        mdp = self.problem.mdp
        if s >= mdp.n_states or not mdp.live[s]:
            return None
        a = int(q[s].argmax())
        k = int(mdp.prob[s, a].argmax())
        s_next, terminated = int(mdp.next_state[s, a, k]), bool(mdp.terminal[s, a, k])
        a_next = int(q[s_next].argmax())
        alpha = scheduled.function(*self.config.schedule("alpha"), episode)
        next_value = 0.0 if terminated else float(q[s_next, a_next])
        target = float(mdp.reward[s, a, k]) + self.config.gamma * next_value
        td_error = target - float(q[s, a])
        values = (s, a, mdp.reward[s, a, k], s_next, -1 if terminated else a_next, terminated, False, False,
                  q[s, a], target, td_error, q[s, a] + alpha * td_error, alpha, self.config.gamma, next_value,
                  -1)  # fmt: skip
        return self._update(np.array(values, np.float64))


def one_step_parts(row: dict[str, float]) -> tuple[Part, ...]:
    """Before + alpha [ reward + gamma next_value - before ] = after, as one-step methods write it."""
    before = number(row["before"])
    closed = f"({before})" if row["before"] < 0 else before
    bootstrap = (
        (Part("0 (terminal)"),)
        if row["terminated"]
        else (Part(number(row["next_value"]), "next", int(row["next_state"])),)
    )
    return (
        Part(before, "old", int(row["state"])),
        Part(f" + {number(row['alpha'])} · [ "),
        Part(number(row["reward"]), "reward"),
        Part(f" + {number(row['gamma'])} · "),
        *bootstrap,
        Part(" − "),
        Part(closed, "old", int(row["state"])),
        Part(" ] = "),
        Part(number(row["after"]), "new", int(row["state"])),
    )
