"""Batched networks against plain ones of torch, replica by replica."""

import itertools
import threading
from typing import Any

import numpy as np
import pytest
import torch

from rlsandbox.learning import dense
from rlsandbox.learning.dense import Units
from rlsandbox.learning.networks import Networks, orthogonal

HEADS = {"policy": (4, 0.01), "value": (1, 1.0)}
SEEDS = (3, 11, 2**40)
N_INPUTS, BATCH = 7, 9


def made(
    hidden=(6, 5),
    shared=False,
    activation="tanh",
    seeds: Any = SEEDS,
    heads=None,
    compiled=True,
    parts=1,
    shape: tuple[int, ...] = (N_INPUTS,),
) -> Networks:
    """Networks whose numbers are all random, biases too; computed by kernels or by torch."""
    nets = Networks(shape, hidden, heads or HEADS, seeds, activation, shared, parts=parts)
    if not compiled:
        nets.perceptrons = None
    nets.flat.copy_(torch.randn(nets.flat.shape, generator=torch.Generator().manual_seed(1)) * 0.5)
    return nets


def plain(nets: Networks, replica: int) -> list[torch.nn.Sequential]:
    """A replica's networks as anybody would write them, in float64."""
    nonlinear = {"tanh": torch.nn.Tanh, "relu": torch.nn.ReLU}[nets.activation]
    found = []
    for kind in range(nets.kinds):
        modules: list[torch.nn.Module] = []
        for weight, bias in nets.layers(replica):
            linear = torch.nn.Linear(weight.shape[1], weight.shape[2]).double()
            linear.weight.data = torch.from_numpy(weight[kind].T.astype(np.float64))
            linear.bias.data = torch.from_numpy(bias[kind, 0].astype(np.float64))
            modules += [linear, nonlinear()]
        found.append(torch.nn.Sequential(*modules[:-1]))
    return found


def by_head(nets: Networks, modules: list[torch.nn.Sequential], x: torch.Tensor) -> dict[str, torch.Tensor]:
    out = [module(x) for module in modules]
    if nets.shared:
        parts = out[0].split([size for size, _ in nets.heads.values()], dim=-1)
        return dict(zip(nets.heads, parts, strict=True))
    return {name: out[k][:, :size] for k, (name, (size, _)) in enumerate(nets.heads.items())}


def descend(said: dict[str, torch.Tensor], slopes: dict[str, np.ndarray]) -> None:
    """Send slopes back through outputs."""
    parts = [(part * torch.from_numpy(slopes[name])).sum() for name, part in said.items()]
    torch.stack(parts).sum().backward()


def sent_back(nets: Networks, seen: torch.Tensor, slopes: dict[str, Any]) -> dict[str, np.ndarray]:
    """What networks say of observations, with slopes at some heads sent back through them."""
    judged = nets.judge(seen)
    for name, slope in slopes.items():
        judged.slopes[name][:] = slope
    nets.backward(judged)
    return judged.said


