import csv
import json
import os
import signal
import subprocess
import sys
import time
from functools import partial

import numpy as np
import pytest

from rlsandbox.algorithms import registry
from rlsandbox.benchmarks.runner import benches
from rlsandbox.cli import run
from rlsandbox.policies.files import load_policy
from rlsandbox.training.checkpoints import load_checkpoint
from rlsandbox.worlds.files import load_world
from rlsandbox.worlds.gallery import gallery

TRAIN = ("train", "q_learning", "--world", "cliff_walking")


@pytest.fixture
def answer(capsys):
    """Run a command with `--json` and give its object; nothing else may stand on standard output."""

    def ask(*arguments: str, status: int = 0) -> dict:
        capsys.readouterr()
        assert run([*arguments, "--json"]) == status
        lines = capsys.readouterr().out.splitlines()
        assert len(lines) == 1
        return json.loads(lines[0], parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))

    return ask


@pytest.fixture
def refusal(capsys):
    """Run a command that is refused and give its one sentence."""

    def ask(*arguments: str, status: int = 2) -> str:
        assert run(arguments) == status
        printed = capsys.readouterr()
        assert printed.out == "" and printed.err.count("\n") == 1
        assert "Traceback" not in printed.err
        return printed.err

    return ask


@pytest.fixture(scope="module")
def policy_file(tmp_path_factory) -> str:
    folder = tmp_path_factory.mktemp("trained")
    arguments = [*TRAIN, "--episodes", "300", "--seeds", "2", "--alpha", "0.5", "--gamma", "1"]
    assert run([*arguments, "--out", str(folder)]) == 0
    return str(folder / "policy.rlpolicy")


def test_lists(answer, capsys):
    worlds = [row["id"] for row in answer("list", "worlds")["worlds"]]
    generators = ["maze:SIZE:SEED", "open:SIZE:SEED", "cave:SIZE:SEED", "bandit:ARMS:SEED"]
    assert [*gallery(), *generators] == worlds
    algorithms = {row["id"]: row for row in answer("list", "algorithms")["algorithms"]}
    assert list(algorithms) == list(registry())
    assert {"id", "title", "family", "source", "accepts", "hyperparameters"} <= set(algorithms["sarsa"])
    sarsa = algorithms["sarsa"]
    assert (sarsa["task"], sarsa["unit"], sarsa["accepts"]) == ("control", "steps", ["drawn grid worlds"])
    assert "uncertainty" in sarsa["overlays"]
    assert sarsa["presets"]["course"]["episodes"] == 10_000
    assert sarsa["presets"]["course"]["values"]["epsilon_decay"] == 0.9995
    assert algorithms["td0"]["task"] == "prediction" and "V(s)" in algorithms["td0"]["equation"]
    alpha = algorithms["sarsa"]["hyperparameters"][0]
    assert (alpha["name"], alpha["default"], alpha["low"], alpha["high"]) == ("alpha", 0.1, 0, 1)
    assert "values" in [row["id"] for row in answer("list", "overlays")["overlays"]]
    assert run(["list", "worlds"]) == 0
    assert capsys.readouterr().out.startswith("grid_4x4 ")


def test_train_reports_what_scripts_need(answer):
    found = answer(
        *TRAIN, "--steps", "2e4", "--seeds", "3", "--seed", "5", "--set", "alpha=0.5", "--epsilon_end=0.1"
    )
    assert (found["algorithm"], found["world"]) == ("q_learning", "cliff_walking")
    assert (found["seeds"], found["seed"], found["steps"]) == (3, 5, 20_000)
    assert found["steps_per_seed"] == [20_000] * 3
    assert (found["config"]["alpha"], found["config"]["epsilon_end"]) == (0.5, 0.1)
    assert found["steps_per_second"] > 0
    assert len(found["mean_return_last_100"]) == len(found["greedy_return"]) == 3
    assert found["greedy_return"] == [-13.0] * 3 and found["oracle_return"] == -13.0
    assert found["oracle_gap"] == pytest.approx(0, abs=1e-9) and found["policy_file"] is None


def test_the_same_run_twice_differs_in_its_speed_alone(answer):
    one, other = (answer(*TRAIN, "--episodes", "50") for _ in range(2))
    assert one.pop("steps_per_second") > 0 and other.pop("steps_per_second") > 0
    assert one == other


