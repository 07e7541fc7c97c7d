"""Copies that walk by tables of chances, and advantages by hand."""

from typing import Any, NamedTuple

import numpy as np
import pytest

from rlsandbox.learning.problem import Enumerable
from rlsandbox.learning.rolling import FOREVER, Copies, Transitions, advantages, roll, shuffle
from rlsandbox.learning.walk import TRAIL, Model, Walk
from rlsandbox.worlds.generators import bandit_of
from rlsandbox.worlds.world import World
from tests.helpers import advance, begin, corridor, eventful

LEFT, RIGHT = 3, 1


class Party(NamedTuple):
    """All that `roll` needs."""

    problem: Enumerable
    walk: Walk
    copies: Copies
    memory: Transitions
    visits: Any

    @classmethod
    def of(cls, world: World, n_seeds: int = 1, n_copies: int = 1, capacity: int = 10_000) -> "Party":
        problem = Enumerable.of(world.at_step(0))
        visits = np.zeros((n_seeds, problem.mdp.n_states, problem.mdp.n_actions), np.int64)
        begun = Walk.begin(tuple(range(n_seeds))), Copies.begin(n_seeds, n_copies)
        return cls(problem, *begun, Transitions.room_for(n_seeds, capacity), visits)

    def roll(
        self, chances: Any, until: int = FOREVER, steps: int = FOREVER, episodes: Any = FOREVER
    ) -> "Party":
        limit = np.broadcast_to(np.asarray(episodes, np.int64), self.walk.steps.shape).copy()
        chances = np.broadcast_to(chances, self.visits.shape).copy()
        model = Model.of(self.problem.mdp)
        last = np.full(limit.shape, steps)
        roll(
            0,
            chances,
            model,
            self.walk,
            self.copies,
            self.memory,
            self.visits,
            until,
            last,
            limit,
            0,
            len(last),
        )
        return self


def always(action: int) -> np.ndarray:
    return np.eye(4)[action]


def test_moves_have_the_numbers_that_these_tests_think():
    names = [action.name for action in corridor(4).actions]
    assert len(names) == 4 and (names[LEFT], names[RIGHT]) == ("left", "right")


def test_actions_and_outcomes_come_as_often_as_their_chances_say():
    rng, world = np.random.default_rng(0), eventful()
    party = Party.of(world, n_seeds=2, n_copies=3, capacity=60_000)
    mdp = party.problem.mdp
    chances = rng.dirichlet(np.ones(mdp.n_actions), size=mdp.n_states)
    chances[:, 2] = 0.0
    chances /= chances.sum(axis=1, keepdims=True)
    party.roll(chances, until=60_000)
    assert not party.visits[:, :, 2].any()
    for i in range(2):
        visits, memory = party.visits[i], party.memory
        counted = np.zeros_like(visits)
        np.add.at(counted, (memory.state[i], memory.action[i]), 1)
        np.testing.assert_array_equal(counted, visits)
        at = visits.sum(axis=1, keepdims=True)
        sigma = np.sqrt(chances * (1 - chances) * at)
        assert (np.abs(visits - at * chances) <= 4 * sigma + 1e-9).all() and (at > 0).sum() > 5

        led = np.zeros((mdp.n_states, mdp.n_actions, mdp.n_states))
        np.add.at(led, (memory.state[i], memory.action[i], memory.next_state[i]), 1)
        model = np.zeros_like(led)
        s, a, _ = np.indices(mdp.next_state.shape)
        np.add.at(model, (s, a, mdp.next_state), mdp.prob)
        tried = visits[..., None]
        sigma = np.sqrt(np.clip(model * (1 - model), 0, None) * tried)
        assert (np.abs(led - tried * model) <= 4 * sigma + 1e-6).all()


def test_noisy_rewards_have_their_mean_and_spread():
    world = corridor(3).with_cell((0, 1), reward=2.0, reward_sd=0.5)
    party = Party.of(world, capacity=8000).roll(always(RIGHT), until=8000)
    memory = party.memory
    mean = party.problem.mdp.reward[0, RIGHT, 0]
    noisy, plain = memory.reward[0, memory.state[0] == 0], memory.reward[0, memory.state[0] == 1]
    assert noisy.size == plain.size == 4000
    assert abs(noisy.mean() - mean) < 4 * 0.5 / np.sqrt(4000) and noisy.std() == pytest.approx(0.5, rel=0.05)
    assert (plain == -1.0).all()


