"""Random worlds for hypothesis."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from rlsandbox.worlds.rules import Change, Link, Rules
from rlsandbox.worlds.tiles import CODE, NOTHING, TILES, Layer
from rlsandbox.worlds.world import World

TERRAINS = [CODE[tile.id] for tile in TILES if tile.layer is Layer.TERRAIN]
OBJECTS = [CODE[tile.id] for tile in TILES if tile.layer is Layer.OBJECT and not tile.rule.once]
SEEDS = st.integers(0, 2**32 - 1)

RULES = st.builds(
    Rules,
    moves=st.sampled_from((2, 4, 8)),
    stay=st.booleans(),
    slip=st.sampled_from((0.0, 0.2, 1.0)),
    slip_kind=st.sampled_from(("perpendicular", "random")),
    step_reward=st.floats(-1e300, 1e300),
    bump_reward=st.sampled_from((0.0, -0.5)),
    step_limit=st.none() | st.integers(1, 10**9),
    start=st.sampled_from(("drawn", "uniform")),
    wind_random=st.booleans(),
)

BANDIT_RULES = st.builds(Rules, moves=st.just(0), drift=st.sampled_from((0.0, 0.01)))


def random_world(seed: int, height: int, width: int, rules: Rules, name: str = "random") -> World:
    """A world in which anything may lie anywhere; the cell in the corner stays free."""
    rng = np.random.default_rng(seed)
    shape = (height, width)

    def some(share: float) -> np.ndarray:
        return rng.random(shape) < share

    colour = int(rng.integers(4))  # each thing doubles the states: one colour of keys and two coins are many
    objects = np.where(some(0.25), rng.choice(_without_other_keys(OBJECTS, colour), shape), NOTHING)
    terrain = np.where(some(0.4), rng.choice(_without_other_keys(TERRAINS, colour), shape), CODE["floor"])
    for _ in range(int(rng.integers(3))):
        objects[rng.integers(height), rng.integers(width)] = CODE["coin"]
    terrain[0, 0], objects[0, 0] = CODE["floor"], NOTHING
    portals = [(int(r), int(c)) for r, c in np.argwhere(objects == CODE["teleporter"])]
    links = tuple(
        Link(cell, (int(rng.integers(height)), int(rng.integers(width))))
        for cell in portals
        if rng.random() < 0.8
    )
    steps = sorted(rng.choice(1000, int(rng.integers(3)), replace=False).tolist())
    ids = [TILES[code].id for code in _without_other_keys([*OBJECTS, *TERRAINS], colour)]
    schedule = tuple(
        Change(
            step, ((int(rng.integers(height)), int(rng.integers(width)), ids[int(rng.integers(len(ids)))]),)
        )
        for step in steps
    )
    return World(
        name=name,
        terrain=terrain.astype(np.int8),
        objects=objects.astype(np.int8),
        wind=np.where(some(0.2)[..., None], rng.integers(-2, 3, (*shape, 2)), 0).astype(np.int8),
        reward=np.where(some(0.2), rng.normal(size=shape), np.nan),
        reward_sd=np.where(some(0.1), rng.random(shape), 0.0),
        slip=np.where(some(0.2), rng.random(shape), np.nan),
        weight=np.where(some(0.2), rng.random(shape) + 0.1, 1.0),
        links=links,
        rules=rules,
        schedule=schedule,
        potential=np.where(some(0.2), rng.normal(size=shape), 0.0) * (rng.random() < 0.5),
        policy=np.where(some(0.3) & (rng.random() < 0.5), _actions(rng, rules, objects), -1).astype(np.int16),
    )


def _without_other_keys(codes: list[int], colour: int) -> list[int]:
    """The tiles, with keys and doors of one colour alone."""
    rules = {code: TILES[code].rule for code in codes}
    return [code for code, rule in rules.items() if {rule.pickup, rule.opens_with} <= {None, colour}]


def _actions(rng: np.random.Generator, rules: Rules, objects: np.ndarray) -> np.ndarray:
    """An action for every cell; -1 where there is none."""
    count = len(rules.directions) or np.count_nonzero(objects == CODE["arm"])
    return rng.integers(-1, count, size=objects.shape)


def worlds(largest: int = 8) -> st.SearchStrategy[World]:
    sides = st.integers(1, largest)
    rules = RULES | BANDIT_RULES
    names = st.text(st.characters(codec="utf-8"), max_size=20).filter(str.isprintable)
    return st.builds(random_world, SEEDS, sides, sides, rules, names)
