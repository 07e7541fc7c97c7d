"""The studio's window while an agent trains at full speed: frames, what training loses, how fast it stops.

A table trains in a real main window and a process of its own, and then networks: on a drawn world, on its
continuous form, and in an environment; once offscreen, and once under Xvfb where that is there. An interval
is the time between two ends of the paint event of the canvas, or of an environment's map.
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
RUNS = {
    "": ("q_learning", "cliff_walking", 16),
    "deep_": ("ppo", "cliff_walking", 16),
    "point_": ("ppo", "point:four_rooms", 4),
    "gym_": ("ppo", "gym:CartPole-v1", 1),
}
"""What trains, where, and with how many seeds, by what its figures' names begin with."""


def run(seconds: float | None = None) -> dict[str, Any]:
    """Measure for `seconds` (10) on each platform; milliseconds, and training rate as a share of headless."""
    report: dict[str, Any] = {}
    for (platform, command), (begins, trained) in itertools.product(_platforms().items(), RUNS.items()):
        algorithm, world, seeds = trained
        environment = {
            **os.environ,
            "RLSANDBOX_BENCH_SECONDS": str(seconds or SECONDS),
            "RLSANDBOX_BENCH_ALGORITHM": algorithm,
            "RLSANDBOX_BENCH_WORLD": world,
            "RLSANDBOX_BENCH_SEEDS": str(seeds),
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
