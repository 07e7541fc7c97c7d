"""What a policy is worth: rollouts on capped episodes, and the gap to the truth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.exploration import DRAW, draw, seeded, uniform
from rlsandbox.learning.oracle import Solution, policy_values, solve
from rlsandbox.learning.policy import TabularPolicy, greedy_probs
from rlsandbox.learning.walk import Model, noise, outcome, start_state
from rlsandbox.worlds.compiled import kernel
from rlsandbox.worlds.mdp import TabularMDP
from rlsandbox.worlds.simulation import Simulation

EVALUATION_EPISODES = 100
LONGEST_PLAYED = 10_000
"""Steps after which an evaluation episode is cut where the world has no limit."""
_HURRY = 0.9999
EVALUATION_SEED = 20_190_101


@dataclass(frozen=True)
class Evaluation:
    """Figures of the greedy policies of N replicas; one meaning each.

    Attributes:
        greedy_return: `[N]` mean undiscounted return over the evaluation episodes.
        oracle_return: the same of the oracle's greedy policy on the same episodes; None without an oracle.
        oracle_gap: `[N]` V*(start) - V^pi(start), None where the policy never ends at gamma = 1.
        ended: `[N]` share of the episodes that ended by themselves, not at the cap.
        episodes, cap: how many, and after how many steps each was cut.
    """

    greedy_return: list[float]
    oracle_return: float | None
    oracle_gap: list[float | None]
    ended: list[float]
    episodes: int
    cap: int


def episode_cap(mdp: TabularMDP) -> int:
    """Steps after which an evaluation episode is cut: the world's limit, or enough for any sensible path."""
    return mdp.step_limit or max(100, min(10_000, 4 * mdp.n_states))


def evaluate_policy(
    policy: TabularPolicy,
    mdp: TabularMDP,
    oracle: Solution | None,
    episodes: int = EVALUATION_EPISODES,
    seed: int = EVALUATION_SEED,
    walked: TabularMDP | None = None,
) -> Evaluation:
    """Roll out every replica's policy and the oracle's on the same episodes.

    Args:
        policy: what is evaluated.
        mdp: the model of the world.
        oracle: the truth about it, or None.
        episodes: how many.
        seed: of the episodes.
        walked: the model of the `Stacks` that the policy tells apart, if it sees several frames.
    """
    cap, walked = episode_cap(mdp), walked or mdp
    scores, ended = rollouts(policy.probs, walked, episodes, cap, seed)
    gaps: list[float | None] = [None] * policy.n_seeds
    best = None
    if oracle is not None:
        truth, _ = rollouts(oracle_policy(mdp, oracle)[None], mdp, episodes, cap, seed)
        best = float(truth.mean())
        gaps = [oracle_gap(walked, probs, oracle) for probs in policy.probs]
    return Evaluation(scores.mean(axis=1).tolist(), best, gaps, ended.mean(axis=1).tolist(), episodes, cap)


def evaluate_played(
    best: Callable[[NDArray[Any]], NDArray[Any]],
    n_seeds: int,
    world: Simulation,
    episodes: int = EVALUATION_EPISODES,
    seed: int = EVALUATION_SEED,
) -> Evaluation:
    """Play episodes of a world whose states cannot be listed, all replicas on the same ones.

    Args:
        best: from what the copies see `[N, episodes, D...]` to what they do, as the world takes it.
        n_seeds: N.
        world: where.
        episodes: how many, side by side.
        seed: of the episodes.

    Raises:
        SandboxError: the world fails.
    """
    cap = world.step_limit or LONGEST_PLAYED
    walkers = world.walkers([seed] * n_seeds, episodes)
    scores, going = np.zeros((n_seeds, episodes)), np.ones((n_seeds, episodes), np.bool_)
    ended = np.zeros_like(going)
    try:
        for _ in range(cap):
            outcome = walkers.step(best(walkers.seen), np.asarray(going.any(axis=1)))
            scores += np.where(going, outcome.reward, 0.0)
            ended |= going & outcome.terminated
            going &= ~(outcome.terminated | outcome.truncated)
            if not going.any():
                break
    finally:
        walkers.close()
    gaps: list[float | None] = [None] * n_seeds
    return Evaluation(scores.mean(axis=1).tolist(), None, gaps, ended.mean(axis=1).tolist(), episodes, cap)


def oracle_policy(mdp: TabularMDP, oracle: Solution) -> NDArray[np.float64]:
    """`[S, A]` probabilities of an optimal policy; equally good actions share.

    Without a discount an action may be as good as any and yet lead in circles for ever: of those the ones are
    kept that are best under a slight discount, since they get there.
    """
    best = greedy_probs(np.round(oracle.q, 9))
    sooner = solve(mdp, _HURRY) if oracle.gamma == 1 else None
    return best if sooner is None else greedy_probs(np.where(best > 0, np.round(sooner.q, 9), -np.inf))


def oracle_gap(mdp: TabularMDP, probs: NDArray[np.float64], oracle: Solution) -> float | None:
    """V*(start) - V^pi(start) of a policy `[S, A]`; None where the policy never ends at gamma = 1."""
    v = policy_values(mdp, probs, oracle.gamma)
    if v is None:
        return None
    starts = mdp.start > 0
    return max(0.0, oracle.v_start - float(mdp.start[starts] @ v[starts]))


def value_error(mdp: TabularMDP, v: NDArray[np.float64], truth: NDArray[np.float64]) -> float:
    """Root of the mean squared difference of values `[S]` to V^pi over the live states that pi comes to."""
    seen = mdp.live & np.isfinite(truth)
    return float(np.sqrt(np.mean((v[seen] - truth[seen]) ** 2)))


def rollouts(
    probs: NDArray[np.float64], mdp: TabularMDP, episodes: int, cap: int, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Undiscounted returns and whether they ended by themselves, `[N, episodes]`, of policies `[N, S, A]`."""
    scores = np.zeros((probs.shape[0], episodes))
    ended = np.zeros((probs.shape[0], episodes), np.bool_)
    _roll(np.ascontiguousarray(probs), Model.of(mdp), seeded((seed,))[0], cap, scores, ended)
    return scores, ended


@kernel
def _roll(probs: Any, model: Any, seed: Any, cap: int, scores: Any, ended: Any) -> None:
    for i in range(scores.shape[0]):
        rng = seed  # the same episodes for every replica
        for episode in range(scores.shape[1]):
            rng += DRAW
            s = start_state(model, uniform(rng))
            for _ in range(cap):
                rng += DRAW
                a = draw(probs[i, s], uniform(rng))
                rng += DRAW
                k = outcome(model, s, a, uniform(rng))
                reward = model.reward[s, a, k]
                if model.reward_sd[s, a, k] > 0:
                    rng += DRAW + DRAW
                    reward += noise(model.reward_sd[s, a, k], rng)
                scores[i, episode] += reward
                if model.terminal[s, a, k]:
                    ended[i, episode] = True
                    break
                s = model.next_state[s, a, k]
