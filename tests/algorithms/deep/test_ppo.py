"""PPO: its loss against autograd, its record by hand, and how far the clip lets a policy go."""

import itertools
from typing import Any, cast

import numpy as np
import pytest
import torch

from rlsandbox.algorithms.deep.ppo import explained_variance, ppo_losses
from rlsandbox.learning.on_policy import Rollout
from rlsandbox.learning.policy_gradient import Softmax
from rlsandbox.worlds.files import open_world
from tests.algorithms.deep.recorded import (
    SMALL,
    assert_replicas_are_their_single_runs,
    assert_solved,
    brisk,
    course,
    learnt,
    lines,
    log_softmax,
    near,
    plain_advantages,
)
from tests.helpers import begin

N, B, A = 3, 16, 4
COPIES, STEPS, CLIP, LAM = 2, 6, 0.2, 0.8
ONE_BATCH: dict[str, Any] = {
    **SMALL,
    **{"n_envs": COPIES, "n_steps": STEPS, "minibatch": COPIES * STEPS, "epochs": 4},
    **{"learning_rate": 0.05, "gae_lambda": LAM, "clip": CLIP},
}
"""A minibatch is the whole rollout, so that what it is normalised by does not hang on an order."""


def judged(
    logits: Any, value: Any, batch: Rollout, normalize: bool, value_weight: float, entropy_weight: float
) -> tuple[tuple[Any, Any], tuple[Any, Any, Any]]:
    """Slopes at logits and values; ratios, weights, and what is logged."""
    family, shape = Softmax(logits.shape[2]), value.shape[:2]
    gain, ratio, weight = (np.full(shape, np.nan) for _ in range(3))
    slopes, numbers = (np.full(logits.shape, np.nan), np.full(value.shape, np.nan)), np.full((5, N), np.nan)
    numbers = numbers[:, : len(logits)]
    given = *family.judge(logits, batch.actions), value, batch, CLIP, normalize, value_weight
    ppo_losses(*given, gain, slopes[1], ratio, weight, numbers)
    family.slopes(logits, batch.actions, gain, np.full(shape, entropy_weight / shape[1]), slopes[0])
    return slopes, (ratio, weight, numbers)


