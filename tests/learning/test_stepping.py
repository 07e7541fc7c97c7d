"""The one loop of all sampling methods: what no single method's test would see."""

import numpy as np

from rlsandbox.learning import sampling
from rlsandbox.worlds.gallery import gallery_world
from tests.helpers import advance, begin, digest, eventful


def test_several_threads_change_nothing(monkeypatch):
    monkeypatch.setattr(sampling, "_WIDE", 0)
    one, many = (begin("q_learning", eventful(), tuple(range(7)), steps=900) for _ in range(2))
    many.threads = 3
    assert digest(advance(one, 900, stride=64)) == digest(advance(many, 900, stride=64))


def test_means_drift_as_a_random_walk():
    world = gallery_world("drifting_testbed")
    assert world is not None
    session = begin("q_learning", world, tuple(range(200)), steps=900)
    session.run()
    drifted = session.agent.state()["walk.drifted"]  # 2,000 walks of 900 steps with sd 0.01
    assert drifted.shape == (200, 10)
    assert abs(drifted.std() - 0.3) < 0.02 and abs(drifted.mean()) < 0.03
    assert np.unique(drifted).size == drifted.size


def test_one_over_n_is_the_mean_of_the_rewards():
    world = gallery_world("ten_armed_testbed")
    assert world is not None
    options = {"alpha_schedule": "1/n", "gamma": 0.0, "epsilon": 1.0}
    session = begin("q_learning", world, steps=4000, **options)
    session.run()
    mdp, tables = session.agent.problem.mdp, session.agent.state()
    start = int(mdp.start_states[0])
    counts = tables["tables.visits"][0, start]
    assert counts.sum() == 4000
    # Each mean is within five standard errors of the truth, and all together are about one away.
    errors = (tables["tables.q"][0, start] - mdp.expected_reward[start]) * np.sqrt(counts)
    assert np.abs(errors).max() < 5 and 0.3 < errors.std() < 2.0
