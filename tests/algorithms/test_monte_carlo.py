"""Monte Carlo on and off the policy, recomputed by hand; what is dropped."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest

from rlsandbox.algorithms import registry
from rlsandbox.learning.agent import Update, View, number
from rlsandbox.learning.configs import LEVELS
from rlsandbox.learning.exploration import (
    behaviour,
)
from rlsandbox.learning.oracle import policy_values
from rlsandbox.training.session import TrainingSession
from rlsandbox.worlds.errors import SandboxError
from rlsandbox.worlds.gallery import gallery_world
from rlsandbox.worlds.rules import Rules
from rlsandbox.worlds.text_maps import world_from_rows
from rlsandbox.worlds.world import World
from tests.helpers import advance, begin, corridor, eventful, last_update

EPISODIC = ("mc_prediction", "off_policy_prediction", "mc_control", "off_policy_mc_control")
GAMMA = 0.9


def slippery() -> World:
    """Small enough to end often: slips, a noisy reward, and a limit that cuts a few episodes."""
    rules = Rules(step_reward=-0.3, slip=0.2, step_limit=12)
    return world_from_rows(("S..", ".#G"), "Slippery", rules).with_cell((0, 2), reward_sd=0.5)


class Kept(NamedTuple):
    """A step as the buffer keeps it."""

    s: int
    a: int
    reward: float


def tables(session: TrainingSession) -> dict[str, Any]:
    """Copies of the first replica's tables by name."""
    state = session.agent.state()
    return {name.removeprefix("tables."): a[0] for name, a in state.items() if name.startswith("tables.")}


def metric(session: TrainingSession, name: str = "dropped") -> float:
    return session.agent.snapshot(View()).metrics[name]


def episodes(
    session: TrainingSession, steps: int
) -> Iterator[tuple[dict[str, Any], list[Kept], Update | None]]:
    """Step by step: the tables before, and when an episode has terminated its steps and the update."""
    episode, finished, dropped = [], 0, 0
    for _ in range(steps):
        before, done, lost = tables(session), session.agent.episodes[0], metric(session)
        session.tick(1)
        now, at = tables(session), len(episode)
        episode.append(Kept(int(now["states"][at]), int(now["actions"][at]), float(now["rewards"][at])))
        over, cut = session.agent.episodes[0] > done, metric(session) > lost
        finished, dropped = finished + (over and not cut), dropped + cut
        assert now["length"] == (0 if over else len(episode))
        if over and not cut:
            yield before, episode, session.agent.snapshot(View()).update
        else:
            assert not cut or session.agent.snapshot(View()).update is None
            yield before, [], None
        episode = [] if over else episode
    assert finished > 5 and dropped > 1


def numbers(update: Update) -> list[tuple[int, tuple[str, ...]]]:
    """Of each line its state and the numbers that have a role."""
    return [(line.state, tuple(part.text for part in line.parts if part.role)) for line in update.lines]


# -- prediction off the policy -----------------------------------------------------------------------


@pytest.mark.parametrize("importance", ["ordinary", "weighted"])
@pytest.mark.parametrize("visit", ["first", "every"])
@pytest.mark.parametrize(("soft", "epsilon"), [("uniform", 1.0), ("soft", 0.6)])
def test_returns_count_by_how_much_likelier_the_target_would_have_made_them(importance, visit, soft, epsilon):
    world, weighted = eventful().replace(schedule=()), importance == "weighted"
    config: dict[str, Any] = {"gamma": GAMMA, "importance": importance, "visit": visit, "policy": "optimal"}
    session = begin("off_policy_prediction", world, (5,), **config, behaviour=soft, epsilon=0.6)
    pi = session.agent.given
    b = (1 - epsilon) * pi + epsilon / 4
    updated = 0
    for before, episode, update in episodes(session, 900):
        v, totals, told, lines = before["v"], before["totals"], None, []
        g, ratio = 0.0, 1.0
        for i in reversed(range(len(episode))):
            s, a, reward = episode[i]
            g, ratio = reward + GAMMA * g, ratio * (pi[s, a] / b[s, a])
            if weighted and ratio == 0:
                break
            if visit == "first" and s in [earlier.s for earlier in episode[:i]]:
                continue
            totals[s] += ratio if weighted else 1
            share = (ratio if weighted else 1) / totals[s]
            target, old = g if weighted else ratio * g, v[s]
            v[s] += share * (target - old)
            told = (s, a, old, target, v[s], share, g)
            lines.append((s, (number(g), number(old), number(v[s]))))
        np.testing.assert_allclose(tables(session)["v"], v, rtol=0, atol=1e-12)
        np.testing.assert_allclose(tables(session)["totals"], totals, rtol=1e-12)
        assert (update is None) == (told is None) or not episode
        if told is not None:
            assert update is not None
            u = update
            assert (u.state, u.action) == told[:2]
            found = (u.before, u.target, u.after, u.alpha, u.reward)
            np.testing.assert_allclose(found, told[2:], rtol=0, atol=1e-12)
            assert numbers(u) == lines[:32]
            weight = f"{number(ratio)} / " if weighted and len(lines) == len(episode) else " / "
            assert weight in "".join(part.text for part in u.parts)
            updated += 1
    assert updated > 5


