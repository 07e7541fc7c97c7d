"""What is drawn from a memory, and the returns from there, by hand."""

import numpy as np
import pytest

from rlsandbox.learning.exploration import seeded
from rlsandbox.learning.replay import (
    admit,
    newest,
    pick,
    pick_by_priority,
    reprioritise,
    returns_of_n,
    steps_at,
    tree_for,
)
from rlsandbox.learning.rolling import Transitions


def memory_of(count: int, terminated: tuple[int, ...] = (), truncated: tuple[int, ...] = ()) -> Transitions:
    """Six places with rewards 1, 2, 4, 8, 16, 32."""
    memory = Transitions.room_for(1, 6)
    memory.reward[0] = 2.0 ** np.arange(6)
    memory.terminated[0, list(terminated)] = True
    memory.truncated[0, list(truncated)] = True
    memory.count[0] = count
    return memory


def returns(memory: Transitions, n: int, n_copies: int = 1) -> list[tuple[float, int, float]]:
    """(return, last place, discount) from every place, with gamma = 1/2.

    What ends with a step that terminates is said to have ended, and nothing else is.
    """
    chosen = np.arange(6)[None]
    reward, discount, last = np.full((1, 6), np.nan), np.full((1, 6), np.nan), np.full((1, 6), -1)
    ended = np.ones((1, 6), np.bool_)
    returns_of_n(memory, chosen, n, n_copies, 0.5, reward, last, ended, discount)
    np.testing.assert_array_equal(ended, memory.terminated[:, last[0]])
    return list(zip(reward[0].tolist(), last[0].tolist(), discount[0].tolist(), strict=True))


def test_returns_of_one_step_are_rewards():
    found = returns(memory_of(6, terminated=(1,), truncated=(3,)), n=1)
    assert found == [(1, 0, 0.5), (2, 1, 0.0), (4, 2, 0.5), (8, 3, 0.5), (16, 4, 0.5), (32, 5, 0.5)]


def test_returns_of_three_steps_end_at_the_newest_step():
    # 1 + 2/2 + 4/4 = 3;  2 + 4/2 + 8/4 = 6;  4 + 4 + 4 = 12;  8 + 8 + 8 = 24;  16 + 16 = 32;  32
    wanted = [(3, 2, 1 / 8), (6, 3, 1 / 8), (12, 4, 1 / 8), (24, 5, 1 / 8), (32, 5, 1 / 4), (32, 5, 1 / 2)]
    assert returns(memory_of(6), n=3) == wanted


def test_what_terminates_leaves_nothing_and_what_is_cut_bootstraps():
    found = returns(memory_of(6, terminated=(1,), truncated=(3,)), n=3)
    assert found[:4] == [(2, 1, 0.0), (2, 1, 0.0), (8, 3, 1 / 4), (8, 3, 1 / 2)]


def test_a_ring_goes_on_at_its_first_place_and_ends_where_it_is_newest():
    # eight steps are stored, the newest at place 1, the oldest at place 2
    found = returns(memory_of(8), n=3)
    assert found[4] == (16 + 16 + 1 / 4, 0, 1 / 8)
    assert found[5] == (32 + 1 / 2 + 2 / 4, 1, 1 / 8)
    assert found[:2] == [(2, 1, 1 / 4), (2, 1, 1 / 2)]
    assert found[2] == (4 + 4 + 4, 4, 1 / 8)


def test_a_copy_goes_on_where_its_own_next_step_is():
    found = returns(memory_of(6, truncated=(2,)), n=3, n_copies=2)
    assert found[0] == (1 + 2, 2, 1 / 4)  # cut at its second step
    assert found[1] == (2 + 4 + 8, 5, 1 / 8)  # the other's cut is none of its own
    assert found[3] == (8 + 16, 5, 1 / 4) and found[4] == (16, 4, 1 / 2)


@pytest.mark.parametrize("shape", [(), (2,), (3, 2)])
@pytest.mark.parametrize("kind", [np.int64, np.float32, np.bool_])
def test_what_stands_at_places_is_found(shape, kind):
    rng = np.random.default_rng(0)
    array, chosen = rng.integers(9, size=(2, 5, *shape)).astype(kind), rng.integers(5, size=(2, 7))
    found = steps_at(array, chosen)
    assert found.dtype == kind
    np.testing.assert_array_equal(found, array[np.arange(2)[:, None], chosen])


def test_the_newest_steps_oldest_first():
    chosen = np.empty((3, 3), np.int64)
    newest(np.array([8, 5, 2]), 6, chosen)
    assert chosen.tolist() == [[5, 0, 1], [2, 3, 4], [0, 0, 1]]  # who has two steps takes one of them twice


def test_uniform_draws_fall_on_what_is_filled_and_on_all_of_it_alike():
    rng, chosen = seeded((0, 1)), np.empty((2, 20_000), np.int64)
    pick(rng, np.array([5, 23]), 10, chosen)
    for row, filled in zip(chosen, (5, 10), strict=True):
        assert row.min() == 0 and row.max() == filled - 1
        chance = 1 / filled
        sigma = np.sqrt(chance * (1 - chance) / row.size)
        assert np.abs(np.bincount(row) / row.size - chance).max() < 4 * sigma
    assert rng.tolist() != seeded((0, 1)).tolist()


