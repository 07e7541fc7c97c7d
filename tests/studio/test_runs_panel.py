"""The table of runs, driven as a user drives it."""

from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication

from rlsandbox.studio.panels.runs_panel import RunsPanel
from rlsandbox.studio.panels.runs_table import RunRow, figure
from rlsandbox.studio.theme import theme, theme_manager

LEFT = Qt.MouseButton.LeftButton
Q_LEARNING = RunRow(
    4, "Q-learning α 0.5 ε 0.1", 0, 16, -49.9, -13.0, 0.0, "finished", "alpha 0.5\nepsilon 0.1"
)
SARSA = RunRow(5, "SARSA α 0.5 ε 0.1", 1, 16, -27.2, -17.0, 4.0, "paused")
LOST = RunRow(7, "SARSA α 2", 9, 1, None, None, "never ends", "failed")


@pytest.fixture
def panel(qtbot, qapp):
    theme_manager().apply(qapp, "dark")
    widget = RunsPanel()
    widget.resize(412, 200)
    qtbot.addWidget(widget)
    widget.show()
    qtbot.waitExposed(widget)
    widget.activateWindow()
    return widget


def heard(signal) -> list:
    result: list = []
    signal.connect(lambda value: result.append(value))
    return result


def texts(panel: RunsPanel) -> list[list[str]]:
    model = panel.model
    return [
        [model.index(row, column).data() for column in range(model.columnCount())]
        for row in range(model.rowCount())
    ]


def middle(panel: RunsPanel, row: int, column: int = 0) -> QPoint:
    return panel.table.visualRect(panel.model.index(row, column)).center()


def click(qtbot, panel: RunsPanel, row: int, keys=Qt.KeyboardModifier.NoModifier) -> None:
    qtbot.mouseClick(panel.table.viewport(), LEFT, keys, middle(panel, row))


def test_empty_it_says_what_to_do(panel):
    assert not panel.table.isVisible() and panel._empty.isVisible()
    assert "Press Train" in panel._empty.text()
    panel.set_rows([SARSA])
    assert panel.table.isVisible() and not panel._empty.isVisible()
    panel.set_rows([])
    assert not panel.table.isVisible() and panel.selected_ids() == ()


def test_a_line_a_run(panel):
    panel.set_rows([Q_LEARNING, SARSA, LOST])
    assert texts(panel) == [
        ["Q-learning α 0.5 ε 0.1", "16", "−49.9", "−13", "0"],
        ["SARSA α 0.5 ε 0.1", "16", "−27.2", "−17", "4"],
        ["SARSA α 2", "1", "–", "–", "never ends"],
    ]
    tip = panel.model.index(0, 2).data(Qt.ItemDataRole.ToolTipRole)
    assert tip.startswith("Q-learning α 0.5 ε 0.1\nfinished\nalpha 0.5\nepsilon 0.1\n")
    assert "Double-click" in tip


def test_runs_of_another_world_are_no_longer_shown_and_say_their_world(panel):
    lake = [replace(Q_LEARNING, world="Frozen lake"), replace(SARSA, world="Frozen lake")]
    panel.set_rows(lake)
    assert texts(panel)[0][0] == "Q-learning α 0.5 ε 0.1"
    panel.set_rows([*lake, replace(LOST, world="Dyna maze")])
    assert panel.selected_ids() == (LOST.run_id,)
    names = [row[0].rpartition(" · ")[2] for row in texts(panel)]
    assert names == ["Frozen lake", "Frozen lake", "Dyna maze"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(-49.94, "−49.9"), (-13.0, "−13"), (0.7341, "0.734"), (1.5, "1.5"), (-12345.6, "−12,346"), (-1e-9, "0"),
     (100.0, "100"), (None, "–")],
)  # fmt: skip
def test_figures_are_as_long_as_they_need_to_be(value, text):
    assert figure(value) == text


def test_a_new_run_is_shown_beside_those_that_are(panel):
    changes = heard(panel.selection_changed)
    panel.set_rows([Q_LEARNING])
    panel.set_rows([Q_LEARNING, SARSA])
    assert changes == [(4,), (4, 5)] and panel.selected_ids() == (4, 5)
    assert panel._count.text() == "2 of 2 shown"


