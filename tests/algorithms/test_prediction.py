"""Monte Carlo, n-step TD and TD(lambda): each step recomputed from what TD(0) sees on the same walk."""

from typing import Any

import numpy as np
import pytest

from rlsandbox.learning.agent import Update, View, number
from rlsandbox.learning.traces import SMALL
from rlsandbox.training.session import TrainingSession
from rlsandbox.worlds.world import World
from tests.helpers import begin, corridor, eventful, last_update

ALPHA, GAMMA = 0.3, 0.9


def values(session: TrainingSession) -> Any:
    """`[S]`, a copy."""
    return session.agent.state()["tables.v"][0]


def seen(session: TrainingSession, replica: int = 0) -> Update | None:
    return session.agent.snapshot(View(replica=replica)).update


def walk(world: World, steps: int, seed: int = 5) -> list[Update]:
    """The transitions of the random policy: every method of prediction makes the same ones."""
    session, updates = begin("td0", world, (seed,), gamma=GAMMA), []
    for _ in range(steps):
        session.tick(1)
        updates.append(last_update(session.agent))
    assert (
        {update.terminated for update in updates} == {update.truncated for update in updates} == {True, False}
    )
    return updates


def numbers(update: Update) -> list[tuple[int, tuple[str, ...]]]:
    """Of each line its state and the numbers that have a role."""
    return [(line.state, tuple(part.text for part in line.parts if part.role)) for line in update.lines]


# -- Monte Carlo -----------------------------------------------------------------------------------


@pytest.mark.parametrize("visit", ["first", "every"])
@pytest.mark.parametrize("schedule", ["constant", "1/n"])
def test_monte_carlo_learns_from_each_visit_of_a_finished_episode(visit, schedule):
    session = begin(
        "mc_prediction", eventful(), (5,), alpha=ALPHA, gamma=GAMMA, visit=visit, alpha_schedule=schedule
    )
    v, counts, episode, dropped = values(session), np.zeros(15), [], 0
    for t in walk(eventful(), 400):
        session.tick(1)
        episode.append(t)
        g, lines, told = 0.0, [], None
        if t.terminated:
            for i in reversed(range(len(episode))):
                s, g = episode[i].state, episode[i].reward + GAMMA * g
                if visit == "every" or s not in [earlier.state for earlier in episode[:i]]:
                    counts[s] += 1
                    alpha = 1.0 / counts[s] if schedule == "1/n" else ALPHA
                    told = (s, episode[i].action, v[s], g, v[s] + alpha * (g - v[s]), alpha)
                    v[s] = told[4]
                    lines.append((s, (number(g), number(told[2]), number(v[s]))))
            update = last_update(session.agent)
            assert (
                update.state,
                update.action,
                update.before,
                update.target,
                update.after,
                update.alpha,
            ) == told
            assert (update.next_state, update.reward, update.step) == (t.next_state, g, t.step)
            assert numbers(update) == lines[:32]
        elif t.truncated:
            dropped += 1
            assert seen(session) is None
        if t.terminated or t.truncated:
            episode = []
        np.testing.assert_array_equal(values(session), v)
    assert dropped > 0 and session.agent.snapshot(View()).metrics["dropped"] == dropped


def test_the_first_and_every_visit_of_exercise_5_5():
    # one state, +1 a step, an episode of ten steps: 10 by the first visit, (10 + 9 + ... + 1) / 10 by all
    world = corridor(2).with_rules(step_reward=1.0).with_cell((0, 1), reward=1.0)
    lasted = {seed: begin("td0", world, (seed,), episodes=1, gamma=1.0) for seed in range(300)}
    for session in lasted.values():
        session.run()
    seed = next(seed for seed, session in lasted.items() if session.agent.steps[0] == 10)
    for visit, expected in (("first", 10.0), ("every", 5.5)):
        session = begin(
            "mc_prediction", world, (seed,), episodes=1, gamma=1.0, visit=visit, alpha_schedule="1/n"
        )
        session.run()
        assert session.agent.steps.tolist() == [10]
        assert values(session)[0] == pytest.approx(expected, abs=1e-12)


