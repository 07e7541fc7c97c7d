"""R-max and posterior sampling: what they believe recomputed, each told apart; what files may not hold."""

from typing import Any

import numpy as np
import pytest

from rlsandbox.learning.agent import View
from rlsandbox.learning.oracle import lookahead
from rlsandbox.worlds.errors import SandboxError
from rlsandbox.worlds.gallery import gallery_world
from rlsandbox.worlds.generators import bandit_of
from rlsandbox.worlds.text_maps import world_from_rows
from rlsandbox.worlds.world import World
from tests.algorithms.recomputed import close, text
from tests.helpers import advance, corridor, eventful, last_update, table
from tests.helpers import begin as session_of


def begin(algorithm: str, world: World, seeds: tuple[int, ...] = (0,), **options: Any) -> Any:
    """A session whose agent's tables may be looked at."""
    return session_of(algorithm, world, seeds, **options)


def drawn(name: str) -> World:
    world = gallery_world(name)
    assert world is not None
    return world


class Counted:
    """Counts with dictionaries: rewards of every outcome of every pair."""

    def __init__(self) -> None:
        self.rewards: dict[tuple[int, int], dict[tuple[int, bool], list[float]]] = {}

    def see(self, update: Any) -> list[float]:
        pair, outcome = (update.state, update.action), (update.next_state, update.terminated)
        self.rewards.setdefault(pair, {}).setdefault(outcome, []).append(update.reward)
        return [reward for rewards in self.rewards[pair].values() for reward in rewards]

    def expected(self, q: np.ndarray, pair: tuple[int, int], gamma: float) -> float:
        rows = self.rewards[pair]
        n = sum(map(len, rows.values()))
        total = sum(
            len(rewards) / n * (np.mean(rewards) + gamma * (0.0 if ended else q[s_next].max()))
            for (s_next, ended), rewards in rows.items()
        )
        return float(total)


def steps(session: Any, n: int) -> Any:
    """The tables before each of the next steps, and its update."""
    for _ in range(n):
        before = session.agent.state()
        session.tick(1)
        yield before, last_update(session.agent)


# -- R-max ------------------------------------------------------------------------------------------


def test_r_max_knows_a_pair_after_m_visits_and_solves_what_it_knows():
    options: dict[str, Any] = {"m": 3, "gamma": 0.9, "r_max": 1.0, "theta": 1e-14, "sweeps": 10_000}
    session, mine = begin("r_max", eventful(), **options), Counted()
    optimism = 1.0 / (1 - 0.9)
    planned: dict[tuple[int, int], float] = {}
    news = 0
    for before, update in steps(session, 60):  # then the world changes, and the slots with it
        pair, q = (update.state, update.action), before["tables.q"][0]
        n = len(mine.see(update))
        assert update.before == q[pair]
        q_after = session.agent.tables.q[0]
        if n in (3, 6, 12, 24, 48):
            news += 1
            assert close(update.after, mine.expected(q, pair, 0.9)) and " = " in text(update.parts)
            counts = {p: sum(map(len, rows.values())) for p, rows in mine.rewards.items()}
            known = {p for p, count in counts.items() if count >= 3}
            planned = {p: mine.expected(q_after, p, 0.9) for p in known}
            for p in mine.rewards:
                assert close(q_after[p], planned[p] if p in known else optimism)
            order = session.agent.field("backups", 0).tolist()
            assert sorted(order) == np.flatnonzero(session.agent.tables.met[0]).tolist()
        else:
            assert update.after == update.before and close(q, q_after)
            assert session.agent.field("backups", 0).size == 0
            if n < 3:
                assert text(update.parts) == f"seen {n} of 3 times, believed to be worth 10"
        rows = mine.rewards[pair]
        assert {line.parts[1].state for line in update.lines} == {s_next for s_next, _ in rows}
        total = sum(map(len, rows.values()))
        for line in update.lines:
            told = [len(r) for (s_next, _), r in rows.items() if s_next == line.parts[1].state]
            assert any(f": {count} of {total} times, paid " in text(line.parts) for count in told)
    assert news > 5
    share = session.agent.field("known", 0)
    for pair, rows in mine.rewards.items():
        assert share[pair] == min(1.0, sum(map(len, rows.values())) / 3)


