"""REINFORCE: its record by hand, whole episodes alone, and no value of a state that follows."""

from typing import Any

import numpy as np
import pytest

from rlsandbox.learning.rolling import Transitions
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
from tests.helpers import begin, corridor

QUICK: dict[str, Any] = {**SMALL, "learning_rate": 0.01}


def returns(memory: Transitions, i: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns with gamma 0.9 of all stored steps, and whether they belong to an episode that terminated."""
    size, found = int(memory.count[i]), []
    ends = memory.terminated[i] | memory.truncated[i]
    for first in range(size):
        last = first
        while not ends[last] and last < size - 1:
            last += 1
        rewards = memory.reward[i, first : last + 1].astype(np.float64)
        found.append((float((0.9 ** np.arange(rewards.size) * rewards).sum()), memory.terminated[i, last]))
    gained, whole = zip(*found, strict=True)
    return np.array(gained), np.array(whole)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"baseline": False},
        {"normalize": False},
        {"baseline": False, "normalize": False},
        {"episodes_per_update": 3},
    ],
    ids=str,
)
def test_the_record_is_what_one_works_out(options):
    session = begin("reinforce", brisk(), (0, 1), **QUICK, **options)
    agent: Any = session.agent
    checked = skipped = 0
    for _ in range(300):
        said, updates = agent.outputs(), int(agent.updates[0])
        session.tick(10)
        if agent.updates[0] == updates:
            continue
        for i in range(2):
            update, m = agent.told(i), agent.memory
            gained, whole = returns(m, i)
            if not whole.any():  # nothing was learnt from episodes that were all cut
                continue
            at = int(whole.argmax())  # of the first episode that was not
            v = said["value"][i, m.state[i, : gained.size], 0]
            baseline = v if options.get("baseline", True) else np.zeros_like(v)
            weight = gained - baseline
            if options.get("normalize", True):
                weight = (weight - weight[whole].mean()) / (weight[whole].std() + 1e-8)
            np.testing.assert_allclose(
                agent.shown[i]["gain"][i, : gained.size][whole], weight[whole], atol=1e-4
            )
            s, a = int(m.state[i, at]), int(m.action[i, at])
            assert (update.state, update.action, update.next_state) == (s, a, m.next_state[i, at])
            assert update.step == agent.walk.steps[i] - gained.size + at + 1
            assert update.before == pytest.approx(baseline[at], abs=1e-5)
            assert update.target == pytest.approx(gained[at], abs=1e-5)
            log_pi = log_softmax(said["policy"][i, s])[a]
            normalised = [weight[at]] if options.get("normalize", True) else []
            written = lines(update)
            if gained.size > 1:  # a single step is its own mean: what is left is rounding
                assert written[0] == near([gained[at], baseline[at], gained[at] - baseline[at], *normalised])
                assert written[1] == near([log_pi, weight[at], log_pi * weight[at]])
            checked, skipped = checked + 1, skipped + (at > 0)
    assert checked > 20 and (skipped > 0) == ("episodes_per_update" in options)


def test_episodes_that_were_cut_are_dropped_and_counted():
    """A limit of 4 steps in a corridor of 20: nobody arrives, nothing is learnt, every episode is counted."""
    session = begin("reinforce", corridor(20, step_limit=4), (0, 1), episodes=30, **SMALL)
    agent: Any = session.agent
    before = agent.nets.flat.clone()
    session.run()
    assert agent.dropped.tolist() == [30, 30] and agent.updates[0] == 0
    assert (agent.nets.flat == before).all()
    assert agent.metrics(0)["dropped episodes"] == 30.0


def actor_after(algorithm: str, critic: float, **options: Any) -> list[np.ndarray]:
    """The actor's weights after ten updates, where the critic begins with so much on each of its weights."""
    session = begin(algorithm, brisk(), **SMALL, **options)
    agent: Any = session.agent
    sizes = np.diff(agent.nets.bounds, prepend=0).tolist()
    for part in agent.nets.flat.split(sizes):
        part.view(2, -1)[1] += critic
    while agent.updates[0] < 10:
        session.tick(50)
    return [array[0] for layer in agent.nets.layers(0) for array in layer]


def test_without_a_baseline_no_value_has_a_say_and_in_actor_critic_every_value_has():
    """REINFORCE does not bootstrap: whatever the critic thinks, the actor ends with the same bits."""
    plain = {"baseline": False, "normalize": False}
    pairs = zip(actor_after("reinforce", 0.0, **plain), actor_after("reinforce", 5.0, **plain), strict=True)
    assert all(np.array_equal(one, other) for one, other in pairs)
    pairs = zip(actor_after("actor_critic", 0.0), actor_after("actor_critic", 5.0), strict=True)
    assert not any(np.array_equal(one, other) for one, other in pairs)


def test_it_waits_for_the_end_of_an_episode():
    session = begin("reinforce", corridor(6), **QUICK)
    agent: Any = session.agent
    for _ in range(400):
        updates, episodes = int(agent.updates[0]), int(agent.episodes[0])
        session.tick(1)
        if agent.updates[0] > updates:
            assert agent.episodes[0] == episodes and agent.memory.terminated[0, agent.memory.count[0] - 1]
    assert agent.updates[0] + agent.dropped[0] == agent.episodes[0] > 2


@pytest.mark.parametrize(
    "switch",
    [
        {"baseline": False},
        {"normalize": False},
        {"entropy_coefficient": 0.2},
        {"value_coefficient": 2.0},
        {"max_grad_norm": 0.01},
        {"shared": True},
    ],
    ids=str,
)
def test_every_switch_changes_what_is_learnt(switch):
    usual: dict[str, Any] = {**QUICK, "steps": 200}
    assert (
        learnt("reinforce", **usual)
        == learnt("reinforce", **usual)
        != learnt("reinforce", **{**usual, **switch})
    )


def test_the_preset_of_a_first_course_solves_the_small_grid():
    assert_solved(course("reinforce"))


def test_replicas_equal_their_single_runs_over_sixty_episodes():
    assert_replicas_are_their_single_runs("reinforce", 1000, episodes=60)


def test_a_replica_whose_episode_was_cut_keeps_its_record():
    session = begin("reinforce", brisk(), (0, 1), **SMALL)
    agent: Any = session.agent
    kept = 0
    for _ in range(300):
        before, learnt = [agent.told(i) for i in (0, 1)], agent.log.count.copy()
        session.tick(10)
        for i in np.flatnonzero(agent.log.count == learnt):
            assert repr(agent.told(i)) == repr(before[i])
            kept += before[i] is not None and agent.log.count[1 - i] > learnt[1 - i]
    assert kept > 10
