import csv
import subprocess
import sys

import numpy as np
import pytest

import rlsandbox
from rlsandbox.policies.exports import python_source, write_csv, write_python
from rlsandbox.policies.saved import SavedPolicy
from rlsandbox.worlds.mdp import compile_world


@pytest.fixture(scope="module")
def policy() -> SavedPolicy:
    """Trained so briefly that most states are ties."""
    return rlsandbox.train("q_learning", "key_door", episodes=3, seeds=2).policy


def exported(policy: SavedPolicy) -> dict:
    names: dict = {}
    exec(compile(python_source(policy), "exported", "exec"), names)
    return names


def test_the_python_file_acts_like_the_original_in_every_state(policy):
    assert (policy.probs > 0).sum(axis=-1).max() == 4  # ties are among them
    act = exported(policy)["act"]
    for replica in range(policy.n_seeds):
        for state in range(policy.world.n_states):
            assert act(state, replica) == policy.act(state, replica=replica)
    assert np.array_equal(act(np.arange(policy.world.n_states)), policy.greedy_actions[0])


def test_among_equals_the_lowest_number_wins(policy):
    state = int(np.flatnonzero((policy.probs[0] > 0).all(axis=-1))[0])
    assert policy.act(state) == 0 == exported(policy)["act"](state)
    drawn = {policy.act(state, np.random.default_rng(seed)) for seed in range(40)}
    assert drawn == {0, 1, 2, 3}


def test_the_python_file_needs_numpy_alone(policy, tmp_path):
    write_python(policy, tmp_path / "agent.py")
    code = (
        "import sys, agent; assert not any(m.startswith('rlsandbox') for m in sys.modules); "
        "print(agent.act(agent.state_of(1, 1)), agent.ACTIONS)"
    )
    run = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {code}"],
        capture_output=True,
        text=True,
        check=True,
    )
    action = policy.act(policy.world.state_of((1, 1)))
    assert run.stdout == f"{action} ['up', 'right', 'down', 'left']\n"


def test_a_world_cannot_smuggle_code_into_the_file(policy):
    name = 'x"""\nimport os\nos.abort()\n"""'
    world = policy.world.replace(name=name.replace("\n", " ") + "\\")
    evil = SavedPolicy(policy.q, policy.probs, world, policy.card)
    assert "abort" not in exported(evil)["act"].__globals__


def test_the_table_has_a_row_for_each_seed_and_live_state(policy, tmp_path):
    write_csv(policy, tmp_path / "table.csv")
    with open(tmp_path / "table.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    world, live = policy.world, compile_world(policy.world).live
    assert len(rows) == 2 * live.sum()
    assert list(rows[0])[:6] == ["seed", "row", "column", "carried", "q_up", "q_right"]
    for row in rows:
        state = world.state_of((int(row["row"]), int(row["column"])), int(row["carried"]))
        q = policy.q[int(row["seed"]), state]
        assert [float(row[f"q_{name}"]) for name in policy.card.actions] == q.tolist()
        assert float(row["v"]) == q.max()