def test_monte_carlo_does_not_bootstrap_and_td_does():
    # two episodes along a corridor of three steps that cost 1 each
    for algorithm, after in (("mc_prediction", -2.25), ("td0", -1.0)):
        session = begin(algorithm, corridor(4), episodes=2, policy="optimal", alpha=0.5, gamma=1.0)
        session.run()
        # Monte Carlo: 0 -> -1.5 -> -2.25; TD(0): 0 -> -0.5 -> -0.5 + 0.5 (-1 - 0.5 + 0.5) = -1
        assert values(session)[0] == after


# -- n steps ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [2, 4, 30])
def test_n_step_td_adds_up_n_rewards_and_the_value_of_where_they_led(n):
    session = begin("n_step_td", eventful(), (5,), alpha=ALPHA, gamma=GAMMA, n=n)
    v, episode = values(session), []
    for t in walk(eventful(), 400):
        session.tick(1)
        episode.append(t)
        over = t.terminated or t.truncated
        tail = 0.0 if t.terminated else v[t.next_state]
        told: tuple[Any, ...] | None = None
        lines = []
        for i in range(max(0, len(episode) - n), len(episode) if over else len(episode) - n + 1):
            g = tail
            for step in reversed(episode[i:]):
                g = step.reward + GAMMA * g
            s, before = episode[i].state, v[episode[i].state]
            v[s] = before + ALPHA * (g - before)
            told = (s, episode[i].action, before, g, v[s], t.next_state)
            lines.append((s, (number(g), number(before), number(v[s]))))
        np.testing.assert_array_equal(values(session), v)
        update = seen(session)
        if told is None:
            assert update is None
            continue
        assert update is not None
        found = (update.state, update.action, update.before, update.target, update.after, update.next_state)
        assert found == told
        if over:
            assert numbers(update) == lines
            assert update.reward == t.reward
        else:
            assert [line.state for line in update.lines] == [step.state for step in episode[-n:]]
            assert [line[1][0].strip("()") for line in numbers(update)] == [
                number(step.reward) for step in episode[-n:]
            ]
        episode = [] if over else episode


@pytest.mark.parametrize("schedule", ["constant", "1/n", "exponential"])
def test_one_step_is_td0_bit_by_bit_and_two_steps_are_not(schedule):
    config: dict[str, Any] = {"alpha": ALPHA, "gamma": GAMMA, "alpha_schedule": schedule, "initial_v": 0.5}
    td0, one, two = (
        begin(algorithm, eventful(), (1, 2), **config, **more)
        for algorithm, more in (("td0", {}), ("n_step_td", {"n": 1}), ("n_step_td", {"n": 2}))
    )
    for _ in range(300):
        for session in (td0, one, two):
            session.tick(1)
        for name in ("tables.v", "record"):
            np.testing.assert_array_equal(one.agent.state()[name], td0.agent.state()[name])
        one_step, td = (
            "".join(part.text for part in last_update(session.agent).parts) for session in (one, td0)
        )
        assert one_step == td
    assert (two.agent.state()["tables.v"] != td0.agent.state()["tables.v"]).any()


def test_two_steps_by_hand():
    # V(0) = 0.5 (-1 - 0.9 + 0.81 * 0), V(1) = 0.5 (-1 - 0.9), V(2) = 0.5 (-1)
    session = begin("n_step_td", corridor(4), episodes=1, policy="optimal", alpha=0.5, gamma=0.9, n=2)
    session.tick(1)
    assert seen(session) is None and values(session).tolist() == [0, 0, 0, 0]
    session.tick(1)
    update = last_update(session.agent)
    assert (update.state, update.target, update.reward, update.next_state) == (0, -1.9, -1.9, 2)
    assert (
        "".join(part.text for part in update.parts) == "0 + 0.5 · [ -1 + 0.9 · (-1) + 0.81 · 0 − 0 ] = -0.95"
    )
    session.tick(1)
    assert values(session).tolist() == [-0.95, -0.95, -0.5, 0.0]
    assert [line.state for line in last_update(session.agent).lines] == [1, 2]


