"""Draw a world, train an agent on it, see everything.

The public interface; each name is loaded when it is first used, and none of them brings Qt or torch:

    import rlsandbox

    result = rlsandbox.train("sarsa", "cliff_walking", episodes=500, seeds=16, alpha=0.5)
    result.policy.save("cliff.rlpolicy")
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from rlsandbox.worlds.registration import register_when_loaded

if TYPE_CHECKING:
    from rlsandbox.policies.files import load_policy
    from rlsandbox.training.api import evaluate, make_env, solve, train
    from rlsandbox.worlds.errors import SandboxError
    from rlsandbox.worlds.files import open_world
    from rlsandbox.worlds.gallery import gallery
    from rlsandbox.worlds.rules import Rules
    from rlsandbox.worlds.world import World

__version__ = "0.1.0"
__all__ = [
    "Rules",
    "SandboxError",
    "World",
    "evaluate",
    "gallery",
    "load_policy",
    "make_env",
    "open_world",
    "solve",
    "train",
]

_HOMES = {
    "Rules": "worlds.rules",
    "SandboxError": "worlds.errors",
    "World": "worlds.world",
    "evaluate": "training.api",
    "gallery": "worlds.gallery",
    "load_policy": "policies.files",
    "make_env": "training.api",
    "open_world": "worlds.files",
    "solve": "training.api",
    "train": "training.api",
}

# Gymnasium reads no entry points, and to load it costs 50 ms: `gymnasium.make` knows our environments once
# this package is imported, whichever of the two comes first.
register_when_loaded()


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
