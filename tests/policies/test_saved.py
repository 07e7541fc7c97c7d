"""What a saved policy says of itself."""

import dataclasses

import pytest

import rlsandbox
from tests.helpers import corridor


@pytest.mark.parametrize(
    ("said", "gamma"), [(0.9, 0.9), (1, 1.0), (None, 1.0), ("half", 1.0), (7.0, 1.0), (float("nan"), 1.0)]
)
def test_a_discount_that_is_none_counts_as_1(said, gamma):
    policy = rlsandbox.train("q_learning", corridor(3), episodes=3).policy
    card = policy.card.model_copy(update={"config": {"gamma": said}})
    other = dataclasses.replace(policy, card=card)
    assert other.gamma == gamma == other.snapshot().gamma
