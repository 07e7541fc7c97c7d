"""n-step SARSA and tree backup: every update recomputed, each told apart from the other."""

from typing import Any, NamedTuple

import numpy as np
import pytest

from rlsandbox.worlds.errors import SandboxError
from tests.algorithms.recomputed import SOFT, STEPS, Seen, chances, close, text, walked
from tests.helpers import advance, begin, corridor, eventful, last_update, table


class Step(NamedTuple):
    """What a return is made of."""

    s: int
    a: int
    reward: float


def newest(seen: Seen) -> Step:
    """The step that was just put into the ring."""
    n = seen.after["tables.pairs"].shape[1]
    at = (int(seen.after["tables.head"][0]) - 1) % n
    s, a, _ = seen.after["tables.pairs"][0, at].tolist()
    assert (s, a) == (seen.s, seen.a)
    return Step(s, a, float(seen.after["tables.paid"][0, at, 0]))


def sampled(steps: list[Step], q: np.ndarray, seen: Seen, next_value: float, config: dict[str, Any]) -> float:
    """Sutton & Barto, 7.4: the rewards, and the value of the next pair."""
    powers = 0.9 ** np.arange(len(steps) + 1)
    return float(powers @ [*(step.reward for step in steps), next_value])


def expected_tree(
    steps: list[Step], q: np.ndarray, seen: Seen, next_value: float, config: dict[str, Any]
) -> float:
    """Sutton & Barto, 7.16, from the first step on."""
    if len(steps) == 1:
        following = 0.0
        if not seen.update.terminated:
            values = seen.before["tables.q"][0, seen.update.next_state]
            following = chances(values, **config) @ values
        return steps[0].reward + 0.9 * float(following)
    s, a = steps[1].s, steps[1].a
    pi = chances(q[s], **config)
    leaves = sum(pi[b] * q[s, b] for b in range(4) if b != a)
    return steps[0].reward + 0.9 * (leaves + pi[a] * expected_tree(steps[1:], q, seen, next_value, config))


METHODS = {"n_step_sarsa": sampled, "tree_backup": expected_tree}


@pytest.mark.parametrize(("algorithm", "method"), METHODS.items())
@pytest.mark.parametrize("n", [1, 3, 8])
@pytest.mark.parametrize("config", [{}, SOFT, {"alpha_schedule": "1/n"}])
def test_n_steps_are_learnt_from_when_they_are_over(algorithm, method, n, config):
    held: list[Step] = []
    ends, came_to = 0, None
    for seen in walked(algorithm, n=n, **config):
        update, q = seen.update, seen.before["tables.q"][0].copy()
        held = [*(held if seen.s == came_to else []), newest(seen)][-n:]  # the scheduled wall cuts an episode
        came_to = update.next_state
        next_value = 0.0
        if not update.terminated and algorithm == "n_step_sarsa":
            assert update.next_action is not None
            next_value = q[update.next_state, update.next_action]
            assert update.truncated or update.next_action == seen.a_next
        over, first = update.terminated or update.truncated, True
        if len(held) < n and not over:
            assert update.before == update.target == update.after == q[seen.s, seen.a]
            assert f"{len(held)} of {n} steps" in text(update.parts)
        waiting = list(held) if over else held if len(held) == n else []
        changed: list[tuple[Step, float]] = []
        while waiting:
            step, before = waiting[0], q[waiting[0].s, waiting[0].a]
            target = method(waiting, q, seen, next_value, config)
            alpha = 0.3
            if config.get("alpha_schedule"):
                alpha = 1.0 / seen.after["tables.visits"][0, step.s, step.a]
            q[step.s, step.a] += alpha * (target - before)
            if first:
                assert (update.state, update.action, update.before) == (step.s, step.a, before)
                assert close((update.target, update.after), (target, q[step.s, step.a]))
                assert update.alpha == alpha and update.reward == step.reward
            else:
                changed.append((step, q[step.s, step.a]))
            first, waiting = False, waiting[1:] if over else []
        assert close(q, seen.after["tables.q"][0])
        returns = [line for line in update.lines if text(line.parts).startswith("G = ")]
        shown = [line for line in update.lines if line not in returns]
        assert [line.state for line in shown] == [step.s for step, _ in changed]
        for line, (_, after) in zip(shown, changed, strict=True):
            assert float(line.parts[-1].text) == pytest.approx(after, rel=1e-3, abs=1e-12)
        if len(held) == n or over:
            assert [line.state for line in returns] == [step.s for step in held[1:]]
        if over:
            held, ends = [], ends + 1
    assert ends > 5


@pytest.mark.parametrize(
    ("algorithm", "sibling"), [("n_step_sarsa", sampled), ("tree_backup", expected_tree)]
)
def test_n_step_sarsa_and_tree_backup_are_not_each_other(algorithm, sibling):
    other, right, held = next(name for name in METHODS if name != algorithm), 0, []
    for seen in walked(other, n=3):
        held = [*held, newest(seen)][-3:]
        update, over = seen.update, seen.update.terminated or seen.update.truncated
        if len(held) == 3:
            q, next_value = seen.before["tables.q"][0], 0.0
            if not update.terminated:
                next_value = q[update.next_state, update.next_action or 0]
            right += close(update.target, sibling(held, q, seen, next_value, {}))
        held = [] if over else held
    assert right < STEPS / 2


@pytest.mark.parametrize(("algorithm", "first"), [("n_step_sarsa", -1.5), ("tree_backup", -1.25)])
def test_what_is_left_of_an_episode_is_learnt_from_in_its_last_step(algorithm, first):
    # S . G, right and right: with n = 5 nothing is learnt before the goal; then alpha 1 and gamma 0.5 make
    # Q(1, right) = -1 and Q(0, right) = -1 + 0.5 * -1 = -1.5. Tree backup gives half of that to the other
    # action, as good as this one so far, whose value is 0: -1 + 0.5 * (0 + 0.5 * -1) = -1.25.
    world = corridor(3).with_rules(moves=2)
    right = [action.name for action in world.actions].index("right")
    for seed in range(200):
        session = begin(algorithm, world, (seed,), n=5, alpha=1.0, gamma=0.5, epsilon=0.0)
        session.tick(1)
        assert not table(session).any()
        session.tick(1)
        if last_update(session.agent).terminated:
            assert table(session)[:2, right].tolist() == [first, -1.0]
            assert last_update(session.agent).target == first
            return
    raise AssertionError("no seed went straight to the goal")


@pytest.mark.parametrize("algorithm", ["n_step_sarsa", "tree_backup"])
def test_a_file_with_pairs_outside_the_world_is_refused(algorithm):
    session = advance(begin(algorithm, eventful(), n=3), 50)
    session.agent.check_state(session.agent.state())
    for name, value in (("pairs", -1), ("pairs", 10**6), ("head", 3), ("head", -1), ("held", 4)):
        state = session.agent.state()
        state[f"tables.{name}"].flat[0] = value
        with pytest.raises(SandboxError, match="remembers"):
            session.agent.check_state(state)
