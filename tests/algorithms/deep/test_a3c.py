"""A3C: algorithm S3 by hand, exact budgets, and workers that stand still, hear of edits, and can be lost."""

import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rlsandbox.algorithms import registry
from rlsandbox.learning.agent import View
from rlsandbox.learning.processes import Crew
from rlsandbox.training import api
from rlsandbox.training.checkpoints import load_checkpoint, save_checkpoint
from rlsandbox.training.session import TrainingSession
from rlsandbox.worlds.errors import SandboxError
from rlsandbox.worlds.files import open_world
from rlsandbox.worlds.places import open_place
from tests.algorithms.deep.recorded import SMALL, assert_solved, brisk, learnt
from tests.helpers import advance, begin, corridor, digest

QUICK: dict[str, Any] = {**SMALL, "n_steps": 3, "learning_rate": 0.01}


def workers_of(session: TrainingSession) -> list[int]:
    """Their process ids."""
    agent: Any = session.agent
    return [process.pid for process in agent.workers._crew.processes]


def ended(pids: list[int]) -> bool:
    return not any(Path(f"/proc/{pid}").exists() for pid in pids)


@pytest.fixture(scope="module")
def running():
    """A run of two workers, in which tests go on."""
    session = begin("a3c", brisk(), (0, 1), workers=2, **QUICK)
    yield advance(session, 200, 50)
    session.close()


# -- the algorithm ---------------------------------------------------------------------------------


def test_one_worker_is_a2c_with_one_copy_bit_by_bit():
    usual: dict[str, Any] = {**QUICK, "steps": 150}
    assert learnt("a3c", **usual) == learnt("a2c", **usual, n_envs=1) != learnt("a2c", **usual, n_envs=2)


def test_gradients_are_of_old_numbers_and_second_moments_are_shared():
    """Two workers take turns, two steps each, from networks that say 0, where every step costs 1.

    Both find V = 0, targets -1 - 1/2 and -1, so that the slope d at the critic's bias is 1.25 for both,
    although the first has changed the bias before the second comes. With g = 0.01 d^2 the first moves it by
    1 / sqrt(0.01) = 10 step sizes, the second with g = 0.0199 d^2 by 1 / sqrt(0.0199) = 7.0888 more.
    """
    alpha = 0.001
    options: dict[str, Any] = {"n_steps": 2, "gamma": 0.5, "max_grad_norm": 1e6, "learning_rate": alpha}
    session = begin("a3c", corridor(20), workers=2, **options)
    agent: Any = session.agent
    agent.nets.flat.zero_()
    try:
        for clock, moved in ((2, 0.0), (3, 10.0), (4, 10.0 + 0.0199**-0.5)):
            advance(session, clock, stride=1)
            assert float(agent.outputs()["value"][0, 5, 0]) == pytest.approx(-alpha * moved, rel=1e-3)
            assert agent.updates[0] == max(0, clock - 2)
        told = agent.told(0)
        assert (told.before, told.td_error, told.reward) == (0.0, -1.0, -1.0)
        assert agent.metrics(0)["value loss"] == pytest.approx((1.5**2 + 1) / 2)
    finally:
        session.close()


def test_two_workers_solve_the_small_grid_by_the_preset_of_a_first_course_and_leave_nothing_behind(
    monkeypatch,
):
    crews: list[Crew] = []
    begun = Crew.__init__
    monkeypatch.setattr(Crew, "__init__", lambda crew, size: (begun(crew, size), crews.append(crew))[0])
    preset = registry()["a3c"].presets["course"].values
    result = api.train("a3c", "grid_4x4", steps=12_000, seeds=3, workers=2, **preset)
    assert_solved(result.session)
    assert result.session.agent.steps.tolist() == [12_000] * 3
    assert len(crews) == 1 and ended([process.pid for process in crews[0].processes])


def test_workers_share_the_memory_of_the_processor(monkeypatch):
    with pytest.raises(SandboxError, match=r"^device: workers share the processor's memory: choose cpu\.$"):
        begin("a3c", brisk(), workers=2, device="cuda")


