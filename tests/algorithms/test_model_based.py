"""Dyna-Q, Dyna-Q+ and prioritized sweeping, recomputed step by step and told apart."""

from collections import defaultdict
from typing import Any

import numpy as np
import pytest

from rlsandbox.algorithms import registry
from rlsandbox.learning.agent import View
from rlsandbox.learning.planned import COLUMNS
from rlsandbox.worlds.gallery import gallery_world
from rlsandbox.worlds.world import World
from tests.algorithms.recomputed import CONFIG, Seen, close, text, walked
from tests.helpers import begin as session_of
from tests.helpers import corridor, last_update, path_of, table

KAPPA = 0.02


def begin(algorithm: str, world: World, seeds: tuple[int, ...] = (0,), **options: Any) -> Any:
    """A session whose agent's tables may be looked at."""
    return session_of(algorithm, world, seeds, **options)


def drawn(name: str) -> World:
    world = gallery_world(name)
    assert world is not None
    return world


def planned(seen: Seen) -> list[dict[str, float]]:
    rows = seen.after["tables.planned"][0]
    return [dict(zip(COLUMNS, row, strict=True)) for row in rows[~np.isnan(rows[:, 0])].tolist()]


def paid(update: Any) -> float:
    return update.reward + update.extra


def best(q: np.ndarray, state: int, ended: bool) -> float:
    return 0.0 if ended else float(q[state].max())


# -- Dyna-Q and Dyna-Q+ -----------------------------------------------------------------------------


@pytest.mark.parametrize(("algorithm", "kappa"), [("dyna_q", 0.0), ("dyna_q_plus", KAPPA)])
def test_dyna_learns_from_the_step_and_then_from_its_memory(algorithm, kappa):
    plus = {"kappa": kappa} if kappa else {}
    memory: dict[tuple[int, int], tuple[float, int, bool]] = {}
    tried: dict[tuple[int, int], int] = defaultdict(int)
    rows_drawn, untried = set(), 0
    for seen in walked(algorithm, planning_steps=7, **plus):
        q, update = seen.before["tables.q"][0].copy(), seen.update
        # the step itself, as Q-learning learns from it
        assert (update.state, update.action) == (seen.s, seen.a) and update.before == q[seen.s, seen.a]
        assert close(update.target, paid(update) + 0.9 * best(q, update.next_state or 0, update.terminated))
        assert close(update.after, update.before + 0.3 * (update.target - update.before))
        q[seen.s, seen.a] = update.after
        if kappa:
            for action in range(q.shape[1]):
                memory.setdefault((seen.s, action), (0.0, seen.s, False))
        memory[seen.s, seen.a] = (paid(update), update.next_state or 0, update.terminated)
        tried[seen.s, seen.a] = update.step
        # then seven pairs of those remembered
        rows = planned(seen)
        assert len(rows) == 7
        for row in rows:
            pair = s, a = int(row["state"]), int(row["action"])
            reward, s_next, ended = memory[pair]
            bonus = kappa * np.sqrt(update.step - tried[pair])
            assert (row["reward"], row["next_state"], row["ended"]) == (reward, s_next, ended)
            assert close(row["extra"], bonus) and row["before"] == q[pair]
            target = reward + bonus + 0.9 * best(q, s_next, ended)
            assert close(row["after"], q[pair] + 0.3 * (target - q[pair]))
            q[s, a] = row["after"]
            rows_drawn.add(pair)
            untried += tried[pair] == 0
        assert (q == seen.after["tables.q"][0]).all()
        assert [line.state for line in update.lines] == [row["state"] for row in rows]
    assert rows_drawn == set(memory)  # every pair is planned from in the end
    assert (untried > 20) == (kappa > 0)  # only Dyna-Q+ thinks of what it has never done


