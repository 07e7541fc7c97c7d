"""DQN: its record by hand, what its switches do, and what becomes of it without memory and target."""

from typing import Any

import numpy as np
import pytest

from rlsandbox.learning.oracle import solve
from rlsandbox.worlds.files import open_world
from rlsandbox.worlds.rules import Rules
from rlsandbox.worlds.text_maps import world_from_rows
from tests.algorithms.deep.recorded import (
    SMALL,
    assert_replicas_are_their_single_runs,
    assert_solved,
    brisk,
    course,
    learnt,
    lines,
    near,
)
from tests.helpers import begin

EARLY: dict[str, Any] = {**SMALL, "learning_starts": 8, "train_every": 4, "batch": 8, "learning_rate": 0.02}

VARIANTS: list[dict[str, Any]] = [
    {},
    {"replay": False},
    {"replay": False, "target": "off"},
    {"replay": False, "n": 3},
    {"replay": False, "n": 3, "double": True, "target_every": 7},
    {"replay": False, "dueling": True, "target": "soft", "tau": 0.1},
    {"double": True, "target_every": 7},
    {"prioritized": True, "loss": "Huber"},
    {"dueling": True, "double": True, "prioritized": True, "target": "soft"},
]


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_the_record_is_what_one_works_out(variant):
    session = begin("dqn", brisk(), (0, 1), **EARLY, **variant)
    agent: Any = session.agent
    doubly_wrong = terminal = longer = 0
    for _ in range(80):
        updates = int(agent.updates[0])
        q, target_q = (agent.q_of(agent.ground.outputs(nets)) for nets in (agent.nets, agent.target_nets))
        session.tick(4)
        if agent.updates[0] == updates:
            continue
        if variant.get("target") == "off":
            target_q = q
        for i in range(2):
            update, m = agent.told(i), agent.memory
            s, a, s_next, gained, made, ended = (
                update.state, update.action, update.next_state, update.reward, 1, update.terminated,
            )  # fmt: skip
            if variant.get("replay", True):
                same = (m.state[i] == s) & (m.action[i] == a) & (m.next_state[i] == s_next)
                same &= (m.terminated[i] == ended) & (np.abs(m.reward[i] - gained) < 1e-6)
                assert same.any()
            else:  # the first of its four newest steps, from which a return of n steps begins
                place = int(m.count[i]) - 4
                assert (s, a) == (m.state[i, place], m.action[i, place])
                plain, made = float(m.reward[i, place]), 1
                while made < variant.get("n", 1) and not (m.terminated[i, place] or m.truncated[i, place]):
                    place += 1
                    plain, made = plain + 0.9**made * float(m.reward[i, place]), made + 1
                assert gained == pytest.approx(plain, abs=1e-6)
                assert (s_next, ended) == (m.next_state[i, place], m.terminated[i, place])
                longer += made > 1
            value = target_q[i, s_next].max()
            if variant.get("double"):
                value = target_q[i, s_next, q[i, s_next].argmax()]
                doubly_wrong += value < target_q[i, s_next].max() - 1e-6
            target = gained if ended else gained + 0.9**made * value
            terminal += ended
            assert update.before == pytest.approx(q[i, s, a], abs=1e-5)
            assert update.target == pytest.approx(target, abs=1e-5)
            assert update.td_error == pytest.approx(target - q[i, s, a], abs=2e-5)
            bootstrapped = [0.0] if ended else [0.9**made, value]
            assert lines(update)[0] == near([gained, *bootstrapped, q[i, s, a], target - q[i, s, a]])
    assert agent.updates[0] > 70 and terminal > 0
    assert (longer > 0) == (variant.get("n", 1) > 1)
    assert (doubly_wrong > 0) == variant.get("double", False)  # the choice is not the target's own


def test_the_target_network_stands_still_between_copies():
    session = begin("dqn", brisk(), **EARLY, target_every=3)
    agent: Any = session.agent
    kept = agent.target_nets.flat.clone()
    for update in range(1, 10):
        while agent.updates[0] < update:
            session.tick(4)
        wanted = agent.nets.flat if update % 3 == 0 else kept
        assert (agent.target_nets.flat == wanted).all()
        kept = agent.target_nets.flat.clone()


