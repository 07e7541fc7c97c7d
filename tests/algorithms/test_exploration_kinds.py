"""Every kind of exploration in every control method: each does what its name says."""

from typing import Any

import numpy as np
import pytest

from rlsandbox.algorithms import registry
from rlsandbox.learning.configs import LEVELS
from rlsandbox.training.session import TrainingSession
from rlsandbox.worlds.generators import bandit_of
from rlsandbox.worlds.world import World
from tests.helpers import advance, corridor, eventful, last_update, table
from tests.helpers import begin as session_of

METHODS = sorted(
    name
    for name, agent in registry().items()
    if agent.task == "control" and agent.unit == "steps" and "exploration" in agent.Config.model_fields
)
every_method = pytest.mark.parametrize("algorithm", METHODS)
every_kind = pytest.mark.parametrize("kind", LEVELS)


def arms(*means: float, noise: float = 0.0) -> World:
    """A bandit; its episodes last a step, so that every method has learnt before it chooses again."""
    world = bandit_of(np.array(means), "Arms")
    return world.replace(reward_sd=world.reward_sd * noise)


def begin(algorithm: str, world: World, seeds: tuple[int, ...] = (0,), **options: Any) -> TrainingSession:
    """A session with those of the options that the method knows: a mean over episodes has no step size."""
    known = {"episodes", *registry()[algorithm].Config.model_fields}
    return session_of(algorithm, world, seeds, **{k: v for k, v in options.items() if k in known})


def start_of(session: Any) -> int:
    return int(session.agent.problem.mdp.start_states[0])


def pulls(session: Any) -> np.ndarray:
    """How often every arm was pulled."""
    return session.agent.tables.visits[0, start_of(session)].copy()


def test_all_methods_are_here():
    assert {"q_learning", "sarsa", "expected_sarsa", "double_q_learning", "n_step_sarsa"} <= set(METHODS)
    assert {"tree_backup", "sarsa_lambda", "q_lambda"} <= set(METHODS) and len(LEVELS) == 6


@every_method
@every_kind
def test_every_kind_runs_in_every_method(algorithm, kind):
    session = advance(begin(algorithm, eventful(), (0, 1), exploration=kind), 600)
    assert session.failure is None and session.agent.steps.tolist() == [600, 600]
    for replica in (0, 1, None):
        chances = session.agent.field("behaviour", replica)
        assert chances.min() >= 0
        np.testing.assert_allclose(chances.sum(axis=1), 1.0)
    assert np.ptp(table(session)) > 0


@every_method
@every_kind
def test_what_is_done_is_what_behaviour_says(algorithm, kind):
    levels = {"epsilon": 0.3, "temperature": 0.5, "confidence": 0.7, "bonus": 0.5, "spread": 6.0}
    session = begin(algorithm, arms(0.3, 0.0, 0.5, noise=1.0), (7,), exploration=kind, alpha=0.2, **levels)
    start, foretold, spread = start_of(session), np.zeros(3), np.zeros(3)
    for _ in range(1200):
        chances = session.agent.field("behaviour", 0)[start]
        before = pulls(session)
        session.tick(1)
        pulled = pulls(session) - before
        assert chances @ pulled > 0  # nothing is done that could not be
        foretold, spread = foretold + chances, spread + chances * (1 - chances)
    counts = pulls(session)
    # The difference is a martingale: its variance is at most the sum of p (1 - p).
    assert (np.abs(counts - foretold) <= 4 * np.sqrt(spread) + 1e-9).all()
    if kind in ("epsilon-greedy", "softmax", "Thompson"):
        assert (spread > 20).all()


@every_method
def test_softmax_chooses_in_proportion_to_exponentials(algorithm):
    session = begin(algorithm, arms(1.0, 0.0, -1.0), exploration="softmax", temperature=0.8, alpha=0.5)
    session.tick(500)
    start = start_of(session)
    weights = np.exp(table(session)[start] / 0.8)
    np.testing.assert_allclose(session.agent.field("behaviour", 0)[start], weights / weights.sum())


