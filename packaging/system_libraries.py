"""Finds the shared libraries that Qt lacks on this system and, on Debian and Ubuntu, installs them."""

from __future__ import annotations

import ctypes
import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

Run = Callable[[Sequence[str]], int]  # runs a command, returns its exit status
Say = Callable[[str], None]

# What the loader looks for, and the Debian package that brings it. Without these no Qt program starts.
CORE = {
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libfontconfig.so.1": "libfontconfig1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libxkbcommon.so.0": "libxkbcommon0",
}
# A window on an X server needs these too.
XCB = {
    "libX11-xcb.so.1": "libx11-xcb1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
}
# And these one on Wayland.
WAYLAND = {
    "libwayland-client.so.0": "libwayland-client0",
    "libwayland-cursor.so.0": "libwayland-cursor0",
    "libwayland-egl.so.1": "libwayland-egl1",
}
PACKAGES = {**CORE, **XCB, **WAYLAND}
# Programs with which the tests open real windows where there is no screen.
TEST_PROGRAMS = {"Xvfb": "xvfb", "xauth": "xauth"}


def missing_libraries(names: Iterable[str]) -> list[str]:
    """The shared libraries among `names` that the loader does not find."""

    def loads(name: str) -> bool:
        try:
            ctypes.CDLL(name)
        except OSError:
            return False
        return True

    return [name for name in names if not loads(name)]


def provide(purpose: str, say: Say, run: Run) -> list[str]:
    """Install what Qt lacks, if that is possible.

    Args:
        purpose: "run" or "test"; the latter also wants a virtual X server.
        say: prints a line.
        run: runs a command.

    Returns:
        The libraries that are still missing; empty on macOS and Windows, where Qt brings its own.
    """
    if not sys.platform.startswith("linux"):
        return []
    missing = missing_libraries(PACKAGES)
    programs = TEST_PROGRAMS if purpose == "test" else {}
    packages = [PACKAGES[name] for name in missing]
    packages += [package for name, package in programs.items() if not shutil.which(name)]
    if packages and can_install():
        install(packages, say, run)
        missing = missing_libraries(PACKAGES)
    return missing


def advice(missing: Sequence[str]) -> str:
    """What a person does about missing libraries, as one sentence."""
    if shutil.which("apt-get"):
        return (
            f"Qt lacks system packages; to install them, type: {install_line([PACKAGES[n] for n in missing])}"
        )
    return f"Qt lacks {' '.join(missing)}: install them with the system's package manager."


def install_line(packages: Sequence[str]) -> str:
    """The line that a person types to install Debian packages."""
    prefix = "" if os.geteuid() == 0 else "sudo "
    return f"{prefix}apt-get update && {prefix}apt-get install -y " + " ".join(packages)


def install(packages: Sequence[str], say: Say, run: Run) -> bool:
    """Install Debian packages, as root or through sudo without a password."""
    say("Installing system packages with apt-get: " + " ".join(packages))
    apt = [*_as_root(), "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
    run([*apt, "update"])  # fails when offline: the lists that are there may still do
    if run([*apt, "install", "-y", "--no-install-recommends", *packages]) == 0:
        return True
    say("  apt-get failed; to see why, type:")
    say(f"  {install_line(packages)}")
    return False


@functools.cache
def can_install() -> bool:
    """Whether apt-get can install here: it exists, and we are root or sudo asks for no password."""
    if not sys.platform.startswith("linux") or not shutil.which("apt-get"):
        return False
    if os.geteuid() == 0:
        return True
    sudo = shutil.which("sudo")
    return bool(sudo) and subprocess.run([sudo, "-n", "true"], capture_output=True).returncode == 0


def _as_root() -> list[str]:
    return [] if os.geteuid() == 0 else ["sudo", "-n"]


def download_pip_wheel(folder: Path, run: Run) -> list[Path]:
    """Fetch Debian's package of pip's wheel and unpack it below `folder`; nothing is installed.

    `run` runs its command in `folder`.
    """
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        return []
    download = ["apt-get", "download", "python3-pip-whl"]
    if run(download) != 0:
        # No package lists yet: fetch them into a folder of our own, which needs no root.
        state = folder / "apt"
        (state / "lists" / "partial").mkdir(parents=True, exist_ok=True)
        (state / "archives" / "partial").mkdir(parents=True, exist_ok=True)
        own = ["-o", f"Dir::State::lists={state / 'lists'}", "-o", f"Dir::Cache={state}"]
        if run(["apt-get", *own, "update"]) != 0 or run([download[0], *own, *download[1:]]) != 0:
            return []
    for package in folder.glob("*.deb"):
        run(["dpkg-deb", "-x", str(package), str(folder)])
    return sorted(folder.glob("usr/share/python-wheels/pip-*.whl"))
