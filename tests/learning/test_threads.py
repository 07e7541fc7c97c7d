"""Settings of torch that are put back, and work that threads share."""

import threading
import time
import warnings

import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_info, threadpool_limits

from rlsandbox.learning import threads as shared
from rlsandbox.learning.threads import Sharing, in_shares, torch_settings


@pytest.mark.parametrize("flushed", [False, True])
def test_settings_are_as_before(flushed):
    threads = torch.get_num_threads()
    tiny = np.float32(1e-40)
    torch.set_flush_denormal(flushed)
    try:
        with torch_settings():
            assert torch.get_num_threads() == 1 and tiny * np.float32(0.5) == 0
        assert torch.get_num_threads() == threads
        assert bool(tiny * np.float32(0.5) == 0) == flushed
    finally:
        torch.set_flush_denormal(False)


def test_blas_has_one_thread_while_anybody_computes_and_its_own_number_again_afterwards():
    def counts() -> set[int]:
        return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}

    with threadpool_limits(2, user_api="blas"):
        before = counts()
        with torch_settings():
            in_shares(2, 2, lambda begin, end: None)  # others come and go meanwhile
            assert counts() == {1}
        assert counts() == before == {2}


def test_two_that_compute_at_the_same_time_leave_torch_as_it_was():
    before, met = torch.get_num_threads(), threading.Barrier(2)

    def compute(waits: bool) -> None:
        with torch_settings():
            met.wait(10)
            if waits:
                left.wait(10)
        left.set()

    left, found = threading.Event(), []
    both = [threading.Thread(target=compute, args=(waits,)) for waits in (False, True)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    fresh = threading.Thread(target=lambda: found.append(torch.get_num_threads()))
    fresh.start()
    fresh.join()
    assert found == [torch.get_num_threads()] == [before]


def test_a_share_that_fails_waits_for_the_others_and_says_why():
    done = []

    def work(begin: int, end: int) -> None:
        if end == 3:
            raise ValueError("the last one")
        time.sleep(0.1)
        done.append(begin)

    with pytest.raises(ValueError, match="the last one"):
        in_shares(3, 3, work)
    assert sorted(done) == [0, 1]


def test_what_is_not_finite_is_computed_with_in_silence_by_every_thread():
    def work(begin: int, end: int) -> float:
        return float(np.subtract(np.inf, np.array([np.inf]))[0])

    with torch_settings(), warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(in_shares(3, 3, work)).all()


def test_another_number_of_threads_is_tried_as_well(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(shared.time, "perf_counter", lambda: clock[0])
    sharing, used = Sharing(), []
    for n in range(100):
        most = 2 if n < 10 else 4 if n < 17 else 2
        with sharing.among(most):
            used.append(sharing.threads)
            clock[0] += 2.0 / sharing.threads
    assert set(used[60:]) == {2}


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
def test_shares_cover_everything_once_and_in_order(threads):
    found = in_shares(5, threads, lambda begin, end: list(range(begin, end)))
    assert len(found) == min(threads, 5) and [i for share in found for i in share] == list(range(5))


@pytest.mark.parametrize("slow", [1, 3])
def test_as_many_threads_share_the_work_as_do_it_soonest(monkeypatch, slow):
    clock = [0.0]
    monkeypatch.setattr(shared.time, "perf_counter", lambda: clock[0])
    sharing, used = Sharing(), []
    for n in range(60):
        with sharing.among(3):
            used.append(sharing.threads)
            clock[0] += (
                2.0 if sharing.threads == slow or n == 7 else 1.0
            )  # and once something else came between
    assert set(used[:24]) == {1, 3} and used[:24].count(1) == 12
    assert set(used[24:]) == {4 - slow}
    with sharing.among(1):
        assert sharing.threads == 1