def test_prediction_is_measured_by_its_values(answer, policy_file, refusal):
    world = ("--world", "cliff_walking", "--gamma", "1")
    td0 = ("train", "td0", *world, "--episodes", "2000", "--seeds", "2")
    best = answer(*td0, "--policy", "optimal")
    # nothing is random on the best path: 13 values, learnt to the last digit
    assert best["rms_error"] == pytest.approx(0, abs=1e-6) and len(best["rms_error_per_seed"]) == 2
    assert "oracle_gap" not in best and best["greedy_return"] == [-13.0] * 2
    # Q-learning's greedy policy goes along the edge as well
    loaded = answer(*td0, "--policy", policy_file)
    assert loaded["config"]["policy"] == "loaded" and loaded["greedy_return"] == [-13.0] * 2
    assert loaded["rms_error"] == pytest.approx(0, abs=1e-6)
    first = answer(
        "train", "td0", "--world", "random_walk_19", "--gamma", "1", "--episodes", "1", "--alpha", "1e-9"
    )
    # nothing learnt yet: the values of the random policy are -0.9, -0.8, ... 0.9
    assert first["rms_error"] == pytest.approx(np.sqrt(np.mean((np.arange(-9, 10) / 10) ** 2)), abs=1e-6)
    assert "this policy is for 4 x 12 cells" in refusal(
        "train", "td0", "--world", "windy", "--policy", policy_file
    )
    assert "cannot be read" in refusal(*td0, "--policy", "nowhere", status=1)
    assert "no hyperparameter 'policy'" in refusal(*TRAIN, "--policy", "random")
    assert "no policy is drawn" in refusal(*td0, "--policy", "drawn")


def test_a_preset_stands_under_what_is_said(answer, refusal):
    course = ("train", "q_learning", "--world", "grid_4x4", "--preset", "course")
    found = answer(*course)
    assert found["episodes"] == 10_000 and found["config"]["epsilon_schedule"] == "exponential"
    assert found["oracle_gap"] == pytest.approx(0, abs=1e-9)
    changed = answer(*course, "--episodes", "20", "--epsilon-decay", "0.9", "--set", "gamma=0.9")
    assert (changed["episodes"], changed["config"]["epsilon"]) == (20, 1.0)
    assert (changed["config"]["epsilon_decay"], changed["config"]["gamma"]) == (0.9, 0.9)
    assert answer(*course, "--steps", "700")["steps"] == 700
    assert "Q-learning has no preset 'none'; its presets: course" in refusal(*course[:-1], "none")


def test_the_schema_of_world_files(answer, capsys):
    kinds = {kind["title"]: kind for kind in answer("schema")["oneOf"]}
    assert set(kinds) == {"*.rlworld.json", "*.mdp.json"}
    assert "transitions" in kinds["*.mdp.json"]["required"]
    assert run(["schema"]) == 0
    assert json.loads(capsys.readouterr().out)["oneOf"] == list(kinds.values())


def test_a_loop_at_gamma_1_never_ends(answer):
    found = answer("train", "sarsa", "--world", "cliff_walking", "--episodes", "2", "--gamma", "1")
    assert found["oracle_gap"] == "never ends" and found["oracle_gap_per_seed"] == ["never ends"]


def test_without_a_budget_a_run_ends(answer):
    assert answer(*TRAIN)["episodes"] == 500
    planned = answer("train", "value_iteration", "--world", "cliff_walking", "--steps", "3")
    assert planned["steps"] == 3 and planned["mean_return_last_100"] == [None]