def test_a_planning_row_is_written_out():
    session, written = (
        begin("dyna_q", corridor(2), planning_steps=1, alpha=0.5, gamma=0.9, epsilon=0.0),
        set(),
    )
    for _ in range(200):
        session.tick(1)
        line = last_update(session.agent).lines[0]
        row = session.agent.tables.planned[0, 0]
        before, after = f"{row[6]:.4g}", f"{row[7]:.4g}"
        if row[1] == 1:
            assert text(line.parts) == f"(0, 0) right → -1, (0, 1) (terminal): {before} → {after}"
            assert [part.state for part in line.parts if part.role] == [None, 1, 0, 0]
            written.add(after)
    assert {"-0.75", "-0.9375"} & written  # -1 + 1/4 or 1/16


def test_dyna_without_planning_is_q_learning():
    one, other = (
        begin(algorithm, drawn("frozen_lake_4x4"), (0, 5), **CONFIG, **options)
        for algorithm, options in (("q_learning", {}), ("dyna_q", {"planning_steps": 0}))
    )
    for session in (one, other):
        session.tick(5000)
    a, b = one.agent.state(), other.agent.state()
    for name in a:
        np.testing.assert_array_equal(a[name], b[name], err_msg=name)


def test_planning_saves_episodes_in_the_dyna_maze():
    # Sutton & Barto, figure 8.2: about 25 episodes without planning, five with n = 5, three with n = 50
    lengths = {}
    for n in (0, 5, 50):
        session = begin(
            "dyna_q",
            drawn("dyna_maze"),
            tuple(range(30)),
            episodes=50,
            alpha=0.1,
            gamma=0.95,
            planning_steps=n,
        )
        session.run()
        lengths[n] = session.agent.curves()["length"].values.mean(axis=0)
    settled = {n: int(np.argmax(curve < 20)) + 1 for n, curve in lengths.items()}
    assert settled[50] <= 3 < settled[5] <= 8 < 20 < settled[0] <= 40
    assert lengths[0][1] > 5 * lengths[5][3] and lengths[5][1] > 2 * lengths[50][1]
    assert all(curve[45:].mean() < 20 for curve in lengths.values())  # 14 steps and what epsilon adds


def test_dyna_q_plus_finds_the_shortcut_and_dyna_q_does_not():
    # example 8.3: the shorter way opens after 3,000 steps; 16 steps before, 10 by the shortcut
    shares = {}
    for algorithm in ("dyna_q", "dyna_q_plus"):
        session = begin(
            algorithm,
            drawn("shortcut_maze"),
            tuple(range(30)),
            steps=6000,
            alpha=0.5,
            gamma=0.95,
            planning_steps=50,
        )
        session.run()
        found = [len(path_of(session, i)) - 1 for i in range(30)]
        shares[algorithm] = found.count(10)
        if algorithm == "dyna_q":
            assert set(found) == {16}
    assert shares["dyna_q"] == 0 and shares["dyna_q_plus"] >= 20


def test_what_was_not_tried_for_long_has_the_largest_bonus():
    session = begin("dyna_q_plus", drawn("dyna_maze"), kappa=0.5)
    session.tick(400)
    bonus, tables = session.agent.field("bonus", 0), session.agent.tables
    met = tables.visits[0].any(axis=1)
    assert (bonus[~met] == 0).all()
    np.testing.assert_array_equal(bonus[met], 0.5 * np.sqrt(400 - tables.tried[0][met]))
    known = session.agent.field("known", 0)
    np.testing.assert_array_equal(known, tables.visits[0] > 0)


@pytest.mark.parametrize("algorithm", ["dyna_q", "dyna_q_plus", "prioritized_sweeping"])
def test_backups_are_the_states_planned_for_in_their_order(algorithm):
    session = begin(algorithm, drawn("dyna_maze"), (0, 1), planning_steps=5, alpha=1.0)
    for _ in range(40):
        session.tick(60)
        for replica in (0, 1):
            rows = session.agent.tables.planned[replica]
            wanted = rows[~np.isnan(rows[:, 0]), 0].tolist()
            assert session.agent.field("backups", replica).tolist() == wanted
            assert len(wanted) == 5 or algorithm == "prioritized_sweeping"


