"""n-step TD: the values of a policy, learnt from n rewards and the value of where they led.

    G_{t:t+n} = R_{t+1} + gamma R_{t+2} + ... + gamma^(n-1) R_{t+n} + gamma^n V(S_{t+n})
    V(S_t) <- V(S_t) + alpha [ G_{t:t+n} - V(S_t) ]

The first n - 1 steps of an episode update nothing; its last step updates all states that still wait, the
oldest first: from their rewards alone where it terminated, and towards the value of the last state, as it was
before, where it was truncated. n = 1 is TD(0); beyond the length of an episode it is Monte Carlo.

Source: Sutton & Barto, 2nd edition, section 7.1.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from rlsandbox.learning.agent import Line, Part, Update
from rlsandbox.learning.episode import ROWS, close, report, rows_of, told_fit, told_line
from rlsandbox.learning.hyperparams import hp
from rlsandbox.learning.paths import Footstep, likeliest_path
from rlsandbox.learning.prediction import Prediction, PredictionConfig, follow
from rlsandbox.learning.returns import discounted, imagined_update, return_lines, return_parts
from rlsandbox.learning.stepping import Now, Transition, stepping, tell
from rlsandbox.learning.walk import Index
from rlsandbox.learning.written import closed, corrected, one_step
from rlsandbox.worlds.compiled import kernel


class Tables(NamedTuple):
    """Values, and the last n steps of the running episode: step i stands at i modulo n."""

    v: Any  # [N, S] float64
    visits: Any  # [N, S, A] int64
    states: Any  # [N, n] int64
    actions: Any  # [N, n] int64
    rewards: Any  # [N, n] float64, from the last step of an episode on their returns
    length: Any  # [N] int64, steps of the episode
    told: Any  # [N, ROWS, 7] float64, what the last step of an episode updated


class Own(NamedTuple):
    """What the kernels know besides the step size."""

    policy: Any  # [S, A] float64
    counting: bool  # whether the step size is 1 / N(s, a)


@kernel(inline="always")
def begin(tables: Any, model: Any, s: Any, now: Any, rng: Any) -> Any:
    """Forget the last episode's steps."""
    tables.length[0] = 0
    return rng, s, -1


@kernel(inline="always")
def learn(tables: Any, model: Any, t: Any, now: Any, rng: Any, record: Any, telling: Any) -> Any:
    """Keep a step; update the state of n steps ago, at the end of the episode all that are left."""
    v, states, actions, rewards = tables.v, tables.states, tables.actions, tables.rewards
    n, length, over = states.shape[0], tables.length[0] + 1, t.terminated or t.truncated
    tables.length[0] = length
    at = (length - 1) % n
    states[Index(at)], actions[Index(at)], rewards[Index(at)] = t.s, t.a, t.reward
    if telling:
        record[:] = np.nan  # until something is updated
    if not (over or length >= n):
        return rng, -1, False
    waiting, rows = min(n, length), 0
    next_value = 0.0 if t.terminated else v[Index(t.s_next)]
    target, paid, i = next_value, 0.0, at
    for _ in range(waiting):  # from the newest step to the oldest
        paid = rewards[Index(i)] + now.gamma * paid
        target = rewards[Index(i)] + now.gamma * target
        if over:
            rewards[Index(i)] = target
        i = i - 1 if i > 0 else n - 1
    for left in range(waiting, 0 if over else waiting - 1, -1):  # from the oldest to the newest
        i = i + 1 if i < n - 1 else 0
        s, a, alpha = Index(states[Index(i)]), Index(actions[Index(i)]), now.alpha
        if now.own.counting:
            alpha = 1.0 / tables.visits[s, a]
        if over:
            target = rewards[Index(i)]
        before = v[s]
        v[s] = before + alpha * (target - before)
        if telling:
            if left == 1:
                paid = t.reward
            told = Transition(s, a, paid, 0.0, t.s_next, t.terminated, t.truncated, t.explored, t.step)
            step_size = Now(alpha, now.gamma, now.kind, now.level, now.own)
            tell(record, told, step_size, -1, before, target, v[s], next_value)
        if over and left <= ROWS:
            report(tables.told, rows, s, a, target, before, v[s], 1.0, 0.0)
            rows += 1
    if over:
        close(tables.told, rows)
    return rng, -1, False


