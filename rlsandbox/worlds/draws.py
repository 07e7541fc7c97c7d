"""Random numbers for compiled kernels: splitmix64 (Steele, Lea & Flood, 2014).

The state is a counter, each draw a hash of it: `rng += DRAW` makes the next one, `uniform(rng)` reads it.
Eight bytes of state a replica, no library.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rlsandbox.worlds.compiled import kernel

DRAW = np.uint64(0x9E3779B97F4A7C15)
_MIX_1, _MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_30, _27, _31, _11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)


def seeded(seeds: tuple[int, ...]) -> Any:
    """`[N]` uint64: the generator of each seed."""
    return np.array(
        [np.random.SeedSequence(seed).generate_state(1, np.uint64)[0] for seed in seeds], np.uint64
    )


@kernel(inline="always")
def uniform(rng: Any) -> float:
    """A number in [0, 1) with 53 random bits."""
    z = (rng ^ (rng >> _30)) * _MIX_1
    z = (z ^ (z >> _27)) * _MIX_2
    return float(np.int64((z ^ (z >> _31)) >> _11)) * 1.1102230246251565e-16


@kernel(inline="always")
def standard_normal(u: float, v: float) -> float:
    """A normal draw from two uniform ones (Box & Muller, 1958)."""
    return np.sqrt(-2.0 * np.log(1.0 - u)) * np.cos(2.0 * np.pi * v)
