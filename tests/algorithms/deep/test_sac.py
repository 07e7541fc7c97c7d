"""SAC, TD3 and DDPG: one update against the losses as they are written, records, and what they learn."""

import itertools
from typing import Any

import numpy as np
import pytest
import torch

from rlsandbox.learning import critics
from rlsandbox.learning.agent import View
from rlsandbox.learning.critics import Batch
from rlsandbox.learning.squashed import LOG_STD
from rlsandbox.worlds.point_world import PointWorld
from tests.algorithms.deep.recorded import (
    assert_replicas_are_their_single_runs,
    assert_solved,
    brisk,
    course,
    figures,
    lines,
    near,
)
from tests.algorithms.deep.test_played import POINT
from tests.helpers import advance, begin, corridor

TINY: dict[str, Any] = {"units": 6, "layers": 1, "batch": 60, "learning_starts": 60, "learning_rate": 0.01}
GAMMA, TAU = 0.9, 0.25
CUT, ORDINARY = 15, 30
"""Steps of the batch that were truncated, and that led on; the other 15 terminated."""
NEAR = PointWorld(corridor(2, step_limit=9))
"""Whoever acts at random comes to the goal now and then."""


class First:
    """An agent's first update, from networks that all differ and a batch in which everything happens.

    Attributes:
        before: networks by name and replica, `[kind][layer]` (weight, bias), float64, with gradients.
        gradients: what each optimizer was given, `[P]`, by name of the networks.
    """

    def __init__(self, algorithm: str, place: Any, **options: Any) -> None:
        session = begin(algorithm, place, (0, 5), **{**TINY, "gamma": GAMMA, "tau": TAU, **options})
        self.agent: Any = session.agent
        self.batch: Any = None
        self.before: dict[str, list[Any]] = {}
        self.gradients: dict[str, np.ndarray] = {}
        self.rng: Any = None
        self.agent.drawn = self._drawn
        self._watch("nets", self.agent.optimizer)
        self._watch("critics", self.agent.critic_optimizer)
        while self.batch is None:
            session.tick(1)

    def _drawn(self) -> Batch:
        agent, draw = self.agent, torch.Generator().manual_seed(1)
        for nets in agent.networks().values():
            nets.set_to(torch.randn(nets.flat.shape, generator=draw).numpy() * 0.5)
        self.before = {name: [kept(nets, i) for i in (0, 1)] for name, nets in agent.networks().items()}
        rng, m = np.random.default_rng(0), agent.memory
        for array in (m.state, m.next_state):
            if array.ndim == 3:
                array[:, :60] = rng.uniform(-1, 1, size=array[:, :60].shape)
            else:
                array[:, :60] = rng.integers(agent.ground.n_spots, size=(2, 60))
        if m.action.ndim == 3:
            m.action[:, :60] = rng.uniform(-1, 1, size=m.action[:, :60].shape)
        else:
            m.action[:, :60] = rng.integers(agent.problem.actions.size, size=(2, 60))
        m.reward[:, :60] = rng.normal(size=(2, 60))
        m.truncated[:, :60] = np.arange(60) < CUT
        m.terminated[:, :60] = np.arange(60) >= CUT + ORDINARY
        self.rng = agent.walk.rng.copy()
        self.batch = Batch(agent, np.tile(np.arange(60), (2, 1)))
        return self.batch

    def _watch(self, name: str, optimizer: Any) -> None:
        step = optimizer.step

        def watched(*arguments: Any) -> Any:
            self.gradients[name] = optimizer.nets.grad.numpy().copy()
            return step(*arguments)

        optimizer.step = watched

    def target(self, i: int, following: Any) -> Any:
        """What critics are drawn to: a cut step leads on, one that terminated does not."""
        goes_on = torch.arange(60) < CUT + ORDINARY
        return (tensor(self.of("reward"), i) + GAMMA * goes_on * following).detach()

    def of(self, name: str) -> np.ndarray:
        """A field of the batch, by replica."""
        return self.agent.by_replica(np.asarray(getattr(self.batch, name)))

    def seen(self, i: int) -> tuple[Any, Any]:
        """What is seen of the states and of the next ones."""
        return tensor(self.of("seen"), i), tensor(self.of("next_seen"), i)

    def check(self, name: str, i: int, networks: Any, loss: Any) -> None:
        """Gradients are those of the loss, and the numbers a first step of Adam away."""
        numbers = [array for net in networks for layer in net for array in layer]
        optimizer = torch.optim.Adam(numbers, lr=0.01, eps=1e-8)
        loss.backward()
        wanted = [np.zeros(array.shape) if array.grad is None else array.grad.numpy() for array in numbers]
        nets = self.agent.networks()[name]
        for mine, theirs in zip(split(self.gradients[name], nets, i), wanted, strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-3, atol=1e-5)
        optimizer.step()
        for mine, theirs, slope in zip(numbers_of(nets, i), numbers, wanted, strict=True):
            plain = np.abs(slope) > 1e-3  # a step is as long for a slope that is nothing but rounding
            np.testing.assert_allclose(mine[plain], theirs.detach().numpy()[plain], rtol=1e-3, atol=1e-4)

    def check_followed(self, name: str, leader: str, i: int) -> None:
        """Targets have gone a share of the way."""
        old = [array.detach().numpy() for net in self.old[name][i] for layer in net for array in layer]
        networks = self.agent.networks()
        for mine, was, new in zip(
            numbers_of(networks[name], i), old, numbers_of(networks[leader], i), strict=True
        ):
            np.testing.assert_allclose(mine, (1 - TAU) * was + TAU * new, rtol=1e-4, atol=1e-6)

    @property
    def old(self) -> dict[str, list[Any]]:
        """Networks of targets, which no gradient has changed."""
        return {name: nets for name, nets in self.before.items() if name.startswith("target")}


