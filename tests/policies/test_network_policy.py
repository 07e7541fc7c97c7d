"""Networks that act by numpy alone, against hand-computed numbers and against those that were trained."""

import dataclasses
import math
from typing import Any

import numpy as np
import pytest

import rlsandbox
from rlsandbox.policies.files import load_policy
from rlsandbox.policies.saved import SavedPolicy
from rlsandbox.worlds.errors import SandboxError
from tests.policies.networks import EVERY, all_seen, by_hand, network_of, trained

RANGES = {"low": (-2.0, 0.0), "high": (2.0, 10.0)}


def test_two_layers_by_hand():
    policy = by_hand({"q": 2}, ([[1], [2]], [-1]), ([[3, -1]], [0.5, 2]))
    # hidden: max(0, 1 + 2 - 1) = 2 and max(0, -1) = 0
    assert policy.outputs([[1, 1], [0, 0]]).tolist() == [[6.5, 0.0], [0.5, 2.0]]
    assert policy.act([1, 1]) == 0 and policy.act([0, 0]) == 1
    squashed = by_hand({"q": 1}, ([[1]], [0]), ([[1]], [0]), activation="tanh")
    assert squashed.outputs([[0.5]])[0, 0] == pytest.approx(math.tanh(0.5), abs=1e-7)


def test_a_value_and_advantages_are_action_values():
    policy = by_hand({"advantage": 3, "value": 1}, ([[1, 0, 0, 2]], [1, 2, 6, 10]))
    assert policy.outputs([[0]]).tolist() == [[8, 9, 13]]  # 10 + (1, 2, 6) - 3
    assert policy.outputs([[3]]).tolist() == [[16, 14, 18]]  # 16 + (4, 2, 6) - 4


def test_continuous_actions_are_in_units_of_half_their_range():
    head = ([[0, 0, 0, 0]], [0.5, -3, 9, 9])  # means, and spreads that nobody asks for
    mean = by_hand({"policy": 4}, head, meaning="mean", **RANGES)
    assert mean.act([7]).tolist() == [1.0, 0.0]  # 0 + 2 * 0.5, and 5 - 5: -3 is beyond the range
    squashed = by_hand({"policy": 4}, head, meaning="tanh", **RANGES)
    assert squashed.act([7]) == pytest.approx([2 * math.tanh(0.5), 5 + 5 * math.tanh(-3)], abs=1e-6)


def test_among_equals_the_lowest_number_wins_or_a_draw_decides():
    policy = by_hand({"q": 3}, ([[0, 0, 0]], [1, 4, 4]))
    assert policy.act([0]) == 1
    assert {policy.act([0], np.random.default_rng(seed)) for seed in range(20)} == {1, 2}


def test_a_number_is_a_1_among_zeros():
    policy = by_hand({"q": 2}, ([[1, 0], [0, 2], [5, 5]], [0, 1]), observation="discrete")
    assert policy.outputs([0, 1, 2]).tolist() == [[1, 1], [0, 3], [5, 6]]
    assert policy.outputs(np.eye(3)).tolist() == [[1, 1], [0, 3], [5, 6]]
    assert policy.act(1) == 1
    with pytest.raises(SandboxError, match="go from 0 to 2"):
        policy.act(3)


def test_another_observation_is_refused():
    policy = by_hand({"q": 2}, ([[1, 0], [0, 1]], [0, 0]))
    with pytest.raises(SandboxError, match=r"this policy sees \(2,\), not \(3,\)"):
        policy.act([1, 2, 3])
    assert policy.act(np.array([[0.0], [1.0]])) == 1  # an environment's own form


@pytest.mark.parametrize(("name", "seen"), EVERY)
def test_it_says_what_the_networks_say_in_every_state(name, seen):
    result = trained(name, seen)
    policy, every = result.policy, all_seen(result.policy)
    agent: Any = result.session.agent
    for replica in range(2):
        said = network_of(policy).outputs(every, replica)
        truth = agent.outputs()["policy"][replica] if name in ("ppo", "shared") else policy.q[replica]
        np.testing.assert_allclose(said, truth, rtol=0, atol=1e-5)
        first, second = np.sort(truth, axis=1)[:, :-3:-1].T
        clear = first - second > 1e-4
        assert clear.mean() > 0.5
        chosen = network_of(policy).chosen(said)
        assert np.array_equal(chosen[clear], policy.greedy_actions[replica, clear])


def test_a_large_picture_goes_through_the_same_halvings():
    result = rlsandbox.train(
        "ppo", "grid_4x4", steps=64, n_steps=64, observation="pixels"
    )  # 32 pixels a side
    agent: Any = result.session.agent
    truth = agent.outputs()["policy"][0]
    said = network_of(result.policy).outputs(all_seen(result.policy))
    np.testing.assert_allclose(said, truth, rtol=0, atol=1e-5)


def test_without_a_table_the_networks_act(tmp_path):
    trained_policy = trained("dqn", "xy").policy
    none = np.empty((2, 0, 4))
    alone = dataclasses.replace(trained_policy, q=none, probs=none)
    seen = all_seen(trained_policy)[5]
    assert alone.act(seen, replica=1) == network_of(trained_policy).act(seen, replica=1)
    with pytest.raises(SandboxError, match="networks and no table"):
        _ = alone.greedy_actions


def test_tables_have_no_networks():
    policy = rlsandbox.train("q_learning", "grid_4x4", episodes=3).policy
    assert isinstance(policy, SavedPolicy) and policy.network is None


def test_networks_come_back_from_a_file_with_targets_and_critics(tmp_path):
    for name, seen in (("dqn", "one_hot"), ("ppo", "planes")):
        result = trained(name, seen)
        result.policy.save(tmp_path / "a.rlpolicy")
        found = network_of(load_policy(tmp_path / "a.rlpolicy"))
        kept = dataclasses.replace(network_of(result.policy), networks={})
        assert dataclasses.replace(found, networks={}) == kept
        state = result.session.agent.state()
        assert list(found.networks) == (["nets", "target"] if name == "dqn" else ["nets"])
        for part, nets in found.networks.items():
            assert np.array_equal(nets.flat(2), state[part])
