"""What control methods with a table of action values share: exploring, being shown, becoming a policy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.agent import Floats, Part, Preset, Snapshot, Update, View
from rlsandbox.learning.configs import FOREVER, ControlConfig, Exploring
from rlsandbox.learning.exploration import BONUS, THOMPSON, UCB, behaviour, bonuses
from rlsandbox.learning.policy import TabularPolicy, greedy_probs
from rlsandbox.learning.problem import Enumerable
from rlsandbox.learning.sampling import Sampler
from rlsandbox.learning.schedules import scheduled
from rlsandbox.learning.stepping import RECORD
from rlsandbox.learning.written import one_step

COURSE = {
    "alpha": 0.1,
    "gamma": 0.99,
    "epsilon": 1.0,
    "epsilon_schedule": "exponential",
    "epsilon_decay": 0.9995,
    "epsilon_end": 0.01,
}
"""The course's hyperparameters of tabular control."""


class Tables(NamedTuple):
    """Tables of a method that keeps nothing but action values."""

    q: Any  # [N, S, A] float64
    visits: Any  # [N, S, A] int64


class Control(Sampler):
    """Base of methods that learn action values `[N, S, A]` and act by them."""

    Config = ControlConfig
    offers: ClassVar[frozenset[str]] = frozenset({"behaviour", "bonus", "uncertainty"})
    presets: ClassVar[dict[str, Preset]] = {"course": Preset(COURSE, episodes=10_000)}

    def __init__(self, problem: Enumerable, config: Exploring, seeds: Sequence[int]) -> None:
        super().__init__(problem, config, seeds)

    def make_tables(self) -> Any:
        """Action values at their start, no visits."""
        return Tables(self.per_action(self.config.initial_q), self.per_action(0, np.int64))

    def action_values(self) -> Floats:
        """`[N, S, A]`, what the greedy policy is greedy to."""
        return self.tables.q

    def written(self, row: dict[str, float], replica: int) -> tuple[Part, ...]:
        """Before + alpha [ target - before ] = after."""
        return one_step(row)

    def exploration(self) -> tuple[int, tuple[int, float, float, float]]:
        """Kind of exploration and the schedule of epsilon, of the temperature, or the weight of a bonus."""
        kind, name = self.config.level()
        return kind, self.config.schedule(name) if name else FOREVER

    def level(self, episode: int) -> float:
        """How much it explores during an episode."""
        return scheduled.function(*self.exploration()[1], episode)

    def snapshot(self, view: View) -> Snapshot:
        """Copies of the tables of one replica, or their mean over replicas."""
        every, one = self.action_values(), view.replica
        q = every.mean(axis=0) if one is None else every[one].copy()
        policy = greedy_probs(every).mean(axis=0) if one is None else greedy_probs(q)
        return self.shot(view, np.where(self.problem.mdp.live, q.max(axis=1), 0.0), q, policy)

    def metrics(self, replica: int) -> dict[str, float]:
        """Step size, and how much it explores."""
        _, name = self.config.level()
        episode = int(self.walk.episodes[replica])
        return {**super().metrics(replica), **({name: self.level(episode)} if name else {})}

    def field(self, name: str, replica: int | None) -> NDArray[Any]:
        """`[S, A]`: chances of its next action, the bonus, or the posterior's standard deviation."""
        if replica is None:
            return np.mean([self.field(name, i) for i in range(self.n_seeds)], axis=0)
        visits, kind = self.tables.visits[replica], self.exploration()[0]
        level = self.level(int(self.walk.episodes[replica]))
        if name == "behaviour":
            return behaviour(self.action_values()[replica], visits, kind, level)
        if name == "bonus":
            return bonuses(visits, level) if kind in (UCB, BONUS) else np.zeros(visits.shape)
        return (level if kind == THOMPSON else 1.0) / np.sqrt(visits + 1.0)

    def policy(self) -> TabularPolicy:
        """Greedy to each replica's table."""
        return TabularPolicy.greedy(self.action_values())

    def learnt(self) -> dict[str, Floats]:
        """The table."""
        return {"Q": self.tables.q}

    def corrected(self, replica: int) -> Floats:
        """`[S, A]`, the table that `backup` corrects."""
        return self.action_values()[replica]

    def successor(self, state: int, replica: int) -> float:
        """The value of a next state that `backup` bootstraps from."""
        return float(self.action_values()[replica, state].max())

    def backup(self, state: int, replica: int) -> Update | None:
        """The update that the greedy action would get from its likeliest outcome, if it went on greedily."""
        return self.imagined(self.one_step(state, replica), replica)

    def one_step(self, state: int, replica: int) -> dict[str, float]:
        """A record's row, as the greedy action's likeliest outcome would write it; its step is -1."""
        mdp, q = self.problem.mdp, self.corrected(replica)
        a = int(self.action_values()[replica, state].argmax())
        k = int(mdp.prob[state, a].argmax())
        s_next, terminated = int(mdp.next_state[state, a, k]), bool(mdp.terminal[state, a, k])
        row = dict.fromkeys(RECORD, 0.0) | {
            "state": state,
            "action": a,
            "reward": float(mdp.reward[state, a, k]),
            "next_state": s_next,
            "next_action": -1 if terminated else int(q[s_next].argmax()),
            "terminated": terminated,
            "before": float(q[state, a]),
            "alpha": self.alpha(int(self.walk.episodes[replica])),
            "gamma": self.config.gamma,
            "next_value": 0.0 if terminated else self.successor(s_next, replica),
            "step": -1,
        }
        row["target"] = row["reward"] + row["gamma"] * row["next_value"]
        return row

    def imagined(self, row: dict[str, float], replica: int) -> Update | None:
        """The update towards the target of a row that nobody has walked."""
        row["after"] = row["before"] + row["alpha"] * (row["target"] - row["before"])
        return self.update(np.array([row[name] for name in RECORD]), replica)
