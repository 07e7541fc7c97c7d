"""What being looked at costs training: update records, frames and overlays, as ratios within one run.

The kernel of Q-learning writes its update's record in the last step of a call alone. It is timed as it runs,
with every trace of the record compiled away, and, to show that the clock would notice, with a record at every
step; all three end with the same table. A session is timed with nobody looking, with frames of values, and
with frames of everything that the agent and all overlays can tell, asked for as often as the studio asks.
One thread, by the processor's clock, in rounds that alternate; the fastest counts, since noise only slows.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from rlsandbox import overlays
from rlsandbox.algorithms.tabular.q_learning import QLearning, learn
from rlsandbox.learning.agent import View
from rlsandbox.learning.configs import ControlConfig
from rlsandbox.learning.problem import Enumerable
from rlsandbox.studio.occupancy import SteadyOccupancy
from rlsandbox.training.session import RunSpec, TrainingSession
from rlsandbox.worlds.compiled import kernel
from rlsandbox.worlds.gallery import gallery
from rlsandbox.worlds.world import World

ROUNDS = 7
KERNEL_STEPS = 20_000_000
SESSION_SECONDS = 0.8
FRAME_SECONDS = 0.0155
"""Between two frames, as in the studio."""
SIDE = 100
"""Of the larger world, where frames are dear."""
TELLING = False


@kernel(inline="always")
def learn_as_told(tables: Any, model: Any, t: Any, now: Any, rng: Any, record: Any, telling: Any) -> Any:
    """Q-learning's update with a record always or never."""
    return learn(tables, model, t, now, rng, record, TELLING)


LOOPS = {
    "as_it_runs": QLearning.loop,
    "without_record": QLearning.loop.bind(learn=learn_as_told),
    "record_every_step": QLearning.loop.bind(learn=learn_as_told.bind(TELLING=True)),
}


def run(seconds: float | None = None) -> dict[str, Any]:
    """Measure; `seconds` shortens or lengthens the number of rounds, each of which takes about 7 s."""
    rounds = ROUNDS if seconds is None else max(1, round(seconds / 7))
    check_same_tables()
    cases = {**_kernels(), **_sessions()}
    fastest: dict[str, float] = dict.fromkeys(cases, 0.0)
    for _ in range(1 + rounds):  # the first loads compiled code; were it the fastest, it would count
        for name, measure in cases.items():
            fastest[name] = max(fastest[name], measure())
    return {"rounds": rounds, "steps_per_second": fastest, **_ratios(fastest)}


def _ratios(speed: dict[str, float]) -> dict[str, float]:
    ratios = {
        f"ratio_kernel_{name}_to_without_record": speed[f"kernel.{name}"] / speed["kernel.without_record"]
        for name in ("as_it_runs", "record_every_step")
    }
    for world in _worlds():
        for view in ("values", "everything"):
            name = f"ratio_{world}_{view}_to_unwatched"
            ratios[name] = speed[f"{world}.{view}"] / speed[f"{world}.unwatched"]
    return ratios


def check_same_tables() -> None:
    """The three kernels learn the same, bit by bit, and tell as much as they say.

    Raises:
        RuntimeError: they do not, so that their speeds cannot be compared.
    """
    agents = {name: _agent(name) for name in LOOPS}
    tables = []
    for agent in agents.values():
        agent.stride = 100_000
        next(agent.learn())
        tables.append(agent.tables.q)
    told = [not np.isnan(agent.record).any() for agent in agents.values()]
    if not all(np.array_equal(tables[0], table) for table in tables) or told != [True, False, True]:
        raise RuntimeError("the kernels to compare do not do the same.")


def _agent(loop: str) -> QLearning:
    """Q-learning on the cliff with one of the loops."""
    agent = QLearning(Enumerable.of(gallery()["cliff_walking"].make()), ControlConfig(), (0,))
    agent.loop = LOOPS[loop]  # type: ignore[misc]
    return agent


def _kernels() -> dict[str, Callable[[], float]]:
    return {f"kernel.{name}": lambda name=name: _called(name) for name in LOOPS}


def _called(loop: str) -> float:
    """Steps a second of one call of a loop."""
    agent = _agent(loop)
    learning = agent.learn()
    next(learning)
    agent.stride = KERNEL_STEPS
    began = time.process_time()
    next(learning)
    return KERNEL_STEPS / (time.process_time() - began)


def _worlds() -> dict[str, World]:
    large = World.blank(SIDE, SIDE).with_rules(step_reward=-1.0, step_limit=1000)
    large = large.painted([(SIDE // 2, SIDE // 2)], "start").painted([(SIDE - 1, SIDE - 1)], "goal")
    return {"cliff_walking": gallery()["cliff_walking"].make(), f"open_{SIDE}": large}


def _views(world: World) -> dict[str, View | None]:
    start = Enumerable.of(world).mdp.start_states[0]
    needs = frozenset[str]().union(*(overlay.needs for overlay in overlays.registry().values()))
    everything = View(0, needs | QLearning.offers | {"curves", "oracle"}, int(start))
    return {"unwatched": None, "values": View(0), "everything": everything}


def _sessions() -> dict[str, Callable[[], float]]:
    return {
        f"{name}.{watched}": lambda world=world, view=view: _watched(world, view)
        for name, world in _worlds().items()
        for watched, view in _views(world).items()
    }


def _watched(world: World, view: View | None) -> float:
    """Steps a second of a session of which somebody asks for a view again and again, or nobody does."""
    session, steady = TrainingSession(RunSpec("q_learning", world)), SteadyOccupancy()
    session.run_slice(0.1)
    session.oracle()
    first, began = session.clock, time.process_time()
    now = due = began
    while now - began < SESSION_SECONDS:
        session.run_slice(0.012)
        now = time.process_time()
        if view is not None and now >= due:
            steady.progress(session, view, training=True)
            due = max(due + FRAME_SECONDS, now)
    return (session.clock - first) / (time.process_time() - began)