def hits(n_seeds: int, importance: str) -> tuple[np.ndarray, np.ndarray]:
    """`[N]` values of the first of two states on the way to the goal, and the total behind each."""
    seeds, config = tuple(range(n_seeds)), {"policy": "optimal", "gamma": 1.0, "importance": importance}
    session = begin("off_policy_prediction", corridor(3), seeds, episodes=200, **config)
    session.run()
    state = session.agent.state()
    return state["tables.v"][:, 0], state["tables.totals"][:, 0]


def test_the_ordinary_mean_is_right_on_average_and_the_weighted_one_is_never_beyond_the_returns():
    # two states, right twice is the only way with a ratio: 16, with chance 1 / 16, and then the return is -2
    v, n = hits(400, "ordinary")
    assert set(n) == {200.0}
    counted = v * 200 / -32
    np.testing.assert_allclose(counted, np.round(counted), rtol=0, atol=1e-9)  # so often it went right twice
    deviation = np.sqrt((16 * 4 - 4) / (200 * 400))
    assert abs(v.mean() + 2) < 3 * deviation
    assert v.std() == pytest.approx(np.sqrt(60 / 200), rel=0.2) and v.min() < -3
    v, totals = hits(400, "weighted")
    assert (np.abs(v[totals > 0] + 2) < 1e-12).all() and (v[totals == 0] == 0).all()
    assert totals.mean() == pytest.approx(200, rel=0.1)


def test_it_learns_the_values_of_the_target_and_monte_carlo_those_of_whom_it_watches():
    world = gallery_world("grid_4x4")
    assert world is not None
    world = world.with_rules(step_limit=None, slip=0.2)
    session = begin("off_policy_prediction", world, (0, 1, 2), episodes=30_000, gamma=0.9, policy="optimal",
                    behaviour="soft", epsilon=0.3)  # fmt: skip
    session.run()
    mdp, pi = session.agent.problem.mdp, session.agent.given
    truth, soft = (policy_values(mdp, policy, 0.9) for policy in (pi, 0.7 * pi + 0.3 / 4))
    assert truth is not None and soft is not None
    start = int(mdp.start_states[0])
    found = session.agent.estimates()[:, start]
    assert truth[start] - soft[start] > 0.05
    np.testing.assert_allclose(found, truth[start], rtol=0, atol=0.01)


# -- control ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("schedule", ["constant", "1/n"])
@pytest.mark.parametrize("starts", ["drawn", "exploring"])
def test_monte_carlo_control_learns_from_first_visits(schedule, starts):
    config: dict[str, Any] = {
        "alpha": 0.3,
        "gamma": GAMMA,
        "epsilon": 0.7,
        "alpha_schedule": schedule,
        "starts": starts,
    }
    session = begin("mc_control", slippery(), (5,), **config)
    revisits = 0
    for before, episode, update in episodes(session, 600):
        q, counts, g, told, lines = before["q"], before["n_returns"], 0.0, None, []
        for i in reversed(range(len(episode))):
            s, a, reward = episode[i]
            g = reward + GAMMA * g
            if (s, a) in [(earlier.s, earlier.a) for earlier in episode[:i]]:
                revisits += 1
                continue
            counts[s, a] += 1
            alpha = 1 / counts[s, a] if schedule == "1/n" else 0.3
            told = (s, a, q[s, a], g, q[s, a] + alpha * (g - q[s, a]), alpha)
            q[s, a] = told[4]
            lines.append((s, (number(g), number(told[2]), number(told[4]))))
        np.testing.assert_array_equal(tables(session)["q"], q)
        if update is not None:
            u = update
            assert (u.state, u.action, u.before, u.target, u.after, u.alpha) == told
            assert numbers(u) == lines[:32] and (u.reward, u.extra) == (g, 0.0)
    assert revisits > 5


