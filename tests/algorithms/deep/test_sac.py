"""SAC, TD3 and DDPG: one update against the losses as they are written, records, and what they learn."""

from typing import Any

import numpy as np
import pytest
import torch

from rlsandbox.learning.agent import View
from rlsandbox.learning.critics import Batch
from rlsandbox.learning.squashed import LOG_STD
from rlsandbox.worlds.point_world import PointWorld
from tests.algorithms.deep.recorded import (
    assert_replicas_are_their_single_runs,
    assert_solved,
    brisk,
    course,
    lines,
    near,
)
from tests.algorithms.deep.test_played import POINT
from tests.helpers import advance, begin, corridor

TINY: dict[str, Any] = {"units": 6, "layers": 1, "batch": 64, "learning_starts": 300, "learning_rate": 0.01}
GAMMA = 0.9
NEAR = PointWorld(corridor(2, step_limit=9))
"""Whoever acts at random comes to the goal now and then."""


def kept(nets: Any, replica: int) -> list[list[tuple[torch.Tensor, torch.Tensor]]]:
    """A replica's networks as tensors in float64, `[kind][layer]`, that gradients flow into."""
    found = []
    for kind in range(nets.kinds):
        found.append(
            [
                (
                    torch.from_numpy(weight[kind].astype(np.float64)).requires_grad_(),
                    torch.from_numpy(bias[kind].astype(np.float64)).requires_grad_(),
                )
                for weight, bias in nets.layers(replica)
            ]
        )
    return found


def says(layers: Any, x: Any) -> Any:
    for k, (weight, bias) in enumerate(layers):
        x = x @ weight + bias
        x = x.relu() if k < len(layers) - 1 else x
    return x


def adam(networks: Any, loss: Any, rate: float = 0.01) -> list[np.ndarray]:
    """The numbers after a first step of Adam down a loss, layer by layer as `Networks.layers` has them."""
    numbers = [array for net in networks for layer in net for array in layer]
    optimizer = torch.optim.Adam(numbers, lr=rate, eps=1e-8)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return [array.detach().numpy() for array in numbers]


def numbers_of(nets: Any, replica: int) -> list[np.ndarray]:
    return [array[kind] for kind in range(nets.kinds) for layer in nets.layers(replica) for array in layer]


def first_update(algorithm: str, place: Any, **options: Any) -> tuple[Any, Batch, dict[str, Any]]:
    """An agent after its first update, the batch, and its networks before."""
    session = begin(algorithm, place, (0, 5), **{**TINY, "gamma": GAMMA, **options})
    agent: Any = session.agent
    caught: list[Batch] = []
    draw = agent.drawn
    before: dict[str, Any] = {}

    def drawn() -> Batch:
        if not caught:
            before.update({name: [kept(nets, i) for i in (0, 1)] for name, nets in agent.networks().items()})
            before["rng"] = None
        caught.append(draw())
        before["rng"] = agent.walk.rng.copy() if len(caught) == 1 else before["rng"]
        return caught[-1]

    agent.drawn = drawn
    while not caught:
        session.tick(1)
    return agent, caught[0], before


def tensor(array: Any, replica: int) -> Any:
    return torch.from_numpy(np.asarray(array[replica], np.float64))


