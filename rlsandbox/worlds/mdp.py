"""World -> TabularMDP: the exact model, as arrays that compiled kernels walk.

The rules by which a world becomes numbers stand in `outcomes`.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsandbox.worlds.compiled import kernel
from rlsandbox.worlds.errors import SandboxError, check
from rlsandbox.worlds.outcomes import fill_outcomes
from rlsandbox.worlds.rules import Cell
from rlsandbox.worlds.starts import restarting_starts, start_distribution
from rlsandbox.worlds.tiles import NOTHING, TILES
from rlsandbox.worlds.validation import MAX_ARMS
from rlsandbox.worlds.world import World

MAX_MODEL_BYTES = 512 * 2**20
_OUTCOME_BYTES = 4 + 8 + 8 + 8 + 1


@dataclass(frozen=True)
class TabularMDP:
    """A finite Markov decision process with at most K outcomes for each state and action.

    Attributes:
        next_state: `[S, A, K]` int32.
        prob: `[S, A, K]` float64; sums to 1 over K, unused outcomes have 0 and come last.
        reward: `[S, A, K]` float64, mean reward of an outcome.
        reward_sd: `[S, A, K]` float64, its standard deviation (normal).
        terminal: `[S, A, K]` bool, whether the outcome ends the episode.
        start: `[S]` float64, where episodes begin; sums to 1.
        live: `[S]` bool, states in which an agent can stand and act; the others (walls, goals) are absorbing.
        step_limit: steps after which an episode is truncated; 0 for none.
        drift: standard deviation of the step that every action's mean reward takes at random after each
            step of a bandit (Sutton & Barto, exercise 2.5); 0 where rewards stay as they are.
    """

    next_state: NDArray[np.int32]
    prob: NDArray[np.float64]
    reward: NDArray[np.float64]
    reward_sd: NDArray[np.float64]
    terminal: NDArray[np.bool_]
    start: NDArray[np.float64]
    live: NDArray[np.bool_]
    step_limit: int = 0
    drift: float = 0.0

    @property
    def n_states(self) -> int:
        """S."""
        return self.prob.shape[0]

    @property
    def n_actions(self) -> int:
        """A."""
        return self.prob.shape[1]

    @property
    def nbytes(self) -> int:
        """Size of the model in memory."""
        return sum(a.nbytes for a in (self.next_state, self.prob, self.reward, self.reward_sd, self.terminal))

    @cached_property
    def start_states(self) -> NDArray[np.int32]:
        """`[M]`: the states in which an episode may begin."""
        return np.flatnonzero(self.start).astype(np.int32)

    @cached_property
    def start_cumulative(self) -> NDArray[np.float64]:
        """`[M]`: cumulative probability over `start_states`; the last one is exactly 1."""
        cumulative = np.cumsum(self.start[self.start_states])
        cumulative[-1] = 1.0
        return cumulative

    @cached_property
    def expected_reward(self) -> NDArray[np.float64]:
        """`[S, A]`: r(s, a), the mean over outcomes."""
        return np.einsum("sak,sak->sa", self.prob, self.reward)

    @property
    def reachable(self) -> NDArray[np.bool_]:
        """`[S]`: states that some policy reaches from a start, terminal ones included."""
        return self._spread[0]

    @property
    def walked(self) -> NDArray[np.bool_]:
        """`[S]`: states from which some policy goes on after it came there from a start.

        A live state may be reachable and yet be entered by outcomes alone that end an episode.
        """
        return self._spread[1]

    @cached_property
    def _spread(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        seen, walked = self.start > 0, self.start > 0
        stack = np.empty(self.n_states, np.int64)
        stack[: self.start_states.size] = self.start_states
        _spread(self.next_state, self.prob, self.terminal, seen, walked, stack, self.start_states.size)
        return seen, walked


@kernel
def _spread(next_state: Any, prob: Any, terminal: Any, seen: Any, walked: Any, stack: Any, n: int) -> None:
    """Mark in `seen` what is reached from the first `n` states of `stack` `[S]`, which are marked already.

    `walked` marks the states from which an episode goes on, at first those `n`.
    """
    while n > 0:
        n -= 1
        s = stack[n]
        for a in range(prob.shape[1]):
            for k in range(prob.shape[2]):
                following = next_state[s, a, k]
                if prob[s, a, k] > 0:
                    seen[following] = True
                    if not terminal[s, a, k] and not walked[following]:
                        walked[following] = True
                        stack[n] = following
                        n += 1


def model_bytes(world: World) -> int:
    """Upper bound of the bytes that the model of a world takes, known without making it."""
    return world.n_states * len(world.actions) * _most_outcomes(world) * _OUTCOME_BYTES


def compile_world(world: World) -> TabularMDP:
    """Make the exact model of a world as it is before the first change of its schedule.

    Raises:
        SandboxError: the model would take more than `MAX_MODEL_BYTES`, or nobody can stand anywhere.
    """
    refuse_too_large(world)
    if world.tables is not None:
        outcomes, live = world.tables.outcomes()
        return _model(world, outcomes, world.tables.start(), live)
    start = start_distribution(world)
    outcomes, live = _outcomes(world, start, np.arange(world.height * world.width))
    return _model(world, outcomes, start, live)


def recompile(model: TabularMDP, old: World, new: World) -> TabularMDP:
    """The model of an edited world, bit for bit what `compile_world` makes, from that of the world before.

    Only the cells whose outcomes an edit can have changed are compiled again: those within a move and its
    wind of a changed cell, or of a teleporter that leads to one. The old model keeps its arrays.

    Args:
        model: the model of `old`.
        old: the world before the edit.
        new: the world after it.

    Raises:
        SandboxError: as `compile_world`.
    """
    if new.tables is not None and old.tables is new.tables:
        return dataclasses.replace(model, step_limit=new.rules.step_limit or 0)
    if not _keeps_states(old, new):
        return compile_world(new)
    refuse_too_large(new)
    start = start_distribution(new)
    stale = _stale(old, new, starts_moved=not np.array_equal(start, model.start))
    cells = np.flatnonzero(stale)
    if 4 * cells.size > stale.size:
        return compile_world(new)
    if not cells.size:
        return dataclasses.replace(model, start=_frozen(start), **_limits(new))
    states = (cells[:, None] * new.inventory + np.arange(new.inventory)).ravel()
    patch, live_patch = _outcomes(new, start, cells)
    live = model.live.copy()
    live[states] = live_patch
    old_outcomes = (model.next_state, model.prob, model.reward, model.reward_sd, model.terminal)
    kept = np.ones(new.n_states, np.bool_)
    kept[states] = False
    used = patch[1].shape[2]
    for k in range(model.prob.shape[2] - 1, used - 1, -1):
        if (model.prob[kept, :, k] > 0).any():
            used = k + 1
            break
    outcomes = []
    for before, after in zip(old_outcomes, patch, strict=True):
        if used == before.shape[2]:
            array = before.copy()
        else:
            array = np.zeros((*before.shape[:2], used), before.dtype)
            width = min(used, before.shape[2])
            array[:, :, :width] = before[:, :, :width]
        array[states] = 0
        array[states, :, : after.shape[2]] = after
        outcomes.append(array)
    return _model(new, outcomes, start, live)


def refuse_too_large(world: World) -> None:
    """Say so if a world has no model or one that would be too large, without making it.

    Raises:
        SandboxError: it would take more than `MAX_MODEL_BYTES`, or there is no action; says what to do.
    """
    if world.rules.moves == 0 and world.tables is None:
        check(world.arms.size > 0, "a bandit needs arms: draw at least one, or let the agent move.", "world")
        check(
            world.arms.size <= MAX_ARMS,
            f"a bandit has at most {MAX_ARMS:,} arms, not {world.arms.size:,}.",
            "world",
        )
    needed = model_bytes(world)
    if needed <= MAX_MODEL_BYTES:
        return
    way_out = "make the world smaller, or remove keys, random wind or diagonal moves."
    if world.tables is not None:
        way_out = "give the table fewer states or actions, or states fewer outcomes."
    elif world.things.count > 4:
        way_out = f"each of its {world.things.count:,} keys and coins doubles it, so draw fewer of them."
    elif restarting_starts(world) > 1:
        way_out = "draw a few starts instead of starting anywhere, or remove the cliff."
    states = world.n_states
    raise SandboxError(
        f"This model would take {needed / 2**20:,.0f} MB, more than the {MAX_MODEL_BYTES / 2**20:,.0f} MB "
        f"allowed: {way_out}",
        f"world of {states:,} states" if states < 10**12 else "world of more than 10^12 states",
    )


def _model(
    world: World, outcomes: list[NDArray[Any]], start: NDArray[np.float64], live: NDArray[np.bool_]
) -> TabularMDP:
    arrays = [_frozen(array) for array in outcomes]
    return TabularMDP(*arrays, start=_frozen(start), live=_frozen(live), **_limits(world))


def _limits(world: World) -> dict[str, Any]:
    """What a model has from the rules without touching an outcome."""
    return {"step_limit": world.rules.step_limit or 0, "drift": world.rules.drift}


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    """The array, read-only from now on."""
    array.setflags(write=False)
    return array


def _outcomes(
    world: World, start: NDArray[np.float64], cells: NDArray[np.int64]
) -> tuple[list[NDArray[Any]], NDArray[np.bool_]]:
    """Outcomes of the states of some cells: the five arrays `[L * inventory, A, K]`, and `live`."""
    if world.rules.moves == 0:
        return _arm_outcomes(world)
    rules, things = world.rules, world.things
    states = len(cells) * world.inventory
    shape = (states, len(world.actions), _most_outcomes(world))
    arrays = [np.zeros(shape, dtype) for dtype in (np.int32, np.float64, np.float64, np.float64, np.bool_)]
    live = np.zeros(states, np.bool_)
    stated = world.rule_layer("reward", np.nan)
    slip = world.rule_layer("slip", np.nan)
    slip = np.where(np.isnan(slip), rules.slip, slip)
    link = np.full((world.height, world.width), -1, np.int64)
    for source, target in _ways(world).items():
        link[source] = target[0] * world.width + target[1]
    starts = np.flatnonzero(start)
    used = fill_outcomes(
        *arrays,
        live,
        cells,
        np.array([(a.rows, a.columns) for a in world.actions], np.int64),
        world.rule_layer("solid", False),
        world.rule_layer("terminal", False),
        world.rule_layer("restarts", False),
        np.where(np.isnan(world.reward), stated, world.reward),
        world.rule_layer("cost", 0.0),
        world.reward_sd,
        np.where(np.isnan(world.slip), slip, world.slip),
        world.rule_layer("arrow", (0, 0)).astype(np.int64),
        things.pickup,
        things.opens,
        things.once,
        link,
        world.wind.astype(np.int64),
        starts,
        start[starts],
        world.inventory,
        rules.slip_kind == "perpendicular",
        rules.wind_random,
        rules.step_reward,
        rules.bump_reward,
    )
    return [np.ascontiguousarray(array[:, :, :used]) for array in arrays], live


def _arm_outcomes(world: World) -> tuple[list[NDArray[Any]], NDArray[np.bool_]]:
    """The outcomes of a bandit: from wherever an agent stands, an action ends in its arm."""
    cell, carried = np.divmod(np.arange(world.n_states), world.inventory)
    solid, ends = (world.rule_layer(name, False).ravel() for name in ("solid", "terminal"))
    live = ~(solid | ends)[cell]
    stated = np.where(np.isnan(world.reward), world.rule_layer("reward", np.nan), world.reward).ravel()
    arms = world.arms
    pulled, s = live[:, None], np.arange(world.n_states)[:, None]
    next_state = np.where(pulled, arms * world.inventory + carried[:, None], s).astype(np.int32)
    reward = np.where(pulled, stated[arms] - world.rule_layer("cost", 0.0).ravel()[arms], 0.0)
    spread = np.where(pulled, world.reward_sd.ravel()[arms], 0.0)
    arrays = (next_state, np.ones(next_state.shape), reward, spread, np.ones(next_state.shape, np.bool_))
    return [array[:, :, None] for array in arrays], live


def _ways(world: World) -> dict[Cell, Cell]:
    """Where teleporters lead, for the links that begin at one."""
    return {
        link.source: link.target
        for link in world.links
        if (code := world.objects[link.source]) != NOTHING and TILES[code].rule.is_portal
    }


def _keeps_states(old: World, new: World) -> bool:
    """Whether states and actions mean the same in both worlds, and the rules of moving are the same."""
    free = {"start": "drawn", "step_limit": None}  # these two touch no outcome, save through the starts
    drawn = old.tables is new.tables is None and new.rules.moves > 0
    return (
        drawn and (old.height, old.width, old.inventory) == (new.height, new.width, new.inventory)
    ) and dataclasses.replace(old.rules, **free) == dataclasses.replace(new.rules, **free)


def _stale(old: World, new: World, starts_moved: bool) -> NDArray[np.bool_]:
    """`[H, W]`: cells whose outcomes may differ between two worlds."""
    changed = (old.terrain != new.terrain) | (old.objects != new.objects)
    changed |= (old.wind != new.wind).any(axis=-1)
    # another coin may shift the bits of those after it
    changed |= (old.things.pickup != new.things.pickup) | (old.things.opens != new.things.opens)
    for name in ("reward", "reward_sd", "slip"):
        before, after = getattr(old, name), getattr(new, name)
        changed |= (before != after) & ~(np.isnan(before) & np.isnan(after))
    if starts_moved:
        changed |= old.rule_layer("restarts", False) | new.rule_layer("restarts", False)
    old_ways, new_ways = _ways(old), _ways(new)
    for source, target in old_ways.items() | new_ways.items():
        if changed[target] or old_ways.get(source) != new_ways.get(source):
            changed[source] = True
    # who can walk there in one move: its own step, its wind, and a gust
    reach = [1 + int(max(np.abs(w.wind[..., axis]).max() for w in (old, new))) for axis in (0, 1)]
    if new.rules.wind_random:
        reach = [cells + 1 if cells > 1 else 1 for cells in reach]
    for axis in (0, 1):
        changed = _widened(changed, min(reach[axis], changed.shape[axis] - 1), axis)
    return changed


def _widened(marked: NDArray[np.bool_], reach: int, axis: int) -> NDArray[np.bool_]:
    """What lies at most `reach` cells from a mark along an axis."""
    wide, marked = np.moveaxis(marked.copy(), axis, 0), np.moveaxis(marked, axis, 0)
    for far in range(1, reach + 1):
        wide[far:] |= marked[:-far]
        wide[:-far] |= marked[far:]
    return np.moveaxis(wide, 0, axis)


def _most_outcomes(world: World) -> int:
    if world.tables is not None:
        return world.tables.most_outcomes
    if world.rules.moves == 0:
        return 1
    slips = world.rules.slip > 0 or (world.rule_layer("slip", 0.0) > 0).any() or (world.slip > 0).any()
    of_slip = (3 if world.rules.slip_kind == "perpendicular" else len(world.actions)) if slips else 1
    of_wind = 3 if world.rules.wind_random and world.wind.any() else 1
    return of_slip * of_wind * restarting_starts(world)
