"""Expected SARSA and double Q-learning recomputed; what all control methods hold to."""

from typing import Any

import numpy as np
import pytest

from rlsandbox.algorithms import registry
from rlsandbox.learning.agent import View, number
from rlsandbox.training.session import RunSpec, TrainingSession
from rlsandbox.worlds.gallery import gallery_world
from rlsandbox.worlds.text_maps import world_from_rows
from rlsandbox.worlds.world import World
from tests.algorithms.recomputed import CONFIG, SOFT, STEPS, Seen, chances, close, text, walked
from tests.helpers import advance, begin, corridor, eventful, last_update


def looks_at_the_mean(seen: Seen, **config: Any) -> bool:
    update, mean = seen.update, 0.0
    if not update.terminated:
        assert update.next_state is not None
        values = seen.before["tables.q"][0, update.next_state]
        mean = chances(values, **config) @ values
    return close(update.target, update.reward + update.gamma * mean)


@pytest.mark.parametrize("config", [{}, SOFT])
def test_expected_sarsa_looks_at_the_mean_over_what_may_follow(config):
    for seen in walked("expected_sarsa", **config):
        update, q = seen.update, seen.before["tables.q"][0]
        assert looks_at_the_mean(seen, **config)
        assert (update.state, update.action, update.before) == (seen.s, seen.a, q[seen.s, seen.a])
        assert update.after == seen.after["tables.q"][0, seen.s, seen.a]
        assert update.after == update.before + 0.3 * (update.target - update.before)
        assert (seen.after["tables.q"][0] != q).sum() <= 1
        assert len(update.lines) == (0 if update.terminated else 4)
        for a, line in enumerate(update.lines):
            values = q[line.state]
            assert line.state == update.next_state
            assert line.parts[1].text.strip("()") == number(values[a])
            assert f" {number(chances(values, **config)[a])} ·" in line.parts[0].text
    for sibling in ("sarsa", "q_learning"):
        assert not all(looks_at_the_mean(seen, **config) for seen in walked(sibling, **config))


@pytest.mark.parametrize("exploration", ["UCB", "count bonus", "Thompson", "optimistic"])
def test_expected_sarsa_looks_at_the_best_where_chances_are_not_known(exploration):
    for seen in walked("expected_sarsa", exploration=exploration):
        update = seen.update
        best = 0.0 if update.terminated else seen.before["tables.q"][0, update.next_state].max()
        assert update.target == update.reward + update.extra + update.gamma * best


def test_on_the_cliff_expected_sarsa_earns_more_than_sarsa_and_sarsa_more_than_q_learning():
    world, earned = gallery_world("cliff_walking"), {}
    assert world is not None
    for algorithm in ("expected_sarsa", "sarsa", "q_learning"):  # Sutton & Barto, example 6.6
        session = begin(algorithm, world, tuple(range(100)), episodes=500, alpha=0.5, epsilon=0.1, gamma=1.0)
        session.run()
        earned[algorithm] = session.agent.curves()["return"].values[:, 400:].mean()
    assert earned["expected_sarsa"] > earned["sarsa"] + 1 > earned["q_learning"] + 10


def test_expected_sarsa_bears_a_step_size_of_one_where_sarsa_does_not():
    # Figure 6.3: with alpha 1 the mean is exact on the cliff, whose moves are certain, and the sample is not.
    world, earned = gallery_world("cliff_walking"), {}
    assert world is not None
    for algorithm in ("expected_sarsa", "sarsa"):
        session = begin(algorithm, world, tuple(range(50)), episodes=500, alpha=1.0, epsilon=0.1, gamma=1.0)
        session.run()
        earned[algorithm] = session.agent.curves()["return"].values[:, 400:].mean()
    assert earned["expected_sarsa"] > -25 > -35 > earned["sarsa"]


# -- double Q-learning ---------------------------------------------------------------------------------


def test_double_q_learning_asks_one_table_what_and_the_other_how_much():
    told = []
    for seen in walked("double_q_learning"):
        update, which = seen.update, int(seen.after["tables.told"][0])
        mine, other = (f"tables.q_{which}", f"tables.q_{3 - which}")
        told.append(which)
        values, value = seen.before[mine][0], 0.0
        if update.terminated:
            assert update.next_action is None
        else:
            assert values[update.next_state, update.next_action] == values[update.next_state].max()
            value = seen.before[other][0, update.next_state, update.next_action]
            assert f"({'Q₂' if which == 1 else 'Q₁'} of " in text(update.parts)
        assert update.target == update.reward + 0.9 * value
        assert update.before == values[seen.s, seen.a]
        assert update.after == update.before + 0.3 * update.td_error == seen.after[mine][0, seen.s, seen.a]
        assert text(update.parts).startswith("Q₁: " if which == 1 else "Q₂: ")
        np.testing.assert_array_equal(seen.after[other], seen.before[other])
        mean = (seen.after["tables.q_1"] + seen.after["tables.q_2"]) / 2
        np.testing.assert_array_equal(seen.after["tables.q"], mean)
    assert abs(told.count(1) - STEPS / 2) < 4 * np.sqrt(STEPS / 4)


