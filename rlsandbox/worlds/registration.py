"""Our environments' names in Gymnasium's registry, without loading the environments."""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any

_ENVIRONMENTS = {
    "rlsandbox/Grid-v0": ("grid_env:GridEnv", "grid_env:GridVectorEnv"),
    "rlsandbox/Point-v0": ("point_env:PointEnv", "point_env:PointVectorEnv"),
}
"""Where one copy and a batch of them are found, by name."""


def register() -> None:
    """Make `gymnasium.make` and `gymnasium.make_vec` know our environments; again is no harm."""
    import gymnasium

    for name, (single, batch) in _ENVIRONMENTS.items():
        if name not in gymnasium.registry:
            # The world's own step limit truncates, so the registry states none.
            gymnasium.register(
                name,
                entry_point=f"rlsandbox.worlds.{single}",
                vector_entry_point=f"rlsandbox.worlds.{batch}",
            )


def register_when_loaded() -> None:
    """Register now if Gymnasium is loaded, else as soon as it is: loading it costs a tenth of a second."""
    if "gymnasium" in sys.modules:
        register()
    elif not any(isinstance(finder, _Watch) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Watch())


class _Watch(MetaPathFinder):
    """Makes the module that it watches for register our environments once it is loaded."""

    def find_spec(
        self, fullname: str, path: Any = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module's own spec, whose loader calls `register` at the end."""
        if fullname != "gymnasium":
            return None
        sys.meta_path.remove(self)
        spec = find_spec(fullname)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def execute_and_register(module: ModuleType) -> None:
                execute(module)
                register()

            spec.loader.exec_module = execute_and_register  # type: ignore[method-assign]
        return spec
