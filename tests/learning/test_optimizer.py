"""The optimizer of batched networks against those of torch, replica by replica."""

import itertools
from typing import Any

import numpy as np
import pytest
import torch

from rlsandbox.learning.networks import Networks
from rlsandbox.learning.optimizer import Optimizer


def made(n_seeds: int = 3) -> Networks:
    """An actor and a critic of each replica."""
    return Networks((7,), (6, 5), {"policy": (4, 0.01), "value": (1, 1.0)}, range(n_seeds))


def torch_rule(rule: str, parameters: Any, learning_rate: float, eps: float) -> torch.optim.Optimizer:
    if rule == "adam":
        return torch.optim.Adam(parameters, learning_rate, eps=eps)
    return torch.optim.RMSprop(parameters, learning_rate, alpha=0.99, eps=eps)


@pytest.mark.parametrize("rule", ["adam", "rmsprop"])
def test_fifty_steps_are_those_of_torch_with_clipped_gradients(rule):
    nets, rng, most = made(), np.random.default_rng(4), 2.0
    optimizer = Optimizer(nets, rule, 1e-2, 1e-5)
    sizes = np.diff(nets.bounds, prepend=0) // 3
    theirs = [
        [torch.from_numpy(p[i].astype(np.float64)).requires_grad_() for p in split(nets.flat.numpy(), sizes)]
        for i in range(3)
    ]
    rules = [torch_rule(rule, parameters, 1e-2, 1e-5) for parameters in theirs]
    clipped = 0
    for step in range(50):
        grad = rng.normal(size=nets.grad.numel()).astype(np.float32) * (0.05 + 0.1 * (step % 3))
        nets.grad.copy_(torch.from_numpy(grad))
        norms = optimizer.step(np.ones(3, np.bool_), most)
        for i in range(3):
            for parameter, part in zip(theirs[i], split(grad, sizes), strict=True):
                parameter.grad = torch.from_numpy(part[i].astype(np.float64))
            norm = float(torch.nn.utils.clip_grad_norm_(theirs[i], most))
            assert norms[i] == pytest.approx(norm, rel=1e-5)
            clipped += norm > most
            rules[i].step()
    assert 20 < clipped < 130  # both cases are there
    for i in range(3):
        for ours, parameter in zip(split(nets.flat.numpy(), sizes), theirs[i], strict=True):
            np.testing.assert_allclose(
                ours[i], parameter.detach(), rtol=0, atol=1e-5
            )  # a thousandth of a step
    assert optimizer.steps.tolist() == [50, 50, 50]


def split(flat: np.ndarray, sizes: np.ndarray) -> list[np.ndarray]:
    """Arrays `[3, size]`, of each replica its own numbers."""
    parts = np.split(flat, np.cumsum(3 * sizes)[:-1])
    return [part.reshape(3, size) for part, size in zip(parts, sizes, strict=True)]


def test_the_first_step_of_adam_is_the_step_size_in_every_direction():
    """With bias corrected, m / sqrt(v) = g / |g|: each number moves by the step size against its gradient."""
    nets = made()
    optimizer, before = Optimizer(nets, "adam", 0.01, 0.0), nets.flat.clone()
    grad = torch.where(torch.arange(nets.grad.numel()) % 3 == 0, -2.0, 0.5)
    nets.grad.copy_(grad)
    optimizer.step(np.ones(3, np.bool_), 1e9)
    torch.testing.assert_close(nets.flat - before, -0.01 * grad.sign(), rtol=0, atol=1e-6)


@pytest.mark.parametrize("rule", ["adam", "rmsprop"])
def test_who_rests_keeps_every_bit(rule):
    nets, generator = made(), torch.Generator().manual_seed(2)
    optimizer = Optimizer(nets, rule, 0.01, 1e-5)
    sizes = np.diff(nets.bounds, prepend=0) // 3
    for active in ([True, True, True], [True, False, True], [False, False, True]):
        moments = (optimizer.first, optimizer.second) if rule == "adam" else (optimizer.second,)
        before = [split(array.copy(), sizes) for array in (nets.flat.numpy(), *moments)]
        nets.grad.copy_(torch.randn(nets.grad.shape, generator=generator))
        norms = optimizer.step(np.array(active), 0.5)
        assert (norms > 0).all()
        after = [split(array, sizes) for array in (nets.flat.numpy(), *moments)]
        for i, moves in enumerate(active):
            for old, new in zip(itertools.chain(*before), itertools.chain(*after), strict=True):
                assert np.array_equal(old[i], new[i]) == (not moves)
    assert optimizer.steps.tolist() == [2, 1, 3]


def test_threads_change_no_bit():
    found = []
    for threads in (1, 2, 3, 8):
        nets, generator = made(5), torch.Generator().manual_seed(3)
        optimizer = Optimizer(nets, "adam", 0.01, 1e-5)
        for active in ([True] * 5, [True, False, True, True, False]):
            nets.grad.copy_(torch.randn(nets.grad.shape, generator=generator))
            norms = optimizer.step(np.array(active), 0.5, threads)
        found.append(
            [
                nets.flat.numpy().tobytes(),
                *(a.tobytes() for a in optimizer.arrays().values()),
                norms.tobytes(),
            ]
        )
    assert all(other == found[0] for other in found[1:])
