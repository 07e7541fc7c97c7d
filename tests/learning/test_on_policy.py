"""Rollouts that an edit of the world overtakes."""

import time

import numpy as np

from rlsandbox.learning.agent import View
from tests.helpers import advance, begin, corridor


def test_a_rollout_of_states_that_are_gone_is_learnt_from_no_more():
    session = begin("ppo", corridor(9, step_limit=20), n_steps=64, minibatch=16)
    while int(session.agent.updates[0]) < 3:  # type: ignore[attr-defined]
        session.tick(64)
    session.replace_world(corridor(4, step_limit=20))
    advance(session, 400)
    assert session.failure is None and session.clock == 400
    assert np.isfinite(session.agent.snapshot(View()).v).all()


def test_a_tick_that_has_time_learns_or_walks():
    session = begin("ppo", corridor(9, step_limit=20), n_steps=64, minibatch=16, epochs=2)
    did = []
    for _ in range(12):
        before = session.clock, int(session.agent.updates[0])  # type: ignore[attr-defined]
        session.tick(64, time.perf_counter() + 60)
        did.append((session.clock - before[0], int(session.agent.updates[0]) - before[1]))  # type: ignore[attr-defined]
    steps = did[0][0]
    assert steps > 0 and did == 6 * [(steps, 0), (0, steps // 16 * 2)]
