"""Recorded episodes, frame by frame, on a corridor S . . G: a step costs 1."""

import numpy as np

from rlsandbox.training.episodes import record_episode
from rlsandbox.worlds.mdp import compile_world
from tests.helpers import corridor

RIGHT, LEFT = 1, 3


def always(action: int, n_states: int = 4) -> np.ndarray:
    probs = np.zeros((n_states, 4))
    probs[:, action] = 1.0
    return probs


def test_an_episode_to_the_goal():
    episode = record_episode(compile_world(corridor(4)), always(RIGHT), seed=1, cap=50)
    assert episode.states.tolist() == [0, 1, 2, 3]
    assert episode.actions.tolist() == [RIGHT] * 3
    assert episode.rewards.tolist() == [-1.0] * 3
    assert episode.terminated and len(episode) == 3 and episode.score == -3.0


def test_an_episode_that_is_cut():
    episode = record_episode(compile_world(corridor(4)), always(LEFT), seed=1, cap=5)
    assert episode.states.tolist() == [0] * 6
    assert not episode.terminated and len(episode) == 5 and episode.score == -5.0


def test_an_episode_from_a_chosen_state():
    episode = record_episode(compile_world(corridor(4)), always(RIGHT), seed=1, cap=50, start=2)
    assert episode.states.tolist() == [2, 3]


def test_nothing_happens_where_nobody_can_act():
    episode = record_episode(compile_world(corridor(4)), always(RIGHT), seed=1, cap=50, start=3)
    assert episode.states.tolist() == [3] and len(episode) == 0 and episode.score == 0.0


def test_equal_seeds_give_equal_episodes():
    mdp = compile_world(corridor(6).with_rules(slip=0.5, slip_kind="random"))
    one, same, other = (record_episode(mdp, always(RIGHT, 6), seed, cap=200) for seed in (4, 4, 5))
    assert one.states.tolist() == same.states.tolist() and one.rewards.tolist() == same.rewards.tolist()
    assert one.states.tolist() != other.states.tolist()
