"""What one can learn in, by name: drawn worlds, their continuous form, and environments of Gymnasium."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from typing import Any

from rlsandbox.worlds import files
from rlsandbox.worlds.errors import SandboxError, check
from rlsandbox.worlds.files import open_world
from rlsandbox.worlds.gym_world import PREFIX as GYM
from rlsandbox.worlds.gym_world import GymWorld
from rlsandbox.worlds.point import Physics
from rlsandbox.worlds.point_world import PREFIX as POINT
from rlsandbox.worlds.point_world import PointWorld
from rlsandbox.worlds.simulation import Simulation
from rlsandbox.worlds.world import World

Place = World | Simulation
"""What a session trains in."""


def open_place(source: Place | str | os.PathLike[str]) -> Place:
    """The place that a name stands for: `gym:ID`, `point:WORLD`, or a world as `open_world` knows it.

    Raises:
        SandboxError: there is no such place.
    """
    if isinstance(source, Simulation):
        return source
    if isinstance(source, str) and source.startswith(GYM):
        check(len(source) > len(GYM), "name an environment after gym:, as in gym:CartPole-v1.", "world")
        return GymWorld(source[len(GYM) :])
    if isinstance(source, str) and source.startswith(POINT):
        return PointWorld(open_world(source[len(POINT) :]))
    return open_world(source)


def dumps(place: Place) -> str:
    """A place as JSON; the same place gives the same text."""
    if isinstance(place, World):
        return files.dumps(place)
    if isinstance(place, PointWorld):
        return json.dumps({"point": files.dumps(place.drawn), "physics": asdict(place.physics)})
    return json.dumps({"gym": place.name[len(GYM) :]})


def loads(text: str) -> Place:
    """The way back of `dumps`.

    Raises:
        SandboxError: it is malformed.
    """
    head = text.lstrip()[:12]
    if not head.startswith(('{"point"', '{"gym"')):
        return files.loads(text)
    try:
        found: Any = json.loads(text)
        place = (
            GymWorld(str(found["gym"]))
            if "gym" in found
            else PointWorld(files.loads(str(found["point"])), Physics(**found["physics"]))
        )
    except (ValueError, TypeError, KeyError, RecursionError):
        raise SandboxError("the description of its world is malformed.") from None
    # Gymnasium would import the module, and a file must not run anything
    module = isinstance(place, GymWorld) and ":" in place.id
    check(not module, f"a file may not name an environment in a module, as {place.name[:80]!r} does.")
    return place
