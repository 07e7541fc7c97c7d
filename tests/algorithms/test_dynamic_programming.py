"""Planning with the model: book numbers, updates worked out anew, worlds without an answer."""

from itertools import pairwise

import numpy as np
import pytest

from rlsandbox.learning.agent import Update, View
from rlsandbox.learning.oracle import policy_values, solve
from rlsandbox.worlds.errors import SandboxError
from rlsandbox.worlds.rules import Rules
from rlsandbox.worlds.text_maps import world_from_rows
from rlsandbox.worlds.world import World
from tests.algorithms.planning import CONTROL, PLANNERS, expected, number_of, values, world_named
from tests.helpers import advance, begin, corridor, digest, eventful, last_update


def book_grid() -> World:
    """Sutton & Barto, example 4.1: two opposite corners end, every step costs 1."""
    corners = {(0, 0): -1.0, (3, 3): -1.0}
    rules = Rules(step_reward=-1.0, start="uniform")
    return world_from_rows(("G...", "....", "....", "...G"), "Example 4.1", rules, rewards=corners)


# -- Sutton & Barto, figure 4.1 ---------------------------------------------------------------------


def test_the_random_policy_on_the_books_grid():
    session = begin("policy_evaluation", book_grid(), gamma=1.0)
    rows = []
    for _ in range(3):
        session.tick(1)
        rows.append(values(session).reshape(4, 4)[0].tolist())
    # k = 1, 2, 3 of the figure: -1.7 is -1.75, -2.4 is -2.4375, -2.9 is -2.9375
    assert rows == [[0, -1, -1, -1], [0, -1.75, -2, -2], [0, -2.4375, -2.9375, -3]]
    session.run()
    book = [[0, -14, -20, -22], [-14, -18, -20, -20], [-20, -20, -18, -14], [-22, -20, -14, 0]]
    np.testing.assert_allclose(values(session).reshape(4, 4), book, atol=1e-6)


@pytest.mark.parametrize("order", ["synchronous", "in place"])
def test_policy_iteration_on_the_books_grid_needs_one_improvement_and_one_that_finds_it_stable(order):
    session = begin("policy_iteration", book_grid(), gamma=1.0, order=order)
    session.run()
    assert session.converged
    shot = session.agent.snapshot(View())
    assert shot.metrics["improvements"] == 2 and shot.metrics["phase"] == 2
    steps = [[0, 1, 2, 3], [1, 2, 3, 2], [2, 3, 2, 1], [3, 2, 1, 0]]
    np.testing.assert_array_equal(shot.v.reshape(4, 4), -np.array(steps))


def test_policy_iteration_alternates_and_says_which_phase_it_is_in():
    # corridor S . . G, a step costs 1: the random policy is at first evaluated to the end, in many sweeps
    session = begin("policy_iteration", corridor(4), gamma=1.0)
    phases, policies = [], []
    while session.tick(1):
        shot = session.agent.snapshot(View())
        phases.append(int(shot.metrics["phase"]))
        policies.append(shot.policy.copy())
    changed = [k + 1 for k, (one, other) in enumerate(pairwise(policies)) if (one != other).any()]
    assert changed == [k + 1 for k, phase in enumerate(phases[:-1]) if phase == 1][: len(changed)]
    assert (policies[0] == 0.25).all() and len(changed) == 1
    assert policies[-1][:3].argmax(axis=1).tolist() == [policies[-1][2].argmax()] * 3
    # right at once everywhere: 3 sweeps bring the values, one more changes nothing, and no action is better
    assert len(phases) == changed[0] + 1 + 4 + 1


@pytest.mark.parametrize("gamma", [1.0, 0.95])
def test_equally_good_actions_never_take_turns(gamma):
    # on an open grid nearly every state has two best actions; rewards that no float holds blur them
    world = book_grid().with_rules(step_reward=-0.1)
    session = begin("policy_iteration", world, gamma=gamma, theta=1e-15)
    session.run()
    assert session.converged and session.agent.snapshot(View()).metrics["improvements"] <= 3


# -- the same truth, whichever way -------------------------------------------------------------------


@pytest.mark.parametrize(("algorithm", "options"), CONTROL)
@pytest.mark.parametrize("gamma", [0.9, 0.99, 1.0])
@pytest.mark.parametrize(
    "name", ["grid_4x4", "cliff_walking", "frozen_lake_4x4", "key_door", "four_rooms", "windy"]
)
def test_all_planners_come_to_the_oracles_values(algorithm, options, gamma, name):
    if algorithm != "linear_programming":
        options = {**options, "theta": 1e-9}
    session = begin(algorithm, world_named(name), gamma=gamma, **options)
    session.run()
    mdp = session.agent.problem.mdp
    truth = solve(mdp, gamma)
    assert truth is not None and session.converged
    compared = mdp.live & mdp.reachable
    np.testing.assert_allclose(values(session)[compared], truth.v[compared], rtol=0, atol=1e-6)


