"""The studio's window while an agent trains at full speed: frames, what training loses, how fast it stops.

A table trains, and then a network, in a real main window and a process of its own: once offscreen and once
under Xvfb where that is installed. An interval is the time between two ends of the canvas's paint event.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
from typing import Any

SECONDS = 10.0
ALGORITHMS = {"": "q_learning", "deep_": "ppo"}
"""What trains, by what its figures' names begin with; 16 seeds of it, on cliff walking."""


def run(seconds: float | None = None) -> dict[str, Any]:
    """Measure for `seconds` (10) on each platform; milliseconds, and training rate as a share of headless."""
    report: dict[str, Any] = {}
    for (platform, command), (begins, algorithm) in itertools.product(
        _platforms().items(), ALGORITHMS.items()
    ):
        environment = {
            **os.environ,
            "RLSANDBOX_BENCH_SECONDS": str(seconds or SECONDS),
            "RLSANDBOX_BENCH_ALGORITHM": algorithm,
        }
        if platform == "offscreen":
            environment["QT_QPA_PLATFORM"] = "offscreen"
        else:
            environment.pop("QT_QPA_PLATFORM", None)
        answer = subprocess.run(
            [*command, sys.executable, "-m", "rlsandbox.studio.measure"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=True,
        )
        figures = json.loads(answer.stdout.splitlines()[-1])
        report |= {f"{begins}{platform}_{name}": value for name, value in figures.items()}
    return report


def _platforms() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {"offscreen": []}
    if shutil.which("xvfb-run"):
        found["xvfb"] = ["xvfb-run", "-a", "-s", "-screen 0 1440x900x24"]
    return found