@pytest.mark.parametrize("automatic", [True, False])
def test_an_update_of_sac_with_continuous_actions(automatic):
    agent, batch, before = first_update("sac", NEAR, temperature=0.3, automatic=automatic)
    rng, moving, alpha = before["rng"].copy(), np.ones(2, np.bool_), 0.3
    again: Any = begin("sac", NEAR, (0, 5), **TINY).agent
    again.walk.rng[:] = rng

    def draws(i: int, seen: Any, normal: Any) -> tuple[Any, Any]:
        out = says(before["nets"][i][0], tensor(seen, i))
        mean, log_std = out[..., :2], out[..., 2:].clamp(*LOG_STD)
        u = mean + log_std.exp() * normal
        log_prob = -0.5 * normal**2 - log_std - 0.5 * np.log(2 * np.pi) - torch.log(1 - u.tanh() ** 2)
        return u.tanh(), log_prob.sum(dim=-1)

    shape = np.zeros((2, 64, 4))
    normals = [again.drawn_from(shape, moving)[1] for _ in range(2)]  # for the next states, then for these
    for i in (0, 1):
        seen, next_seen = tensor(batch.seen.numpy(), i), tensor(batch.next_seen.numpy(), i)
        with torch.no_grad():
            action, log_prob = draws(i, batch.next_seen.numpy(), tensor(normals[0], i))
            both = [says(net, torch.cat((next_seen, action), 1))[:, 0] for net in before["target_critics"][i]]
            soft = torch.minimum(*both) - alpha * log_prob
            over = tensor(batch.terminated, i)
            target = tensor(batch.reward, i) + GAMMA * (1 - over) * soft
        x = torch.cat((seen, tensor(batch.actions, i)), 1)
        loss: Any = sum(((says(net, x)[:, 0] - target) ** 2).mean() for net in before["critics"][i])
        wanted = adam(before["critics"][i], loss)
        for mine, theirs in zip(numbers_of(agent.critics, i), wanted, strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-3, atol=2e-4)
        action, log_prob = draws(i, batch.seen.numpy(), tensor(normals[1], i))
        now = [says(net, torch.cat((seen, action), 1))[:, 0] for net in kept(agent.critics, i)]
        wanted = adam(before["nets"][i], (alpha * log_prob - torch.minimum(*now)).mean())
        for mine, theirs in zip(numbers_of(agent.nets, i), wanted, strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-3, atol=4e-4)
        # the first step of Adam is as long as the rate: up where there is too little entropy
        rises = np.sign(log_prob.mean().item() - 2.0) * 0.01 if automatic else 0.0
        assert agent.log_temperature[i] == pytest.approx(np.log(0.3) + rises, abs=1e-6)
    assert batch.terminated.any() and not batch.terminated.all()


def test_an_update_of_sac_with_numbered_actions_and_its_record():
    agent, batch, before = first_update("sac", brisk(), temperature=0.3, automatic=False)
    n_states = agent.problem.mdp.n_states
    for i in (0, 1):
        eye = torch.eye(n_states, dtype=torch.float64)
        log_pi = says(before["nets"][i][0], eye).log_softmax(dim=-1)
        q = [says(net, eye) for net in before["critics"][i]]
        goal = torch.minimum(*(says(net, eye) for net in before["target_critics"][i]))
        soft = (log_pi.exp() * (goal - 0.3 * log_pi)).sum(dim=1).detach()
        states, next_states, actions = batch.states[i], batch.next_states[i], batch.actions[i]
        over = tensor(batch.terminated, i)
        target = tensor(batch.reward, i) + GAMMA * (1 - over) * soft[next_states]
        wanted = adam(before["critics"][i], sum(((each[states, actions] - target) ** 2).mean() for each in q))
        for mine, theirs in zip(numbers_of(agent.critics, i), wanted, strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-3, atol=2e-4)
        least = torch.minimum(*(each.detach() for each in q))
        loss = (log_pi.exp() * (0.3 * log_pi - least))[states].sum(dim=1).mean()
        wanted = adam(before["nets"][i], loss)
        for mine, theirs in zip(numbers_of(agent.nets, i), wanted, strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-3, atol=4e-4)

        update: Any = agent.snapshot(View(i)).update
        s, s_next = int(states[0]), int(next_states[0])
        value = (log_pi.exp() * goal).sum(dim=1)[s_next].item()
        assert (update.state, update.action, update.next_state) == (s, int(actions[0]), s_next)
        assert update.before == near(q[0][s, int(actions[0])].item())
        assert update.target == near(target[0].item())
        found = lines(update)
        if not batch.terminated[i, 0]:
            assert any(figure == near(value) for figure in found[0])
        assert found[2][-1] == near(q[0][s, int(actions[0])].item())
        assert found[3][-1] == near(q[1][s, int(actions[0])].item())


