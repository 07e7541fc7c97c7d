"""Finds, runs and writes reproductions."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
import re
import time
from pathlib import Path
from typing import Any

import rlsandbox.reproductions
from rlsandbox.reproductions.figure import Figure
from rlsandbox.worlds.errors import SandboxError


def names() -> tuple[str, ...]:
    """Names of all reproductions, in the order of their numbers: the files called figure_* and example_*."""
    modules = (module.name for module in pkgutil.iter_modules(rlsandbox.reproductions.__path__))
    found = [name for name in modules if re.fullmatch(r"(figure|example)(_\d+)+", name)]
    return tuple(sorted(found, key=lambda name: ([int(d) for d in re.findall(r"\d+", name)], name)))


def listed() -> list[dict[str, Any]]:
    """Name, title and source of every reproduction."""
    rows = []
    for name in names():
        module = importlib.import_module(f"rlsandbox.reproductions.{name}")
        rows.append({"id": name, "title": module.TITLE, "source": module.SOURCE, "about": module.SOURCE})
    return rows


def run_reproduction(name: str, quick: bool = False) -> Figure:
    """Make a figure anew.

    Args:
        name: one of `names()`.
        quick: fewer runs.

    Raises:
        SandboxError: there is no such reproduction.
    """
    if name not in names():
        raise SandboxError(f"there is no reproduction {name!r}; there are {', '.join(names())}.")
    module = importlib.import_module(f"rlsandbox.reproductions.{name}")
    began = time.perf_counter()
    figure = module.run(quick)
    return dataclasses.replace(figure, seconds=time.perf_counter() - began)


def draw(figure: Figure, path: Path) -> None:
    """Write a figure as PNG.

    Raises:
        SandboxError: the file cannot be written.
    """
    from rlsandbox.studio.plots.figure import write_figure

    runs = f"{figure.runs:,} {'run' if figure.runs == 1 else 'runs'}"
    write_figure(figure.title, f"{figure.source}; {runs}", figure.panels, path)
