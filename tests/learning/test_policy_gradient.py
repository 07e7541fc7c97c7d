"""Policies and slopes of policy-gradient losses against torch's distributions and autograd."""

from typing import Any

import numpy as np
import pytest
import torch

from rlsandbox.learning.policy_gradient import LOG_STD, Gaussian, Softmax, actor_critic_losses
from rlsandbox.worlds.draws import seeded

N, B, A = 3, 11, 4


def judged(family, said, value, action, gain, target, share, value_weight, entropy_weight) -> tuple[Any, ...]:
    """Slopes at the policy's head and at the values, log-probabilities, and what is logged."""
    log_prob, entropy = family.judge(said, action)
    slope, slope_value = np.full(said.shape, np.nan), np.full(value.shape, np.nan)
    numbers = np.full((3, len(said)), np.nan)
    actor_critic_losses(log_prob, entropy, value, gain, target, share, value_weight, slope_value, numbers)
    family.slopes(said, action, share * gain, share * entropy_weight, slope)
    return slope, slope_value, log_prob, numbers


def categorical(x: Any, action: np.ndarray) -> tuple[Any, Any]:
    policy = torch.distributions.Categorical(logits=x)
    return policy.log_prob(torch.from_numpy(action)), policy.entropy()


def normal(x: Any, action: np.ndarray) -> tuple[Any, Any]:
    mean, log_std = x.chunk(2, dim=-1)
    policy = torch.distributions.Normal(mean, log_std.clamp(*LOG_STD).exp())
    return policy.log_prob(torch.from_numpy(action)).sum(dim=-1), policy.entropy().sum(dim=-1)


RNG = np.random.default_rng(0)
FAMILIES = {
    "softmax": (Softmax(A), categorical, RNG.normal(size=(N, B, A)) * 3, RNG.integers(A, size=(N, B))),
    "gaussian": (Gaussian(2), normal, RNG.normal(size=(N, B, 4)) * 2, RNG.normal(size=(N, B, 2))),
}
every_family = pytest.mark.parametrize("name", FAMILIES)


