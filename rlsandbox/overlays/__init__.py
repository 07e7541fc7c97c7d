"""All overlays: one file each; adding a file adds an overlay. A snapshot goes in, marks come out; no Qt."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from rlsandbox.overlays.scene import Overlay, Scene
from rlsandbox.worlds.errors import SandboxError

__all__ = ["Overlay", "Scene", "find", "registry"]


@cache
def registry() -> dict[str, Overlay]:
    """Every overlay by its id (the name of its file), in their order."""
    found: dict[str, Overlay] = {}
    for module in pkgutil.iter_modules(__path__, f"{__name__}."):
        if module.name == Scene.__module__:
            continue
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, type) and issubclass(value, Overlay) and value.__module__ == module.name:
                found[module.name.rpartition(".")[2]] = value()
    return dict(sorted(found.items(), key=lambda item: (item[1].order, item[0])))


def find(overlay: str) -> Overlay:
    """The overlay with this id.

    Raises:
        SandboxError: there is none; names those there are.
    """
    known = registry()
    if overlay not in known:
        raise SandboxError(f"there is no overlay {overlay!r}; there are {', '.join(known)}.")
    return known[overlay]