def kept(nets: Any, replica: int) -> list[list[tuple[Any, Any]]]:
    """A replica's networks as tensors in float64, `[kind][layer]`."""

    def copied(array: np.ndarray) -> Any:
        return torch.from_numpy(array.astype(np.float64)).requires_grad_()

    layers = nets.layers(replica)
    return [[(copied(weight[k]), copied(bias[k])) for weight, bias in layers] for k in range(nets.kinds)]


def numbers_of(nets: Any, replica: int) -> list[np.ndarray]:
    """A replica's arrays, network by network, layer by layer."""
    layers = nets.layers(replica)
    return [array[kind] for kind in range(nets.kinds) for layer in layers for array in layer]


def split(flat: np.ndarray, nets: Any, replica: int) -> list[np.ndarray]:
    """A replica's part of `[P]`, as `numbers_of` has it."""
    parts = np.split(flat, nets.bounds[:-1])
    shapes = [array.shape for layer in nets.layers(replica) for array in layer]
    own = [part.reshape(nets.n_seeds, *shape)[replica] for part, shape in zip(parts, shapes, strict=True)]
    return [array[kind] for kind in range(nets.kinds) for array in own]


def says(layers: Any, x: Any) -> Any:
    for k, (weight, bias) in enumerate(layers):
        x = x @ weight + bias
        x = x.relu() if k < len(layers) - 1 else x
    return x


def tensor(array: Any, replica: int) -> Any:
    return torch.from_numpy(np.asarray(array[replica], np.float64))


# -- updates ---------------------------------------------------------------------------------------


@pytest.fixture(params=[1, 2])
def parts(request, monkeypatch):
    """How many parts batches have."""
    monkeypatch.setattr(critics, "_LARGE", 1 if request.param == 2 else 2**60)
    return request.param


