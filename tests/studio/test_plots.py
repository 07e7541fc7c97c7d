"""Plots: what is drawn of the runs, how it is read, zoomed and exported."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QWheelEvent
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from rlsandbox.learning.agent import Curve
from rlsandbox.studio.plots.axes import round_step, tick_texts
from rlsandbox.studio.plots.curve_item import _pieces, _window
from rlsandbox.studio.plots.curves_panel import CurvesPanel
from rlsandbox.studio.plots.plot import Plot, span_of
from rlsandbox.studio.plots.run_curves import Band, RunCurves, series_of, short_titles, unsmoothed
from rlsandbox.studio.theme import THEMES, theme_manager
from rlsandbox.training.history import Gap

NOTHING = np.empty(0)
NO_GAP = Gap(np.empty(0, np.int64), np.empty((0, 1)), np.empty((0, 1)))


def run_of(
    values: list[list[float]],
    run_id: int = 0,
    title: str = "Q-learning α 0.5",
    gap: Gap = NO_GAP,
    optimum: float | None = None,
    edits: tuple[tuple[float, str], ...] = (),
) -> RunCurves:
    rows = np.array(values, float)
    curve = Curve(rows, np.ones(len(rows), np.int64), (~np.isnan(rows)).sum(axis=1))
    name = title.partition(" α")[0]
    epsilon = (np.array([0.0, 4.0]), np.array([0.2, 0.1]))
    return RunCurves(run_id, title, name, run_id, {"return": curve}, gap, optimum, edits, epsilon)


def band_of(x: list[float], median: list[float]) -> Band:
    values = np.array(median)
    return Band(np.array(x), values - 1.0, values, values + 1.0, 1, 3)


def distance(a: QColor, b: QColor) -> int:
    return abs(a.red() - b.red()) + abs(a.green() - b.green()) + abs(a.blue() - b.blue())


ShowPanel = Callable[[list[RunCurves]], CurvesPanel]


@pytest.fixture
def shown(qtbot: QtBot, qapp: QApplication) -> ShowPanel:
    theme_manager().apply(qapp, "dark")

    def show(runs: list[RunCurves]) -> CurvesPanel:
        panel = CurvesPanel()
        qtbot.addWidget(panel)
        panel.resize(1000, 220)
        panel.show()
        panel.set_runs(runs)
        panel._show_other()
        QApplication.processEvents()
        return panel

    return show


# -- numbers ---------------------------------------------------------------------------------------


def test_percentiles_over_eleven_seeds_are_those_of_the_sorted_returns() -> None:
    band = series_of(run_of([[float(seed)] for seed in range(11)]), "return")
    assert band is not None
    assert (band.low.tolist(), band.median.tolist(), band.high.tolist()) == ([1.0], [5.0], [9.0])
    assert band.seeds == 11


def test_a_curve_ends_where_less_than_half_of_the_seeds_are() -> None:
    nan = float("nan")
    band = series_of(run_of([[1, 1, 1, 1], [3, 3, 3, nan], [5, nan, nan, nan]]), "return")
    assert band is not None
    assert band.median.tolist() == [3.0, 2.0, 2.0]
    assert series_of(run_of([[nan, nan]]), "return") is None


def test_a_policy_that_never_ends_is_further_away_than_any_other() -> None:
    nan = float("nan")
    gaps = np.array([[nan, nan, 1.0], [nan, 2.0, 1.0], [0.0, 2.0, 1.0]])
    gap = Gap(np.array([10, 20, 30]), np.array([[1, 1, 1], [2, 2, 2], [3, 3, 3]], float), gaps)
    band = series_of(run_of([[0.0], [0.0], [0.0]], gap=gap), "gap")
    assert band is not None
    assert band.x.tolist() == [2.0, 3.0], "where the median seed never ends there is no distance"
    assert band.median.tolist() == [2.0, 1.0]
    assert band.high[0] == np.inf and band.endless == 0


def test_a_planner_is_drawn_over_its_sweeps() -> None:
    gap = Gap(np.array([1, 2]), np.zeros((2, 1)), np.array([[4.0], [0.0]]))
    run = RunCurves(1, "Value iteration γ 1", "Value iteration", 0, {}, gap, -13.0, (), (NOTHING, NOTHING))
    band = series_of(run, "gap")
    assert band is not None and band.x.tolist() == [1.0, 2.0] and run.unit("gap") == "sweeps"
    assert series_of(run, "return") is None and series_of(run, "epsilon") is None


def test_unsmoothed_curves_keep_their_peaks_when_they_are_thinned_out() -> None:
    values = np.zeros((1, 2000))
    values[0, 1234], values[0, 777] = -100.0, 50.0
    band = unsmoothed(Curve(values, np.array([4]), np.array([8000])))
    assert band.x.size == 400 and band.x[0] == 4.0 and band.x[-1] == 8000.0
    assert (band.median.min(), band.median.max()) == (-100.0, 50.0)
    assert (np.diff(band.x) > 0).all()


@pytest.mark.parametrize(
    ("titles", "names"),
    [
        (["Q-learning α 0.5 ε 0.1"], ["Q-learning"]),
        (["Q-learning α 0.5 ε 0.1", "SARSA α 0.5 ε 0.1"], ["Q-learning", "SARSA"]),
        (["SARSA α 0.5 ε 0.1", "SARSA α 0.1 ε 0.1"], ["SARSA α 0.5", "SARSA α 0.1"]),
    ],
)
def test_the_legend_names_what_tells_runs_apart(titles: list[str], names: list[str]) -> None:
    assert short_titles([run_of([[0.0]], title=title) for title in titles]) == names


@pytest.mark.parametrize(
    ("least", "step"), [(1.0, 1.0), (1.1, 2.0), (3.0, 5.0), (0.7, 1.0), (60.0, 100.0), (0.0, 1.0)]
)
def test_ticks_stand_at_round_numbers(least: float, step: float) -> None:
    assert round_step(least) == pytest.approx(step)


@pytest.mark.parametrize(
    ("values", "spacing", "texts"),
    [
        ([-100, -50, 0], 50, ["−100", "−50", "0"]),
        ([0, 0.1, 0.2], 0.1, ["0", "0.1", "0.2"]),
        ([0, 2500, 5000], 2500, ["0", "2,500", "5,000"]),
        ([0, 20_000, 40_000], 20_000, ["0", "20k", "40k"]),
        ([500_000, 1_000_000], 500_000, ["0.5M", "1M"]),
    ],
)
def test_tick_texts_share_one_unit(values: list[float], spacing: float, texts: list[str]) -> None:
    assert tick_texts(values, spacing) == texts


def test_a_bad_beginning_stays_outside_unless_all_is_wanted() -> None:
    values = np.full(100, -20.0)
    values[0] = -1000.0
    band = Band(np.arange(100.0), values, values, values, 1, 1)
    assert span_of(band, whole=False) == (-20.0, -20.0)
    assert span_of(band, whole=True) == (-1000.0, -20.0)


def test_lines_are_cut_off_where_the_plot_ends() -> None:
    # Down from 20 to -10 over 30 columns, through a plot from 0 to 10: inside from column 10 to column 20.
    pieces = _pieces(np.array([0.0, 30.0]), np.array([20.0, -10.0]), 0.0, 10.0)
    assert pieces == [[10.0, 10.0, 20.0, 0.0]]
    assert _pieces(np.array([0.0, 1.0]), np.array([20.0, 30.0]), 0.0, 10.0) == []
    assert _pieces(np.array([0.0, 1.0]), np.array([5.0, 5.0]), 0.0, 10.0) == [[0.0, 5.0, 1.0, 5.0]]
    assert _window(np.array([0.0, 1.0, 2.0, 3.0]), 0.5, 2.5).tolist() == [0.5, 1.0, 2.0, 2.5]


# -- the panel -------------------------------------------------------------------------------------


def test_the_library_of_the_plots_waits_until_the_window_stands(qtbot: QtBot) -> None:
    panel = CurvesPanel()
    qtbot.addWidget(panel)
    assert not panel._returns.is_made
    panel.show()
    qtbot.waitUntil(lambda: panel._returns.is_made)
    assert panel._returns.plot.isHidden() and "as soon as an agent trains" in panel._returns._empty.text()


def test_curves_are_drawn_in_the_colours_of_the_theme(shown: ShowPanel, qapp: QApplication) -> None:
    panel = shown([run_of([[5.0, 5.0, 5.0, 5.0]])])
    for name in ("dark", "light"):
        theme_manager().apply(qapp, name)
        QApplication.processEvents()
        image = panel._returns.plot.grab().toImage()
        ink = QColor(THEMES[name].series[0])
        column = [image.pixelColor(300, y) for y in range(image.height())]
        assert any(distance(pixel, ink) < 20 for pixel in column), f"the curve is {ink.name()}"


def test_the_wheel_zooms_and_a_double_click_fits_again(shown: ShowPanel, qtbot: QtBot) -> None:
    panel = shown([run_of([[float(k) for k in range(100)]])])
    plot = panel._returns.plot
    before = plot.viewRange()
    assert before[0] == [0.0, 100.0]
    middle = QPointF(plot.viewport().rect().center())
    wheel = QWheelEvent(
        middle,
        plot.viewport().mapToGlobal(middle),
        QPoint(),
        QPoint(0, 240),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(plot.viewport(), wheel)
    zoomed = plot.viewRange()
    assert zoomed[0][1] - zoomed[0][0] < 80.0
    panel.set_runs([run_of([[float(k) for k in range(120)]])])
    assert plot.viewRange() == zoomed, "new data leaves the user's view alone"
    QTest.mouseDClick(plot.viewport(), Qt.MouseButton.LeftButton, pos=middle.toPoint())
    assert plot.viewRange()[0] == [0.0, 120.0]


def test_what_is_read_off_is_the_nearest_point(qtbot: QtBot) -> None:
    from rlsandbox.studio.plots.plot import Drawn

    plot = Plot()
    qtbot.addWidget(plot)
    plot.set_curves({7: Drawn("SARSA", 0, band_of([10.0, 20.0, 30.0], [1.0, 2.0, 3.0]))})
    assert plot.value_at(7, 21.0) == (1.0, 2.0, 3.0)
    assert plot.value_at(7, 40.0) is None and plot.value_at(8, 20.0) is None


def test_an_edit_is_marked_and_told(shown: ShowPanel) -> None:
    panel = shown([run_of([[0.0] * 100], edits=((50.0, "alpha = 0.2"),))])
    plot = panel._returns.plot
    frame = plot._box.sceneBoundingRect()
    assert plot.edits_at(frame.center().x()) == ["alpha = 0.2"]
    assert plot.edits_at(frame.center().x() + 40) == []


def test_the_optimum_is_in_view(shown: ShowPanel) -> None:
    panel = shown([run_of([[-50.0, -40.0]], optimum=-13.0)])
    plot = panel._returns.plot
    low, high = plot.viewRange()[1]
    assert low < -50.0 and high > -13.0


def test_an_unchanged_run_is_not_worked_out_again(shown: ShowPanel) -> None:
    still = run_of([[1.0, 2.0]])
    panel = shown([still])
    band = panel._band(still, "return", 1)
    panel.set_runs([still, run_of([[3.0]], run_id=1)])
    assert panel._band(still, "return", 1) is band
    panel.set_runs([])
    assert not panel._bands, "nothing is kept of runs that are not shown"


def test_smoothing_can_be_switched_off(shown: ShowPanel) -> None:
    panel = shown([run_of([[-1.0, 1.0] * 250])])
    assert panel._returns.plot.value_at(0, 400.0) == (0.0, 0.0, 0.0)
    smooth = next(action for action in panel.menu().actions() if action.isCheckable())
    smooth.trigger()
    values = panel._returns.plot.value_at(0, 400.0)
    assert values is not None and abs(values[1]) == 1.0
    assert "mean of" not in panel._returns.note.text()


# -- export ----------------------------------------------------------------------------------------


def test_the_table_has_a_line_for_every_value(shown: ShowPanel, tmp_path: Path) -> None:
    nan = float("nan")
    gap = Gap(np.array([8]), np.array([[2.0, 1.0]]), np.array([[0.5, nan]]))
    shown([run_of([[1.0, 2.0], [3.0, nan]], gap=gap)]).export_csv(tmp_path / "curves.csv")
    with (tmp_path / "curves.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.reader(file))
    assert lines[0] == ["run", "title", "curve", "seed", "unit", "at", "value"]
    assert [line[2:] for line in lines[1:]] == [
        ["return", "0", "episodes", "1", "1.0"],
        ["return", "0", "episodes", "2", "2.0"],
        ["return", "1", "episodes", "1", "3.0"],
        ["gap", "0", "episodes", "2", "0.5"],
        ["gap", "1", "episodes", "1", "inf"],
        ["epsilon", "", "episodes", "0", "0.2"],
        ["epsilon", "", "episodes", "4", "0.1"],
    ]


def test_pictures_show_the_curves_and_no_buttons(shown: ShowPanel, tmp_path: Path) -> None:
    panel = shown([run_of([[0.0, 10.0, 0.0, 10.0]])])
    ink = THEMES["dark"].series[0]
    panel.export_picture(tmp_path / "curves.png")
    png = QImage(str(tmp_path / "curves.png"))
    assert (png.width(), png.height()) == (2000, 440)
    panel.export_picture(tmp_path / "curves.svg")
    svg = QImage(1000, 220, QImage.Format.Format_RGB32)
    painter = QPainter(svg)
    QSvgRenderer(str(tmp_path / "curves.svg")).render(painter)
    painter.end()
    for image in (png, svg):
        inks = {
            image.pixelColor(x, y).name() for x in range(0, image.width(), 2) for y in range(image.height())
        }
        assert {ink, THEMES["dark"].panel} <= inks
    assert panel._choice.isVisible() and panel._title.isHidden(), "the panel is as it was"


@pytest.mark.parametrize("name", ["curves.png", "curves.svg", "curves.csv"])
def test_what_cannot_be_written_is_told(shown: ShowPanel, tmp_path: Path, name: str) -> None:
    panel = shown([run_of([[0.0]])])
    write = panel.export_csv if name.endswith("csv") else panel.export_picture
    with pytest.raises(OSError):
        write(tmp_path / "missing" / name)


def test_new_values_cost_one_paint(shown: ShowPanel, monkeypatch: pytest.MonkeyPatch) -> None:
    paints: list[object] = []
    original = Plot.paintEvent

    def counted(self: Plot, event: QPaintEvent) -> None:
        paints.append(self)
        original(self, event)

    monkeypatch.setattr(Plot, "paintEvent", counted)
    panel = shown([run_of([[0.0, 1.0]])])
    QTest.qWait(30)
    paints.clear()
    panel.set_runs([run_of([[0.0, 1.0, 5.0]])])
    QTest.qWait(30)
    assert paints == [panel._returns.plot]