def test_more_steps_than_an_episode_has_are_monte_carlo():
    for algorithm in ("n_step_td", "mc_prediction"):
        more: dict[str, Any] = {"n": 1000} if algorithm == "n_step_td" else {"visit": "every"}
        session = begin(
            algorithm, corridor(7), episodes=9, policy="optimal", alpha=ALPHA, gamma=GAMMA, **more
        )
        session.run()
        found = values(session)
        expected = [-(1 - GAMMA**k) / (1 - GAMMA) * (1 - (1 - ALPHA) ** 9) for k in range(6, 0, -1)]
        np.testing.assert_allclose(found[:6], expected, rtol=0, atol=1e-12)


def test_a_truncated_return_bootstraps_from_where_it_was_cut():
    world = corridor(4, step_limit=2)
    session = begin("n_step_td", world, policy="optimal", alpha=1.0, gamma=0.5, n=8, initial_v=8.0)
    session.tick(2)  # -1 + 0.5 (-1 + 0.5 * 8) = 0.5 and -1 + 0.5 * 8 = 3
    assert values(session)[:2].tolist() == [0.5, 3.0]


# -- traces ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["accumulating", "replacing", "Dutch"])
def test_td_lambda_corrects_all_that_led_here_by_their_traces(kind):
    decay = 0.8
    session = begin("td_lambda", eventful(), (5,), alpha=ALPHA, gamma=GAMMA, trace_decay=decay, traces=kind)
    v, e, v_old = values(session), np.zeros(15), 0.0
    for t in walk(eventful(), 400):
        session.tick(1)
        s, before, v_next = t.state, v[t.state], 0.0 if t.terminated else v[t.next_state]
        e[s] = {"accumulating": e[s] + 1, "replacing": 1, "Dutch": e[s] + 1 - ALPHA * e[s]}[kind]
        error, gap = t.reward + GAMMA * v_next - before, before - v_old if kind == "Dutch" else 0.0
        after = v + ALPHA * (error + gap) * e
        after[s] = before + ALPHA * (error * e[s] + gap * (e[s] - 1))
        update = last_update(session.agent)
        assert (update.state, update.before, update.target) == (s, before, t.reward + GAMMA * v_next)
        np.testing.assert_allclose(values(session), after, rtol=0, atol=1e-12)
        others = sorted((x for x in np.flatnonzero(e) if x != s), key=lambda x: -e[x])
        assert {line.state for line in update.lines} == set(others)
        for line in update.lines:
            told = [part.text for part in line.parts if part.role]
            assert told == [number(v[line.state]), number(after[line.state])]
        v, v_old, e = values(session), v_next, e * GAMMA * decay
        e[e < SMALL] = 0.0
        field = session.agent.field("traces", 0)
        np.testing.assert_allclose(field, e, rtol=0, atol=1e-12)
        if t.terminated or t.truncated:
            e[:] = 0.0


@pytest.mark.parametrize("kind", ["accumulating", "replacing", "Dutch"])
def test_without_lambda_it_is_td0_bit_by_bit(kind):
    config: dict[str, Any] = {"alpha": ALPHA, "gamma": GAMMA}
    td0 = begin("td0", eventful(), (1, 2), **config)
    none = begin("td_lambda", eventful(), (1, 2), **config, trace_decay=0.0, traces=kind)
    some = begin("td_lambda", eventful(), (1, 2), **config, trace_decay=0.5, traces=kind)
    for _ in range(300):
        for session in (td0, none, some):
            session.tick(1)
        for name in ("tables.v", "record"):
            np.testing.assert_array_equal(none.agent.state()[name], td0.agent.state()[name])
    assert (some.agent.state()["tables.v"] != td0.agent.state()["tables.v"]).any()


