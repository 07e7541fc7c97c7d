"""The chance with which a choice was made, for every kind of exploration."""

from typing import Any

import numpy as np
import pytest

from rlsandbox.learning.chances import chance_of
from rlsandbox.learning.configs import LEVELS
from rlsandbox.learning.exploration import (
    BONUS,
    EPSILON_GREEDY,
    SOFTMAX,
    THOMPSON,
    UCB,
    behaviour,
    choose,
    seeded,
)
from rlsandbox.learning.stepping import Now
from rlsandbox.worlds.compiled import kernel


@kernel
def often(values: Any, visits: Any, now: Any, rng: Any, counts: Any, inverse: Any, n: int) -> None:
    """Choose n times: how often each action, and the sum of 1 / chance."""
    for _ in range(n):
        before = rng
        rng, action, _ = choose(values, visits, now, rng)
        counts[action] += 1
        inverse[action] += 1.0 / chance_of(values, visits, action, now.kind, now.level, before)


@pytest.mark.parametrize("kind", sorted({kind for kind, _ in LEVELS.values()}))
def test_the_mean_of_one_over_the_chance_is_one_for_every_action_that_is_chosen(kind):
    n, values, visits = 200_000, np.array([0.5, -0.2, 0.5, 0.1]), np.array([5, 1, 5, 3])
    counts, inverse = np.zeros(4), np.zeros(4)
    often(values, visits, Now(0.0, 0.0, kind, 0.7, 0), seeded((9,))[0], counts, inverse, n)
    chosen = counts > 0
    assert chosen.sum() == {EPSILON_GREEDY: 4, SOFTMAX: 4, THOMPSON: 4, UCB: 2, BONUS: 2}[kind]
    np.testing.assert_allclose(inverse[chosen] / n, 1.0, rtol=0, atol=0.03)
    if kind != THOMPSON:  # whose chance is that given the other draws: another one each time
        expected = behaviour(values[None], visits[None], kind, 0.7)[0]
        np.testing.assert_allclose(counts[chosen] / inverse[chosen], expected[chosen], rtol=1e-9)


def test_untried_actions_share_the_choice_of_ucb():
    rng = seeded((9,))[0]
    values, visits = np.zeros(4), np.array([3, 0, 0, 2])
    assert chance_of(values, visits, 1, UCB, 1.0, rng) == 0.5
    assert chance_of(values, visits + 1, 1, UCB, 1.0, rng) == 0.5  # ln 9 / 1 for both
    assert chance_of(values, visits, 0, THOMPSON, 0.0, rng) == 0.25  # greedy among equals
