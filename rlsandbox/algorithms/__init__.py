"""All algorithms: one file each; adding a file adds an algorithm."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from rlsandbox.learning.agent import Agent
from rlsandbox.worlds.errors import SandboxError


@cache
def registry() -> dict[str, type[Agent]]:
    """Every algorithm by its id (the name of its file), family by family."""
    found: dict[str, type[Agent]] = {}
    for family in sorted(pkgutil.iter_modules(__path__, f"{__name__}."), key=lambda module: module.name):
        package = importlib.import_module(family.name)
        for module in pkgutil.iter_modules(package.__path__, f"{family.name}."):
            for value in vars(importlib.import_module(module.name)).values():
                if isinstance(value, type) and issubclass(value, Agent) and value.__module__ == module.name:
                    found[module.name.rpartition(".")[2]] = value
    return found


def find(algorithm: str) -> type[Agent]:
    """The algorithm with this id.

    Raises:
        SandboxError: there is none; names those there are.
    """
    agent = registry().get(algorithm)
    if agent is None:
        raise SandboxError(f"there is no algorithm {algorithm!r}; there are {', '.join(registry())}.")
    return agent


def family_of(agent: type[Agent]) -> str:
    """Title of the family of an algorithm: the first line of its folder's docstring."""
    package = importlib.import_module(agent.__module__.rpartition(".")[0])
    return (package.__doc__ or "").partition("\n")[0].rstrip(".")
