"""Measures the real main window in this process; the benchmark of the studio runs it once a platform."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time

import numpy as np
from PySide6.QtCore import QSettings, QTimer
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QWidget

from rlsandbox.studio.app import SWITCH_INTERVAL, application
from rlsandbox.studio.canvas import Canvas
from rlsandbox.studio.main_window import MainWindow
from rlsandbox.studio.theme import theme_manager
from rlsandbox.studio.training_control import TrainingControl
from rlsandbox.training.pace import Pace
from rlsandbox.training.session import RunSpec, TrainingSession
from rlsandbox.worlds.gym_world import GymWorld
from rlsandbox.worlds.places import Place, open_place
from rlsandbox.worlds.simulation import Simulation


def _headless_rate(algorithm: str, place: Place, seeds: int, seconds: float) -> float:
    """Steps a second of the same run without a window."""
    session = TrainingSession(RunSpec(algorithm, place, seeds=tuple(range(seeds))))
    session.run_slice(0.5)
    first, began = int(session.agent.steps.sum()), time.perf_counter()
    while time.perf_counter() - began < seconds:
        session.run_slice()
    return (int(session.agent.steps.sum()) - first) / (time.perf_counter() - began)


def _shown_on(place: Place) -> type[QWidget]:
    """The widget that paints every frame of a run there."""
    if isinstance(place, GymWorld):
        from rlsandbox.studio.environment.state_map import StateMap

        return StateMap
    return Canvas


def measure_window(algorithm: str, world: str, seeds: int, seconds: float) -> dict[str, float]:
    """Frame intervals (ms), training rate as a share of headless, and how soon Stop is answered (ms).

    Args:
        algorithm: what trains.
        world: where, as `open_place` knows it.
        seeds: how many agents.
        seconds: for so long.
    """
    place = open_place(world)
    QSettings.setDefaultFormat(QSettings.Format.IniFormat)
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, tempfile.mkdtemp())
    headless = _headless_rate(algorithm, place, seeds, 2.0)
    sys.setswitchinterval(SWITCH_INTERVAL)
    app = application()
    theme_manager().apply(app, "dark")
    paints: list[float] = []
    painted = _shown_on(place)
    original = painted.paintEvent

    def timed(self: QWidget, event: QPaintEvent) -> None:
        original(self, event)
        paints.append(time.perf_counter())

    painted.paintEvent = timed  # type: ignore[method-assign]
    window = MainWindow()
    window.resize(1440, 900)
    window.show()
    control = window.control
    control.set_pace(Pace(None, None))
    request = {
        "algorithm": algorithm,
        "config": {},
        "seeds": tuple(range(seeds)),
        "steps": 10**15,
        "episodes": None,
    }
    marks: dict[str, float] = {}

    def begin() -> None:
        drawn = place.drawing if isinstance(place, Simulation) else place
        if drawn is not None:
            window.open_document(drawn)
        window.places.go_to(place)
        control.train(place, request)

    def measure() -> None:
        paints.clear()
        marks["began"], marks["steps"] = time.perf_counter(), _steps(control)

    def end() -> None:
        marks["ended"], marks["steps_ended"] = time.perf_counter(), _steps(control)
        marks["frames"] = len(paints)
        control.state_changed.connect(stopped)
        marks["stop"] = time.perf_counter()
        control.trainer.stop_run()

    def stopped(state: str, _sentence: str) -> None:
        if state == "finished":
            marks["stopped"] = time.perf_counter()
            window.document.undo_stack.setClean()
            window.close()
            app.quit()

    QTimer.singleShot(1500, begin)
    QTimer.singleShot(3500, measure)
    QTimer.singleShot(int(3500 + 1000 * seconds), end)
    app.exec()
    intervals = np.diff(paints[: int(marks["frames"])]) * 1000
    rate = (marks["steps_ended"] - marks["steps"]) / (marks["ended"] - marks["began"])
    return {
        "frame_ms_p50": round(float(np.percentile(intervals, 50)), 2),
        "frame_ms_p99": round(float(np.percentile(intervals, 99)), 2),
        "frame_ms_max": round(float(intervals.max()), 2),
        "frames": int(intervals.size),
        "steps_per_second": round(rate),
        "headless_steps_per_second": round(headless),
        "share_of_headless": round(rate / headless, 3),
        "stop_ms": round(1000 * (marks["stopped"] - marks["stop"]), 1),
    }


def _steps(control: TrainingControl) -> float:
    """Steps of all replicas as of the newest frame."""
    return float(control.frame.progress.snapshot.steps.sum()) if control.frame is not None else 0.0


if __name__ == "__main__":
    seconds = float(os.environ["RLSANDBOX_BENCH_SECONDS"])
    algorithm, world = os.environ["RLSANDBOX_BENCH_ALGORITHM"], os.environ["RLSANDBOX_BENCH_WORLD"]
    seeds = int(os.environ["RLSANDBOX_BENCH_SEEDS"])
    print(json.dumps(measure_window(algorithm, world, seeds, seconds)))
