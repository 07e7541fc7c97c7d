"""A drawn world as a continuous one: a point of mass 1 that a force pushes through the same cells.

Places are in cells: x to the right, y downwards, so that cell (row, column) covers `row <= y < row + 1` and
`column <= x < column + 1`. The rules, in the order in which a step meets them:

1. The force slips with the cell's own chance or the world's: it turns a quarter to one side, or anywhere. Ice
   does not turn it: what makes ice slippery here is that it hardly slows.
2. Force and wind accelerate, the terrain's drag slows; the velocity is exact for a force that stays the same.
3. The point goes the mean of its old and its new velocity, boundary by boundary, so that no speed takes it
   through a wall. A wall, the edge, or an arrow that points the other way takes the part of its velocity
   that leads into it; it slides on along it, and the step bumped.
4. It stops for this step where it enters a goal, a pit, a cliff or a teleporter. A teleporter takes it to the
   same spot of the cell at its link's other end, with its velocity, unless a wall stands there.
5. The cell where the step ends pays its reward if the point has come into it, else the step reward; mud's
   cost and the bump reward are added. A cliff sends it back to a start, at rest; a goal or pit ends the
   episode.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rlsandbox.worlds.compiled import kernel
from rlsandbox.worlds.draws import DRAW, standard_normal, uniform
from rlsandbox.worlds.errors import SandboxError, check
from rlsandbox.worlds.starts import start_distribution
from rlsandbox.worlds.world import World

MARGIN = 1e-9
"""How far, in cells, a point stays from the boundary on its right and below it."""
RIGHT, DOWN, LEFT, UP = range(4)
_SIDES = ((0, 1), (1, 0), (0, -1), (-1, 0))
"""(rows, columns) to the neighbour on each side."""


@dataclass(frozen=True)
class Physics:
    """All that decides how a point moves, besides the drawing. On floor it reaches 4 cells/s.

    Attributes:
        dt: length of a step, in s.
        thrust: acceleration by a force of 1, in cells/s².
        drag: share of its speed that a point loses on floor, in 1/s; a tile's `drag` multiplies it.
        wind: acceleration by a wind of 1, in cells/s².
        max_speed: what no point exceeds, in cells/s.
        step_limit: steps of an episode in a world whose rules state no limit.
    """

    dt: float = 0.1
    thrust: float = 8.0
    drag: float = 2.0
    wind: float = 4.0
    max_speed: float = 8.0
    step_limit: int = 1000

    def __post_init__(self) -> None:
        """Check every field.

        Raises:
            SandboxError: a value is outside its range.
        """
        for name in (f.name for f in fields(self)):
            value = getattr(self, name)
            free = name in ("thrust", "drag", "wind")  # these may be 0
            check(
                bool(0 <= value <= 1e6) and (free or value > 0),
                f"{name} must be {'0 or more' if free else 'above 0'} and at most a million, not {value!r}.",
                f"physics.{name}",
            )


class PointModel(NamedTuple):
    """A continuous world as kernels take it."""

    passes: Any  # [H, W, 4] bool, whether a point may leave a cell to the right, down, left, up
    stops: Any  # [H, W] bool, a step ends where a point enters
    solid: Any  # [H, W] bool
    ends: Any  # [H, W] bool
    restarts: Any  # [H, W] bool
    link: Any  # [H, W] int64, cell (row * W + column) where a teleporter leads, or -1
    pay: Any  # [H, W] float64, for coming in; NaN: the step reward
    sd: Any  # [H, W] float64, spread of that reward
    cost: Any  # [H, W] float64, subtracted from every step that ends here
    keep: Any  # [H, W] float64, share of the velocity that is left after a step: exp(-drag dt)
    gain: Any  # [H, W] float64, velocity by an acceleration of 1 over a step, in s: (1 - keep) / drag
    slip: Any  # [H, W] float64
    wind: Any  # [H, W, 2] float64, as drawn: rows, columns
    start_cells: Any  # [K] int64
    start_cumulative: Any  # [K] float64, the last one is 1
    scale: Any  # [4] float64, observation = state * scale + offset
    offset: Any  # [4] float64
    dt: float  # s
    thrust: float  # cells/s²
    wind_strength: float  # cells/s² by a wind of 1
    max_speed: float  # cells/s
    step_reward: float
    bump_reward: float
    perpendicular: bool  # a force slips a quarter to one side; else in any direction
    gusty: bool  # each wind is one weaker, as drawn or one stronger, a third of the time each
    step_limit: int  # steps after which an episode is truncated


def point_misfit(world: World) -> str | None:
    """Why a world has no continuous form, in a sentence; None if it has one."""
    if world.tables is not None:
        return "this world stands in a table: a point needs one that is drawn."
    if world.rules.moves == 0:
        return "this is a bandit: a point needs a world to move in."
    if world.things.count:
        return "a point carries nothing: remove keys, doors and coins."
    if world.schedule:
        return "a continuous world stays as it is drawn: remove the scheduled changes."
    return None


def compile_point(world: World, physics: Physics | None = None) -> PointModel:
    """Make the continuous form of a drawn world.

    Raises:
        SandboxError: it has none; `point_misfit` says why.
    """
    sentence = point_misfit(world)
    if sentence is not None:
        raise SandboxError(sentence, "world")
    physics = physics or Physics()
    rules = world.rules
    solid, ends, restarts = (
        world.rule_layer(name, False).astype(np.bool_) for name in ("solid", "terminal", "restarts")
    )
    link = np.full(solid.shape, -1, np.int64)
    for way in world.links:
        if world.rule_layer("is_portal", False)[way.source] and not solid[way.target]:
            link[way.source] = way.target[0] * world.width + way.target[1]
    drag = physics.drag * world.rule_layer("drag", 1.0)
    keep = np.exp(-drag * physics.dt)
    gain = np.where(drag > 0, -np.expm1(-drag * physics.dt) / np.where(drag > 0, drag, 1.0), physics.dt)
    start = start_distribution(world)
    start_cells = np.flatnonzero(start)
    cumulative = np.cumsum(start[start_cells])
    cumulative[-1] = 1.0
    return PointModel(
        passes=_passes(world, solid),
        stops=ends | restarts | (link >= 0),
        solid=solid,
        ends=ends,
        restarts=restarts,
        link=link,
        pay=np.where(np.isnan(world.reward), world.rule_layer("reward", np.nan), world.reward),
        sd=np.ascontiguousarray(world.reward_sd),
        cost=world.rule_layer("cost", 0.0),
        keep=keep,
        gain=gain,
        slip=np.where(np.isnan(world.slip), rules.slip, world.slip),
        wind=world.wind.astype(np.float64),
        start_cells=start_cells,
        start_cumulative=cumulative,
        scale=np.array([2 / world.width, 2 / world.height, 1 / physics.max_speed, 1 / physics.max_speed]),
        offset=np.array([-1.0, -1.0, 0.0, 0.0]),
        dt=float(physics.dt),
        thrust=float(physics.thrust),
        wind_strength=float(physics.wind),
        max_speed=float(physics.max_speed),
        step_reward=rules.step_reward,
        bump_reward=rules.bump_reward,
        perpendicular=rules.slip_kind == "perpendicular",
        gusty=rules.wind_random,
        step_limit=rules.step_limit or int(physics.step_limit),
    )


def _passes(world: World, solid: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """`[H, W, 4]`: whether the boundary on each side of a cell is open to who comes from inside."""
    height, width = solid.shape
    closed = np.pad(solid, 1, constant_values=True)
    arrow = world.rule_layer("arrow", (0, 0)).astype(np.int64)
    beyond = np.pad(arrow, ((1, 1), (1, 1), (0, 0)))
    passes = np.zeros((height, width, 4), np.bool_)
    for side, (rows, columns) in enumerate(_SIDES):
        there = np.s_[1 + rows : 1 + rows + height, 1 + columns : 1 + columns + width]
        against = [arrows @ (rows, columns) < 0 for arrows in (arrow, beyond[there])]
        passes[..., side] = ~(closed[there] | against[0] | against[1])
    return passes


def point_observation(model: PointModel, state: NDArray[np.float64]) -> NDArray[np.float32]:
    """`[..., 4]` between -1 and 1: x and y over the world, both velocities over the greatest speed."""
    return (state * model.scale + model.offset).astype(np.float32)


def walled_in(model: PointModel, state: NDArray[np.float64]) -> NDArray[np.bool_]:
    """`[M]`: whether a point stands where a wall is, or outside, as it may after an edit."""
    height, width = model.solid.shape
    inside = (state[:, 0] >= 0) & (state[:, 0] < width) & (state[:, 1] >= 0) & (state[:, 1] < height)
    column, row = np.where(inside[:, None], state[:, :2], 0.0).astype(np.int64).T
    return ~inside | model.solid[row, column]


@kernel
def point_reset(model: Any, state: Any, rng: Any, which: Any) -> None:
    """Put the copies that `which` names at starts, at rest.

    Args:
        model: a `PointModel`.
        state: `[M, 4]` float64, written: x, y in cells, their velocities in cells/s.
        rng: `[M]` uint64, the generators of `draws`, advanced.
        which: `[M]` bool.
    """
    for i in range(state.shape[0]):
        if which[i]:
            rng[i] = begin_point(model, state[i], rng[i])


@kernel
def point_step(model: Any, state: Any, force: Any, reward: Any, terminated: Any, rng: Any) -> None:
    """One step of every copy. Who has terminated, or has run out of time, is the caller's to reset.

    A force or state that is no number leaves its copy as it is and pays NaN, so that whoever learns notices.

    Args:
        model: a `PointModel`.
        state: `[M, 4]` float64, moved on in place.
        force: `[M, 2]` floats, to the right and down; what lies outside -1 to 1 is cut.
        reward: `[M]` float64, written.
        terminated: `[M]` bool, written.
        rng: `[M]` uint64, advanced.
    """
    for i in range(state.shape[0]):
        rng[i], reward[i], terminated[i] = move_point(model, state[i], force[i, 0], force[i, 1], rng[i])


@kernel(inline="always")
def _cell(place: float, cells: int) -> int:
    """The row or column of a place; the nearest one of a place outside the world."""
    return int(min(max(place, 0.0), cells - 1.0))


@kernel(inline="always")
def _inside(place: float, cell: int) -> float:
    """The place, in its cell in spite of rounding."""
    return min(max(place, float(cell)), cell + 1.0 - MARGIN)


@kernel
def begin_point(model: Any, place: Any, rng: Any) -> Any:
    """Write a start into `[4]`: anywhere in a start cell, at rest."""
    rng += DRAW
    u = uniform(rng)
    low, high = 0, model.start_cumulative.shape[0] - 1
    while low < high:
        middle = (low + high) // 2
        if u < model.start_cumulative[middle]:
            high = middle
        else:
            low = middle + 1
    r, c = divmod(model.start_cells[low], model.solid.shape[1])
    rng += DRAW + DRAW
    place[0], place[1] = _inside(c + uniform(rng - DRAW), c), _inside(r + uniform(rng), r)
    place[2] = place[3] = 0.0
    return rng


@kernel(inline="always")
def _slipped(fx: float, fy: float, u: float, perpendicular: bool) -> tuple[float, float]:
    """A force that has slipped; `u` is uniform."""
    if perpendicular:
        return (fy, -fx) if u < 0.5 else (-fy, fx)
    cos, sin = np.cos(2.0 * np.pi * u), np.sin(2.0 * np.pi * u)
    return cos * fx - sin * fy, sin * fx + cos * fy


@kernel
def move_point(model: Any, place: Any, fx: float, fy: float, rng: Any) -> Any:
    """One step of one copy, at `[4]`: (rng, reward, terminated)."""
    x, y, old_vx, old_vy = place[0], place[1], place[2], place[3]
    if not np.isfinite(fx + fy + x + y + old_vx + old_vy):
        return rng, np.nan, False
    height, width = model.solid.shape
    from_r, from_c = _cell(y, height), _cell(x, width)
    r, c = from_r, from_c
    fx, fy = min(max(fx, -1.0), 1.0), min(max(fy, -1.0), 1.0)
    slips = model.slip[r, c]
    if slips > 0:
        rng += DRAW
        u = uniform(rng)
        if u < slips:
            fx, fy = _slipped(fx, fy, u / slips, model.perpendicular)
    wind_x, wind_y = model.wind[r, c, 1], model.wind[r, c, 0]
    if model.gusty and (wind_x != 0 or wind_y != 0):
        rng += DRAW
        extra = np.floor(3.0 * uniform(rng)) - 1.0
        wind_x, wind_y = wind_x + extra * np.sign(wind_x), wind_y + extra * np.sign(wind_y)
    keep, gain = model.keep[r, c], model.gain[r, c]
    vx = keep * old_vx + gain * (model.thrust * fx + model.wind_strength * wind_x)
    vy = keep * old_vy + gain * (model.thrust * fy + model.wind_strength * wind_y)
    speed = np.sqrt(vx * vx + vy * vy)
    if speed > model.max_speed:
        vx, vy = vx * (model.max_speed / speed), vy * (model.max_speed / speed)

    dx, dy, left, bumped = 0.5 * (old_vx + vx) * model.dt, 0.5 * (old_vy + vy) * model.dt, 1.0, False
    while True:
        # when the next boundary comes, as a share of the whole displacement
        till_x = till_y = np.inf
        if dx != 0:
            till_x = ((c + 1 if dx > 0 else c) - x) / dx
        if dy != 0:
            till_y = ((r + 1 if dy > 0 else r) - y) / dy
        if till_x >= left and till_y >= left:
            x, y = x + dx * left, y + dy * left
            break
        if till_x <= till_y:
            side, till, unit_r, unit_c = (RIGHT if dx > 0 else LEFT), till_x, 0, (1 if dx > 0 else -1)
        else:
            side, till, unit_r, unit_c = (DOWN if dy > 0 else UP), till_y, (1 if dy > 0 else -1), 0
        x, y, left = x + dx * till, y + dy * till, left - till
        if model.passes[r, c, side]:
            r, c = r + unit_r, c + unit_c
            if model.stops[r, c]:
                break
        else:
            bumped = True
            if unit_c != 0:
                vx, dx = (0.0 if vx * dx > 0 else vx), 0.0
            else:
                vy, dy = (0.0 if vy * dy > 0 else vy), 0.0

    pays, spread, entered = np.nan, 0.0, r != from_r or c != from_c
    if entered:
        pays = model.pay[r, c]
        if model.link[r, c] >= 0:
            to_r, to_c = divmod(model.link[r, c], width)
            x, y, r, c = x + (to_c - c), y + (to_r - r), to_r, to_c
            pays = model.pay[r, c] if np.isnan(pays) else pays
        spread = model.sd[r, c]
    if np.isnan(pays):
        pays = model.step_reward
    pays -= model.cost[r, c]
    if bumped:
        pays += model.bump_reward
    if spread > 0:
        rng += DRAW + DRAW
        pays += spread * standard_normal(uniform(rng - DRAW), uniform(rng))
    if model.restarts[r, c] and entered:
        rng = begin_point(model, place, rng)
        return rng, pays, False
    place[0], place[1], place[2], place[3] = _inside(x, c), _inside(y, r), vx, vy
    return rng, pays, model.ends[r, c]
