"""What a session remembers, and that it is bounded."""

import itertools
from typing import Any

import numpy as np

from rlsandbox.learning.hyperparams import AgentConfig
from rlsandbox.training import history
from rlsandbox.training.history import GapLog, History, Moment
from tests.helpers import corridor


def moment(clock: int, state: dict[str, Any] | None = None) -> Moment:
    return Moment(clock, state or {}, corridor(2), AgentConfig(), 0)


def test_moments_are_kept_at_multiples_of_1024():
    kept = History()
    for clock in range(0, 5000, 100):
        if kept.wants(clock):
            kept.keep(moment(clock))
    # the first one at or after 0, 1024, 2048, 3072 and 4096
    assert [m.clock for m in kept.moments] == [0, 1100, 2100, 3100, 4100]
    assert kept.latest.clock == 4100


def test_too_many_moments_halve_and_their_spacing_doubles():
    kept = History()
    for clock in range(0, 33 * 1024, 1024):
        assert kept.wants(clock)
        kept.keep(moment(clock))
    assert [m.clock for m in kept.moments] == list(range(0, 33 * 1024, 2048))
    assert not kept.wants(33 * 1024) and kept.wants(34 * 1024)


def test_large_states_leave_few_moments():
    kept = History()
    size = {"q": np.empty(2**23)}  # 64 MB each: four of them in 256 MB
    for clock in range(0, 12 * 1024, 1024):
        if kept.wants(clock):
            kept.keep(moment(clock, size))
    assert len(kept.moments) <= 4
    assert kept.moments[0].clock == 0


def test_a_billion_steps_take_no_more_moments_than_a_million():
    kept, clock = History(), 0
    while clock < 10**9:
        if kept.wants(clock):
            kept.keep(moment(clock))
        clock += 500_000
    assert len(kept.moments) <= 32 and kept.moments[0].clock == 0


def test_going_another_way_forgets_what_came_after():
    kept = History()
    for clock in range(0, 8 * 1024, 1024):
        kept.keep(moment(clock))
    kept.forget_after(3000)
    assert [m.clock for m in kept.moments] == [0, 1024, 2048]
    assert kept.latest.clock == 2048
    assert not kept.wants(3071) and kept.wants(3072)


def test_the_gap_log_is_bounded_and_forgets():
    log = GapLog()
    assert log.last_clock == -1 and log.read().clock.size == 0
    for clock in range(0, 600 * 32, 32):
        log.add(clock, np.array([clock // 2, 0]), lambda: np.array([0.0, np.nan]))
    read = log.read()
    assert read.clock.size <= 256 and read.clock[0] == 0
    assert (read.gap[:, 0] == 0).all() and np.isnan(read.gap[:, 1]).all()
    np.testing.assert_array_equal(read.episodes[:, 0], read.clock // 2)
    log.forget_after(1000)
    assert log.last_clock <= 1000


def test_the_gap_is_due_by_steps_and_rests_after_it_has_cost_time(monkeypatch):
    now = 100.0
    monkeypatch.setattr(history.time, "perf_counter", lambda: now)
    log = GapLog()
    log.add(0, np.zeros(1, np.int64), lambda: np.zeros(1))
    assert not log.due(255) and log.due(256)
    seconds = itertools.count()
    monkeypatch.setattr(history.time, "perf_counter", lambda: float(next(seconds)))
    log.add(256, np.zeros(1, np.int64), lambda: np.zeros(1))  # costs a second
    assert log.due_at() is None and not log.due(10**9)  # twenty seconds of rest
    for _ in range(20):
        next(seconds)
    assert log.due_at() == 512
