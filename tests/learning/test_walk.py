"""Logs of episodes that were finished elsewhere."""

import numpy as np

from rlsandbox.learning.rolling import Log
from rlsandbox.learning.walk import BINS, LATEST, Walk, log_episode


def test_episodes_from_elsewhere_are_logged_as_if_they_had_been_finished_here():
    """Also where bins merge, at 4,096 episodes and at 8,192."""
    rng = np.random.default_rng(0)
    here, elsewhere = Walk.begin((0, 1)), Walk.begin((0, 1))
    log = Log(here.returns[1], here.lengths[1], here.latest[1], here.width[1:2])
    for size in (0, 1, 300, 3795, 1, 2000, 2095, 1, BINS, 40):
        scores, lengths = rng.normal(size=size), rng.integers(1, 50, size).astype(float)
        for score, length in zip(scores, lengths, strict=True):
            log_episode.function(log, int(here.episodes[1]), score, length)
            here.episodes[1] += 1
        elsewhere.log(1, scores, lengths)
        np.testing.assert_allclose(elsewhere.returns, here.returns, rtol=0, atol=1e-12)
        np.testing.assert_array_equal(elsewhere.lengths, here.lengths)
        np.testing.assert_array_equal(elsewhere.latest, here.latest)
    assert elsewhere.episodes.tolist() == [0, 12_329] and elsewhere.width.tolist() == [1, 4]
    assert np.isfinite(elsewhere.latest[1]).sum() == LATEST