def test_traces_by_hand():
    # alpha 0.5, gamma lambda 0.4: every error is -1, and reaches back by 1, 0.4, 0.16
    session = begin(
        "td_lambda", corridor(4), episodes=1, policy="optimal", alpha=0.5, gamma=0.8, trace_decay=0.5
    )
    session.run()
    np.testing.assert_allclose(values(session), [-0.78, -0.7, -0.5, 0.0], rtol=0, atol=1e-12)


def online_lambda_return(
    episode: list[Update], v_begin: np.ndarray, after: list[np.ndarray], decay: float
) -> np.ndarray:
    """Sutton & Barto, section 12.4: the episode's updates from its beginning, with the horizon of now.

    `after` are the values after each of the episode's steps but the last, for bootstrapping: V_t values the
    state in which step t + 1 ends.
    """
    horizon, v = len(episode), v_begin.copy()
    known = [v_begin, *after]
    for t in range(horizon):
        # G_{t:t+n} bootstraps from V_{t+n-1}; the longest takes all the weight that is left
        g, reached = 0.0, 0.0
        for n in range(1, horizon - t + 1):
            step = episode[t + n - 1]
            reached += GAMMA ** (n - 1) * step.reward
            value = 0.0 if step.terminated else known[t + n - 1][step.next_state]
            weight = decay ** (n - 1) * (1.0 if n == horizon - t else 1.0 - decay)
            g += weight * (reached + GAMMA**n * value)
        v[episode[t].state] += ALPHA * (g - v[episode[t].state])
    return v


@pytest.mark.parametrize("decay", [0.7, 0.9, 1.0])  # so that no trace gets too small within an episode
def test_dutch_traces_are_the_online_lambda_return_after_every_step(decay):
    config: dict[str, Any] = {"alpha": ALPHA, "gamma": GAMMA, "trace_decay": decay}
    dutch, other = (
        begin("td_lambda", eventful(), (5,), **config, traces=kind) for kind in ("Dutch", "accumulating")
    )
    furthest, episode, after, v_begin = 0.0, [], [], values(dutch)
    for t in walk(eventful(), 250):
        for session in (dutch, other):
            session.tick(1)
        episode.append(t)
        expected = online_lambda_return(episode, v_begin, after, decay)
        np.testing.assert_allclose(values(dutch), expected, rtol=0, atol=1e-12)
        furthest = max(furthest, np.abs(values(other) - expected).max())
        after.append(values(dutch))
        if t.terminated or t.truncated:
            episode, after, v_begin = [], [], values(dutch)
    assert furthest > 0.05  # accumulating traces only approximate it


# -- what the inspector shows ------------------------------------------------------------------------


def test_the_next_backup_of_a_cell_looks_as_far_as_its_method():
    options = {"policy": "optimal", "alpha": 0.5, "gamma": 0.5, "initial_v": 8.0}
    expected = {
        "mc_prediction": -1 - 0.5 - 0.25,
        "n_step_td": -1 - 0.5 + 0.25 * 8,
        # -1 + 0.5 (0.5 * 8 + 0.5 (-1 + 0.5 (0.5 * 8 + 0.5 (-1))))
        "td_lambda": -1 + 0.5 * (4 + 0.5 * (-1 + 0.5 * (4 - 0.5))),
    }
    more = {"n_step_td": {"n": 2}, "td_lambda": {"trace_decay": 0.5}}
    for algorithm, target in expected.items():
        session = begin(algorithm, corridor(4), **options, **more.get(algorithm, {}))
        update = session.agent.snapshot(View(selected=0)).backup
        assert update is not None
        assert update.target == target and update.step == -1 and update.of_state
        assert update.after == 8 + 0.5 * (target - 8)
        assert update.lines and update.parts[-1].text == number(update.after)
    session = begin("mc_prediction", World.blank(1, 1))  # an episode that never ends has no return
    assert session.agent.snapshot(View(selected=0)).backup is None


def test_the_course_of_monte_carlo():
    from rlsandbox.algorithms import registry

    preset = registry()["mc_prediction"].presets["course"]
    assert (preset.episodes, preset.values) == (5000, {"alpha": 0.1, "gamma": 0.99})
