"""The slopes of losses of action values against autograd, and epsilon-greedy chances by hand."""

import itertools
from typing import Any

import numpy as np
import pytest
import torch

from rlsandbox.learning.value_gradient import td_slopes, values_of_best

N, B, A = 3, 12, 4


@pytest.mark.parametrize(("dueling", "huber"), list(itertools.product([False, True], repeat=2)))
def test_slopes_and_numbers_of_a_td_loss(dueling, huber):
    rng = np.random.default_rng(1)
    advantage, base = rng.normal(size=(N, B, A)), rng.normal(size=(N, B))
    action, weight = rng.integers(A, size=(N, B)), rng.random((N, B))
    target = rng.normal(size=(N, B)) * 2
    slopes = np.full((N, B, A), np.nan), np.full((N, B), np.nan)
    value, numbers = np.full((N, B), np.nan), np.full((3, N), np.nan)
    td_slopes(advantage, base, action, target, weight, dueling, huber, *slopes, value, numbers)

    x: Any = torch.from_numpy(advantage).requires_grad_()
    v: Any = torch.from_numpy(base).requires_grad_()
    q = x + v[..., None] - x.mean(dim=-1, keepdim=True) if dueling else x
    q = q.gather(2, torch.from_numpy(action)[..., None])[..., 0]
    wanted = torch.from_numpy(target)
    errors = torch.nn.functional.mse_loss(q, wanted, reduction="none")
    if huber:
        errors = 2 * torch.nn.functional.huber_loss(q, wanted, reduction="none", delta=1.0)
    loss = (torch.from_numpy(weight) * errors).mean(dim=1)
    loss.sum().backward()
    np.testing.assert_allclose(slopes[0], x.grad, rtol=1e-10, atol=1e-12)
    if dueling:
        np.testing.assert_allclose(slopes[1], v.grad, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(value, q.detach(), rtol=1e-12)
    size = np.abs(target - value)
    assert (size > 1).any() and (size < 1).any()
    np.testing.assert_allclose(numbers, [loss.detach(), value.mean(axis=1), size.mean(axis=1)], rtol=1e-10)


def test_a_td_loss_by_hand():
    """Q(s, 1) = 5 + 3 - (1 + 3) / 2 = 6, target 9: error 3, squared 9, Huber's linear part 2 * 3 - 1 = 5."""
    for huber, slope, loss in ((False, -6.0, 9.0), (True, -2.0, 5.0)):
        slopes = np.empty((1, 1, 2)), np.empty((1, 1))
        value, numbers = np.empty((1, 1)), np.empty((3, 1))
        heads = np.array([[[1.0, 3.0]]]), np.array([[5.0]]), np.array([[1]])
        td_slopes(*heads, np.array([[9.0]]), np.ones((1, 1)), True, huber, *slopes, value, numbers)
        assert (value.item(), slopes[1].item()) == (6.0, slope)
        assert slopes[0].ravel().tolist() == [-slope / 2, slope / 2]
        assert numbers.ravel().tolist() == [loss, 6.0, 3.0]


def test_values_are_those_of_the_action_that_a_judge_likes_best():
    q, judge = (
        np.array([[[1.0, 2.0, 3.0], [6.0, 5.0, 4.0]]]),
        np.array([[[0.0, 7.0, 7.0], [-2.0, -3.0, -1.0]]]),
    )
    value = np.empty((1, 2))
    values_of_best(q, judge, value)
    assert value.tolist() == [[2.0, 4.0]]  # the first of equals
    values_of_best(q, q, value)
    assert value.tolist() == [[3.0, 6.0]]
