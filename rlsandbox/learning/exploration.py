"""How an agent explores: choices as compiled functions, and the random numbers that they are made with."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsandbox.worlds.compiled import kernel
from rlsandbox.worlds.draws import DRAW as DRAW
from rlsandbox.worlds.draws import seeded as seeded
from rlsandbox.worlds.draws import standard_normal as standard_normal
from rlsandbox.worlds.draws import uniform as uniform


@kernel(inline="always")
def greatest(values: Any) -> tuple[float, int, int]:
    """The largest of `[A]` values, the first action that has it, and how many have it."""
    if values.shape[0] == 4:  # as a constant, so that the compiler unrolls the commonest case
        return _greatest(values, 4)
    return _greatest(values, values.shape[0])


@kernel(inline="always")
def _greatest(values: Any, n_actions: int) -> tuple[float, int, int]:
    best, action, ties = values[0], 0, 0
    for a in range(1, n_actions):
        action = a if values[a] > best else action  # no branch: which is best is hard to foretell
        best = values[a] if values[a] > best else best
    for a in range(n_actions):
        ties += values[a] == best
    return best, action, ties


@kernel(inline="always")
def epsilon_greedy(values: Any, action: int, ties: int, epsilon: float, u: float) -> int:
    """A uniformly random action with chance epsilon, else one of the best; one draw `u` serves both.

    `action` and `ties` are what `greatest` says of `[A]` values: the first best one, and how many are best.
    """
    if u < epsilon:
        return min(int(u / epsilon * values.shape[0]), values.shape[0] - 1)
    if ties > 1:
        best, skip = values[action], int((u - epsilon) / (1.0 - epsilon) * ties)
        while skip > 0 and action < values.shape[0] - 1:
            action += 1
            if values[action] == best:
                skip -= 1
    return action


@kernel(inline="always")
def draw(probs: Any, u: float) -> int:
    """An action from `[A]` probabilities."""
    a, last = 0, probs.shape[0] - 1
    while a < last and u >= probs[a]:
        u -= probs[a]
        a += 1
    while a > 0 and probs[a] == 0.0:  # what rounding has left over belongs to a possible one
        a -= 1
    return a


EPSILON_GREEDY, SOFTMAX, UCB, BONUS, THOMPSON = range(5)
"""Kinds of exploration; `level` is epsilon, the temperature, the weight of a bonus or a posterior's spread.

