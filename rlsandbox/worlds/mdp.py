"""World -> TabularMDP: the exact model, as arrays that compiled kernels walk.

The rules, in the order in which a move meets them:

1. The move slips (the cell's chance) and its wind blows; both add up to one displacement.
2. The agent walks that displacement cell by cell, its own move first; walls, closed doors, the edge and arrows that
   point the other way stop it. If it has not moved although it should have, it bumped.
3. A teleporter passes it on along its link.
4. The cell where it ends pays: its own reward if it has one, else the step reward; mud's cost and the bump reward are
   added. A cliff then sends it back to a start, a goal or pit ends the episode, a key is taken along.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsandbox.worlds.compiled import kernel
from rlsandbox.worlds.errors import SandboxError
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
    """

    next_state: NDArray[np.int32]
    prob: NDArray[np.float64]
    reward: NDArray[np.float64]
    reward_sd: NDArray[np.float64]
    terminal: NDArray[np.bool_]
    start: NDArray[np.float64]
    live: NDArray[np.bool_]
    step_limit: int = 0

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

    @cached_property
    def reachable(self) -> NDArray[np.bool_]:
        """`[S]`: states that some policy reaches from a start, terminal ones included."""
        seen = self.start > 0
        frontier = np.flatnonzero(seen)
        while frontier.size:
            following = np.unique(self.next_state[frontier][self.prob[frontier] > 0])
            frontier = following[~seen[following]]
            seen[frontier] = True
        return seen


def model_bytes(world: World) -> int:
    """Upper bound of the bytes that the model of a world takes, known without making it."""
    return world.n_states * len(world.actions) * _most_outcomes(world) * _OUTCOME_BYTES