def test_a_soft_target_goes_a_part_of_the_way():
    session = begin("dqn", brisk(), **EARLY, target="soft", tau=0.25)
    agent: Any = session.agent
    for update in range(1, 6):
        before = agent.target_nets.flat.clone()
        while agent.updates[0] < update:
            session.tick(4)
        wanted = 0.75 * before + 0.25 * agent.nets.flat
        np.testing.assert_allclose(agent.target_nets.flat, wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "switch",
    [
        {"dueling": True},
        {"prioritized": True},
        {"prioritized": True, "priority_alpha": 1.0},
        {"prioritized": True, "priority_beta": 1.0},
        {"double": True, "target_every": 7},
        {"target_every": 7},
        {"target": "soft"},
        {"target": "off"},
        {"replay": False},
        {"n": 3},
        {"loss": "Huber"},
        {"max_grad_norm": 0.1},
        {"n_envs": 4},
        {"epsilon_schedule": "constant"},
        {"observation": "xy"},
    ],
    ids=str,
)
def test_every_switch_changes_what_is_learnt(switch):
    usual: dict[str, Any] = {**EARLY, "steps": 300}
    plain: dict[str, Any] = {}
    if "priority_alpha" in switch or "priority_beta" in switch:
        plain = {"prioritized": True}
    if switch.get("double"):
        plain = {"target_every": 7}
    assert learnt("dqn", **usual) == learnt("dqn", **usual)
    assert learnt("dqn", **{**usual, **switch}) != learnt("dqn", **{**usual, **plain})


def test_epsilon_falls_as_its_schedule_says():
    """Linear from 1 to 0.2 in 100 steps: 0.6 half way, 0.2 from then on; exponential: 0.9 an update."""
    session = begin("dqn", brisk(), **EARLY, epsilon_end=0.2, epsilon_steps=100)
    found = {}
    while session.clock < 148:
        session.tick(4)
        found[session.clock] = epsilon_of(session)
    assert found[48] == pytest.approx(1 - 0.8 * 0.48) and found[100] == found[148] == pytest.approx(0.2)
    session = begin("dqn", brisk(), **EARLY, epsilon_schedule="exponential", epsilon_decay=0.9)
    while session.clock < 24:
        session.tick(4)
    agent: Any = session.agent
    assert epsilon_of(session) == pytest.approx(0.9 ** int(agent.updates[0])) and agent.updates[0] == 5


def epsilon_of(session: Any) -> float:
    return session.agent.epsilon()


def noisy() -> Any:
    """Every step pays 0 on average, with a spread of 1; whatever one does is worth 0."""
    rules = Rules(step_reward=0.0, moves=8, step_limit=50)
    world = world_from_rows(("....", "S..G", "...."), "Noisy", rules)
    for cell in np.ndindex(3, 4):
        world = world.with_cell(cell, reward=0.0, reward_sd=1.0)
    return world


def test_double_dqn_overestimates_less_where_rewards_are_noise():
    """All true values are 0. Both see the very same steps, since they act at random: targets alone differ."""
    found = []
    for double in (False, True):
        options = {"double": double, "gamma": 0.9, "epsilon": 1.0, "epsilon_schedule": "constant"}
        session = begin(
            "dqn", noisy(), tuple(range(8)), steps=6000, units=32, memory=1000, target_every=500, **options
        )
        session.run()
        agent: Any = session.agent
        truth = solve(agent.problem.mdp, 0.9)
        assert truth is not None and not truth.v.any()
        found.append(
            (agent.action_values().max(axis=2)[:, agent.problem.mdp.live].mean(axis=1), met_by(agent))
        )
    (single, walked), (double, walked_too) = found
    assert walked == walked_too
    assert (single > 0.7).all() and (double < single).all() and double.mean() < 0.7 * single.mean()


def met_by(agent: Any) -> bytes:
    """What an agent has met."""
    return agent.memory.state.tobytes() + agent.memory.action.tobytes() + agent.memory.reward.tobytes()


def test_without_memory_and_target_it_hardly_ever_arrives():
    """6,000 steps on an open 7x7 grid: DQN finds the shortest way with every seed, naive deep Q rarely."""
    solved = []
    for options in ({}, {"replay": False, "target": "off"}):
        session = begin("dqn", open_world("open:7:0"), tuple(range(8)), steps=6000, **options)
        session.run()
        solved.append(sum(gap is not None and gap < 1e-9 for gap in session.evaluate().oracle_gap))
    assert solved[0] == 8 and solved[1] <= 4


def test_the_preset_of_a_first_course_solves_the_small_grid():
    assert_solved(course("dqn"))


@pytest.mark.parametrize("variant", [{}, {"prioritized": True, "double": True, "dueling": True}], ids=str)
def test_replicas_equal_their_single_runs_over_fifty_updates(variant):
    assert_replicas_are_their_single_runs("dqn", 4, **variant)
