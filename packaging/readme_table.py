"""Writes the README's table of deep agents against Stable-Baselines3 from what two benchmarks have measured.

python3 packaging/run.py bench deep --json > deep.json
python3 packaging/run.py bench control --json > control.json
.venv/bin/python packaging/readme_table.py deep.json control.json
"""

from __future__ import annotations

import json
import math
import os
import platform
import re
import statistics
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

README = Path(__file__).resolve().parent.parent / "README.md"
BEGIN, END = "<!-- ratios -->", "<!-- end of ratios -->"


def table(deep: dict[str, Any], control: dict[str, Any]) -> str:
    """The rows, losses included, and where they were measured."""
    rows = [("what is measured", "Stable-Baselines3", "RL Sandbox", "ratio"), ("---", "---:", "---:", "---:")]
    speed = deep["steps_per_second"]
    for name in ("ppo", "a2c", "dqn"):
        theirs = speed[f"{name}.stable_baselines3"]
        for n, title in ((1, "one seed"), (16, "16 seeds, summed")):
            ours = speed[f"{name}.{n}"]
            what = f"{name.upper()}, 10x10 grid, steps/s, {title}"
            rows.append((what, f"{theirs:,.0f}", f"{ours:,.0f}", f"{ours / theirs:.1f} x"))
    for name, found in control["cartpole"].items():
        title = f"{name.upper()}, CartPole-v1, steps until 475"
        theirs = found.get("steps_stable_baselines3")
        ratio = f"{found['steps_to_theirs']:.2f} of the steps" if theirs else ""
        rows.append((title, _each(theirs), _each(found["steps"]), ratio))
        if theirs:
            seconds = _each(found["seconds_stable_baselines3"]), _each(found["seconds"])
            share = f"{found['seconds_to_theirs']:.2f} of the time"
            rows.append((f"{name.upper()}, CartPole-v1, seconds until 475", *seconds, share))
    for name, found in control["pendulum"].items():
        title = f"{name.upper()}, Pendulum-v1"
        returns = _each(found["greedy_return"])
        rows.append((f"{title}, greedy return after {found['steps']:,} steps", "", returns, ""))
        theirs, ours = found["steps_per_second_stable_baselines3"], found["steps_per_second"]
        rows.append((f"{title}, steps/s", f"{theirs:,.0f}", f"{ours:,.0f}", f"{ours / theirs:.1f} x"))
    lines = [f"| {' | '.join(row)} |" for row in rows]
    versions = ", ".join(
        f"{name} {version(name)}" for name in ("stable-baselines3", "torch", "numpy", "numba")
    )
    place = f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}, no GPU"
    lines.append(
        f"\nMeasured with {versions}; {place}. Of nine seeds median, least and most; ratios of medians."
    )
    return "\n".join(lines)


def _each(values: list[Any] | None) -> str:
    """Each of a few numbers; the median of more and where they lie, None being beyond all."""
    if values is None:
        return ""
    if len(values) <= 3:
        return ", ".join(_written(value) for value in values)
    known = sorted(math.inf if value is None else value for value in values)
    return f"{_written(statistics.median(known))} ({_written(known[0])} to {_written(known[-1])})"


def _written(value: float | None) -> str:
    return (
        "not"
        if value is None or value == math.inf
        else f"{value:,.0f}"
        if abs(value) >= 10
        else f"{value:.1f}"
    )


def main(deep: str, control: str) -> None:
    """Put the table between the README's two marks."""
    found = table(*(json.loads(Path(name).read_text()) for name in (deep, control)))
    text = README.read_text(encoding="utf-8")
    marks = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
    README.write_text(marks.sub(f"{BEGIN}\n{found}\n{END}", text), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:3])
