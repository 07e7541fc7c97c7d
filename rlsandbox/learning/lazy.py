"""Heavy libraries that are imported when something of theirs is first used."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Any


class Lazily(ModuleType):
    """A library under its own name: `torch = Lazily("torch")` imports it at the first `torch.tanh`.

    Algorithms are listed, described and configured without the library that they compute with.
    """

    def __getattr__(self, name: str) -> Any:
        """Import the library and look there."""
        if name.startswith("__"):
            raise AttributeError(name)
        value = getattr(import_module(self.__name__), name)
        setattr(self, name, value)
        return value
