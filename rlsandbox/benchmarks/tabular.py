"""Tabular learning: against the loops that people write, against C, and every method against Q-learning.

All loops run Q-learning with epsilon 0.1, alpha 0.1, gamma 0.99. Ours goes through `rlsandbox.train` with its
defaults (random ties, schedules, logs, evaluation); the tutorials' break ties as `argmax` and `max` do, which
is faster; C does the very same as ours and ends with the same table. Each is one thread, timed by the
processor's clock, in rounds that alternate; medians count.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from rlsandbox.benchmarks.loops import native
from rlsandbox.benchmarks.loops.tutorials import ALPHA, EPSILON, GAMMA, dictionaries, gymnasium_numpy

ROUNDS = 5
OUR_STEPS, THEIR_STEPS = 40_000_000, 50_000
"""A round; all rounds together are over 200,000 steps."""

METHOD_SECONDS = 0.4
"""For how long each method runs in a round."""

SEED_STEPS = 4_000_000
LAMBDA_METHODS = "td_lambda", "sarsa_lambda", "q_lambda"
TRACE_SIDES = 10, 100
"""Sides of the open worlds on which a lambda method is timed: a hundred times the states."""


def run(seconds: float | None = None) -> dict[str, Any]:
    """Measure; `seconds` shortens or lengthens the number of rounds, each of which takes about 25 s."""
    rounds = ROUNDS if seconds is None else max(1, round(seconds / 25))
    cases = {**_loops(), **_methods(), **_seeds(), **_traces()}
    for measure in cases.values():
        measure()  # compiled code is loaded and caches are warm
    speeds: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(rounds):
        for name, measure in cases.items():
            speeds[name].append(measure())
    median = {name: statistics.median(values) for name, values in speeds.items()}
    return {
        "rounds": rounds,
        "steps_per_round": {"rlsandbox": OUR_STEPS, "others": THEIR_STEPS},
        "steps_per_second": median,
        **_ratios(median),
    }


def _ratios(speed: dict[str, float]) -> dict[str, Any]:
    cliff, lake = speed["cliff_walking.rlsandbox"], speed["frozen_lake_8x8.rlsandbox"]
    ratios: dict[str, Any] = {
        "ratio_cliff_walking_to_gymnasium_numpy": cliff / speed["cliff_walking.gymnasium_numpy"],
        "ratio_frozen_lake_8x8_to_gymnasium_numpy": lake / speed["frozen_lake_8x8.gymnasium_numpy"],
        "ratio_cliff_walking_to_dictionaries": cliff / speed["cliff_walking.dictionaries"],
    }
    if "cliff_walking.c" in speed:
        ratios["ratio_cliff_walking_to_c"] = cliff / speed["cliff_walking.c"]
        ratios["ratio_frozen_lake_8x8_to_c"] = lake / speed["frozen_lake_8x8.c"]
    methods = {name.partition(".")[2]: value for name, value in speed.items() if name.startswith("method.")}
    ratios["ratio_to_q_learning"] = {name: value / methods["q_learning"] for name, value in methods.items()}
    ratios["cost_of_16_seeds_in_single_seeds"] = 16 * speed["seeds.1"] / speed["seeds.16"]
    ratios["cost_of_100_times_the_states"] = {
        name: speed[f"traces.{name}.{TRACE_SIDES[0]}"] / speed[f"traces.{name}.{TRACE_SIDES[1]}"]
        for name in LAMBDA_METHODS
    }
    return ratios


def _loops() -> dict[str, Callable[[], float]]:
    """Q-learning, ours and others'; the tables of ours and of C are equal."""
    from rlsandbox.worlds.gallery import gallery

    cases: dict[str, Callable[[], float]] = {}
    c_function = native.load()
    for world, env_id in (("cliff_walking", "CliffWalking-v1"), ("frozen_lake_8x8", "FrozenLake8x8-v1")):
        drawn = gallery()[world].make()
        cases[f"{world}.rlsandbox"] = lambda drawn=drawn: trained("q_learning", drawn, OUR_STEPS)
        cases[f"{world}.gymnasium_numpy"] = lambda env_id=env_id: gymnasium_numpy(env_id, THEIR_STEPS)
        if c_function is not None:
            check_against_c(c_function, drawn)
            cases[f"{world}.c"] = lambda drawn=drawn: native.q_learning(
                c_function, drawn, OUR_STEPS, ALPHA, GAMMA, EPSILON
            )[1]
    cases["cliff_walking.dictionaries"] = lambda: dictionaries(THEIR_STEPS)
    return cases