def test_exploring_starts_are_all_pairs_alike():
    # one start drawn, nine live cells: each of the 36 pairs begins one episode in 36
    world = World.blank(3, 3).with_rules(step_limit=1)
    for starts, places in (("exploring", 36), ("drawn", None)):
        session = begin("mc_control", world, (4,), starts=starts, epsilon=0.0)
        session.tick(36_000)
        visits = tables(session)["visits"]
        assert visits.sum() == 36_000
        if places is None:
            assert (visits.sum(axis=1) > 0).sum() == len(session.agent.problem.mdp.start_states)
        else:
            assert ((visits - 1000) ** 2 / 1000).sum() < 66.6  # 35 degrees of freedom, 0.1 %
        assert metric(session) == 36_000


def test_greedy_after_exploring_starts_finds_the_best_policy():
    # Monte Carlo ES, Sutton & Barto, section 5.3; from drawn starts a greedy agent keeps to its first way
    world = gallery_world("grid_4x4")
    assert world is not None
    for starts, finds in (("exploring", True), ("drawn", False)):
        config: dict[str, Any] = {"epsilon": 0.0, "initial_q": -5.0, "starts": starts, "episodes": 3_000}
        session = begin("mc_control", world, tuple(range(20)), **config)
        session.run()
        solved = [gap is not None and gap < 1e-9 for gap in session.evaluate().oracle_gap]
        assert all(solved) == finds


def test_off_policy_control_learns_from_the_greedy_ends_of_episodes():
    session = begin("off_policy_mc_control", slippery(), (5,), gamma=GAMMA, epsilon=0.7)
    stopped = whole = 0
    for before, episode, update in episodes(session, 1500):
        q, totals, g, weight, told, lines = before["q"], before["totals"], 0.0, 1.0, (), []
        chances = behaviour(q.copy(), before["visits"], 0, 0.7)
        s = a = ratio = 0
        for i in reversed(range(len(episode))):
            s, a, reward = episode[i]
            g = reward + GAMMA * g
            totals[s, a] += weight
            share = weight / totals[s, a]
            told = (q[s, a], g, q[s, a] + share * (g - q[s, a]), share)
            q[s, a] = told[2]
            lines.append((s, (number(g), number(told[0]), number(told[2]))))
            ratio, weight = weight, weight / chances[s, a]
            if a != np.where(totals[s] > 0, q[s], -np.inf).argmax():
                break
        np.testing.assert_allclose(tables(session)["q"], q, rtol=0, atol=1e-12)
        np.testing.assert_allclose(tables(session)["totals"], totals, rtol=1e-12)
        if update is not None:
            u = update
            np.testing.assert_allclose((u.before, u.target, u.after, u.alpha), told, rtol=0, atol=1e-12)
            assert (u.state, u.action) == (s, a)
            assert numbers(u) == lines[:32]
            text = "".join(part.text for part in u.parts)
            assert f" + {number(ratio)} / {number(totals[s, a])} · [ " in text
            stopped, whole = stopped + (len(lines) < len(episode)), whole + (len(lines) == len(episode))
    assert stopped > 5 and whole > 1


def test_off_policy_control_values_greediness_and_on_policy_control_its_own_detours():
    # corridor of three steps, -1 each: greedily -3, or with half of all actions random much less
    for algorithm, best in (("off_policy_mc_control", True), ("mc_control", False)):
        session = begin(algorithm, corridor(4), tuple(range(5)), episodes=5_000, gamma=1.0, epsilon=0.5)
        session.run()
        q, policy = session.agent.state()["tables.q"][:, 0], session.agent.policy().probs[:, 0]
        right = policy.argmax(axis=1)
        assert (policy.max(axis=1) == 1).all() and len(set(right)) == 1
        values = q[:, right[0]]
        assert (np.abs(values + 3) < 1e-9).all() == best
        assert best or (values < -4).all()


def test_an_untried_action_is_nothing_to_be_greedy_to():
    # start values above the truth: of each state only the last step would ever count
    session = begin("off_policy_mc_control", corridor(4), (1, 2), episodes=3_000, gamma=1.0, initial_q=9.0,
                    epsilon=1.0)  # fmt: skip
    session.run()
    assert session.evaluate().oracle_gap == [0.0, 0.0]
    shot = session.agent.snapshot(View())
    np.testing.assert_allclose(shot.v, [-3, -2, -1, 0], rtol=0, atol=1e-9)
    np.testing.assert_array_equal(shot.policy, session.agent.policy().probs[0])


@pytest.mark.parametrize("algorithm", ["mc_control", "off_policy_mc_control"])
def test_the_course_solves_its_grid(algorithm):
    world, preset = gallery_world("grid_4x4"), registry()[algorithm].presets["course"]
    assert world is not None and preset.episodes == 5_000
    session = begin(algorithm, world, tuple(range(10)), episodes=preset.episodes, **preset.values)
    session.run()
    assert [gap is not None and gap < 1e-9 for gap in session.evaluate().oracle_gap] == [True] * 10


