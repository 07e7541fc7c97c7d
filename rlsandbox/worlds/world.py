"""World: the immutable drawing and its rules. Every edit makes a new World."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rlsandbox.worlds.advice import advice
from rlsandbox.worlds.rules import MAX_SIDE as MAX_SIDE
from rlsandbox.worlds.rules import Action, Cell, Change, Link, Rules, check_size
from rlsandbox.worlds.tables import Tables
from rlsandbox.worlds.things import MOST_THINGS, Things, things_of
from rlsandbox.worlds.tiles import CODE, FLOOR, NOTHING, TILES, Layer, Rule, Tile
from rlsandbox.worlds.validation import LAYERS, NOTES, blank_layer, check_world, is_blank, tile_named

if TYPE_CHECKING:
    from rlsandbox.worlds.mdp import TabularMDP


@dataclass(frozen=True, eq=False, repr=False)
class World:
    """A drawing with its rules; H rows and W columns, at most `MAX_SIDE` each.

    Attributes:
        name: shown in the title.
        terrain: `[H, W]` int8, tile numbers (`tiles.CODE`) of the terrain layer.
        objects: `[H, W]` int8, tile numbers of the object layer, `NOTHING` where there is none.
        wind: `[H, W, 2]` int8, rows and columns by which a move that begins here is pushed.
        reward: `[H, W]` float64, mean reward of a cell; NaN takes its tile's own.
        reward_sd: `[H, W]` float64, standard deviation of that reward.
        slip: `[H, W]` float64, chance of slipping from a cell; NaN takes its tile's or the world's.
        weight: `[H, W]` float64, share of a start tile among all starts.
        links: ways of the teleporters.
        rules: what holds everywhere.
        schedule: edits at given steps, in the order of their steps.
        potential: `[H, W]` float64, painted for shaping; it changes no outcome, nor does the next.
        policy: `[H, W]` int16, number of the action that somebody drew in a cell, -1 where there is none.
        tables: the transitions of a world that is not drawn; nothing but notes can then be drawn on it.
    """

    name: str
    terrain: NDArray[np.int8]
    objects: NDArray[np.int8]
    wind: NDArray[np.int8]
    reward: NDArray[np.float64]
    reward_sd: NDArray[np.float64]
    slip: NDArray[np.float64]
    weight: NDArray[np.float64]
    links: tuple[Link, ...] = ()
    rules: Rules = field(default_factory=Rules)
    schedule: tuple[Change, ...] = ()
    potential: NDArray[np.float64] = None  # type: ignore[assignment]  # blank, once the size is known
    policy: NDArray[np.int16] = None  # type: ignore[assignment]
    tables: Tables | None = None

    # -- making ------------------------------------------------------------------------------------

    def __post_init__(self) -> None:
        """Freeze the layers and check that they fit together.

        Raises:
            SandboxError: something does not fit; the message names the cell.
        """
        for name, (dtype, _) in LAYERS.items():
            if getattr(self, name) is None:
                object.__setattr__(self, name, blank_layer(name, *np.shape(self.terrain)[:2]))
            layer = np.asarray(getattr(self, name))
            frozen = not layer.flags.writeable and layer.flags.c_contiguous and layer.base is None
            if frozen and layer.dtype == dtype:
                continue  # from another world, hence frozen already
            if dtype is not np.float64 and layer.dtype != dtype:
                most = 127 if dtype is np.int8 else 2**15 - 1
                layer = np.clip(layer, -most - 1, most)  # too much stays too much
            layer = np.array(layer, dtype=dtype, order="C")
            if dtype is np.float64:  # one zero and one NaN, so that equal worlds have equal bytes
                layer[layer == 0] = 0.0
                layer[np.isnan(layer)] = np.nan
            layer.setflags(write=False)
            object.__setattr__(self, name, layer)
        check_world(self)

    @classmethod
    def blank(cls, height: int, width: int, name: str = "Untitled", rules: Rules | None = None) -> World:
        """A floor of the given size with nothing on it."""
        check_size(height, width)
        drawing = {name: blank_layer(name, height, width) for name in LAYERS}
        return cls(name=name, rules=rules or Rules(), **drawing)  # type: ignore[arg-type]

    @classmethod
    def of_tables(cls, tables: Tables, name: str = "Untitled", step_limit: int | None = None) -> World:
        """A world whose outcomes stand in a table."""
        blank = cls.blank(*tables.shape, name, Rules(step_limit=step_limit))
        return dataclasses.replace(blank, terrain=tables.terrain, tables=tables)

    def replace(self, **changes: Any) -> World:
        """The same world with some fields changed; a drawn policy keeps to the names of its actions."""
        if "policy" in changes or is_blank(self, "policy"):
            return dataclasses.replace(self, **changes)
        blank = dataclasses.replace(self, **changes, policy=None)
        if self.actions == blank.actions:
            return dataclasses.replace(blank, policy=self.policy)
        known = {action.name: number for number, action in enumerate(blank.actions)}
        numbers = np.array([*(known.get(action.name, -1) for action in self.actions), -1], np.int16)
        return dataclasses.replace(blank, policy=numbers[self.policy])

    def with_rules(self, **changes: Any) -> World:
        """The same drawing under changed rules."""
        return self.replace(rules=dataclasses.replace(self.rules, **changes))

    def painted(self, cells: Iterable[Cell], tile_id: str, wind: tuple[int, int] | None = None) -> World:
        """Paint a tile on cells; those outside the world are passed over.

        A tile that changes a cell gives it back its defaults. Terrain that nobody can stand on, and floor,
        clear the object on top; an object on such terrain brings floor with it.
        `wind` is what the wind tile paints.
        """
        tile = tile_named(tile_id)
        code = CODE[tile.id]
        at = self._inside(cells)
        if tile.layer is Layer.WIND:
            blown = self.wind.copy()
            blown[at] = np.clip(wind or (-1, 0), -128, 127)
            return self.replace(wind=blown)
        drawn = "terrain" if tile.layer is Layer.TERRAIN else "objects"
        new = getattr(self, drawn)[at] != code
        layers = {drawn: getattr(self, drawn).copy()}
        layers[drawn][at] = code
        fresh = (at[0][new], at[1][new])
        for name in ("reward", "reward_sd", "slip", "weight"):
            empty = tile.rule.reward_sd if name == "reward_sd" else LAYERS[name][1]
            if not np.array_equal(getattr(self, name)[fresh], np.full(len(fresh[0]), empty), equal_nan=True):
                layers[name] = getattr(self, name).copy()
                layers[name][fresh] = empty
        if tile.layer is Layer.OBJECT:
            bare = ~_CARRIES_OBJECTS[self.terrain[at]]
            if bare.any():
                layers["terrain"] = self.terrain.copy()
                layers["terrain"][at[0][bare], at[1][bare]] = FLOOR
        elif (not _CARRIES_OBJECTS[code] or tile_id == "floor") and (self.objects[at] != NOTHING).any():
            layers["objects"] = self.objects.copy()
            layers["objects"][at] = NOTHING
        return self.replace(**layers, links=_live_links(self.links, layers.get("objects", self.objects)))

    def _inside(self, cells: Iterable[Cell]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Rows and columns of those cells that lie in the world."""
        r, c = np.fromiter(chain.from_iterable(cells), np.int64).reshape(-1, 2).T
        inside = (r >= 0) & (r < self.height) & (c >= 0) & (c < self.width)
        return r[inside], c[inside]

    def erased(self, cells: Iterable[Cell]) -> World:
        """Give cells back their bare floor, without wind."""
        cells = list(cells)
        wind = self.wind.copy()
        wind[self._inside(cells)] = 0
        return self.replace(wind=wind).painted(cells, "floor")

    def with_cell(self, cell: Cell, **values: Any) -> World:
        """Set a cell's own `reward`, `reward_sd`, `slip`, `weight`, `wind`, `potential` or `policy`."""
        layers = {}
        for name, value in values.items():
            whole = LAYERS[name][0] is not np.float64
            layer = getattr(self, name).astype(np.int64 if whole else np.float64)
            layer[cell] = value
            layers[name] = layer
        return self.replace(**layers)

    def linked(self, source: Cell, target: Cell, both_ways: bool = False) -> World:
        """Link a teleporter to a cell, in place of its old link; `both_ways` links back as well."""
        ways = [(source, target)] + ([(target, source)] if both_ways else [])
        sources = {way[0] for way in ways}
        kept = tuple(link for link in self.links if link.source not in sources)
        return self.replace(links=kept + tuple(Link(*way) for way in ways))

    def unlinked(self, source: Cell) -> World:
        """The world without the link that begins at a cell."""
        return self.replace(links=tuple(link for link in self.links if link.source != source))

    def resized(self, height: int, width: int) -> World:
        """The drawing in a new size: cut or filled with floor at the bottom and on the right."""
        check_size(height, width)
        blank = World.blank(height, width)
        rows, columns = min(height, self.height), min(width, self.width)
        layers = {}
        for name in LAYERS:
            layer = getattr(blank, name).copy()
            layer[:rows, :columns] = getattr(self, name)[:rows, :columns]
            layers[name] = layer

        def kept(cell: Cell) -> bool:
            return cell[0] < rows and cell[1] < columns

        links = tuple(link for link in self.links if kept(link.source) and kept(link.target))
        schedule = tuple(
            Change(change.step, tuple(t for t in change.tiles if kept((t[0], t[1]))))
            for change in self.schedule
        )
        return self.replace(**layers, links=links, schedule=tuple(c for c in schedule if c.tiles))

    def at_step(self, step: int) -> World:
        """The world as its schedule has left it after `step` steps, with what is still to come."""
        world = self
        for change in (c for c in self.schedule if c.step <= step):
            for row, column, tile_id in change.tiles:
                world = world.painted([(row, column)], tile_id)
        return world.replace(schedule=tuple(c for c in self.schedule if c.step > step))

    # -- reading -----------------------------------------------------------------------------------

    @property
    def height(self) -> int:
        """Number of rows."""
        return self.terrain.shape[0]

    @property
    def width(self) -> int:
        """Number of columns."""
        return self.terrain.shape[1]

    @cached_property
    def actions(self) -> tuple[Action, ...]:
        """The actions in the order of their numbers: moves, arms in reading order, or those of the table."""
        if self.tables is not None:
            return self.tables.moves
        if self.rules.moves == 0:
            return tuple(Action(f"arm {k}", 0, 0) for k in range(1, len(self.arms) + 1))
        return self.rules.directions

    @cached_property
    def arms(self) -> NDArray[np.int64]:
        """`[A]`: the cells (`row * W + column`) of a bandit's arms in reading order."""
        return np.flatnonzero(self.rule_layer("is_arm", False))

    @cached_property
    def things(self) -> Things:
        """What an agent may carry: bit k of `carried` says whether it has thing k."""
        return things_of(self)

    @cached_property
    def inventory(self) -> int:
        """Number of states in a cell: 1 where nothing can be taken along, twice as many with each thing."""
        if self.tables is not None:
            return self.tables.inventory
        return 2 ** min(self.things.count, MOST_THINGS)

    @cached_property
    def tiles_used(self) -> tuple[Tile, ...]:
        """The tiles that stand in the drawing."""
        counts = np.bincount((self.objects.ravel() + 1).astype(np.intp), minlength=len(TILES) + 1)[1:]
        counts += np.bincount(self.terrain.ravel(), minlength=len(TILES))
        return tuple(TILES[code] for code in np.flatnonzero(counts))

    @property
    def n_states(self) -> int:
        """S: cells times what may be carried; a state is `cell * inventory + carried`."""
        return self.height * self.width * self.inventory

    def rule_layer(self, attribute: str, empty: Any) -> NDArray[Any]:
        """`[H, W, ...]`: one attribute of `Rule` for every cell, the object's before the terrain's.

        Args:
            attribute: name of a field of `Rule`.
            empty: the value where a rule leaves it out (None).
        """
        return np.take(_rule_table(attribute, empty), self._stacks, axis=0)

    @cached_property
    def _stacks(self) -> NDArray[np.intp]:
        """`[H, W]`: number of the pair (object or nothing, terrain) in each cell."""
        return (self.objects.astype(np.intp) + 1) * len(TILES) + self.terrain

    def tile_at(self, cell: Cell) -> Tile:
        """What one sees in a cell: its object, or else its terrain."""
        code = self.objects[cell] if self.objects[cell] != NOTHING else self.terrain[cell]
        return TILES[int(code)]

    def cells_of(self, tile_id: str) -> list[Cell]:
        """The cells that hold a tile, row by row."""
        layer = self.objects if tile_named(tile_id).layer is Layer.OBJECT else self.terrain
        return [(int(r), int(c)) for r, c in np.argwhere(layer == CODE[tile_id])]

    def cell_of(self, state: int) -> Cell:
        """The (row, column) of a state."""
        return divmod(state // self.inventory, self.width)

    def state_of(self, cell: Cell, carried: int = 0) -> int:
        """The number of the state in which the agent stands on a cell and carries what `carried` says."""
        return (cell[0] * self.width + cell[1]) * self.inventory + carried

    def advice(self, model: TabularMDP | None = None) -> tuple[str, ...]:
        """Sentences about what a learner would miss in this world; empty if all is well. It still runs.

        Args:
            model: the world's model; with it, goals that nobody can reach are told as well.
        """
        return advice(self, model)

    @cached_property
    def digest(self) -> str:
        """Hash of everything but the name: equal digests mean equal worlds."""
        hasher = hashlib.sha256(repr((self.terrain.shape, self.links, self.rules, self.schedule)).encode())
        for name in LAYERS:
            if name not in NOTES:
                hasher.update(getattr(self, name))
        # what worlds of before did not have counts only where it is there
        for name in NOTES:
            if not is_blank(self, name):
                hasher.update(name.encode())
                hasher.update(getattr(self, name))
        if self.rules.drift:
            hasher.update(repr(self.rules.drift).encode())
        if self.tables is not None:
            hasher.update(self.tables.digest.encode())
        return hasher.hexdigest()

    def __eq__(self, other: object) -> bool:
        """Worlds are equal when drawing, rules and name are."""
        return isinstance(other, World) and (self.name, self.digest) == (other.name, other.digest)

    def __hash__(self) -> int:
        """By content, as for every value."""
        return hash((self.name, self.digest))

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies and pickles are made anew from the fields: checked, frozen and without caches."""
        return World, tuple(getattr(self, f.name) for f in dataclasses.fields(self))

    def __repr__(self) -> str:
        """Name and size; the layers would fill the screen."""
        return f"World({self.name!r}, {self.height}x{self.width})"


@cache
def _rule_table(attribute: str, empty: Any) -> NDArray[Any]:
    """One attribute of `Rule` for every pair of `World._stacks`."""
    default = getattr(Rule(), attribute)
    values = [getattr(tile.rule, attribute) for tile in TILES]
    filled = np.array([empty if value is None else value for value in values])
    stated = np.array([value != default for value in values])
    table = np.tile(filled, (len(TILES) + 1, *[1] * filled.ndim))
    table[1:][stated] = filled[stated][:, None]
    return table.reshape(-1, *filled.shape[1:])


def _carries_objects(tile: Tile) -> bool:
    """Whether an object may lie on this terrain."""
    return not (tile.rule.solid or tile.rule.restarts or tile.rule.opens_with is not None)


_CARRIES_OBJECTS = np.array([_carries_objects(tile) for tile in TILES])


def _live_links(links: tuple[Link, ...], objects: NDArray[np.int8]) -> tuple[Link, ...]:
    return tuple(
        link
        for link in links
        if objects[link.source] != NOTHING and TILES[objects[link.source]].rule.is_portal
    )
