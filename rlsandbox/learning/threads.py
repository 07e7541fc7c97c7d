"""Threads that share the replicas of a run: compiled code and torch let others run meanwhile."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from rlsandbox.learning.lazy import Lazily

if TYPE_CHECKING:
    import torch
else:
    torch = Lazily("torch")

_Result = TypeVar("_Result")
_DENORMAL = np.float32(1e-40)


@functools.cache
def pool(threads: int) -> ThreadPoolExecutor:
    """Threads, made once."""
    return ThreadPoolExecutor(threads, thread_name_prefix="replicas")


@contextmanager
def torch_settings() -> Iterator[None]:
    """One thread for each operation of torch, and numbers too small to matter are 0; in this thread.

    One-hot inputs leave Adam's moments of states that are not visited to decay into denormal numbers, with
    which a processor is many times slower.
    """
    threads, flushed = torch.get_num_threads(), bool(_DENORMAL * np.float32(0.5) == 0)  # torch does not tell
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(flushed)
        torch.set_num_threads(threads)


def in_shares(n: int, threads: int, work: Callable[[int, int], _Result]) -> list[_Result]:
    """What `work(begin, end)` gives for ranges of n replicas, one a thread, in their order."""
    threads = min(threads, n)
    if threads == 1:
        return [work(0, n)]

    def share(begin: int, end: int) -> _Result:
        with torch_settings():
            return work(begin, end)

    ends = [n * k // threads for k in range(threads + 1)]
    return list(pool(threads).map(share, ends[:-1], ends[1:]))
