"""TRPO: its steps stay inside the trust region and gain, its record by hand, and what PPO does not keep."""

import itertools
from typing import Any

import numpy as np
import pytest
import torch

from rlsandbox.learning.natural_gradient import rows_of
from rlsandbox.worlds.files import open_world
from rlsandbox.worlds.gym_world import GymWorld
from tests.algorithms.deep.recorded import (
    SMALL,
    assert_replicas_are_their_single_runs,
    brisk,
    figures,
    near,
    nets,
    plain_advantages,
)
from tests.helpers import advance, begin, last_update

LAM, BOUND = 0.8, 0.02
WALK: dict[str, Any] = {**SMALL, "n_envs": 2, "n_steps": 32, "minibatch": 16, "gae_lambda": LAM}


def rollout_made(world, seeds=(0, 1), **options: Any) -> Any:
    """An agent with a whole rollout that it has not learnt from."""
    session = begin("trpo", world, seeds, **{**WALK, **options})
    while not session.agent.whole.all():  # type: ignore[attr-defined]
        session.tick(1000)
    return session.agent


def learn_from(session: Any) -> None:
    """Make all updates that a whole rollout gives, and the next step."""
    before = int(session.agent.rollouts[0])
    while session.agent.rollouts[0] == before:
        session.tick()


def divergences(algorithm: str, **options: Any) -> np.ndarray:
    """`[updates, N]`: KL(pi_old, pi) after each rollout, averaged over its steps."""
    session = begin(algorithm, open_world("grid_4x4"), (0, 1, 2), n_steps=256, gamma=0.99, **options)
    agent: Any = session.agent
    found = []
    while len(found) < 30:
        while not agent.whole.all():
            session.tick(1000)
        states, old = agent.memory.state.copy(), np.log(agent.chances())
        learn_from(session)
        each = (np.exp(old) * (old - np.log(agent.chances()))).sum(axis=2)
        found.append(np.take_along_axis(each, states, axis=1).mean(axis=1))
    return np.array(found)


def test_every_update_stays_inside_the_bound_that_ppo_leaves():
    assert divergences("trpo", max_kl=BOUND).max() <= BOUND + 1e-6
    assert divergences("ppo").max() > 2 * BOUND


def test_forces_stay_inside_the_bound_and_gain():
    """Continuous actions: KL and gain by the formulas of two Gaussians, with torch's own distributions."""
    session = begin("trpo", GymWorld("Pendulum-v1"), (0, 1), **{**WALK, "n_steps": 128, "max_kl": BOUND})
    agent: Any = session.agent
    for _ in range(4):
        while not agent.whole.all():
            session.tick(1000)
        states, actions = agent.memory.state.copy(), torch.from_numpy(agent.memory.action.copy())
        weight, old = agent.rollout().advantage, gaussians(agent, states)
        learn_from(session)
        new, told = gaussians(agent, states), [agent.metrics(i) for i in range(2)]
        kl = torch.distributions.kl_divergence(old, new).sum(dim=-1).mean(dim=1)
        assert (kl <= BOUND + 1e-6).all() and (kl > BOUND / 20).all()
        np.testing.assert_allclose([one["KL"] for one in told], kl, rtol=1e-3)
        ratio = (new.log_prob(actions) - old.log_prob(actions)).sum(dim=-1).exp().numpy()
        gained = ((ratio - 1) * weight).mean(axis=1)
        np.testing.assert_allclose([one["surrogate gain"] for one in told], gained, rtol=1e-3)
        assert (gained > 0).all()


def gaussians(agent: Any, states: np.ndarray) -> torch.distributions.Normal:
    """The policies where these states were."""
    mean, log_std = torch.from_numpy(agent.said(states)["policy"].astype(np.float64)).chunk(2, dim=-1)
    return torch.distributions.Normal(mean, log_std.clamp(-5, 2).exp())


