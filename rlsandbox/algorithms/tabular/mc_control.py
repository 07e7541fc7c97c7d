"""Monte Carlo control: the best policy, learnt from whole episodes.

    G <- R + gamma G,   backwards from the end of an episode
    Q(S, A) <- Q(S, A) + alpha [ G - Q(S, A) ],   at the first visit of an episode to (S, A)

With the 1/n schedule of alpha, which is the book's, Q(S, A) is the mean of the returns that followed. A
constant alpha forgets what followed on worse behaviour, but has to be small: returns are noisy. Every pair
is tried for ever because the behaviour is soft, or because episodes begin with exploring starts: in any
live state with any action, all equally likely. Greedy after that (epsilon 0, and start values below all
returns, or it tries what is untried without end) is Monte Carlo ES. Episodes that were truncated have no
return: they are dropped and counted, so that an agent which never reaches an end never learns.

Source: Sutton & Barto, 2nd edition, sections 5.3 and 5.4.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np

from rlsandbox.learning.agent import Preset, Update
from rlsandbox.learning.configs import ControlConfig
from rlsandbox.learning.control import COURSE, Control
from rlsandbox.learning.episode import Episodic, begin_episode, close, place, remember, report
from rlsandbox.learning.exploration import DRAW, uniform
from rlsandbox.learning.hyperparams import hp
from rlsandbox.learning.policy import greedy_probs
from rlsandbox.learning.returns import sampled_path
from rlsandbox.learning.stepping import Now, Transition, stepping, tell
from rlsandbox.learning.walk import Index
from rlsandbox.worlds.compiled import kernel


class Tables(NamedTuple):
    """Action values, how many returns each has learnt from, and the running episode."""

    q: Any  # [N, S, A] float64
    visits: Any  # [N, S, A] int64
    n_returns: Any  # [N, S, A] int64
    first: Any  # [N, S, A] int64, the step at which the last episode first came to a pair
    states: Any  # [N, C] int64
    actions: Any  # [N, C] int64
    rewards: Any  # [N, C] float64, with what bonus and shaping added
    extras: Any  # [N, C] float64, what they added
    length: Any  # [N] int64
    dropped: Any  # [N] int64
    told: Any  # [N, ROWS, 7] float64


class Own(NamedTuple):
    """What the kernels know besides the step size."""

    live: Any  # [L] int64, states in which an episode can begin
    exploring: bool  # whether it begins in any of them
    averaging: bool


@kernel(inline="always")
def begin(tables: Any, model: Any, s: Any, now: Any, rng: Any) -> Any:
    """Begin with an empty buffer, in s or in any live state with any action."""
    rng, s, a = begin_episode(tables, model, s, now, rng)
    if now.own.exploring:
        rng += DRAW + DRAW
        s = now.own.live[Index(uniform(rng - DRAW) * now.own.live.shape[0])]
        a = int(uniform(rng) * tables.q.shape[1])
    return rng, s, a


@kernel(inline="always")
def learn(tables: Any, model: Any, t: Any, now: Any, rng: Any, record: Any, telling: Any) -> Any:
    """Keep a step; at the end of the episode learn from all of them, the last one first."""
    at = place(tables)
    if at >= 0:
        tables.extras[Index(at)] = t.extra
    n_steps = remember(tables, t, record)
    if n_steps > 0:
        q, first, states, actions = tables.q, tables.first, tables.states, tables.actions
        g, extra, rows, before, alpha = 0.0, 0.0, 0, 0.0, now.alpha
        for i in range(n_steps - 1, -1, -1):
            first[Index(states[Index(i)]), Index(actions[Index(i)])] = i
        for i in range(n_steps - 1, -1, -1):
            s, a = Index(states[Index(i)]), Index(actions[Index(i)])
            g = tables.rewards[Index(i)] + now.gamma * g
            extra = tables.extras[Index(i)] + now.gamma * extra
            if first[s, a] == i:
                tables.n_returns[s, a] += 1
                if now.own.averaging:
                    alpha = 1.0 / tables.n_returns[s, a]
                before = q[s, a]
                q[s, a] = before + alpha * (g - before)
                report(tables.told, rows, s, a, g, before, q[s, a], 1.0, 0.0)
                rows += 1
        close(tables.told, rows)
        s, a = Index(states[0]), Index(actions[0])
        told = Transition(s, a, g, extra, t.s_next, True, False, t.explored, t.step)
        step_size = Now(alpha, now.gamma, now.kind, now.level, now.own)
        tell(record, told, step_size, -1, before, g, q[s, a], 0.0)
    return rng, -1, False


class MonteCarloControlConfig(ControlConfig):
    """Hyperparameters of Monte Carlo control."""

    alpha_schedule: Literal["constant", "linear", "exponential", "1/n"] = hp(
        "1/n",
        label="α schedule",
        doc="1/n: the mean of all returns; otherwise how the step size changes from episode to episode",
    )
    starts: Literal["drawn", "exploring"] = hp(
        "drawn",
        label="Starts",
        doc="drawn: where the world says; exploring: in any state with any action, all equally likely",
    )


class MonteCarloControl(Episodic, Control):
    """Monte Carlo control: improves what it does by what whole episodes have brought."""

    Config = MonteCarloControlConfig
    title = "Monte Carlo control"
    source = "Sutton & Barto, 2nd ed., sections 5.3 and 5.4"
    equation = "Q(s,a) ← Q(s,a) + α [ G − Q(s,a) ]"
    loop = stepping(learn, begin=begin)
    kept: ClassVar[frozenset[str]] = Control.kept | {"n_returns"}
    buffers: ClassVar[tuple[str, ...]] = (*Episodic.buffers, "extras")
    presets: ClassVar[dict[str, Preset]] = {"course": Preset({**COURSE, "alpha_schedule": "constant"}, 5_000)}

    def make_tables(self) -> Tables:
        """Action values at their start, no returns yet."""
        episode = self.episode_tables()
        return Tables(
            q=self.per_action(self.config.initial_q),
            visits=self.per_action(0, np.int64),
            n_returns=self.per_action(0, np.int64),
            first=self.per_action(0, np.int64),
            extras=np.zeros(episode["rewards"].shape),
            **episode,
        )

    def own(self) -> Own:
        """Where episodes may begin, and whether returns are averaged."""
        live = self.problem.once("live states", lambda: np.flatnonzero(self.problem.mdp.live))
        return Own(live, self.config.starts == "exploring", self.config.alpha_schedule == "1/n")

    def backup(self, state: int, replica: int) -> Update | None:
        """The update of the greedy action from a greedy episode that could follow, if it ends."""
        q = self.tables.q[replica]
        steps = sampled_path(self.problem.mdp, greedy_probs(q), state, 256)
        place, alpha = (state, steps[0].action), self.alpha(int(self.walk.episodes[replica]))
        if self.config.alpha_schedule == "1/n":
            alpha = 1.0 / (int(self.tables.n_returns[replica][place]) + 1)
        return self.backup_of(steps, float(q[place]), lambda g: (g, alpha))