def tree_with(priorities: list[float]) -> np.ndarray:
    """A tree in which the places have these priorities."""
    n = len(priorities)
    tree, largest = tree_for(1, n), np.ones(1)
    errors = np.array([priorities]) - 1e-6
    reprioritise(tree, np.arange(n)[None], errors, 1.0, largest, np.ones(1, np.bool_))
    return tree


def assert_sums(tree: np.ndarray) -> None:
    inner = np.arange(1, tree.shape[1] // 2)
    np.testing.assert_allclose(tree[:, inner], tree[:, 2 * inner] + tree[:, 2 * inner + 1], rtol=1e-12)


def test_a_tree_has_a_leaf_for_every_place_and_no_more_than_twice_as_many():
    assert [tree_for(2, capacity).shape for capacity in (1, 2, 3, 5, 8, 9)] == [
        (2, 2),
        (2, 4),
        (2, 8),
        (2, 16),
        (2, 16),
        (2, 32),
    ]


def test_sums_stay_sums():
    rng, tree, largest = np.random.default_rng(0), tree_for(2, 11), np.ones(2)
    known, count = np.zeros(2, np.int64), np.zeros(2, np.int64)
    for _ in range(60):
        count += rng.integers(0, 5, size=2)
        admit(tree, known, count, 11, largest)
        chosen = np.stack([rng.integers(min(11, max(1, c)), size=4) for c in count])
        active = rng.random(2) < 0.8
        reprioritise(tree, chosen, rng.normal(size=(2, 4)), 0.6, largest, active)
        assert_sums(tree)
    leaves = tree.shape[1] // 2
    np.testing.assert_allclose(tree[:, 1], tree[:, leaves:].sum(axis=1))
    assert (tree[:, leaves : leaves + 11] > 0).all() and not tree[:, leaves + 11 :].any()


def test_priorities_are_powers_of_errors_and_who_rests_keeps_his():
    tree, largest = tree_for(2, 4), np.ones(2)
    chosen, errors = np.array([[0, 3], [0, 3]]), np.array([[-4.0, 0.25], [-4.0, 0.25]])
    reprioritise(tree, chosen, errors, 0.5, largest, np.array([True, False]))
    np.testing.assert_allclose(tree[0, 4:], [2.0, 0.0, 0.0, 0.5], rtol=1e-5)
    assert not tree[1].any()
    np.testing.assert_allclose(largest, [2.0, 1.0], rtol=1e-5)


def test_new_steps_get_the_largest_priority_so_far():
    tree, known = tree_for(1, 4), np.zeros(1, np.int64)
    largest = np.ones(1)
    admit(tree, known, np.array([2]), 4, largest)
    assert tree[0, 4:].tolist() == [1, 1, 0, 0] and known[0] == 2
    reprioritise(tree, np.array([[0, 1]]), np.array([[3.0, 0.5]]) - 1e-6, 1.0, largest, np.ones(1, np.bool_))
    admit(tree, known, np.array([5]), 4, largest)  # places 2 and 3, then 0 again
    np.testing.assert_allclose(tree[0, 4:], [3.0, 0.5, 3.0, 3.0])
    admit(tree, known, np.array([50]), 4, largest)  # the whole ring is new
    np.testing.assert_allclose(tree[0, 4:], [3.0] * 4)


@pytest.mark.parametrize("priorities", [[1.0, 2.0, 3.0, 4.0, 0.5], [5.0, 1e-4, 5.0], [2.0]])
def test_steps_are_drawn_in_proportion_to_their_priorities(priorities):
    tree, rng = tree_with(priorities), seeded((5,))
    draws, size = [], 4
    chosen, weight = np.empty((1, size), np.int64), np.empty((1, size))
    for _ in range(5000):
        pick_by_priority(rng, tree, np.array([len(priorities)]), len(priorities), 0.4, chosen, weight)
        draws.append(chosen[0].copy())
    found = np.bincount(np.ravel(draws), minlength=len(priorities)) / (5000 * size)
    chances = np.array(priorities) / sum(priorities)
    sigma = np.sqrt(chances * (1 - chances) / (5000 * size))  # drawing from quarters varies less
    assert (np.abs(found - chances) <= 4 * sigma + 1e-12).all()


def test_every_part_of_the_sum_is_drawn_from_once():
    """Four equal priorities and a batch of four: each place once."""
    chosen, weight = np.empty((1, 4), np.int64), np.empty((1, 4))
    rng = seeded((7,))
    for _ in range(50):
        pick_by_priority(rng, tree_with([1.0] * 4), np.array([4]), 4, 1.0, chosen, weight)
        assert sorted(chosen[0]) == [0, 1, 2, 3]
        np.testing.assert_allclose(weight, 1.0)


@pytest.mark.parametrize("beta", [0.0, 0.4, 1.0])
def test_weights_make_up_for_the_chances(beta):
    """(N P)^-beta over the largest of the batch; with beta = 1 a weight is the least chance over its own."""
    priorities = np.array([1.0, 2.0, 4.0, 8.0])
    chosen, weight = np.empty((1, 8), np.int64), np.empty((1, 8))
    pick_by_priority(seeded((3,)), tree_with(priorities.tolist()), np.array([9]), 4, beta, chosen, weight)
    plain = (4 * priorities[chosen[0]] / 15) ** -beta
    np.testing.assert_allclose(weight[0], plain / plain.max(), rtol=1e-5)
    assert weight.max() == 1.0 and np.unique(chosen).size > 1
