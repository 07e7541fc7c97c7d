"""What must hold for agents with networks in worlds that can only be played."""

import itertools
from typing import Any

import numpy as np
import pytest

from rlsandbox.algorithms import registry
from rlsandbox.learning.agent import View
from rlsandbox.learning.problem import Simulated, misfit
from rlsandbox.training.checkpoints import load_checkpoint, save_checkpoint
from rlsandbox.worlds.errors import SandboxError
from rlsandbox.worlds.gym_world import GymWorld
from rlsandbox.worlds.point_world import PointWorld
from rlsandbox.worlds.rules import Rules
from rlsandbox.worlds.simulation import Simulation, Slice
from rlsandbox.worlds.text_maps import world_from_rows
from tests.algorithms.deep.recorded import SMALL, nets
from tests.helpers import advance, assert_same_state, begin, digest

SEEDS = (3, 11, 2**40)
POINT = PointWorld(
    world_from_rows(("S.~G", ".#.P"), "Brisk", Rules(step_reward=-0.1, slip=0.1, step_limit=15)).with_cell(
        (0, 2), reward_sd=0.2
    )
)
PLACES: tuple[Simulation, ...] = (
    POINT,
    GymWorld("CartPole-v1"),
    GymWorld("Pendulum-v1"),
    GymWorld("FrozenLake-v1"),
)
DEEP = sorted(name for name, agent in registry().items() if Simulated in agent.accepts)
PAIRS = [
    pytest.param(name, place, id=f"{name}-{place.name}")
    for name in DEEP
    for place in PLACES
    if misfit(registry()[name], Simulated(place)) is None
]
every_pair = pytest.mark.parametrize(("algorithm", "place"), PAIRS)


def started(algorithm: str, place: Any, seeds: tuple[int, ...] = SEEDS, **options: Any) -> Any:
    """A session with networks and batches small enough for a test."""
    fields = registry()[algorithm].Config.model_fields
    small = {**SMALL, "n_envs": 2, "n_steps": 8, "minibatch": 8, "batch": 8, "learning_starts": 20}
    known = {name: value for name, value in small.items() if name in fields}
    return begin(algorithm, place, seeds, **{**known, **options})


@pytest.mark.parametrize("algorithm", ["ppo", "sac"])
def test_a_patient_view_asks_less_often_and_others_see_what_is_now(algorithm, monkeypatch):
    """Asking takes a second by this clock, so that it is due again after some more of them."""
    clock = itertools.count()
    session = advance(started(algorithm, POINT), 60)
    with monkeypatch.context() as patched:
        patched.setattr("rlsandbox.learning.deep.time.perf_counter", lambda: float(next(clock)))
        first = session.agent.snapshot(View(0, patient=True))
    patient, now = View(0, patient=True), View(0)
    monkeypatch.setattr("rlsandbox.learning.deep.time.perf_counter", lambda: 5.0)
    advance(session, 120)
    again = session.agent.snapshot(patient)
    np.testing.assert_array_equal(again.v, first.v)
    assert first.played is not None and again.played is not None
    np.testing.assert_array_equal(again.played.forces, first.played.forces)
    assert np.abs(session.agent.snapshot(View(1, patient=True)).v - again.v).max() > 0, "of another replica"
    fresh = session.agent.snapshot(now)
    assert np.abs(fresh.v - first.v).max() > 0
    advance(session, 180)
    monkeypatch.setattr("rlsandbox.learning.deep.time.perf_counter", lambda: 100.0)
    assert np.abs(session.agent.snapshot(patient).v - fresh.v).max() > 0, "it is due"


@every_pair
def test_it_learns_and_equal_seeds_give_equal_bits_whatever_the_stride(algorithm, place):
    found = set()
    for stride in (1000, 7, 1):
        session = started(algorithm, place, steps=200)
        while session.tick(stride):
            pass
        assert session.failure is None and (session.agent.steps >= 200).all()
        assert session.agent.state()["updates"][0] > 0 or algorithm == "reinforce"
        found.add(digest(session))
    assert len(found) == 1


@every_pair
def test_a_replica_is_the_run_with_its_one_seed(algorithm, place):
    many = started(algorithm, place, steps=150)
    many.run()
    for k, seed in enumerate(SEEDS):
        single = started(algorithm, place, (seed,), steps=150)
        single.run()
        mine, own = many.agent.state(), single.agent.state()
        for name in ("walk.steps", "walk.episodes", "memory.count"):
            assert mine[name][k] == own[name][0]
        for name in ("memory.state", "memory.action", "memory.reward"):
            np.testing.assert_allclose(mine[name][k], own[name][0], rtol=1e-3, atol=1e-3, err_msg=name)
        for one, other in zip(nets(many).layers(k), nets(single).layers(0), strict=True):
            np.testing.assert_allclose(one[0], other[0], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    "algorithm", [name for name in DEEP if misfit(registry()[name], Simulated(POINT)) is None]
)
def test_going_on_in_a_point_world_is_exact(algorithm, tmp_path):
    session = started(algorithm, POINT)
    advance(session, 60, 7)
    save_checkpoint(session, tmp_path / "run.rlcheckpoint")
    twin = load_checkpoint(tmp_path / "run.rlcheckpoint")
    assert_same_state(advance(session, 200, 11), advance(twin, 200, 3))


