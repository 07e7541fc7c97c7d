"""What overlays are made with: the scene that they look at, their base, and what several of them need."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.agent import Agent, Snapshot
from rlsandbox.learning.oracle import Solution
from rlsandbox.marks import Arrows, Badge, Badges, Heatmap, Labels, Mark, Triangles
from rlsandbox.worlds.mdp import TabularMDP
from rlsandbox.worlds.world import World

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What there is to show. S states, A actions, H rows, W columns.

    Attributes:
        world: the drawing.
        snapshot: what the agent has learnt in it.
        live: `[S]` bool, the states that have a value to show: where an agent can come to stand and act.
        mdp: the world's model, or None where nobody has it.
        oracle: the truth, or None where there is none or nobody asked.
        carried: which layer of the states to show, by what the agent carries.
    """

    world: World
    snapshot: Snapshot
    live: NDArray[np.bool_]
    mdp: TabularMDP | None = None
    oracle: Solution | None = None
    carried: int = 0

    @classmethod
    def of(
        cls,
        world: World,
        mdp: TabularMDP,
        snapshot: Snapshot,
        oracle: Solution | None = None,
        carried: int = 0,
    ) -> Self:
        """The scene of a world with its model: live is whatever some policy can reach from a start.

        A point is not bound to the drawn moves: it reaches what lies sideways of them.
        """
        live = mdp.live & mdp.reachable
        parts = parts_of(world, snapshot)
        if parts:
            cells = (live if world.rules.moves in (4, 8) else mdp.live).reshape(world.terrain.shape)
            live = cells.repeat(parts, axis=0).repeat(parts, axis=1).ravel()
        return cls(world=world, snapshot=snapshot, live=live, mdp=mdp, oracle=oracle, carried=carried)

    @property
    def per_cell(self) -> int:
        """Values along a side of a cell; more than 1 in a continuous world."""
        return parts_of(self.world, self.snapshot) or 1

    @property
    def learnt(self) -> bool:
        """Whether the agent has done anything yet."""
        return bool(self.snapshot.steps.any())

    def layer(self, per_state: NDArray[Any]) -> NDArray[Any]:
        """The carried layer of `[S, ...]` values as `[H, W, ...]`."""
        parts, world = self.per_cell, self.world
        shape = (parts * world.height, parts * world.width, world.inventory)
        return per_state.reshape(*shape, *per_state.shape[1:])[:, :, self.carried]

    def grid(self, per_state: NDArray[Any]) -> Floats:
        """The carried layer of `[S, ...]` values as `[H, W, ...]` float64, NaN where nobody can stand."""
        values = self.layer(per_state).astype(np.float64)
        values[~self.layer(self.live)] = np.nan
        return values

    def middle(self, state: int) -> tuple[float, float]:
        """Row and column of the middle of a state's cell."""
        row, column = self.world.cell_of(state)
        return row + 0.5, column + 0.5


def parts_of(world: World, snapshot: Snapshot) -> int:
    """Into how many parts a side of a cell is cut where a continuous world was asked; 0 in any other."""
    chosen = None if snapshot.played is None else snapshot.played.slice
    return 0 if chosen is None else chosen.columns // world.width


def fits(world: World, snapshot: Snapshot) -> bool:
    """Whether a continuous world was asked about the cells that it has; not so after it was resized."""
    chosen, parts = None if snapshot.played is None else snapshot.played.slice, parts_of(world, snapshot)
    return chosen is None or (chosen.rows, chosen.columns) == (parts * world.height, parts * world.width)


_OF_WALKERS = frozenset({"visits", "trail"})
"""What a planner has none of: it sweeps over states and goes nowhere."""


class Overlay(ABC):
    """One overlay. A subclass is one file in this folder; its module's name is its id.

    Attributes:
        title: name for people.
        tip: one sentence that says what it shows.
        wants: what it needs in `View.wants` of every agent ("visits", "oracle", "trail").
        field: what it needs besides, which not every agent offers ("traces"); "" for nothing.
        order: place among the others, from the ground up.
        group: what it is about, as the heading of a menu: "Values", "Policy", "Truth", "Learning", or "World"
            for what is drawn on the world itself.
        common: whether it is always at hand, not only in a menu.
        exclusive: of the overlays with the same word at most one is shown; "" shares its place with any.
        in_space: whether it has something to show in a continuous world.
    """

    title: ClassVar[str]
    tip: ClassVar[str]
    wants: ClassVar[frozenset[str]] = frozenset()
    field: ClassVar[str] = ""
    order: ClassVar[int]
    group: ClassVar[str] = "World"
    common: ClassVar[bool] = False
    exclusive: ClassVar[str] = ""
    in_space: ClassVar[bool] = False

    @property
    def id(self) -> str:
        """Name on the command line."""
        return type(self).__module__.rpartition(".")[2]

    @property
    def needs(self) -> frozenset[str]:
        """All that it needs in `View.wants`."""
        return self.wants | {self.field} if self.field else self.wants

    def walks(self, agent: type[Agent]) -> bool:
        """Whether it is about nothing that only those have who walk, or the algorithm walks."""
        return agent.unit != "sweeps" or not self.wants & _OF_WALKERS

    def suits(self, agent: type[Agent]) -> bool:
        """Whether an algorithm has what it shows."""
        return self.walks(agent) and (not self.field or self.field in agent.offers)

    @abstractmethod
    def marks(self, scene: Scene) -> tuple[Mark, ...]:
        """What to paint; nothing where there is nothing to show yet."""