@pytest.mark.parametrize("automatic", [True, False])
def test_an_update_of_sac_with_continuous_actions(automatic, parts):
    first, alpha = First("sac", NEAR, temperature=0.3, automatic=automatic), 0.3
    agent, before = first.agent, first.before
    again: Any = begin("sac", NEAR, (0, 5), **TINY).agent
    again.walk.rng[:] = first.rng
    moving = np.ones(2, np.bool_)
    normals = [again.normal((2, 60, 2), moving) for _ in range(2)]  # for the next states, then for these
    assert agent.parts == parts

    def draws(i: int, seen: Any, normal: Any) -> tuple[Any, Any]:
        out = says(before["nets"][i][0], seen)
        mean, log_std = out[:, :2], out[:, 2:].clamp(*LOG_STD)
        u = mean + log_std.exp() * normal
        log_prob = -0.5 * normal**2 - log_std - 0.5 * np.log(2 * np.pi) - torch.log(1 - u.tanh() ** 2)
        return u.tanh(), log_prob.sum(dim=-1)

    for i in (0, 1):
        seen, next_seen = first.seen(i)
        action, log_prob = draws(i, next_seen, tensor(normals[0], i))
        both = [says(net, torch.cat((next_seen, action), 1))[:, 0] for net in before["target_critics"][i]]
        target = first.target(i, torch.minimum(*both) - alpha * log_prob)
        x = torch.cat((seen, tensor(first.of("actions"), i)), 1)
        errors = [(says(net, x)[:, 0] - target) ** 2 for net in before["critics"][i]]
        first.check("critics", i, before["critics"][i], torch.stack(errors).mean(dim=1).sum())
        action, log_prob = draws(i, seen, tensor(normals[1], i))
        now = [says(net, torch.cat((seen, action), 1))[:, 0] for net in kept(agent.critics, i)]
        first.check("nets", i, before["nets"][i], (alpha * log_prob - torch.minimum(*now)).mean())
        first.check_followed("target_critics", "critics", i)
        # the first step of Adam is as long as the rate: up where there is too little entropy, which is -A
        rises = np.sign(log_prob.mean().item() - 2.0) * 0.01 if automatic else 0.0
        assert agent.log_temperature[i] == pytest.approx(np.log(0.3) + rises, abs=1e-6)


def test_an_update_of_sac_with_numbered_actions():
    first = First("sac", brisk(), temperature=0.3, automatic=False)
    batch, before = first.batch, first.before
    for i in (0, 1):
        eye = torch.eye(first.agent.problem.mdp.n_states, dtype=torch.float64)
        log_pi = says(before["nets"][i][0], eye).log_softmax(dim=-1)
        goal = torch.minimum(*(says(net, eye) for net in before["target_critics"][i]))
        soft = (log_pi.exp() * (goal - 0.3 * log_pi)).sum(dim=1)
        states, actions = batch.states[i], batch.actions[i]
        target = first.target(i, soft[batch.next_states[i]])
        errors = [(says(net, eye)[states, actions] - target) ** 2 for net in before["critics"][i]]
        first.check("critics", i, before["critics"][i], torch.stack(errors).mean(dim=1).sum())
        least = torch.minimum(*(says(net, eye) for net in kept(first.agent.critics, i))).detach()
        log_pi = says(before["nets"][i][0], eye).log_softmax(dim=-1)
        loss = (log_pi.exp() * (0.3 * log_pi - least))[states].sum(dim=1).mean()
        first.check("nets", i, before["nets"][i], loss)
        first.check_followed("target_critics", "critics", i)


@pytest.mark.parametrize("algorithm", ["td3", "ddpg"])
def test_an_update_of_a_deterministic_actor(algorithm, parts, monkeypatch):
    smooth = algorithm == "td3"
    noise = np.random.default_rng(3).normal(size=(2, 60, 2)) * 2
    clipped = np.clip(0.2 * noise, -0.5, 0.5) if smooth else np.zeros_like(noise)
    assert not smooth or (np.abs(clipped) == 0.5).any()
    if smooth:
        plain = critics.Critics.normal
        monkeypatch.setattr(
            critics.Critics, "normal", lambda self, s, on: noise if s == noise.shape else plain(self, s, on)
        )
    first = First(algorithm, NEAR, **({"target_noise": 0.2, "noise_clip": 0.5} if smooth else {}))
    agent, before = first.agent, first.before
    assert agent.critics.kinds == (2 if smooth else 1) and agent.parts == parts
    for i in (0, 1):
        seen, next_seen = first.seen(i)
        action = (says(before["target"][i][0], next_seen).tanh() + tensor(clipped, i)).clamp(-1, 1)
        x = torch.cat((next_seen, action), 1)
        nexts = torch.stack([says(net, x)[:, 0] for net in before["target_critics"][i]]).amin(dim=0)
        target = first.target(i, nexts)
        x = torch.cat((seen, tensor(first.of("actions"), i)), 1)
        errors = [(says(net, x)[:, 0] - target) ** 2 for net in before["critics"][i]]
        first.check("critics", i, before["critics"][i], torch.stack(errors).mean(dim=1).sum())
        action = says(before["nets"][i][0], seen).tanh()
        loss = -says(kept(agent.critics, i)[0], torch.cat((seen, action), 1)).mean()
        first.check("nets", i, before["nets"][i], loss)
        first.check_followed("target_critics", "critics", i)
        first.check_followed("target", "nets", i)


