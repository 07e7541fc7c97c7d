"""What must hold for every agent, over the whole registry."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from rlsandbox.algorithms import registry
from rlsandbox.algorithms.deep.sac import COURSE
from rlsandbox.learning import listed
from rlsandbox.learning.agent import View
from rlsandbox.learning.oracle import policy_values
from rlsandbox.learning.problem import Enumerable
from rlsandbox.training.checkpoints import load_checkpoint, save_checkpoint
from rlsandbox.training.evaluate import value_error
from rlsandbox.worlds.gallery import gallery_world
from rlsandbox.worlds.generators import bandit, bandit_of
from tests.helpers import (
    EVERYTHING,
    advance,
    assert_same_state,
    begin,
    corridor,
    digest,
    eventful,
    fitting,
    lively,
)

DEEP: dict[str, tuple[dict[str, int], dict[str, Any]]] = {
    "a2c": ({"steps": 12_000}, {"entropy_coefficient": 0.01}),
    "a3c": ({"steps": 12_000}, {"entropy_coefficient": 0.01}),
    "actor_critic": ({"steps": 4_000}, {"units": 32}),
    "dqn": ({"steps": 8_000}, {}),
    "ppo": ({"steps": 6_000}, {"n_steps": 256}),
    "reinforce": ({"episodes": 800}, {}),
    "sac": ({"steps": 2_000}, {**COURSE, "units": 32, "batch": 32}),
    "trpo": ({"steps": 6_000}, {"n_steps": 256}),
}
"""What a deep agent needs on the 4x4 grid: budget and hyperparameters."""
ROOT = Path(__file__).parents[2]
SEEDS = (3, 11, 2**40)
DRAWN = sorted(name for name, agent in registry().items() if Enumerable in agent.accepts)
"""Those who learn in drawn worlds; the others keep the same rules in worlds that are played."""
every_agent = pytest.mark.parametrize("algorithm", DRAWN)


def those_of(task: str) -> list[str]:
    return [name for name in DRAWN if registry()[name].task == task]


def test_nothing_but_several_workers_lifts_rules_and_whoever_lifts_one_says_so():
    for agent in registry().values():
        assert agent.title and agent.source and agent.equation and agent.accepts
        usual = agent.Config.make({})
        several = getattr(usual, "workers", 1) > 1
        for config in (usual, usual.with_values(workers=1)) if several else (usual,):
            lifted = {"bit_identity", "stride", "resume"} if getattr(config, "workers", 1) > 1 else set()
            assert agent.lifts(config) == lifted
            assert bool(agent.caution(config)) == bool(lifted)


def is_deep(algorithm: str) -> bool:
    return registry()[algorithm].__module__.split(".")[-2] == "deep"


@every_agent
def test_equal_seeds_give_equal_bits(algorithm):
    one, other = (advance(begin(algorithm, lively(algorithm), SEEDS), 500) for _ in range(2))
    assert digest(one) == digest(other)


def test_equal_seeds_give_equal_bits_in_another_process():
    names = DRAWN
    script = (
        "import json; from tests.helpers import *; from rlsandbox.algorithms import registry; "
        f"print(json.dumps([digest(advance(begin(name, lively(name), {SEEDS}), 500)) for name in {names}]))"
    )
    there = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120, cwd=ROOT
    )
    assert there.returncode == 0, there.stderr
    here = [digest(advance(begin(name, lively(name), SEEDS), 500)) for name in names]
    assert json.loads(there.stdout) == here


@every_agent
def test_other_seeds_give_another_run(algorithm):
    one, other = (advance(begin(algorithm, lively(algorithm), (seed,)), 500) for seed in (0, 1))
    plans = registry()[algorithm].unit == "sweeps"
    assert (digest(one) == digest(other)) == plans


@every_agent
def test_the_stride_changes_nothing(algorithm):
    once = begin(algorithm, lively(algorithm), SEEDS, steps=1000)
    while once.tick(1000):
        pass
    for strides in ((1,), (7,), (1, 13, 2, 128)):
        session, tick = begin(algorithm, lively(algorithm), SEEDS, steps=1000), 0
        while session.tick(strides[tick % len(strides)]):
            tick += 1
        assert digest(session) == digest(once)


@pytest.mark.parametrize("algorithm", [name for name in DRAWN if is_deep(name)])
def test_threads_change_nothing(algorithm, monkeypatch):
    monkeypatch.setattr(listed, "_WIDE", 1)  # they share the shortest walk as well
    fields, found, used = registry()[algorithm].Config.model_fields, set(), set()
    small = {"n_envs": 1, "n_steps": 8, "minibatch": 8, "batch": 16, "units": 16}
    small = {name: value for name, value in small.items() if name in fields}
    for threads in (1, 2, 3):
        session = begin(algorithm, lively(algorithm), tuple(range(9)), steps=300, **small)
        session.threads, agent = threads, cast("Any", session.agent)
        while session.tick(100):
            used.add(agent._threads)
        assert agent.updates[0] > 0
        found.add(digest(session))
    assert len(found) == 1 and used == {1, 2, 3}


def test_threads_change_nothing_where_pictures_are_seen():
    found = set()
    for threads in (1, 8):
        options = {"observation": "planes", "units": 8, "batch": 8, "learning_starts": 20}
        session = begin("dqn", lively("dqn"), tuple(range(8)), steps=100, **options)
        session.threads = threads
        session.run()
        found.add(digest(session))
    assert len(found) == 1


@every_agent
def test_going_on_from_any_of_the_first_200_ticks_changes_nothing(algorithm):
    session, saved = begin(algorithm, lively(algorithm), SEEDS), []
    for tick in range(200):
        saved.append(session.checkpoint_moment())
        session.tick(1 + tick % 3)
    end = digest(advance(session, 450))
    other = begin(algorithm, lively(algorithm), SEEDS)
    for moment in saved[:: 7 if is_deep(algorithm) else 1]:  # of those that are slow, one in seven
        other.go_to(moment)
        assert digest(advance(other, 450)) == end, moment.clock


@every_agent
def test_going_on_from_a_file_in_another_process_changes_nothing(algorithm, tmp_path):
    session, names = begin(algorithm, lively(algorithm), SEEDS), []
    for tick in range(200):
        if tick % 40 in (0, 17):  # the world changes by its schedule in between
            names.append(str(tmp_path / f"{tick}.rlcheckpoint"))
            save_checkpoint(session, names[-1])
        if tick == 30 and "alpha" in type(session.agent).Config.model_fields:
            session.set_hyperparameters({"alpha": 0.3})
        session.tick(1)
    script = (
        "from tests.helpers import *; from rlsandbox.training.checkpoints import load_checkpoint; "
        f"print('\\n'.join(digest(load_checkpoint(name)) for name in {names}))"
    )
    there = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120, cwd=ROOT
    )
    assert there.returncode == 0, there.stderr
    for name, found in zip(names, there.stdout.split(), strict=True):
        assert found == digest(load_checkpoint(name))
    assert digest(advance(load_checkpoint(names[-1]), session.clock)) == digest(session)


@every_agent
def test_a_replica_is_the_run_with_its_one_seed(algorithm):
    clock = 2_000 if is_deep(algorithm) else 700  # the end, where replicas are not in step
    many = advance(begin(algorithm, lively(algorithm), SEEDS, episodes=40), clock)
    for k, seed in enumerate(SEEDS):
        single = advance(begin(algorithm, lively(algorithm), (seed,), episodes=40), clock)
        one, other = (
            session.agent.snapshot(View(replica=replica, wants=EVERYTHING, selected=1))
            for session, replica in ((many, k), (single, 0))
        )
        close: Any = {"rtol": 1e-4, "atol": 1e-5} if is_deep(algorithm) else {"rtol": 0, "atol": 0}  # float32
        for name in ("v", "q", "policy", "visits", "trail"):
            if getattr(one, name) is not None or getattr(other, name) is not None:
                np.testing.assert_allclose(getattr(one, name), getattr(other, name), **close, err_msg=name)
        if not is_deep(algorithm):
            assert repr((one.update, one.backup)) == repr((other.update, other.backup))  # NaN
        assert (one.state, one.steps[k], one.episodes[k]) == (other.state, other.steps[0], other.episodes[0])
        assert one.metrics == pytest.approx(other.metrics, rel=1e-3 if is_deep(algorithm) else 0, abs=1e-5)
        for name, curve in many.agent.curves().items():
            alone = single.agent.curves()[name].values[0]
            np.testing.assert_allclose(curve.values[k, : alone.size], alone, **close)


@every_agent
@pytest.mark.parametrize("poison", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_stops_the_run_within_one_slice(algorithm, poison):
    rng = np.random.default_rng(17 if np.isnan(poison) else int(18 + np.sign(poison)))
    session = begin(algorithm, lively(algorithm), SEEDS)
    for _ in range(int(rng.integers(3, 60))):
        session.tick(int(rng.integers(1, 4)))
    learnt = next(iter(session.agent.learnt().values()))
    learnt.flat[int(rng.integers(learnt.size))] = poison
    assert not session.run_slice()
    assert session.finished and session.failure is not None
    assert session.failure.endswith(".") and "became" in session.failure
    assert not session.tick()

    good = session.history.latest
    assert f"last good state at step {good.clock:,}" in session.failure
    session.go_to(good)
    assert session.failure is None
    assert all(np.isfinite(values).all() for values in session.agent.learnt().values())
    clean = advance(begin(algorithm, lively(algorithm), SEEDS), 300)
    assert_same_state(advance(session, 300), clean)


@every_agent
def test_rewards_that_overflow_stop_the_run(algorithm):
    rich = corridor(4, step_limit=9).with_rules(step_reward=1e300, bump_reward=1e300)
    world = fitting(algorithm, rich, bandit_of(np.array([1e300, -1e300]), "Rich"))
    session = begin(algorithm, world, gamma=1.0, **only(algorithm, alpha=1.0, initial_q=0.0))
    for _ in range(400):
        if not session.run_slice(0.002):
            break
    if session.failure is None:  # nothing grew beyond the largest number, since episodes are short
        assert all(np.isfinite(values).all() for values in session.agent.learnt().values())
    else:
        assert "became" in session.failure or "at gamma 1" in session.failure


@pytest.mark.parametrize("algorithm", those_of("prediction"))
def test_it_learns_the_values_of_a_policy(algorithm):
    world = gallery_world("grid_4x4")
    assert world is not None
    planning = registry()[algorithm].unit == "sweeps"
    budget = {} if planning else {"episodes": 3000}
    steps = {"alpha": 0.1, "alpha_schedule": "linear", "alpha_end": 0.001, "alpha_episodes": 3000}
    world = world.with_rules(step_limit=None)  # Monte Carlo would see the short episodes alone
    session = begin(algorithm, world, SEEDS, **budget, **only(algorithm, gamma=0.95, **steps))
    session.run()
    agent = session.agent
    truth = policy_values(agent.problem.mdp, agent.given, 0.95)
    assert truth is not None
    largest = 1e-6 if planning else 0.05 * (np.nanmax(truth) - np.nanmin(truth))
    assert [value_error(agent.problem.mdp, v, truth) < largest for v in agent.estimates()] == [True] * 3


SMALL = [("grid_4x4", name) for name in those_of("control")]
SMALL += [("key_door", name) for name in those_of("control") if not is_deep(name)]


@pytest.mark.parametrize(("world", "algorithm"), SMALL)
def test_it_learns_the_best_policy_of_a_small_world(algorithm, world):
    drawn = gallery_world(world)
    assert drawn is not None
    drawn = fitting(algorithm, drawn, bandit_of(np.linspace(-2.0, 2.0, 5), "Five arms"))
    wishes = only(algorithm, alpha=0.1, epsilon=1.0, epsilon_schedule="linear", epsilon_end=0.0)
    wishes |= only(algorithm, kappa=1e-4)  # nothing changes there that would be worth a second look
    budget = {} if registry()[algorithm].unit == "sweeps" else {"episodes": 1500}
    if algorithm == "off_policy_mc_control":  # learns from the greedy ends of episodes only, so it needs more
        budget, wishes = {"episodes": 50_000}, {"epsilon": 0.3}
    if is_deep(algorithm):
        budget, wishes = DEEP[algorithm]
    if algorithm == "uct":  # learns before a step, not from it, so it needs to think more
        budget, wishes = {"episodes": 2}, {"simulations": 5_000, "depth": 30, "c": 3.0}
    session = begin(algorithm, drawn, SEEDS, **budget, **wishes)
    session.run()
    found = session.evaluate()
    assert found.oracle_return is not None
    assert [gap is not None and gap < 1e-9 for gap in found.oracle_gap] == [True] * 3
    np.testing.assert_allclose(found.greedy_return, found.oracle_return)
    assert found.ended == [1.0] * 3


@every_agent
def test_it_goes_on_after_any_edit(algorithm):
    rng, wishes = np.random.default_rng(5), only(algorithm, units=8, frames=2)
    world = fitting(algorithm, eventful().at_step(61), bandit(3, 0))
    session = begin(algorithm, world, SEEDS, **wishes)
    for size in (5, 3, 4) * 4:
        edited = world.resized(size, 5) if world.rules.moves else bandit(size, 0)
        if world.rules.moves and rng.integers(2):
            edited = world.painted([(int(rng.integers(3)), int(rng.integers(1, 3)))], "wall")
        session.replace_world(edited)
        goal, ticks = session.clock + int(rng.integers(5, 40)), 0
        while session.clock < goal and session.tick(int(rng.integers(1, 20))):
            ticks += 1
            assert ticks < 2_000
        assert session.clock >= goal or session.converged


@every_agent
def test_a_snapshot_is_a_copy(algorithm):
    session = advance(begin(algorithm, lively(algorithm), SEEDS), 100)
    for replica in (1, None):
        shot = session.agent.snapshot(View(replica=replica, wants=EVERYTHING))
        kept = {name: np.copy(getattr(shot, name)) for name in ("v", "q", "policy", "steps", "episodes")}
        kept |= {} if shot.visits is None else {"visits": shot.visits.copy()}
        advance(session, session.clock + 100)
        for name, array in kept.items():
            np.testing.assert_array_equal(getattr(shot, name), array, err_msg=name)
        np.testing.assert_allclose(shot.policy.sum(axis=1), 1.0)


@every_agent
def test_memory_does_not_grow_with_the_run(algorithm):
    session = begin(algorithm, fitting(algorithm, corridor(3), bandit(3, 0)), SEEDS)
    sizes = []
    for clock in (100, 3_000 if is_deep(algorithm) else 60_000):
        advance(session, clock)
        sizes.append(sum(array.nbytes for array in session.agent.state().values()))
    assert sizes[0] == sizes[1]
    assert len(session.history.moments) <= 33
    assert all(curve.values.shape[1] <= 4096 for curve in session.agent.curves().values())


def only(algorithm: str, **wishes: object) -> dict[str, Any]:
    """The wishes that the algorithm has hyperparameters for."""
    known = registry()[algorithm].Config.model_fields
    return {name: value for name, value in wishes.items() if name in known}
