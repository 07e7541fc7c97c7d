import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from rlsandbox.training.checkpoints import load_checkpoint, save_checkpoint
from rlsandbox.training.session import RunSpec, TrainingSession
from rlsandbox.worlds.errors import SandboxError
from rlsandbox.worlds.gallery import gallery

GO_ON = """
import sys
from rlsandbox.training.checkpoints import load_checkpoint, save_checkpoint

session = load_checkpoint(sys.argv[1])
session.run()
save_checkpoint(session, sys.argv[2])
"""


def begun(algorithm: str = "q_learning", world: str = "windy", **budget: Any) -> TrainingSession:
    return TrainingSession(RunSpec(algorithm, gallery()[world].make(), {"alpha": 0.5}, (3, 4), **budget))


def same(one: TrainingSession, other: TrainingSession) -> bool:
    a, b = one.agent.state(), other.agent.state()
    return set(a) == set(b) and all(np.array_equal(a[k], b[k], equal_nan=a[k].dtype.kind == "f") for k in a)


@pytest.mark.parametrize("algorithm", ["q_learning", "sarsa"])
def test_going_on_in_a_new_process_is_the_same_run(algorithm, tmp_path):
    straight = begun(algorithm, steps=5000)
    straight.run()
    halfway = begun(algorithm, steps=5000)
    halfway.tick(1234)
    save_checkpoint(halfway, tmp_path / "half")
    paths = [str(tmp_path / name) for name in ("half", "whole")]
    subprocess.run([sys.executable, "-c", GO_ON, *paths], check=True)
    assert same(load_checkpoint(tmp_path / "whole"), straight)


def test_commands_and_edits_are_kept(tmp_path):
    session = begun(steps=3000)
    session.tick(500)
    session.set_hyperparameters({"alpha": 0.1})
    session.tick(500)
    session.replace_world(session.world.painted([(3, 4)], "wall"))
    session.tick(7)
    save_checkpoint(session, tmp_path / "run")
    again = load_checkpoint(tmp_path / "run")
    assert again.commands == session.commands and again.edits == session.edits
    assert (again.clock, again.world, again.agent.config) == (1007, session.world, session.agent.config)
    session.run()
    again.run()
    assert same(again, session)


def test_what_happens_between_boundaries_is_replayed(tmp_path):
    """The moment is older than the clock, as for a learner whose ticks are not all boundaries."""
    session = begun(steps=3000)
    session.tick(100)
    moment = session.moment()
    session.tick(100)
    session.set_hyperparameters({"epsilon": 0.5})
    session.tick(100)
    session.checkpoint_moment = lambda: moment  # type: ignore[method-assign]
    save_checkpoint(session, tmp_path / "run")
    again = load_checkpoint(tmp_path / "run")
    assert again.clock == 300 and same(again, session)


def test_a_scheduled_change_still_comes(tmp_path):
    session = begun(world="blocking_maze", steps=1500)
    session.tick(990)
    save_checkpoint(session, tmp_path / "run")
    again = load_checkpoint(tmp_path / "run")
    again.run()
    session.run()
    assert again.world.tile_at((3, 8)).id == "wall" and same(again, session)


def test_a_planner_goes_on_too(tmp_path):
    spec = RunSpec("value_iteration", gallery()["dyna_maze"].make())
    session = TrainingSession(spec)
    session.tick(3)
    save_checkpoint(session, tmp_path / "run")
    again = load_checkpoint(tmp_path / "run")
    again.run()
    session.run()
    assert same(again, session)


def test_damage_is_a_sentence(tmp_path):
    session = begun(steps=100)
    save_checkpoint(session, tmp_path / "run")
    data = (tmp_path / "run").read_bytes()
    cases = {
        "cut": data[:-100],
        "seeds": data.replace(b'\\"seeds\\": [3, 4]', b'\\"seeds\\": [3   ]'),
        "world": data.replace(b'\\"moment_world\\": 0', b'\\"moment_world\\": 7'),
        "commands": data.replace(b'\\"moment_commands\\": 0', b'\\"moment_commands\\": 9'),
        "algorithm": data.replace(b'\\"q_learning\\"', b'\\"r_learning\\"'),
        "arrays": data.replace(b'"walk.rng"', b'"walk.rnh"'),
    }
    for name, damaged in cases.items():
        assert damaged != data, name
        (tmp_path / name).write_bytes(damaged)
        with pytest.raises(SandboxError) as error:
            load_checkpoint(tmp_path / name)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [("state", 10**9), ("state", -2), ("action", 4), ("width", 0), ("episodes", 5000), ("trail", 70)],
)
def test_places_outside_the_tables_are_refused(tmp_path, name, value):
    """Compiled code does not check its indices, so a file must not choose them."""
    session = begun("sarsa", steps=1000)
    session.tick(100)
    getattr(session.agent.walk, name)[0] = value  # type: ignore[attr-defined]
    save_checkpoint(session, tmp_path / "run")
    with pytest.raises(SandboxError, match="outside its world"):
        load_checkpoint(tmp_path / "run")
