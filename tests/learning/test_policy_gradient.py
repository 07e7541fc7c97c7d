"""The slopes of policy-gradient losses against autograd of the losses as they are written."""

from typing import Any

import numpy as np
import pytest
import torch

from rlsandbox.learning.policy_gradient import actor_critic_slopes

N, B, A = 3, 11, 4


@pytest.mark.parametrize("entropy_weight", [0.0, 0.3])
def test_slopes_and_numbers_of_an_actor_and_a_critic(entropy_weight):
    rng, value_weight = np.random.default_rng(0), 0.7
    logits, value = rng.normal(size=(N, B, A)) * 3, rng.normal(size=(N, B, 1))
    action, gain, target = rng.integers(A, size=(N, B)), rng.normal(size=(N, B)), rng.normal(size=(N, B))
    share = rng.random((N, B))
    share[:, -3:] = 0.0  # padding
    share /= share.sum(axis=1, keepdims=True)
    slope_logits, slope_value = np.full((N, B, A), np.nan), np.full((N, B, 1), np.nan)
    log_prob, numbers = np.full((N, B), np.nan), np.full((3, N), np.nan)
    weights = value_weight, entropy_weight
    given = logits, value, action, gain, target, share
    actor_critic_slopes(*given, *weights, slope_logits, slope_value, log_prob, numbers)

    x: Any = torch.from_numpy(logits).requires_grad_()
    v: Any = torch.from_numpy(value).requires_grad_()
    policy = torch.distributions.Categorical(logits=x)
    log_pi, part = policy.log_prob(torch.from_numpy(action)), torch.from_numpy(share)
    losses = (
        -(part * log_pi * torch.from_numpy(gain)).sum(dim=1),
        (part * (v[..., 0] - torch.from_numpy(target)) ** 2).sum(dim=1),
        (part * policy.entropy()).sum(dim=1),
    )
    (losses[0] + value_weight * losses[1] - entropy_weight * losses[2]).sum().backward()
    np.testing.assert_allclose(slope_logits, x.grad, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(slope_value, v.grad, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(log_prob, log_pi.detach(), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(numbers, torch.stack(losses).detach(), rtol=1e-10, atol=1e-12)
    assert not slope_logits[:, -3:].any() and not slope_value[:, -3:].any()


def test_a_fair_coin_by_hand():
    """pi = (1/2, 1/2): the slope of -2 log pi(0) is (-1, 1); H = log 2 is largest, its slope 0."""
    slope_logits, slope_value = np.empty((1, 1, 2)), np.empty((1, 1, 1))
    log_prob, numbers = np.empty((1, 1)), np.empty((3, 1))
    actor_critic_slopes(
        *(np.zeros((1, 1, 2)), np.full((1, 1, 1), 3.0), np.zeros((1, 1), np.int64)),
        *(np.full((1, 1), 2.0), np.full((1, 1), 5.0), np.ones((1, 1)), 0.5, 10.0),
        *(slope_logits, slope_value, log_prob, numbers),
    )
    np.testing.assert_allclose(slope_logits, [[[-1.0, 1.0]]], atol=1e-12)
    np.testing.assert_allclose(slope_value, [[[0.5 * 2 * (3 - 5)]]], atol=1e-12)
    np.testing.assert_allclose(numbers[:, 0], [2 * np.log(2), 4.0, np.log(2)], atol=1e-12)


def test_huge_logits_do_not_overflow():
    """exp(5000) is infinite, pi is not: the best action is certain, the other's log-probability -5000."""
    slope_logits, slope_value = np.empty((1, 2, 2)), np.empty((1, 2, 1))
    log_prob, numbers = np.empty((1, 2)), np.empty((3, 1))
    actor_critic_slopes(
        *(np.tile([5000.0, 0.0], (1, 2, 1)), np.zeros((1, 2, 1)), np.array([[0, 1]])),
        *(np.ones((1, 2)), np.zeros((1, 2)), np.full((1, 2), 0.5), 1.0, 0.1),
        *(slope_logits, slope_value, log_prob, numbers),
    )
    np.testing.assert_allclose(log_prob, [[0.0, -5000.0]])
    np.testing.assert_allclose(slope_logits, [[[0.0, 0.0], [0.5, -0.5]]], atol=1e-12)
    assert np.isfinite(numbers).all() and numbers[2, 0] == 0.0
