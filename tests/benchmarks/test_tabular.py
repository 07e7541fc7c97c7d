import pytest

from rlsandbox.benchmarks import tabular
from rlsandbox.benchmarks.loops.tutorials import CliffOfATutorial


def test_the_figures_of_a_short_round_fit_each_other(monkeypatch):
    monkeypatch.setattr(tabular, "OUR_STEPS", 20_000)
    monkeypatch.setattr(tabular, "THEIR_STEPS", 200)
    monkeypatch.setattr(tabular, "SEED_STEPS", 1000)
    monkeypatch.setattr(tabular, "METHOD_SECONDS", 0.002)
    found = tabular.run(seconds=1)
    speed = found["steps_per_second"]
    assert found["rounds"] == 1 and min(speed.values()) > 0
    ratio = speed["cliff_walking.rlsandbox"] / speed["cliff_walking.gymnasium_numpy"]
    assert found["ratio_cliff_walking_to_gymnasium_numpy"] == pytest.approx(ratio)
    assert found["ratio_to_q_learning"]["q_learning"] == 1.0
    assert set(found["cost_of_100_times_the_states"]) == set(tabular.LAMBDA_METHODS)


def test_the_cliff_of_a_tutorial_is_our_cliff():
    """Both loops must walk the same world: every move from every cell is compared with our model."""
    from rlsandbox.worlds.gallery import gallery
    from rlsandbox.worlds.mdp import compile_world

    world = gallery()["cliff_walking"].make()
    model, tutorial = compile_world(world), CliffOfATutorial()
    for state in model.live.nonzero()[0]:
        for action in range(4):
            tutorial.position = world.cell_of(int(state))
            cell, reward, done = tutorial.step(action)
            assert world.state_of(cell) == model.next_state[state, action, 0]
            assert (reward, done) == (model.reward[state, action, 0], model.terminal[state, action, 0])
