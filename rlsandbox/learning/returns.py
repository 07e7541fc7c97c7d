"""Returns of more than one step, for the inspector: a path imagined in the model, and sums written out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rlsandbox.learning.agent import Floats, Line, Part, Update, number
from rlsandbox.learning.written import closed, corrected
from rlsandbox.worlds.mdp import TabularMDP

FULL = 6
"""Steps of a return that are written out one by one; of a longer one the middle is left out."""


class Step(NamedTuple):
    """One step of an imagined path."""

    state: int
    action: int
    reward: float
    next_state: int
    terminated: bool


def imagined(mdp: TabularMDP, policy: Floats, state: int, n_steps: int, *, sampled: bool = False,
             action: int = -1) -> list[Step]:  # fmt: skip
    """Up to `n_steps` steps of a policy `[S, A]` from a live state, to the end of the episode at most.

    Args:
        mdp: the model.
        policy: probabilities of the actions.
        state: where it begins.
        n_steps: how many steps at most.
        sampled: draw actions and outcomes, by a generator of the state's own so that two looks see the same;
            otherwise the likeliest ones follow each other.
        action: the first action; -1 for the policy's.
    """
    rng, path, s = np.random.default_rng(state), [], state
    for _ in range(n_steps):
        a, probs = action, policy[s]
        if a < 0:
            a = int(rng.choice(probs.size, p=probs)) if sampled else int(probs.argmax())
        chances = mdp.prob[s, a]
        k = int(rng.choice(chances.size, p=chances)) if sampled else int(chances.argmax())
        s_next, terminated = int(mdp.next_state[s, a, k]), bool(mdp.terminal[s, a, k])
        path.append(Step(s, a, float(mdp.reward[s, a, k]), s_next, terminated))
        if terminated:
            break
        s, action = s_next, -1
    return path


def discounted(rewards: Sequence[float], gamma: float, tail: float = 0.0) -> float:
    """R + gamma (R' + gamma (R'' + ... + gamma tail))."""
    total = tail
    for reward in reversed(rewards):
        total = reward + gamma * total
    return total


def return_parts(rewards: Sequence[float], gamma: float, tail: Part | None) -> tuple[Part, ...]:
    """R + gamma R' + ... + gamma^n tail; without a tail, of an episode that terminated."""
    parts = []
    for k, reward in enumerate(rewards):
        if k < FULL or k == len(rewards) - 1:
            parts.append(Part(f" + {number(gamma**k)} · " if k else ""))
            parts.append(Part(closed(reward) if k else number(reward), "reward"))
        elif k == FULL:
            parts.append(Part(" + …"))
    parts.append(Part(f" + {number(gamma ** len(rewards))} · "))
    parts.append(Part("0 (terminal)") if tail is None else tail)
    return tuple(part for part in parts if part.text)


def return_lines(steps: Sequence[Step], gamma: float) -> tuple[Line, ...]:
    """What each step adds to the return: "γ^k · r = ..."."""
    return tuple(
        Line(
            step.state,
            (
                Part(f"{number(gamma**k)} · "),
                Part(closed(step.reward), "reward"),
                Part(f" = {number(gamma**k * step.reward)}"),
            ),
        )
        for k, step in enumerate(steps)
    )


def imagined_update(steps: Sequence[Step], before: float, target: float, parts: Sequence[Part], alpha: float,
                    gamma: float, lines: tuple[Line, ...], *, of_state: bool) -> Update:  # fmt: skip
    """The update that the first pair of an imagined path would get; `parts` is its target written out."""
    first, end, after = steps[0], steps[-1], before + alpha * (target - before)
    row = {"state": first.state, "before": before, "alpha": alpha, "after": after}
    return Update(
        state=first.state,
        action=None if of_state else first.action,
        reward=discounted([step.reward for step in steps], gamma),
        next_state=end.next_state,
        next_action=None,
        terminated=end.terminated,
        truncated=False,
        explored=False,
        before=before,
        target=target,
        td_error=target - before,
        after=after,
        alpha=alpha,
        gamma=gamma,
        parts=corrected(row, parts),
        step=-1,
        lines=lines,
        of_state=of_state,
    )
