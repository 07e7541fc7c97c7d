"""Compiled perceptrons against those of torch, and what they promise besides."""

import itertools
import math
from typing import Any

import numpy as np
import pytest
import torch

from rlsandbox.learning.networks import Networks
from rlsandbox.learning.perceptrons import (
    MOST_ROWS,
    ask,
    ask_about,
    ask_about_hot,
    ask_hot,
    load_kernels,
    squash,
)
from rlsandbox.worlds.compiled import kernel

HEADS = {"policy": (5, 0.01), "value": (1, 1.0)}
SEEDS = range(3)
N_INPUTS, BATCH = 7, 4


def made(hidden: tuple[int, ...] = (13, 6), shared=False, activation="tanh") -> Networks:
    """Networks whose numbers are all random, biases too, with outputs of about 1."""
    nets = Networks((N_INPUTS,), hidden, HEADS, SEEDS, activation, shared)
    nets.flat.copy_(torch.randn(nets.flat.shape, generator=torch.Generator().manual_seed(1)) * 0.3)
    return nets


def observed(one_hot: bool, batch: int = BATCH) -> np.ndarray[Any, Any]:
    rng = np.random.default_rng(0)
    if one_hot:
        return rng.integers(N_INPUTS, size=(len(SEEDS), batch))
    return rng.normal(size=(len(SEEDS), batch, N_INPUTS)).astype(np.float32)


