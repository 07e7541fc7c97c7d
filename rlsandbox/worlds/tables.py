"""Worlds that are not drawn: any finite Markov decision process as a table of its transitions."""

from __future__ import annotations

import functools
import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rlsandbox.worlds.errors import check
from rlsandbox.worlds.rules import DIRECTIONS, LARGEST_REWARD, Action, check_size
from rlsandbox.worlds.tiles import CODE

MAX_TRANSITIONS = 100_000
MAX_ACTIONS = 1000
MAX_INVENTORY = 2**20
_TOLERANCE = 1e-9

_COLUMNS: dict[str, type[np.generic]] = {
    "state": np.int64,
    "action": np.int64,
    "next_state": np.int64,
    "prob": np.float64,
    "reward": np.float64,
    "terminal": np.bool_,
    "start_state": np.int64,
    "start_prob": np.float64,
}


@dataclass(frozen=True, eq=False, repr=False)
class Tables:
    """The transitions of a finite Markov decision process, T in number, and where its episodes begin.

    States are laid out on H rows and W columns, `inventory` in a cell: `cell * inventory + carried`. A state
    without transitions is an end, which is entered by terminal transitions alone.

    Attributes:
        shape: (H, W) of the layout.
        inventory: states in a cell.
        actions: names of the actions; those of moves (`rules.DIRECTIONS`) point somewhere.
        state, action, next_state: `[T]` int64.
        prob: `[T]` float64 above 0; those of a state and action sum to 1 within 1e-9.
        reward: `[T]` float64.
        terminal: `[T]` bool.
        start_state: `[M]` int64.
        start_prob: `[M]` float64 above 0, which sum to 1 within 1e-9.
        gamma: the discount that suits it, or None.
        description: a sentence for people.
    """

    shape: tuple[int, int]
    inventory: int
    actions: tuple[str, ...]
    state: NDArray[np.int64]
    action: NDArray[np.int64]
    next_state: NDArray[np.int64]
    prob: NDArray[np.float64]
    reward: NDArray[np.float64]
    terminal: NDArray[np.bool_]
    start_state: NDArray[np.int64]
    start_prob: NDArray[np.float64]
    gamma: float | None = None
    description: str = ""

    def __post_init__(self) -> None:
        """Freeze the columns and check everything.

        Raises:
            SandboxError: something does not fit; the place names the transition.
        """
        for name, dtype in _COLUMNS.items():
            column: NDArray[Any] = np.array(getattr(self, name), dtype)
            if dtype is np.float64:
                column = column + 0.0  # no negative zero
            column.setflags(write=False)
            object.__setattr__(self, name, column)
        self._check_frame()
        self._check_columns()
        self._check_sums()

    def _check_frame(self) -> None:
        check_size(*self.shape)
        check(1 <= self.inventory <= MAX_INVENTORY, f"inventory is from 1 to {MAX_INVENTORY:,}.", "inventory")
        check(
            1 <= len(self.actions) <= MAX_ACTIONS,
            f"there are from 1 to {MAX_ACTIONS:,} actions, not {len(self.actions):,}.",
            "actions",
        )
        for k, name in enumerate(self.actions):
            check(
                0 < len(name) <= 40 and name.isprintable(),
                "an action's name is a line of at most 40 characters.",
                f"actions[{k}]",
            )
        check(len(set(self.actions)) == len(self.actions), "two actions have the same name.", "actions")
        check(
            self.gamma is None or 0 <= self.gamma <= 1,
            f"gamma lies from 0 to 1, not {self.gamma!r}.",
            "gamma",
        )
        check(
            len(self.description) <= 2000 and self.description.isprintable(),
            "a description is a line of at most 2,000 characters.",
            "description",
        )

    def _check_columns(self) -> None:
        n, columns = len(self.state), ("state", "action", "next_state", "prob", "reward", "terminal")
        check(
            all(getattr(self, name).shape == (n,) for name in columns),
            "the columns of the table differ in length.",
            "transitions",
        )
        check(
            1 <= n <= MAX_TRANSITIONS,
            f"a table has from 1 to {MAX_TRANSITIONS:,} transitions, not {n:,}.",
            "transitions",
        )
        states = self.n_states
        for name, limit in (("state", states), ("action", len(self.actions)), ("next_state", states)):
            column = getattr(self, name)
            _check_rows((column < 0) | (column >= limit), f"{name} must be from 0 to {limit - 1:,}.")
        _check_rows(~((self.prob > 0) & (self.prob <= 1 + _TOLERANCE)), "a probability is above 0, up to 1.")
        _check_rows(~(np.abs(self.reward) <= LARGEST_REWARD), "the reward must be a number up to 1e300.")
        check(
            self.start_state.shape == self.start_prob.shape == (len(self.start_state),),
            "start is a list of states with probabilities.",
            "start",
        )
        _check_rows(
            (self.start_state < 0) | (self.start_state >= states),
            f"a start must be from 0 to {states - 1:,}.",
            "start",
        )
        _check_rows(~(self.start_prob > 0), "a probability is above 0, up to 1.", "start")

    def _check_sums(self) -> None:
        pairs, which = np.unique(self.pair, return_inverse=True)
        sums = np.bincount(which, self.prob)
        off = np.flatnonzero(np.abs(sums - 1) > _TOLERANCE)
        if off.size:
            s, a = divmod(int(pairs[off[0]]), len(self.actions))
            check(
                False,
                f"the probabilities of action {self.actions[a]!r} sum to {sums[off[0]]:.12g}, not to 1.",
                f"transitions, state {s}",
            )
        live, count = np.unique(pairs // len(self.actions), return_counts=True)
        short = np.flatnonzero(count < len(self.actions))
        if short.size:
            s = int(live[short[0]])
            known = set(self.action[self.state == s].tolist())
            lacking = next(name for a, name in enumerate(self.actions) if a not in known)
            check(
                False,
                f"action {lacking!r} leads nowhere: give every action of a state transitions.",
                f"transitions, state {s}",
            )
        _check_rows(
            ~self.terminal & ~np.isin(self.next_state, live),
            "this leads to a state without transitions: mark it terminal, or say how that state goes on.",
        )
        total = float(self.start_prob.sum())
        check(abs(total - 1) <= _TOLERANCE, f"the probabilities sum to {total:.12g}, not to 1.", "start")
        check(len(set(self.start_state.tolist())) == len(self.start_state), "a start stands twice.", "start")
        _check_rows(~np.isin(self.start_state, live), "an episode begins in an end.", "start")

    @property
    def n_states(self) -> int:
        """S."""
        return self.shape[0] * self.shape[1] * self.inventory

    @property
    def pair(self) -> NDArray[np.int64]:
        """`[T]`: state and action as one number."""
        return self.state * len(self.actions) + self.action

    @functools.cached_property
    def most_outcomes(self) -> int:
        """K: most transitions of a state and action."""
        return int(np.unique(self.pair, return_counts=True)[1].max())

    @functools.cached_property
    def moves(self) -> tuple[Action, ...]:
        """The actions; those that are no moves point nowhere."""
        return tuple(DIRECTIONS.get(name, Action(name, 0, 0)) for name in self.actions)

    @functools.cached_property
    def terrain(self) -> NDArray[np.int8]:
        """`[H, W]`: floor, and walls where the layout has no state."""
        terrain = np.full(self.shape, CODE["wall"], np.int8)
        for column in (self.state, self.next_state, self.start_state):
            terrain.ravel()[column // self.inventory] = CODE["floor"]
        terrain.setflags(write=False)
        return terrain

    @functools.cached_property
    def digest(self) -> str:
        """Hash of everything."""
        frame = (self.shape, self.inventory, self.actions, self.gamma, self.description)
        hasher = hashlib.sha256(repr(frame).encode())
        for name in _COLUMNS:
            hasher.update(getattr(self, name).tobytes())
        return hasher.hexdigest()

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies and pickles are made anew from the fields: checked, frozen and without caches."""
        return Tables, tuple(getattr(self, f.name) for f in fields(self))

    def start(self) -> NDArray[np.float64]:
        """`[S]`: start distribution."""
        start = np.zeros(self.n_states)
        start[self.start_state] = self.start_prob / self.start_prob.sum()
        return start

    def outcomes(self) -> tuple[list[NDArray[Any]], NDArray[np.bool_]]:
        """The five arrays `[S, A, K]` of the model, equal outcomes merged, and `live` `[S]`."""
        # equal outcomes become one, at the place of the first of them
        alike = (self.pair, self.next_state, self.reward, self.terminal)
        order = np.lexsort(alike[::-1])
        new = np.ones(len(order), np.bool_)
        new[1:] = np.logical_or.reduce([np.diff(column[order]) != 0 for column in alike])
        prob, first = np.add.reduceat(self.prob[order], np.flatnonzero(new)), order[new]
        order = np.lexsort((first, self.pair[first]))
        first, prob = first[order], prob[order]
        pair = self.pair[first]
        begins = np.flatnonzero(np.diff(pair, prepend=-1))
        count = np.diff(begins, append=len(pair))
        k = np.arange(len(pair)) - np.repeat(begins, count)
        prob /= np.repeat(np.add.reduceat(prob, begins), count)
        s, a = np.divmod(pair, len(self.actions))
        shape = (self.n_states, len(self.actions), int(count.max()))
        columns = (
            self.next_state[first],
            prob,
            self.reward[first],
            np.zeros(len(pair)),
            self.terminal[first],
        )
        arrays = []
        for column, dtype in zip(
            columns, (np.int32, np.float64, np.float64, np.float64, np.bool_), strict=True
        ):
            array = np.zeros(shape, dtype)
            array[s, a, k] = column
            arrays.append(array)
        live = np.zeros(self.n_states, np.bool_)
        live[self.state] = True
        ends = np.flatnonzero(~live)  # an end leads to itself, as a goal does
        arrays[0][ends, :, 0], arrays[1][ends, :, 0], arrays[4][ends, :, 0] = ends[:, None], 1.0, True
        return arrays, live


def layout(n_states: int) -> tuple[int, int]:
    """(H, W) for states without a layout: one row up to 64, else about as high as wide."""
    width = n_states if n_states <= 64 else math.ceil(math.sqrt(n_states))
    return -(-n_states // width), width


def tables_from_gymnasium(
    transitions: Mapping[int, Mapping[int, Sequence[tuple[float, int, float, bool]]]],
    start: ArrayLike,
    actions: Sequence[str],
    shape: tuple[int, int] | None = None,
    inventory: int = 1,
    gamma: float | None = None,
    description: str = "",
) -> Tables:
    """Tables of Gymnasium's toy-text form.

    Args:
        transitions: `env.unwrapped.P`: state -> action -> (probability, next state, reward, terminated).
        start: `[S]` start distribution, `env.unwrapped.initial_state_distrib`.
        actions: names of the actions.
        shape: rows and columns of the layout; without it one is made.
        inventory: states in a cell.
        gamma: the discount that suits it.
        description: a sentence for people.

    Raises:
        SandboxError: the tables do not fit together.
    """
    rows = [
        (s, a, int(n), float(p), float(reward), bool(done))
        for s, choices in transitions.items()
        for a, outcomes in choices.items()
        for p, n, reward, done in outcomes
        if p > 0 and not _is_end(s, choices)
    ]
    check(bool(rows), "there are no transitions.", "P")
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    begins = np.asarray(start, np.float64)
    starts = np.flatnonzero(begins)
    return Tables(
        shape or layout(-(-len(transitions) // inventory)),
        inventory,
        tuple(actions),
        *columns,
        start_state=starts,
        start_prob=begins[starts],
        gamma=gamma,
        description=description,
    )


def _is_end(s: int, choices: Mapping[int, Sequence[tuple[float, int, float, bool]]]) -> bool:
    """Whether a state only ends, again and again, without pay: Gymnasium's way of writing an end."""
    return all(
        n == s and reward == 0 and done for outcomes in choices.values() for _, n, reward, done in outcomes
    )


def _check_rows(bad: NDArray[np.bool_], sentence: str, place: str = "transitions") -> None:
    if bad.any():
        check(False, sentence, f"{place}[{int(np.argmax(bad))}]")
