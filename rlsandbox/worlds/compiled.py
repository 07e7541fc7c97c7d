"""Compiled functions whose compiler is loaded at the first call.

numba takes half a second to import and seconds to compile a cold kernel, so neither happens before a kernel
is needed, and compiled code is kept on disk, by what it was compiled from: the kernel's own code, that of all
kernels it calls, the constants they name, and the versions of numba, numpy and Python. An edit makes cold
just what depends on it, and a copy of the same sources elsewhere is warm.
"""

from __future__ import annotations

import functools
import hashlib
import os
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np


@functools.cache
def versions() -> str:
    """What compiled code depends on besides its sources."""
    return f"{sys.version} {version('numba')} {version('numpy')}"


@functools.cache
def cache_folder() -> Path:
    """The folder of compiled kernels for these versions of numba, numpy and Python."""
    from platformdirs import user_cache_path

    own = user_cache_path("rlsandbox") / "kernels" / hashlib.sha256(versions().encode()).hexdigest()[:16]
    return Path(os.environ.get("NUMBA_CACHE_DIR", own))


class Kernel:
    """A function compiled by numba (`nogil`, cached on disk) when it is first called.

    Kernels may call kernels: the callee is compiled first. Besides kernels they may name modules, named
    tuples and constants. They allocate nothing, so that no references are counted (an atomic operation each:
    half the time of a loop); `_nrt=True` lifts that. `nogil=False` is for what takes microseconds at every
    step of an environment: who lets others run has to wait for them, in the studio until they have painted.
    As a plain function a kernel stays reachable as `kernel.function`.

    Args:
        function: what to compile.
        bound: kernels or constants to take for names of the function, instead of its module's.
        options: numba's.
    """

    def __init__(self, function: FunctionType, bound: dict[str, Any], **options: Any) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.bound = bound
        self.options = options

    def bind(self, **names: Any) -> Kernel:
        """The same kernel with other kernels or constants for some of the names that it uses."""
        return Kernel(self.function, {**self.bound, **names}, **self.options)

    @functools.cached_property
    def names(self) -> dict[str, Any]:
        """What the function's global names stand for."""
        known = {**self.function.__globals__, **self.bound}
        return {name: known[name] for name in sorted(_names(self.function.__code__)) if name in known}

    @functools.cached_property
    def digest(self) -> str:
        """Hash of everything that the compiled code is made from."""
        parts = [self.function.__qualname__, repr(self.options), *map(repr, _bytes(self.function.__code__))]
        for name, value in self.names.items():
            if isinstance(value, Kernel):
                parts.append(f"{name}={value.digest}")
            elif isinstance(value, type) and hasattr(value, "_fields"):
                parts.append(f"{name}={value.__module__}.{value.__name__}{value._fields}")
            elif isinstance(value, (bool, int, float, str, tuple, np.generic)):
                parts.append(f"{name}={value!r}")
            elif not isinstance(value, ModuleType | type):
                raise TypeError(f"kernel {self.function.__qualname__} names {name!r}, which is no constant.")
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:20]

    @functools.cached_property
    def dispatcher(self) -> Callable[..., Any]:
        """The numba dispatcher; compiles nothing yet, but imports numba."""
        from numba import njit

        function = self.function
        kernels = {name: value.dispatcher for name, value in self.names.items() if isinstance(value, Kernel)}
        scope = {**function.__globals__, **self.bound, **kernels}
        linked = FunctionType(function.__code__, scope, function.__name__, function.__defaults__)
        linked.__module__, linked.__qualname__ = function.__module__, function.__qualname__
        options: dict[str, Any] = {"nogil": True, "_nrt": False, **self.options}
        dispatcher: Any = njit(**options)(linked)
        dispatcher._cache = _cache(linked, self.digest)
        return dispatcher

    def __call__(self, *arguments: Any) -> Any:
        """Call the compiled function; the first call with new types compiles or loads it."""
        return self.dispatcher(*arguments)


def kernel(function: Callable[..., Any] | None = None, **options: Any) -> Any:
    """Decorate a function as a `Kernel`; `@kernel` or `@kernel(inline="always")`."""
    if function is None:
        return functools.partial(kernel, **options)
    return Kernel(function, {}, **options)  # type: ignore[arg-type]


def _names(code: CodeType) -> set[str]:
    """Names in a function and the functions inside it."""
    inner = (const for const in code.co_consts if isinstance(const, CodeType))
    return set(code.co_names).union(*map(_names, inner))


def _bytes(code: CodeType) -> list[Any]:
    """Bytecode and constants of a function and the functions inside it."""
    parts: list[Any] = [code.co_code, code.co_names, code.co_varnames]
    for const in code.co_consts:
        parts += _bytes(const) if isinstance(const, CodeType) else [const]
    return parts


def _cache(function: FunctionType, digest: str) -> Any:
    """The cache of a function on disk that numba has, with files named by a kernel's digest in one folder."""
    from numba.core import caching

    base: Any = caching._CacheLocator

    class Place(base):
        def get_cache_path(self) -> str:
            return str(cache_folder())

        def get_source_stamp(self) -> str:
            return digest

        def get_disambiguator(self) -> str:
            return digest

    class Files(caching.CompileResultCacheImpl):
        def __init__(self, function: FunctionType) -> None:
            self._locator, self._lineno = Place(), 0
            self._locator.ensure_cache_path()
            self._filename_base = f"{function.__name__}-{digest}"

    class KernelCache(caching.FunctionCache):
        _impl_class = Files

    return KernelCache(function)
