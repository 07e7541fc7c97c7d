"""The planes of which spatial observations are made: what a tile's rule says, as numbers for every cell."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsandbox.worlds.errors import check
from rlsandbox.worlds.tiles import TILES
from rlsandbox.worlds.world import World


@dataclass(frozen=True)
class Channel:
    """One plane.

    Attributes:
        id: its name.
        doc: what a number other than 0 says.
        layer: World -> `[H, W]` numbers from -1 to 1.
        always: a plane of every world; the others belong to worlds that use them.
        takable: it is 0 in a cell whose thing, or the key to whose door, is carried.
    """

    id: str
    doc: str
    layer: Callable[[World], NDArray[Any]]
    always: bool = False
    takable: bool = False


def _pay(world: World) -> NDArray[np.float64]:
    """`[H, W]`: what a cell pays of its own or by its tile; 0 where it pays the step reward."""
    stated = np.where(np.isnan(world.reward), world.rule_layer("reward", np.nan), world.reward)
    return np.nan_to_num(stated)


def _ends(world: World) -> NDArray[np.bool_]:
    return world.rule_layer("terminal", False).astype(np.bool_)


def _goes_on(world: World) -> NDArray[np.bool_]:
    """`[H, W]`: cells that neither end an episode nor send back to a start, nor pay only once."""
    return ~(_ends(world) | world.rule_layer("restarts", False) | world.rule_layer("once", False))


def _penalty(world: World) -> NDArray[np.bool_]:
    return (_goes_on(world) & (_pay(world) < 0)) | (world.rule_layer("cost", 0.0) > 0)


def _slip(world: World) -> NDArray[np.float64]:
    return np.where(np.isnan(world.slip), world.rule_layer("slip", 0.0), world.slip)


def _of_colour(attribute: str, colour: int) -> Callable[[World], NDArray[np.bool_]]:
    return lambda world: world.rule_layer(attribute, -1) == colour


_COLOURS = sorted({tile.rule.pickup for tile in TILES if tile.rule.pickup is not None})

CHANNELS: dict[str, Channel] = {
    channel.id: channel
    for channel in (
        Channel("wall", "Cannot be entered.", lambda world: world.rule_layer("solid", False), always=True),
        Channel("goal", "Ends the episode.", lambda world: _ends(world) & (_pay(world) >= 0), always=True),
        Channel(
            "pit",
            "Ends the episode with a loss.",
            lambda world: _ends(world) & (_pay(world) < 0),
            always=True,
        ),
        Channel("cliff", "Sends back to a start.", lambda world: world.rule_layer("restarts", False)),
        Channel("reward", "Pays at every visit.", lambda world: _goes_on(world) & (_pay(world) > 0)),
        Channel("penalty", "Costs at every visit.", _penalty),
        Channel("slip", "Chance of slipping where a cell has its own.", _slip),
        Channel("wind_rows", "Wind downwards, in ninths.", lambda world: world.wind[..., 0] / 9),
        Channel("wind_columns", "Wind to the right, in ninths.", lambda world: world.wind[..., 1] / 9),
        Channel("arrow_rows", "One way: 1 down, -1 up.", lambda w: w.rule_layer("arrow", (0, 0))[..., 0]),
        Channel(
            "arrow_columns", "One way: 1 right, -1 left.", lambda w: w.rule_layer("arrow", (0, 0))[..., 1]
        ),
        Channel("portal", "Moves along its link.", lambda world: world.rule_layer("is_portal", False)),
        Channel("coin", "Not taken yet.", lambda world: world.rule_layer("once", False), takable=True),
        *(
            Channel(f"{name}_{colour}", doc, _of_colour(attribute, colour), takable=True)
            for colour in _COLOURS
            for name, attribute, doc in (
                ("key", "pickup", "A key of that colour, while it is not carried."),
                ("door", "opens_with", "A door of that colour, while its key is not carried."),
            )
        ),
    )
}
"""The planes of cells, by name; the agent's own and those of what is carried come besides."""


@functools.lru_cache(maxsize=32)
def channels_of(world: World) -> tuple[str, ...]:
    """Names of the planes that a world uses, now or after a change of its schedule."""
    stages = (world, *(world.at_step(change.step) for change in world.schedule))
    return tuple(
        channel.id
        for channel in CHANNELS.values()
        if channel.always or any(np.any(channel.layer(stage)) for stage in stages)
    )


@functools.lru_cache(maxsize=8)
def _layers(world: World, names: tuple[str, ...]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """`[C, H, W]` planes with nothing carried, and the number of the thing that empties a cell, or -1."""
    unknown = [name for name in names if name not in CHANNELS]
    check(not unknown, f"there is no channel {unknown[:1]}; there are {', '.join(CHANNELS)}.", "channels")
    shape = (len(names), world.height, world.width)
    layers, emptied = np.zeros(shape, np.float32), np.full(shape, -1, np.int64)
    for number, name in enumerate(names):
        layers[number] = CHANNELS[name].layer(world)
        if CHANNELS[name].takable:
            thing = np.where(world.things.pickup >= 0, world.things.pickup, world.things.opens)
            emptied[number] = np.where(layers[number] != 0, thing, -1)
    return layers, emptied


def planes_of(world: World, carried: NDArray[np.int64], names: tuple[str, ...]) -> NDArray[np.float32]:
    """`[M, C, H, W]`: the planes of those names for each `[M]` number that says what is carried.

    Raises:
        SandboxError: there is no such plane.
    """
    layers, emptied = _layers(world, names)
    gone = (emptied >= 0) & (carried[:, None, None, None] >> np.maximum(emptied, 0) & 1 == 1)
    return np.where(gone, np.float32(0), layers)
