"""Natural gradients against matrices that are written down."""

import itertools
from typing import Any

import numpy as np
import pytest
import torch
from scipy.special import log_softmax, softmax

from rlsandbox.learning.natural_gradient import Fisher, conjugate_gradient, flat_of, rows_of
from rlsandbox.learning.networks import Networks
from rlsandbox.learning.policy_gradient import Gaussian, Softmax

HEADS = {"policy": (3, 0.01), "value": (1, 1.0)}
SEEDS, N_INPUTS, BATCH = (3, 11), 5, 7
SOFTMAX = Softmax(3)


def made(hidden: tuple[int, ...], shape: tuple[int, ...] = (N_INPUTS,), activation: str = "tanh") -> Networks:
    """Networks whose numbers are all random, biases too."""
    nets = Networks(shape, hidden, HEADS, SEEDS, activation)
    nets.flat.copy_(torch.randn(nets.flat.shape, generator=torch.Generator().manual_seed(1)) * 0.5)
    return nets


def scores(nets: Networks, seen: torch.Tensor, replica: int) -> tuple[np.ndarray, np.ndarray]:
    """pi(a|s) `[B, A]` and grad log pi(a|s) `[B, A, P / N]` of a replica, one backward pass each."""
    chances = softmax(nets.by_head(nets.forward(seen))["policy"][replica].astype(np.float64), axis=-1)
    found = []
    for b, a in np.ndindex(chances.shape):
        judged = nets.judge(seen)
        judged.slopes["policy"][replica, b] = np.eye(chances.shape[1])[a] - chances[b]
        nets.backward(judged)
        found.append(rows_of(nets, nets.grad)[replica])
    nets.grad.zero_()
    return chances, np.array(found).reshape(*chances.shape, -1)


def observed(shape: tuple[int, ...], one_hot: bool) -> Any:
    rng = np.random.default_rng(0)
    if one_hot:
        return torch.from_numpy(rng.integers(N_INPUTS, size=(2, BATCH)))
    return torch.from_numpy(rng.normal(size=(2, BATCH, *shape)).astype(np.float32))


CASES = list(itertools.product([(), (4,), (4, 3)], ["tanh", "relu"], [True, False]))


