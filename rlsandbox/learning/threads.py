"""Threads that share the replicas of a run: compiled code and torch let others run meanwhile."""

from __future__ import annotations

import functools
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
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


class Partner:
    """A thread that does what others ask for, one thing after another.

    Queues wake a thread in half the time that futures take, which is what an update of small networks takes.

    Args:
        computes: whether it does so with `torch_settings`, for ever: to make them takes its time as well.
    """

    def __init__(self, computes: bool) -> None:
        self._jobs: SimpleQueue[tuple[Callable[[], Any], SimpleQueue[Any]]] = SimpleQueue()
        threading.Thread(target=self._serve, name="partner", daemon=True).start()
        if computes:
            threads = torch.get_num_threads()
            self.ask(self._settle).get()
            torch.set_num_threads(threads)  # the last that was made is that of new threads

    def ask(self, work: Callable[[], Any]) -> SimpleQueue[Any]:
        """Let it do something; what comes of it is put into the queue, or the error that was met."""
        answer: SimpleQueue[Any] = SimpleQueue()
        self._jobs.put((work, answer))
        return answer

    def _serve(self) -> None:
        while True:
            self._answer(*self._jobs.get())  # nothing of it is kept until the next time

    @staticmethod
    def _settle() -> None:
        torch.set_flush_denormal(True)
        torch.set_num_threads(1)
        np.seterr(all="ignore")

    @staticmethod
    def _answer(work: Callable[[], Any], answer: SimpleQueue[Any]) -> None:
        try:
            answer.put((work(), None))
        except BaseException as error:
            answer.put((None, error))


@functools.cache
def partners(count: int, compute: bool) -> list[Partner]:
    """So many, always the same ones."""
    return [*partners(count - 1, compute), Partner(compute)] if count else []


class _OneThread:
    """BLAS and torch compute each operation by one thread, as long as somebody wants that.

    BLAS has one setting for the whole process, torch one for each thread, and the last that was made is that
    of new threads: so that the last one to leave brings back what there was.
    """

    def __init__(self) -> None:
        self._lock, self._wanted, self._threads = threading.Lock(), 0, 1
        self._limit: Any = None

    @functools.cached_property
    def _library(self) -> ThreadpoolController:
        import scipy.linalg.cython_blas  # noqa: F401 - what compiled code calls
        from threadpoolctl import ThreadpoolController

        return ThreadpoolController().select(user_api="blas")

    @contextmanager
    def wanted(self) -> Iterator[None]:
        """As long as this lasts."""
        own = torch.get_num_threads()
        with self._lock:
            if self._wanted == 0:
                self._limit, self._threads = self._library.limit(limits=1), own
            self._wanted += 1
            torch.set_num_threads(1)
        try:
            yield
        finally:
            with self._lock:
                self._wanted -= 1
                torch.set_num_threads(own if self._wanted else self._threads)
                if self._wanted == 0:
                    self._limit.restore_original_limits()


_one_thread = _OneThread()


@contextmanager
def torch_settings() -> Iterator[None]:
    """How agents compute: one thread for each operation, numbers too small to matter are 0; in this thread.

    One-hot inputs leave Adam's moments of states that are not visited to decay into denormal numbers, with
    which a processor is many times slower. What is not finite is found by who looks for it, without warnings.
    """
    flushed = bool(_DENORMAL * np.float32(0.5) == 0)  # torch does not tell
    torch.set_flush_denormal(True)
    try:
        with _one_thread.wanted(), np.errstate(all="ignore"):
            yield
    finally:
        torch.set_flush_denormal(flushed)


class Sharing:
    """How many threads do soonest what is done again and again: one, or as many as there may be.

    That is found by trying both in turn: what looks like two processors may be one that does two things.

    Attributes:
        threads: how many to use now.
    """

    def __init__(self) -> None:
        self.threads = 1
        self._times: dict[int, list[float]] = {}
        self._soonest: dict[int, int] = {1: 1}

    @contextmanager
    def among(self, most: int) -> Iterator[None]:
        """Do the work by `threads`, of which there may be so many."""
        if most in self._soonest:
            self.threads = self._soonest[most]
            yield
            return
        times = [self._times.setdefault(n, []) for n in (1, most)]
        tries = [len(some) for some in times]
        # several in a row: updates may take turns as well
        turn = int(tries[0] >= _TRIES or (tries[1] < _TRIES and sum(tries) // _TURN % 2 == 1))
        self.threads = (1, most)[turn]
        began = time.perf_counter()
        yield
        times[turn].append(time.perf_counter() - began)
        if min(map(len, times)) >= _TRIES:
            one, many = map(statistics.median, times)
            self._soonest[most] = 1 if one <= many else most


def in_shares(
    n: int, threads: int, work: Callable[[int, int], _Result], computes: bool = True
) -> list[_Result]:
    """What `work(begin, end)` gives for ranges of n replicas, one a thread, in their order.

    The thread that asks does the last share itself. Where something `computes` with networks, the others have
    the `torch_settings` that it should have.
    """
    threads = min(threads, n)
    if threads == 1:
        return [work(0, n)]
    ends = [n * k // threads for k in range(threads + 1)]
    shares = [functools.partial(work, *ends[k : k + 2]) for k in range(threads)]
    asked = [
        partner.ask(share) for partner, share in zip(partners(threads - 1, computes), shares, strict=False)
    ]
    try:
        last = shares[-1]()
    finally:
        answers = [answer.get() for answer in asked]  # nobody goes on with arrays that others may use again
    for _, error in answers:
        if error is not None:
            raise error
    return [*(found for found, _ in answers), last]