def test_out_keeps_everything(policy_file):
    folder = os.path.dirname(policy_file)
    assert sorted(os.listdir(folder)) == ["curves.csv", "policy.rlpolicy", "result.json", "run.rlcheckpoint"]
    with open(os.path.join(folder, "result.json"), encoding="utf-8") as file:
        result = json.load(file)
    assert result["policy_file"] == policy_file and result["seeds"] == 2
    with open(os.path.join(folder, "curves.csv"), newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * 300 and list(rows[0]) == ["seed", "episode", "episodes", "return", "length"]
    last = np.mean([float(row["return"]) for row in rows if row["seed"] == "0"][-100:])
    assert last == pytest.approx(result["mean_return_last_100"][0])
    session = load_checkpoint(os.path.join(folder, "run.rlcheckpoint"))
    assert session.finished and np.array_equal(session.agent.policy().q, load_policy(policy_file).q)


def test_updates_of_networks_are_a_table_of_their_own(answer, tmp_path):
    answer("train", "reinforce", "--world", "grid_4x4", "--episodes", "12", "--seeds", "2",
           "--set", "episodes_per_update=4", "--out", str(tmp_path))  # fmt: skip
    tables = {}
    for name in ("curves", "updates"):
        with open(tmp_path / f"{name}.csv", newline="", encoding="utf-8") as file:
            tables[name] = list(csv.DictReader(file))
    agent = load_checkpoint(os.path.join(tmp_path, "run.rlcheckpoint")).agent
    assert len(tables["curves"]) == 2 * 12 and "entropy" not in tables["curves"][0]
    losses = agent.curves()["value loss"]
    assert len(tables["updates"]) == losses.episodes.sum() <= 2 * 3
    assert float(tables["updates"][0]["value loss"]) == losses.values[0, 0]


def test_the_flags_of_an_algorithm_come_from_its_config(capsys):
    assert run(["train", "q_learning", "--help"]) == 0
    text = capsys.readouterr().out
    for row in registry()["q_learning"].Config.describe():
        assert f"--{row.name.replace('_', '-')}" in text
    assert run(["train", "value_iteration", "--help"]) == 0
    assert "--theta" in (text := capsys.readouterr().out) and "--epsilon" not in text


def test_solve_gives_the_values_of_the_book(answer, refusal):
    found = answer("solve", "--world", "russell_norvig_4x3", "--gamma", "1", "--values")
    rows = [[0.812, 0.868, 0.918, 0], [0.762, None, 0.660, 0], [0.705, 0.655, 0.611, 0.388]]
    for row, expected in zip(found["values"], rows, strict=True):
        for value, published in zip(row, expected, strict=True):
            assert value is None if published is None else value == pytest.approx(published, abs=5e-4)
    assert found["states"] == 12 and found["v_start"] == pytest.approx(0.705, abs=5e-4)
    assert {"iterations", "residual", "seconds"} <= set(found)
    assert len(answer("solve", "--world", "key_door", "--values")["values_by_carried"]) == 2
    assert "between 0 and 1" in refusal("solve", "--world", "windy", "--gamma", "1.5")


def test_evaluate(answer, policy_file, refusal):
    found = answer("evaluate", policy_file, "--world", "cliff_walking", "--episodes", "10")
    assert found["greedy_return"] == [-13.0, -13.0] and found["evaluation_episodes"] == 10
    assert found["warning"] is None
    assert "this policy is for" in refusal("evaluate", policy_file, "--world", "windy", status=1)


@pytest.mark.parametrize("kind", ["rlpolicy", "csv", "python", "png", "svg"])
def test_export(answer, policy_file, tmp_path, kind):
    file = tmp_path / f"out.{kind}"
    found = answer("export", policy_file, "--to", kind, "-o", str(file))
    assert found["file"] == str(file) and found["bytes"] == file.stat().st_size > 100
    starts = {"png": b"\x89PNG", "svg": b"<?xml", "csv": b"seed,row", "python": b'"""Q-learning'}
    assert file.read_bytes().startswith(starts.get(kind, b""))


def test_render(answer, policy_file, tmp_path, refusal):
    plain, shown, svg = (str(tmp_path / name) for name in ("plain.png", "shown.png", "best.svg"))
    assert answer("render", "cliff_walking", "-o", plain)["overlays"] == []
    assert answer("render", "cliff_walking", "--policy", policy_file, "-o", shown)["overlays"] == [
        "values",
        "policy",
    ]
    best = ("--overlay", "optimal_values", "--overlay", "optimal_policy", "--theme", "dark")
    answer("render", "maze:21:3", *best, "-o", svg)
    assert os.path.getsize(shown) > os.path.getsize(plain)
    assert "ends in .png or .svg" in refusal("render", "windy", "-o", str(tmp_path / "x.gif"))
    assert "no overlay 'foo'" in refusal("render", "windy", "--overlay", "foo", "-o", plain)
    assert "has 2 replicas" in refusal(
        "render", "cliff_walking", "--policy", policy_file, "--replica", "2", "-o", plain
    )


def test_import_and_validate(answer, tmp_path, policy_file, refusal, capsys):
    text, world = tmp_path / "lake.txt", str(tmp_path / "lake.rlworld.json")
    text.write_text("SFFF\nFHFH\nFFFH\nHFFG\n")
    found = answer("import", str(text), "-o", world)
    assert (found["height"], found["width"], found["file"]) == (4, 4, world)
    assert load_world(world).tile_at((1, 1)).id == "pit"
    assert answer("validate", world)["valid"] is True
    assert answer("validate", policy_file)["kind"] == "policy"
    text.write_text('{"format": "rlsandbox.world", "version": 9}')
    found = answer("validate", str(text), status=1)
    assert found["valid"] is False and "version 9" in found["error"] and found["place"].startswith(str(text))
    assert "version 9" in refusal("validate", str(text), status=1)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["train", "q_learning"], "say where with --world: a file, or one of grid_4x4, cliff_walking"),
        (["train", "q_learning", "--world", "clif_walking"], "did you mean cliff_walking?"),
        (["train", "q_lerning", "--world", "windy"], "there is no algorithm 'q_lerning'"),
        ([*TRAIN, "--alpha", "3"], "alpha: "),
        ([*TRAIN, "--set", "beta=1"], "there is no hyperparameter 'beta'"),
        ([*TRAIN, "--set", "alpha"], "write --set KEY=VALUE"),
        ([*TRAIN, "--steps", "-5"], "see rlsandbox train --help"),
        ([*TRAIN, "--steps", "many"], "no whole number"),
        ([*TRAIN, "--steps", "0"], "at least 1"),
        ([*TRAIN, "--seeds", "0"], "1 to 1024 seeds"),
        ([*TRAIN, "--theta", "1"], "unrecognized arguments"),
        (["frobnicate"], "invalid choice"),
        (["bench", "nothing"], "there is no benchmark 'nothing'; there are"),
        (["export", "x", "--to", "onyx", "-o", "y"], "invalid choice"),
    ],
)
def test_wrong_usage_is_one_sentence(refusal, arguments, sentence):
    assert sentence in refusal(*arguments)


