"""Threads for compiled code, which runs side by side."""

from __future__ import annotations

import functools
from concurrent.futures import ThreadPoolExecutor


@functools.cache
def pool(threads: int) -> ThreadPoolExecutor:
    """Threads that share the replicas of a run; made once."""
    return ThreadPoolExecutor(threads, thread_name_prefix="replicas")
