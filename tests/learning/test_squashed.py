"""Squashed Gaussians against torch's distributions and autograd."""

from typing import Any

import numpy as np
import pytest
import torch

from rlsandbox.learning.squashed import LOG_STD, draw_normal, draw_uniform, slope_squashed, squash_drawn
from rlsandbox.worlds.draws import seeded

N, B, A = 2, 9, 3


def drawn(said: np.ndarray, rng: Any, moving: Any = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    shape = *said.shape[:2], said.shape[2] // 2
    action, normal, log_prob = np.zeros(shape, np.float32), np.zeros(shape), np.zeros(shape[:2])
    draw_normal(rng, np.ones(len(said), np.bool_) if moving is None else moving, normal)
    squash_drawn(said, normal, action, log_prob)
    return action, normal, log_prob


def heads() -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.concatenate([rng.normal(size=(N, B, A)), rng.normal(size=(N, B, A)) - 0.5], axis=2)


def test_log_probabilities_are_those_of_a_transformed_normal():
    said = heads()
    action, normal, log_prob = drawn(said, seeded((1, 2)))
    mean, std = torch.from_numpy(said[..., :A]), torch.from_numpy(said[..., A:]).exp()
    u = mean + std * torch.from_numpy(normal)
    squash = torch.distributions.TanhTransform()
    policy = torch.distributions.TransformedDistribution(torch.distributions.Normal(mean, std), squash)
    np.testing.assert_allclose(action, u.tanh(), rtol=1e-6)
    inside = u.abs().amax(dim=2) < 3  # beyond, theirs loses digits on the way back from a
    wanted = policy.log_prob(u.tanh()).sum(dim=-1)
    assert inside.sum() > N * B / 2
    np.testing.assert_allclose(log_prob[inside], wanted[inside], rtol=1e-6, atol=1e-6)


def test_a_log_probability_by_hand():
    """Mean 0, spread e^-20, so that a = tanh 0 = 0: log pi is that of the normal numbers drawn, plus 20."""
    said = np.array([[[0.0, -50.0]]])  # the spread is kept at its bound
    action, normal, log_prob = drawn(said, seeded((3,)))
    assert abs(action.item()) < 1e-7
    wanted = -0.5 * normal.item() ** 2 - LOG_STD[0] - 0.5 * np.log(2 * np.pi)
    assert log_prob.item() == pytest.approx(wanted, abs=1e-6)


def test_the_correction_of_the_squash_by_hand():
    """Mean log 2 with hardly any spread: a = tanh log 2 = (2 - 1/2) / (2 + 1/2) = 3/5, 1 - a^2 = 16/25."""
    action, normal, log_prob = drawn(np.array([[[np.log(2.0), -50.0]]]), seeded((3,)))
    assert action.item() == pytest.approx(0.6, abs=1e-6)
    plain = -0.5 * normal.item() ** 2 - LOG_STD[0] - 0.5 * np.log(2 * np.pi)
    assert log_prob.item() == pytest.approx(plain - np.log(16 / 25), abs=1e-6)


def test_draws_are_what_a_replica_alone_would_draw():
    said = heads()
    action, normal, log_prob = drawn(said, seeded((1, 2)), np.array([False, True]))
    own, _, own_log_prob = drawn(said[1:], seeded((2,)))
    np.testing.assert_array_equal(action[1], own[0])
    np.testing.assert_array_equal(log_prob[1], own_log_prob[0])
    assert not normal[0].any()


@pytest.mark.parametrize("mean", [-400.0, 400.0])
def test_far_away_nothing_overflows(mean):
    action, _, log_prob = drawn(np.array([[[mean, 0.0]]]), seeded((3,)))
    assert action.item() == np.sign(mean) and np.isfinite(log_prob).all() and log_prob.item() > 700


def test_slopes_are_those_of_autograd():
    said = heads()
    said[0, 0, A] = LOG_STD[1] + 1.0  # held at its bound
    action, normal, _ = drawn(said, seeded((1, 2)))
    rng = np.random.default_rng(1)
    pull, temperature, share = rng.normal(size=(N, B, A)), np.array([0.3, 2.0]), 1 / B
    slope = np.full(said.shape, np.nan)
    slope_squashed(said, action, normal, pull, temperature, share, slope)
    x: Any = torch.from_numpy(said).requires_grad_()
    log_std = x[..., A:].clamp(*LOG_STD)
    z = torch.from_numpy(normal)
    u = x[..., :A] + log_std.exp() * z
    log_prob = -0.5 * z**2 - log_std - torch.log(1 - u.tanh() ** 2)
    weight = share * torch.from_numpy(temperature)[:, None, None]
    ((weight * log_prob).sum() + (torch.from_numpy(pull) * u.tanh()).sum()).backward()
    np.testing.assert_allclose(slope, x.grad, rtol=1e-4, atol=1e-5)
    assert x.grad[0, 0, A] == slope[0, 0, A] == 0.0


def test_who_rests_draws_nothing_and_draws_have_their_moments():
    rng, moving, count = seeded((1, 2)), np.array([False, True]), 40_000
    normal, uniform = np.zeros((2, count, 1)), np.zeros((2, count, 1))
    draw_normal(rng, moving, normal)
    draw_uniform(rng, moving, uniform)
    assert rng[0] == seeded((1,))[0] and not normal[0].any() and not uniform[0].any()
    tolerance = 4 / np.sqrt(count)
    assert abs(normal[1].mean()) < tolerance and abs(normal[1].std() - 1) < tolerance
    assert abs(uniform[1].mean()) < tolerance and abs(uniform[1].var() - 1 / 3) < tolerance
    assert -1 <= uniform[1].min() < -0.99 and 0.99 < uniform[1].max() <= 1
