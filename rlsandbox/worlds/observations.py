"""What an agent sees of a state: one row of `OBSERVATIONS` is one way of seeing."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rlsandbox.worlds.channels import channels_of, planes_of
from rlsandbox.worlds.errors import check
from rlsandbox.worlds.picture import draw
from rlsandbox.worlds.tiles import FLOOR, NOTHING
from rlsandbox.worlds.world import World

MAX_OBSERVATION_BYTES = 256 * 2**20
"""What a call may return at most."""

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Observation:
    """One way of seeing states.

    Attributes:
        id: name in configurations and on the command line.
        title: name for people.
        doc: one sentence for them.
        shape: (World, **options) -> the shape D... of one observation; None for the state's number itself.
        encode: (World, states `[M]`, **options) -> `[M]` int64, or `[M, D...]` float32.
        low: least number of an observation; the largest is 1.
        options: the names of its options and what they are unless somebody says otherwise.
    """

    id: str
    title: str
    doc: str
    shape: Callable[..., Shape] | None
    encode: Callable[..., NDArray[Any]]
    low: float = 0.0
    options: Mapping[str, Any] = field(default_factory=dict)


# -- numbers ---------------------------------------------------------------------------------------


def _state(world: World, states: NDArray[np.int64]) -> NDArray[np.int64]:
    return states


def _one_hot(world: World, states: NDArray[np.int64]) -> NDArray[np.float32]:
    seen = np.zeros((states.size, world.n_states), np.float32)
    seen[np.arange(states.size), states] = 1.0
    return seen


def _things(world: World) -> int:
    """Numbers that say what is carried: one a thing, or one a state of the cell in a table."""
    if world.tables is not None:
        return world.inventory if world.inventory > 1 else 0
    return world.things.count


def _carried(world: World, carried: NDArray[np.int64]) -> NDArray[np.float32]:
    """`[M, things]`: 1 for each thing that is carried."""
    every = np.arange(_things(world))
    if world.tables is not None:
        return (carried[:, None] == every).astype(np.float32)
    return (carried[:, None] >> every & 1).astype(np.float32)


def _xy(world: World, states: NDArray[np.int64]) -> NDArray[np.float32]:
    cell, carried = np.divmod(states, world.inventory)
    row, column = np.divmod(cell, world.width)
    x, y = (
        2 * at / max(1, side - 1) - (side > 1) for at, side in ((column, world.width), (row, world.height))
    )
    return np.column_stack([x, y, _carried(world, carried)]).astype(np.float32)


# -- planes ----------------------------------------------------------------------------------------


def _names(world: World, channels: tuple[str, ...] | None) -> tuple[str, ...]:
    return channels_of(world) if channels is None else tuple(channels)


def _planes_shape(world: World, channels: tuple[str, ...] | None) -> Shape:
    return 1 + len(_names(world, channels)) + _things(world), world.height, world.width


def _planes(world: World, states: NDArray[np.int64], channels: tuple[str, ...] | None) -> NDArray[np.float32]:
    cell, carried = np.divmod(states, world.inventory)
    seen = np.zeros((states.size, *_planes_shape(world, channels)), np.float32)
    seen[np.arange(states.size), 0, cell // world.width, cell % world.width] = 1.0
    kinds, which = np.unique(carried, return_inverse=True)
    seen[:, 1 : seen.shape[1] - _things(world)] = planes_of(world, kinds, _names(world, channels))[which]
    seen[:, seen.shape[1] - _things(world) :] = _carried(world, carried)[:, :, None, None]
    return seen


def _window_shape(world: World, side: int, flat: bool, channels: tuple[str, ...] | None) -> Shape:
    check(
        isinstance(side, int) and side % 2 == 1 and 1 <= side <= 99,
        f"the side of a window is an odd number of cells from 1 to 99, not {side!r}.",
        "side",
    )
    shape = (len(_names(world, channels)) + _things(world), side, side)
    return (math.prod(shape),) if flat else shape


def _window(
    world: World, states: NDArray[np.int64], side: int, flat: bool, channels: tuple[str, ...] | None
) -> NDArray[np.float32]:
    names, far = _names(world, channels), side // 2
    cell, carried = np.divmod(states, world.inventory)
    row, column = np.divmod(cell, world.width)
    kinds, which = np.unique(carried, return_inverse=True)
    layers = np.pad(planes_of(world, kinds, names), ((0, 0), (0, 0), (far, far), (far, far)))
    outside = np.pad(np.zeros((world.height, world.width), np.bool_), far, constant_values=True)
    if "wall" in names:
        layers[:, names.index("wall"), outside] = 1.0
    windows = np.lib.stride_tricks.sliding_window_view(layers, (side, side), axis=(2, 3))
    seen = np.empty((states.size, *_window_shape(world, side, False, channels)), np.float32)
    seen[:, : len(names)] = windows[which, :, row, column]
    seen[:, len(names) :] = _carried(world, carried)[:, :, None, None]
    return seen.reshape(states.size, -1) if flat else seen


# -- pixels ----------------------------------------------------------------------------------------


def _pixels_shape(world: World, cell_px: int) -> Shape:
    check(
        isinstance(cell_px, int) and 1 <= cell_px <= 64,
        f"a cell has 1 to 64 pixels a side, not {cell_px!r}.",
        "cell_px",
    )
    return 3, world.height * cell_px, world.width * cell_px


def _pixels(world: World, states: NDArray[np.int64], cell_px: int) -> NDArray[np.float32]:
    seen = np.empty((states.size, *_pixels_shape(world, cell_px)), np.float32)
    carried = states % world.inventory
    for kind in np.unique(carried).tolist():
        left = _without(world, kind)
        seen[carried == kind] = np.float32(draw(left, (), cell_px).transpose(2, 0, 1) / 255)
        for at in np.flatnonzero(carried == kind):
            r, c = world.cell_of(int(states[at]))
            rows, columns = (slice(place * cell_px, (place + 1) * cell_px) for place in (r, c))
            patch = draw(left, [(r, c)], cell_px)[rows, columns]
            seen[at, :, rows, columns] = patch.transpose(2, 0, 1) / 255
    return seen


def _without(world: World, carried: int) -> World:
    """The drawing without the things that are carried and the doors that they open."""
    if carried == 0 or world.tables is not None:
        return world
    taken, opened = (
        (numbers >= 0) & (carried >> np.maximum(numbers, 0) & 1 == 1)
        for numbers in (world.things.pickup, world.things.opens)
    )
    return world.replace(
        objects=np.where(taken, NOTHING, world.objects), terrain=np.where(opened, FLOOR, world.terrain)
    )


OBSERVATIONS: dict[str, Observation] = {
    observation.id: observation
    for observation in (
        Observation("state", "State", "The state's number.", None, _state),
        Observation(
            "one_hot",
            "One-hot",
            "A 1 at the state's number among zeros.",
            lambda world: (world.n_states,),
            _one_hot,
        ),
        Observation(
            "xy",
            "Coordinates",
            "Column and row between -1 and 1, and a 1 for each thing that is carried.",
            lambda world: (2 + _things(world),),
            _xy,
            low=-1.0,
        ),
        Observation(
            "window",
            "Window",
            "The tiles around the agent, `side` cells wide and high, with walls outside the world.",
            _window_shape,
            _window,
            low=-1.0,
            options={"side": 5, "flat": True, "channels": None},
        ),
        Observation(
            "planes",
            "Planes",
            "The whole world as planes: where the agent is, where walls, goals, pits and other tiles are.",
            _planes_shape,
            _planes,
            low=-1.0,
            options={"channels": None},
        ),
        Observation(
            "pixels",
            "Pixels",
            "A picture of the world with its agent, `cell_px` pixels a cell.",
            _pixels_shape,
            _pixels,
            options={"cell_px": 8},
        ),
    )
}


def observation(name: str) -> Observation:
    """The way of seeing of that name.

    Raises:
        SandboxError: there is none.
    """
    check(
        name in OBSERVATIONS,
        f"there is no observation {name!r}; choose one of {', '.join(OBSERVATIONS)}.",
        "observation",
    )
    return OBSERVATIONS[name]


def chosen_options(kind: Observation, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a way of seeing: those that are given, and what the others are by themselves.

    Raises:
        SandboxError: it knows no such option.
    """
    unknown = sorted(options.keys() - kind.options.keys())
    known = ", ".join(kind.options) or "none"
    check(
        not unknown,
        f"observation {kind.id!r} has no option {unknown[:1]}; it has {known}.",
        "observation",
    )
    return {**kind.options, **options}