@every_family
@pytest.mark.parametrize("entropy_weight", [0.0, 0.3])
def test_slopes_and_numbers_of_an_actor_and_a_critic(name, entropy_weight):
    family, theirs, said, action = FAMILIES[name]
    rng, value_weight = np.random.default_rng(1), 0.7
    value, gain, target = (rng.normal(size=(N, B)) for _ in range(3))
    share = rng.random((N, B))
    share[:, -3:] = 0.0  # padding
    share /= share.sum(axis=1, keepdims=True)
    given = value[..., None], action, gain, target, share, value_weight, entropy_weight
    slope, slope_value, log_prob, numbers = judged(family, said, *given)

    x: Any = torch.from_numpy(said).requires_grad_()
    v: Any = torch.from_numpy(value).requires_grad_()
    log_pi, entropy = theirs(x, action)
    part = torch.from_numpy(share)
    losses = (
        -(part * log_pi * torch.from_numpy(gain)).sum(dim=1),
        (part * (v - torch.from_numpy(target)) ** 2).sum(dim=1),
        (part * entropy).sum(dim=1),
    )
    (losses[0] + value_weight * losses[1] - entropy_weight * losses[2]).sum().backward()
    np.testing.assert_allclose(slope, x.grad, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(slope_value[..., 0], v.grad, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(log_prob, log_pi.detach(), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(numbers, torch.stack(losses).detach(), rtol=1e-10, atol=1e-12)
    assert not slope[:, -3:].any() and not slope_value[:, -3:].any()


def test_a_fair_coin_by_hand():
    """pi = (1/2, 1/2): the slope of -2 log pi(0) is (-1, 1); H = log 2 is largest, its slope 0."""
    slope, slope_value, _, numbers = judged(
        *(Softmax(2), np.zeros((1, 1, 2)), np.full((1, 1, 1), 3.0), np.zeros((1, 1), np.int64)),
        *(np.full((1, 1), 2.0), np.full((1, 1), 5.0), np.ones((1, 1)), 0.5, 10.0),
    )
    np.testing.assert_allclose(slope, [[[-1.0, 1.0]]], atol=1e-12)
    np.testing.assert_allclose(slope_value, [[[0.5 * 2 * (3 - 5)]]], atol=1e-12)
    np.testing.assert_allclose(numbers[:, 0], [2 * np.log(2), 4.0, np.log(2)], atol=1e-12)


def test_a_standard_gaussian_by_hand():
    """At mean 0, spread 1 and action 2: log pi = -2 - log(2 pi) / 2, H = log(2 pi e) / 2."""
    slope, _, log_prob, numbers = judged(
        *(Gaussian(1), np.zeros((1, 1, 2)), np.zeros((1, 1, 1)), np.full((1, 1, 1), 2.0)),
        *(np.ones((1, 1)), np.zeros((1, 1)), np.ones((1, 1)), 0.5, 0.25),
    )
    np.testing.assert_allclose(log_prob, -2 - np.log(2 * np.pi) / 2)
    np.testing.assert_allclose(numbers[2, 0], np.log(2 * np.pi * np.e) / 2)
    # d/dmean of -log pi is -(2 - 0); d/dlog std of -log pi - H/4 is -(4 - 1) - 1/4
    np.testing.assert_allclose(slope, [[[-2.0, -3.25]]])


def test_huge_logits_do_not_overflow():
    """exp(5000) is infinite, pi is not: the best action is certain, the other's log-probability -5000."""
    slope, _, log_prob, numbers = judged(
        *(Softmax(2), np.tile([5000.0, 0.0], (1, 2, 1)), np.zeros((1, 2, 1)), np.array([[0, 1]])),
        *(np.ones((1, 2)), np.zeros((1, 2)), np.full((1, 2), 0.5), 1.0, 0.1),
    )
    np.testing.assert_allclose(log_prob, [[0.0, -5000.0]])
    np.testing.assert_allclose(slope, [[[0.0, 0.0], [0.5, -0.5]]], atol=1e-12)
    assert np.isfinite(numbers).all() and numbers[2, 0] == 0.0


def test_draws_have_the_chances_of_a_softmax():
    said, count = np.log(np.array([[[0.5, 0.2, 0.0 + 1e-300, 0.3]]])), 40_000
    drawn = Softmax(4).sample(np.tile(said, (1, count, 1)), seeded((3,)), np.ones(1, np.bool_))
    shares = np.bincount(drawn[0], minlength=4) / count
    np.testing.assert_allclose(shares, [0.5, 0.2, 0.0, 0.3], atol=4 * np.sqrt(0.25 / count))


def test_draws_have_the_mean_and_spread_of_a_gaussian():
    said, count = np.array([[[1.0, -2.0, np.log(0.5), np.log(3.0)]]]), 40_000
    drawn = Gaussian(2).sample(np.tile(said, (1, count, 1)), seeded((3,)), np.ones(1, np.bool_))[0]
    np.testing.assert_allclose(drawn.mean(axis=0), [1.0, -2.0], atol=4 * 3 / np.sqrt(count))
    np.testing.assert_allclose(drawn.std(axis=0), [0.5, 3.0], rtol=4 / np.sqrt(2 * count))


@every_family
def test_who_rests_draws_nothing_and_others_draw_what_they_would_alone(name):
    family, _, said, _ = FAMILIES[name]
    rng, moving = seeded((1, 2, 3)), np.array([True, False, True])
    drawn = family.sample(said, rng, moving)
    assert rng[1] == seeded((2,))[0] and not drawn[1].any()
    for i in (0, 2):
        alone = family.sample(said[i : i + 1], seeded((i + 1,)), np.ones(1, np.bool_))
        np.testing.assert_array_equal(drawn[i], alone[0])


@every_family
def test_divergence_and_its_curvature(name):
    """KL by torch's distributions; the Fisher matrix is its second derivative where both are equal."""
    family, _, said, _ = FAMILIES[name]
    other = said + np.random.default_rng(1).normal(size=said.shape)

    def kl(old: Any, new: Any) -> Any:
        if name == "softmax":
            kinds = [torch.distributions.Categorical(logits=x) for x in (old, new)]
            return torch.distributions.kl_divergence(*kinds)
        pairs = [x.chunk(2, dim=-1) for x in (old, new)]
        kinds = [torch.distributions.Normal(mean, log_std.clamp(*LOG_STD).exp()) for mean, log_std in pairs]
        return torch.distributions.kl_divergence(*kinds).sum(dim=-1)

    old, new = torch.from_numpy(said), torch.from_numpy(other)
    np.testing.assert_allclose(family.divergence(said, other), kl(old, new), rtol=1e-9)
    move = torch.from_numpy(np.random.default_rng(2).normal(size=said.shape))
    _, curved = torch.autograd.functional.hvp(lambda x: kl(old, x).sum(), old, move)
    np.testing.assert_allclose(family.curved(said, move.numpy()), curved, rtol=1e-9, atol=1e-12)
