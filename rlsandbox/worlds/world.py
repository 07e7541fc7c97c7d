"""World: the immutable drawing and its rules. Every edit makes a new World."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsandbox.worlds.rules import Action, Cell, Change, Link, Rules
from rlsandbox.worlds.tiles import CODE, FLOOR, NOTHING, TILE_BY_ID, TILES, Layer, Rule, Tile
from rlsandbox.worlds.validation import LAYERS, check_size, check_world, tile_named
from rlsandbox.worlds.validation import MAX_SIDE as MAX_SIDE


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

    # -- making ------------------------------------------------------------------------------------

    def __post_init__(self) -> None:
        """Freeze the layers and check that they fit together.

        Raises:
            SandboxError: something does not fit; the message names the cell.
        """
        for name, dtype in LAYERS.items():
            layer = np.asarray(getattr(self, name))
            frozen = not layer.flags.writeable and layer.flags.c_contiguous and layer.base is None
            if frozen and layer.dtype == dtype:
                continue  # from another world, hence checked and frozen already
            if dtype is np.int8 and layer.dtype != np.int8:
                layer = np.clip(layer, -128, 127)  # too much stays too much
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
        shape = (height, width)
        return cls(
            name=name,
            terrain=np.full(shape, FLOOR, np.int8),
            objects=np.full(shape, NOTHING, np.int8),
            wind=np.zeros((*shape, 2), np.int8),
            reward=np.full(shape, np.nan),
            reward_sd=np.zeros(shape),
            slip=np.full(shape, np.nan),
            weight=np.ones(shape),
            rules=rules or Rules(),
        )

    def replace(self, **changes: Any) -> World:
        """The same world with some fields changed."""
        return dataclasses.replace(self, **changes)

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
        inside = [(r, c) for r, c in cells if 0 <= r < self.height and 0 <= c < self.width]
        layers = {name: getattr(self, name).copy() for name in LAYERS}
        for r, c in inside:
            if tile.layer is Layer.WIND:
                layers["wind"][r, c] = np.clip(wind or (-1, 0), -128, 127)
                continue
            if tile.layer is Layer.TERRAIN:
                if layers["terrain"][r, c] != CODE[tile_id]:
                    _reset_cell(layers, r, c)
                layers["terrain"][r, c] = CODE[tile_id]
                if not _carries_objects(tile) or tile_id == "floor":
                    layers["objects"][r, c] = NOTHING
            else:
                if layers["objects"][r, c] != CODE[tile_id]:
                    _reset_cell(layers, r, c)
                layers["objects"][r, c] = CODE[tile_id]
                if not _carries_objects(TILES[layers["terrain"][r, c]]):
                    layers["terrain"][r, c] = FLOOR
        return self.replace(**layers, links=_live_links(self.links, layers["objects"]))

    def erased(self, cells: Iterable[Cell]) -> World:
        """Give cells back their bare floor, without wind."""
        inside = [(r, c) for r, c in cells if 0 <= r < self.height and 0 <= c < self.width]
        wind = self.wind.copy()
        for r, c in inside:
            wind[r, c] = 0
        return self.replace(wind=wind).painted(inside, "floor")

    def with_cell(self, cell: Cell, **values: Any) -> World:
        """Set a cell's own `reward`, `reward_sd`, `slip`, `weight` or `wind`."""
        layers = {}
        for name, value in values.items():
            layer = getattr(self, name).astype(np.int64 if name == "wind" else np.float64)
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

    @property
    def actions(self) -> tuple[Action, ...]:
        """The actions in the order of their numbers."""
        return self.rules.actions

    @cached_property
    def inventory(self) -> int:
        """Number of different things that an agent may carry, with nothing: 1 without keys, 2 with one.

        Doors and what the schedule will bring count as well, so that they add no states on the way.
        """
        coming = (TILE_BY_ID[tile_id] for change in self.schedule for _, _, tile_id in change.tiles)
        rules = [tile.rule for tile in (*self.tiles_used, *coming)]
        things = [thing for rule in rules for thing in (rule.pickup, rule.opens_with) if thing is not None]
        return 2 ** (max(things) + 1) if things else 1

    @cached_property
    def tiles_used(self) -> tuple[Tile, ...]:
        """The tiles that stand in the drawing."""
        codes = set(np.unique(self.terrain)) | set(np.unique(self.objects)) - {NOTHING}
        return tuple(TILES[int(code)] for code in sorted(codes))

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

    def advice(self) -> tuple[str, ...]:
        """Sentences about what a learner would miss in this world; empty if all is well. It still runs."""
        sentences = []
        if self.rules.start == "drawn" and not self.cells_of("start"):
            sentences.append("No start is drawn: episodes begin on any free cell.")
        if not self.rule_layer("terminal", False).any():
            limit = "the step limit" if self.rules.step_limit else "nothing"
            sentences.append(f"No goal or pit is drawn: {limit} ends an episode.")
        return tuple(sentences)

    @cached_property
    def digest(self) -> str:
        """Hash of everything but the name: equal digests mean equal worlds."""
        hasher = hashlib.sha256(repr((self.terrain.shape, self.links, self.rules, self.schedule)).encode())
        for name in LAYERS:
            hasher.update(getattr(self, name).tobytes())
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


def _reset_cell(layers: dict[str, NDArray[Any]], r: int, c: int) -> None:
    layers["reward"][r, c] = np.nan
    layers["reward_sd"][r, c] = 0
    layers["slip"][r, c] = np.nan
    layers["weight"][r, c] = 1


def _carries_objects(tile: Tile) -> bool:
    """Whether an object may lie on this terrain."""
    return not (tile.rule.solid or tile.rule.restarts or tile.rule.opens_with is not None)


def _live_links(links: tuple[Link, ...], objects: NDArray[np.int8]) -> tuple[Link, ...]:
    return tuple(
        link
        for link in links
        if objects[link.source] != NOTHING and TILES[objects[link.source]].rule.is_portal
    )
