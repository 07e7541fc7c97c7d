"""Threads that share the replicas of a run: compiled code and torch let others run meanwhile."""

from __future__ import annotations

import functools
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from rlsandbox.learning.lazy import Lazily

if TYPE_CHECKING:
    import torch
    from threadpoolctl import ThreadpoolController
else:
    torch = Lazily("torch")

_Result = TypeVar("_Result")
_TRIES, _TURN = 12, 4
"""Of each number of threads, and how many in a row."""
_DENORMAL = np.float32(1e-40)


@functools.cache
def pool(threads: int) -> ThreadPoolExecutor:
    """Threads beside the one that asks, made once."""
    return ThreadPoolExecutor(threads, thread_name_prefix="replicas")


class _OneThread:
    """A library for products of matrices computes each by one thread, as long as somebody wants that.

    The setting is one for the whole process, so that the last one to leave brings back what there was.
    """

    def __init__(self) -> None:
        self._lock, self._wanted = threading.Lock(), 0
        self._limit: Any = None

    @functools.cached_property
    def _library(self) -> ThreadpoolController:
        import scipy.linalg.cython_blas  # noqa: F401 - what compiled code calls
        from threadpoolctl import ThreadpoolController

        return ThreadpoolController().select(user_api="blas")

    def __enter__(self) -> None:
        with self._lock:
            if self._wanted == 0:
                self._limit = self._library.limit(limits=1)
            self._wanted += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._wanted -= 1
            if self._wanted == 0:
                self._limit.restore_original_limits()


_one_thread = _OneThread()


@contextmanager
def torch_settings() -> Iterator[None]:
    """One thread for each operation of torch or BLAS, and numbers too small to matter are 0; in this thread.

    One-hot inputs leave Adam's moments of states that are not visited to decay into denormal numbers, with
    which a processor is many times slower.
    """
    threads, flushed = torch.get_num_threads(), bool(_DENORMAL * np.float32(0.5) == 0)  # torch does not tell
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    try:
        with _one_thread:
            yield
    finally:
        torch.set_flush_denormal(flushed)
        torch.set_num_threads(threads)


class Sharing:
    """How many threads do soonest what is done again and again: one, or as many as there may be.

    That is found by trying both in turn: what looks like two processors may be one that does two things.

    Attributes:
        threads: how many to use now.
    """

    def __init__(self) -> None:
        self.threads = 1
        self._times: dict[int, list[float]] = {}

    @contextmanager
    def among(self, most: int) -> Iterator[None]:
        """Do the work by `threads`, of which there may be so many."""
        times = [self._times.setdefault(n, []) for n in (1, most)]
        made = sum(map(len, times))
        if made == 2 * _TRIES:
            self.threads = 1 if statistics.median(times[0]) <= statistics.median(times[1]) else most
            yield
            return
        turn = made // _TURN % 2  # several in a row: updates may take turns as well
        self.threads = (1, most)[turn]
        began = time.perf_counter()
        yield
        times[turn].append(time.perf_counter() - began)


def in_shares(n: int, threads: int, work: Callable[[int, int], _Result]) -> list[_Result]:
    """What `work(begin, end)` gives for ranges of n replicas, one a thread, in their order.

    The thread that asks does the last share itself.
    """
    threads = min(threads, n)
    if threads == 1:
        return [work(0, n)]

    def share(begin: int, end: int) -> _Result:
        with torch_settings():
            return work(begin, end)

    ends = [n * k // threads for k in range(threads + 1)]
    others = pool(threads - 1).map(share, ends[:-2], ends[1:-1])
    last = work(ends[-2], n)
    return [*others, last]