def by_torch(nets: Networks, seen: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    twin = nets.copy()
    twin.perceptrons = None
    return twin.forward(torch.from_numpy(seen))


@pytest.mark.parametrize(
    ("hidden", "shared", "activation", "one_hot"),
    list(itertools.product([(), (5,), (13, 6), (8, 8, 8)], [False, True], ["tanh", "relu"], [False, True])),
)
def test_they_say_what_torch_says(hidden, shared, activation, one_hot):
    nets, seen = made(hidden, shared, activation), observed(one_hot)
    said = nets.few(seen)
    assert said.dtype == np.float32 and np.abs(said).max() > 0.5
    np.testing.assert_allclose(said, by_torch(nets, seen), rtol=0, atol=1e-6)


def test_a_network_that_can_be_worked_out():
    """tanh(0.5 * 2 - 1 * 3 + 1) = tanh(-1); 4 tanh(-1) + 0.25."""
    nets = Networks((2,), (1,), {"q": (1, 1.0)}, (0,))
    nets.flat.copy_(torch.tensor([0.5, -1.0, 1.0, 4.0, 0.25]))
    dense = nets.few(np.array([[[2.0, 3.0]]], np.float32))
    assert dense.item() == pytest.approx(4 * math.tanh(-1.0) + 0.25, abs=1e-6)
    assert nets.few(np.array([[1]])).item() == pytest.approx(0.25, abs=1e-6)  # tanh(-1 + 1)


@pytest.mark.parametrize("one_hot", [False, True])
def test_numbers_that_change_are_seen_at_once(one_hot):
    nets, seen = made(), observed(one_hot)
    before, twin = nets.few(seen), nets.copy()
    nets.flat.mul_(2.0)
    assert not np.allclose(nets.few(seen), before)
    np.testing.assert_allclose(nets.few(seen), by_torch(nets, seen), rtol=0, atol=1e-5)
    np.testing.assert_array_equal(twin.few(seen), before)  # of a copy they are its own


@pytest.mark.parametrize("batch", [BATCH, MOST_ROWS + 1])
def test_replicas_that_rest_are_left_alone(batch):
    nets, seen = made(), observed(False, batch)
    out = np.full((3, 2, batch, 5), 9.0, np.float32)
    said = nets.few(seen, np.array([True, False, True]), out)
    assert said is out and (out[1] == 9.0).all()
    np.testing.assert_array_equal(out[[0, 2]], nets.few(seen)[[0, 2]])


def test_a_row_is_worth_the_same_to_the_last_bit_whatever_stands_beside_it():
    nets, seen = made(), observed(False)
    whole = nets.few(seen)
    for b in range(BATCH):
        np.testing.assert_array_equal(nets.few(seen[:, b : b + 1])[:, :, 0], whole[:, :, b])
    alone = Networks((N_INPUTS,), (13, 6), HEADS, (SEEDS[2],))
    fresh = Networks((N_INPUTS,), (13, 6), HEADS, SEEDS)
    np.testing.assert_array_equal(alone.few(seen[2:])[0], fresh.few(seen)[2])


@pytest.mark.parametrize("one_hot", [False, True])
def test_more_rows_than_pay_are_asked_about_as_a_batch(one_hot):
    nets, seen = made(), observed(one_hot, MOST_ROWS + 1)
    np.testing.assert_array_equal(nets.few(seen), nets.forward(torch.from_numpy(seen)))
    np.testing.assert_allclose(nets.few(seen[:, :-1]), nets.few(seen)[:, :, :-1], rtol=0, atol=1e-6)


def test_pictures_go_through_torch():
    nets = Networks((2, 5, 5), (8,), HEADS, SEEDS)
    seen = np.random.default_rng(0).normal(size=(3, 2, 2, 5, 5)).astype(np.float32)
    assert nets.perceptrons is None
    np.testing.assert_array_equal(nets.few(seen), by_torch(nets, seen))


def test_rows_may_stand_anywhere_and_be_read_only_and_nothing_is_compiled_that_set_up_did_not():
    load_kernels()
    nets, states = made(), np.arange(N_INPUTS, dtype=np.int64)
    everywhere = np.broadcast_to(states, (3, N_INPUTS))
    np.testing.assert_array_equal(nets.few(everywhere), nets.few(everywhere.copy()))
    np.testing.assert_array_equal(nets.few(everywhere[:, ::-1])[:, :, ::-1], nets.few(everywhere))
    seen = observed(False)
    turned = np.ascontiguousarray(seen.transpose(2, 1, 0)).transpose(2, 1, 0)
    np.testing.assert_array_equal(nets.few(turned), nets.few(seen))
    assert len(ask_about.dispatcher.signatures) == len(ask_about_hot.dispatcher.signatures) == 1


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_what_is_no_number_is_not_hidden(activation, wrong):
    nets, seen = made(activation=activation), observed(False)
    seen[1, 2] = np.nan
    said = nets.few(seen)
    assert np.isnan(said[1, :, 2]).all() and np.isfinite(said[[0, 2]]).all()
    nets.flat[-1] = wrong  # a bias of the last network's outputs
    said = nets.few(observed(False))
    assert not np.isfinite(said[2, 1, :, -1]).any() and np.isfinite(said[:2]).all()


def test_the_hyperbolic_tangent_is_that_of_float64_to_2e_7():
    x = np.concatenate([np.linspace(-12, 12, 400_001), np.linspace(-0.1, 0.1, 100_001)]).astype(np.float32)
    found = x.copy()
    squash(found)
    assert np.abs(found - np.tanh(x.astype(np.float64))).max() < 2e-7
    assert np.abs(found).max() == 1.0
    edges = np.array([np.nan, np.inf, -np.inf, 0.0, 1e-30, -1e-30], np.float32)
    squash(edges)
    np.testing.assert_array_equal(edges, np.array([np.nan, 1.0, -1.0, 0.0, 1e-30, -1e-30], np.float32))


@kernel
def walk(nets: Any, state: int, steps: int, said: Any, way: Any) -> None:
    """Go to the likeliest of the next states, as replica 1 says, which is asked anew at every step."""
    for step in range(steps):
        way[step] = state
        ask_hot(nets, 1, 0, state, said)
        state = 0
        for other in range(1, said.shape[0]):
            state = other if said[other] > said[state] else state


@kernel
def ask_once(nets: Any, seen: Any, said: Any) -> None:
    """The value of replica 2."""
    ask(nets, 2, 1, seen, said)


def test_other_kernels_can_ask_at_every_step():
    nets, seen = made(), observed(False)
    way, said = np.zeros(6, np.int64), np.zeros(5, np.float32)
    walk(nets.perceptrons, 3, 6, said, way)
    likeliest = by_torch(nets, np.tile(np.arange(N_INPUTS), (3, 1)))[1, 0].argmax(axis=-1)
    assert way[0] == 3
    np.testing.assert_array_equal(way[1:], likeliest[way[:-1]])
    ask_once(nets.perceptrons, seen[2, 3], said)
    np.testing.assert_array_equal(said, nets.few(seen)[2, 1, 3])
