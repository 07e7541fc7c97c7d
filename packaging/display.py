"""Says in one sentence why no window can be opened, before Qt aborts over it."""

from __future__ import annotations

import os
import re
import socket
import sys
from collections.abc import Sequence

import system_libraries

HEADLESS = "python3 packaging/run.py train q_learning --world cliff_walking"
WINDOWS = {"xcb": system_libraries.XCB, "wayland": system_libraries.WAYLAND}  # by Qt's platform


def obstacle(missing: Sequence[str]) -> str | None:
    """What keeps the studio from opening a window here, as a sentence, or None.

    Args:
        missing: the shared libraries that Qt lacks.
    """
    if not sys.platform.startswith("linux"):
        return None
    platform = os.environ.get("QT_QPA_PLATFORM", "")
    wayland, x11 = os.environ.get("WAYLAND_DISPLAY"), os.environ.get("DISPLAY")
    without = f"to train without a window, type: {HEADLESS}"
    if not platform and not wayland and not x11:
        return f"There is no display here for the studio's window; {without}"
    # Qt prefers Wayland where it is there, and falls back to X11.
    kind = platform or ("xcb" if x11 else "wayland")
    needed = {**system_libraries.CORE, **WINDOWS.get(re.split(r"[:;-]", kind)[0], {})}
    lacking = [name for name in missing if name in needed]
    if lacking:
        return system_libraries.advice(lacking)
    if kind.startswith("xcb") and not wayland and not (x11 and answers(x11)):
        return f"The display {x11 or 'that xcb needs'} does not answer; {without}"
    return None


def answers(name: str) -> bool:
    """Whether an X server listens at the display `name`, e.g. ":0" or "localhost:10.0"."""
    found = re.fullmatch(r"(?:unix|(?P<path>/.*)|(?P<host>.*?)(?:/unix)?):(?P<number>\d+)(?:\.\d+)?", name)
    if not found or found["path"]:
        return True  # not a form that we know: let Qt try
    number = int(found["number"])
    # An X server on this machine listens at an abstract socket, a socket file, or both.
    here = f"/tmp/.X11-unix/X{number}"
    addresses = [(socket.AF_UNIX, "\0" + here), (socket.AF_UNIX, here)]
    if found["host"]:
        addresses = [(socket.AF_INET, (found["host"], 6000 + number))]
    for family, address in addresses:
        with socket.socket(family, socket.SOCK_STREAM) as connection:
            connection.settimeout(3)
            try:
                connection.connect(address)
            except OSError:
                continue
            return True
    return False
