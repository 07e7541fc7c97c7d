"""What holds everywhere in a world, and the small values that a world is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import Field

from rlsandbox.worlds.errors import check

Cell = tuple[int, int]
LARGEST_REWARD = 1e300
MAX_SIDE = 512


@dataclass(frozen=True)
class Action:
    """One move: its name and where it points, in rows and columns."""

    name: str
    rows: int
    columns: int


_UP, _RIGHT, _DOWN, _LEFT = (
    Action("up", -1, 0),
    Action("right", 0, 1),
    Action("down", 1, 0),
    Action("left", 0, -1),
)
_DIAGONALS = (
    Action("up right", -1, 1),
    Action("down right", 1, 1),
    Action("down left", 1, -1),
    Action("up left", -1, -1),
)
_MOVES: dict[int, tuple[Action, ...]] = {
    0: (),
    2: (_LEFT, _RIGHT),
    4: (_UP, _RIGHT, _DOWN, _LEFT),
    8: (_UP, _RIGHT, _DOWN, _LEFT, *_DIAGONALS),
}
_STAY = Action("stay", 0, 0)
DIRECTIONS: dict[str, Action] = {action.name: action for action in (*_MOVES[8], _STAY)}
"""The moves by their names."""


def check_size(height: int, width: int) -> None:
    """Refuse a world that is too small or too large."""
    check(
        1 <= height <= MAX_SIDE and 1 <= width <= MAX_SIDE,
        f"a world has 1 to {MAX_SIDE} rows and columns, not {height} x {width}.",
        "size",
    )


def check_reward(value: float, place: str) -> None:
    """Refuse a reward that is not a number of a sane size."""
    check(bool(abs(value) <= LARGEST_REWARD), f"a reward must be a number up to 1e300, not {value!r}.", place)


def _number(value: float) -> float:
    return float(value) + 0.0  # no negative zero


_PLAIN: dict[str, Callable[[Any], Any]] = {
    "moves": int,
    "stay": bool,
    "slip": _number,
    "step_reward": _number,
    "bump_reward": _number,
    "wind_random": bool,
    "drift": _number,
}


def _told(**facts: Any) -> Any:
    """What the JSON Schema of the files says of a field; `Rules` itself checks it."""
    return Field(json_schema_extra=facts)


@dataclass(frozen=True)
class Rules:
    """The rules that hold everywhere in a world.

    Attributes:
        moves: 4 (up, right, down, left), 8 (and the diagonals), 2 (left, right: a corridor) or 0 (a bandit:
            an action pulls an arm, wherever the agent stands).
        stay: whether standing still is an action as well (the last one).
        slip: chance in [0, 1] that a move goes elsewhere; ice and single cells may have their own.
        slip_kind: "perpendicular" (half of it to each side, as FrozenLake has it) or "random" (any move,
            uniformly, the intended one among them).
        step_reward: paid for every step that ends in a cell without a reward of its own.
        bump_reward: added when a wall or the edge stopped the move.
        step_limit: an episode is truncated after so many steps; None lets it go on.
        start: "drawn" (start tiles by weight) or "uniform" (all free cells).
        wind_random: each wind blows one weaker, as drawn, or one stronger, a third of the time each.
        drift: standard deviation of the random walk that the mean of every arm takes each step.
    """

    # how files are checked: no text for a number, no unknown names, no NaN
    __pydantic_config__ = {"strict": True, "extra": "forbid", "allow_inf_nan": False}  # noqa: RUF012

    moves: Annotated[int, _told(enum=sorted(_MOVES))] = 4
    stay: bool = False
    slip: Annotated[float, _told(minimum=0, maximum=1)] = 0.0
    slip_kind: Annotated[str, _told(enum=["perpendicular", "random"])] = "perpendicular"
    step_reward: float = 0.0
    bump_reward: float = 0.0
    step_limit: int | None = None
    start: Annotated[str, _told(enum=["drawn", "uniform"])] = "drawn"
    wind_random: bool = False
    drift: float = field(default=0.0, repr=False)  # worlds of before keep their hash

    def __post_init__(self) -> None:
        """Check every field.

        Raises:
            SandboxError: a value is outside its range.
        """
        check(self.moves in _MOVES, f"moves must be 0, 2, 4 or 8, not {self.moves!r}.", "rules.moves")
        check(not (self.stay and self.moves == 0), "a bandit has no moves: turn stay off.", "rules.stay")
        check(0 <= self.slip <= 1, f"slip must lie between 0 and 1, not {self.slip!r}.", "rules.slip")
        check(
            self.slip_kind in ("perpendicular", "random"),
            f"slip_kind must be 'perpendicular' or 'random', not {self.slip_kind!r}.",
            "rules.slip_kind",
        )
        for name in ("step_reward", "bump_reward"):
            check_reward(getattr(self, name), f"rules.{name}")
        check(
            0 <= self.drift <= LARGEST_REWARD,
            f"drift must be a number of 0 or more, not {self.drift!r}.",
            "rules.drift",
        )
        check(
            self.drift == 0 or self.moves == 0,
            "only the arms of a bandit drift: set moves to 0, or drift to 0.",
            "rules.drift",
        )
        check(
            self.step_limit is None or 1 <= self.step_limit <= 10**9,
            f"step_limit must be at least 1 or absent, not {self.step_limit!r}.",
            "rules.step_limit",
        )
        check(
            self.start in ("drawn", "uniform"),
            f"start must be 'drawn' or 'uniform', not {self.start!r}.",
            "rules.start",
        )
        for name, kind in _PLAIN.items():  # equal rules print alike, and so have one hash
            object.__setattr__(self, name, kind(getattr(self, name)))
        if self.step_limit is not None:
            object.__setattr__(self, "step_limit", int(self.step_limit))

    @property
    def directions(self) -> tuple[Action, ...]:
        """The moves in the order of their numbers; none in a bandit."""
        return _MOVES[self.moves] + ((_STAY,) if self.stay else ())


@dataclass(frozen=True)
class Link:
    """A teleporter's way: who lands on `source` goes on to `target`."""

    source: Cell
    target: Cell

    def __post_init__(self) -> None:
        """Plain numbers, so that equal links print alike."""
        for name in ("source", "target"):
            row, column = getattr(self, name)
            object.__setattr__(self, name, (int(row), int(column)))


@dataclass(frozen=True)
class Change:
    """An edit that happens by itself when a replica has made `step` steps (the blocking maze)."""

    step: int
    tiles: tuple[tuple[int, int, str], ...]

    def __post_init__(self) -> None:
        """Plain numbers, so that equal changes print alike."""
        object.__setattr__(self, "step", int(self.step))
        object.__setattr__(self, "tiles", tuple((int(r), int(c), tile_id) for r, c, tile_id in self.tiles))
