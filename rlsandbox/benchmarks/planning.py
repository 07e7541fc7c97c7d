"""The oracle against quantecon's modified policy iteration: the same models, the same residual.

Grids have a goal in one corner, four moves that slip to either side, and walls at random where they are
walled; arbitrary models have random successors. Ours is timed with everything from the model's arrays to V*
and Q*. Of quantecon's only `solve` is: its sparse matrices, made of live states alone, are ready before. The
fastest of some settings of it, found anew for each model, counts, and beside it the setting that it comes
with, as one would call it. Each is one thread, timed by the processor's clock, in rounds that
alternate; medians count. Residuals are computed alike for both, where an episode has ended all is worth 0.
"""

from __future__ import annotations

import dataclasses
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.oracle import lookahead, solve
from rlsandbox.worlds.errors import SandboxError
from rlsandbox.worlds.mdp import TabularMDP

GAMMA, SLIP, WALLS, RESIDUAL = 0.99, 0.1, 0.2, 1e-8
ROUNDS = 5
SHORT = 0.02
"""Seconds that a measurement takes at least."""
SIZES = (32, 100, 316)
LARGE = 1000
STATES = (1_000, 10_000)
ACTIONS, SUCCESSORS = 4, 5
EVALUATIONS = (4, 8, 20, 50)
"""Sweeps of partial evaluation to choose quantecon's setting from, with its own first values or zeros."""
DEFAULT: dict[str, Any] = {"k": 20, "v_init": None}
REWARDS = {"goal": (0.0, 1.0), "cost": (-1.0, -1.0)}
"""What a step and the last step pay: only the goal pays, or every step costs."""


def run(seconds: float | None = None) -> dict[str, Any]:
    """Measure; `seconds` shortens or lengthens the number of rounds, all of which take about a minute.

    Raises:
        SandboxError: quantecon is not installed.
    """
    rounds = ROUNDS if seconds is None else max(1, round(ROUNDS * seconds / 60))
    models: dict[str, Callable[[], TabularMDP]] = {}
    for reward, pays in REWARDS.items():
        for kind, walls in (("walled", WALLS), ("open", 0.0)):
            for side in SIZES:
                models[f"{kind}_{side}x{side}_{reward}"] = lambda a=(side, walls, *pays): grid(*a)
    for n_states in STATES:
        models[f"arbitrary_{n_states}"] = lambda n=n_states: arbitrary(n)
    found: dict[str, Any] = {"rounds": rounds, "gamma": GAMMA, "residual_wanted": RESIDUAL}
    found["cases"] = {name: compare(make(), rounds) for name, make in models.items()}
    for kind in ("walled", "open", "arbitrary"):
        cases = [case for name, case in found["cases"].items() if name.startswith(kind)]
        for ratio in ("ratio_to_best_setting", "ratio_to_default_setting"):
            found[f"least_{ratio}_{kind}"] = min((case[ratio] for case in cases), default=None)
    found[f"large_{LARGE}x{LARGE}"] = large(rounds)
    return found


def compare(mdp: TabularMDP, rounds: int) -> dict[str, Any]:
    """Seconds of both on one model, how many times faster ours is, and how far both are from the truth."""
    theirs, states = quantecon_model(mdp)
    zeros = np.zeros(theirs.num_states)
    settings = [DEFAULT, *({"k": k, "v_init": v} for k in EVALUATIONS for v in (None, zeros))]
    their_solve(theirs, settings[0])
    our_solve(mdp)  # compiled code is loaded
    tried = [their_solve(theirs, setting)[0] for setting in settings]
    setting = settings[int(np.argmin(tried))]
    measured = [(our_solve(mdp), their_solve(theirs, setting)) for _ in range(rounds)]
    (_, ours), (_, solution) = measured[-1]
    values = np.zeros(mdp.n_states)
    values[states] = solution.v[: states.size]
    if solution.v.size > states.size:  # its last step shifts all values, that of the end as well
        values[states] -= solution.v[-1]
    seconds = {
        name: statistics.median(both[of][0] for both in measured)
        for of, name in enumerate(("rlsandbox", "quantecon"))
    }
    default_is_best = setting["k"] == DEFAULT["k"] and setting["v_init"] is None
    by_default = seconds["quantecon"] if default_is_best else tried[0]
    return {
        "states": int(states.size),
        "seconds": seconds,
        "ratio_to_best_setting": seconds["quantecon"] / seconds["rlsandbox"],
        "ratio_to_default_setting": by_default / seconds["rlsandbox"],
        "sweeps": {"rlsandbox": ours.sweeps, "quantecon": int(solution.num_iter) * (1 + setting["k"])},
        "quantecon_k": setting["k"],
        "quantecon_begins_at_zero": setting["v_init"] is not None,
        "residual": {"rlsandbox": residual(mdp, ours.v), "quantecon": residual(mdp, values)},
        "largest_difference": float(np.abs(ours.v - values).max()),
    }


def large(rounds: int) -> dict[str, Any]:
    """Seconds of ours on a large walled grid, its arrays given; there is no time to wait for the other."""
    mdp = grid(LARGE, WALLS, *REWARDS["goal"])
    our_solve(mdp)
    seconds, solutions = zip(*(our_solve(mdp) for _ in range(rounds)), strict=True)
    return {
        "states": int(np.count_nonzero(mdp.live)),
        "seconds": statistics.median(seconds),
        "sweeps": solutions[-1].sweeps,
        "residual": residual(mdp, solutions[-1].v),
    }