def test_copies_take_turns_and_each_walks_its_own_way():
    """Three copies: a copy's next step is three places further on, and begins where the last one led."""
    party = Party.of(eventful(), n_copies=3, capacity=600).roll(np.full(4, 0.25), until=600)
    memory, starts = party.memory, party.problem.mdp.start_states
    over = memory.terminated[0] | memory.truncated[0]
    goes_on = np.flatnonzero(~over[:-3])
    np.testing.assert_array_equal(memory.state[0, goes_on + 3], memory.next_state[0, goes_on])
    assert np.isin(memory.state[0, np.flatnonzero(over[:-3]) + 3], starts).all()
    standing = np.where(over[-3:], -1, memory.next_state[0, -3:])
    assert party.copies.state[0].tolist() == standing.tolist()
    lengths = party.copies.length[0] * ~over[-3:]
    for e in range(3):
        mine = over[e::3]
        assert lengths[e] == mine[::-1].argmax()  # steps since its last end


def test_everybody_stops_where_told_to():
    fair = np.full(4, 0.25)
    party = Party.of(eventful(), n_seeds=3, n_copies=2).roll(fair, until=50)
    assert party.memory.count.tolist() == party.walk.steps.tolist() == [50] * 3
    party.memory.count[1] = 0
    party.roll(fair, until=60, steps=70)
    assert party.memory.count.tolist() == [60, 20, 60] and party.walk.steps.tolist() == [60, 70, 60]
    party = Party.of(corridor(5), n_seeds=3).roll(always(RIGHT), episodes=[2, 0, 5])
    assert party.walk.episodes.tolist() == [2, 0, 5] and party.walk.steps.tolist() == [8, 0, 20]


def test_a_step_limit_truncates_and_a_goal_reached_in_time_does_not():
    cut = Party.of(corridor(6, step_limit=3)).roll(always(LEFT), steps=7)
    assert cut.memory.truncated[0, :7].tolist() == [False, False, True, False, False, True, False]
    assert not cut.memory.terminated.any()
    reached = Party.of(corridor(4, step_limit=3)).roll(always(RIGHT), steps=6)
    assert reached.memory.terminated[0, :6].tolist() == [False, False, True] * 2
    assert not reached.memory.truncated.any()


def test_episodes_are_logged_with_their_undiscounted_returns_and_lengths():
    party = Party.of(corridor(4), n_copies=2).roll(always(RIGHT), steps=15)
    curves = party.walk.curves()
    assert party.walk.episodes.tolist() == [4]  # two copies, three steps each, twice
    assert curves["return"].values.tolist() == [[-3.0] * 4] and curves["length"].values.tolist() == [
        [3.0] * 4
    ]
    assert sorted(party.walk.latest_returns(10)[0]) == [-3.0] * 4
    assert party.copies.length[0].tolist() == [2, 1] and party.copies.score[0].tolist() == [-2.0, -1.0]


def test_the_trail_is_that_of_the_first_copy():
    party = Party.of(corridor(50), n_copies=2).roll(always(RIGHT), steps=2 * 30)
    assert party.walk.trail[0, :30].tolist() == list(range(30)) and TRAIL > 30
    assert party.walk.state[0] == 30 and party.walk.length[0] == 30


def test_a_full_ring_keeps_the_newest_steps():
    party = Party.of(corridor(50), capacity=7).roll(always(RIGHT), steps=10)
    assert party.memory.state[0].tolist() == [7, 8, 9, 3, 4, 5, 6] and party.memory.count[0] == 10


def test_however_the_steps_are_split_they_are_the_same():
    chances = np.random.default_rng(2).dirichlet(np.ones(4), size=eventful().n_states)
    once = Party.of(eventful(), n_seeds=2, n_copies=3, capacity=64).roll(chances, until=300)
    for strides in ((1,), (7,), (1, 13, 2, 100)):
        party, at, turn = Party.of(eventful(), n_seeds=2, n_copies=3, capacity=64), 0, 0
        while at < 300:
            at, turn = min(300, at + strides[turn % len(strides)]), turn + 1
            party.roll(chances, until=at)
        for mine, other in zip(party[1:4], once[1:4], strict=True):
            for name, array in mine._asdict().items():
                np.testing.assert_array_equal(array, getattr(other, name), err_msg=name)
        np.testing.assert_array_equal(party.visits, once.visits)