@pytest.mark.parametrize("n_steps", [4, 32])  # fewer steps than states, and more
def test_a_step_gains_and_says_what(n_steps):
    agent = rollout_made(brisk(), n_steps=n_steps, max_kl=BOUND)
    rollout, n = agent.rollout(), np.arange(2)[:, None]
    assert (agent.problem.mdp.n_states < agent.capacity) == (n_steps == 32)
    old = np.log(agent.chances())
    gained, kl, fraction, entropy = agent.step_policy(rollout, np.ones(2, bool))
    new = np.log(agent.chances())
    ratio = np.exp((new - old)[n, rollout.states, rollout.actions])
    np.testing.assert_allclose(gained, ((ratio - 1) * rollout.advantage).mean(axis=1), rtol=1e-4, atol=1e-7)
    each = (np.exp(old) * (old - new)).sum(axis=2)[n, rollout.states]
    np.testing.assert_allclose(kl, each.mean(axis=1), rtol=1e-3, atol=1e-7)
    each = -(np.exp(new) * new).sum(axis=2)[n, rollout.states]
    np.testing.assert_allclose(entropy, each.mean(axis=1), rtol=1e-5)
    assert (gained > 0).all() and (kl <= BOUND).all()
    assert np.isin(fraction, 0.5 ** np.arange(11)).all()


def test_a_small_step_is_as_long_as_the_bound_says():
    """KL is quadratic near pi_old: a fraction f of the full step moves the policy by f^2 delta."""
    agent = rollout_made(brisk(), max_kl=1e-4, damping=1e-6)
    _, kl, fraction, _ = agent.step_policy(agent.rollout(), np.ones(2, bool))
    assert (fraction > 0).all()
    np.testing.assert_allclose(kl, fraction**2 * 1e-4, rtol=0.05)


def test_the_step_does_not_depend_on_the_scale_of_rewards():
    ends = []
    for scale in (1.0, 1000.0):
        agent = rollout_made(brisk())
        rollout = agent.rollout()
        agent.step_policy(rollout._replace(advantage=scale * rollout.advantage), np.ones(2, bool))
        ends.append(rows_of(agent.nets, agent.nets.flat))
    np.testing.assert_allclose(ends[0], ends[1], rtol=1e-4, atol=1e-5)


def test_a_replica_without_a_step_keeps_every_bit():
    agent = rollout_made(brisk(), seeds=(0, 1, 2))
    rollout, before = agent.rollout(), rows_of(agent.nets, agent.nets.flat)
    rollout.advantage[0] = 0.0  # nowhere to go
    with agent.computing():
        gained, kl, fraction, _ = agent.step_policy(rollout, np.array([True, True, False]))
    kept = (rows_of(agent.nets, agent.nets.flat) == before).all(axis=1)
    assert kept.tolist() == [True, False, True]
    assert gained[[0, 2]].tolist() == kl[[0, 2]].tolist() == fraction[[0, 2]].tolist() == [0.0, 0.0]
    assert fraction[1] > 0


def test_a_step_that_leaves_the_region_is_halved_until_it_does_not():
    """Large steps of policies far from uniform, where KL is not quadratic any more."""
    fractions = []
    for backtracks in (0, 10):
        session = begin("trpo", brisk(), tuple(range(8)), **WALK, max_kl=0.5, damping=1e-5)
        for _ in range(5):
            learn_from(session)
        agent: Any = session.agent
        while not agent.whole.all():
            session.tick(1000)
        agent.reconfigure(agent.config.with_values(backtracks=backtracks))
        before = rows_of(agent.nets, agent.nets.flat)
        with agent.computing():
            gained, kl, fraction, _ = agent.step_policy(agent.rollout(), np.ones(8, bool))
        assert (kl <= 0.5).all()
        kept = (rows_of(agent.nets, agent.nets.flat) == before).all(axis=1)
        np.testing.assert_array_equal(kept, fraction == 0)
        np.testing.assert_array_equal(gained > 0, fraction > 0)
        fractions.append(fraction)
    none, ten = fractions
    assert set(none) == {0.0, 1.0}
    np.testing.assert_array_equal(ten == 1, none == 1)
    assert ((ten[none == 0] > 0) & (ten[none == 0] <= 0.5)).all()


