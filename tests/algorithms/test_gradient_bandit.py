"""The gradient bandit, and the random agent."""

import numpy as np
import pytest

from rlsandbox.algorithms import registry
from rlsandbox.learning.agent import View, number
from rlsandbox.learning.problem import Enumerable, misfit
from rlsandbox.worlds.errors import SandboxError
from rlsandbox.worlds.generators import bandit_of
from tests.algorithms.recomputed import STEPS, close, text
from tests.helpers import advance, begin, corridor, eventful, last_update, table


@pytest.mark.parametrize("baseline", [True, False])
def test_the_gradient_bandit_climbs(baseline):
    world = bandit_of(np.array([0.5, -1.0, 2.0]), "Three")
    config = {"alpha": 0.3, "baseline": baseline}
    session, rewards, after = begin("gradient_bandit", world, **config), [], np.zeros(0)
    start = int(session.agent.problem.mdp.start_states[0])
    for _ in range(STEPS):
        h = table(session)[start].copy()
        pi = session.agent.field("behaviour", 0)[start]
        np.testing.assert_allclose(pi, np.exp(h) / np.exp(h).sum(), rtol=1e-12)
        session.tick(1)
        update, after = last_update(session.agent), table(session)[start]
        mean = float(np.mean(rewards or [update.reward])) if baseline else 0.0
        gradient = (np.arange(3) == update.action) - pi
        assert close(after, h + 0.3 * (update.reward - mean) * gradient)
        assert close(after.sum(), 0.0)
        assert (update.before, update.after) == (h[update.action], after[update.action])
        assert close(update.td_error, (update.reward - mean) * (1 - pi[update.action]))
        assert f"− {number(mean)} ]" in text(update.parts).replace("(", "").replace(")", "")
        others = [a for a in range(3) if a != update.action]
        assert [line.parts[0].text for line in update.lines] == [f"arm {a + 1}: " for a in others]
        assert [line.parts[-1].text for line in update.lines] == [number(after[a]) for a in others]
        rewards.append(update.reward)
    shot = session.agent.snapshot(View(selected=start))
    assert close(shot.v[start], np.mean(rewards))
    assert shot.backup is not None and shot.backup.action == after.argmax() == 2
    mean = np.mean(rewards) if baseline else 0.0
    pi = session.agent.field("behaviour", 0)[start]
    assert close(shot.backup.after, after[2] + 0.3 * (2.0 - mean) * (1 - pi[2]))


def test_a_baseline_matters_where_all_arms_pay_well():
    # Figure 2.5: means about +4; after 1,000 pulls the one with a baseline knows the best arm far more often.
    rng, pulled = np.random.default_rng(5), {}
    worlds = [bandit_of(rng.normal(4.0, 1.0, 10), "Ten") for _ in range(60)]
    for baseline in (True, False):
        right = []
        for world in worlds:
            session = begin("gradient_bandit", world, tuple(range(4)), alpha=0.4, baseline=baseline)
            session.tick(1000)
            mdp = session.agent.problem.mdp
            start, best = int(mdp.start_states[0]), int(mdp.expected_reward[mdp.start_states[0]].argmax())
            right.append([session.agent.field("behaviour", i)[start, best] for i in range(4)])
        pulled[baseline] = np.mean(right)
    assert pulled[True] > 0.6 and pulled[True] > pulled[False] + 0.2


def test_the_gradient_bandit_says_why_a_world_does_not_suit_it():
    problem = Enumerable.of(corridor(4))
    sentence = "Gradient bandit trains on bandits, where an agent acts in one place; here it acts in 3."
    assert misfit(registry()["gradient_bandit"], problem) == sentence
    assert misfit(registry()["gradient_bandit"], Enumerable) is None  # some of them do
    with pytest.raises(SandboxError, match="acts in 3"):
        begin("gradient_bandit", corridor(4))
    assert misfit(registry()["gradient_bandit"], Enumerable.of(bandit_of(np.zeros(3), "Three"))) is None


def test_the_random_agent_stumbles_and_learns_nothing():
    session = advance(begin("random", eventful(), (3,)), 40_000)
    mdp, visits = session.agent.problem.mdp, session.agent.state()["tables.visits"][0]
    often = visits.sum(axis=1) > 400
    shares = visits[often] / visits[often].sum(axis=1, keepdims=True)
    assert np.abs(shares - 0.25).max() < 0.1
    total = visits.sum(axis=0)
    assert ((total - 10_000) ** 2 / 10_000).sum() < 16.27  # three degrees of freedom, 0.1 %
    assert not table(session).any() and registry()["random"].task == "baseline"
    np.testing.assert_array_equal(session.agent.policy().probs[0][mdp.live], 0.25)
    np.testing.assert_array_equal(session.agent.field("behaviour", 0), 0.25)
    update = last_update(session.agent)
    assert text(update.parts) == f"{number(update.reward)}, and nothing is learnt"
    assert session.agent.snapshot(View(selected=0)).backup is None