@pytest.mark.parametrize("algorithm", ["dyna_q", "dyna_q_plus"])
def test_the_inspector_shows_what_the_model_remembers(algorithm):
    session = begin(algorithm, corridor(3), alpha=0.5, gamma=0.9, epsilon=0.5)
    session.tick(500)
    q = table(session)
    backup = session.agent.snapshot(View(selected=1)).backup
    assert backup is not None and q[1].argmax() == 1  # right, onto the goal
    assert (backup.action, backup.reward, backup.next_state, backup.terminated) == (1, -1.0, 2, True)
    extra = 0.0 if algorithm == "dyna_q" else session.agent.field("bonus", 0)[1, 1]
    assert close(backup.extra, extra) and close(backup.target, -1.0 + extra) and backup.lines == ()


# -- prioritized sweeping ---------------------------------------------------------------------------


class Sweeper:
    """Prioritized sweeping with dictionaries: what was counted, what is queued."""

    def __init__(self, theta: float, alpha: float) -> None:
        self.outcomes: dict[tuple[int, int], dict[tuple[int, bool], list[float]]] = {}
        self.queue: dict[tuple[int, int], float] = {}
        self.theta, self.alpha = theta, alpha

    def expected(self, q: np.ndarray, pair: tuple[int, int]) -> float:
        rows = self.outcomes[pair]
        n = sum(len(rewards) for rewards in rows.values())
        total = sum(
            len(rewards) / n * (np.mean(rewards) + 0.9 * best(q, s_next, ended))
            for (s_next, ended), rewards in rows.items()
        )
        return float(total)

    def see(self, q: np.ndarray, pair: tuple[int, int], reward: float, s_next: int, ended: bool) -> None:
        self.outcomes.setdefault(pair, {}).setdefault((s_next, ended), []).append(reward)
        self.push(q, pair)

    def push(self, q: np.ndarray, pair: tuple[int, int]) -> None:
        urgency = abs(self.expected(q, pair) - q[pair])
        if urgency > self.theta:
            self.queue[pair] = max(urgency, self.queue.get(pair, 0.0))

    def back_up(self, q: np.ndarray, pair: tuple[int, int]) -> float:
        assert close(self.queue[pair], max(self.queue.values()))
        del self.queue[pair]
        target = self.expected(q, pair)
        q[pair] += self.alpha * (target - q[pair])
        for before, rows in self.outcomes.items():
            if (pair[0], False) in rows:
                self.push(q, before)
        return target


@pytest.mark.parametrize("alpha", [1.0, 0.4])
def test_prioritized_sweeping_backs_up_the_most_urgent_pair(alpha):
    mine = Sweeper(0.05, alpha)
    world = drawn("windy_stochastic")
    idle, heads, q = 0, 0, np.zeros(0)
    for seen in walked("prioritized_sweeping", world, alpha=alpha, theta=0.05, planning_steps=4):
        q, update, walk = seen.before["tables.q"][0].copy(), seen.update, seen.after
        k = np.flatnonzero(
            walk["tables.seen"][0, seen.s, seen.a] != seen.before["tables.seen"][0, seen.s, seen.a]
        )
        slot = (0, seen.s, seen.a, int(k[0]))
        s_next, ended = int(walk["tables.successor"][slot]), bool(walk["tables.ended"][slot])
        mine.see(q, (seen.s, seen.a), -1.0, s_next, ended)
        rows = planned(seen)
        assert len(rows) <= 4
        for i, row in enumerate(rows):
            pair = int(row["state"]), int(row["action"])
            assert row["before"] == q[pair]
            target = mine.back_up(q, pair)
            assert close(row["after"], q[pair])
            if i == 0:  # the record is of the first of the queue
                assert (update.state, update.action) == pair and close(update.target, target)
                assert update.before == row["before"] and update.after == row["after"]
                heads += pair != (seen.s, seen.a)
        if not rows:
            assert update.before == update.after and "nothing to back up" in text(update.parts)
            idle += 1
        assert close(q, walk["tables.q"][0])
        assert walk["tables.size"][0] == len(mine.queue)
        if mine.queue:
            pair = divmod(int(walk["tables.heap"][0, 0]), q.shape[1])
            assert close(max(mine.queue.values()), walk["tables.priority"][0, pair[0] * q.shape[1] + pair[1]])
            name = f"{world.cell_of(pair[0])} {world.actions[pair[1]].name}"
            assert text(update.lines[-1].parts).startswith(f"{name} is first in the queue, P = ")
    assert heads > 0 and (idle > 0) == (alpha == 1.0) and len(mine.outcomes) > 20


