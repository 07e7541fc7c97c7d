"""Value iteration by hand on a corridor S . . G: a step costs 1, gamma 1, V* = -3 -2 -1 0."""

import numpy as np
import pytest

from rlsandbox.learning.agent import View
from tests.helpers import begin, corridor


def sweeps(order: str, n: int) -> list[list[float]]:
    session = begin("value_iteration", corridor(4), gamma=1.0, order=order)
    values = []
    for _ in range(n):
        session.tick(1)
        values.append(session.agent.snapshot(View()).v.tolist())
    return values


def test_a_synchronous_sweep_reads_the_last_ones_values():
    assert sweeps("synchronous", 3) == [[-1, -1, -1, 0], [-2, -2, -1, 0], [-3, -2, -1, 0]]


def test_in_place_is_not_synchronous():
    # G . . S with +1 at the goal: 1 -> 0.5 -> 0.25 in one sweep in place, one cell a sweep otherwise
    world = corridor(4, step_reward=0.0).with_cell((0, 3), reward=1.0)
    turned = world.replace(
        terrain=world.terrain[:, ::-1], objects=world.objects[:, ::-1], reward=world.reward[:, ::-1]
    )
    expected = {"synchronous": [0, 1, 0, 0], "in place": [0, 1, 0.5, 0.25]}
    for order, values in expected.items():
        session = begin("value_iteration", turned, gamma=0.5, order=order)
        session.tick(1)
        assert session.agent.snapshot(View()).v.tolist() == values


def test_it_stops_when_the_residual_is_small_enough():
    session = begin("value_iteration", corridor(4), gamma=1.0)
    session.run()
    # the third sweep completes the values, the fourth changes nothing
    assert session.clock == 4 and session.finished
    assert session.agent.snapshot(View()).metrics == {"residual": 0.0}


def test_a_changed_discount_or_world_makes_it_go_on():
    session = begin("value_iteration", corridor(4), gamma=1.0)
    session.run()
    session.set_hyperparameters({"gamma": 0.5})
    assert not session.finished
    session.run()
    # -1, -1 + 0.5 * -1, -1 + 0.5 * -1.5
    np.testing.assert_allclose(session.agent.snapshot(View()).v, [-1.75, -1.5, -1, 0])
    session.replace_world(session.world.resized(1, 5))
    assert not session.finished
    session.run()
    np.testing.assert_allclose(session.agent.snapshot(View()).v, [-1.75, -1.5, -1, 0, -1])


def test_the_backup_is_written_out_with_its_expectation():
    world = corridor(3, slip=0.5, slip_kind="random")  # right: 5/8 onwards, 3/8 it stays or goes back
    session = begin("value_iteration", world, gamma=1.0)
    for _ in range(2):
        session.tick(1)
    backup = session.agent.snapshot(View(selected=1)).backup
    assert backup is not None
    # from cell 1, v = (-2, v1, 0): up and down bump (1/4), left leads to 0 (1/8)
    v = session.agent.snapshot(View()).v
    assert backup.target == pytest.approx(-1 + 0.25 * v[1] + 0.125 * v[0])
    text = "".join(part.text for part in backup.parts)
    assert "right" in text and "0.625 · [ -1 + 0 (terminal) ]" in text
    assert session.agent.snapshot(View(selected=2)).backup is None  # nothing is done at the goal
