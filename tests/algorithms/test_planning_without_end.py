"""Worlds without an answer: a sentence, never a run that does not end."""

from typing import Any

import numpy as np
import pytest

from rlsandbox.learning.policy_planning import never_ends
from rlsandbox.worlds.errors import SandboxError
from rlsandbox.worlds.rules import Rules
from rlsandbox.worlds.tables import Tables
from rlsandbox.worlds.text_maps import world_from_rows
from rlsandbox.worlds.world import World
from tests.algorithms.planning import CONTROL, PLANNERS, values
from tests.helpers import begin, corridor


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