def compile_world(world: World) -> TabularMDP:
    """Make the exact model of a world as it is before the first change of its schedule.

    Raises:
        SandboxError: the model would take more than `MAX_MODEL_BYTES`.
    """
    needed = model_bytes(world)
    if needed > MAX_MODEL_BYTES:
        raise SandboxError(
            f"This model would take {needed / 2**20:,.0f} MB, more than the {MAX_MODEL_BYTES / 2**20:,.0f} MB allowed: "
            + (
                "draw a few starts instead of starting anywhere, or remove the cliff."
                if _restarting_starts(world) > 1
                else "make the world smaller, or remove keys, random wind or diagonal moves."
            ),
            f"world of {world.n_states:,} states",
        )
    rules = world.rules
    states, actions, outcomes = world.n_states, len(world.actions), _most_outcomes(world)
    shape = (states, actions, outcomes)
    next_state = np.zeros(shape, np.int32)
    prob, reward, reward_sd = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    terminal = np.zeros(shape, np.bool_)
    live = np.zeros(states, np.bool_)

    pay = np.where(
        np.isnan(world.reward), world.rule_layer("reward", np.nan).astype(np.float64), world.reward
    )
    slip = np.where(np.isnan(world.slip), world.rule_layer("slip", rules.slip).astype(np.float64), world.slip)
    portal = world.rule_layer("is_portal", False)
    link = np.full((world.height, world.width), -1, np.int64)
    for way in world.links:
        if portal[way.source]:
            link[way.source] = way.target[0] * world.width + way.target[1]
    start = _start(world)
    starts = np.flatnonzero(start)
    used = _fill(
        next_state,
        prob,
        reward,
        reward_sd,
        terminal,
        live,
        np.array([(a.rows, a.columns) for a in world.actions], np.int64),
        world.rule_layer("solid", False),
        world.rule_layer("terminal", False),
        world.rule_layer("restarts", False),
        pay,
        world.rule_layer("cost", 0.0).astype(np.float64),
        world.reward_sd,
        slip,
        world.rule_layer("arrow", (0, 0)).astype(np.int64),
        world.rule_layer("pickup", -1).astype(np.int64),
        world.rule_layer("opens_with", -1).astype(np.int64),
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
    arrays = [np.ascontiguousarray(a[:, :, :used]) for a in (next_state, prob, reward, reward_sd, terminal)]
    for array in (*arrays, start, live):
        array.setflags(write=False)
    return TabularMDP(*arrays, start=start, live=live, step_limit=rules.step_limit or 0)


def _start(world: World) -> NDArray[np.float64]:
    """`[S]`: start distribution; all free cells where no start is drawn, and every cell where none is free."""
    weight = np.where(world.rule_layer("is_start", False), world.weight, 0.0)
    if world.rules.start == "uniform" or not weight.any():
        closed = world.rule_layer("opens_with", -1) >= 0
        blocked = world.rule_layer("solid", False) | world.rule_layer("terminal", False) | closed
        weight = np.where(blocked | world.rule_layer("restarts", False), 0.0, 1.0)
    if not weight.any():
        weight = np.where(world.rule_layer("solid", False), 0.0, 1.0)
    if not weight.any():
        raise SandboxError("every cell is a wall: leave at least one free.", "world")
    start = np.zeros(world.n_states)
    start[:: world.inventory] = (weight / weight.max()).ravel()
    return start / start.sum()


def _restarting_starts(world: World) -> int:
    """How many places a cliff sends an agent back to; 1 where there is no cliff."""
    if not world.rule_layer("restarts", False).any():
        return 1
    return int(np.count_nonzero(_start(world)))


def _most_outcomes(world: World) -> int:
    slips = world.rules.slip > 0 or (world.rule_layer("slip", 0.0) > 0).any() or (world.slip > 0).any()
    of_slip = (3 if world.rules.slip_kind == "perpendicular" else len(world.actions)) if slips else 1
    of_wind = 3 if world.rules.wind_random and world.wind.any() else 1
    return of_slip * of_wind * _restarting_starts(world)


@kernel
def _may_pass(r: int, c: int, to_r: int, to_c: int, carried: int, solid: Any, opens: Any, arrow: Any) -> bool:
    """Whether a unit step between two neighbours is open to an agent."""
    if to_r < 0 or to_c < 0 or to_r >= solid.shape[0] or to_c >= solid.shape[1]:
        return False
    if solid[to_r, to_c] or (opens[to_r, to_c] >= 0 and not (carried >> opens[to_r, to_c]) & 1):
        return False
    rows, columns = to_r - r, to_c - c
    against_out = rows * arrow[r, c, 0] + columns * arrow[r, c, 1] < 0
    against_in = rows * arrow[to_r, to_c, 0] + columns * arrow[to_r, to_c, 1] < 0
    if against_out or against_in:
        return False
    # a diagonal does not squeeze through between two walls
    return not (rows != 0 and columns != 0 and solid[r, to_c] and solid[to_r, c])


@kernel
def _walk(
    r: int,
    c: int,
    rows: int,
    columns: int,
    wind_r: int,
    wind_c: int,
    carried: int,
    solid: Any,
    opens: Any,
    arrow: Any,
) -> tuple[int, int]:
    """Where a displacement of the move plus its wind leads."""
    left_r, left_c = rows + wind_r, columns + wind_c
    # the move itself first, as far as the wind has not undone it
    own_r = rows if rows * left_r > 0 else 0
    own_c = columns if columns * left_c > 0 else 0
    if (own_r != 0 or own_c != 0) and _may_pass(r, c, r + own_r, c + own_c, carried, solid, opens, arrow):
        r, c = r + own_r, c + own_c
    left_r, left_c = left_r - own_r, left_c - own_c
    while left_r != 0:
        unit = 1 if left_r > 0 else -1
        if not _may_pass(r, c, r + unit, c, carried, solid, opens, arrow):
            break
        r, left_r = r + unit, left_r - unit
    while left_c != 0:
        unit = 1 if left_c > 0 else -1
        if not _may_pass(r, c, r, c + unit, carried, solid, opens, arrow):
            break
        c, left_c = c + unit, left_c - unit
    return r, c


@kernel
def _fill(
    next_state: Any,
    prob: Any,
    reward: Any,
    reward_sd: Any,
    terminal: Any,
    live: Any,
    moves: Any,
    solid: Any,
    ends: Any,
    restarts: Any,
    pay: Any,
    cost: Any,
    sd: Any,
    slip: Any,
    arrow: Any,
    pickup: Any,
    opens: Any,
    link: Any,
    wind: Any,
    starts: Any,
    start_prob: Any,
    inventory: int,
    perpendicular: bool,
    wind_random: bool,
    step_reward: float,
    bump_reward: float,
) -> int:
    """Write every outcome of every state and action, equal ones merged; returns the largest K in use."""
    height, width = solid.shape
    n_actions = moves.shape[0]
    most = 1
    for cell in range(height * width):
        r, c = cell // width, cell % width
        for carried in range(inventory):
            s = cell * inventory + carried
            if solid[r, c] or ends[r, c]:
                for a in range(n_actions):
                    next_state[s, a, 0], prob[s, a, 0], terminal[s, a, 0] = s, 1.0, True
                continue
            live[s] = True
            for a in range(n_actions):
                used = 0
                slips = slip[r, c] if (moves[a, 0] != 0 or moves[a, 1] != 0) else 0.0
                n_slips = 1 if slips == 0 else (3 if perpendicular else n_actions)
                blows = wind[r, c, 0] != 0 or wind[r, c, 1] != 0
                n_winds = 3 if wind_random and blows else 1
                for turn in range(n_slips):
                    rows, columns, p_move = moves[a, 0], moves[a, 1], 1.0
                    if n_slips > 1 and perpendicular:
                        # 0: a quarter to the left, 1: as meant, 2: a quarter to the right
                        p_move = 1.0 - slips if turn == 1 else slips / 2
                        if turn != 1:
                            sign = 1 if turn == 0 else -1
                            rows, columns = -sign * columns, sign * rows
                    elif n_slips > 1:
                        rows, columns = moves[turn, 0], moves[turn, 1]
                        p_move = slips / n_actions + (1.0 - slips if turn == a else 0.0)
                    for gust in range(n_winds):
                        extra = gust - 1 if n_winds == 3 else 0
                        wind_r = wind[r, c, 0] + extra * np.sign(wind[r, c, 0])
                        wind_c = wind[r, c, 1] + extra * np.sign(wind[r, c, 1])
                        p = p_move / n_winds
                        if p == 0:
                            continue
                        to_r, to_c = _walk(r, c, rows, columns, wind_r, wind_c, carried, solid, opens, arrow)
                        moved = to_r != r or to_c != c
                        wanted = rows + wind_r != 0 or columns + wind_c != 0
                        pays = np.nan
                        if moved and link[to_r, to_c] >= 0:
                            pays = pay[to_r, to_c]
                            to_r, to_c = link[to_r, to_c] // width, link[to_r, to_c] % width
                        if np.isnan(pays):
                            pays = pay[to_r, to_c]
                        if np.isnan(pays):
                            pays = step_reward
                        pays -= cost[to_r, to_c]
                        if wanted and not moved:
                            pays += bump_reward
                        carries = carried
                        if pickup[to_r, to_c] >= 0:
                            carries = carried | (1 << pickup[to_r, to_c])
                        to_s = (to_r * width + to_c) * inventory + carries
                        done = ends[to_r, to_c] or solid[to_r, to_c]
                        n_targets = starts.shape[0] if restarts[to_r, to_c] else 1
                        for j in range(n_targets):
                            target, p_target = to_s, p
                            if restarts[to_r, to_c]:
                                target, p_target = starts[j], p * start_prob[j]
                            k = 0
                            while k < used and not (
                                next_state[s, a, k] == target
                                and reward[s, a, k] == pays
                                and reward_sd[s, a, k] == sd[to_r, to_c]
                                and terminal[s, a, k] == done
                            ):
                                k += 1
                            if k == used:
                                next_state[s, a, k] = target
                                reward[s, a, k] = pays
                                reward_sd[s, a, k] = sd[to_r, to_c]
                                terminal[s, a, k] = done
                                used += 1
                            prob[s, a, k] += p_target
                most = max(most, used)
    return most
