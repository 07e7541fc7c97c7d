"""The one loop in which every sampling method runs: act, step, learn, log, compiled as a whole.

An algorithm gives up to three kernels, which are compiled into the loop. `tables` are its arrays of one
replica (a named tuple with `visits` `[S, A]` at least); `now` is a `Now`, `t` a `Transition`.

    begin(tables, model, s, now, rng) -> rng, s, a         an episode begins in s; a is -1 unless forced
    act(tables, model, s, now, rng) -> rng, a, explored    choose in s
    learn(tables, model, t, now, rng, record, telling) -> rng, a_next, explored
        learn from a step; a_next is what to do next, or -1 to be asked by `act`. Where `telling`, it writes
        its update into `record` with `tell`: in the last step of a call alone, so that it costs nothing.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from rlsandbox.learning.exploration import BONUS, DRAW, choose, uniform
from rlsandbox.learning.schedules import scheduled
from rlsandbox.learning.walk import TRAIL, Index, drift_on, log_episode, noise, outcome, start_state
from rlsandbox.worlds.compiled import Kernel, kernel

RECORD = ("state", "action", "reward", "extra", "next_state", "next_action", "terminated", "truncated",
          "explored", "before", "target", "after", "alpha", "gamma", "next_value", "step")  # fmt: skip
"""Columns of the record of a replica's last update."""


class Setting(NamedTuple):
    """Hyperparameters as the loop takes them; schedules as (kind, first, last, rate)."""

    alpha: tuple[int, float, float, float]
    gamma: float
    kind: int  # of exploration
    level: tuple[int, float, float, float]  # epsilon, temperature, or the weight of a bonus
    shaping: int  # 0 none, 1 gamma Phi(s') - Phi(s), 2 Phi(s')
    potential: Any  # [S] float64
    own: Any  # what the algorithm alone knows, a named tuple


class Now(NamedTuple):
    """Hyperparameters at one step."""

    alpha: float
    gamma: float
    kind: int
    level: float
    own: Any


class Transition(NamedTuple):
    """One step of an agent in its world."""

    s: Any
    a: Any
    reward: float  # as the world pays it, and what bonus and shaping add
    extra: float  # what they added
    s_next: Any
    terminated: bool
    truncated: bool
    explored: bool
    step: int  # number of this step, counted from 1


@kernel(inline="always")
def tell(record: Any, t: Any, now: Any, a_next: Any, before: float, target: float, after: float,
         next_value: float) -> None:  # fmt: skip
    """Write an update into a record, column by column as `RECORD` names them; `a_next` is -1 for none."""
    record[0], record[1], record[2], record[3], record[4] = t.s, t.a, t.reward - t.extra, t.extra, t.s_next
    record[5], record[6], record[7], record[8] = a_next, t.terminated, t.truncated, t.explored
    record[9], record[10], record[11] = before, target, after
    record[12], record[13], record[14], record[15] = now.alpha, now.gamma, next_value, t.step


@kernel(inline="always")
def begin_anywhere(tables: Any, model: Any, s: Any, now: Any, rng: Any) -> Any:
    """Nothing to prepare for an episode."""
    return rng, s, -1


@kernel(inline="always")
def explore(tables: Any, model: Any, s: Any, now: Any, rng: Any) -> Any:
    """Choose by the action values and the exploration of the configuration."""
    return choose(tables.q[Index(s)], tables.visits[Index(s)], now, rng)


@kernel(inline="always")
def _learn(tables: Any, model: Any, t: Any, now: Any, rng: Any, record: Any, telling: Any) -> Any:
    return rng, -1, False


@kernel(error_model="numpy")
def _advance(
    tables: Any,
    model: Any,
    walk: Any,
    record: Any,
    setting: Any,
    n_steps: int,
    step_budget: int,
    episode_budget: int,
) -> None:
    """Advance one replica by up to `n_steps` steps."""
    visits, trail = tables.visits, walk.trail
    rng, s_next, a_next, explored = walk.rng[0], walk.state[0], walk.action[0], walk.explores[0]
    length, score, episode, first = walk.length[0], walk.score[0], walk.episodes[0], walk.steps[0]
    uncertain, own = model.cumulative.shape[2] > 1, setting.own
    gamma, kind, counting = setting.gamma, setting.kind, setting.alpha[0] == 3
    # whatever is rare is asked for in one place, so that the common loop does not pay for it
    special = model.noisy or model.drift > 0 or kind == BONUS or setting.shaping > 0 or counting
    step, last = first, min(first + n_steps, step_budget)
    alpha, level = scheduled(*setting.alpha, episode), scheduled(*setting.level, episode)
    while step < last and episode < episode_budget:
        if s_next < 0:
            rng += DRAW
            rng, s_next, a_next = begin(
                tables, model, start_state(model, uniform(rng)), Now(alpha, gamma, kind, level, own), rng
            )
            explored = a_next >= 0
        if a_next < 0:
            rng, a_next, explored = act(tables, model, s_next, Now(alpha, gamma, kind, level, own), rng)
        s, a, k = Index(s_next), Index(a_next), Index(0)
        if uncertain:
            rng += DRAW
            k = outcome(model, s, a, uniform(rng))
        s_next, reward, terminated = model.next_state[s, a, k], model.reward[s, a, k], model.terminal[s, a, k]
        visits[s, a] += 1
        extra = 0.0
        if special:
            if model.noisy and model.reward_sd[s, a, k] > 0:
                rng += DRAW + DRAW
                reward += noise(model.reward_sd[s, a, k], rng)
            if model.drift > 0:
                reward += walk.drifted[a]
                rng = drift_on(walk.drifted, model.drift, rng)
            if kind == BONUS:
                extra = level / np.sqrt(visits[s, a])
            if setting.shaping > 0:
                following = 0.0 if terminated else setting.potential[s_next]
                extra += gamma * following - setting.potential[s] if setting.shaping == 1 else following
            if counting:
                alpha = 1.0 / visits[s, a]
        trail[Index(step % TRAIL)] = np.int64(s)
        step, length, score = step + 1, length + 1, score + reward
        truncated = not terminated and length == model.step_limit
        over = terminated or truncated
        telling = step == last or (over and episode + 1 >= episode_budget)
        rng, a_next, explored = learn(
            tables,
            model,
            Transition(s, a, reward + extra, extra, s_next, terminated, truncated, explored, step),
            Now(alpha, gamma, kind, level, own),
            rng,
            record,
            telling,
        )
        if over:
            log_episode(walk, episode, score, length)
            s_next, a_next, length, score, episode = -1, -1, 0, 0.0, episode + 1
            alpha, level = scheduled(*setting.alpha, episode), scheduled(*setting.level, episode)
    walk.rng[0], walk.state[0], walk.action[0], walk.explores[0] = rng, s_next, a_next, explored
    walk.length[0], walk.score[0], walk.episodes[0], walk.steps[0] = length, score, episode, step


def stepping(learn: Kernel, act: Kernel = explore, begin: Kernel = begin_anywhere) -> Kernel:
    """The loop with an algorithm's own kernels in it."""
    return _advance.bind(learn=learn, act=act, begin=begin)


begin, act, learn = begin_anywhere, explore, _learn  # what the loop calls, until an algorithm binds its own