def test_the_critic_does_not_move_the_actor_nor_the_actor_the_critic():
    agent = rollout_made(brisk())
    last = [nets_of(agent)]
    improving = agent.improve(np.ones(2, bool))
    next(improving)
    last.append(nets_of(agent))
    for _ in improving:
        pass
    last.append(nets_of(agent))
    moved = [[bool((a[k] != b[k]).any()) for k in (0, 1)] for a, b in itertools.pairwise(last)]
    assert moved == [[True, False], [False, True]]


def nets_of(agent: Any) -> np.ndarray:
    """`[actor and critic, ...]` first weights of the first replica."""
    return agent.nets.layers(0)[0][0]


def test_the_critic_draws_near_to_its_targets():
    agent = rollout_made(brisk(), epochs=100, learning_rate=0.01)
    rollout = agent.rollout()
    for _ in agent.improve(np.ones(2, bool)):
        pass
    value = np.take_along_axis(agent.outputs()["value"][:, :, 0], rollout.states, axis=1)
    best = np.empty(2)  # one value a state cannot do better than the mean target there
    for i in range(2):
        means = {s: rollout.target[i][rollout.states[i] == s].mean() for s in np.unique(rollout.states[i])}
        best[i] = np.mean(
            [(t - means[s]) ** 2 for s, t in zip(rollout.states[i], rollout.target[i], strict=True)]
        )
    error = ((value - rollout.target) ** 2).mean(axis=1)
    assert (error < best + 0.1 * rollout.target.var(axis=1)).all()


def test_the_record_by_hand():
    session = begin("trpo", brisk(), (0, 1), **WALK, max_kl=BOUND)
    agent: Any = session.agent
    while not agent.whole.all():
        session.tick(1000)
    memory, v, old = agent.memory, agent.outputs()["value"][:, :, 0].copy(), np.log(agent.chances())
    step = [int(a[1, 0]) for a in (memory.state, memory.action, memory.next_state)]
    reward, over = float(memory.reward[1, 0]), bool(memory.terminated[1, 0])
    advantage = plain_advantages(memory, 1, v[1], 0.9, LAM, 2)[0]
    learn_from(session)
    s, a, s_next = step
    delta = reward + 0.9 * (0.0 if over else v[1, s_next]) - v[1, s]
    update = last_update(agent, 1)
    assert (update.state, update.action, update.next_state, update.step) == (s, a, s_next, 1)
    assert update.before == near(v[1, s]) and update.target == near(v[1, s] + advantage)
    assert figures(update.parts)[-1] == near(delta)
    lines = [figures(line.parts) for line in update.lines]
    assert lines[0][-1] == near(advantage)
    assert lines[1][-1] == near(np.exp(np.log(agent.chances())[1, s, a] - old[1, s, a]))
    told = agent.metrics(1)
    assert lines[2] == near([told["step fraction"], told["surrogate gain"], told["KL"], BOUND])


def test_what_is_logged():
    session = advance(begin("trpo", open_world("grid_4x4"), (0, 1), n_steps=128), 1000)
    curves = session.agent.curves()
    assert (curves["KL"].values <= BOUND).all() and (curves["KL"].values >= 0).all()
    assert curves["KL"].episodes.tolist() == [7, 7], "one a rollout"
    assert (curves["surrogate gain"].values >= 0).all()
    assert (curves["entropy"].values <= np.log(4) + 1e-9).all()


def test_replicas_are_their_single_runs():
    assert_replicas_are_their_single_runs("trpo", 100, n_steps=64, epochs=2)


def test_pictures_are_learnt_from_as_well():
    session = begin("trpo", open_world("grid_4x4"), (0,), steps=4_000, observation="planes", units=16)
    before = nets(session).flat.clone()
    session.run()
    found = session.evaluate()
    assert found.oracle_gap[0] is not None and found.oracle_gap[0] < 1e-9
    convolutions = slice(int(nets(session).bounds[2 * len(nets(session).widths) - 3]), None)
    assert (nets(session).flat != before)[convolutions].any()
