"""Real-time dynamic programming: each step worked out anew, and where it plans."""

import numpy as np
import pytest

from rlsandbox.learning.agent import View
from rlsandbox.learning.oracle import solve
from rlsandbox.worlds.errors import SandboxError
from rlsandbox.worlds.rules import Rules
from rlsandbox.worlds.text_maps import world_from_rows
from rlsandbox.worlds.world import World
from tests.algorithms.planning import expected, number_of, values, world_named
from tests.helpers import begin, corridor, eventful, last_update


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
        assert [number_of(line) for line in update.lines] == pytest.approx(q, rel=1e-3, abs=1e-4)
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


def test_rtdp_says_where_optimism_is_never_corrected():
    # on thin ice no state is worth 1, but standing in a corner is free, and looks as good for ever
    world = world_named("frozen_lake_4x4")
    session = begin("rtdp", world, gamma=1.0, episodes=3)
    with pytest.raises(SandboxError, match="not corrected where the agent can rest unpaid"):
        session.run()
    below = begin("rtdp", world, gamma=1.0, initial_v=0.0, episodes=3)
    below.run()
    assert below.agent.episodes.tolist() == [3]
    # one goal and nothing else: every state is worth 1, as it begins
    for name in ("dyna_maze", "cliff_walking"):
        begin("rtdp", world_named(name), gamma=1.0, episodes=3).run()