def check_against_c(c_function: Any, world: Any) -> None:
    """Both do the very same: after 100,000 steps their tables have the same bits.

    Raises:
        RuntimeError: they have not, so that their speeds cannot be compared.
    """
    import rlsandbox

    theirs, _ = native.q_learning(c_function, world, 100_000, ALPHA, GAMMA, EPSILON)
    ours = rlsandbox.train("q_learning", world, steps=100_000).session.agent.policy().q[0]
    if not np.array_equal(ours, theirs):
        raise RuntimeError("the loop in C does not do what ours does.")


def trained(algorithm: str, world: Any, n_steps: int) -> float:
    """Steps a second of one call of `rlsandbox.train` with its defaults."""
    import rlsandbox

    began = time.process_time()
    rlsandbox.train(algorithm, world, steps=n_steps)
    return n_steps / (time.process_time() - began)


def _methods() -> dict[str, Callable[[], float]]:
    """Every tabular method that samples, on the cliff, by itself."""
    from rlsandbox.algorithms import registry
    from rlsandbox.learning.problem import Enumerable, misfit
    from rlsandbox.learning.sampling import Sampler
    from rlsandbox.worlds.gallery import gallery

    world = gallery()["cliff_walking"].make()
    problem = Enumerable.of(world)
    return {
        f"method.{name}": lambda name=name: stepped(name, world)
        for name, agent in registry().items()
        if issubclass(agent, Sampler) and misfit(agent, problem) is None
    }


def stepped(algorithm: str, world: Any, seeds: int = 1, n_steps: int | None = None, **config: Any) -> float:
    """Steps a second of all replicas by the clock on the wall: so many steps, or as many as time allows."""
    from rlsandbox.training.session import RunSpec, TrainingSession

    session = TrainingSession(RunSpec(algorithm, world, config, tuple(range(seeds)), n_steps))
    session.threads = os.cpu_count() or 1
    session.tick()
    began, now, done = time.perf_counter(), 0.0, int(session.agent.steps.sum())
    while now < METHOD_SECONDS or n_steps is not None:
        going = session.run_slice(METHOD_SECONDS / 8)
        now = time.perf_counter() - began
        if not going:
            break
    return (int(session.agent.steps.sum()) - done) / now


def _seeds() -> dict[str, Callable[[], float]]:
    """One seed and sixteen, each for the same number of steps."""
    from rlsandbox.worlds.gallery import gallery

    world = gallery()["cliff_walking"].make()
    return {f"seeds.{n}": lambda n=n: stepped("q_learning", world, n, SEED_STEPS) for n in (1, 16)}


def _traces() -> dict[str, Callable[[], float]]:
    """Methods with traces on open worlds of a hundred times the states: live traces cost, states do not."""
    from rlsandbox.worlds.rules import Rules
    from rlsandbox.worlds.text_maps import world_from_rows

    cases: dict[str, Callable[[], float]] = {}
    for side in TRACE_SIDES:
        rows = ["." * side] * side
        rows[0], rows[-1] = "S" + rows[0][1:], rows[-1][:-1] + "G"
        world = world_from_rows(tuple(rows), f"Open {side}", Rules(step_reward=-1.0, step_limit=200))
        for name in LAMBDA_METHODS:
            cases[f"traces.{name}.{side}"] = lambda name=name, world=world: stepped(name, world)
    return cases
