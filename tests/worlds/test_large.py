"""Worlds of the largest size."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest

from rlsandbox.worlds.errors import SandboxError
from rlsandbox.worlds.files import dumps, loads
from rlsandbox.worlds.mdp import MAX_MODEL_BYTES, compile_world, model_bytes, recompile
from rlsandbox.worlds.rules import Rules
from rlsandbox.worlds.text_maps import text_of, world_from_text
from rlsandbox.worlds.world import World

SIDE = 512
LARGE = World.blank(SIDE, SIDE).painted([(0, 0)], "start").painted([(SIDE - 1, SIDE - 1)], "goal")


def spent(work: Callable[[], object]) -> float:
    """The least time of three, in milliseconds."""
    times = []
    for _ in range(3):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times) * 1e3


@pytest.mark.parametrize("slip", [0.0, 0.1])
def test_it_compiles_within_two_seconds(slip):
    compile_world(World.blank(2, 2, rules=Rules(slip=slip)))  # warm
    world = LARGE.with_rules(slip=slip)
    assert spent(lambda: compile_world(world)) < 2000
    model = compile_world(world)
    assert model.nbytes == model_bytes(world) == SIDE * SIDE * 4 * (3 if slip else 1) * 29
    np.testing.assert_allclose(model.prob.sum(axis=2), 1, atol=1e-15)
    middle = world.state_of((200, 300))
    assert model.next_state[middle, :, 0 if slip == 0 else 1].tolist() == [
        world.state_of(cell) for cell in ((199, 300), (200, 301), (201, 300), (200, 299))
    ]
    assert model.start_states.tolist() == [0]
    assert model.reachable.all()
    assert model.expected_reward.sum() == pytest.approx(2.0), "what slips past slips in elsewhere"
    edited = world.painted([(200, 301)], "wall")
    again = recompile(model, world, edited)
    assert again.prob[middle, 1, 0 if slip == 0 else 1] > 0.8
    assert not again.live[middle + 1]


def test_one_that_would_be_too_large_says_what_to_remove():
    kings = LARGE.with_rules(moves=8, stay=True, slip=0.1, slip_kind="random")
    assert model_bytes(kings) == SIDE * SIDE * 9 * 9 * 29 > MAX_MODEL_BYTES
    with pytest.raises(SandboxError, match="would take 587 MB, more than the 512 MB allowed: make the world"):
        compile_world(kings)


def test_drawing_saving_and_loading_are_bearable():
    """Milliseconds each: the bounds are ten times what a machine like CI's needs."""
    cells = [(r, c) for r in range(128) for c in range(128)]
    rows = text_of(LARGE)

    text = dumps(LARGE)
    assert loads(text) == LARGE
    assert world_from_text(rows).terrain.shape == (SIDE, SIDE)
    assert spent(lambda: LARGE.painted(cells, "mud")) < 40
    assert spent(lambda: LARGE.painted([(5, 5)], "wall")) < 20
    assert spent(lambda: LARGE.replace(name="x").digest) < 120
    assert spent(lambda: dumps(LARGE)) < 350
    assert spent(lambda: loads(text)) < 350
    assert spent(lambda: world_from_text(rows)) < 800
