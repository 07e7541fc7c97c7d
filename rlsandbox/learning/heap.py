"""A priority queue of numbered things in arrays: a binary heap whose entries know their places.

`heap` `[P]` holds the things queued, the most urgent one first, `size` `[1]` of them; `place` `[P]` says
where in it each thing stands, -1 for those not queued; `priority` `[P]` how urgent each is.

Source: Williams (1964), Algorithm 232: Heapsort.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.walk import Index
from rlsandbox.worlds.compiled import kernel


@kernel
def push(heap: Any, place: Any, priority: Any, size: Any, thing: int, urgency: float) -> None:
    """Queue a thing, or move it forwards if it waits with less urgency."""
    at = np.int64(place[Index(thing)])
    if at < 0:
        at = np.int64(size[0])
        size[0] += 1
    elif urgency <= priority[Index(thing)]:
        return
    priority[Index(thing)] = urgency
    while at > 0:
        above = heap[Index((at - 1) // 2)]
        if priority[Index(above)] >= urgency:
            break
        heap[Index(at)] = above
        place[Index(above)] = at
        at = (at - 1) // 2
    heap[Index(at)] = thing
    place[Index(thing)] = at


@kernel
def pop(heap: Any, place: Any, priority: Any, size: Any) -> Any:
    """Take the most urgent thing out of a queue that is not empty."""
    first = np.int64(heap[0])
    place[Index(first)] = -1
    size[0] -= 1
    n = np.int64(size[0])
    if n == 0:
        return first
    thing, at = heap[Index(n)], 0
    while 2 * at + 1 < n:
        below = 2 * at + 1
        if below + 1 < n and priority[Index(heap[Index(below + 1)])] > priority[Index(heap[Index(below)])]:
            below += 1
        if priority[Index(heap[Index(below)])] <= priority[Index(thing)]:
            break
        heap[Index(at)] = heap[Index(below)]
        place[Index(heap[Index(at)])] = at
        at = below
    heap[Index(at)] = thing
    place[Index(thing)] = at
    return first


def heap_fits(heap: NDArray[Any], place: NDArray[Any], size: NDArray[Any]) -> bool:
    """Whether queues `[N, P]` of `size` `[N]` name things that are there, and every place is true."""
    things = heap.shape[1]
    if not ((size >= 0) & (size <= things)).all() or ((heap < 0) | (heap >= things)).any():
        return False
    true = np.full(heap.shape, -1)
    replica, at = np.nonzero(np.arange(things) < size[:, None])
    true[replica, heap[replica, at]] = at
    return bool((true == place).all())
