"""SARSA: on-policy temporal-difference control.

    Q(S, A) <- Q(S, A) + alpha [ R + gamma Q(S', A') - Q(S, A) ]

Source: Rummery & Niranjan (1994); Sutton & Barto, 2nd edition, section 6.4.
"""

# The record is written only after a step, which a type checker cannot know.
# pyright: reportPossiblyUnboundVariable=false

from __future__ import annotations

from typing import Any

import numpy as np

from rlsandbox.learning.exploration import DRAW, epsilon_greedy, greatest, scheduled, uniform
from rlsandbox.learning.tabular import TabularControl, fill, one_step_parts
from rlsandbox.learning.walk import TRAIL, Index, log_episode, noise, outcome, replica_log, start_state
from rlsandbox.worlds.compiled import kernel


@kernel(error_model="numpy")
def sarsa(
    q: Any,
    model: Any,
    walk: Any,
    record: Any,
    parameters: Any,
    n_steps: int,
    step_budget: int,
    episode_budget: int,
) -> None:
    """Advance every replica by up to `n_steps` steps; `q` is `[N, S, A]`."""
    gamma = parameters.gamma
    uncertain, noisy = model.cumulative.shape[2] > 1, model.noisy
    for i in range(q.shape[0]):
        q_i, visits, trail, log = q[i], walk.visits[i], walk.trail[i], replica_log(walk, i)
        rng, s_next, a_next, explores = walk.rng[i], walk.state[i], walk.action[i], walk.explores[i]
        length, score, episode = walk.length[i], walk.score[i], walk.episodes[i]
        first = step = walk.steps[i]
        last = min(first + n_steps, step_budget)
        alpha, epsilon = scheduled(*parameters.alpha, episode), scheduled(*parameters.epsilon, episode)
        while step < last and episode < episode_budget:
            if s_next < 0:
                rng += DRAW
                s_next = start_state(model, uniform(rng))
                a_next = -1
            if a_next < 0:
                rng += DRAW
                u = uniform(rng)
                _, best, ties = greatest(q_i[s_next])
                a_next, explores = epsilon_greedy(q_i[s_next], best, ties, epsilon, u), u < epsilon
            s, a, k, explored = Index(s_next), Index(a_next), Index(0), explores
            if uncertain:
                rng += DRAW
                k = outcome(model, s, a, uniform(rng))
            s_next, reward, terminated = (
                model.next_state[s, a, k],
                model.reward[s, a, k],
                model.terminal[s, a, k],
            )
            if noisy and model.reward_sd[s, a, k] > 0:
                rng += DRAW + DRAW
                reward += noise(model.reward_sd[s, a, k], rng)

            before = q_i[s, a]
            a_next, next_value = -1, 0.0
            if not terminated:
                rng += DRAW
                u = uniform(rng)
                values = q_i[Index(s_next)]
                _, best, ties = greatest(values)
                a_next, explores = epsilon_greedy(values, best, ties, epsilon, u), u < epsilon
                next_value = values[Index(a_next)]
            target = reward + gamma * next_value
            td_error = target - before
            q_i[s, a] = before + alpha * td_error

            visits[s, a] += 1
            trail[Index(step % TRAIL)] = np.int64(s)
            step, length, score = step + 1, length + 1, score + reward
            truncated = not terminated and length == model.step_limit
            if terminated or truncated:
                log_episode(log, episode, score, length)
                s_next, length, score, episode = -1, 0, 0.0, episode + 1
                alpha, epsilon = (
                    scheduled(*parameters.alpha, episode),
                    scheduled(*parameters.epsilon, episode),
                )
        walk.rng[i], walk.state[i], walk.action[i], walk.length[i] = rng, s_next, a_next, length
        walk.explores[i], walk.score[i], walk.episodes[i], walk.steps[i] = explores, score, episode, step
        if step > first:  # of the last update; what can be told afterwards does not burden the loop
            target, arrived = reward + gamma * next_value, model.next_state[s, a, k]
            terminated, over = model.terminal[s, a, k], s_next < 0
            truncated, alpha = over and not terminated, scheduled(*parameters.alpha, episode - over)
            fill(record[i], s, a, reward, arrived, a_next, terminated, truncated, explored, before,
                 target, target - before, q_i[s, a], alpha, gamma, next_value, step)  # fmt: skip


class Sarsa(TabularControl):
    """SARSA (Rummery & Niranjan, 1994): learns the values of the policy that it follows, detours included."""

    title = "SARSA"
    source = "Rummery & Niranjan (1994); Sutton & Barto, 2nd ed., section 6.4"
    equation = "Q(s,a) ← Q(s,a) + α [ r + γ Q(s′,a′) − Q(s,a) ]"
    kernel = staticmethod(sarsa)
    written = staticmethod(one_step_parts)