@every_method
@pytest.mark.parametrize(("kind", "options"), [("UCB", {}), ("optimistic", {"initial_q": 5.0})])
def test_what_was_never_tried_comes_first(algorithm, kind, options):
    for seed in range(8):
        session = begin(algorithm, arms(0.0, 0.9, -0.4, 0.2), (seed,), exploration=kind, **options)
        for tried in range(1, 5):
            session.tick(1)
            visits = pulls(session)
            assert np.count_nonzero(visits) == tried == visits.sum()


@every_method
def test_ucb_takes_the_greatest_upper_bound(algorithm):
    session = begin(algorithm, arms(0.3, 0.0, 0.5, noise=0.5), exploration="UCB", confidence=0.6, gamma=0.0)
    start = start_of(session)
    session.tick(3)
    for _ in range(300):
        n, q = pulls(session), table(session)[start]
        bound = q + 0.6 * np.sqrt(np.log(n.sum()) / n)  # Sutton & Barto, 2.10
        session.tick(1)
        assert bound[(pulls(session) - n).argmax()] == bound.max()


@every_method
def test_thompson_sampling_without_spread_is_greedy(algorithm):
    session = begin(algorithm, arms(0.3, 0.0, 0.5, noise=1.0), exploration="Thompson", spread=0.0)
    start = start_of(session)
    for _ in range(300):
        n, q = pulls(session), table(session)[start].copy()
        session.tick(1)
        assert q[(pulls(session) - n).argmax()] == q.max()


@every_method
def test_a_count_bonus_is_learnt_as_reward_and_shown(algorithm):
    session = begin(algorithm, arms(0.3, 0.0, 0.5), exploration="count bonus", bonus=2.0, alpha=0.5)
    start = start_of(session)
    for _ in range(100):
        q = table(session)[start].copy()
        session.tick(1)
        update, visits = last_update(session.agent), pulls(session)
        assert update.action is not None
        added = 2.0 / np.sqrt(visits[update.action])
        paid = (0.3, 0.0, 0.5)[update.action]
        if "known" in session.agent.offers and update.extra == 0:  # a model's mean, with every bonus so far
            assert update.target >= paid + added - 1e-12
        else:
            shown = update.reward, update.extra, update.target
            np.testing.assert_allclose(shown, (paid, added, paid + added), rtol=0, atol=1e-12)
            assert any("(added)" in part.text for part in update.parts)
        assert q[update.action] == q.max()  # besides, it is greedy
    plain = begin(algorithm, arms(0.3, 0.0, 0.5), exploration="optimistic", alpha=0.5)
    plain.tick(1)
    assert last_update(plain.agent).extra == 0.0


@every_method
def test_shaping_by_differences_keeps_the_best_policy_and_naive_shaping_breaks_it(algorithm):
    # S . . G with a potential of 5 before the goal. Where Phi(s') is added, bumping there pays 5 - 1 for
    # ever, which is worth 4 / (1 - 0.9) = 40 against the goal's -1; by differences it costs 1 + 0.1 * 5.
    world = corridor(4, step_limit=50).replace(potential=np.array([[0.0, 0.0, 5.0, 0.0]]))
    # Values begin below the truth, for off-policy Monte Carlo learns from greedy tails alone: none at 0 > -6.
    options = {"shaping": "painted", "gamma": 0.9, "alpha": 0.2, "epsilon": 0.3, "initial_q": -20.0}
    for form, right in (("potential", True), ("naive", False)):
        session = begin(algorithm, world, (0, 1, 2), episodes=600, shaping_form=form, **options)
        session.run()
        best = session.agent.policy().probs[:, 2].argmax(axis=1)
        assert [world.actions[a].name == "right" for a in best] == [right] * 3
