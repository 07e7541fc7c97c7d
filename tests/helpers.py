"""What several test files share: small worlds, and sessions that are compared bit by bit."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsandbox.algorithms import registry
from rlsandbox.learning.agent import Agent, Update, View
from rlsandbox.learning.problem import Enumerable, misfit
from rlsandbox.training.session import RunSpec, TrainingSession
from rlsandbox.worlds.generators import bandit_of
from rlsandbox.worlds.places import Place
from rlsandbox.worlds.rules import Change, Rules
from rlsandbox.worlds.text_maps import world_from_rows
from rlsandbox.worlds.world import World

EVERYTHING = frozenset({"visits", "oracle", "curves", "trail", "policy_value"})


def corridor(length: int, **rules: Any) -> World:
    """S . . G: a step costs 1, the last one as well."""
    row = "S" + "." * (length - 2) + "G"
    rewards = {(0, length - 1): -1.0}
    return world_from_rows((row,), "Corridor", Rules(**{"step_reward": -1.0, **rules}), rewards=rewards)


def eventful() -> World:
    """Everything random happens here: slips, gusts, noisy rewards, two starts, a cliff, cuts, a change."""
    rules = Rules(step_reward=-0.3, slip=0.1, step_limit=23, wind_random=True)
    world = world_from_rows(("S.~.G", ".#.R.", "S.C.P"), "Eventful", rules)
    change = Change(61, ((1, 0, "mud"), (1, 2, "wall")))
    return (
        world.painted([(0, 3)], "wind", wind=(1, 0))
        .with_cell((1, 3), reward_sd=0.7)
        .with_cell((2, 0), weight=0.4)
        .replace(schedule=(change,))
    )


def fitting(algorithm: str, *worlds: World) -> World:
    """The first of the worlds that suits an algorithm."""
    agent = registry()[algorithm]
    return next(world for world in worlds if misfit(agent, Enumerable.of(world)) is None)


def lively(algorithm: str) -> World:
    """The eventful world, or for those whom it does not suit a bandit with noisy and drifting rewards."""
    return fitting(algorithm, eventful(), bandit_of(np.array([0.3, -0.5, 0.0]), "Lively", drift=0.1))


def light(algorithm: str) -> dict[str, Any]:
    """One worker, with which every algorithm keeps all rules of the contract, and no large networks."""
    usual = registry()[algorithm].Config.make({}).model_dump()
    most = {"workers": 1, "units": 64, "batch": 64}
    return {name: limit for name, limit in most.items() if usual.get(name, limit) > limit}


def begin(algorithm: str, world: Place, seeds: tuple[int, ...] = (0,), **options: Any) -> TrainingSession:
    """A session; `steps` and `episodes` are the budget, all other options hyperparameters.

    There are no more workers and no larger networks than `light` says, unless they are asked for.
    """
    options = light(algorithm) | options
    budget = {name: options.pop(name, None) for name in ("steps", "episodes")}
    return TrainingSession(RunSpec(algorithm, world, options, seeds, **budget))


def advance(session: TrainingSession, clock: int, stride: int = 10**9) -> TrainingSession:
    """Go on to a step, at most `stride` of them a tick."""
    while session.clock < clock and session.tick(min(stride, clock - session.clock)):
        pass
    return session


def assert_same_state(one: TrainingSession, other: TrainingSession) -> None:
    """Every array of two agents has the same bits, record included."""
    a, b = one.agent.state(), other.agent.state()
    assert a.keys() == b.keys()
    for name in a:
        assert a[name].dtype == b[name].dtype
        np.testing.assert_array_equal(a[name], b[name], err_msg=name)


def digest(session: TrainingSession) -> str:
    """Hash of an agent's whole state."""
    hasher = hashlib.sha256()
    for name, array in sorted(session.agent.state().items()):
        hasher.update(name.encode() + str(array.dtype).encode() + np.ascontiguousarray(array).tobytes())
    return hasher.hexdigest()


def table(session: TrainingSession, replica: int = 0) -> NDArray[np.float64]:
    """`[S, A]` action values of a replica."""
    return session.agent.snapshot(View(replica=replica)).q


def last_update(agent: Agent, replica: int = 0) -> Update:
    """The update that a replica has just made."""
    update = agent.snapshot(View(replica=replica)).update
    assert update is not None
    return update


def path_of(session: TrainingSession, replica: int = 0, cap: int = 100) -> list[tuple[int, int]]:
    """Cells of the greedy path from the only start, in a world without chance."""
    mdp, q = session.agent.problem.mdp, table(session, replica)
    state, cells = int(mdp.start_states[0]), []
    while len(cells) <= cap:
        cells.append(session.world.cell_of(state))
        if not mdp.live[state]:
            break
        state = int(mdp.next_state[state, int(q[state].argmax()), 0])
    return cells