def our_solve(mdp: TabularMDP) -> tuple[float, Any]:
    """Seconds, and the solution of a model that has nothing cached."""
    return timed(lambda: solve(dataclasses.replace(mdp), GAMMA, RESIDUAL * GAMMA / (1 - GAMMA)))


def their_solve(model: Any, setting: dict[str, Any]) -> tuple[float, Any]:
    """Seconds, and quantecon's solution."""
    # it stops where the span of changes is below epsilon (1 - gamma) / gamma, and shifts by half of it
    epsilon = 2 * RESIDUAL / (1 - GAMMA)
    return timed(lambda: model.solve(method="mpi", epsilon=epsilon, max_iter=100_000, **setting))


def timed(job: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of a job, short ones repeated, and what it gave."""
    began, times = time.process_time(), 0
    while True:
        result, times = job(), times + 1
        spent = time.process_time() - began
        if spent >= SHORT:
            return spent / times, result


def quantecon_model(mdp: TabularMDP) -> tuple[Any, NDArray[np.int64]]:
    """quantecon's sparse model of the live states `[n]`; a last one stands for the end, if there is any."""
    try:
        from quantecon.markov import DiscreteDP
    except ImportError as error:
        raise SandboxError("quantecon is not installed: pip install quantecon.", "bench planning") from error
    from scipy.sparse import csr_matrix

    states = np.flatnonzero(mdp.live)
    n, n_actions = states.size, mdp.n_actions
    place = np.full(mdp.n_states, n)
    place[states] = np.arange(n)
    used = mdp.prob[states] > 0
    rows = np.broadcast_to(np.arange(n * n_actions).reshape(n, n_actions, 1), used.shape)[used]
    columns = np.where(mdp.terminal[states], n, place[mdp.next_state[states]])[used]
    chances, rewards = mdp.prob[states][used], mdp.expected_reward[states].ravel()
    of_state, of_action = np.repeat(np.arange(n), n_actions), np.tile(np.arange(n_actions), n)
    if (columns == n).any():
        rows, columns, chances = (
            np.append(rows, n * n_actions),
            np.append(columns, n),
            np.append(chances, 1.0),
        )
        rewards, of_state, of_action = (
            np.append(rewards, 0.0),
            np.append(of_state, n),
            np.append(of_action, 0),
        )
        n += 1
    matrix = csr_matrix((chances, (rows, columns)), shape=(rewards.size, n))
    return DiscreteDP(rewards, matrix, GAMMA, of_state, of_action), states


def residual(mdp: TabularMDP, v: NDArray[np.float64]) -> float:
    """Largest difference between a value and its backup over live states."""
    return float(np.abs(lookahead(mdp, v, GAMMA).max(axis=1) - v)[mdp.live].max())


def grid(side: int, walls: float, step_reward: float, goal_reward: float, seed: int = 0) -> TabularMDP:
    """A square grid as arrays: start and goal in opposite corners, `walls` of the other cells solid."""
    free = np.random.default_rng(seed).random((side, side)) >= walls
    free[0, 0] = free[-1, -1] = True
    n = side * side
    cell = np.arange(n, dtype=np.int32).reshape(side, side)
    ahead = np.empty((n, 4), np.int32)  # up, right, down, left
    for move, (rows, columns) in enumerate(((-1, 0), (0, 1), (1, 0), (0, -1))):
        r = np.clip(np.arange(side) + rows, 0, side - 1)[:, None]
        c = np.clip(np.arange(side) + columns, 0, side - 1)[None]
        ahead[:, move] = np.where(free[r, c], cell[r, c], cell).ravel()
    live = free.ravel().copy()
    live[-1] = False
    turns = (np.arange(4)[:, None] + np.array([-1, 0, 1])) % 4
    next_state = np.ascontiguousarray(ahead[:, turns])
    prob = np.broadcast_to([SLIP / 2, 1 - SLIP, SLIP / 2], next_state.shape).copy()
    terminal = next_state == n - 1
    reward = np.where(terminal, goal_reward, step_reward)
    next_state[~live] = cell.ravel()[~live, None, None]
    prob[~live], terminal[~live], reward[~live] = (1.0, 0.0, 0.0), (True, False, False), 0.0
    return TabularMDP(next_state, prob, reward, np.zeros_like(prob), terminal, np.eye(1, n)[0], live)


def arbitrary(n_states: int, seed: int = 0) -> TabularMDP:
    """Random successors, chances and rewards; no episode ends."""
    rng = np.random.default_rng(seed)
    shape = (n_states, ACTIONS, SUCCESSORS)
    return TabularMDP(
        next_state=rng.integers(n_states, size=shape).astype(np.int32),
        prob=rng.dirichlet(np.ones(SUCCESSORS), size=shape[:2]),
        reward=rng.normal(size=shape),
        reward_sd=np.zeros(shape),
        terminal=np.zeros(shape, np.bool_),
        start=np.full(n_states, 1 / n_states),
        live=np.ones(n_states, np.bool_),
    )
