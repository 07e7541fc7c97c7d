"""Compiled functions whose compiler is loaded at the first call.

numba takes half a second to import and a second to compile a cold kernel, so neither happens before a kernel
is needed. Compiled code is cached on disk. numba does not notice an edited helper in another file, hence the
cache folder is keyed by a hash of the sources in the rooms that hold kernels, and of the versions of numba,
numpy and Python.
"""

from __future__ import annotations

import functools
import hashlib
import os
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from types import FunctionType
from typing import Any

KERNEL_ROOMS = ("worlds", "learning", "algorithms", "training")


def kernel_sources() -> list[Path]:
    """The sources in the rooms that hold kernels."""
    package = Path(__file__).resolve().parent.parent
    return [source for room in KERNEL_ROOMS for source in sorted((package / room).rglob("*.py"))]


@functools.cache
def cache_folder() -> Path:
    """The folder of compiled kernels for exactly these sources and versions."""
    from platformdirs import user_cache_path

    digest = hashlib.sha256(f"{sys.version} {version('numba')} {version('numpy')}".encode())
    for source in kernel_sources():
        digest.update(source.read_bytes())
    return user_cache_path("rlsandbox") / "kernels" / digest.hexdigest()[:16]


class Kernel:
    """A function compiled by numba (`nogil`, cached on disk) when it is first called.

    Kernels may call kernels: the callee is compiled first. As a plain Python function it stays reachable as
    `kernel.function`.
    """

    def __init__(self, function: FunctionType, **options: Any) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.options = options

    @functools.cached_property
    def dispatcher(self) -> Callable[..., Any]:
        """The numba dispatcher; compiles nothing yet, but imports numba."""
        os.environ.setdefault("NUMBA_CACHE_DIR", str(cache_folder()))
        from numba import njit

        function = self.function
        names = {**function.__globals__}
        for name in function.__code__.co_names:
            callee = names.get(name)
            if isinstance(callee, Kernel):
                names[name] = callee.dispatcher
        linked = FunctionType(function.__code__, names, function.__name__, function.__defaults__)
        linked.__module__, linked.__qualname__ = function.__module__, function.__qualname__
        return njit(nogil=True, cache=True, **self.options)(linked)

    def __call__(self, *arguments: Any) -> Any:
        """Call the compiled function; the first call with new types compiles or loads it."""
        return self.dispatcher(*arguments)


def kernel(function: Callable[..., Any] | None = None, **options: Any) -> Any:
    """Decorate a function as a `Kernel`; `@kernel` or `@kernel(inline="always")`."""
    if function is None:
        return functools.partial(kernel, **options)
    return Kernel(function, **options)  # type: ignore[arg-type]
