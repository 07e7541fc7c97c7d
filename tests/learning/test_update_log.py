"""Numbers of updates in bins that merge in pairs when there are too many."""

import numpy as np

from rlsandbox.learning.update_log import UpdateLog
from rlsandbox.learning.walk import BINS

EVERY = np.array([True, True])


def test_before_the_first_update_there_is_nothing():
    log = UpdateLog(("loss",), 2)
    assert np.isnan(log.latest).all()
    assert np.isnan(log.curves()["loss"].values).all() and log.curves()["loss"].episodes.tolist() == [0, 0]


def test_each_update_has_a_bin_while_there_is_room():
    log = UpdateLog(("loss", "entropy"), 2)
    for update in range(3):
        log.add(np.array([[update, 10.0 + update], [0.5, 0.25]]), EVERY)
    curves = log.curves()
    assert list(curves) == ["loss", "entropy"] and curves["loss"].unit == "updates"
    assert curves["loss"].values.tolist() == [[0, 1, 2], [10, 11, 12]]
    assert curves["entropy"].values.tolist() == [[0.5] * 3, [0.25] * 3]
    assert log.latest.tolist() == [[2, 12], [0.5, 0.25]]


def test_full_bins_merge_in_pairs_and_each_replica_has_its_own():
    """Update k logs k. After BINS + 1 of them a bin holds two: (2b + 2b + 1) / 2; the last holds one."""
    log = UpdateLog(("loss",), 2)
    for update in range(BINS + 1):
        log.add(np.full((1, 2), float(update)), np.array([True, update % 2 == 0]))
    curve = log.curves()["loss"]
    assert curve.width.tolist() == [2, 1] and curve.episodes.tolist() == [BINS + 1, BINS // 2 + 1]
    assert curve.values.shape == (2, BINS // 2 + 1)
    np.testing.assert_array_equal(curve.values[0, :-1], 2 * np.arange(BINS // 2) + 0.5)
    assert curve.values[0, -1] == BINS
    np.testing.assert_array_equal(curve.values[1], np.arange(0, BINS + 1, 2))  # it made every second one


def test_merging_twice_leaves_bins_of_four_and_no_more_memory():
    log = UpdateLog(("loss",), 1)
    size = sum(array.nbytes for array in log.arrays().values())
    for update in range(2 * BINS + 2):
        log.add(np.array([[float(update)]]), np.array([True]))
    curve = log.curves()["loss"]
    assert curve.width.tolist() == [4] and curve.values.shape == (1, BINS // 2 + 1)
    np.testing.assert_array_equal(curve.values[0, :-1], 4 * np.arange(BINS // 2) + 1.5)
    assert curve.values[0, -1] == (2 * BINS + 2 * BINS + 1) / 2
    assert sum(array.nbytes for array in log.arrays().values()) == size


def test_who_rests_logs_nothing():
    log = UpdateLog(("loss",), 2)
    log.add(np.array([[1.0, 2.0]]), np.array([True, False]))
    curve = log.curves()["loss"]
    assert curve.values[0].tolist() == [1.0] and np.isnan(curve.values[1, 0])
    assert log.latest[0, 0] == 1.0 and np.isnan(log.latest[0, 1])