@pytest.mark.parametrize(("hidden", "activation", "one_hot"), CASES)
def test_products_are_those_of_the_fisher_matrix(hidden, activation, one_hot):
    """F = sum over s of share(s), over a of pi(a|s) grad log pi(a|s) grad log pi(a|s)^T."""
    rng, nets = np.random.default_rng(1), made(hidden, (N_INPUTS,), activation)
    seen, share = observed((N_INPUTS,), one_hot), rng.random((2, BATCH))
    vector = rng.normal(size=(2, nets.flat.numel() // 2))
    for damping in (0.0, 0.3):
        products = Fisher(nets, SOFTMAX, seen, share, damping).product(vector)
        for i in range(2):
            chances, score = scores(nets, seen, i)
            matrix = np.einsum("b,ba,bap,baq->pq", share[i], chances, score, score)
            matrix += damping * np.eye(len(matrix))
            np.testing.assert_allclose(products[i], matrix @ vector[i], rtol=1e-4, atol=1e-5)
    assert not nets.grad.any()


def test_products_go_through_convolutions():
    """The same formula; the matrix would be too large to be written down."""
    rng, nets = np.random.default_rng(1), made((4,), (2, 3, 3))
    seen, share = observed((2, 3, 3), False), rng.random((2, BATCH))
    vector = rng.normal(size=(2, nets.flat.numel() // 2))
    products = Fisher(nets, SOFTMAX, seen, share, 0.0).product(vector)
    for i in range(2):
        chances, score = scores(nets, seen, i)
        weight = share[i][:, None] * chances * (score @ vector[i])
        np.testing.assert_allclose(products[i], np.tensordot(weight, score, 2), rtol=1e-4, atol=2e-4)


@pytest.mark.parametrize("hidden", [(), (4, 3)])
def test_the_matrix_is_the_curvature_of_the_divergence(hidden):
    """KL(pi, pi moved by v) = v^T F v / 2 + O(|v|^3)."""
    rng, nets = np.random.default_rng(2), made(hidden)
    seen, share = observed((N_INPUTS,), True), np.full((2, BATCH), 1 / BATCH)
    vector = rng.normal(size=(2, nets.flat.numel() // 2)) * 0.003
    wanted = 0.5 * np.einsum("np,np->n", vector, Fisher(nets, SOFTMAX, seen, share, 0.0).product(vector))

    def log_policy() -> np.ndarray:
        return log_softmax(nets.by_head(nets.forward(seen))["policy"].astype(np.float64), axis=-1)

    old = log_policy()
    nets.flat.copy_(torch.from_numpy(flat_of(nets, rows_of(nets, nets.flat) + vector)))
    moved = (np.exp(old) * (old - log_policy())).sum(axis=-1).mean(axis=1)
    np.testing.assert_allclose(moved, wanted, rtol=0.03)


def test_the_matrix_of_gaussians_is_the_curvature_of_their_divergence():
    """The same in means and spreads; one spread of the second replica is beyond its bound, and stays."""
    rng, family = np.random.default_rng(2), Gaussian(2)
    nets = Networks((N_INPUTS,), (4, 3), {"policy": (4, 0.01), "value": (1, 1.0)}, SEEDS)
    nets.flat.copy_(torch.randn(nets.flat.shape, generator=torch.Generator().manual_seed(1)) * 0.5)
    seen, share = observed((N_INPUTS,), False), rng.dirichlet(np.ones(BATCH), 2)
    vector = rng.normal(size=(2, nets.flat.numel() // 2)) * 0.003
    bias = nets.numbers[-1][2, 0]  # of the second replica's actor
    bias[3] = 5.0
    wanted = 0.5 * np.einsum("np,np->n", vector, Fisher(nets, family, seen, share, 0.0).product(vector))

    def head() -> np.ndarray:
        return nets.by_head(nets.forward(seen))["policy"].astype(np.float64)

    old = head()
    nets.flat.copy_(torch.from_numpy(flat_of(nets, rows_of(nets, nets.flat) + vector)))
    moved = (share * family.divergence(old, head())).sum(axis=1)
    np.testing.assert_allclose(moved, wanted, rtol=0.03)
    assert (wanted > 1e-6).all()


def test_threads_change_no_bit_of_a_product():
    nets = made((4, 3))
    seen, share = observed((N_INPUTS,), True), np.full((2, BATCH), 1 / BATCH)
    vector = np.random.default_rng(3).normal(size=(2, nets.flat.numel() // 2))
    one, two = (Fisher(nets, SOFTMAX, seen, share, 0.1, threads).product(vector) for threads in (1, 2))
    np.testing.assert_array_equal(one, two)


def test_rows_are_the_numbers_of_a_replica_and_lead_back():
    nets = made((4, 3))
    rows = rows_of(nets, nets.flat)
    for i in range(2):
        own = [array.ravel() for layer in nets.layers(i) for array in layer]
        np.testing.assert_array_equal(rows[i], np.concatenate(own))
    np.testing.assert_array_equal(flat_of(nets, rows), nets.flat)


def test_conjugate_gradients_solve_in_as_many_iterations_as_there_are_unknowns():
    rng, size = np.random.default_rng(4), 6
    roots = rng.normal(size=(3, size, size))
    matrices = roots @ roots.transpose(0, 2, 1) + np.eye(size)
    wanted = rng.normal(size=(3, size))
    wanted[1] = 0.0  # nothing to solve, and no division by it

    def product(x: np.ndarray) -> np.ndarray:
        return np.einsum("npq,nq->np", matrices, x)

    solved = np.linalg.solve(matrices, wanted[..., None])[..., 0]
    with np.errstate(all="raise"):
        np.testing.assert_allclose(conjugate_gradient(product, wanted, size), solved, atol=1e-9)
        np.testing.assert_allclose(conjugate_gradient(product, wanted, size + 9), solved, atol=1e-9)
    assert np.abs(conjugate_gradient(product, wanted, 1) - solved).max() > 0.01


def test_one_iteration_by_hand():
    """H = diag(1, 3), b = (1, 1): the best step along b is b^T b / b^T H b = 2 / 4."""
    found = conjugate_gradient(lambda x: x * [1.0, 3.0], np.ones((1, 2)), 1)
    np.testing.assert_allclose(found, [[0.5, 0.5]])
    np.testing.assert_allclose(
        conjugate_gradient(lambda x: x * [1.0, 3.0], np.ones((1, 2)), 2), [[1.0, 1 / 3]]
    )