@pytest.mark.parametrize("policy", ["random", "optimal"])
@pytest.mark.parametrize("gamma", [0.9, 1.0])
@pytest.mark.parametrize("name", ["grid_4x4", "frozen_lake_8x8", "russell_norvig_4x3"])
def test_evaluation_comes_to_the_values_of_a_linear_system(policy, gamma, name):
    session = begin("policy_evaluation", world_named(name), gamma=gamma, policy=policy, theta=1e-12)
    session.run()
    agent = session.agent
    truth = policy_values(agent.problem.mdp, agent.given, gamma)
    assert truth is not None
    seen = np.isfinite(truth) & agent.problem.mdp.live
    np.testing.assert_allclose(agent.estimates()[0][seen], truth[seen], rtol=0, atol=1e-8)


@pytest.mark.parametrize("algorithm", ["policy_evaluation", "policy_iteration", "modified_policy_iteration",
                                       "value_iteration", "linear_programming"])  # fmt: skip
def test_the_courses_preset_solves_its_grid(algorithm):
    world, agent = world_named("grid_4x4"), begin(algorithm, world_named("grid_4x4")).agent
    session = begin(algorithm, world, **agent.presets["course"].values)
    session.run()
    truth = solve(agent.problem.mdp, 0.99) if agent.task == "control" else None
    if truth is not None:
        # five steps at -0.01, then +1: V*(start) = 0.99^5 - 0.01 (1 - 0.99^5) / 0.01
        assert values(session)[0] == pytest.approx(2 * 0.99**5 - 1, abs=1e-6)
        assert session.evaluate().oracle_gap[0] == pytest.approx(0, abs=1e-6)
    else:
        exact = policy_values(agent.problem.mdp, agent.given, 0.99)
        assert exact is not None
        assert values(session)[0] == pytest.approx(exact[0], abs=1e-6)


# -- each is itself ----------------------------------------------------------------------------------


def test_evaluation_is_no_iteration_of_values():
    # from the middle of S . G all four moves are equally likely: (-1 + 3 v) / 4 ... against one step at best
    for algorithm, first in (("policy_evaluation", -1.25), ("value_iteration", -1.0)):
        world = corridor(3).with_cell((0, 2), reward=-2.0 if algorithm == "policy_evaluation" else -1.0)
        session = begin(algorithm, world, gamma=1.0)
        session.tick(1)
        assert values(session)[1] == first


def test_modified_policy_iteration_lies_between_value_and_policy_iteration():
    world = world_named("cliff_walking")
    other = begin("value_iteration", world, gamma=0.9)
    without = begin("modified_policy_iteration", world, gamma=0.9, evaluations=0)
    with_some = begin("modified_policy_iteration", world, gamma=0.9, evaluations=2)
    differs = False
    for _ in range(12):
        for session in (other, without, with_some):
            session.tick(1)
        np.testing.assert_array_equal(values(without), values(other))
        differs = differs or (values(with_some) != values(other)).any()
    assert differs
    # with as many sweeps as values need to settle, improvements are as few as those of policy iteration
    many = begin("modified_policy_iteration", world_named("frozen_lake_8x8"), gamma=0.9, evaluations=1000)
    exact = begin("policy_iteration", world_named("frozen_lake_8x8"), gamma=0.9)
    few = begin("value_iteration", world_named("frozen_lake_8x8"), gamma=0.9)
    for session in (many, exact, few):
        session.run()
    improvements = [s.agent.snapshot(View()).metrics["improvements"] for s in (many, exact)]
    assert max(improvements) <= 12 < few.clock / 4


def test_modified_policy_iteration_improves_every_m_plus_first_sweep():
    session = begin("modified_policy_iteration", world_named("frozen_lake_4x4"), evaluations=3)
    counted = []
    for _ in range(9):
        session.tick(1)
        counted.append(session.agent.snapshot(View()).metrics["improvements"])
    assert counted == [1, 1, 1, 1, 2, 2, 2, 2, 3]


def test_prioritized_order_goes_from_the_goal_to_the_start_once():
    # S . . G, +1 at the goal, gamma 1/2: cell 2 is wrong by 1, then cell 1 by 1/2, then cell 0 by 1/4
    world = corridor(4, step_reward=0.0).with_cell((0, 3), reward=1.0)
    session = begin("value_iteration", world, gamma=0.5, order="prioritized")
    session.tick(1)
    shot = session.agent.snapshot(View(wants=frozenset({"backups"})))
    assert shot.fields["backups"].tolist() == [2, 1, 0]
    assert shot.v.tolist() == [0.25, 0.5, 1, 0] and shot.metrics == {"residual": 0.0}
    assert not session.tick(1) and session.converged and session.clock == 1
    synchronous = begin("value_iteration", world, gamma=0.5)
    synchronous.run()
    assert synchronous.clock == 4