# -- budgets ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "budget", [{"steps": 137}, {"episodes": 23}, {"steps": 150, "episodes": 23}], ids=str
)
@pytest.mark.parametrize("stride", [1, 7, 1000])
def test_shares_add_up_to_the_budget_and_no_more(budget, stride):
    """Without processes: each share is spent whole, and every fourth step of a worker ends an episode."""
    session = begin("a3c", brisk(), (0, 1), workers=3)
    agent: Any = session.agent
    agent.stride = stride
    agent.step_budget, agent.episode_budget = budget.get("steps", 10**9), budget.get("episodes", 10**9)
    made, over = np.zeros((3, 2), np.int64), np.zeros((3, 2), np.int64)
    for _ in range(1000):
        steps, episodes = agent.shares(3)
        assert (steps.sum(axis=0) <= stride).all()
        assert (agent.episodes + episodes.sum(axis=0) <= agent.episode_budget).all()
        for w, i in np.ndindex(3, 2):
            for _ in range(steps[w, i]):
                if episodes[w, i] > 0:
                    made[w, i] += 1
                    done = made[w, i] % 4 == 0
                    over[w, i], episodes[w, i] = over[w, i] + done, episodes[w, i] - done
        agent.walk.steps[:], agent.walk.episodes[:] = made.sum(axis=0), over.sum(axis=0)
        if not steps.any():
            break
    else:
        pytest.fail("the budget is never spent")
    spent = (agent.steps == agent.step_budget) | (agent.episodes == agent.episode_budget)
    assert spent.all() and (agent.steps <= agent.step_budget).all()


# -- a run -----------------------------------------------------------------------------------------


def test_what_workers_did_is_counted_once(running):
    agent: Any = running.agent
    shot = agent.snapshot(View(wants=frozenset({"visits"})))
    other = agent.snapshot(View(replica=1, wants=frozenset({"visits"})))
    assert [shot.visits.sum(), other.visits.sum()] == running.agent.steps.tolist()
    lengths = running.agent.curves()["length"]
    for i in range(2):
        done = int(agent.episodes[i])
        assert done > 20 and running.clock - 2 * 9 <= lengths.values[i, :done].sum() <= running.clock
    assert agent.curves()["entropy"].episodes.tolist() == [agent.updates[0]] * 2
    assert running.clock // 3 - 2 <= agent.updates[0] <= running.clock // 3


def test_the_first_worker_is_seen_walking_and_the_last_update_is_written_out(running):
    shot = advance(running, running.clock + 50).agent.snapshot(View(replica=1))
    assert shot.update is not None and shot.update.parts[0].text == "δ = "
    assert shot.state == -1 or shot.state in range(running.agent.problem.mdp.n_states)
    assert len(shot.trail) <= 9


def test_between_ticks_nothing_moves(running):
    agent: Any = running.agent
    before, numbers = digest(running), agent.nets.flat.clone()
    for _ in range(20):
        agent.snapshot(View(wants=frozenset({"visits"})))
    assert digest(running) == before and bool((agent.nets.flat == numbers).all())
    advance(running, running.clock + 30)
    assert bool((agent.nets.flat != numbers).any())


def test_workers_hear_of_edits_and_hyperparameters(running):
    agent: Any = running.agent
    running.set_hyperparameters({"learning_rate": 1e-12, "gamma": 0.25})
    numbers = agent.nets.flat.clone()
    advance(running, running.clock + 60)
    np.testing.assert_allclose(agent.nets.flat, numbers, atol=1e-6)
    assert agent.told(0).gamma == 0.25
    pids = workers_of(running)
    running.replace_world(running.world.painted([(0, 2)], "wall"))
    walled = 2 * running.world.inventory
    visits = agent.ground.visits[:, walled].copy()
    advance(running, running.clock + 100)
    assert (agent.state()["visits"][:, walled] == visits).all()
    assert agent.state()["visits"].sum() == 2 * running.clock and workers_of(running) == pids


