"""A2C: its record by hand, and what sets it apart from actor-critic with one step."""

from typing import Any

import numpy as np
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
    plain_advantages,
)
from tests.helpers import begin, corridor

COPIES, STEPS = 2, 3
QUICK: dict[str, Any] = {**SMALL, "n_envs": COPIES, "n_steps": STEPS, "learning_rate": 0.01}


@pytest.mark.parametrize("lam", [1.0, 0.7, 0.0])
def test_the_record_is_what_one_works_out(lam):
    session = begin("a2c", brisk(), (0, 1), **QUICK, gae_lambda=lam)
    agent: Any = session.agent
    terminal = cut = 0
    for _ in range(160):
        said = agent.outputs()
        session.tick(COPIES * STEPS)
        if session._last_tick.kind != "update":
            continue
        for i in range(2):
            update, m, v = agent.told(i), agent.memory, said["value"][i, :, 0]
            advantage = plain_advantages(m, i, v, 0.9, lam, COPIES)
            np.testing.assert_allclose(agent.shown[i]["advantage"][i], advantage, atol=1e-5)
            s, a, s_next = (int(array[i, -1]) for array in (m.state, m.action, m.next_state))
            ended, reward = bool(m.terminated[i, -1]), float(m.reward[i, -1])
            assert (update.state, update.action, update.next_state) == (s, a, s_next)
            assert (update.terminated, update.truncated) == (ended, m.truncated[i, -1])
            assert update.step == agent.walk.steps[i]
            log_pi, delta = log_softmax(said["policy"][i, s])[a], advantage[-1]
            assert update.before == pytest.approx(v[s], abs=1e-5)
            assert update.td_error == pytest.approx(delta, abs=1e-5)
            written = lines(update)
            assert written[0] == near([reward, 0.9, 0.0 if ended else v[s_next], v[s], delta])
            assert written[1] == near([delta]) and written[2] == near([log_pi, delta, log_pi * delta])
            terminal += ended
            cut += int(m.truncated[i, :-COPIES].sum())
    assert agent.updates[0] == 80 and terminal > 3 and cut > 0


def told_nothing(algorithm: str, **options: Any) -> Any:
    """After its first update in a long corridor, of an agent whose networks said 0 everywhere."""
    session = begin(algorithm, corridor(20), gamma=0.5, **options)
    agent: Any = session.agent
    agent.nets.flat.zero_()
    while agent.updates[0] == 0:
        session.tick(100)
    return agent


def test_its_critic_is_drawn_to_returns_of_five_steps_and_one_step_actor_critic_to_those_of_one():
    """Where every step costs 1 and V = 0: -1 - 1/2 - 1/4 - 1/8 - 1/16 = -31/16, for the last step -1."""
    shown = told_nothing("a2c", n_envs=1, n_steps=5).shown[0]["advantage"]
    assert shown.tolist() == [[-31 / 16, -15 / 8, -7 / 4, -3 / 2, -1]]
    assert told_nothing("actor_critic").shown[0]["advantage"].tolist() == [[-1.0]]


def test_it_follows_rmsprop_and_actor_critic_follows_adam():
    """From moments of 0, RMSprop's first step is a / sqrt(0.01) = 10 step sizes, Adam's a single one."""
    for algorithm, sizes in (("a2c", 10.0), ("actor_critic", 1.0)):
        agent = told_nothing(algorithm, learning_rate=0.001)
        assert float(agent.nets.flat.abs().max()) == pytest.approx(0.001 * sizes, rel=1e-2)


@pytest.mark.parametrize(
    "switch",
    [
        {"n_envs": 1},
        {"n_steps": 1},
        {"gae_lambda": 0.5},
        {"entropy_coefficient": 0.2},
        {"value_coefficient": 2.0},
        {"max_grad_norm": 0.01},
        {"shared": True},
        {"activation": "relu"},
        {"observation": "xy"},
    ],
    ids=str,
)
def test_every_switch_changes_what_is_learnt(switch):
    usual: dict[str, Any] = {**QUICK, "steps": 120}
    once, again = (learnt("a2c", **usual) for _ in range(2))
    assert once == again != learnt("a2c", **{**usual, **switch})


def test_the_preset_of_a_first_course_solves_the_small_grid():
    assert_solved(course("a2c"))


def test_replicas_equal_their_single_runs_over_fifty_updates():
    assert_replicas_are_their_single_runs("a2c", 40)