def test_prioritized_order_always_takes_the_greatest_bellman_error():
    """Replayed in plain Python: every backup is of a state with the greatest error there is."""
    session = begin("value_iteration", eventful(), gamma=0.9, order="prioritized", theta=1e-6)
    mdp, v, backups = session.agent.problem.mdp, np.zeros(session.agent.problem.mdp.n_states), 0
    live = np.flatnonzero(mdp.live)
    while session.tick(1):
        order = session.agent.snapshot(View(wants=frozenset({"backups"}))).fields["backups"]
        assert order.size <= live.size
        for s in order:
            best = {int(t): max(expected(mdp, v, t, a, 0.9) for a in range(4)) for t in live}
            errors = {t: abs(best[t] - v[t]) for t in best}
            assert errors[int(s)] == pytest.approx(max(errors.values()), abs=1e-12)
            v[s] = best[int(s)]
            backups += 1
        np.testing.assert_allclose(values(session), v, rtol=0, atol=1e-12)
        residual = max(abs(max(expected(mdp, v, t, a, 0.9) for a in range(4)) - v[t]) for t in live)
        assert session.agent.snapshot(View()).metrics["residual"] == pytest.approx(residual, abs=1e-12)
    assert backups > 3 * live.size


@pytest.mark.parametrize("name", ["maze:21:0", "four_rooms", "frozen_lake_8x8"])
def test_prioritized_order_needs_fewer_backups(name):
    counted = {}
    for order in ("synchronous", "prioritized"):
        session = begin("value_iteration", world_named(name), gamma=0.9, order=order, theta=1e-6)
        counted[order] = 0
        while session.tick(1):
            counted[order] += (
                session.agent.snapshot(View(wants=frozenset({"backups"}))).fields["backups"].size
            )
    assert counted["prioritized"] < counted["synchronous"]


@pytest.mark.parametrize("options", [{"order": "prioritized"}, {"order": "in place"}])
def test_other_orders_keep_the_contract_as_well(options):
    whole = advance(begin("value_iteration", eventful(), **options), 300)
    session = begin("value_iteration", eventful(), **options)
    for tick in range(40):
        moment = session.checkpoint_moment()
        other = begin("value_iteration", eventful(), **options)
        other.go_to(moment)
        assert digest(advance(other, 300)) == digest(whole)
        session.tick(1 + tick % 3)
    session.agent.learnt()["V"][3] = np.nan
    assert not session.run_slice() and session.failure is not None and "became NaN" in session.failure


# -- updates, worked out anew ------------------------------------------------------------------------


@pytest.mark.parametrize(("algorithm", "options"), PLANNERS)
@pytest.mark.parametrize("name", ["eventful", "frozen_lake_4x4"])
def test_the_update_is_the_sweeps_largest_change_with_the_values_that_were_used(algorithm, options, name):
    world = eventful() if name == "eventful" else world_named(name)
    session = begin(algorithm, world, gamma=0.9, **options)
    mdp, told = session.agent.problem.mdp, 0
    live = np.flatnonzero(mdp.live)
    for _ in range(60):
        before, pi = values(session).copy(), session.agent.snapshot(View()).policy.copy()
        if not session.tick(1):
            break
        shot = session.agent.snapshot(View(wants=frozenset({"backups"})))
        update, after = shot.update, shot.v
        if update is None:  # an improvement that found nothing better
            assert algorithm == "policy_iteration" and (after == before).all()
            continue
        told += 1
        assert (update.action, update.of_state, update.alpha, update.gamma) == (None, True, 1.0, 0.9)
        assert update.td_error == update.target - update.before and np.isnan(update.reward)
        assert update.step == session.clock
        s, read = update.state, before
        improves = algorithm == "policy_iteration" and (shot.policy != pi).any()
        if algorithm == "linear_programming":
            read = after
        elif options.get("order") == "in place" and not improves:
            read = np.where(np.arange(before.size) < s, after, before)
        elif options.get("order") == "prioritized":
            read, changes = before.copy(), []
            for t in shot.fields["backups"]:
                best = max(expected(mdp, read, t, a, 0.9) for a in range(4))
                changes.append((abs(best - read[t]), int(t), read.copy()))
                read[t] = best
            largest = max(change for change, _, _ in changes)
            match = [c for c in changes if c[1] == s and c[0] == pytest.approx(largest, abs=1e-12)]
            read = match[0][2]
            np.testing.assert_allclose(abs(update.td_error), largest, rtol=0, atol=1e-12)
        q = [expected(mdp, read, s, a, 0.9) for a in range(4)]
        if improves:
            kept = float(np.dot(pi[s], q))
            assert (update.before, update.target) == (pytest.approx(kept), pytest.approx(max(q)))
            assert update.after == update.before and (after == before).all()
            assert shot.policy[s].argmax() == update.next_action == int(np.argmax(q))
            continue
        assert update.before == (before[s] if options.get("order") != "prioritized" else read[s])
        if algorithm != "linear_programming" and options.get("order") != "prioritized":
            assert abs(update.td_error) == np.abs(after - before)[live].max()
            assert update.after == after[s]
        if algorithm in ("policy_evaluation", "policy_iteration") or (
            algorithm == "modified_policy_iteration" and update.next_action is None
        ):
            assert update.next_action is None and not update.lines
            assert update.target == pytest.approx(float(np.dot(shot.policy[s], q)), abs=1e-12)
        else:
            assert update.target == pytest.approx(max(q), abs=1e-9 if algorithm[0] == "l" else 1e-12)
            assert update.next_action is not None and q[update.next_action] == pytest.approx(
                max(q), abs=1e-12
            )
            assert [number_of(line) for line in update.lines] == pytest.approx(q, rel=1e-3)
    assert told >= 1


