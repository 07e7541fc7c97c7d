"""Our environments' names in Gymnasium's registry, without loading the environments."""

from __future__ import annotations

GRID_ID = "rlsandbox/Grid-v0"


def register() -> None:
    """Make `gymnasium.make` and `gymnasium.make_vec` know our environments; again is no harm."""
    import gymnasium

    if GRID_ID not in gymnasium.registry:
        # The world's own step limit truncates, so the registry states none.
        gymnasium.register(
            GRID_ID,
            entry_point="rlsandbox.worlds.grid_env:GridEnv",
            vector_entry_point="rlsandbox.worlds.grid_env:GridVectorEnv",
        )
