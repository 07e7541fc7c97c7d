import sys

import pytest
import torch

from rlsandbox.benchmarks import deep
from rlsandbox.benchmarks.runner import benches
from rlsandbox.learning.threads import torch_settings
from rlsandbox.training.session import RunSpec, TrainingSession
from rlsandbox.worlds.errors import SandboxError
from rlsandbox.worlds.files import open_world


def test_it_can_be_called_by_its_name():
    assert "deep" in benches()


def test_the_figures_of_a_short_round_fit_each_other(monkeypatch):
    monkeypatch.setattr(deep, "STEPS", {"ppo": 512, "a2c": 160, "dqn": 200})
    monkeypatch.setattr(deep, "MANY", 3)
    monkeypatch.setattr(deep, "PARTS", 5)
    threads = torch.get_num_threads()
    found = deep.run(seconds=1)
    speed = found["steps_per_second"]
    assert found["rounds"] == 1 and found["long_run_steps"] == 5 * 512
    assert set(speed) == {f"{a}.{n}" for a in deep.CASES for n in (1, 3, "stable_baselines3")}
    assert min(speed.values()) > 0 and found["late_to_early_throughput"] > 0
    assert found["ratio_one_seed"]["a2c"] == speed["a2c.1"] / speed["a2c.stable_baselines3"]
    assert found["ratio_16_seeds_summed"]["dqn"] == speed["dqn.3"] / speed["dqn.stable_baselines3"]
    assert found["least_ratio_one_seed"] == min(found["ratio_one_seed"].values())
    assert torch.get_num_threads() == threads


@pytest.mark.parametrize(("algorithm", "updates"), [("ppo", 160), ("a2c", 25), ("dqn", 225)])
def test_both_make_as_many_updates_with_networks_of_as_many_numbers(algorithm, updates):
    """1,000 steps: 2 rollouts of 512, each in 10 epochs of 8; 25 of 40; every fourth step from 100 on."""
    theirs = deep.their_model(algorithm)
    with torch_settings():  # on two threads it takes twenty times as long
        theirs.learn(1000)
    session = TrainingSession(RunSpec(algorithm, open_world(deep.WORLD), deep.CASES[algorithm], (0,), 1024))
    while session.clock < theirs.num_timesteps or session.agent.pending:
        session.tick(min(1000, max(1, theirs.num_timesteps - session.clock)))
    made = theirs._n_updates * (8 if algorithm == "ppo" else 1)  # it counts epochs
    assert made == updates
    assert (
        abs(int(session.agent.state()["updates"][0]) - updates) <= 1
    )  # DQN's first comes at step 100, not 104
    ours = sum(layer.size for pair in networks(session).layers(0) for layer in pair)
    policy = theirs.policy.q_net if algorithm == "dqn" else theirs.policy
    assert ours - sum(p.numel() for p in policy.parameters()) == (0 if algorithm == "dqn" else 3 * 65)
    # the critic's last layer has room for as many outputs as the actor's, of which it uses one


def networks(session: TrainingSession):
    agent = session.agent
    return agent.nets  # pyright: ignore[reportAttributeAccessIssue]


def test_without_stable_baselines3_it_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "stable_baselines3", None)
    with pytest.raises(SandboxError, match="Stable-Baselines3 is not installed"):
        deep.their_model("ppo")
