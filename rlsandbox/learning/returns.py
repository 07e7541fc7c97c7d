"""Returns of more than one step, for the inspector: sums along a path of the model, written out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rlsandbox.learning.agent import Floats, Line, Part, Update, number
from rlsandbox.learning.paths import Footstep
from rlsandbox.learning.written import closed, corrected
from rlsandbox.worlds.mdp import TabularMDP

FULL = 6
"""Steps of a return that are written out one by one; of a longer one the middle is left out."""


def sampled_path(
    mdp: TabularMDP, policy: Floats, state: int, length: int, action: int = -1
) -> list[Footstep]:
    """At most so many steps of a policy `[S, A]` from a live state, the first `action` given or -1.

    They are drawn by a generator of the state's own, so that who looks twice sees the same.
    """
    rng, path = np.random.default_rng(state), list[Footstep]()
    while len(path) < length and not (path and path[-1].terminated):
        a = int(rng.choice(policy.shape[1], p=policy[state])) if path or action < 0 else action
        k = int(rng.choice(mdp.prob.shape[2], p=mdp.prob[state, a]))
        s_next = int(mdp.next_state[state, a, k])
        path.append(
            Footstep(state, a, float(mdp.reward[state, a, k]), s_next, bool(mdp.terminal[state, a, k]))
        )
        state = s_next
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


def return_lines(steps: Sequence[Footstep], gamma: float) -> tuple[Line, ...]:
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


def imagined_update(
    steps: Sequence[Footstep],
    before: float,
    target: float,
    parts: Sequence[Part],
    alpha: float,
    gamma: float,
    lines: tuple[Line, ...],
    *,
    of_state: bool,
) -> Update:
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


def lambda_return(
    path: Sequence[Footstep], v: Floats, gamma: float, decay: float
) -> tuple[float, tuple[Part, ...], tuple[Line, ...]]:
    """The return r + gamma [ (1 - lambda) V(s') + lambda G' ] along a path, which ends with G' = V(s').

    Args:
        path: at least one step.
        v: `[S]` values.
        gamma: discount.
        decay: lambda.

    Returns:
        The return, the first of its steps written out, and the others line by line.
    """
    end = path[-1]
    following = 0.0 if end.terminated else float(v[end.next_state])
    written: list[tuple[float, tuple[Part, ...]]] = []
    for step in reversed(path):
        reward, lead = Part(number(step.reward), "reward"), f" + {number(gamma)} · "
        if step.terminated:
            result, parts = step.reward, (reward, Part(f"{lead}0 (terminal)"))
        else:
            value = float(v[step.next_state])
            result = step.reward + gamma * ((1.0 - decay) * value + decay * following)
            parts = (
                reward,
                Part(f"{lead}[ {number(1.0 - decay)} · "),
                Part(closed(value), "next", step.next_state),
                Part(f" + {number(decay)} · "),
                Part(closed(following), "next", step.next_state),
                Part(" ]"),
            )
        written.append((result, parts))
        following = result
    (target, parts), *others = written[::-1]
    lines = tuple(
        Line(step.state, (Part(f"G = {number(result)} = "), *terms))
        for step, (result, terms) in zip(path[1:], others, strict=True)
    )
    return target, parts, lines
