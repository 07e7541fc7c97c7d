"""The loop: budgets, commands, edits, replay, logs."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from rlsandbox.learning.agent import View
from rlsandbox.training.session import RunSpec, TrainingSession
from rlsandbox.worlds.errors import SandboxError, within_memory
from rlsandbox.worlds.files import open_world
from rlsandbox.worlds.rules import Change
from rlsandbox.worlds.world import World
from tests.helpers import advance, assert_same_state, begin, corridor, digest, eventful, last_update, table


def room() -> World:
    """3x3, start top left, goal bottom right."""
    return World.blank(3, 3).with_rules(step_reward=-1.0).painted([(0, 0)], "start").painted([(2, 2)], "goal")


# -- budget ----------------------------------------------------------------------------------------


def test_a_budget_of_steps_is_exact_for_every_replica():
    session = begin("q_learning", eventful(), (1, 2, 3), steps=137)
    session.run()
    assert session.agent.steps.tolist() == [137] * 3 and session.finished
    assert not session.tick(1000)
    assert session.agent.steps.tolist() == [137] * 3


def test_a_budget_of_episodes_is_exact_for_every_replica():
    session = begin("sarsa", eventful(), (1, 2, 3), episodes=7)
    session.run()
    assert session.agent.episodes.tolist() == [7] * 3
    assert len(set(session.agent.steps.tolist())) > 1  # each rested when it was done


def test_with_both_budgets_the_first_that_is_spent_counts():
    session = begin("q_learning", corridor(2), (1,), steps=10**6, episodes=5)
    session.run()
    assert session.agent.episodes.tolist() == [5]


def test_going_on_extends_the_budget_and_is_the_longer_run():
    short = begin("q_learning", eventful(), (1, 2), steps=100)
    short.run()
    short.extend(steps=50)
    assert not short.finished
    short.run()
    long = begin("q_learning", eventful(), (1, 2), steps=150)
    long.run()
    assert short.agent.steps.tolist() == [150, 150]
    assert_same_state(short, long)
    episodes = begin("sarsa", corridor(5), (1, 2), episodes=20)
    episodes.run()
    episodes.extend(episodes=5)
    episodes.run()
    assert episodes.agent.episodes.tolist() == [25, 25]


def test_a_run_without_a_budget_says_what_to_do():
    with pytest.raises(SandboxError, match="say how long to train"):
        begin("q_learning", corridor(3)).run()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"algorithm": "q_lerning"}, "there is no algorithm 'q_lerning'; there are .*q_learning"),
        ({"seeds": ()}, "a run trains 1 to 1024 seeds, not 0"),
        ({"seeds": (-1,)}, "a seed is a whole number from 0 on"),
        ({"steps": 0}, "a budget is at least 1, not 0"),
        ({"config": {"alpha": 2.0}}, "alpha: Input should be less than or equal to 1"),
        ({"config": {"alpha": float("nan")}}, "alpha: .*finite|alpha: .*less than"),
        ({"config": {"gama": 0.9}}, "there is no hyperparameter 'gama'; there are alpha, alpha_schedule"),
        (
            {"config": {"epsilon_schedule": "cosine"}},
            "epsilon_schedule: Input should be 'constant', 'linear'",
        ),
    ],
)
def test_a_wrong_order_is_answered_with_a_sentence(changes, sentence):
    with pytest.raises(SandboxError, match=sentence):
        TrainingSession(RunSpec(**{"algorithm": "q_learning", "world": corridor(3), **changes}))


# -- what is logged --------------------------------------------------------------------------------


def test_returns_and_lengths_are_logged_exactly():
    session = begin("sarsa", eventful(), (5,), epsilon=0.5)
    returns, lengths, score, length = [], [], 0.0, 0
    while len(returns) < 60:
        session.tick(1)
        update = last_update(session.agent)
        score, length = score + update.reward, length + 1
        if update.terminated or update.truncated:
            returns.append(score)
            lengths.append(length)
            score, length = 0.0, 0
    curves = session.agent.curves()
    np.testing.assert_array_equal(curves["return"].values, [returns])
    np.testing.assert_array_equal(curves["length"].values, [lengths])
    assert curves["return"].width.tolist() == [1]
    assert session.recent_return(10) == [pytest.approx(np.mean(returns[-10:]))]


def test_bins_merge_in_pairs_when_there_are_more_than_4096():
    # one start, one goal beside it: with two moves an episode is some bumps on the left, then a step right
    world = corridor(2).with_rules(moves=2)
    fine = begin("q_learning", world, (4,), epsilon=1.0, episodes=4096)
    fine.run()
    each = fine.agent.curves()["return"]
    assert each.values.shape == (1, 4096) and each.width.tolist() == [1]
    fine.extend(episodes=904)
    fine.run()
    merged = fine.agent.curves()["return"]
    assert merged.width.tolist() == [2] and merged.values.shape == (1, 2500)
    np.testing.assert_allclose(merged.values[0, :2048], each.values[0].reshape(-1, 2).mean(axis=1))


def test_the_last_bin_is_a_mean_over_the_episodes_that_it_has():
    session = begin("q_learning", corridor(2).with_rules(moves=2, bump_reward=0.0), (4,), episodes=4097)
    session.run()
    curve = session.agent.curves()["length"]
    assert curve.values.shape == (1, 2049)  # 2048 pairs and a single one
    assert curve.values[0, -1] == last_update(session.agent).step - (
        curve.values[0, :-1].sum() * 2
    )  # the steps that are left are the last episode's


def test_the_trail_is_the_way_of_the_running_episode():
    session, came = begin("q_learning", corridor(30), (9,), epsilon=0.5), []
    for _ in range(150):
        session.tick(1)
        shot = session.agent.snapshot(View(wants=frozenset({"trail"})))
        update = shot.update
        assert update is not None
        came.append(update.state)
        if update.terminated or update.truncated:
            came, expected = [], []
        else:
            expected = came[-64:]
        assert shot.trail.tolist() == expected
        assert shot.state == (-1 if update.terminated else update.next_state)


# -- commands --------------------------------------------------------------------------------------


def test_hyperparameters_change_from_the_next_step_on():
    session = begin("q_learning", eventful(), (1,), alpha=0.1)
    session.tick(10)
    session.set_hyperparameters({"alpha": 0.7, "gamma": 0.5, "epsilon": 1.0})
    session.tick(1)
    update = last_update(session.agent)
    assert (update.alpha, update.gamma, update.explored) == (0.7, 0.5, True)
    assert session.edits == [(float(session.edits[0][0]), "alpha = 0.7, gamma = 0.5, epsilon = 1.0")]


def test_a_refused_change_changes_nothing():
    session = advance(begin("q_learning", eventful(), (1,)), 50)
    before, config = digest(session), session.agent.config
    with pytest.raises(SandboxError, match="alpha"):
        session.set_hyperparameters({"gamma": 0.1, "alpha": -1.0})
    assert (digest(session), session.agent.config, session.commands, session.edits) == (
        before,
        config,
        [],
        [],
    )


@pytest.mark.parametrize("algorithm", ["q_learning", "sarsa", "value_iteration"])
def test_going_back_and_on_replays_every_command(algorithm):
    session = begin(algorithm, eventful(), (1, 2))
    beginning = session.history.moments[0]
    marks = {}
    for clock, order in (
        (300, lambda: session.set_hyperparameters({"gamma": 0.8})),
        (600, lambda: session.replace_world(session.world.painted([(0, 2)], "wall"))),
        (900, lambda: session.replace_world(session.world.resized(4, 6))),
        (1200, lambda: session.set_hyperparameters({"gamma": 0.95})),
        (1500, lambda: None),
    ):
        advance(session, clock, stride=17)
        marks[session.clock] = digest(session)
        order()
    commands, edits, end = list(session.commands), list(session.edits), session.clock
    session.go_to(beginning, until=end)
    assert digest(session) == marks[end]
    assert session.commands == commands and session.edits == edits
    if algorithm != "value_iteration":
        session.go_to(beginning, until=450)
        assert session.clock == 450 and session.commands == commands[:1]
    session.go_to(beginning)
    assert session.clock == 0 and session.commands == [] and session.edits == []


def test_going_back_takes_another_way_when_told_another_thing():
    session = advance(begin("q_learning", eventful(), (1,)), 5000, stride=500)
    first = digest(session)
    session.go_to(session.history.moments[1])
    session.set_hyperparameters({"alpha": 0.9})
    assert digest(advance(session, 5000)) != first
    assert all(moment.clock <= 5000 for moment in session.history.moments)


# -- edits -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ["q_learning", "sarsa"])
def test_a_wall_under_the_agents_feet_cuts_its_episode(algorithm):
    session = begin(algorithm, room(), (3,), epsilon=1.0)
    while session.agent.snapshot(View()).state != 4:  # the middle
        session.tick(1)
    done, length = int(session.agent.episodes[0]), session.agent.snapshot(View()).trail.size
    session.replace_world(session.world.painted([(1, 1)], "wall"))
    assert session.agent.episodes.tolist() == [done + 1]
    assert session.agent.curves()["length"].values[0, done] == length
    assert session.agent.snapshot(View()).state == -1
    session.tick(1)
    assert last_update(session.agent).state == 0


@pytest.mark.parametrize("algorithm", ["q_learning", "sarsa"])
def test_a_wall_elsewhere_leaves_the_episode_alone(algorithm):
    session = begin(algorithm, room(), (3,), epsilon=1.0)
    while session.agent.snapshot(View()).state != 4:
        session.tick(1)
    before = digest(session)
    session.replace_world(session.world.painted([(0, 2)], "wall"))
    assert digest(session) == before


def test_a_resize_carries_what_was_learnt_to_its_cell():
    session = advance(begin("q_learning", room(), (3,), initial_q=0.25, epsilon=0.5), 400)
    before, visits = table(session).copy(), session.agent.state()["tables.visits"][0]
    session.replace_world(session.world.resized(2, 5))
    after = table(session).reshape(2, 5, 4)
    np.testing.assert_array_equal(after[:, :3], before.reshape(3, 3, 4)[:2])
    assert (after[:, 3:] == 0.25).all()
    moved = session.agent.state()["tables.visits"][0].reshape(2, 5, 4)
    np.testing.assert_array_equal(moved[:, :3], visits.reshape(3, 3, 4)[:2])
    assert not moved[:, 3:].any()
    advance(session, 800)


def test_new_moves_and_things_to_carry_keep_what_belongs_to_the_old_ones():
    session = advance(begin("sarsa", room(), (3,), initial_q=-0.5, epsilon=0.5), 400)
    before = table(session).copy()
    session.replace_world(session.world.with_rules(moves=8, stay=True))
    after = table(session)
    np.testing.assert_array_equal(after[:, :4], before)
    assert (after[:, 4:] == -0.5).all()
    session.replace_world(session.world.painted([(2, 0)], "key"))
    keyed = table(session).reshape(9, 2, 9)
    np.testing.assert_array_equal(keyed[:, 0, :4], before)
    assert (keyed[:, 1] == -0.5).all()
    session.replace_world(session.world.erased([(2, 0)]).with_rules(moves=2, stay=False))
    np.testing.assert_array_equal(table(session), before[:, [3, 1]])  # left, right
    advance(session, 800)


def test_an_agent_beyond_the_new_edge_starts_again():
    session = begin("q_learning", room(), (3,), epsilon=1.0)
    while session.agent.snapshot(View()).state != 5:  # the right column
        session.tick(1)
    done = int(session.agent.episodes[0])
    session.replace_world(session.world.resized(3, 2))
    assert session.agent.episodes.tolist() == [done + 1]
    session.tick(1)
    assert last_update(session.agent).state == 0


def test_an_edit_that_changes_nothing_is_no_edit():
    session = advance(begin("q_learning", room(), (3,)), 10)
    session.replace_world(session.world.painted([(1, 1)], "floor"))
    assert session.commands == [] and session.edits == []


def test_the_blocking_maze_changes_at_its_step():
    world = open_world("blocking_maze")
    assert world is not None
    session = begin("q_learning", world, (0, 1), epsilon=1.0)
    session.tick(10**6)
    assert session.clock == 1000  # no tick runs past the change
    assert session.world.cells_of("wall") == [(3, column) for column in range(8)]
    session.tick(1)
    assert session.world.cells_of("wall") == [(3, column) for column in range(1, 9)]
    assert session.world.schedule == ()
    assert [text for _, text in session.edits] == ["world changed by its schedule"]
    session.go_to(session.history.moments[0])
    assert session.world.cells_of("wall") == [(3, column) for column in range(8)]


def test_a_change_under_the_agents_feet_is_an_edit_like_any_other():
    world = corridor(6).replace(schedule=(Change(2, ((0, 1, "wall"), (0, 2, "wall"))),))
    session = begin("q_learning", world, (0,), epsilon=0.0, initial_q=0.0)
    advance(session, 2)
    where = session.agent.snapshot(View()).state
    session.tick(1)
    assert last_update(session.agent).state == 0
    assert session.agent.episodes.tolist() == [int(where in (1, 2))]


# -- what a screen gets ----------------------------------------------------------------------------


def test_progress_brings_what_the_view_wants():
    session = begin("q_learning", corridor(4), (0, 1), episodes=30, gamma=1.0)
    session.tracks_gap = True
    session.run()
    bare = session.progress(View())
    assert bare.oracle is None and bare.curves == {} and bare.snapshot.visits is None
    full = session.progress(View(wants=frozenset({"oracle", "curves", "visits"})))
    assert full.oracle is not None and full.oracle.v_start == pytest.approx(-3.0)
    assert full.snapshot.visits is not None and full.snapshot.visits.sum() == session.agent.steps[0]
    assert full.finished and full.failure is None and full.clock == session.clock
    assert full.gap.clock[-1] == session.clock and full.gap.gap.shape == (full.gap.clock.size, 2)


def test_the_gap_closes():
    session = begin("q_learning", room(), (0,), episodes=400, alpha=0.5, epsilon=0.3, gamma=1.0)
    session.tracks_gap = True
    session.log_gap()
    session.run()
    gap = session.gap_log.read().gap[:, 0]
    assert gap[-1] == 0.0
    assert np.isnan(gap[0]) or gap[0] > 0.0  # at first it wanders, or loops


def test_a_world_without_an_oracle_is_no_reason_to_go_step_by_step():
    world = open_world("cliff_walking").painted([(0, 3), (1, 3), (2, 3)], "wall")  # no way to the goal
    session = TrainingSession(RunSpec("q_learning", world, episodes=1000, config={"gamma": 1.0}))
    session.tracks_gap = True
    assert session.oracle() is None
    for _ in range(40):
        session.run_slice()
    assert session.clock > 40_000


def test_occupancy_is_the_policys_discounted_share_of_each_state():
    session = begin("value_iteration", corridor(3), gamma=0.5)
    session.run()
    shot = session.progress(View(wants=frozenset({"occupancy"}))).snapshot
    # (1 - gamma) in the start, that times gamma in the middle; nothing beyond the goal.
    np.testing.assert_allclose(shot.fields["occupancy"], [0.5, 0.25, 0.0])
    assert "occupancy" not in session.progress(View()).snapshot.fields


@pytest.mark.parametrize(
    "error",
    [
        MemoryError("Unable to allocate 7 TiB"),
        RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."),
    ],
)
def test_a_run_that_does_not_fit_into_memory_ends_with_a_sentence(error, monkeypatch):
    session = begin("sarsa", corridor(4))
    advance(session, 50)
    good = session.history.latest

    def learn(self: Any) -> Iterator[Any]:
        raise error
        yield

    with monkeypatch.context() as patched:
        patched.setattr(session, "_learning", learn(None))
        assert not session.run_slice()
    assert session.failure is not None and session.failure.startswith("there is not enough memory")
    session.go_to(good)
    assert session.failure is None and advance(session, 60).clock == 60
    with monkeypatch.context() as patched:
        patched.setattr(type(session.agent), "__init__", lambda *_: (_ for _ in ()).throw(error))
        with pytest.raises(SandboxError, match="not enough memory"):
            begin("sarsa", corridor(4))


def test_another_error_of_torch_stays_what_it_is():
    with pytest.raises(RuntimeError, match="size mismatch"), within_memory():
        raise RuntimeError("size mismatch")