def test_r_max_goes_where_it_knows_nothing():
    # in a world without chance and m = 1 it never repeats a pair while it stands before an untried one
    session = begin("r_max", drawn("dyna_maze"), m=1, gamma=0.95)
    while (session.agent.tables.visits[0][session.agent.problem.mdp.live] == 0).any():
        state = session.agent.walk.state[0]
        untried = state >= 0 and (session.agent.tables.visits[0, state] == 0).any()
        session.tick(1)
        if untried:
            update = last_update(session.agent)
            assert session.agent.tables.visits[0, update.state, update.action] == 1
        assert session.clock < 5000
    assert (session.agent.field("known", 0)[session.agent.problem.mdp.live] == 1).all()
    session.tick(200)
    # all is known and true: its values are the oracle's
    oracle = session.oracle()
    assert oracle is not None
    live = session.agent.problem.mdp.live
    np.testing.assert_allclose(table(session)[live], oracle.q[live], rtol=0, atol=1e-4)


def test_r_max_finds_a_treasure_that_random_steps_do_not():
    # deep sea: only ten moves to the right in a row pay; at random that happens once in 1,024 episodes
    found = {}
    for algorithm, options in (("r_max", {"m": 1}), ("dyna_q", {"epsilon": 0.1})):
        session = begin(algorithm, drawn("deep_sea"), tuple(range(10)), episodes=100, **options)
        session.run()
        found[algorithm] = [returns.max() > 0.9 for returns in session.agent.latest_returns(100)]
    assert all(found["r_max"]) and sum(found["dyna_q"]) <= 5


@pytest.mark.parametrize(
    ("gamma", "r_max", "worth"), [(0.5, 2.0, 4.0), (1.0, 2.0, 14.0), (0.5, -3.0, -3.0), (0.9, None, -1.0)]
)
def test_what_is_unknown_is_worth_as_much_as_can_be(gamma, r_max, worth):
    session = begin("r_max", corridor(4), gamma=gamma, r_max=r_max, horizon=7)
    assert close(table(session)[:3], worth)
    session.tick(1)
    session.set_hyperparameters({"r_max": 5.0, "gamma": 0.5})
    session.tick(1)
    untried = session.agent.tables.visits[0] == 0
    assert (table(session)[untried] == 10.0).all()


def test_r_max_notices_a_wall_that_was_put_in_its_way():
    session = begin("r_max", world_from_rows(("S.G", "..."), "Two ways").with_cell((0, 2), reward=1.0), m=2)
    session.tick(400)
    assert table(session)[0].argmax() == 1
    session.replace_world(session.world.painted([(0, 1)], "wall"))
    session.tick(2000)
    assert session.agent.episodes[0] > 200 and table(session)[0].argmax() == 2  # down, and round it


def test_planning_goes_on_in_the_next_step_where_a_step_does_not_afford_it():
    slow, fast = (
        begin("r_max", corridor(9), m=1, gamma=0.99, theta=1e-12, sweeps=sweeps) for sweeps in (1, 10_000)
    )
    for session in (slow, fast):
        session.tick(30_000)
        assert session.agent.tables.residual[0] <= 1e-12
    np.testing.assert_allclose(table(slow)[:8], table(fast)[:8], rtol=0, atol=1e-9)


# -- posterior sampling -----------------------------------------------------------------------------


def test_the_posterior_of_a_reward_is_the_textbooks():
    options: dict[str, Any] = {"reward_mean": 0.5, "reward_spread": 2.0, "reward_noise": 0.4, "gamma": 0.9}
    session, mine = begin("psrl", eventful(), theta=1e-15, sweeps=10_000, **options), Counted()
    worlds = 0
    for before, update in steps(session, 60):
        rewards = mine.see(update)
        for k, told in ((len(rewards) - 1, update.before), (len(rewards), update.after)):
            # the new reward need not be the last of its outcome's list
            seen = sum(rewards) - (update.reward if k < len(rewards) else 0.0)
            weight = 1 / 2.0**2 + k / 0.4**2
            assert close(told, (0.5 / 2.0**2 + seen / 0.4**2) / weight)
        assert close(update.alpha, (1 / 0.4**2) / (1 / 2.0**2 + len(rewards) / 0.4**2))
        assert close(update.after, update.before + update.alpha * (update.reward - update.before))
        assert text(update.parts).startswith("mean reward: ")
        if before["tables.age"][0] < 0 or before["walk.state"][0] < 0:  # a world was drawn before this step
            worlds += 1
            agree(session)
    assert worlds >= 3
    pair = np.unravel_index(session.agent.tables.visits[0].argmax(), session.agent.tables.visits[0].shape)
    n = session.agent.tables.visits[0][pair]
    assert close(session.agent.field("uncertainty", 0)[pair], 1 / np.sqrt(1 / 4 + n / 0.16))
    assert close(session.agent.field("known", 0)[pair], n / (n + 1))