def test_a_failure_is_one_sentence_and_one_object(answer, refusal, tmp_path):
    missing = str(tmp_path / "none.rlpolicy")
    assert "cannot be read" in refusal("evaluate", missing, status=1)
    assert answer("evaluate", missing, status=1)["place"] == missing
    (tmp_path / "file").write_text("")
    assert "folder cannot be made" in refusal(*TRAIN, "--out", str(tmp_path / "file" / "x"), status=1)


def test_a_run_that_diverges_fails(refusal, tmp_path):
    from rlsandbox.worlds.files import open_world, save_world

    world = str(tmp_path / "huge.rlworld.json")
    save_world(open_world("cliff_walking").with_rules(step_reward=1e300), world)
    arguments = ("train", "q_learning", "--world", world, "--gamma", "1", "--alpha", "1", "--steps", "1e9")
    assert "the updates diverge" in refusal(*arguments, status=1)


def program(*arguments: str, **options) -> subprocess.Popen:
    command = [sys.executable, "-m", "rlsandbox", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def test_ctrl_c_ends_a_run_cleanly():
    # a shell that starts the tests in the background lets its children ignore the signal
    listening = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    process = program(*TRAIN, "--steps", "1e13", preexec_fn=listening)
    time.sleep(5)  # long enough to be training: imports may swallow the signal's exit status
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (130, "", "rlsandbox: stopped by Ctrl+C.\n")


def test_a_reader_that_goes_away_is_no_traceback():
    process = program("list", "algorithms", "--json")
    assert process.stdout is not None
    process.stdout.close()
    process.stdout = None
    _, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (1, "")


def test_the_studio_without_a_display_says_so():
    hidden = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    process = program(env={name: value for name, value in os.environ.items() if name not in hidden})
    _, err = process.communicate(timeout=20)
    if sys.platform == "linux":
        assert process.returncode == 1 and "no display" in err and err.count("\n") == 1


def test_listing_loads_nothing_heavy():
    code = (
        "import sys; from rlsandbox.cli import run; run(['list', 'worlds']); "
        "heavy = {'numba', 'torch', 'PySide6', 'scipy', 'tqdm'}; "
        "print(heavy & set(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "set()\n"


def test_every_benchmark_can_be_run_by_name():
    import importlib

    assert "tabular" in benches() and "runner" not in benches()
    for name in benches():
        assert callable(importlib.import_module(f"rlsandbox.benchmarks.{name}").run)


def test_a_goal_behind_a_wall_is_told(tmp_path):
    (tmp_path / "walled.txt").write_text("S.#G\n..##\n")
    world = str(tmp_path / "walled.rlworld.json")
    assert run(["import", str(tmp_path / "walled.txt"), "-o", world]) == 0
    told = program("validate", world, "--json").communicate(timeout=30)[0]
    assert json.loads(told)["advice"] == [
        "No goal or pit can be reached from a start: nothing ends an episode."
    ]
