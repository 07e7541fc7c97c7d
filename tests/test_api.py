import subprocess
import sys

import numpy as np
import pytest

import rlsandbox
from rlsandbox.algorithms import registry
from rlsandbox.learning.problem import Enumerable
from tests.helpers import fitting, light


def test_a_first_program():
    result = rlsandbox.train("q_learning", "cliff_walking", episodes=300, seeds=2, alpha=0.5, gamma=1.0)
    assert result.evaluation.greedy_return == [-13.0, -13.0]
    assert result.policy.act(result.policy.world.state_of((3, 0))) == 0  # up, away from the cliff
    assert rlsandbox.evaluate(result.policy, "cliff_walking", episodes=5).oracle_gap == [0.0, 0.0]
    assert result.to_dict()["episodes_per_seed"] == [300, 300]
    assert result.policy.q.shape == (2, 48, 4)


def test_solve_is_the_books():
    assert rlsandbox.solve("cliff_walking", gamma=1.0).v_start == pytest.approx(-13)
    with pytest.raises(rlsandbox.SandboxError, match="choose a gamma below 1"):
        rlsandbox.solve(rlsandbox.World.blank(2, 2).with_rules(step_reward=1.0), gamma=1.0)


DRAWN = [name for name, agent in registry().items() if Enumerable in agent.accepts]


@pytest.mark.parametrize("algorithm", DRAWN)
def test_replica_k_is_the_run_with_that_seed(algorithm):
    world = fitting(algorithm, rlsandbox.open_world("windy"), rlsandbox.open_world("ten_armed_testbed"))
    several = rlsandbox.train(algorithm, world, steps=2000, seeds=3, seed=7, **light(algorithm))
    single = rlsandbox.train(algorithm, world, steps=2000, seed=9, **light(algorithm))
    assert np.array_equal(several.policy.q[2], single.policy.q[0])


def test_prediction_evaluates_the_policy_that_it_is_given():
    right = np.tile([0.0, 1.0], (21, 1))
    found = rlsandbox.train("td0", "random_walk_19", episodes=300, policy=right, gamma=1.0, alpha=0.5)
    # ten steps to the right pay 1 in the end, from wherever it comes
    assert found.session.agent.estimates()[0, 10:20] == pytest.approx(1.0)
    assert found.to_dict()["rms_error"] == pytest.approx(0.0, abs=1e-9)
    assert found.to_dict()["config"]["policy"] == "loaded"
    with pytest.raises(rlsandbox.SandboxError, match="another size"):
        rlsandbox.train("td0", "windy", episodes=1, policy=right)


def test_a_run_without_a_goal_ends_by_itself():
    world = rlsandbox.World.blank(3, 3)
    session = rlsandbox.train("sarsa", world, episodes=5, steps=1000).session
    assert session.clock == 1000 and session.agent.episodes[0] == 0


def test_watching_sees_a_long_run():
    seen = []
    rlsandbox.train(
        "q_learning", "cliff_walking", steps=20_000_000, watch=lambda session: seen.append(session.clock)
    )
    assert seen == sorted(seen) and seen[-1] < 20_000_000


def test_mistakes_are_sentences():
    with pytest.raises(rlsandbox.SandboxError, match="there is no algorithm"):
        rlsandbox.train("nothing", "cliff_walking")
    with pytest.raises(rlsandbox.SandboxError, match="alpha"):
        rlsandbox.train("q_learning", "cliff_walking", alpha=2.0)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        rlsandbox.nothing  # noqa: B018


@pytest.mark.parametrize("imports", ["import gymnasium, rlsandbox", "import rlsandbox, gymnasium"])
def test_gymnasium_knows_our_worlds_in_either_order(imports):
    code = f"{imports}; print(gymnasium.make('rlsandbox/Grid-v0', world='cliff_walking').reset(seed=0)[0])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "36\n"


def test_importing_is_light_and_every_name_is_there():
    code = (
        "import sys, rlsandbox; "
        "print([m for m in ('numba', 'torch', 'PySide6', 'scipy', 'pydantic') if m in sys.modules]); "
        "print([getattr(rlsandbox, name).__name__ for name in rlsandbox.__all__] == rlsandbox.__all__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\nTrue\n"


def test_make_env_walks():
    env = rlsandbox.make_env("frozen_lake_4x4")
    observation, _ = env.reset(seed=1)
    assert observation == 0 and env.action_space.contains(3) and not env.action_space.contains(4)
