"""Rollouts that an edit of the world overtakes."""

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