def agree(session: Any) -> None:
    """Action values are the optimal ones of the world drawn, by the Bellman equation of every pair of it."""
    tables = type(session.agent.tables)(*(array[0] for array in session.agent.tables))
    q = tables.q
    for s, a in np.argwhere(tables.drawn_state >= 0):
        chances = tables.drawn_chance[s, a]
        assert close(chances.sum(), 1.0) and (chances[:-1][tables.seen[s, a] == 0] == 0).all()
        value = chances[-1] * q[tables.drawn_state[s, a]].max()
        for k in np.flatnonzero(chances[:-1]):
            if not tables.ended[s, a, k]:
                value += chances[k] * q[tables.successor[s, a, k]].max()
        assert close(q[s, a], tables.drawn_reward[s, a] + 0.9 * value)


def test_lines_tell_what_was_counted_and_what_was_drawn():
    session = begin("psrl", drawn("frozen_lake_4x4"), gamma=0.9, theta=1e-15, sweeps=10_000)
    session.tick(400)
    agent, update = session.agent, last_update(session.agent)
    pair = (0, update.state, update.action)
    seen, chances = agent.tables.seen[pair], agent.tables.drawn_chance[pair]
    lines = [text(line.parts) for line in update.lines]
    for k, line in zip(np.flatnonzero(seen), lines, strict=False):
        assert f"{seen[k]} of {seen.sum()} times" in line
        assert line.endswith(f"drawn chance {chances[k]:.4g}")
    assert lines[-2].endswith(f"not seen yet, drawn chance {chances[-1]:.4g}")
    assert lines[-1] == f"drawn reward {agent.tables.drawn_reward[pair]:.4g}"
    backup = agent.snapshot(View(selected=0)).backup
    assert (
        backup is not None
        and close(backup.target, backup.before)
        and f"{backup.target:.4g}" in text(backup.parts)
    )


def test_beliefs_come_to_the_truth():
    # a bandit of three noisy arms: each mean is known to a few standard errors after enough pulls
    means = np.array([0.2, -0.4, 0.5])
    world = bandit_of(means, "Arms")
    session = begin("psrl", world, (0, 1, 2, 3), episodes=4000, reward_noise=1.0)
    session.run()
    tables = session.agent.tables
    start = int(session.agent.problem.mdp.start_states[0])
    for i in range(4):
        n = tables.seen[i, start].sum(axis=1)
        mean = (tables.seen[i, start] * tables.reward[i, start]).sum(axis=1) / (1 + n)  # prior 0, spread 1
        assert (np.abs(mean - means) < 4 / np.sqrt(1 + n)).all()
        assert n.argmax() == 2 and n[2] > 0.8 * n.sum()


def test_posterior_sampling_leaves_a_bad_arm_alone_sooner_than_r_max():
    """One pull tells that an arm costs 5; R-max has to know it first, here after 20 visits."""
    world = bandit_of(np.array([-5.0, 5.0]), "Two arms")
    world = world.replace(reward_sd=0.0 * world.reward_sd)
    pulls = {}
    for algorithm, options in (("psrl", {}), ("r_max", {"m": 20})):
        session = begin(algorithm, world, tuple(range(8)), episodes=200, **options)
        session.run()
        start = int(session.agent.problem.mdp.start_states[0])
        pulls[algorithm] = session.agent.tables.visits[:, start, 0]
    assert (pulls["r_max"] == 20).all() and (pulls["psrl"] <= 2).all()