def observe(world: World, states: ArrayLike, name: str = "state", **options: Any) -> NDArray[Any]:
    """Observations of states.

    Of all states of a model, `observe(world, np.arange(mdp.n_states), "planes")`. What is seen is the world
    as it is drawn, so an edited one is observed anew. The planes of "planes" and "window" are those that
    the world uses (`channels.channels_of`); an edit that brings a tile of a new kind therefore adds one,
    unless `channels` keeps their names.

    Args:
        world: whose states they are.
        states: `[...]` integers.
        name: a key of `OBSERVATIONS`.
        options: of window: `side` (odd), `flat` and `channels`; of planes: `channels`; of pixels: `cell_px`.

    Returns:
        `[...]` int64 for "state", else `[..., D...]` float32: S for one_hot, 2 + things for xy, `[C, H, W]`
        for planes (the agent first, then `channels`, then one of ones for each thing that is carried),
        `[C, side, side]` or flattened for window (the same without the agent, who is in its middle),
        `[3, H * cell_px, W * cell_px]` between 0 and 1 for pixels.

    Raises:
        SandboxError: there is no such observation or option, or the answer would be too large.
    """
    kind = observation(name)
    options = chosen_options(kind, options)
    wanted = np.asarray(states, np.int64)
    shape = kind.shape(world, **options) if kind.shape else ()
    needed = 4 * wanted.size * math.prod(shape)
    way_out = "choose a smaller world" if name == "xy" else "choose observation 'xy' or a smaller world"
    check(
        needed <= MAX_OBSERVATION_BYTES,
        f"{name} of {wanted.size:,} states would take {needed / 2**20:,.0f} MB, more than the "
        f"{MAX_OBSERVATION_BYTES / 2**20:,.0f} MB allowed: {way_out}.",
        "observation",
    )
    return kind.encode(world, wanted.reshape(-1), **options).reshape((*wanted.shape, *shape))


def observe_stacks(world: World, states: NDArray[np.int64], name: str, **options: Any) -> NDArray[np.float32]:
    """`[..., k * D, ...]`: the observations of states `[..., k]` in one, those of the first state first.

    Raises:
        SandboxError: as `observe`.
    """
    seen = observe(world, states, name, **options)
    axis = states.ndim
    return seen.reshape(*states.shape[:-1], states.shape[-1] * seen.shape[axis], *seen.shape[axis + 1 :])
