"""The kernel that writes out where every action leads.

The rules, in the order in which a move meets them:

1. The move slips (the cell's chance) and its wind blows; both add up to one displacement.
2. The agent walks that displacement cell by cell, its own move first; walls, closed doors, the edge and
   arrows that point the other way stop it. If it has not moved although it should have, it bumped.
3. A teleporter passes it on along its link, unless a wall or a closed door stands at the other end.
4. The cell where it ends pays: its own reward if it has one, else the step reward; mud's cost and the bump
   reward are added. A key or coin is taken along; where a coin is gone, it pays no more. A cliff then sends
   the agent back to a start with all that it carries, and a goal or pit ends the episode.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rlsandbox.worlds.compiled import kernel


@kernel
def _is_shut(r: int, c: int, carried: int, solid: Any, opens: Any) -> bool:
    """Whether an agent cannot stand on a cell: a wall, or a door to which it has no key."""
    return solid[r, c] or (opens[r, c] >= 0 and not (carried >> opens[r, c]) & 1)


@kernel
def _may_pass(r: int, c: int, to_r: int, to_c: int, carried: int, solid: Any, opens: Any, arrow: Any) -> bool:
    """Whether a unit step between two neighbours is open to an agent."""
    if to_r < 0 or to_c < 0 or to_r >= solid.shape[0] or to_c >= solid.shape[1]:
        return False
    if _is_shut(to_r, to_c, carried, solid, opens):
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
def _chance(a: int, turn: int, slips: float, n_slips: int, perpendicular: bool) -> float:
    """Chance that action `a` becomes the move that `turn` stands for."""
    if n_slips == 1:
        return 1.0
    if perpendicular:
        return 1.0 - slips if turn == 1 else slips / 2
    return slips / n_slips + (1.0 - slips if turn == a else 0.0)


@kernel
def fill_outcomes(
    next_state: Any,
    prob: Any,
    reward: Any,
    reward_sd: Any,
    terminal: Any,
    live: Any,
    cells: Any,
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
    once: Any,
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
    """Write every outcome of every action in some cells, equal outcomes merged; returns the largest K in use.

    The first five arrays are `[L * inventory, A, K]` and `live` is `[L * inventory]`, all zero before, for L
    cells in the order of `cells`. Everything after `cells` describes the whole world: layers `[H, W]` and its
    rules.
    """
    width, n_actions, most = solid.shape[1], moves.shape[0], 1
    for s in range(cells.shape[0] * inventory):
        cell, carried = cells[s // inventory], s % inventory
        r, c = cell // width, cell % width
        if solid[r, c] or ends[r, c]:
            for a in range(n_actions):
                next_state[s, a, 0], prob[s, a, 0] = cell * inventory + carried, 1.0
                terminal[s, a, 0] = True
            continue
        live[s] = True
        blows = wind[r, c, 0] != 0 or wind[r, c, 1] != 0
        n_winds = 3 if wind_random and blows else 1
        for a in range(n_actions):
            used = 0
            slips = slip[r, c] if (moves[a, 0] != 0 or moves[a, 1] != 0) else 0.0
            n_slips = 1 if slips == 0 else (3 if perpendicular else n_actions)
            for branch in range(n_slips * n_winds):
                turn, gust = branch // n_winds, branch % n_winds
                p = _chance(a, turn, slips, n_slips, perpendicular) / n_winds
                if p == 0:
                    continue
                rows, columns = moves[a, 0], moves[a, 1]
                if n_slips > 1 and not perpendicular:
                    rows, columns = moves[turn, 0], moves[turn, 1]
                elif n_slips > 1 and turn != 1:
                    sign = 1 - turn  # turn 0: a quarter to the left, 1: as meant, 2: a quarter to the right
                    rows, columns = -sign * columns, sign * rows
                extra = gust - 1 if n_winds == 3 else 0
                wind_r = wind[r, c, 0] + extra * np.sign(wind[r, c, 0])
                wind_c = wind[r, c, 1] + extra * np.sign(wind[r, c, 1])
                to_r, to_c = _walk(r, c, rows, columns, wind_r, wind_c, carried, solid, opens, arrow)
                moved = to_r != r or to_c != c
                pays = np.nan
                if moved and link[to_r, to_c] >= 0:
                    out_r, out_c = link[to_r, to_c] // width, link[to_r, to_c] % width
                    if not _is_shut(out_r, out_c, carried, solid, opens):
                        pays = pay[to_r, to_c]
                        to_r, to_c = out_r, out_c
                gone = once[to_r, to_c] and (carried >> pickup[to_r, to_c]) & 1 == 1
                spread = 0.0 if gone else sd[to_r, to_c]
                if np.isnan(pays) and not gone:
                    pays = pay[to_r, to_c]
                if np.isnan(pays):
                    pays = step_reward
                pays -= cost[to_r, to_c]
                if not moved and (rows + wind_r != 0 or columns + wind_c != 0):
                    pays += bump_reward
                carries = carried
                if pickup[to_r, to_c] >= 0:
                    carries = carried | (1 << pickup[to_r, to_c])
                n_targets = starts.shape[0] if restarts[to_r, to_c] else 1
                for j in range(n_targets):
                    target, p_target = (to_r * width + to_c) * inventory + carries, p
                    if restarts[to_r, to_c]:
                        target, p_target = (starts[j] // inventory) * inventory, p * start_prob[j]
                        target += carries | (starts[j] % inventory)
                    if p_target == 0:
                        continue
                    k = 0
                    while k < used and not (
                        next_state[s, a, k] == target
                        and reward[s, a, k] == pays
                        and reward_sd[s, a, k] == spread
                        and terminal[s, a, k] == ends[to_r, to_c]
                    ):
                        k += 1
                    if k == used:
                        next_state[s, a, k] = target
                        reward[s, a, k] = pays
                        reward_sd[s, a, k] = spread
                        terminal[s, a, k] = ends[to_r, to_c]
                        used += 1
                    prob[s, a, k] += p_target
            most = max(most, used)
    return most