def test_a_surprise_is_passed_back_along_the_corridor_in_one_step():
    # S . . . G, a step costs 1: once each move to the right is known, one backup a cell settles all of them
    session = begin(
        "prioritized_sweeping", corridor(5), gamma=1.0, epsilon=1.0, theta=0.0, planning_steps=1000
    )
    session.tick(2000)
    np.testing.assert_array_equal(table(session)[:, 1], [-4, -3, -2, -1, 0])
    assert session.agent.tables.size[0] == 0
    assert (session.agent.field("known", 0)[:4] == 1).all()


def test_prioritized_sweeping_needs_fewer_updates_than_dyna():
    """Updates until the greedy path of the Dyna maze has its 14 steps (Sutton & Barto, example 8.4)."""
    used = defaultdict(list)
    for algorithm in ("dyna_q", "prioritized_sweeping"):
        for seed in range(4):
            session = begin(
                algorithm, drawn("dyna_maze"), (seed,), alpha=1.0, gamma=0.95, epsilon=1.0, planning_steps=5
            )
            updates = 0
            for _ in range(20_000):
                session.tick(1)
                updates += session.agent.field("backups", 0).size + (algorithm == "dyna_q")
                q = session.agent.tables.q[0]
                if q[session.agent.problem.mdp.start_states[0]].max() > 0 and len(path_of(session)) == 15:
                    break
            used[algorithm].append(updates)
    assert max(used["prioritized_sweeping"]) * 10 < min(used["dyna_q"])


def test_a_backup_is_written_with_the_chances_that_were_counted():
    session = begin("prioritized_sweeping", corridor(3, slip=0.5, slip_kind="random"), gamma=0.5, epsilon=1.0)
    session.tick(3000)
    agent = session.agent
    backup = agent.snapshot(View(selected=1)).backup
    assert backup is not None and backup.action is not None
    seen, q = agent.tables.seen[0, 1, backup.action], agent.tables.q[0]
    successor, ended = (getattr(agent.tables, name)[0, 1, backup.action] for name in ("successor", "ended"))
    values = np.where(ended, 0.0, q[successor].max(axis=1))
    assert close(backup.target, (seen / seen.sum() * (-1.0 + 0.5 * values)).sum())
    for k in np.flatnonzero(seen):
        assert f"{seen[k] / seen.sum():.4g} · [ -1" in text(backup.parts)
    assert "0 (terminal)" in text(backup.parts)


@pytest.mark.parametrize("algorithm", ["dyna_q", "dyna_q_plus", "prioritized_sweeping"])
def test_the_courses_hyperparameters_solve_the_4x4_grid(algorithm):
    preset = registry()[algorithm].presets["course"]
    session = begin(algorithm, drawn("grid_4x4"), (0, 1, 2), episodes=preset.episodes, **preset.values)
    session.run()
    found = session.evaluate()
    assert [gap is not None and gap < 1e-9 for gap in found.oracle_gap] == [True] * 3
    assert found.ended == [1.0] * 3
