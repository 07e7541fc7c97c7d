"""Networks that look at pictures: against torch's own layers, one replica after the other."""

import numpy as np
import pytest
import torch

from rlsandbox.learning.agent import View
from rlsandbox.learning.convolutions import Convolutions
from rlsandbox.learning.networks import Networks
from tests.helpers import advance, begin, corridor

SEEDS = (3, 11)
HEADS = {"policy": (4, 0.01), "value": (1, 1.0)}


@pytest.mark.parametrize("shape", [(3, 4, 5), (2, 20, 13)])
@pytest.mark.parametrize("shared", [False, True])
def test_outputs_and_gradients_are_those_of_torchs_own_layers(shape, shared):
    nets = Networks(shape, (6,), HEADS, SEEDS, shared=shared)
    seen = torch.randn(2, 7, *shape, generator=torch.Generator().manual_seed(1))
    judged = nets.judge(seen)
    slope = torch.randn(judged.out.shape, generator=torch.Generator().manual_seed(2))
    judged.slope[:] = slope.numpy()
    nets.backward(judged)
    found = nets.views(nets.grad)
    looks = Convolutions(shape)
    for i in range(2):
        for k in range(nets.kinds):
            own = [array[i * nets.kinds + k].clone().requires_grad_() for array in nets.views(nets.flat)]
            x = seen[i]
            for (_, _, stride), weight, bias in zip(looks.weights, own[4::2], own[5::2], strict=True):
                x = torch.nn.functional.conv2d(x, weight, bias, stride, padding=1).relu()
            said = torch.tanh(x.flatten(1) @ own[0] + own[1]) @ own[2] + own[3]
            torch.testing.assert_close(torch.from_numpy(judged.out[i, k]), said, rtol=1e-4, atol=1e-5)
            (said * slope[i, k]).sum().backward()
            for array, grad in zip(own, found, strict=True):
                torch.testing.assert_close(grad[i * nets.kinds + k], array.grad, rtol=1e-3, atol=1e-4)


def test_a_large_picture_is_halved_until_it_is_small():
    looks = Convolutions((3, 72, 40))
    assert [stride for _, _, stride in looks.weights] == [2, 2, 2, 1, 1]
    assert looks.n_features == 32 * 9 * 5


def test_a_replicas_convolutions_depend_on_its_seed_alone():
    both, one = (Networks((2, 4, 4), (6,), HEADS, seeds) for seeds in (SEEDS, SEEDS[1:]))
    for many, single in zip(both.views(both.flat), one.views(one.flat), strict=True):
        torch.testing.assert_close(many[2:], single, rtol=0, atol=0)


@pytest.mark.parametrize("observation", ["window", "planes", "pixels"])
def test_an_edit_that_is_seen_as_one_more_plane_goes_on(observation):
    world = corridor(4)
    session = advance(begin("dqn", world, observation=observation, train_every=20, memory=500), 200)
    session.replace_world(world.painted([(0, 1)], "mud"))
    advance(session, 300)
    assert session.failure is None and session.clock == 300
    assert np.isfinite(session.agent.snapshot(View()).q).all()


def test_pictures_are_learnt_from():
    session = begin("dqn", corridor(4, step_limit=30), observation="planes", steps=1500)
    session.run()
    assert session.evaluate().greedy_return == [-3.0]