@pytest.mark.parametrize("algorithm", ["sac", "td3", "ddpg"])
def test_threads_that_share_a_batch_change_no_bit(algorithm, monkeypatch):
    monkeypatch.setattr(critics, "_LARGE", 1)
    one, two = (begin(algorithm, NEAR, (0, 5), **TINY) for _ in range(2))
    two.threads = 2
    used = set()
    for session in (one, two):
        while session.clock < 120:
            session.tick(1)
            agent: Any = session.agent
            used.add((session.threads, agent._threads, agent.parts))
    assert used == {(1, 1, 2), (2, 1, 2), (2, 2, 2)}
    mine, own = one.agent.state(), two.agent.state()
    assert all(mine[name].tobytes() == own[name].tobytes() for name in mine)


@pytest.mark.parametrize("algorithm", ["sac", "td3", "ddpg"])
def test_who_looks_in_the_midst_of_an_update_changes_nothing(algorithm, monkeypatch):
    monkeypatch.setattr(critics, "_LARGE", 1)
    alone, watched = (begin(algorithm, NEAR, (0, 5), **TINY) for _ in range(2))
    found = []

    def look() -> None:
        found.append(watched.agent.snapshot(View(len(found) % 2)).v)

    watched.agent.give_way = look
    for session in (alone, watched):
        advance(session, 120)
    updates = int(watched.agent.state()["updates"][0])
    assert len(found) > 4 * updates > 0 and all(np.isfinite(v).all() for v in found)
    mine, own = alone.agent.state(), watched.agent.state()
    assert all(mine[name].tobytes() == own[name].tobytes() for name in mine)


def test_td3_improves_its_actor_and_targets_at_every_third_update_alone():
    session = advance(begin("td3", POINT, (0,), **TINY, policy_delay=3), 60)
    agent: Any = session.agent
    moved = []
    for _ in range(9):
        before = agent.nets.flat.clone(), agent.target_nets.flat.clone(), agent.critics.flat.clone()
        updates = int(agent.updates[0])
        while agent.updates[0] == updates:
            session.tick(1)
        now = agent.nets.flat, agent.target_nets.flat, agent.critics.flat
        moved.append(tuple(bool((a != b).any()) for a, b in zip(before, now, strict=True)))
        assert moved[-1] == ((updates % 3 == 0,) * 2 + (True,))
    assert all(np.isfinite(curve.values).all() for curve in agent.log.curves().values())


