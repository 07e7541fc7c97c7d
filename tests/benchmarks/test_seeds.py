from rlsandbox.benchmarks import seeds
from rlsandbox.benchmarks.runner import benches


def test_it_can_be_called_by_its_name():
    assert "seeds" in benches()


def test_the_figures_of_a_short_round_fit_each_other(monkeypatch):
    monkeypatch.setattr(seeds, "STEPS", {"dqn": 200, "a2c": 128, "ppo": 512})
    monkeypatch.setattr(seeds, "MANY", 3)
    found = seeds.run(seconds=1)
    assert found["rounds"] == 1 and set(found["seconds"]) == {f"{a}.{n}" for a in seeds.CASES for n in (1, 3)}
    cost = found["cost_of_16_seeds_in_single_seeds"]
    assert cost["ppo"] == found["seconds"]["ppo.3"] / found["seconds"]["ppo.1"]
    assert found["largest_cost"] == max(cost.values()) and min(cost.values()) > 0


def test_everybody_learns_from_batches_of_64():
    batches = {
        "dqn": seeds.CASES["dqn"]["batch"],
        "a2c": seeds.CASES["a2c"]["n_envs"] * seeds.CASES["a2c"]["n_steps"],
        "ppo": seeds.CASES["ppo"]["minibatch"],
    }
    assert batches == {"dqn": 64, "a2c": 64, "ppo": 64}