def tempting() -> World:
    """Right of A it ends for nothing; left of it is B, whose three ends pay -0.1 on average, with sd 1."""
    rewards = {(0, 1): -0.1, (2, 1): -0.1, (1, 0): -0.1, (1, 3): 0.0}
    world = world_from_rows(("#G##", "G.SG", "#G##"), "Tempting", rewards=rewards)
    for cell in ((0, 1), (2, 1), (1, 0)):
        world = world.with_cell(cell, reward_sd=1.0)
    return world


def test_double_q_learning_does_not_take_noise_for_value():
    # In truth B is worth 0, by going back to A; the largest of three noisy means says more.
    world, learnt, went, seeds = tempting(), {}, {}, tuple(range(300))
    for algorithm in ("q_learning", "double_q_learning"):
        session = begin(algorithm, world, seeds, episodes=200, alpha=0.1, epsilon=0.1, gamma=1.0)
        session.run()
        state, a, b = session.agent.state(), world.state_of((1, 2), 0), world.state_of((1, 1), 0)
        learnt[algorithm] = state["tables.q"][:, a, 3].mean()
        went[algorithm] = state["tables.visits"][:, b].sum() / (300 * 200)
    assert learnt["q_learning"] > 0.1 and abs(learnt["double_q_learning"]) < 0.03
    assert went["q_learning"] > 1.0 and went["double_q_learning"] < 0.2  # visits of B an episode


# -- all of them ---------------------------------------------------------------------------------------

OWN = ("expected_sarsa", "double_q_learning", "n_step_sarsa", "tree_backup", "sarsa_lambda", "q_lambda")


@pytest.mark.parametrize("algorithm", OWN)
def test_the_course_solves_its_grid(algorithm):
    world, preset = gallery_world("grid_4x4"), registry()[algorithm].presets["course"]
    assert world is not None and preset.episodes == 10_000
    session = TrainingSession(RunSpec(algorithm, world, preset.values, (0, 1, 2), None, preset.episodes))
    session.run()
    found = session.evaluate()
    assert found.oracle_return is not None
    np.testing.assert_allclose(found.greedy_return, found.oracle_return)


@pytest.mark.parametrize("algorithm", OWN)
def test_a_backup_is_what_its_method_would_do(algorithm):
    # S . . G, learnt until the values are exact: the backup of the start changes nothing any more.
    options = {"alpha": 1.0, "gamma": 0.5, "epsilon": 0.5, "exploration": "optimistic"}
    if algorithm == "double_q_learning":  # a greedy agent leaves holes in one of two tables
        options["exploration"] = "epsilon-greedy"
    session = begin(algorithm, corridor(4), episodes=400, **options)
    session.run()
    backup = session.agent.snapshot(View(selected=0)).backup
    assert backup is not None
    assert (backup.state, backup.step) == (0, -1)
    assert close((backup.before, backup.target, backup.after), (-1.75,) * 3)
    for line in backup.lines:
        assert line.state in (1, 2)


@pytest.mark.parametrize(
    ("algorithm", "config", "sibling"),
    [
        ("n_step_sarsa", {"n": 1}, "sarsa"),
        ("tree_backup", {"n": 1}, "expected_sarsa"),
        ("sarsa_lambda", {"trace_decay": 0.0, "traces": "accumulating"}, "sarsa"),
        ("sarsa_lambda", {"trace_decay": 0.0, "traces": "replacing"}, "sarsa"),
        ("sarsa_lambda", {"trace_decay": 0.0, "traces": "Dutch"}, "sarsa"),
        ("q_lambda", {"trace_decay": 0.0}, "q_learning"),
    ],
)
@pytest.mark.parametrize("more", [{}, {"exploration": "softmax"}, {"alpha_schedule": "1/n"}])
def test_with_one_step_it_is_its_one_step_sibling_bit_by_bit(algorithm, config, sibling, more):
    sessions = [
        advance(begin(name, eventful(), (0, 5), **{**CONFIG, **more, **own}), 4000)
        for name, own in ((algorithm, config), (sibling, {}))
    ]
    one, other = (session.agent.state() for session in sessions)
    for name in ("tables.q", "tables.visits", "record", "walk.rng", "walk.returns"):
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)
    assert text(last_update(sessions[0].agent).parts) == text(last_update(sessions[1].agent).parts)
    further = {"n": 2} if "n" in config else {"trace_decay": 0.5}
    session = advance(begin(algorithm, eventful(), (0, 5), **{**CONFIG, **more, **config, **further}), 4000)
    assert not np.array_equal(session.agent.state()["tables.q"], other["tables.q"])


@pytest.mark.parametrize("algorithm", ["n_step_sarsa", "tree_backup", "expected_sarsa", "double_q_learning"])
def test_a_step_limit_bootstraps(algorithm):
    session = begin(algorithm, corridor(4, step_limit=1), alpha=1.0, gamma=0.5, initial_q=8.0, epsilon=0.5)
    session.tick(1)
    update = last_update(session.agent)
    assert (update.target, update.terminated, update.truncated) == (3.0, False, True)