@pytest.mark.parametrize(("normalize", "entropy_weight"), list(itertools.product([False, True], [0.0, 0.3])))
def test_slopes_and_numbers_of_the_clipped_loss(normalize, entropy_weight):
    rng, value_weight = np.random.default_rng(0), 0.7
    logits, value = rng.normal(size=(N, B, A)), rng.normal(size=(N, B, 1))
    actions = rng.integers(A, size=(N, B))
    old = np.take_along_axis(log_softmax(logits), actions[..., None], axis=2)[..., 0]
    old = old + rng.normal(size=(N, B)) * 0.4
    advantage, target = rng.normal(size=(N, B)) + 0.5, rng.normal(size=(N, B))
    batch = Rollout(np.zeros((N, B), np.int64), actions, old, np.zeros((N, B)), advantage, target)
    slopes, (ratio, weight, numbers) = judged(logits, value, batch, normalize, value_weight, entropy_weight)

    x: Any = torch.from_numpy(logits).requires_grad_()
    v: Any = torch.from_numpy(value).requires_grad_()
    policy, gain = torch.distributions.Categorical(logits=x), torch.from_numpy(advantage)
    if normalize:
        gain = (gain - gain.mean(dim=1, keepdim=True)) / (gain.std(dim=1, keepdim=True) + 1e-8)
    change = policy.log_prob(torch.from_numpy(actions)) - torch.from_numpy(old)
    moved = change.exp()
    losses = (
        -torch.minimum(moved * gain, moved.clamp(1 - CLIP, 1 + CLIP) * gain).mean(dim=1),
        ((v[..., 0] - torch.from_numpy(target)) ** 2).mean(dim=1),
        policy.entropy().mean(dim=1),
        (moved - 1 - change).mean(dim=1),
        ((moved - 1).abs() > CLIP).double().mean(dim=1),
    )
    (losses[0] + value_weight * losses[1] - entropy_weight * losses[2]).sum().backward()
    np.testing.assert_allclose(slopes[0], x.grad, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(slopes[1], v.grad, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(ratio, moved.detach(), rtol=1e-10)
    np.testing.assert_allclose(weight, gain, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(numbers, torch.stack(losses).detach(), rtol=1e-9, atol=1e-12)
    beyond, below = moved > 1 + CLIP, moved < 1 - CLIP
    cases = (beyond & (gain > 0), beyond & (gain < 0), below & (gain > 0), below & (gain < 0))
    assert all(case.any() for case in cases) and (~beyond & ~below).any()
    if entropy_weight == 0:  # two of the four have gone far enough
        held = (cases[0] | cases[3]).numpy()
        assert not slopes[0][held].any() and slopes[0][~held].any(axis=-1).all()


@pytest.mark.parametrize(("moved", "gain", "slope"), [(1.5, 1.0, 0.0), (1.5, -1.0, 0.75), (0.5, 1.0, -0.25)])
def test_a_single_step_by_hand(moved, gain, slope):
    """pi = (1/2, 1/2) and a ratio of 3/2 or 1/2: the slope at the action's logit is -ratio A (1 - 1/2)."""
    batch = Rollout(
        *(np.zeros((1, 1), np.int64), np.zeros((1, 1), np.int64), np.log(np.full((1, 1), 0.5 / moved))),
        *(np.zeros((1, 1)), np.full((1, 1), gain), np.zeros((1, 1))),
    )
    slopes, (_, weight, numbers) = judged(np.zeros((1, 1, 2)), np.zeros((1, 1, 1)), batch, True, 1.0, 0.0)
    np.testing.assert_allclose(slopes[0][0, 0], [slope, -slope], atol=1e-12)
    assert weight.item() == gain and numbers[4, 0] == 1.0  # one step alone has no spread to divide by


def test_explained_variance_by_hand():
    """Targets 1, 3 vary by 1; errors 1, 1 not at all, errors -1, 1 as much as the targets."""
    errors = np.array([[1.0, 1.0], [-1.0, 1.0], [0.5, -0.5]])
    target = np.tile([1.0, 3.0], (3, 1))
    empty = np.zeros((3, 2), np.int64)
    found = explained_variance(Rollout(empty, empty, target, target - errors, errors, target))
    np.testing.assert_allclose(found, [1.0, 0.0, 0.75])


@pytest.mark.parametrize("normalize", [False, True])
def test_the_record_is_what_one_works_out(normalize):
    session = begin("ppo", brisk(), (0, 1, 2, 3), **ONE_BATCH, normalize=normalize)
    agent: Any = session.agent
    old: Any = None
    clipped = terminal = moved_most = 0
    for _ in range(160):
        now, after_steps = agent.outputs(), session._last_tick.kind == "steps"
        session.tick(STEPS)
        if session._last_tick.kind != "update":
            continue
        old = now if after_steps else old
        for i in range(4):
            update, m = agent.told(i), agent.memory
            at = update.step - (int(agent.walk.steps[i]) - COPIES * STEPS) - 1
            s, a, s_next = (int(array[i, at]) for array in (m.state, m.action, m.next_state))
            ended, reward, v = bool(m.terminated[i, at]), float(m.reward[i, at]), old["value"][i, :, 0]
            assert (update.state, update.action, update.next_state) == (s, a, s_next)
            assert (update.terminated, update.truncated) == (ended, m.truncated[i, at])
            advantage = plain_advantages(m, i, v, 0.9, LAM, COPIES)
            delta = reward + (0.0 if ended else 0.9 * v[s_next]) - v[s]
            weight = advantage[at]
            if normalize:
                weight = (advantage[at] - advantage.mean()) / advantage.std(ddof=1)
            log_pi = [log_softmax(said["policy"][i, s])[a] for said in (now, old)]
            ratio = np.exp(log_pi[0] - log_pi[1])
            bounded = min(max(ratio, 1 - CLIP), 1 + CLIP)
            assert update.before == pytest.approx(v[s], abs=1e-5)
            assert update.target == pytest.approx(v[s] + advantage[at], abs=1e-5)
            written = lines(update)
            assert written[0] == near([reward, 0.9, 0.0 if ended else v[s_next], v[s], delta])
            assert written[1] == near([advantage[at], weight] if normalize else [advantage[at]])
            assert written[2] == near([ratio])
            worth = min(ratio * weight, bounded * weight)
            assert written[3] == near([ratio, weight, bounded, weight, worth])
            note = "".join(part.text for part in update.lines[-1].parts)
            held = bounded * weight < ratio * weight
            assert note.endswith("(clipped)") == held
            clipped, terminal, moved_most = clipped + held, terminal + ended, max(moved_most, abs(ratio - 1))
            assert not after_steps or ratio == pytest.approx(1.0)  # the first update is made where it walked
    assert clipped > 10 and terminal > 2 and moved_most > 0.5


def test_the_clip_holds_the_policy_near_the_one_that_walked():
    """Ten epochs with large steps on the very same first rollout, with the clip and as good as without."""
    far = {}
    for clip in (0.2, 10.0):
        options = {"n_steps": 128, "units": 32, "learning_rate": 0.01, "entropy_coefficient": 0.0}
        session = begin("ppo", open_world("grid_4x4"), (0, 1, 2), clip=clip, **options)
        agent: Any = session.agent
        walked = np.log(agent.chances())
        while agent.updates[0] < 20:
            session.tick(128)
        memory, rows = agent.memory, np.arange(3)[:, None]
        change = (np.log(agent.chances()) - walked)[rows, memory.state, memory.action]
        far[clip] = np.abs(np.exp(change) - 1).mean(axis=1), memory.state.copy()
    np.testing.assert_array_equal(far[0.2][1], far[10.0][1])
    assert (far[0.2][0] < 0.4).all() and (far[10.0][0] > 2 * far[0.2][0]).all()


def test_every_step_is_used_once_an_epoch():
    """Rollouts of 12 in minibatches of 5: three updates an epoch, the last one from two steps."""
    session = begin("ppo", brisk(), **{**ONE_BATCH, "minibatch": 5, "epochs": 2})
    kinds = ""
    for _ in range(60):
        session.tick(1)
        kinds += "u" if session._last_tick.kind == "update" else "s"
    assert kinds.startswith(("s" * 12 + "u" * 6) * 3)


def test_a_replica_that_has_gone_too_far_stops():
    """The first update has divergence 0; the second is beyond any limit this small, and the last one."""
    session = begin("ppo", brisk(), **ONE_BATCH, target_kl=1e-9)
    kinds = ""
    for _ in range(42):
        session.tick(1)
        kinds += "u" if session._last_tick.kind == "update" else "s"
    assert kinds == ("s" * 12 + "u" * 2) * 3


@pytest.mark.parametrize("target_kl", [None, 1e-9, 0.02])
def test_threads_and_who_else_stops_change_nothing(target_kl):
    """Threads make several updates before they wait for each other; of 0.02 some replicas are tired."""
    options = {**SMALL, "n_steps": 32, "minibatch": 8, "epochs": 3, "learning_rate": 0.02}
    seeds, made, used = range(8), [], set()
    for own, threads in ((tuple(seeds), 1), (tuple(seeds), 2), *(((k,), 1) for k in seeds)):
        session = begin("ppo", brisk(), own, steps=320, **options, target_kl=target_kl)
        session.threads, agent = threads, cast("Any", session.agent)
        while session.tick(STEPS):
            used.add((len(own), threads, agent._threads))
        made.append(agent)
    one, two, *single = made
    mine, shared = one.state(), two.state()
    assert used == {(8, 1, 1), (8, 2, 1), (8, 2, 2), (1, 1, 1)}
    assert all(mine[name].tobytes() == shared[name].tobytes() for name in mine)
    updates = one.log.count.tolist()
    assert (len(set(updates)) > 1) == (target_kl == 0.02)
    for k, agent in enumerate(single):
        assert agent.log.count[0] == updates[k] and agent.walk.rng[0] == one.walk.rng[k]
        for array, own in zip(one.nets.layers(k), agent.nets.layers(0), strict=True):
            for mine, its in zip(array, own, strict=True):
                np.testing.assert_array_equal(mine, its)


def test_a_step_size_that_is_changed_falls_on():
    session = begin("ppo", brisk(), steps=48, **ONE_BATCH, anneal=True)
    agent: Any = session.agent
    while session.clock < 24:
        session.tick(STEPS)
    session.set_hyperparameters({"learning_rate": 0.1})
    assert agent.optimizer.learning_rate == pytest.approx(0.05)


def test_the_step_size_falls_to_nothing_over_the_budget():
    session = begin("ppo", brisk(), steps=48, **ONE_BATCH, anneal=True)
    agent, found = session.agent, []
    while session.tick(STEPS):
        if session._last_tick.kind == "update":
            found.append(agent.optimizer.learning_rate)  # pyright: ignore
    assert sorted(set(found), reverse=True) == pytest.approx([0.05 * left for left in (0.75, 0.5, 0.25, 0.0)])


@pytest.mark.parametrize(
    "switch",
    [
        {"clip": 0.05},
        {"normalize": False},
        {"gae_lambda": 1.0},
        {"entropy_coefficient": 0.2},
        {"value_coefficient": 2.0},
        {"max_grad_norm": 0.01},
        {"minibatch": 4},
        {"epochs": 1},
        {"n_envs": 1},
        {"shared": True},
        {"target_kl": 1e-9},
        {"anneal": True},
    ],
    ids=str,
)
def test_every_switch_changes_what_is_learnt(switch):
    usual: dict[str, Any] = {**ONE_BATCH, "steps": 120}
    once, again = (learnt("ppo", **usual) for _ in range(2))
    assert once == again != learnt("ppo", **{**usual, **switch})


def test_the_preset_of_a_first_course_solves_the_small_grid():
    assert_solved(course("ppo", share=0.2))  # a fifth of its budget is enough


def test_replicas_equal_their_single_runs_over_fifty_updates():
    assert_replicas_are_their_single_runs("ppo", 64, n_steps=128)
