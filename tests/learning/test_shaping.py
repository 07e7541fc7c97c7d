"""Potentials, and what they do to the best policy."""

import numpy as np
import pytest

import rlsandbox
from rlsandbox.learning.configs import ControlConfig
from rlsandbox.learning.problem import Enumerable
from rlsandbox.learning.shaping import distance_to_goal, keeps_best_policy, potential
from rlsandbox.worlds.errors import SandboxError
from rlsandbox.worlds.gallery import gallery
from rlsandbox.worlds.rules import Rules
from rlsandbox.worlds.text_maps import world_from_rows
from tests.helpers import begin as session_of
from tests.helpers import corridor, table


def shaped(**values):
    return ControlConfig.make({"shaping": "distance", **values})


def test_distance_counts_steps_to_the_goal_and_not_to_the_pit():
    world = world_from_rows(("SP..G", "....."), "Pit", Rules())
    steps = distance_to_goal(Enumerable.of(world).mdp).reshape(2, 5)
    assert steps[1].tolist() == [5, 4, 3, 2, 1]
    assert steps[0, [0, 2, 3]].tolist() == [6, 2, 1]


def test_a_potential_is_scaled():
    problem = Enumerable.of(corridor(4))
    np.testing.assert_array_equal(potential(problem, shaped(shaping_scale=0.5))[:3], [-1.5, -1.0, -0.5])


@pytest.mark.parametrize("name", ["cliff_walking", "four_rooms", "key_door", "frozen_lake_4x4"])
@pytest.mark.parametrize("kind", ["distance", "optimal values"])
def test_differences_of_a_potential_keep_the_best_policy(name, kind):
    problem = Enumerable.of(gallery()[name].make())
    assert keeps_best_policy(problem, shaped(shaping=kind, gamma=0.9)) is True


def test_a_potential_that_was_painted():
    world = corridor(4).replace(potential=np.array([[3.0, -1.0, 2.0, 9.0]]))
    problem = Enumerable.of(world)
    config = shaped(shaping="painted", gamma=0.9)
    np.testing.assert_array_equal(potential(problem, config)[:3], [3.0, -1.0, 2.0])
    assert keeps_best_policy(problem, config) is True


def test_naive_shaping_pays_for_walking_to_and_fro():
    world = corridor(4, step_limit=50).replace(potential=np.array([[0.0, 0.0, 5.0, 0.0]]))
    problem = Enumerable.of(world)
    config = shaped(shaping="painted", shaping_form="naive", gamma=0.9)
    assert keeps_best_policy(problem, config) is False
    learnt = {}
    for form in ("naive", "potential"):
        options = {"shaping": "painted", "shaping_form": form, "gamma": 0.9, "alpha": 0.5, "epsilon": 0.3}
        session = session_of("q_learning", world, episodes=600, **options)
        session.run()
        learnt[form] = int(table(session)[2].argmax())
    assert session.world.actions[learnt["potential"]].name == "right"  # into the goal
    assert session.world.actions[learnt["naive"]].name != "right"  # bumping beside it pays for ever


def test_what_has_no_values_cannot_shape():
    world = corridor(3).replace(rules=Rules(step_reward=1.0))
    with pytest.raises(SandboxError, match="no finite optimal values"):
        potential(Enumerable.of(world), shaped(shaping="optimal values", gamma=1.0))


@pytest.mark.parametrize(("form", "keeps"), [("potential", True), ("naive", False)])
def test_a_run_says_whether_its_shaping_keeps_the_best_policy(form, keeps):
    world = corridor(4, step_limit=50).replace(potential=np.array([[0.0, 0.0, 5.0, 0.0]]))
    shaping = {"shaping": "painted", "shaping_form": form, "gamma": 0.9}
    found = rlsandbox.train("sarsa", world, episodes=5, **shaping).to_dict()
    assert found["shaping_keeps_best_policy"] is keeps
    assert "shaping_keeps_best_policy" not in rlsandbox.train("sarsa", world, episodes=5).to_dict()