@pytest.mark.parametrize("algorithm", ["td3", "ddpg"])
def test_an_update_of_a_deterministic_actor(algorithm):
    still = {"target_noise": 0.0, "policy_delay": 1} if algorithm == "td3" else {}
    agent, batch, before = first_update(algorithm, NEAR, **still)
    assert agent.critics.kinds == (2 if algorithm == "td3" else 1)
    for i in (0, 1):
        seen, next_seen = tensor(batch.seen.numpy(), i), tensor(batch.next_seen.numpy(), i)
        action = says(before["target"][i][0], next_seen).tanh()
        x = torch.cat((next_seen, action), 1)
        nexts = torch.stack([says(net, x)[:, 0] for net in before["target_critics"][i]]).amin(dim=0).detach()
        target = tensor(batch.reward, i) + GAMMA * (1 - tensor(batch.terminated, i)) * nexts
        x = torch.cat((seen, tensor(batch.actions, i)), 1)
        loss: Any = sum(((says(net, x)[:, 0] - target) ** 2).mean() for net in before["critics"][i])
        wanted = adam(before["critics"][i], loss)
        for mine, theirs in zip(numbers_of(agent.critics, i), wanted, strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-3, atol=2e-4)
        action = says(before["nets"][i][0], seen).tanh()
        loss = -says(kept(agent.critics, i)[0], torch.cat((seen, action), 1)).mean()
        wanted = adam(before["nets"][i], loss)
        for mine, theirs in zip(numbers_of(agent.nets, i), wanted, strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-3, atol=4e-4)
        for name, nets in (("target", agent.nets), ("target_critics", agent.critics)):
            olds = [array for net in before[name][i] for layer in net for array in layer]
            for mine, old, new in zip(
                numbers_of(agent.networks()[name], i), olds, numbers_of(nets, i), strict=True
            ):
                moved = old.detach().numpy() * 0.995 + new * 0.005
                if name == "target_critics" or agent.updates[0] == 1:
                    np.testing.assert_allclose(mine, moved, rtol=1e-3, atol=5e-4)


def test_td3_improves_its_actor_and_targets_at_every_other_update_alone():
    session = advance(begin("td3", POINT, (0,), **TINY, policy_delay=3), 300)
    agent: Any = session.agent
    moved = []
    for _ in range(9):
        before = agent.nets.flat.clone(), agent.target_nets.flat.clone(), agent.critics.flat.clone()
        updates = int(agent.updates[0])
        while agent.updates[0] == updates:
            session.tick(1)
        now = agent.nets.flat, agent.target_nets.flat, agent.critics.flat
        moved.append(tuple(bool((a != b).any()) for a, b in zip(before, now, strict=True)))
        assert moved[-1] == (((updates + 1) % 3 == 0,) * 2 + (True,))


def test_smoothing_noise_is_clipped():
    agent: Any = begin("td3", POINT, (0,), **TINY, target_noise=10.0, noise_clip=0.25).agent
    agent.target_nets.flat.zero_()  # its action is 0

    class Seen:
        next_seen = torch.zeros(1, 400, 4)

    noise = agent.next_action(Seen, np.ones(1, np.bool_))
    assert np.abs(noise).max() == 0.25 and len(np.unique(noise)) > 2


@pytest.mark.parametrize("algorithm", ["sac"])
def test_replicas_are_their_single_runs(algorithm):
    assert_replicas_are_their_single_runs(algorithm, 7, **TINY)


def test_the_preset_of_sac_solves_the_grid():
    assert_solved(course("sac", 0.3))


@pytest.mark.parametrize("algorithm", ["td3", "sac"])
def test_forces_lead_to_the_goal_of_a_corridor(algorithm):
    """Three cells at up to 4 cells/s take about ten steps, each of which costs 1; who stays pays 40."""
    place = PointWorld(corridor(4, step_limit=40))
    options: dict[str, Any] = {"units": 64, "batch": 64, "learning_rate": 1e-3, "tau": 0.02}
    options |= {"temperature": 0.1} if algorithm == "sac" else {}
    session = begin(algorithm, place, (0,), steps=1500, **options)
    assert session.evaluate().greedy_return[0] < -30
    session.run()
    assert session.evaluate().greedy_return[0] > -15