def test_a_world_is_drawn_for_every_episode_and_after_the_horizon():
    session = begin("psrl", drawn("dyna_maze"), horizon=25)
    reward, drawn_at = session.agent.tables.drawn_reward[0].copy(), []
    for step in range(1, 200):
        session.tick(1)
        if not np.array_equal(reward, session.agent.tables.drawn_reward[0]):
            drawn_at.append(step)
        reward = session.agent.tables.drawn_reward[0].copy()
    assert session.agent.episodes[0] == 0 and drawn_at == list(range(1, 200, 25))
    session = begin("psrl", corridor(3, step_limit=4), horizon=10**6)
    ends = 0
    for _ in range(60):
        began = session.agent.walk.state[0] < 0
        reward = session.agent.tables.drawn_reward[0].copy()
        session.tick(1)
        assert (not np.array_equal(reward, session.agent.tables.drawn_reward[0])) == began
        ends += began
    assert ends > 5


# -- files, edits and memory ------------------------------------------------------------------------

BROKEN = [
    ("dyna_q", "pairs", 10**6),
    ("dyna_q", "n_pairs", 10**6),
    ("dyna_q", "next_state", 99),
    ("dyna_q", "planned", 1e9),
    ("dyna_q_plus", "states", -3),
    ("dyna_q_plus", "n_states", 0),
    ("dyna_q_plus", "next_state", 99),
    ("prioritized_sweeping", "heap", 10**6),
    ("prioritized_sweeping", "place", 3),
    ("prioritized_sweeping", "size", -1),
    ("prioritized_sweeping", "first", 10**7),
    ("prioritized_sweeping", "following", 10**7),
    ("prioritized_sweeping", "successor", 99),
    ("prioritized_sweeping", "outcomes", 1e9),
    ("r_max", "successor", 99),
    ("r_max", "seen", -1),
    ("r_max", "states", 10**6),
    ("r_max", "n_states", 10**6),
    ("psrl", "drawn_state", 99),
    ("psrl", "seen", -1),
    ("psrl", "states", -1),
    ("uct", "n_nodes", 10**6),
    ("uct", "state", -1),
    ("uct", "parent", 10**6),
]


@pytest.mark.parametrize(("algorithm", "name", "value"), BROKEN)
def test_a_file_cannot_lead_kernels_astray(algorithm, name, value):
    session = begin(algorithm, eventful())
    advance(session, 50)
    state = session.agent.state()
    fresh = begin(algorithm, eventful())
    fresh.agent.check_state(state)
    state[f"tables.{name}"].flat[0] = value
    with pytest.raises(SandboxError):
        fresh.agent.check_state(state)


@pytest.mark.parametrize("algorithm", ["prioritized_sweeping", "r_max", "psrl"])
def test_counts_outlive_an_edit_that_changes_how_many_outcomes_there_are(algorithm):
    session = begin(algorithm, eventful())
    advance(session, 60)
    before = session.agent.tables
    session.tick(1)
    session.tick(1)  # the world changes by its schedule before this step: six outcomes at most, not nine
    after = session.agent.tables
    assert (before.seen.shape[3], after.seen.shape[3]) == (9, 6)
    kept = np.sort(before.seen, axis=3)[..., 3:].sum(axis=3)
    assert 0 <= (after.seen.sum(axis=3) - kept).sum() <= 2
    for s, a in np.argwhere(kept[0] > 0):
        most = before.seen[0, s, a].max()
        assert after.seen[0, s, a].max() in (most, most + 1, most + 2)
    session.replace_world(session.world.resized(4, 6))
    session.tick(500)
    assert session.failure is None and session.agent.tables.seen.sum() == 500


def test_a_model_for_too_many_seeds_is_refused():
    for algorithm in ("prioritized_sweeping", "r_max", "psrl"):
        with pytest.raises(SandboxError, match="take fewer seeds or a smaller world"):
            begin(algorithm, drawn("four_rooms").resized(150, 150), tuple(range(1000)))


def test_the_values_of_a_solved_model_are_those_of_one_look_ahead():
    session = begin(
        "prioritized_sweeping", drawn("dyna_maze"), gamma=0.95, epsilon=1.0, theta=0.0, planning_steps=200
    )
    session.tick(20_000)
    mdp, q = session.agent.problem.mdp, table(session)
    v = np.where(mdp.live, q.max(axis=1), 0.0)
    np.testing.assert_allclose(q[mdp.live], lookahead(mdp, v, 0.95)[mdp.live], rtol=0, atol=1e-12)
