"""A plain installation works: the wheel, in a clean environment outside the checkout."""

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def command(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `rlsandbox` command of an environment that has the wheel, and borrows its dependencies."""
    venv = tmp_path_factory.mktemp("clean environment") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    scripts = venv / ("Scripts" if os.name == "nt" else "bin")
    install = ["--python", str(scripts / "python"), "install", "--no-deps", "--no-index", str(wheel)]
    subprocess.run([sys.executable, "-m", "pip", *install], check=True, capture_output=True)
    # A path line adds our dependencies, but not the editable checkout, whose own .pth is not read there.
    site = next(venv.glob("[Ll]ib/**/site-packages"))
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    return scripts / "rlsandbox"


def run(command: Path, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run(
        [command, *args],
        cwd=command.parent,
        env={**clean, **env},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_wheel_carries_package_and_assets(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "rlsandbox/worlds/world.py" in names
    assets = {f"rlsandbox/{path.relative_to(ROOT).as_posix()}" for path in (ROOT / "assets").rglob("*.svg")}
    assert assets and assets <= set(names)
    assert {name.split("/")[0].split("-")[0] for name in names} == {"rlsandbox"}  # no tests, no scripts


def test_package_and_assets_come_from_the_wheel(command: Path) -> None:
    where = "from rlsandbox.worlds.assets import asset_path; print(asset_path('icons'))"
    done = run(command.with_name("python"), "-c", where)
    icons = Path(done.stdout.strip())
    assert icons.is_relative_to(command.parents[1]), done.stderr
    assert list(icons.glob("*.svg"))


def test_command_lists_worlds(command: Path) -> None:
    done = run(command, "list", "worlds")
    assert done.returncode == 0, done.stderr
    assert "cliff_walking" in done.stdout


def test_studio_starts_offscreen(command: Path) -> None:
    done = run(command, "studio", QT_QPA_PLATFORM="offscreen", RLSANDBOX_QUIT_AFTER="1")
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