def test_a_larger_world_gets_larger_networks(running):
    agent: Any = running.agent
    pids, clock, place = workers_of(running), running.clock, agent.snapshot(View()).state
    running.replace_world(open_world("grid_4x4"))
    assert agent.snapshot(View()).state == place  # the fourth column is the last one in both
    assert advance(running, clock + 100, 20).failure is None
    assert agent.nets.shape == (16,) and agent.ground.visits.shape == (2, 16, 4)
    shot = agent.snapshot(View(wants=frozenset({"visits"})))
    assert shot.visits.sum() >= 100 and workers_of(running) == pids
    running.replace_world(brisk())
    advance(running, running.clock + 20)


def test_going_back_brings_back_numbers_moments_and_counts(running):
    moment = running.moment()
    advance(running, running.clock + 90)
    running.go_to(moment)
    for name, array in running.agent.state().items():
        np.testing.assert_array_equal(array, moment.state[name], err_msg=name)
    assert advance(running, moment.clock + 60).clock == moment.clock + 60


def test_what_is_not_finite_stops_the_run(running):
    running.history.keep(running.moment())
    clock = running.clock
    running.agent.learnt()["nets"][3] = np.nan
    assert not running.run_slice()
    assert "became NaN" in running.failure and f"last good state at step {clock:,}" in running.failure
    running.go_to(running.history.latest)
    assert running.clock == clock and advance(running, clock + 30).failure is None


def test_a_file_brings_a_run_back(running, tmp_path):
    save_checkpoint(running, tmp_path / "run.rlcheckpoint")
    other = load_checkpoint(tmp_path / "run.rlcheckpoint")
    assert digest(other) == digest(running)  # no process was needed for that
    assert other.agent.workers._crew is None  # type: ignore[attr-defined]


def test_closing_ends_the_processes_and_going_on_starts_others(running):
    pids, before = workers_of(running), digest(running)
    running.close()
    assert ended(pids) and digest(running) == before
    advance(running, running.clock + 30)
    assert not ended(workers_of(running)) and workers_of(running) != pids


@pytest.mark.parametrize("looks", [False, True])
def test_a_worker_that_is_lost_stops_the_run_with_a_sentence(running, looks):
    running.history.keep(running.moment())
    clock, pids = running.clock, workers_of(running)
    os.kill(pids[1], signal.SIGKILL)
    if looks:  # somebody looks before anybody learns
        running.agent.snapshot(View(wants=frozenset({"visits"})))
    assert not running.run_slice()
    assert running.failure == (
        "worker 2 of 2 ended unexpectedly (exit code -9): go back to the last good state, or train anew."
    )
    assert running.finished and ended(pids)
    running.go_to(running.history.latest)
    assert running.clock == clock and running.failure is None
    if not looks:
        assert advance(running, clock + 30).failure is None


# -- worlds that can only be played ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "budget"), [("point:grid_4x4", {"steps": 401}), ("gym:CartPole-v1", {"episodes": 15})]
)
def test_workers_play_what_cannot_be_listed_to_the_end_of_a_budget(name, budget):
    session = begin("a3c", open_place(name), (0, 1), workers=2, units=16, **budget)
    try:
        while session.run_slice():
            pass
        agent, shot = session.agent, session.agent.snapshot(View(replica=1))
        assert session.failure is None
        assert [getattr(agent, unit).tolist() for unit in budget] == [[n, n] for n in budget.values()]
        assert agent.curves()["return"].episodes.tolist() == agent.episodes.tolist()
        assert shot.played is not None and shot.played.seen.shape == (4,) and shot.played.seen.any()
        assert shot.update is not None and np.isfinite(shot.update.td_error)
        assert shot.played.forces.shape == ((shot.v.size, 2) if name.startswith("point") else (0, 0))
    finally:
        session.close()


def test_an_environment_that_fails_in_a_worker_stops_the_run_with_its_sentence():
    session = begin("a3c", open_place("gym:CartPole-v1"), workers=2)
    agent: Any = session.agent
    object.__setattr__(session.world, "id", "Nowhere-v0")  # as if it were only there in this process
    while session.tick():
        pass
    assert session.failure is not None and session.failure.startswith("world: there is no environment")
    assert agent.workers._crew.closed
