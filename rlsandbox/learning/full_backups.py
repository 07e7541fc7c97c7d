"""Full backups: a state's value from all that may follow it, by the model; as kernels and in writing."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.agent import Floats, Line, Part, number
from rlsandbox.learning.problem import Enumerable
from rlsandbox.learning.written import closed, expectation
from rlsandbox.worlds.compiled import kernel
from rlsandbox.worlds.mdp import TabularMDP

OPTIMAL, EXPECTED, IMPROVED = range(3)
"""What a full backup does: the best of all actions, the mean over a policy, or a better action for it."""

CHANGE = ("kind", "state", "action", "before", "after")
"""Columns of the record of a sweep's largest change."""
_MOST_ACTIONS = 24
"""As many actions are written out."""


class Dynamics(NamedTuple):
    """The model as full backups take it."""

    next_state: Any  # [S, A, K] int32
    prob: Any  # [S, A, K] float64
    terminal: Any  # [S, A, K] bool
    expected: Any  # [S, A] float64, the mean reward
    states: Any  # [S] bool, those that are backed up

    @classmethod
    def of(cls, mdp: TabularMDP, states: NDArray[np.bool_]) -> Dynamics:
        """The same arrays, not copied."""
        return cls(mdp.next_state, mdp.prob, mdp.terminal, mdp.expected_reward, states)


@kernel(inline="always")
def action_value(v: Any, model: Any, s: Any, a: Any, gamma: float) -> float:
    """r(s, a) + gamma sum_s' p(s' | s, a) v(s')."""
    following = 0.0
    for k in range(model.prob.shape[2]):
        if model.prob[s, a, k] > 0 and not model.terminal[s, a, k]:
            following += model.prob[s, a, k] * v[model.next_state[s, a, k]]
    return model.expected[s, a] + gamma * following


@kernel(inline="always")
def best_action(v: Any, model: Any, s: Any, gamma: float) -> Any:
    """The greatest action value in `s`, and the first action that has it."""
    best, action = -np.inf, 0
    for a in range(model.prob.shape[1]):
        value = action_value(v, model, s, a, gamma)
        if value > best or np.isnan(value):  # a NaN is passed on, so that it cannot go unnoticed
            best, action = value, a
    return best, action


@kernel(inline="always")
def note(
    record: Any, used: Any, v: Any, model: Any, kind: Any, s: Any, a: Any, before: Any, after: Any
) -> None:
    """Keep a change (`CHANGE`), and in `used` `[A, K]` the values `v` of the successors that made it."""
    record[0], record[1], record[2], record[3], record[4] = kind, s, a, before, after
    for b in range(used.shape[0]):
        for k in range(used.shape[1]):
            used[b, k] = v[model.next_state[s, b, k]]


@kernel
def optimal_sweep(v: Any, old: Any, model: Any, gamma: float, record: Any, used: Any) -> float:
    """Back up `v` `[S]` to the best action, from `old` (or `v` itself); returns the largest change."""
    residual = -1.0
    for s in range(v.shape[0]):
        if model.states[s]:
            best, a = best_action(old, model, s, gamma)
            change = abs(best - old[s])
            if not change <= residual:
                residual = change
                note(record, used, old, model, OPTIMAL, s, a, old[s], best)
            v[s] = best
    return residual


@kernel
def expected_sweep(v: Any, old: Any, pi: Any, model: Any, gamma: float, record: Any, used: Any) -> float:
    """Back up `v` `[S]` to the mean over `pi` `[S, A]`, from `old`; returns the largest change."""
    residual = -1.0
    for s in range(v.shape[0]):
        if model.states[s]:
            value = 0.0
            for a in range(pi.shape[1]):
                if pi[s, a] > 0:
                    value += pi[s, a] * action_value(old, model, s, a, gamma)
            change = abs(value - old[s])
            if not change <= residual:
                residual = change
                note(record, used, old, model, EXPECTED, s, -1, old[s], value)
            v[s] = value
    return residual


# -- written out -----------------------------------------------------------------------------------


def written_best(problem: Enumerable, v: Floats, s: int, a: int, gamma: float) -> tuple[Part, ...]:
    """Max over actions = up: p [ r + gamma v(s') ] + ..., `v` `[S]` as it was used."""
    name = problem.world.actions[a].name
    return Part(f"max over actions = {name}: "), *expectation(problem.mdp, v, s, a, gamma)


def written_mean(problem: Enumerable, pi: Floats, v: Floats, s: int, gamma: float) -> tuple[Part, ...]:
    """Sum over actions and outcomes: pi p [ r + gamma v(s') ] + ..., for probabilities `pi` `[A]`."""
    parts: list[Part] = []
    taken = np.flatnonzero(pi)
    for a in taken[:_MOST_ACTIONS]:
        parts += [Part(" + ")] if parts else []
        parts += expectation(problem.mdp, v, s, int(a), gamma, float(pi[a]))
    if taken.size > _MOST_ACTIONS:
        parts.append(Part(f" + … ({taken.size - _MOST_ACTIONS} more actions)"))
    return tuple(parts)


def action_lines(problem: Enumerable, v: Floats, s: int, gamma: float) -> tuple[Line, ...]:
    """What each action is worth, written out: up: p [ r + gamma v(s') ] + ... = q."""
    mdp, lines = problem.mdp, []
    for a, action in enumerate(problem.world.actions[:_MOST_ACTIONS]):
        onward = np.where(mdp.terminal[s, a], 0.0, v[mdp.next_state[s, a]])
        q = float(mdp.expected_reward[s, a] + gamma * (mdp.prob[s, a] @ onward))
        parts = (Part(f"{action.name}: "), *expectation(mdp, v, s, a, gamma), Part(f" = {closed(q)}"))
        lines.append(Line(s, parts))
    return tuple(lines)


def valued(parts: tuple[Part, ...], s: int, value: float) -> tuple[Part, ...]:
    """An expression, and the value that it gives the state `s`."""
    return *parts, Part(" = "), Part(number(value), "new", s)
