"""Curves: what is averaged over what, and what the panel says of it."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from rlsandbox.learning.agent import Curve
from rlsandbox.studio.plots.curves_panel import CurvesPanel
from rlsandbox.studio.plots.run_curves import RunCurves, series_of, smoothed, window_of
from rlsandbox.training.history import Gap


def run_of(
    values: list[float], run_id: int = 0, width: int = 1, title: str = "Q-learning α 0.5"
) -> RunCurves:
    curve = Curve(np.array([values]), np.array([width], np.int64))
    nothing = np.empty(0)
    gap = Gap(np.empty(0, np.int64), np.empty((0, 1)), np.empty((0, 1)))
    name = title.rpartition(" α")[0]
    return RunCurves(run_id, title, name, run_id, {"return": curve}, gap, None, (), (nothing, nothing))


def test_a_moving_mean_of_four_episodes() -> None:
    band = smoothed(run_of([8.0, 0.0, 4.0, 4.0, 0.0, 0.0]).curves["return"], episodes=4)
    assert band.median.tolist() == [8.0, 4.0, 4.0, 4.0, 2.0, 2.0]
    assert (band.window, band.x.tolist()) == (4, [1, 2, 3, 4, 5, 6])


def test_replicas_in_wider_bins_set_the_width() -> None:
    values = np.array([[1.0, 3.0, 5.0, 7.0], [2.0, 4.0, np.nan, np.nan]])
    band = smoothed(Curve(values, np.array([1, 2], np.int64)), episodes=1)
    assert band.median.tolist() == [2.0, 5.0]
    assert (band.window, band.x.tolist()) == (2, [2, 4])


@pytest.mark.parametrize(("n", "window"), [(10, 1), (100, 2), (500, 10)])
def test_a_window_covers_a_fiftieth_of_the_curve(n: int, window: int) -> None:
    run = run_of([0.0] * n)
    assert window_of(run, "return") == window
    band = series_of(run, "return")
    assert band is not None and band.window == window


def test_runs_that_lie_over_each_other_are_averaged_alike(qtbot: QtBot) -> None:
    panel = CurvesPanel()
    qtbot.addWidget(panel)
    panel.resize(1000, 220)
    panel.show()
    zigzag = [-1.0, 1.0] * 250
    panel.set_runs([run_of(zigzag), run_of(zigzag[:20], run_id=1)])
    for run_id in (0, 1):
        values = panel._returns.plot.value_at(run_id, 20.0)
        assert values is not None and values[1] == 0.0, "ten episodes of a zigzag cancel out"
    assert "10 episodes" in panel._returns.note.text()


def test_a_legend_of_many_runs_names_their_algorithms(qtbot: QtBot) -> None:
    panel = CurvesPanel()
    qtbot.addWidget(panel)
    panel.set_runs([run_of([0.0, 1.0], k, title="Expected SARSA α 0.5") for k in range(3)])
    assert panel._legend.text().count("Expected SARSA") == 3
    assert "α" not in panel._legend.text()
    narrow = panel._returns.minimumSizeHint().width()
    panel.set_runs([run_of([0.0, 1.0], k) for k in range(14)])
    assert "14 runs" in panel._legend.text()
    assert panel._returns.minimumSizeHint().width() == narrow, "the other plot keeps its room"


def test_where_there_is_no_curve_it_says_why(qtbot: QtBot) -> None:
    panel = CurvesPanel()
    qtbot.addWidget(panel)
    panel.show()
    panel.set_runs([run_of([0.0, 1.0])])
    qtbot.waitUntil(lambda: "never reaches an end" in panel._other._empty.text())
    assert panel._returns.plot.isVisible() and not panel._other.plot.isVisible()
    panel.set_runs([replace(run_of([0.0]), curves={})])
    assert "A planner has no episodes" in panel._returns._empty.text()
    panel.set_runs([])
    assert panel._returns._empty.isVisible() and "chosen in the table" in panel._returns._empty.text()
    panel.set_runs([run_of([0.0, 1.0])])
    assert panel._returns.plot.isVisible() and not panel._returns._empty.isVisible()


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_the_picture_is_written(qtbot: QtBot, tmp_path: Path, ending: str) -> None:
    panel = CurvesPanel()
    qtbot.addWidget(panel)
    panel.resize(800, 220)
    panel.show()
    panel.set_runs([run_of([0.0, 1.0, 0.5])])
    path = tmp_path / f"curves.{ending}"
    panel.export_picture(path)
    picture = QImage(str(path)) if ending == "png" else None
    assert path.stat().st_size > 2000
    assert picture is None or picture.width() == 1600
    if ending == "svg":
        assert "Return per episode" in path.read_text(encoding="utf-8")


def test_the_data_is_written(qtbot: QtBot, tmp_path: Path) -> None:
    panel = CurvesPanel()
    qtbot.addWidget(panel)
    panel.set_runs([run_of([-3.0, -1.0], width=5)])
    panel.export_csv(tmp_path / "curves.csv")
    with (tmp_path / "curves.csv").open(encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert [(line["curve"], line["at"], line["value"]) for line in lines] == [
        ("return", "5", "-3.0"),
        ("return", "10", "-1.0"),
    ]
