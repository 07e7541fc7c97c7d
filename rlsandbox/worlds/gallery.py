"""The built-in worlds and generators, each with its source: one row of `GALLERY` is one world."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from rlsandbox.worlds.generators import GENERATORS as GENERATORS
from rlsandbox.worlds.generators import bandit, bandit_of, generated
from rlsandbox.worlds.rules import Change, Rules
from rlsandbox.worlds.text_maps import FROZEN_LAKE, world_from_rows
from rlsandbox.worlds.toy_text import gambler, taxi
from rlsandbox.worlds.world import World

_SLIPPERY = {"alpha": 0.1, "gamma": 0.99, "epsilon": 1.0, "epsilon_schedule": "exponential"}
BOOK = "Sutton & Barto, Reinforcement Learning, 2nd ed."


@dataclass(frozen=True)
class GalleryEntry:
    """One built-in world.

    Attributes:
        id: name on the command line.
        title: name for people; the world's own name.
        description: one sentence.
        source: where the world comes from.
        make: draws it.
        suggested: hyperparameters that show something here; those left out have defaults.
        episodes: how many episodes show it.
    """

    id: str
    title: str
    description: str
    source: str
    make: Callable[[], World]
    suggested: Mapping[str, float | str] = field(default_factory=dict)
    episodes: int = 500


def _grid_4x4() -> World:
    rules = Rules(step_reward=-0.01, step_limit=100)
    return world_from_rows(("S...", "....", "....", "...G"), "Grid world 4x4", rules)


def _cliff_walking() -> World:
    rows = ("............", "............", "............", "SCCCCCCCCCCG")
    return world_from_rows(rows, "Cliff walking", Rules(step_reward=-1.0), rewards={(3, 11): -1.0})


def _frozen_lake(rows: tuple[str, ...], name: str, step_limit: int) -> World:
    pits = {(r, c): 0.0 for r, row in enumerate(rows) for c, glyph in enumerate(row) if glyph == "P"}
    return world_from_rows(
        rows, name, replace(FROZEN_LAKE, step_limit=step_limit), ground="ice", rewards=pits
    )


def _frozen_lake_4x4() -> World:
    return _frozen_lake(("S...", ".P.P", "...P", "P..G"), "Frozen lake 4x4", 100)


def _frozen_lake_8x8() -> World:
    rows = (
        "S.......",
        "........",
        "...P....",
        ".....P..",
        "...P....",
        ".PP...P.",
        ".P..P.P.",
        "...P...G",
    )
    return _frozen_lake(rows, "Frozen lake 8x8", 200)


def _windy(name: str, moves: int, wind_random: bool = False) -> World:
    rows = ["." * 10] * 3 + ["S......G.."] + ["." * 10] * 3
    rules = Rules(moves=moves, step_reward=-1.0, wind_random=wind_random)
    world = world_from_rows(rows, name, rules, rewards={(3, 7): -1.0})
    wind = world.wind.copy()
    wind[:, :, 0] = [-strength for strength in (0, 0, 0, 1, 1, 1, 2, 2, 1, 0)]
    return world.replace(wind=wind)


def _russell_norvig_4x3() -> World:
    # The book pays for being in a cell, we pay for entering it: a terminal's +-1 comes with the step's -0.04.
    rules = Rules(slip=0.2, step_reward=-0.04)
    rewards = {(0, 3): 0.96, (1, 3): -1.04}
    return world_from_rows(("...G", ".#.P", "S..."), "Russell & Norvig 4x3", rules, rewards=rewards)


def _dyna_maze() -> World:
    rows = (".......#G", "..#....#.", "S.#....#.", "..#......", ".....#...", ".........")
    return world_from_rows(rows, "Dyna maze")


def _changing_maze(name: str, barrier: str, change: Change) -> World:
    rows = ("........G", ".........", ".........", barrier, ".........", "...S.....")
    return world_from_rows(rows, name).replace(schedule=(change,))


def _blocking_maze() -> World:
    change = Change(1000, ((3, 0, "floor"), (3, 8, "wall")))
    return _changing_maze("Blocking maze", "########.", change)


def _shortcut_maze() -> World:
    return _changing_maze("Shortcut maze", ".########", Change(3000, ((3, 8, "floor"),)))


def _four_rooms() -> World:
    rows = (
        "#############",
        "#S....#.....#",
        "#.....#.....#",
        "#...........#",
        "#.....#.....#",
        "#.....#.....#",
        "##.####.....#",
        "#.....###G###",
        "#.....#.....#",
        "#.....#.....#",
        "#...........#",
        "#.....#.....#",
        "#############",
    )
    # "random" counts the intended move in: 4/9 leaves it 2/3 and each other move 1/9, as in the paper.
    return world_from_rows(rows, "Four rooms", Rules(slip=4 / 9, slip_kind="random", step_limit=1000))


def _random_walk_19() -> World:
    return world_from_rows(("P" + "." * 9 + "S" + "." * 9 + "G",), "Random walk (19 states)", Rules(moves=2))


def _deep_sea() -> World:
    size, toll = 10, 0.01 / 10
    rows = ["S" + "." * size] + ["." * (size + 1)] * (size - 1) + ["P" * size + "G"]
    rewards = {(k, k): -toll for k in range(1, size)}
    rewards |= {(size, k): 0.0 for k in range(size)} | {(size, size): 1.0 - toll}
    world = world_from_rows(rows, "Deep sea", Rules(moves=2), rewards=rewards)
    wind = world.wind.copy()
    wind[:size, :, 0] = 1
    return world.replace(wind=wind)


def _key_door() -> World:
    rows = ("#########", "#S..#...#", "#...#...#", "#...D...#", "#...#...#", "#k..#..G#", "#########")
    return world_from_rows(rows, "Key and door", Rules(step_reward=-0.01, step_limit=200))


GALLERY: dict[str, GalleryEntry] = {
    entry.id: entry
    for entry in (
        GalleryEntry(
            "grid_4x4",
            "Grid world 4x4",
            "From the top left to the goal (+1) at the bottom right, each step costs 0.01.",
            "course classic",
            _grid_4x4,
            {"alpha": 0.1, "gamma": 0.99},
        ),
        GalleryEntry(
            "cliff_walking",
            "Cliff walking",
            "Along a cliff that costs 100 and sends back to the start; a step costs 1.",
            f"{BOOK}, example 6.6",
            _cliff_walking,
            {"alpha": 0.5, "gamma": 1.0},
        ),
        GalleryEntry(
            "frozen_lake_4x4",
            "Frozen lake 4x4",
            "Slippery ice with holes: a move goes astray two times in three.",
            "Gymnasium, FrozenLake-v1",
            _frozen_lake_4x4,
            _SLIPPERY,
            20_000,
        ),
        GalleryEntry(
            "frozen_lake_8x8",
            "Frozen lake 8x8",
            "The larger lake: slippery ice with ten holes on the way.",
            "Gymnasium, FrozenLake8x8-v1",
            _frozen_lake_8x8,
            _SLIPPERY,
            50_000,
        ),
        GalleryEntry(
            "windy",
            "Windy grid world",
            "An upward wind of varying strength pushes every move; 15 steps are the best.",
            f"{BOOK}, example 6.5",
            lambda: _windy("Windy grid world", 4),
            {"alpha": 0.5, "gamma": 1.0},
        ),
        GalleryEntry(
            "windy_kings",
            "Windy grid world, king's moves",
            "The windy grid world with diagonal moves: 7 steps are the best.",
            f"{BOOK}, exercise 6.9",
            lambda: _windy("Windy grid world, king's moves", 8),
            {"alpha": 0.5, "gamma": 1.0},
        ),
        GalleryEntry(
            "windy_stochastic",
            "Windy grid world, stochastic",
            "King's moves, and each wind blows one weaker, as drawn or one stronger.",
            f"{BOOK}, exercise 6.10",
            lambda: _windy("Windy grid world, stochastic", 8, wind_random=True),
            {"alpha": 0.1, "gamma": 1.0},
            2_000,
        ),
        GalleryEntry(
            "russell_norvig_4x3",
            "Russell & Norvig 4x3",
            "The 4x3 world: one move in five slips sideways, a step costs 0.04.",
            "Russell & Norvig, Artificial Intelligence, chapter 17",
            _russell_norvig_4x3,
            {"alpha": 0.1, "gamma": 1.0},
            2_000,
        ),
        GalleryEntry(
            "dyna_maze",
            "Dyna maze",
            "A small maze with +1 at the goal alone; 14 steps are the best.",
            f"{BOOK}, example 8.1",
            _dyna_maze,
            {"alpha": 0.5, "gamma": 0.95},
        ),
        GalleryEntry(
            "blocking_maze",
            "Blocking maze",
            "After 1,000 steps the short way on the right closes and a long one on the left opens.",
            f"{BOOK}, example 8.2",
            _blocking_maze,
            {"alpha": 0.5, "gamma": 0.95},
        ),
        GalleryEntry(
            "shortcut_maze",
            "Shortcut maze",
            "After 3,000 steps a shorter way opens on the right, and the old one stays.",
            f"{BOOK}, example 8.3",
            _shortcut_maze,
            {"alpha": 0.5, "gamma": 0.95},
        ),
        GalleryEntry(
            "four_rooms",
            "Four rooms",
            "Four rooms joined by hallways; a move goes elsewhere one time in three.",
            "Sutton, Precup & Singh, 1999",
            _four_rooms,
            {"alpha": 0.25, "gamma": 0.99},
            1_000,
        ),
        GalleryEntry(
            "random_walk_19",
            "Random walk (19 states)",
            "A corridor of 19 states that pays -1 at its left end and +1 at its right end.",
            f"{BOOK}, example 7.1",
            _random_walk_19,
            {"alpha": 0.1, "gamma": 1.0},
        ),
        GalleryEntry(
            "deep_sea",
            "Deep sea",
            "Sinking one row a step, only ten moves to the right find the treasure; unlike in bsuite a move "
            "to the right costs 0.001 on the treasure's diagonal alone, and actions are not shuffled.",
            "after Osband et al., Behaviour Suite for RL, 2020",
            _deep_sea,
            {"alpha": 0.5, "gamma": 0.99, "initial_q": 1.0, "epsilon": 0.0},
            1_000,
        ),
        GalleryEntry(
            "key_door",
            "Key and door",
            "The goal lies behind a door: fetch the key first.",
            "after MiniGrid's DoorKey",
            _key_door,
            {"alpha": 0.5, "gamma": 0.95},
        ),
        GalleryEntry(
            "ten_armed_testbed",
            "Ten-armed testbed",
            "Ten arms that pay with spread 1 about means drawn from a standard normal, one draw of them.",
            f"{BOOK}, section 2.3",
            lambda: bandit(10, 0).replace(name="Ten-armed testbed"),
            {"alpha": 0.1, "gamma": 1.0, "epsilon": 0.1},
            1_000,
        ),
        GalleryEntry(
            "drifting_testbed",
            "Drifting testbed",
            "Ten arms whose means all begin at 0 and walk at random, by 0.01 each step.",
            f"{BOOK}, exercise 2.5",
            lambda: bandit_of(np.zeros(10), "Drifting testbed", drift=0.01),
            {"alpha": 0.1, "gamma": 1.0, "epsilon": 0.1},
            10_000,
        ),
        GalleryEntry(
            "gambler",
            "Gambler's problem",
            "Stakes on a coin that wins four times in ten, until 100 or nothing; row and column are the tens "
            "and ones of the capital, and a stake that is too high counts as the highest that is allowed.",
            f"{BOOK}, example 4.3",
            gambler,
            {"alpha": 0.1, "gamma": 1.0},
            20_000,
        ),
        GalleryEntry(
            "taxi",
            "Taxi",
            "Fetch a passenger and bring them to their goal; what is carried stands for both places.",
            "Gymnasium, Taxi; after Dietterich, 2000",
            taxi,
            {"alpha": 0.5, "gamma": 0.99},
            5_000,
        ),
    )
}
"""The built-in worlds by id, in the order in which they are shown."""


def gallery() -> dict[str, GalleryEntry]:
    """The built-in worlds by id, in the order in which they are shown."""
    return dict(GALLERY)


def gallery_world(name: str) -> World | None:
    """The world of a gallery id or a generator with its arguments (`maze:21:0`); None if the name is neither.

    Raises:
        SandboxError: a generator's arguments are wrong.
    """
    if name in GALLERY:
        return GALLERY[name].make()
    return generated(name)
