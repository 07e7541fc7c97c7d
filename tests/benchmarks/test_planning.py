import sys

import numpy as np
import pytest

from rlsandbox.benchmarks import planning
from rlsandbox.learning.oracle import solve
from rlsandbox.worlds.errors import SandboxError
from rlsandbox.worlds.mdp import compile_world
from rlsandbox.worlds.world import World


def test_its_grid_is_the_world_that_one_would_draw():
    mdp = planning.grid(12, 0.0, -1.0, -1.0)
    world = World.blank(12, 12).with_rules(step_reward=-1.0, slip=planning.SLIP)
    world = world.painted([(0, 0)], "start").painted([(11, 11)], "goal").with_cell((11, 11), reward=-1.0)
    drawn = compile_world(world)
    np.testing.assert_array_equal(mdp.live, drawn.live)
    np.testing.assert_array_equal(mdp.start, drawn.start)
    ours, theirs = solve(mdp, 0.9), solve(drawn, 0.9)
    assert ours is not None and theirs is not None
    np.testing.assert_allclose(ours.q, theirs.q, atol=1e-10)


def test_walls_are_a_fifth_and_nobody_walks_into_them():
    mdp = planning.grid(50, planning.WALLS, 0.0, 1.0)
    assert np.mean(~mdp.live) == pytest.approx(0.2, abs=0.03)
    onward = mdp.next_state[mdp.live][~mdp.terminal[mdp.live]]
    assert mdp.live[onward].all()


def test_both_solve_the_same_model(monkeypatch):
    monkeypatch.setattr(planning, "SHORT", 0.0)
    for mdp in (planning.grid(8, 0.1, -1.0, -1.0), planning.grid(8, 0.0, 0.0, 1.0), planning.arbitrary(60)):
        found = planning.compare(mdp, rounds=1)
        assert found["residual"]["rlsandbox"] <= planning.RESIDUAL
        assert found["residual"]["quantecon"] <= 2.1 * planning.RESIDUAL
        assert found["largest_difference"] < 5e-6
        seconds = found["seconds"]
        assert found["ratio_to_best_setting"] == seconds["quantecon"] / seconds["rlsandbox"]
        assert found["ratio_to_default_setting"] > 0


def test_without_quantecon_it_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "quantecon.markov", None)
    with pytest.raises(SandboxError, match="quantecon is not installed"):
        planning.compare(planning.arbitrary(5), rounds=1)
