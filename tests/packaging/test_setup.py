"""The set-up scripts: what they ask for, when they make the environment anew, and what they say."""

import importlib
import json
import re
import shutil
import socket
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "packaging"


@pytest.fixture
def scripts(monkeypatch: pytest.MonkeyPatch):
    """Import one of the scripts in packaging/ by name, freshly."""
    monkeypatch.syspath_prepend(str(SCRIPTS))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    names = ("display", "python_version", "setup_env", "system_libraries")
    yield importlib.import_module
    for name in names:
        sys.modules.pop(name, None)


@pytest.fixture
def setup_env(scripts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The set-up script, working on an empty checkout; installing only writes down that it was asked to."""
    module = scripts("setup_env")
    venv = tmp_path / ".venv"
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "VENV", venv)
    monkeypatch.setattr(module, "STATE", venv / module.STATE.name)
    monkeypatch.setattr(module, "LOG", venv / module.LOG.name)
    monkeypatch.setattr(module, "PYTHON", venv / "bin" / "python")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    installed: list[str] = []

    def install(extras: str, lock: int) -> None:
        installed.append(extras)
        module.PYTHON.parent.mkdir(parents=True, exist_ok=True)
        if not module.PYTHON.exists():
            module.PYTHON.symlink_to(sys.executable)

    monkeypatch.setattr(module, "_install", install)
    monkeypatch.setattr(module, "_usable", lambda: module.PYTHON.exists())
    monkeypatch.setattr(module.system_libraries, "provide", lambda purpose, say, run: [])
    monkeypatch.setattr(module, "installed", installed, raising=False)
    return module


def test_lock_file_has_exact_versions_that_fit_pyproject() -> None:
    text = (SCRIPTS / "requirements.lock").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[a-z0-9.-]+==[\w.]+", line) for line in lines)  # no addresses, no paths
    locked = dict(line.split("==") for line in lines)
    assert locked["torch"] == "2.13.0"
    assert locked["pyside6-essentials"] == "6.11.3"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    for text in [*project["dependencies"], *extras["test"], *extras["dev"]]:
        wanted = Requirement(text)
        assert wanted.specifier.contains(locked[wanted.name.lower()]), wanted


def test_second_set_up_does_nothing(setup_env: ModuleType) -> None:
    assert setup_env.ensure("run") == []
    assert setup_env.ensure("run") == []
    assert setup_env.installed == [""]


def test_tests_need_more_and_the_program_keeps_it(setup_env: ModuleType) -> None:
    setup_env.ensure("run")
    setup_env.ensure("test")
    setup_env.ensure("run")
    assert setup_env.installed == ["", "[test,dev]"]


def test_changed_dependencies_are_installed_a_changed_linter_is_not(
    setup_env: ModuleType,
) -> None:
    pyproject = setup_env.ROOT / "pyproject.toml"
    text = pyproject.read_text(encoding="utf-8")
    setup_env.ensure("test")
    pyproject.write_text(text.replace("line-length = 110", "line-length = 90"), encoding="utf-8")
    setup_env.ensure("test")
    assert setup_env.installed == ["[test,dev]"]
    pyproject.write_text(text.replace('"tqdm>=4.66"', '"tqdm>=4.67"'), encoding="utf-8")
    setup_env.ensure("run")
    assert setup_env.installed == ["[test,dev]", "[test,dev]"]  # the tests' tools are kept up to date too


def test_interrupted_set_up_is_made_anew(setup_env: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    setup_env.ensure("run")
    half = setup_env.VENV / "half-written.txt"
    half.touch()
    setup_env.STATE.write_text(json.dumps({"state": "started", "ours": True}), encoding="utf-8")
    setup_env.ensure("run")
    assert not half.exists()
    assert "interrupted" in capsys.readouterr().err
    assert setup_env.installed == ["", ""]


@pytest.mark.parametrize("content", [None, "", "{", "[]"])
def test_empty_or_damaged_venv_is_mended(setup_env: ModuleType, content: str | None) -> None:
    setup_env.VENV.mkdir()
    if content is not None:
        setup_env.STATE.write_text(content, encoding="utf-8")
    assert setup_env.ensure("run") == []
    assert setup_env.installed == [""]


def test_somebody_elses_working_venv_is_used_and_never_removed(setup_env: ModuleType) -> None:
    setup_env.PYTHON.parent.mkdir(parents=True)
    setup_env.PYTHON.symlink_to(sys.executable)
    theirs = setup_env.VENV / "theirs.txt"
    theirs.touch()
    setup_env.ensure("run")
    state = json.loads(setup_env.STATE.read_text(encoding="utf-8"))
    setup_env.STATE.write_text(json.dumps({**state, "state": "started"}), encoding="utf-8")
    setup_env.ensure("run")
    assert theirs.exists()


def test_failed_install_says_so_and_is_tried_again_in_place(
    setup_env: ModuleType, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    install = setup_env._install

    def fail(extras: str, lock: int) -> None:
        install(extras, lock)
        (setup_env.VENV / "kept.txt").touch()
        raise setup_env.SetupError("no network.")

    with monkeypatch.context() as patch, pytest.raises(SystemExit) as end:
        patch.setattr(setup_env, "_install", fail)
        setup_env.ensure("run")
    assert end.value.code == 1
    assert "The set-up failed: no network." in capsys.readouterr().err
    setup_env.ensure("run")
    assert (setup_env.VENV / "kept.txt").exists()


def test_second_start_is_quick_and_passes_arguments_on(scripts, tmp_path: Path) -> None:
    """A folder with a space, another current directory, and an argument with a space."""
    checkout, elsewhere = tmp_path / "my checkout", tmp_path / "else where"
    elsewhere.mkdir()
    (checkout / "rlsandbox").mkdir(parents=True)
    (checkout / "rlsandbox" / "__main__.py").write_text("import os, sys\nprint(os.getcwd(), sys.argv[1:])\n")
    shutil.copytree(SCRIPTS, checkout / "packaging", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", checkout)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", checkout / ".venv"], check=True)
    site = next((checkout / ".venv").glob("[Ll]ib/**/site-packages"))
    (site / "checkout.pth").write_text(str(checkout))
    # What a finished set-up leaves behind:
    finish = (
        "import setup_env as s; s._write_state({'state': 'complete', 'purposes': ['run'],"
        " 'place': s._place(), 'content': s._content(), 'libraries': 'run'})"
    )
    subprocess.run([sys.executable, "-c", finish], check=True, cwd=checkout / "packaging")

    start = time.monotonic()
    command = [sys.executable, checkout / "packaging" / "run.py", "train", "a b", "--seeds=2"]
    done = subprocess.run(command, cwd=elsewhere, capture_output=True, text=True, check=True)
    assert time.monotonic() - start < 2
    assert done.stdout.strip() == f"{elsewhere} ['train', 'a b', '--seeds=2']"
    assert done.stderr == ""


def test_pip_output_becomes_plain_lines(setup_env: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    for line in (
        "Collecting numpy>=2",
        "  Downloading numpy-2.4.6-cp311-cp311-manylinux_2_28_x86_64.whl (16.9 MB)",
        "Processing /some/folder/torch-2.13.0+cpu-cp311-cp311-linux_x86_64.whl (from rlsandbox==0.1.0)",
        "WARNING: Location 'file:///nowhere' is ignored: it is neither a file nor a directory.",
        "Installing collected packages: numpy, torch, rlsandbox",
    ):
        setup_env._pip_progress(line)
    assert capsys.readouterr().err.splitlines() == [
        "  numpy 2.4.6 (16.9 MB)",
        "  torch 2.13.0+cpu",
        "Unpacking 3 packages.",
    ]


def test_missing_libraries_are_found_out(scripts) -> None:
    libraries = scripts("system_libraries")
    assert libraries.missing_libraries(["libnothing-of-that-name.so.9"]) == ["libnothing-of-that-name.so.9"]
    if sys.platform == "linux":
        assert libraries.missing_libraries(["libm.so.6"]) == []


def test_line_to_type_names_the_packages(scripts, monkeypatch: pytest.MonkeyPatch) -> None:
    libraries = scripts("system_libraries")
    monkeypatch.setattr(libraries.os, "geteuid", lambda: 1000, raising=False)
    monkeypatch.setattr(libraries.shutil, "which", lambda name: f"/usr/bin/{name}")
    advice = libraries.advice(["libGL.so.1", "libxcb-cursor.so.0"])
    assert advice.endswith(": sudo apt-get update && sudo apt-get install -y libgl1 libxcb-cursor0")


@pytest.fixture
def display(scripts, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    return scripts("display")


def test_without_a_display_it_says_how_to_run_headless(display: ModuleType) -> None:
    sentence = display.obstacle([])
    assert sentence.startswith("There is no display")
    assert "python3 packaging/run.py train q_learning --world cliff_walking" in sentence


def test_a_chosen_platform_needs_no_display(display: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    assert display.obstacle([]) is None
    assert "Qt lacks" in display.obstacle(["libGL.so.1"])
    assert display.obstacle(["libxcb-cursor.so.0"]) is None  # only X11 windows need it


def test_macos_and_windows_always_have_a_display(
    display: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert display.obstacle([]) is None


def test_a_dead_display_is_noticed_and_a_living_one_accepted(
    display: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        number = server.getsockname()[1] - 6000  # display N listens at port 6000 + N
        monkeypatch.setenv("DISPLAY", f"127.0.0.1:{number}.0")
        assert display.obstacle([]) is None
    assert "does not answer" in display.obstacle([])