UCB: Auer, Cesa-Bianchi & Fischer (2002), Sutton & Barto, equation 2.10. Count bonus: Strehl & Littman (2008);
it is added to the reward, so that it spreads over the table, and the choice is greedy. Thompson (1933): draws
from a Gaussian posterior of each action value.
"""


@kernel(inline="always")
def choose(values: Any, visits: Any, now: Any, rng: Any) -> Any:
    """Choose by `[A]` values and visits: (rng, action, whether it was a random one)."""
    _, best, ties = greatest(values)
    return choose_seen(values, best, ties, visits, now, rng)


@kernel(inline="always")
def choose_seen(values: Any, best: Any, ties: Any, visits: Any, now: Any, rng: Any) -> Any:
    """`choose` by what `greatest` has already said of the values."""
    if now.kind == EPSILON_GREEDY:
        rng += DRAW
        u = uniform(rng)
        return rng, epsilon_greedy(values, best, ties, now.level, u), u < now.level
    return weigh(values, visits, now.kind, now.level, rng)


@kernel
def weigh(values: Any, visits: Any, kind: int, level: float, rng: Any) -> Any:
    """Choose by softmax, UCB, count bonus or Thompson sampling: (rng, action, not the greedy one)."""
    n_actions = values.shape[0]
    highest = values[0]
    for a in range(1, n_actions):
        highest = max(highest, values[a])
    if kind == SOFTMAX:
        total = 0.0
        for a in range(n_actions):
            total += np.exp((values[a] - highest) / level)
        rng += DRAW
        u, action = uniform(rng) * total, n_actions - 1
        for a in range(n_actions):
            u -= np.exp((values[a] - highest) / level)
            if u < 0:
                action = a
                break
        return rng, action, values[action] != highest
    tried = 0
    for a in range(n_actions):
        tried += visits[a]
    best, action, ties = -np.inf, 0, 0
    for a in range(n_actions):
        index = values[a]
        if kind == UCB:
            index = np.inf if visits[a] == 0 else index + level * np.sqrt(np.log(tried) / visits[a])
        elif kind == THOMPSON:
            rng += DRAW + DRAW
            index += level / np.sqrt(visits[a] + 1.0) * standard_normal(uniform(rng - DRAW), uniform(rng))
        if index > best or ties == 0:
            best, action, ties = index, a, 1
        elif index == best:  # each of the best is kept with the same chance
            ties += 1
            rng += DRAW
            if uniform(rng) * ties < 1.0:
                action = a
    return rng, action, values[action] != highest


@kernel(inline="always")
def expected(values: Any, kind: int, level: float) -> float:
    """The mean of `[A]` values under the choices of `choose`.

    Exact for epsilon-greedy and softmax; where chances have no closed form or go by counts (UCB, Thompson
    sampling), and for a count bonus, the greedy policy's.
    """
    if kind == SOFTMAX:
        return expected_softly(values, level)
    best, _, _ = greatest(values)
    if kind == EPSILON_GREEDY:
        total = 0.0
        for a in range(values.shape[0]):
            total += values[a]
        return (1.0 - level) * best + level * (total / values.shape[0])
    return best


@kernel
def expected_softly(values: Any, temperature: float) -> float:
    """The mean of `[A]` values under softmax."""
    highest, total, weighted = values[0], 0.0, 0.0
    for a in range(1, values.shape[0]):
        highest = max(highest, values[a])
    for a in range(values.shape[0]):
        weight = np.exp((values[a] - highest) / temperature)
        total += weight
        weighted += weight * values[a]
    return weighted / total


@kernel
def chance(values: Any, action: Any, kind: int, level: float) -> float:
    """The chance of an action under the policy that `expected` takes the mean of; the best share theirs."""
    if kind == SOFTMAX:
        highest, total = values[0], 0.0
        for a in range(1, values.shape[0]):
            highest = max(highest, values[a])
        for a in range(values.shape[0]):
            total += np.exp((values[a] - highest) / level)
        return np.exp((values[action] - highest) / level) / total
    best, _, ties = greatest(values)
    greedy = 1.0 / ties if values[action] == best else 0.0
    if kind == EPSILON_GREEDY:
        return (1.0 - level) * greedy + level / values.shape[0]
    return greedy


def bonuses(visits: NDArray[Any], weight: float) -> NDArray[np.float64]:
    """`[S, A]`: what UCB or a count bonus thinks that an action is worth trying; 0 where nobody has been."""
    tried = np.maximum(visits, 1)
    return np.where(visits > 0, weight / np.sqrt(tried), weight)


def behaviour(q: NDArray[np.float64], visits: NDArray[Any], kind: int, level: float) -> NDArray[np.float64]:
    """`[S, A]`: the chance of every action at the next visit.

    For Thompson sampling by integrating, on 64 points, each action's density times the chance that all others
    draw less.
    """
    if kind == SOFTMAX:
        weights = np.exp((q - q.max(axis=1, keepdims=True)) / level)
        return weights / weights.sum(axis=1, keepdims=True)
    if kind == THOMPSON and level > 0:
        from scipy.special import ndtr

        sd = level / np.sqrt(visits + 1.0)
        x = np.linspace((q - 5 * sd).min(axis=1), (q + 5 * sd).max(axis=1), 64, axis=-1)[:, None, :]
        z = (x - q[..., None]) / sd[..., None]
        below = np.maximum(ndtr(z), 1e-300)
        density = np.exp(-0.5 * z**2) / sd[..., None]
        weights = (density * np.prod(below, axis=1, keepdims=True) / below).sum(axis=2)
        return weights / weights.sum(axis=1, keepdims=True)
    index = q
    if kind == UCB:
        total = np.log(np.maximum(visits.sum(axis=1, keepdims=True), 1))
        untried = visits == 0
        index = np.where(untried, np.inf, q + level * np.sqrt(total / np.maximum(visits, 1)))
        index = np.where(untried.any(axis=1, keepdims=True), untried.astype(np.float64), index)
    best = index == index.max(axis=1, keepdims=True)
    greedy = best / best.sum(axis=1, keepdims=True)
    random = level if kind == EPSILON_GREEDY else 0.0
    return random / q.shape[1] + (1.0 - random) * greedy


def expected_by(q: NDArray[np.float64], kind: int, level: float) -> NDArray[np.float64]:
    """`[S, A]`: the chances by which `expected` takes its mean."""
    exact = kind in (EPSILON_GREEDY, SOFTMAX)
    return behaviour(q, np.zeros(q.shape), kind if exact else EPSILON_GREEDY, level if exact else 0.0)
