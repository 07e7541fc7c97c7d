from __future__ import annotations

import numpy as np
import pytest

from rlsandbox.worlds.errors import SandboxError
from rlsandbox.worlds.observations import OBSERVATIONS, observe
from rlsandbox.worlds.text_maps import world_from_rows

WORLD = world_from_rows(("..k", "D.G"))  # 12 states: 6 cells, with and without the key


def test_one_hot_has_its_one_at_the_state():
    seen = observe(WORLD, [0, 11], "one_hot")
    assert seen.shape == (2, 12)
    assert seen.dtype == np.float32
    assert np.argmax(seen, axis=1).tolist() == [0, 11]
    assert seen.sum() == 2


def test_xy_is_column_row_and_what_is_carried():
    states = [WORLD.state_of((0, 0)), WORLD.state_of((1, 1), 1), WORLD.state_of((1, 2))]
    assert observe(WORLD, states, "xy").tolist() == [[0, 0, 0], [0.5, 1, 1], [1, 1, 0]]


@pytest.mark.parametrize("name", OBSERVATIONS)
def test_every_observation_takes_any_shape_of_states(name):
    size = OBSERVATIONS[name].size
    tail = () if size is None else (size(WORLD),)
    for shape in ((), (3,), (2, 3)):
        assert observe(WORLD, np.zeros(shape, np.int32), name).shape == shape + tail


def test_an_unknown_observation_gives_a_sentence():
    with pytest.raises(SandboxError, match="state, one_hot, xy"):
        observe(WORLD, 0, "sonar")
