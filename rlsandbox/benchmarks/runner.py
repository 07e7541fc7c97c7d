"""Finds and runs benchmarks."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

import rlsandbox.benchmarks
from rlsandbox.worlds.errors import SandboxError


def benches() -> tuple[str, ...]:
    """Names of all benchmarks: the files of this folder but this one."""
    modules = pkgutil.iter_modules(rlsandbox.benchmarks.__path__)
    return tuple(sorted(m.name for m in modules if not m.ispkg and m.name != __name__.rpartition(".")[2]))


def run_bench(name: str, seconds: float | None = None) -> dict[str, Any]:
    """Run a benchmark and return its figures by name.

    Args:
        name: one of `benches()`.
        seconds: about how long to measure; None takes what the benchmark thinks right.

    Raises:
        SandboxError: there is no such benchmark.
    """
    if name not in benches():
        raise SandboxError(f"there is no benchmark {name!r}; there are {', '.join(benches())}.")
    module = importlib.import_module(f"rlsandbox.benchmarks.{name}")
    return {"benchmark": name, **module.run(seconds)}