class NStepTD(Prediction):
    """n-step TD: looks n rewards ahead before it trusts its own guess."""

    class Config(PredictionConfig):
        """Hyperparameters."""

        n: int = hp(
            4, ge=1, le=1000, log=True, label="Steps", symbol="n", doc="rewards that a return adds up"
        )

    title = "n-step TD"
    source = "Sutton & Barto, 2nd ed., section 7.1"
    equation = "V(s) ← V(s) + α [ r₁ + γ r₂ + … + γⁿ V(sₙ) − V(s) ]"
    loop = stepping(learn, act=follow, begin=begin)

    def make_tables(self) -> Any:
        """Values at their start, no steps kept."""
        n, n_seeds = self.config.n, self.n_seeds
        return Tables(
            v=self.per_state(self.config.initial_v),
            visits=self.per_action(0, np.int64),
            states=np.zeros((n_seeds, n), np.int64),
            actions=np.zeros((n_seeds, n), np.int64),
            rewards=np.zeros((n_seeds, n)),
            length=np.zeros(n_seeds, np.int64),
            told=np.full((n_seeds, ROWS, 7), np.nan),
        )

    def own(self) -> NamedTuple:
        """The policy, and whether the step size counts visits."""
        return Own(self.given, self.config.alpha_schedule == "1/n")

    def tables_fit(self, tables: Any) -> bool:
        """Whether the steps that are kept are those of this world."""
        mdp = self.problem.mdp
        return bool(
            tables.length.min() >= 0
            and tables.length.max() < 2**62
            and tables.states.min() >= 0
            and tables.states.max() < mdp.n_states
            and tables.actions.min() >= 0
            and tables.actions.max() < mdp.n_actions
            and told_fit(tables.told, mdp.n_states, mdp.n_actions)
        )

    def _steps(self, replica: int) -> list[Footstep]:
        """The last n steps, the oldest first, in the middle of an episode."""
        kept, n = self.tables, self.tables.states.shape[1]
        at = [(int(kept.length[replica]) + k) % n for k in range(n)]
        states, actions, rewards = (
            kept.states[replica, at],
            kept.actions[replica, at],
            kept.rewards[replica, at],
        )
        return [
            Footstep(int(s), int(a), float(r), -1, False)
            for s, a, r in zip(states, actions, rewards, strict=True)
        ]

    def written(self, row: dict[str, float], replica: int) -> tuple[Part, ...]:
        """Before + alpha [ r + gamma r' + ... + gamma^n V(s) - before ] = after."""
        if row["terminated"] or row["truncated"]:
            return one_step(row)  # the last one that waited
        tail = Part(closed(row["next_value"]), "next", int(row["next_state"]))
        rewards = [step.reward for step in self._steps(replica)]
        return corrected(row, return_parts(rewards, row["gamma"], tail))

    def lines(self, row: dict[str, float], replica: int) -> tuple[Line, ...]:
        """The steps of the return; at the end of an episode all updates of that moment."""
        if row["terminated"] or row["truncated"]:
            return tuple(map(told_line, rows_of(self.tables.told[replica])))
        return return_lines(self._steps(replica)[:ROWS], row["gamma"])

    def backup(self, state: int, replica: int) -> Update | None:
        """The update that a state would get from the likeliest n steps of the policy."""
        v, gamma = self.estimates()[replica], self.config.gamma
        steps = likeliest_path(self.problem.mdp, self.given.argmax(axis=1), state, self.config.n)
        end, rewards = steps[-1], [step.reward for step in steps]
        tail = None if end.terminated else Part(closed(float(v[end.next_state])), "next", end.next_state)
        return imagined_update(
            steps,
            float(v[state]),
            discounted(rewards, gamma, 0.0 if end.terminated else float(v[end.next_state])),
            return_parts(rewards, gamma, tail),
            self.alpha(int(self.walk.episodes[replica])),
            gamma,
            return_lines(steps[:ROWS], gamma),
            of_state=True,
        )