_SIDES = ((-1, 0), (0, 1), (1, 0), (0, -1))


def by_move(scene: Scene, table: NDArray[Any]) -> Floats:
    """A table `[S, A]` as `[H, W, 4]`, up, right, down, left; NaN for a move that the world does not have."""
    grid = scene.grid(table)
    known = {(action.rows, action.columns): a for a, action in enumerate(scene.world.actions)}
    values = np.full((*grid.shape[:2], len(_SIDES)), np.nan)
    for side, move in enumerate(_SIDES):
        if move in known:
            values[:, :, side] = grid[:, :, known[move]]
    return values


def by_arm(scene: Scene, table: NDArray[Any]) -> Floats:
    """A bandit's table `[S, A]` as `[H, W]`, each action at its arm."""
    values = np.full(scene.world.terrain.shape, np.nan)
    values.ravel()[scene.world.arms] = table[np.flatnonzero(scene.live)[0]]
    return values


def tinted(
    scene: Scene,
    values: NDArray[Any],
    label: str,
    colormap: str = "cividis",
    low: float | None = None,
    high: float | None = None,
    note: str = "",
) -> tuple[Mark, ...]:
    """Values `[S]` as a heatmap with numbers, `[S, A]` as triangles, those of a bandit at its arms.

    The scale reaches from `low` to `high`, where they are not given over all values.
    """
    bandit = values.ndim == 2 and len(scene.world.arms) > 0
    triangles = values.ndim == 2 and not bandit
    grid = by_move(scene, values) if triangles else by_arm(scene, values) if bandit else scene.grid(values)
    if not np.isfinite(grid).any():
        return ()
    least, most = span(grid)
    ends = least if low is None else low, most if high is None else high
    if ends[1] <= ends[0]:
        ends = ends[0], ends[0] + 1.0
    if triangles:
        return (Triangles(grid, *ends, colormap, label, note),)
    return Heatmap(grid, *ends, colormap, label, note), labels(grid)


def span(*fields: Floats) -> tuple[float, float]:
    """Ends of a colour scale over the finite values of some fields; a constant gets room on both sides."""
    values = np.concatenate([field[np.isfinite(field)] for field in fields])
    if values.size == 0:
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    room = max(abs(low), abs(high), 1.0)
    if high - low > 1e-9 * room:
        return low, high
    return low - 0.5 * room, high + 0.5 * room


def labels(values: Floats) -> Labels:
    """The numbers of a field `[H, W]`, with as many digits as tell its ends apart."""
    low, high = span(values)
    return Labels(values, decimals(high - low))


def decimals(width: float) -> int:
    """Digits after the point that tell values apart on a scale of this width."""
    return 1 if width >= 2 else 2 if width >= 0.2 else 3


def spoken(value: float, digits: int = 1) -> str:
    """A number for a sentence, with a true minus."""
    return f"{value:.{digits}f}".replace("-", "−")


def arrows(scene: Scene, probs: Floats) -> tuple[Arrows | Badges, ...]:
    """An arrow for each likely action of a policy `[S, A]`, as long as it is likely; a share at each arm.

    A state whose actions are all equally likely has nothing to say and gets none. In a continuous world an
    arrow for the force at each place.
    """
    if scene.snapshot.played is not None:
        return _forces(scene, scene.snapshot.played.forces)
    if len(scene.world.arms):
        shares = by_arm(scene, probs)
        seen = np.argwhere(shares >= 0.005).tolist() if np.ptp(shares[np.isfinite(shares)]) > 1e-12 else []
        return (
            (Badges(tuple(Badge(r + 0.5, c + 0.5, f"{shares[r, c]:.0%}") for r, c in seen)),) if seen else ()
        )
    grid = np.nan_to_num(scene.grid(probs))
    grid[np.ptp(grid, axis=-1) < 1e-12] = 0.0
    rows, columns, actions = np.nonzero(grid)
    if rows.size == 0:
        return ()
    moves = np.array([(action.rows, action.columns) for action in scene.world.actions], np.float64)
    return (Arrows(rows, columns, moves[actions], grid[rows, columns, actions]),)


_ARROWS_PER_CELL = (3, 2, 1)
"""So many on a side of a cell, as far as its parts can be shared out."""


def _forces(scene: Scene, forces: Floats) -> tuple[Arrows, ...]:
    """Mean forces `[S, 2]` to the right and down, of neighbouring places together."""
    if not (scene.learnt and forces.size):
        return ()
    found = next(count for count in _ARROWS_PER_CELL if scene.per_cell % count == 0)
    share, grid = scene.per_cell // found, scene.grid(forces)
    height, width = found * scene.world.height, found * scene.world.width
    grid = grid.reshape(height, share, width, share, 2).mean(axis=(1, 3))
    rows, columns = np.nonzero(~np.isnan(grid[:, :, 0]))
    towards = grid[rows, columns][:, ::-1]  # rows before columns
    return (Arrows(rows, columns, towards, np.linalg.norm(towards, axis=1).clip(0.0, 1.0), found),)