def test_the_temperature_follows_adam():
    """The loss is -log alpha (log pi + H), so that its slope is the entropy minus the one aimed at."""
    agent: Any = begin("sac", POINT, (0, 1), learning_rate=0.02, temperature=0.5).agent
    x: Any = torch.full((2,), np.log(0.5), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.Adam([x], lr=0.02, eps=1e-8)
    for k, entropy in enumerate(np.array([[-3.0, 1.0], [0.5, 1.5], [-1.0, -5.0]])):
        agent.optimizer.steps[:] = k + 1
        agent._warm(entropy, np.ones(2, np.bool_))
        optimizer.zero_grad()
        (x * (torch.from_numpy(entropy) - agent.entropy_aim)).sum().backward()
        optimizer.step()
    assert agent.entropy_aim == -2.0
    np.testing.assert_allclose(agent.log_temperature, x.detach(), rtol=1e-9)
    agent._warm(np.array([9.0, 9.0]), np.array([True, False]))
    assert agent.log_temperature[1] == pytest.approx(x[1].item())


# -- records ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("algorithm", "place"), [("sac", NEAR), ("sac", brisk()), ("td3", NEAR), ("ddpg", NEAR)]
)
def test_the_record_gives_the_target_with_its_own_numbers(algorithm, place):
    session = advance(begin(algorithm, place, (0, 5), **TINY, gamma=GAMMA), 60)
    agent: Any = session.agent
    ended = led_on = 0
    for _, replica in itertools.product(range(100), (0, 1)):
        session.tick(1)
        update: Any = agent.told(replica)
        found = lines(update)
        reward = found[0][0]
        if update.terminated:
            assert update.target == near(reward)
            ended += 1
            continue
        led_on += 1
        if algorithm == "sac":
            _, gamma, value, *_ = found[0]
            product = found[1]
            assert product[-1] == near(product[-3] * product[-2])
            assert update.target == pytest.approx(reward + gamma * (value - product[-1]), rel=1e-3, abs=3e-3)
            nows = found[2:]
        else:
            nexts = figures(tuple(part for part in update.parts if part.role == "next"))
            assert len(nexts) == agent.n_critics
            assert update.target == pytest.approx(reward + GAMMA * min(nexts), rel=1e-3, abs=3e-3)
            nows = found[1:]
        assert nows[0][-1] == near(update.before)
        assert update.td_error == update.target - update.before
    assert ended > 0 and led_on > 0


# -- replicas --------------------------------------------------------------------------------------


def test_replicas_are_their_single_runs():
    assert_replicas_are_their_single_runs("sac", 7, **TINY)


@pytest.mark.parametrize(
    ("algorithm", "place", "options"),
    [
        ("sac", NEAR, {}),
        ("td3", NEAR, {}),
        ("sac", brisk(), {}),
        ("dqn", brisk(), {"target": "soft", "tau": 0.1}),
    ],
)
def test_who_has_made_all_episodes_stays_as_a_run_alone_would_be(algorithm, place, options):
    options = {"units": 6, "layers": 1, "batch": 16, "learning_starts": 20, **options, "episodes": 12}
    many, *alone = (begin(algorithm, place, seeds, **options) for seeds in ((0, 1, 2), (0,), (1,), (2,)))
    for session in (many, *alone):
        session.run()
    steps = [int(session.agent.steps[0]) for session in alone]
    assert len(set(steps)) > 1 and many.agent.steps.tolist() == steps
    for k, single in enumerate(alone):
        mine, own = many.agent.state(), single.agent.state()
        assert mine["walk.rng"][k] == own["walk.rng"][0]
        for name in ("actor_loss", "log_temperature"):
            if name in mine:
                np.testing.assert_allclose(mine[name][k], own[name][0], rtol=1e-4, err_msg=name)
        agents: Any = many.agent, single.agent
        for name in agents[0].networks():
            both = (numbers_of(agent.networks()[name], at) for agent, at in zip(agents, (k, 0), strict=True))
            for one, other in zip(*both, strict=True):
                np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5, err_msg=name)


# -- what they learn -------------------------------------------------------------------------------


def test_the_preset_of_sac_solves_the_grid():
    assert_solved(course("sac", 0.3))


@pytest.mark.parametrize("algorithm", ["td3", "ddpg", "sac"])
def test_forces_lead_to_the_goal_of_a_corridor(algorithm):
    """Three cells at up to 4 cells/s take about ten steps, each of which costs 1; who stays pays 40."""
    place = PointWorld(corridor(4, step_limit=40))
    options: dict[str, Any] = {"units": 64, "batch": 64, "learning_rate": 1e-3, "tau": 0.02}
    options |= {"temperature": 0.1} if algorithm == "sac" else {}
    session = begin(algorithm, place, (0,), steps=1500, **options)
    assert session.evaluate().greedy_return[0] < -30
    session.run()
    assert session.evaluate().greedy_return[0] > -15