def test_selecting_says_whose_curves_to_show(qtbot, panel):
    panel.set_rows([Q_LEARNING, SARSA, LOST])
    changes = heard(panel.selection_changed)
    click(qtbot, panel, 2)
    click(qtbot, panel, 0, Qt.KeyboardModifier.ControlModifier)
    assert changes == [(7,), (4, 7)]
    assert panel._count.text() == "2 of 3 shown"


def test_the_selection_stays_with_its_runs(qtbot, panel):
    panel.set_rows([Q_LEARNING, SARSA, LOST])
    click(qtbot, panel, 1)
    changes = heard(panel.selection_changed)
    panel.set_rows([replace(Q_LEARNING, online_return=-40.0), SARSA, LOST])
    assert texts(panel)[0][2] == "−40" and changes == []
    panel.set_rows([SARSA, LOST])
    assert panel.selected_ids() == (5,) and changes == []
    panel.set_rows([LOST])
    assert panel.selected_ids() == () and changes == [()]


def test_new_figures_repaint_only_their_line(panel):
    panel.set_rows([Q_LEARNING, SARSA])
    rows = []
    panel.model.dataChanged.connect(lambda first, last: rows.append((first.row(), last.row())))
    panel.set_rows([Q_LEARNING, SARSA])
    panel.set_rows([Q_LEARNING, replace(SARSA, state="training")])
    assert rows == [(1, 1)]


def test_a_run_is_brought_back_by_mouse_keys_and_menu(qtbot, panel):
    back = heard(panel.bring_back)
    panel.set_rows([Q_LEARNING, SARSA])
    click(qtbot, panel, 0)
    qtbot.mouseDClick(panel.table.viewport(), LEFT, pos=middle(panel, 0))
    panel.table.setFocus()
    qtbot.keyClick(panel.table, Qt.Key.Key_Down)
    qtbot.keyClick(panel.table, Qt.Key.Key_Return)
    panel.table.actions()[0].trigger()
    assert back == [4, 5, 5]


def test_delete_removes_one_run_however_many_are_shown(qtbot, panel):
    removed = heard(panel.removed)
    panel.set_rows([Q_LEARNING, SARSA])
    panel.table.setFocus()
    assert panel.selected_ids() == (4, 5)
    qtbot.keyClick(panel.table, Qt.Key.Key_Delete)
    assert removed == [5], "the newest line is the current one"


def test_all_curves_are_shown_by_one_key(qtbot, panel):
    panel.set_rows([Q_LEARNING, SARSA])
    click(qtbot, panel, 0)
    qtbot.keyClick(panel.table, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    assert panel.selected_ids() == (4, 5)


@pytest.mark.parametrize("name", ["dark", "light"])
def test_the_dot_has_the_colour_of_the_curve(qtbot, qapp, panel, name):
    theme_manager().apply(qapp, name)
    panel.set_rows([Q_LEARNING, LOST])
    cells = panel.table.viewport().grab().toImage()
    for row, series in ((0, 0), (1, 1)):  # colour 9 of 8 is the second one again
        place = panel.table.visualRect(panel.model.index(row, 0))
        at = QPoint(place.left() + 10, place.center().y())
        scale = cells.devicePixelRatio()
        assert cells.pixelColor(round(at.x() * scale), round(at.y() * scale)) == QColor(
            theme().series[series]
        )


def test_names_have_room_and_narrow_panels_drop_the_seeds(panel):
    panel.set_rows([Q_LEARNING, SARSA])
    metrics = panel.table.fontMetrics()
    assert panel.table.columnWidth(0) > metrics.horizontalAdvance(Q_LEARNING.title) + 16
    panel.resize(320, 200)
    QApplication.sendPostedEvents()
    assert panel.table.isColumnHidden(1)
    panel.resize(412, 200)
    QApplication.sendPostedEvents()
    assert not panel.table.isColumnHidden(1)
