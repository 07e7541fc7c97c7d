"""One-step actor-critic: its record by hand, an update after every step, late steps that may weigh less."""

from typing import Any

import pytest

from tests.algorithms.deep.recorded import (
    SMALL,
    assert_replicas_are_their_single_runs,
    assert_solved,
    brisk,
    course,
    learnt,
    lines,
    log_softmax,
    near,
)
from tests.helpers import begin

QUICK: dict[str, Any] = {**SMALL, "learning_rate": 0.01}


@pytest.mark.parametrize("weigh_late", [True, False])
def test_the_record_is_what_one_works_out(weigh_late):
    session = begin("actor_critic", brisk(), (0, 1), **QUICK, weigh_late=weigh_late)
    agent: Any = session.agent
    terminal, late, length = 0, 0, [0, 0]
    for _ in range(400):
        said = agent.outputs()
        session.tick(1)
        if session._last_tick.kind != "update":
            continue
        for i in range(2):
            update, m, v = agent.told(i), agent.memory, said["value"][i, :, 0]
            s, a, s_next = (int(array[i, 0]) for array in (m.state, m.action, m.next_state))
            ended, reward = bool(m.terminated[i, 0]), float(m.reward[i, 0])
            assert (update.state, update.action, update.next_state) == (s, a, s_next)
            assert (update.terminated, update.truncated) == (ended, m.truncated[i, 0])
            assert update.step == agent.walk.steps[i] == agent.updates[0]
            target = reward + (0.0 if ended else 0.9 * v[s_next])
            delta, log_pi = target - v[s], log_softmax(said["policy"][i, s])[a]
            weight = 1.0 if weigh_late else 0.9 ** length[i]
            assert update.before == pytest.approx(v[s], abs=1e-5)
            assert update.target == pytest.approx(target, abs=1e-5)
            written = lines(update)
            assert written[0] == near([reward, 0.9, 0.0 if ended else v[s_next], v[s], delta])
            assert written[1] == near([delta])
            assert written[2] == near([weight, log_pi, delta, weight * log_pi * delta])
            terminal, late = terminal + ended, late + (length[i] > 4)
            length[i] = 0 if ended or m.truncated[i, 0] else length[i] + 1
    assert agent.updates[0] == 200 and terminal > 10 and late > 10


def test_it_learns_from_every_single_step():
    """REINFORCE and A2C wait; here steps and updates alternate."""
    session, kinds = begin("actor_critic", brisk(), **QUICK), ""
    for _ in range(40):
        session.tick(100)
        kinds += "u" if session._last_tick.kind == "update" else "s"
    assert kinds == "su" * 20


@pytest.mark.parametrize(
    "switch",
    [
        {"weigh_late": False},
        {"entropy_coefficient": 0.2},
        {"value_coefficient": 2.0},
        {"max_grad_norm": 0.01},
        {"shared": True},
        {"activation": "relu"},
        {"layers": 0},
    ],
    ids=str,
)
def test_every_switch_changes_what_is_learnt(switch):
    usual: dict[str, Any] = {**QUICK, "steps": 60}
    assert (
        learnt("actor_critic", **usual)
        == learnt("actor_critic", **usual)
        != learnt("actor_critic", **{**usual, **switch})
    )


def test_the_preset_of_a_first_course_solves_the_small_grid():
    assert_solved(course("actor_critic"))


def test_replicas_equal_their_single_runs_over_fifty_updates():
    assert_replicas_are_their_single_runs("actor_critic", 1)