@pytest.mark.parametrize("algorithm", ["mc_control", "off_policy_mc_control"])
@pytest.mark.parametrize("exploration", sorted(LEVELS))
def test_every_exploration_runs_and_those_that_go_on_exploring_learn(algorithm, exploration):
    world, config = (
        gallery_world("grid_4x4"),
        {"exploration": exploration, "temperature": 0.2, "initial_q": 0.0},
    )
    assert world is not None
    session = begin(algorithm, world, (0, 1, 2), episodes=3_000, **config)
    session.run()
    assert session.failure is None and session.agent.episodes.tolist() == [3_000] * 3
    if exploration in ("epsilon-greedy", "softmax", "Thompson"):
        assert session.evaluate().ended == [1.0] * 3
        assert max(gap for gap in session.evaluate().oracle_gap if gap is not None) < 0.1
        assert metric(session) < 300


def test_a_bonus_is_shown_as_what_was_added():
    session = begin("mc_control", corridor(2), exploration="count bonus", bonus=2.0, gamma=0.5, alpha=0.25)
    while session.agent.episodes[0] == 0:
        session.tick(1)
    update, steps = last_update(session.agent), int(session.agent.steps[0])
    kept = tables(session)["actions"][:steps]
    added = [2.0 / np.sqrt((kept[: i + 1] == a).sum()) for i, a in enumerate(kept)]
    assert update.extra == pytest.approx(sum(0.5**i * x for i, x in enumerate(added)), abs=1e-12)
    assert update.reward == pytest.approx(-sum(0.5**i for i in range(steps)), abs=1e-12)
    assert update.target == pytest.approx(update.reward + update.extra, abs=1e-12)
    assert "(added)" in "".join(part.text for part in update.parts)


# -- what is dropped ---------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", EPISODIC)
def test_episodes_that_were_cut_teach_nothing_and_are_counted(algorithm):
    # the goal is three steps away, an episode two steps long
    session = begin(algorithm, corridor(4, step_limit=2), gamma=1.0)
    session.tick(100)
    assert session.agent.episodes[0] == metric(session) == 50
    assert not any(values.any() for values in session.agent.learnt().values())
    # without an end, an episode outgrows its buffer
    session = begin(algorithm, World.blank(1, 1), gamma=1.0)
    session.tick(10_000)
    assert tables(session)["length"] == 10_000 and metric(session) == 0
    session.tick(1)
    assert tables(session)["length"] == -1


@pytest.mark.parametrize("algorithm", EPISODIC)
def test_an_edit_keeps_what_was_learnt_and_drops_what_it_cut(algorithm):
    session = begin(algorithm, corridor(6), (3,), gamma=1.0)
    session.tick(5_000)
    while session.agent.snapshot(View()).state < 1:  # somewhere on its way, and not at the start
        session.tick(1)
    learnt = {name: values.copy() for name, values in session.agent.learnt().items()}
    before, place = metric(session), session.agent.snapshot(View()).state
    session.replace_world(session.world.with_rules(step_limit=500))  # another buffer, the episode goes on
    assert tables(session)["rewards"].shape == (500,) and tables(session)["length"] == -1
    assert session.agent.snapshot(View()).state == place
    for name, values in session.agent.learnt().items():
        np.testing.assert_array_equal(values, learnt[name])
    done = session.agent.episodes[0]
    while session.agent.episodes[0] == done:
        session.tick(1)
    assert metric(session) == before + 1
    session.tick(2_000)
    while session.agent.snapshot(View()).state < 1:
        session.tick(1)
    before, place = metric(session), session.agent.snapshot(View()).state
    session.replace_world(session.world.painted([(0, place)], "wall"))
    session.tick(1)
    assert metric(session) == before + 1


@pytest.mark.parametrize("algorithm", [*EPISODIC, "n_step_td", "td_lambda"])
def test_contents_of_a_file_that_lie_outside_the_world_are_refused(algorithm):
    agent = advance(begin(algorithm, corridor(5), (3,)), 200).agent
    agent.check_state(agent.state())
    wrong = {
        "td_lambda": {"traced": 7, "live": 9, "traces": 0.5},
        "n_step_td": {"states": 5, "actions": -1, "length": -1, "told": 77.0},
    }.get(algorithm, {"states": 5, "actions": 4, "length": 10_001, "told": 77.0})
    for name, value in wrong.items():
        state = agent.state()
        state[f"tables.{name}"][...] = value
        with pytest.raises(SandboxError, match="outside its world"):
            agent.check_state(state)