def gradients(nets: Networks, replica: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """A replica's part of `grad`: weights `[kinds, in, out]` and biases `[kinds, 1, out]`, layer by layer."""
    parts = np.split(nets.grad.numpy(), nets.bounds[:-1])
    shapes = [array.shape for layer in nets.layers(replica) for array in layer]
    own = [part.reshape(nets.n_seeds, *shape)[replica] for part, shape in zip(parts, shapes, strict=True)]
    return list(zip(own[::2], own[1::2], strict=True))


@pytest.mark.parametrize("n_inputs", [N_INPUTS, 12])  # two loops, and BLAS
@pytest.mark.parametrize(
    ("hidden", "shared", "activation", "one_hot", "compiled"),
    list(
        itertools.product([(), (5,), (12, 5)], [False, True], ["tanh", "relu"], [False, True], [False, True])
    ),
)
def test_outputs_and_gradients_are_those_of_plain_networks(
    hidden, shared, activation, one_hot, compiled, n_inputs
):
    rng = np.random.default_rng(0)
    nets = made(hidden, shared, activation, compiled=compiled, shape=(n_inputs,))
    nets.grad.fill_(7.0)  # of something else before
    states = rng.integers(n_inputs, size=(3, BATCH))
    numbers = rng.normal(size=(3, BATCH, n_inputs)).astype(np.float32)
    slopes = {name: rng.normal(size=(3, BATCH, size)) for name, (size, _) in HEADS.items()}
    said = sent_back(nets, torch.from_numpy(states if one_hot else numbers), slopes)
    for i in range(3):
        modules = plain(nets, i)
        x = torch.from_numpy(np.eye(n_inputs)[states[i]] if one_hot else numbers[i].astype(np.float64))
        wanted = by_head(nets, modules, x)
        for name, part in wanted.items():
            np.testing.assert_allclose(said[name][i], part.detach(), rtol=1e-5, atol=1e-5)
        descend(wanted, {name: slope[i] for name, slope in slopes.items()})
        for layer, (weight, bias) in enumerate(gradients(nets, i)):
            for kind, module in enumerate(modules):
                linear: Any = module[2 * layer]
                np.testing.assert_allclose(weight[kind], linear.weight.grad.T, rtol=1e-4, atol=1e-5)
                np.testing.assert_allclose(bias[kind, 0], linear.bias.grad, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("hidden", "shared", "activation", "compiled"),
    list(itertools.product([(), (5,), (6, 5)], [False, True], ["tanh", "relu"], [False, True])),
)
def test_slopes_at_inputs_are_those_of_plain_networks(hidden, shared, activation, compiled):
    rng, nets = np.random.default_rng(0), made(hidden, shared, activation, compiled=compiled)
    seen = rng.normal(size=(3, BATCH, N_INPUTS)).astype(np.float32)
    judged = nets.judge(torch.from_numpy(seen))
    for slope in judged.slopes.values():
        slope[:] = rng.normal(size=slope.shape) * (rng.random((3, BATCH, 1)) < 0.7)  # some rows have none
    found = nets.slopes_at_inputs(judged)
    assert found.shape == seen.shape and not nets.grad.any()  # of the weights it says nothing
    for i in range(3):
        x: Any = torch.from_numpy(seen[i].astype(np.float64)).requires_grad_()
        descend(by_head(nets, plain(nets, i), x), {name: slope[i] for name, slope in judged.slopes.items()})
        np.testing.assert_allclose(found[i], x.grad, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("one_hot", [False, True])
@pytest.mark.parametrize("shared", [False, True])
def test_what_a_replica_says_depends_on_nobody_beside_it_to_the_last_bit(one_hot, shared):
    rng, nets = np.random.default_rng(0), made(seeds=range(5), shared=shared)
    seen = torch.from_numpy(rng.integers(N_INPUTS, size=(5, 64)))
    if not one_hot:
        seen = torch.from_numpy(rng.normal(size=(5, 64, N_INPUTS)).astype(np.float32))
    slope = rng.normal(size=(5, nets.kinds, 64, nets.widths[-1])).astype(np.float32)
    found = []
    for cuts in ((0, 5), (0, 2, 5), (0, 1, 2, 3, 4, 5)):
        out = []
        for begin, end in itertools.pairwise(cuts):
            judged = nets.judge(seen[begin:end], Units(begin, end))
            judged.slope[:] = slope[begin:end]
            nets.backward(judged)
            out.append(judged.out)
        found.append([np.concatenate(out).tobytes(), nets.grad.numpy().tobytes()])
        nets.grad.zero_()
    assert found[1] == found[0] and found[2] == found[0]


def test_rows_are_told_apart_whatever_the_marks_were():
    rng = np.random.default_rng(0)
    seen, marks = rng.integers(6, size=(50, 8)), rng.integers(20, size=6)
    differing, rows, place = np.zeros_like(seen), np.empty(50, np.int64), np.empty_like(seen)
    dense.tell_apart(seen, marks, differing, rows, place)
    for own, numbers, n, at in zip(seen, differing, rows, place, strict=True):
        assert numbers[:n].tolist() == list(dict.fromkeys(own.tolist()))
        assert np.array_equal(numbers[at], own)


def test_parts_of_a_batch_add_up_to_its_gradient():
    rng, whole, cut = np.random.default_rng(0), made(), made(parts=2)
    seen = torch.from_numpy(rng.normal(size=(3, 8, N_INPUTS)).astype(np.float32))
    slope = rng.normal(size=(3, 2, 8, 4)).astype(np.float32)
    judged = whole.judge(seen)
    judged.slope[:] = slope
    whole.backward(judged)
    for unit in range(6):
        i, rows = unit // 2, slice(unit % 2 * 4, unit % 2 * 4 + 4)
        part = cut.judge(seen[i : i + 1, rows], Units(unit, unit + 1, 2))
        np.testing.assert_allclose(part.out[0], judged.out[i, :, rows], rtol=0, atol=1e-6)
        part.slope[:] = slope[i : i + 1, :, rows]
        cut.backward(part)
    cut.add_up()
    torch.testing.assert_close(cut.grad, whole.grad, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("compiled", [False, True])
def test_one_head_alone_says_what_it_says_among_others(compiled):
    nets = made(heads={"q1": (1, 1.0), "q2": (1, 1.0)}, compiled=compiled)
    seen = torch.randn(3, BATCH, N_INPUTS, generator=torch.Generator().manual_seed(5))
    both, one = nets.forward(seen), nets.only("q2")
    np.testing.assert_allclose(one.forward(seen)[:, 0], both[:, 1], rtol=0, atol=1e-6)
    np.testing.assert_allclose(one.few(seen.numpy())[:, 0], both[:, 1], rtol=0, atol=1e-6)
    judged, alone = nets.judge(seen), one.judge(seen)
    judged.slopes["q2"][:] = alone.slope[:, 0] = 1.0
    np.testing.assert_allclose(one.slopes_at_inputs(alone), nets.slopes_at_inputs(judged), rtol=0, atol=1e-6)


def test_a_gradient_of_one_replica_or_head_is_none_of_another():
    nets = made(shared=False)
    sent_back(nets, torch.zeros(3, 2, dtype=torch.int64), {"value": np.array([0.0, 1.0, 0.0])[:, None, None]})
    norms = [
        [float(np.abs(weight[k]).sum()) for weight, _ in gradients(nets, i) for k in (0, 1)] for i in range(3)
    ]
    assert norms[0] == [0.0] * 6 and norms[2] == [0.0] * 6
    assert norms[1][::2] == [0.0] * 3 and min(norms[1][1::2]) > 0  # of the actor nothing, of the critic all


def test_a_copy_keeps_its_numbers():
    nets = made()
    seen = torch.zeros(3, 2, dtype=torch.int64)
    before, twin = nets.forward(seen), nets.copy()
    nets.flat.mul_(3.0)
    np.testing.assert_array_equal(twin.forward(seen), before)
    assert not np.array_equal(nets.forward(seen), before)


@pytest.mark.parametrize("hidden", [(), (6, 5)])
@pytest.mark.parametrize("shared", [False, True])
def test_after_an_edit_known_states_and_actions_are_worth_what_they_were(shared, hidden):
    old = made(hidden, shared, heads={"q": (4, 1.0), "value": (1, 1.0)})
    new = Networks((5,), hidden, {"q": (3, 1.0), "value": (1, 1.0)}, SEEDS, "tanh", shared)
    fresh = [new.layers(i) for i in range(3)]
    states, actions = np.array([6, -1, 0, 2, -1]), np.array([3, -1, 0])
    new.take_over(old, states, actions)
    known, there = np.flatnonzero(states >= 0), states[states >= 0]
    said = new.by_head(new.forward(torch.from_numpy(np.tile(known, (3, 1)))))
    was = old.by_head(old.forward(torch.from_numpy(np.tile(there, (3, 1)))))
    np.testing.assert_allclose(said["value"], was["value"], rtol=0, atol=1e-6)
    np.testing.assert_allclose(said["q"][..., [0, 2]], was["q"][..., [3, 0]], rtol=0, atol=1e-6)
    for i in range(3):
        now = new.layers(i)
        np.testing.assert_array_equal(now[0][0][:, [1, 4]], fresh[i][0][0][:, [1, 4]])  # states that are new
        np.testing.assert_array_equal(now[-1][0][0, :, 1], fresh[i][-1][0][0, :, 1])  # an action that is new


@pytest.mark.parametrize("shared", [False, True])
def test_where_an_edit_leaves_inputs_and_actions_alone_nothing_is_said_differently(shared):
    old = made((6,), shared)
    new = Networks((N_INPUTS,), (6,), HEADS, SEEDS, shared=shared)
    new.take_over(old, None, np.arange(4))
    seen = torch.randn(3, BATCH, N_INPUTS, generator=torch.Generator().manual_seed(5))
    said, was = (nets.by_head(nets.forward(seen)) for nets in (new, old))
    for name in HEADS:
        np.testing.assert_array_equal(said[name], was[name])


def test_weights_begin_orthogonal_with_the_gains_of_their_layers_and_biases_at_zero():
    nets = Networks((20,), (8, 12), HEADS, SEEDS)
    for i in range(3):
        (first, second, last) = nets.layers(i)
        for kind in (0, 1):
            np.testing.assert_allclose(first[0][kind].T @ first[0][kind], 2 * np.eye(8), atol=1e-5)
            np.testing.assert_allclose(second[0][kind] @ second[0][kind].T, 2 * np.eye(8), atol=1e-5)
        policy, value = last[0][0], last[0][1, :, :1]
        np.testing.assert_allclose(policy.T @ policy, 1e-4 * np.eye(4), atol=1e-8)
        np.testing.assert_allclose(value.T @ value, [[1.0]], atol=1e-5)
        assert all(not bias.any() for _, bias in nets.layers(i))
    shared = Networks((20,), (8,), HEADS, SEEDS, shared=True).layers(0)[-1][0][0]
    np.testing.assert_allclose(shared[:, :4].T @ shared[:, :4], 1e-4 * np.eye(4), atol=1e-8)
    np.testing.assert_allclose(shared[:, 4:].T @ shared[:, 4:], [[1.0]], atol=1e-5)


@pytest.mark.parametrize("shared", [False, True])
def test_a_replica_begins_by_its_seed_alone(shared):
    many = Networks((N_INPUTS,), (6, 5), HEADS, SEEDS, shared=shared)
    for i, seed in enumerate(SEEDS):
        alone = Networks((N_INPUTS,), (6, 5), HEADS, (seed,), shared=shared)
        for (w, b), (w_alone, b_alone) in zip(many.layers(i), alone.layers(0), strict=True):
            np.testing.assert_array_equal(w, w_alone)
            np.testing.assert_array_equal(b, b_alone)
    weights = [layers[0][0].tobytes() for layers in map(many.layers, range(3))]
    assert len(set(weights)) == 3
    actor_and_critic = many.layers(0)[0][0]
    assert shared or not np.array_equal(actor_and_critic[0], actor_and_critic[1])


def test_orthogonal_matrices_point_everywhere():
    """Uniformly drawn, each number has mean 0 and variance 1 / the longer side; |mean| is under 4 sigma."""
    rng = np.random.default_rng(0)
    drawn = np.stack([orthogonal(5, 3, rng) for _ in range(2000)])
    assert np.abs(drawn.mean(axis=0)).max() < 4 * np.sqrt(1 / 5 / 2000)
    np.testing.assert_allclose((drawn**2).mean(axis=0), 1 / 5, atol=0.02)


def test_many_inputs_of_which_one_is_hot_take_no_room(monkeypatch):
    monkeypatch.setattr(dense, "_own", threading.local())
    nets = made(shape=(3000,))
    nets.forward(torch.arange(3000).repeat(3, 1))
    assert dense._own.room.shape == (2, 3000 * 6)
