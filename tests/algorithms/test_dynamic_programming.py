"""Planning with the model: book numbers, updates worked out anew, worlds without an answer."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from rlsandbox.learning.agent import Line, Update, View
from rlsandbox.learning.oracle import policy_values, solve
from rlsandbox.learning.policy_planning import never_ends
from rlsandbox.training.session import TrainingSession
from rlsandbox.worlds.errors import SandboxError
from rlsandbox.worlds.gallery import gallery_world
from rlsandbox.worlds.mdp import TabularMDP
from rlsandbox.worlds.rules import Rules
from rlsandbox.worlds.tables import Tables
from rlsandbox.worlds.text_maps import world_from_rows
from rlsandbox.worlds.world import World
from tests.helpers import advance, begin, corridor, digest, eventful, last_update

PLANNERS: list[tuple[str, dict[str, Any]]] = [
    ("policy_evaluation", {"order": "synchronous"}),
    ("policy_evaluation", {"order": "in place"}),
    ("policy_iteration", {"order": "synchronous"}),
    ("policy_iteration", {"order": "in place"}),
    ("modified_policy_iteration", {"evaluations": 3}),
    ("value_iteration", {"order": "synchronous"}),
    ("value_iteration", {"order": "in place"}),
    ("value_iteration", {"order": "prioritized"}),
    ("linear_programming", {}),
]
CONTROL = [planner for planner in PLANNERS if planner[0] != "policy_evaluation"]


def book_grid() -> World:
    """Sutton & Barto, example 4.1: two opposite corners end, every step costs 1."""
    corners = {(0, 0): -1.0, (3, 3): -1.0}
    rules = Rules(step_reward=-1.0, start="uniform")
    return world_from_rows(("G...", "....", "....", "...G"), "Example 4.1", rules, rewards=corners)


def world_named(name: str) -> World:
    world = gallery_world(name)
    assert world is not None
    return world


def values(session: TrainingSession) -> np.ndarray:
    return session.agent.snapshot(View()).v


def expected(mdp: TabularMDP, v: np.ndarray, s: Any, a: int, gamma: float) -> float:
    """The sum over outcomes, one by one."""
    total = 0.0
    for k in range(mdp.prob.shape[2]):
        onward = 0.0 if mdp.terminal[s, a, k] else gamma * v[mdp.next_state[s, a, k]]
        total += mdp.prob[s, a, k] * (mdp.reward[s, a, k] + onward)
    return total


def numbers_of(line: Line) -> float:
    return float(line.parts[-1].text.removeprefix(" = ").strip("()"))


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
        options = {**options, "theta": 1e-11}
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
            assert [numbers_of(line) for line in update.lines] == pytest.approx(q, rel=1e-3)
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


# -- nothing to come to ------------------------------------------------------------------------------


def ring(**rules: Any) -> World:
    """Two cells and no end."""
    return world_from_rows(("S.",), "Ring", Rules(**{"step_reward": -1.0, **rules}))


@pytest.mark.parametrize(("algorithm", "options"), PLANNERS)
@pytest.mark.parametrize("reward", [-1.0, 1.0])
def test_without_a_discount_a_world_without_end_is_refused_in_a_sentence(algorithm, options, reward):
    session = begin(algorithm, ring(step_reward=reward), gamma=1.0, **options)
    with pytest.raises(SandboxError, match=r"at gamma 1 .*Choose a gamma below 1"):
        session.run()
    assert session.failure is not None and session.finished and session.clock <= 1
    assert np.isfinite(values(session)).all()


@pytest.mark.parametrize(("algorithm", "options"), PLANNERS)
def test_with_a_discount_the_same_world_has_its_value(algorithm, options):
    session = begin(algorithm, ring(), gamma=0.5, **options)
    session.run()
    np.testing.assert_allclose(values(session), [-2, -2], atol=1e-7)  # 1 + 1/2 + 1/4 + ...


@pytest.mark.parametrize(("algorithm", "options"), PLANNERS)
def test_a_place_that_cannot_be_reached_harms_nobody(algorithm, options):
    world = world_from_rows(("SG#.",), "Cell", Rules(step_reward=-1.0), rewards={(0, 1): -1.0})
    session = begin(algorithm, world, gamma=1.0, **options)
    session.run()
    found = -4.0 if algorithm == "policy_evaluation" else -1.0  # the random policy bumps three times of four
    np.testing.assert_allclose(values(session), [found, 0, 0, 0], atol=1e-6)


@pytest.mark.parametrize(("algorithm", "options"), CONTROL)
def test_resting_unpaid_is_worth_nothing_not_minus_something(algorithm, options):
    # the only end costs 1; bumping for ever is free
    world = world_from_rows(("S.P",), "Rest", Rules(), rewards={(0, 2): -1.0})
    session = begin(algorithm, world, gamma=1.0, **options)
    if algorithm == "policy_iteration":  # from -1, to which the random policy comes, nothing looks better
        with pytest.raises(SandboxError, match="resting where nothing is paid is better"):
            session.run()
        return
    session.run()
    np.testing.assert_allclose(values(session), 0, atol=1e-6)


def test_a_drawn_policy_that_never_ends_is_refused_and_one_that_does_is_not():
    world = corridor(3)
    left, right = (
        next(k for k, a in enumerate(world.actions) if a.name == name) for name in ("left", "right")
    )
    for action, ends in ((left, False), (right, True)):
        drawn = world.replace(policy=np.full((1, 3), action, np.int8))
        session = begin("policy_evaluation", drawn, gamma=1.0, policy="drawn")
        if ends:
            session.run()
            assert values(session).tolist() == [-2, -1, 0]
        else:
            with pytest.raises(SandboxError, match="at gamma 1 the drawn policy has no finite values"):
                session.run()


def test_what_never_ends_and_is_paid_has_no_value():
    mdp = begin("value_iteration", corridor(4)).agent.problem.mdp
    world_actions = [action.name for action in corridor(4).actions]
    go = {name: np.tile(np.eye(4)[world_actions.index(name)], (4, 1)) for name in ("left", "right")}
    assert never_ends(mdp, go["left"]).tolist() == [True, True, True, False]
    assert not never_ends(mdp, go["right"]).any()
    assert not never_ends(mdp, np.full((4, 4), 0.25)).any()
    unpaid = begin("value_iteration", corridor(4, step_reward=0.0)).agent.problem.mdp
    assert not never_ends(unpaid, go["left"]).any()


def test_values_that_go_round_in_circles_are_told():
    """A pays 1 and leads to B, B costs 1 and leads to A; both may leave for 5: nothing settles."""
    columns = {
        "state": [0, 0, 1, 1],
        "action": [0, 1, 0, 1],
        "next_state": [1, 2, 0, 2],
        "prob": [1.0] * 4,
        "reward": [1.0, -5.0, -1.0, -5.0],
        "terminal": [False, True, False, True],
    }
    arrays: dict[str, Any] = {name: np.array(column) for name, column in columns.items()}
    tables = Tables((1, 3), 1, ("round", "out"), **arrays, start_state=np.array([0]), start_prob=np.ones(1))
    session = begin("value_iteration", World.of_tables(tables, "Circle"), gamma=1.0)
    with pytest.raises(SandboxError, match="go round in circles"):
        session.run()
    assert session.clock < 20


def test_after_a_failure_a_discount_makes_it_go_on():
    session = begin("value_iteration", ring(), gamma=1.0)
    with pytest.raises(SandboxError):
        session.run()
    session.go_to(session.history.latest)
    session.set_hyperparameters({"gamma": 0.5})
    session.run()
    np.testing.assert_allclose(values(session), [-2, -2], atol=1e-7)


def test_an_edit_without_a_discount_forgets_values_that_nothing_would_correct():
    # where steps are free, the old +1 would stay true for ever after the goal is gone
    world = corridor(4, step_reward=0.0).with_cell((0, 3), reward=1.0)
    session = begin("value_iteration", world, gamma=1.0)
    session.run()
    assert values(session).tolist() == [1, 1, 1, 0]
    session.replace_world(session.world.with_cell((0, 3), reward=0.0))
    session.run()
    assert values(session).tolist() == [0, 0, 0, 0]


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


@pytest.mark.parametrize(("name", "value"), [("record", 1e9), ("backups", 10**6), ("sweeps", -1)])
def test_a_file_with_states_that_there_are_not_is_refused(name, value):
    session = advance(begin("value_iteration", corridor(4)), 2)
    state = session.agent.state()
    state[name][:2] = value
    with pytest.raises(SandboxError, match="outside its world"):
        session.agent.check_state(state)


# -- real-time dynamic programming ------------------------------------------------------------------


def test_rtdp_backs_up_the_state_that_it_leaves_with_the_model():
    session = begin("rtdp", eventful(), gamma=0.9)
    mdp = session.agent.problem.mdp
    left = None
    for step in range(1, 300):
        before = session.agent.state()["tables.v"][0]
        if session.world.digest != eventful().at_step(0).digest:
            mdp = session.agent.problem.mdp
        session.tick(1)
        update, after = last_update(session.agent), session.agent.state()["tables.v"][0]
        q = [expected(mdp, before, update.state, a, 0.9) for a in range(4)]
        if step == 62:  # the world has changed by its schedule before this step
            mdp = session.agent.problem.mdp
            q = [expected(mdp, before, update.state, a, 0.9) for a in range(4)]
        assert left is None or update.state == left
        assert (update.before, update.after) == (before[update.state], after[update.state])
        assert update.target == pytest.approx(max(q), abs=1e-12) and update.after == update.target
        assert update.next_action is not None and q[update.next_action] == pytest.approx(max(q), abs=1e-12)
        assert (update.step, update.action, update.of_state) == (step, None, True)
        assert np.flatnonzero(after != before).tolist() in ([], [update.state])
        assert [numbers_of(line) for line in update.lines] == pytest.approx(q, rel=1e-3, abs=1e-4)
        shot = session.agent.snapshot(View(0))
        left = shot.state if shot.state >= 0 else None


def test_rtdp_is_optimal_where_it_walks_and_optimistic_elsewhere():
    session = begin("rtdp", world_named("frozen_lake_4x4"), gamma=0.9, episodes=3000)
    session.run()
    mdp, v = session.agent.problem.mdp, session.agent.snapshot(View(0)).v
    truth = solve(mdp, 0.9)
    assert truth is not None
    assert v[0] == pytest.approx(truth.v[0], abs=1e-6)
    assert (v[mdp.live] >= truth.v[mdp.live] - 1e-9).all()


def test_rtdp_never_backs_up_what_it_does_not_come_to():
    world = world_from_rows(("S.G#..G",), "Two rooms", Rules(step_reward=-1.0), rewards={(0, 2): 5.0})
    walked, planned = begin("rtdp", world, gamma=0.5, episodes=50), begin("value_iteration", world, gamma=0.5)
    walked.run()
    planned.run()
    # before the goal 5, a step earlier -1 + 5/2; the other room keeps its start, the greatest reward there is
    assert values(walked).tolist() == [1.5, 5, 0, 0, 5, 5, 0]
    assert values(planned).tolist() == [1.5, 5, 0, 0, -0.5, 1, 0]


@pytest.mark.parametrize(
    ("world", "gamma", "bound"),
    [
        (corridor(4), 1.0, -1.0),  # the last step pays -1, all others less than nothing
        (corridor(4), 0.5, -1.0),
        (corridor(4, step_reward=3.0), 0.5, 6.0),  # 3 + 3/2 + 3/4 + ...
        (corridor(4, step_reward=0.0), 1.0, 0.0),
        (corridor(4).with_cell((0, 3), reward=7.0), 0.9, 7.0),
    ],
)
def test_rtdp_begins_at_the_least_upper_bound(world, gamma, bound):
    session = begin("rtdp", world, gamma=gamma)
    assert session.agent.state()["tables.v"][0, 0] == bound
    assert begin("rtdp", world, gamma=gamma, initial_v=2.5).agent.state()["tables.v"][0, 0] == 2.5


def test_rtdp_says_that_there_is_no_bound():
    session = begin("rtdp", corridor(4, step_reward=1.0), gamma=1.0, episodes=3)
    with pytest.raises(SandboxError, match="at gamma 1 values have no upper bound here"):
        session.run()
    other = begin("rtdp", corridor(4, step_reward=1.0), gamma=1.0, initial_v=5.0, steps=3)
    other.run()
    assert other.clock == 3


def test_rtdp_breaks_ties_at_random():
    session = begin("rtdp", World.blank(1, 1), seeds=(7,), steps=40_000)
    session.run()
    counts = session.agent.state()["tables.visits"][0, 0]
    assert ((counts - 10_000) ** 2 / 10_000).sum() < 16.27  # three degrees of freedom, 0.1 %