def test_going_on_with_an_environment_keeps_what_was_learnt_and_begins_an_episode(tmp_path):
    session: Any = advance(started("dqn", GymWorld("CartPole-v1"), steps=400), 200)
    save_checkpoint(session, tmp_path / "run.rlcheckpoint")
    twin: Any = load_checkpoint(tmp_path / "run.rlcheckpoint")
    np.testing.assert_array_equal(nets(twin).flat, nets(session).flat)
    assert (twin.agent.ground.copies.state == -1).all()
    twin.run()
    assert twin.finished and twin.failure is None and twin.clock >= 400


@every_pair
def test_a_screen_is_shown_what_there_is(algorithm, place):
    session: Any = advance(started(algorithm, place), 120)
    actions = place.actions
    chosen = place.slice and Slice(place.slice.x, place.slice.y, 5, 3, place.slice.at)
    for replica in (0, None):
        seen = session.progress(View(replica, frozenset({"visits", "trail", "curves"}), 0, chosen))
        shown, size = seen.snapshot, 15 if chosen else place.n_states
        assert shown.v.shape == (size,) and np.isfinite(shown.v).all()
        assert shown.q.shape == (size, actions.size)
        assert shown.policy.shape == (size, 0 if actions.continuous else actions.size)
        assert shown.played is not None and shown.played.slice == chosen
        assert -1 <= shown.played.state < size and shown.visits is None
        if actions.continuous:
            assert shown.played.forces.shape == (size, actions.size)
            low, high = np.array(actions.low), np.array(actions.high)
            assert ((low <= shown.played.forces) & (shown.played.forces <= high)).all()
        assert seen.oracle is None and seen.place == place
    assert np.isfinite(session.recent_return()).all() == (session.agent.episodes > 0).all()


def test_the_way_is_what_the_first_copy_saw():
    """Its last state leads to where it stands; each follows from the one before."""
    session: Any = started("a2c", GymWorld("CartPole-v1"), (0,))
    for _ in range(40):
        session.tick(2)
        played: Any = session.progress(View(0)).snapshot.played
        memory, length = session.agent.memory, int(session.agent.copies.length[0, 0])
        going = session.agent.copies.state[0, 0] >= 0
        assert len(played.way) == (length if going else 0)
        if going and memory.count[0] >= 2:
            newest = (memory.count[0] - 2) % memory.reward.shape[1]
            np.testing.assert_array_equal(played.way[-1], memory.state[0, newest])
            np.testing.assert_array_equal(played.seen, memory.next_state[0, newest])


def test_an_edit_keeps_what_was_learnt_and_cuts_who_stands_in_a_wall():
    session: Any = advance(started("ppo", POINT, (0,)), 40)
    before, episodes = nets(session).flat.clone(), int(session.agent.episodes[0])
    walkers = session.agent.ground.walkers
    walkers.arrays()["place"][0, 0] = (1.5, 0.5, 0.0, 0.0)
    walkers.arrays()["place"][0, 1] = (0.5, 0.5, 0.0, 0.0)
    session.agent.copies.state[0] = 0
    session.replace_world(PointWorld(POINT.drawn.painted([(0, 1)], "wall")))
    np.testing.assert_array_equal(nets(session).flat, before)
    assert session.agent.copies.state[0].tolist() == [-1, 0]
    assert session.agent.episodes[0] == episodes + 1
    assert tuple(session.agent.ground.walkers.arrays()["place"][0, 1]) == (0.5, 0.5, 0.0, 0.0)
    advance(session, 200)
    assert session.failure is None and session.world.drawn.terrain[0, 1] != POINT.drawn.terrain[0, 1]


@pytest.mark.parametrize(
    ("algorithm", "place", "said"),
    [
        (
            "dqn",
            GymWorld("Pendulum-v1"),
            "DQN chooses numbered actions; those of gym:Pendulum-v1 are continuous",
        ),
        ("q_learning", POINT, "trains on drawn grid worlds, not on continuous worlds"),
    ],
)
def test_what_does_not_fit_is_said(algorithm: str, place: Any, said: str):
    with pytest.raises(SandboxError, match=said):
        begin(algorithm, place)


def test_an_episode_without_an_end_is_nothing_for_reinforce():
    import gymnasium

    gymnasium.register("Endless-v0", entry_point="gymnasium.envs.classic_control:CartPoleEnv")
    try:
        with pytest.raises(SandboxError, match="learns from whole episodes, and those of gym:Endless-v0"):
            started("reinforce", GymWorld("Endless-v0"))
    finally:
        del gymnasium.registry["Endless-v0"]


def test_an_environment_that_fails_stops_the_run_and_the_last_good_state_comes_back(monkeypatch):
    session: Any = advance(started("ppo", GymWorld("CartPole-v1")), 300)
    good = session.history.latest
    env = session.agent.ground.walkers._envs[1][0]
    with monkeypatch.context() as patched:

        def burnt(action: Any) -> Any:
            raise OSError("the motor is on fire")

        patched.setattr(env, "step", burnt)
        assert not session.run_slice()
        assert session.failure == "CartPole-v1 failed in step: OSError: the motor is on fire"
        assert session.finished and not session.tick()
    session.go_to(good)
    assert session.failure is None
    clock = session.clock
    assert advance(session, clock + 200).failure is None and session.clock >= clock + 200


def test_what_a_policy_is_worth_is_counted_on_the_same_episodes():
    """Pushing a cart one way drops its pole after 8 to 10 steps."""
    session = started("dqn", GymWorld("CartPole-v1"), (0, 1))
    nets(session).flat.zero_()  # all values equal: the first action
    found = session.evaluate()
    assert found.greedy_return[0] == found.greedy_return[1] and 8 <= found.greedy_return[0] <= 10.5
    assert found.ended == [1.0, 1.0] and found.oracle_return is None and found.cap == 500