def linked(update: Update) -> set[int]:
    return {part.state for part in update.parts if part.role == "next" and part.state is not None}


def test_the_backup_of_an_evaluation_is_written_over_all_actions_and_outcomes():
    session = begin("policy_evaluation", book_grid(), gamma=1.0)
    for _ in range(2):
        session.tick(1)
    backup = session.agent.snapshot(View(selected=1)).backup
    assert backup is not None
    # state 1 after two sweeps: up bumps (-1.75), right is -2, down is -2, left ends
    text = "".join(part.text for part in backup.parts)
    assert text.count("0.25 · [ -1 + ") == 4 and "0.25 · [ -1 + 0 (terminal) ]" in text
    assert text.endswith(" = -2.438") and (backup.before, backup.target) == (-1.75, -2.4375)
    assert linked(backup) == {1, 2, 5}


def test_an_improvement_says_what_is_better_than_what():
    session = begin("policy_iteration", book_grid(), gamma=1.0)
    while session.agent.snapshot(View()).metrics["phase"] == 0:
        session.tick(1)
    selected = session.agent.snapshot(View(selected=1)).backup
    session.tick(1)
    update = session.agent.snapshot(View()).update
    assert selected is not None and update is not None
    # next to the corner: to the end at once, -1, where the random policy is worth -14
    assert (selected.target, selected.before) == (-1, pytest.approx(-14, abs=1e-6))
    text = "".join(part.text for part in selected.parts)
    assert text == "π(s) ← left: [ -1 + 0 (terminal) ] = -1 > -14"
    assert update.target - update.before == pytest.approx(13, abs=1e-6)


def test_a_sweep_that_begins_anew_shows_no_update_of_the_old_world():
    session = advance(begin("value_iteration", corridor(5)), 3)
    assert last_update(session.agent).step == 3
    session.replace_world(session.world.resized(1, 3))
    assert session.agent.snapshot(View()).update is None


@pytest.mark.parametrize(("name", "value"), [("record", 1e9), ("backups", 10**6), ("sweeps", -1)])
def test_a_file_with_states_that_there_are_not_is_refused(name, value):
    session = advance(begin("value_iteration", corridor(4)), 2)
    state = session.agent.state()
    state[name][:2] = value
    with pytest.raises(SandboxError, match="outside its world"):
        session.agent.check_state(state)


# -- linear programming ------------------------------------------------------------------------------


def test_a_linear_program_that_is_too_large_is_refused(monkeypatch):
    from rlsandbox.algorithms.dynamic_programming import linear_programming

    monkeypatch.setattr(linear_programming, "MOST_STATES", 2)
    session = begin("linear_programming", corridor(4))
    with pytest.raises(SandboxError, match="takes up to 2 states, not 3"):
        session.run()


@pytest.mark.parametrize("cost", [1e-12, 1.0, 1e200])
def test_a_linear_program_takes_rewards_of_any_size(cost):
    world = corridor(4, step_reward=-cost).with_cell((0, 3), reward=-cost)
    session = begin("linear_programming", world, gamma=0.5)
    session.run()
    np.testing.assert_allclose(values(session), [-1.75 * cost, -1.5 * cost, -cost, 0], rtol=1e-12)


def test_a_state_that_only_ends_of_episodes_enter_is_left_out():
    # a taxi may act from every state, but where it sets its passenger down all is over
    session, other = (
        begin(name, world_named("taxi"), gamma=1.0) for name in ("linear_programming", "value_iteration")
    )
    for run in (session, other):
        run.run()
    mdp = session.agent.problem.mdp
    assert (mdp.live & mdp.reachable).sum() == 404 and mdp.walked.sum() == 400
    np.testing.assert_allclose(values(session), values(other), rtol=0, atol=1e-9)
    assert not values(session)[~mdp.walked].any()
