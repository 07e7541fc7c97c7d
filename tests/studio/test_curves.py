"""Curves: what is averaged over what, and what the panel says of it."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from rlsandbox.learning.agent import Curve
from rlsandbox.learning.walk import Walk
from rlsandbox.studio.plots.curves_panel import CurvesPanel
from rlsandbox.studio.plots.run_curves import (
    RunCurves,
    series_of,
    short_titles,
    smoothed,
    unsmoothed,
    window_of,
)
from rlsandbox.studio.theme import THEMES, theme_manager
from rlsandbox.training.history import Gap

NAN = float("nan")
NOTHING = np.empty(0)


def curve_of(values: list[list[float]], width: list[int], episodes: list[int]) -> Curve:
    return Curve(np.array(values), np.array(width, np.int64), np.array(episodes, np.int64))


def run_of(
    values: list[float], run_id: int = 0, width: int = 1, title: str = "Q-learning α 0.5"
) -> RunCurves:
    curve = curve_of([values], [width], [width * len(values)])
    gap = Gap(np.empty(0, np.int64), np.empty((0, 1)), np.empty((0, 1)))
    name = title.rpartition(" α")[0]
    return RunCurves(run_id, title, name, run_id, {"return": curve}, gap, None, (), (NOTHING, NOTHING))


def test_a_moving_mean_of_four_episodes() -> None:
    band = smoothed(run_of([8.0, 0.0, 4.0, 4.0, 0.0, 0.0]).curves["return"], episodes=4)
    assert band.median.tolist() == [8.0, 4.0, 4.0, 4.0, 2.0, 2.0]
    assert (band.window, band.x.tolist()) == (4, [1, 2, 3, 4, 5, 6])


def test_replicas_in_wider_bins_set_the_width() -> None:
    band = smoothed(curve_of([[1, 3, 5, 7], [2, 4, NAN, NAN]], [1, 2], [4, 4]), episodes=1)
    assert band.median.tolist() == [2.0, 5.0]
    assert (band.window, band.x.tolist()) == (2, [2, 4])


def test_percentiles_over_six_seeds_lie_between_the_returns() -> None:
    curve = curve_of([[0.0], [10.0], [20.0], [30.0], [40.0], [100.0]], [1] * 6, [1] * 6)
    band = unsmoothed(curve)
    # 0.1 * 5 and 0.9 * 5 lie half way between the first two and between the last two.
    assert (band.low.tolist(), band.median.tolist(), band.high.tolist()) == ([5.0], [25.0], [70.0])
    assert band.seeds == 6


def test_seeds_that_are_behind_leave_the_band_one_by_one() -> None:
    band = unsmoothed(
        curve_of([[0, 0, 0], [10, 10, NAN], [20, NAN, NAN], [30, NAN, NAN]], [1] * 4, [3, 2, 1, 1])
    )
    assert band.x.tolist() == [1.0, 2.0], "of the third episode there are less than half of the seeds"
    assert band.median.tolist() == [15.0, 5.0]
    assert band.low.tolist() == pytest.approx([3.0, 1.0])
    assert band.high.tolist() == pytest.approx([27.0, 9.0])


def test_seeds_without_an_episode_are_no_part_of_the_band() -> None:
    run = replace(run_of([]), curves={"return": curve_of([[4.0, 6.0], [NAN, NAN]], [1, 1], [2, 0])})
    band = series_of(run, "return")
    assert band is not None and band.seeds == 2
    assert band.low.tolist() == band.median.tolist() == band.high.tolist() == [4.0, 6.0]
    alone = replace(run, curves={"return": curve_of([[4.0], [NAN], [NAN]], [1] * 3, [1, 0, 0])})
    band = series_of(alone, "return")
    assert band is not None and not band.x.size, "one seed of three is no median"


def test_the_last_bin_ends_with_the_last_episode() -> None:
    # Seven episodes in bins of four: the last one holds three, and counts as three.
    curve = curve_of([[7.0, 0.0]], [4], [7])
    assert unsmoothed(curve).x.tolist() == [4.0, 7.0]
    band = smoothed(curve, episodes=8)
    assert band.x.tolist() == [4.0, 7.0] and band.median.tolist() == [7.0, 4.0]
    # Bins of two beside it: its episodes 5 and 6 return 3, episode 7 returns 9, their mean is 5.
    both = curve_of([[7.0, 0.0, NAN, NAN], [1.0, 1.0, 3.0, 9.0]], [4, 2], [7, 7])
    assert smoothed(both, episodes=4).median.tolist() == [4.0, 2.5]
    assert smoothed(both, episodes=4).x.tolist() == [4.0, 7.0]


def test_a_log_knows_how_many_episodes_it_has() -> None:
    walk = Walk.begin((0, 1))
    walk.width[:], walk.episodes[:] = (2, 1), (3, 2)
    walk.returns[:, :2] = [[10.0, 6.0], [1.0, 2.0]]
    curve = walk.curves()["return"]
    assert curve.values.tolist() == [[5.0, 6.0], [1.0, 2.0]]
    assert curve.episodes.tolist() == [3, 2]
    walk.episodes[0] = 4
    assert curve.episodes.tolist() == [3, 2], "it is a copy"


def test_the_gap_of_one_seed_is_drawn_as_it_was_measured() -> None:
    gap = Gap(np.array([100, 200, 300]), np.array([[4.0], [9.0], [15.0]]), np.array([[NAN], [2.0], [0.0]]))
    band = series_of(replace(run_of([0.0]), gap=gap), "gap")
    assert band is not None
    assert (band.x.tolist(), band.median.tolist()) == ([9.0, 15.0], [2.0, 0.0])
    assert (band.window, band.seeds, band.endless) == (1, 1, 0)


def test_exploration_is_drawn_as_it_is() -> None:
    epsilon = (np.array([0.0, 50.0, 100.0]), np.array([1.0, 0.5, 0.1]))
    band = series_of(replace(run_of([0.0]), epsilon=epsilon), "epsilon")
    assert band is not None
    assert band.x.tolist() == [0.0, 50.0, 100.0] and band.median.tolist() == [1.0, 0.5, 0.1]
    assert (band.window, band.seeds) == (1, 1)


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


def test_no_line_of_the_data_is_past_the_last_episode(qtbot: QtBot, tmp_path: Path) -> None:
    panel = CurvesPanel()
    qtbot.addWidget(panel)
    gap = Gap(np.array([90]), np.array([[7.0, 3.0]]), np.array([[NAN, 1.5]]))
    curves = {"return": curve_of([[-3.0, -1.0], [-5.0, NAN]], [4, 4], [7, 3])}
    panel.set_runs([replace(run_of([]), curves=curves, gap=gap)])
    panel.export_csv(tmp_path / "curves.csv")
    with (tmp_path / "curves.csv").open(encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert [(line["curve"], line["seed"], line["at"], line["value"]) for line in lines] == [
        ("return", "0", "4", "-3.0"),
        ("return", "0", "7", "-1.0"),
        ("return", "1", "3", "-5.0"),
        ("gap", "0", "7", "inf"),  # its policy never ends
        ("gap", "1", "3", "1.5"),
    ]


@pytest.fixture
def edited(qtbot: QtBot, qapp: QApplication) -> CurvesPanel:
    """Two hundred episodes with a change after the first hundred."""
    theme_manager().apply(qapp, "dark")
    panel = CurvesPanel()
    qtbot.addWidget(panel)
    panel.resize(1000, 220)
    panel.show()
    panel.set_runs([replace(run_of([-20.0] * 200), edits=((100.0, "alpha = 0.2"),), optimum=-13.0)])
    QApplication.processEvents()
    return panel


def hover(panel: CurvesPanel, episode: float, beside: int = 0) -> QPoint:
    """Put the pointer over an episode of the first plot, so many pixels beside it."""
    plot = panel._returns.plot
    place = plot._box.mapViewToScene(QPointF(episode, -16.0)).toPoint() + QPoint(beside, 0)
    QTest.mouseMove(plot.viewport(), place)
    QApplication.processEvents()
    return place


def test_marks_of_edits_follow_the_theme(edited: CurvesPanel, qapp: QApplication) -> None:
    plot = edited._returns.plot
    spot = plot._box.mapViewToScene(QPointF(100.0, -16.0)).toPoint()
    for name in ("dark", "light", "dark"):
        theme_manager().apply(qapp, name)
        QApplication.processEvents()
        image = plot.grab().toImage()
        columns = {image.pixelColor(spot.x() + dx, spot.y()).name() for dx in (-1, 0, 1)}
        assert QColor(THEMES[name].warn).name() in columns


def test_a_mark_under_the_pointer_is_told_in_the_heading(edited: CurvesPanel) -> None:
    note = edited._returns.note
    lasting = note.text()
    assert lasting.startswith("one seed")
    for beside in (-3, 0, 3):
        hover(edited, 100.0, beside)
        assert note.text() == "alpha = 0.2"
    edited.set_runs(edited._runs)
    assert note.text() == "alpha = 0.2", "new values leave it there"
    hover(edited, 100.0, 9)
    assert note.text() == lasting


def test_a_line_stands_at_the_episode_under_the_pointer(edited: CurvesPanel) -> None:
    plot = edited._returns.plot
    place = hover(edited, 40.0)
    image = plot.grab().toImage()
    frame = plot._box.sceneBoundingRect()
    faint = QColor(THEMES["dark"].faint).name()
    heights = range(round(frame.top()) + 2, round(frame.bottom()) - 2)
    most = max(
        sum(image.pixelColor(place.x() + dx, y).name() == faint for y in heights) for dx in (-2, -1, 0, 1, 2)
    )
    assert most > 0.8 * len(heights)


def test_axes_name_their_unit_and_the_optimum_its_value(edited: CurvesPanel, tmp_path: Path) -> None:
    edited.export_picture(tmp_path / "curves.svg")
    text = (tmp_path / "curves.svg").read_text(encoding="utf-8")
    assert ">episodes<" in text and ">optimal −13<" in text
    gap = Gap(np.array([1, 2]), np.zeros((2, 1)), np.array([[4.0], [0.0]]))
    edited.set_runs([replace(run_of([]), curves={}, gap=gap)])
    edited.export_picture(tmp_path / "sweeps.svg")
    text = (tmp_path / "sweeps.svg").read_text(encoding="utf-8")
    assert ">sweeps<" in text and ">episodes<" not in text


def test_runs_of_one_name_are_told_apart_by_their_number() -> None:
    titles = ["SARSA α 0.1", "SARSA α 0.5", "SARSA α 0.5 #2"]
    runs = [replace(run_of([0.0], k, title=title), name="SARSA") for k, title in enumerate(titles)]
    assert short_titles(runs) == titles
    assert short_titles(runs[1:]) == ["SARSA", "SARSA #2"]


def test_the_distance_of_a_method_that_predicts_is_an_error(qtbot: QtBot) -> None:
    panel = CurvesPanel()
    qtbot.addWidget(panel)
    control = run_of([0.0, 1.0])
    predicting = replace(control, run_id=1, predicts=True)
    for runs, title in (
        ([control], "Oracle gap"),
        ([predicting], "RMS error of V"),
        ([control, predicting], "Gap or error"),
        ([], "Oracle gap"),
    ):
        panel.set_runs(runs)
        assert panel._choice.itemText(panel._choice.findData("gap")) == title