GAMMA, LAM = 0.5, 0.5
VALUES, NEXT_VALUES = np.array([[2.0, 4.0, 8.0, 16.0]]), np.array([[4.0, 8.0, 16.0, 32.0]])


def estimated(lam: float, n_copies: int = 1, terminated: int = -1, truncated: int = -1) -> list[float]:
    """Advantages of four steps with rewards 1, 2, 3, 4 and gamma = 1/2."""
    memory = Transitions.room_for(1, 4)
    memory.reward[0] = [1, 2, 3, 4]
    for flags, at in ((memory.terminated, terminated), (memory.truncated, truncated)):
        if at >= 0:
            flags[0, at] = True
    advantage = np.full((1, 4), np.nan)
    advantages(memory, VALUES, NEXT_VALUES, GAMMA, lam, n_copies, advantage)
    return advantage[0].tolist()


def test_with_lambda_0_advantages_are_td_errors():
    # 1 + 4/2 - 2 = 1;  2 + 8/2 - 4 = 2;  3 + 16/2 - 8 = 3;  4 + 32/2 - 16 = 4
    assert estimated(0.0) == [1, 2, 3, 4]
    assert estimated(0.0, terminated=1) == [1, 2 - 4, 3, 4]
    assert estimated(0.0, truncated=1) == [1, 2, 3, 4]


def test_with_lambda_1_advantages_are_discounted_returns_minus_values():
    returns = [
        1 + 2 / 2 + 3 / 4 + 4 / 8 + 32 / 16,
        2 + 3 / 2 + 4 / 4 + 32 / 8,
        3 + 4 / 2 + 32 / 4,
        4 + 32 / 2,
    ]
    assert estimated(1.0) == [g - v for g, v in zip(returns, VALUES[0], strict=True)]
    assert estimated(1.0, terminated=1)[:2] == [1 + 2 / 2 - 2, 2 - 4]
    assert estimated(1.0, truncated=1)[:2] == [1 + 2 / 2 + 8 / 4 - 2, 2 + 8 / 2 - 4]
    assert estimated(1.0, terminated=1)[2:] == estimated(1.0)[2:]


def test_between_them_td_errors_fade():
    # A = delta + A' / 4:  4;  3 + 1;  2 + 1;  1 + 3/4
    assert estimated(LAM) == [1.75, 3, 4, 4]
    assert estimated(LAM, terminated=1) == [1 - 2 / 4, -2, 4, 4]
    assert estimated(LAM, truncated=1) == [1 + 2 / 4, 2, 4, 4]


def test_two_copies_are_two_trajectories():
    # 0 and 2 belong together, 1 and 3 do
    assert estimated(LAM, n_copies=2) == [1 + 3 / 4, 2 + 4 / 4, 3, 4]
    assert estimated(LAM, n_copies=2, terminated=1) == [1 + 3 / 4, -2, 3, 4]


def test_shuffling_makes_every_order_as_often():
    """The 24 orders of four, 24,000 times: each within 4 sigma of 1,000; replicas by their own generators."""
    from rlsandbox.learning.exploration import seeded

    rng, order = seeded(tuple(range(24_000))), np.tile(np.arange(4), (24_000, 1))
    shuffle(rng, order)
    _, counts = np.unique(order @ [64, 16, 4, 1], return_counts=True)
    assert counts.size == 24 and np.abs(counts - 1000).max() < 4 * np.sqrt(1000 * 23 / 24)
    alone, one = seeded((5,)), np.arange(4)[None].copy()
    shuffle(alone, one)
    assert one[0].tolist() == order[5].tolist() and alone[0] == rng[5]


def test_mean_rewards_drift_where_the_world_says_so():
    world = bandit_of(np.zeros(3), "Drifting", drift=5.0)
    agent: Any = advance(begin("dqn", world, memory=400), 300).agent
    action, reward = agent.memory.action[0, :300], agent.memory.reward[0, :300]
    for a in range(3):
        apart = np.diff(np.flatnonzero(action == a))
        moved = np.diff(reward[action == a])
        # noise of spread 1 on either end, and a random walk in between
        assert np.mean(moved**2) == pytest.approx(2.0 + 25.0 * apart.mean(), rel=0.6)
    assert (agent.walk.drifted != 0).all()
