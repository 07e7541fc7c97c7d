"""Off-policy Monte Carlo control: the greedy policy, learnt from the episodes of a softer one.

    backwards from the end of an episode, W = 1 at first:
    G <- R + gamma G,   C(S, A) <- C(S, A) + W
    Q(S, A) <- Q(S, A) + W / C(S, A) [ G - Q(S, A) ]
    if A is not greedy: stop;   else W <- W / b(A|S)

It learns from the ends of episodes only, as far back as they were greedy. Greedy means: to those actions of
a state that have learnt from a return at all. An untried one whose start value is above the truth would
otherwise stay the greedy one for ever, since what leads to it is never followed by greedy actions alone. b
is the exploration's own chance of what was done, kept when it was done: exact for epsilon-greedy and
softmax. UCB, a count bonus and optimistic values choose with chance 1 or share a tie, and are soft over
time at best. Thompson sampling's chance is taken given what was drawn for the other actions (`chances.py`).
Episodes that were truncated are dropped and counted.

Source: Sutton & Barto, 2nd edition, section 5.7.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar, NamedTuple

import numpy as np

from rlsandbox.learning.agent import Floats, Part, Preset, Snapshot, Update, View, number
from rlsandbox.learning.chances import chance_of
from rlsandbox.learning.configs import Exploring, Shaped
from rlsandbox.learning.control import COURSE, Control
from rlsandbox.learning.episode import Episodic, begin_episode, close, place, remember, report
from rlsandbox.learning.exploration import behaviour
from rlsandbox.learning.policy import TabularPolicy, greedy_probs
from rlsandbox.learning.returns import sampled_path
from rlsandbox.learning.stepping import Now, Transition, explore, stepping, tell
from rlsandbox.learning.walk import Index
from rlsandbox.learning.written import closed, rewarded
from rlsandbox.worlds.compiled import kernel


class Tables(NamedTuple):
    """Action values, the weight that each has learnt from, and the running episode."""

    q: Any  # [N, S, A] float64
    visits: Any  # [N, S, A] int64
    totals: Any  # [N, S, A] float64, sum of weights
    states: Any  # [N, C] int64
    actions: Any  # [N, C] int64
    rewards: Any  # [N, C] float64, with what bonus and shaping added
    extras: Any  # [N, C] float64, what they added
    chances: Any  # [N, C] float64, b(A|S)
    length: Any  # [N] int64
    dropped: Any  # [N] int64
    told: Any  # [N, ROWS, 7] float64
    weighed: Any  # [N, 2] float64, weight and total of the record's update


@kernel(inline="always")
def act(tables: Any, model: Any, s: Any, now: Any, rng: Any) -> Any:
    """Explore, and keep with what chance."""
    rng_before, at = rng, place(tables)
    rng, a, explored = explore(tables, model, s, now, rng)
    if at >= 0:
        values, visits = tables.q[Index(s)], tables.visits[Index(s)]
        tables.chances[Index(at)] = chance_of(values, visits, a, now.kind, now.level, rng_before)
    return rng, a, explored


@kernel(inline="always")
def target_action(values: Any, totals: Any) -> int:
    """The best action of those that have learnt from a return, the first of several."""
    best, action = -np.inf, -1
    for a in range(values.shape[0]):
        better = totals[a] > 0.0 and values[a] > best
        best, action = values[a] if better else best, a if better else action
    return action


@kernel(inline="always")
def learn(tables: Any, model: Any, t: Any, now: Any, rng: Any, record: Any, telling: Any) -> Any:
    """Keep a step; at the end of the episode learn from all of them, the last one first."""
    at = place(tables)
    if at >= 0:
        tables.extras[Index(at)] = t.extra
    n_steps = remember(tables, t, record)
    if n_steps > 0:
        q, totals, told = tables.q, tables.totals, tables.told
        g, extra, weight, rows = 0.0, 0.0, 1.0, 0
        for i in range(n_steps - 1, -1, -1):
            s, a = Index(tables.states[Index(i)]), Index(tables.actions[Index(i)])
            g = tables.rewards[Index(i)] + now.gamma * g
            extra = tables.extras[Index(i)] + now.gamma * extra
            totals[s, a] += weight
            share, before = weight / totals[s, a], q[s, a]
            q[s, a] = before + share * (g - before)
            report(told, rows, s, a, g, before, q[s, a], weight, totals[s, a])
            rows += 1
            if i == 0 or a != Index(target_action(q[s], totals[s])):
                tables.weighed[0], tables.weighed[1] = weight, totals[s, a]
                step = Transition(s, a, g, extra, t.s_next, True, False, t.explored, t.step)
                share_now = Now(share, now.gamma, now.kind, now.level, now.own)
                tell(record, step, share_now, -1, before, g, q[s, a], 0.0)
                break
            weight /= tables.chances[Index(i)]
        close(told, rows)
    return rng, -1, False


class OffPolicyControlConfig(Shaped, Exploring):
    """Hyperparameters of off-policy Monte Carlo control."""


class OffPolicyMonteCarloControl(Episodic, Control):
    """Off-policy Monte Carlo control: explores as it likes, and learns what it would be worth not to."""

    Config = OffPolicyControlConfig
    title = "Off-policy Monte Carlo control"
    source = "Sutton & Barto, 2nd ed., section 5.7"
    equation = "Q(s,a) ← Q(s,a) + W / C(s,a) [ G − Q(s,a) ],  W ← W / b(a|s)"
    loop = stepping(learn, act=act, begin=begin_episode)
    kept: ClassVar[frozenset[str]] = Control.kept | {"totals"}
    buffers: ClassVar[tuple[str, ...]] = (*Episodic.buffers, "extras", "chances")
    presets: ClassVar[dict[str, Preset]] = {
        "course": Preset({name: value for name, value in COURSE.items() if name != "alpha"}, episodes=5_000)
    }

    def make_tables(self) -> Tables:
        """Action values at their start, which the first return replaces."""
        episode = self.episode_tables()
        return Tables(
            q=self.per_action(self.config.initial_q),
            visits=self.per_action(0, np.int64),
            totals=self.per_action(0.0),
            extras=np.zeros(episode["rewards"].shape),
            chances=np.zeros(episode["rewards"].shape),
            weighed=np.zeros((self.n_seeds, 2)),
            **episode,
        )

    def greedy_values(self) -> Floats:
        """`[N, S, A]`, what the learnt policy is greedy to: never to what has no return where others have."""
        known = self.tables.totals > 0
        return np.where(known | ~known.any(axis=2, keepdims=True), self.tables.q, -np.inf)

    def policy(self) -> TabularPolicy:
        """Greedy to what has a return."""
        return TabularPolicy(greedy_probs(self.greedy_values()), self.tables.q.copy())

    def snapshot(self, view: View) -> Snapshot:
        """Copies of the table of one replica, or the mean over replicas; the learnt policy and its values."""
        shot, values, one = super().snapshot(view), self.greedy_values(), view.replica
        values = values if one is None else values[one : one + 1]
        v = np.where(self.problem.mdp.live, values.max(axis=2).mean(axis=0), 0.0)
        return replace(shot, v=v, policy=greedy_probs(values).mean(axis=0))

    def written(self, row: dict[str, float], replica: int) -> tuple[Part, ...]:
        """Before + W / C [ G - before ] = after."""
        weight, total = self.tables.weighed[replica].tolist()
        return _spelled(row, weight, total, rewarded(row))

    def weight(self, told: list[float]) -> str:
        """The weight, and the sum of those that came so far."""
        return f", W = {number(told[5])}, C = {number(told[6])}"

    def backup(self, state: int, replica: int) -> Update | None:
        """The update of the greedy action from a greedy episode that could follow, if it ends."""
        q, visits = self.tables.q[replica], self.tables.visits[replica]
        steps = sampled_path(self.problem.mdp, greedy_probs(self.greedy_values()[replica]), state, 256)
        kind, level = self.exploration()[0], self.level(int(self.walk.episodes[replica]))
        walked = [step.state for step in steps[1:]]
        chances = behaviour(q[walked], visits[walked], kind, level)
        weight = 1.0
        for step, probs in zip(steps[1:], chances, strict=True):
            weight /= float(probs[step.action])
        place = (state, steps[0].action)
        total = float(self.tables.totals[replica][place]) + weight
        update = self.backup_of(steps, float(q[place]), lambda g: (g, weight / total))
        if update is None:
            return None
        row = {"state": state, "before": update.before, "after": update.after}
        return replace(update, parts=_spelled(row, weight, total, (Part(number(update.target), "reward"),)))


def _spelled(row: dict[str, float], weight: float, total: float, g: tuple[Part, ...]) -> tuple[Part, ...]:
    state = int(row["state"])
    return (
        Part(number(row["before"]), "old", state),
        Part(f" + {number(weight)} / {number(total)} · [ "),
        *g,
        Part(" − "),
        Part(closed(row["before"]), "old", state),
        Part(" ] = "),
        Part(number(row["after"]), "new", state),
    )
