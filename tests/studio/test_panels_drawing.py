"""The tools and the palette, driven by mouse and keys."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from rlsandbox.studio.panels.palette_panel import PalettePanel
from rlsandbox.studio.panels.tools_panel import ToolsPanel
from rlsandbox.studio.panels.wind_editor import WindEditor
from rlsandbox.studio.theme import theme_manager
from rlsandbox.studio.tools import TOOLS
from rlsandbox.worlds.tiles import TILES

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture(autouse=True, scope="module", params=["dark", "light"])
def dressed(request, qapp):
    theme_manager().apply(qapp, request.param)


@pytest.fixture
def shown(qtbot):
    """A function that shows a panel in an active window of the left column's width."""

    def show(panel: QWidget, height: int = 700) -> QWidget:
        window = QWidget()
        layout = QVBoxLayout(window)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(panel)
        window.resize(220, height)
        qtbot.addWidget(window)
        panel.window_ = window  # pyright: ignore[reportAttributeAccessIssue]
        window.show()
        qtbot.waitExposed(window)
        window.activateWindow()
        qtbot.waitUntil(window.isActiveWindow)
        return window

    return show


def heard(signal) -> list:
    """What a signal tells from now on."""
    told: list = []
    signal.connect(told.append)
    return told


def palette_row(panel: PalettePanel, title: str):
    return panel.tile_actions[title].data()


def test_one_tool_is_in_hand_and_a_click_or_its_key_takes_another(qtbot, shown):
    panel = ToolsPanel(TOOLS)
    window = shown(panel, 120)
    told = heard(panel.tool_selected)
    assert panel.selected() == TOOLS[0].id
    panel.select("fill")
    assert (panel.selected(), told) == ("fill", [])
    qtbot.keyClick(window, Qt.Key.Key_B)
    assert (panel.selected(), told) == ("brush", ["brush"])
    assert [action.isChecked() for action in panel.tool_actions.values()].count(True) == 1
    assert "(B)" in panel.tool_actions["brush"].toolTip()


def test_every_tile_can_be_chosen_and_the_rows_keep_the_order_of_the_table(shown):
    panel = PalettePanel()
    shown(panel)
    for tile in TILES:
        panel.select(tile.id)
        assert panel.selected() == tile.id
    titles = list(panel.tile_actions)
    assert titles[:3] == ["Floor", "Wall", "Start"]
    assert titles.count("One-way") == 1
    assert len(titles) == len(TILES) - 9  # four one-way tiles, four keys and four doors share a row each


def test_a_click_chooses_a_tile_and_a_digit_another(qtbot, shown):
    panel = PalettePanel()
    window = shown(panel)
    told = heard(panel.tile_selected)
    qtbot.mouseClick(palette_row(panel, "Goal"), LEFT)
    qtbot.keyClick(window, Qt.Key.Key_2)
    assert told == ["goal", "wall"]
    assert palette_row(panel, "Wall").isChecked()
    assert not palette_row(panel, "Goal").isChecked()


def test_the_row_of_the_one_way_tile_turns_with_every_further_press(qtbot, shown):
    panel = PalettePanel()
    window = shown(panel)
    told = heard(panel.tile_selected)
    for _ in range(5):
        qtbot.keyClick(window, Qt.Key.Key_O)
    assert told == ["one_way_up", "one_way_right", "one_way_down", "one_way_left", "one_way_up"]
    qtbot.keyClick(window, Qt.Key.Key_1)
    qtbot.keyClick(window, Qt.Key.Key_O)
    assert told[-1] == "one_way_up"  # coming back does not turn it


def test_the_wind_opens_direction_and_strength_under_its_row(qtbot, shown):
    panel = PalettePanel()
    shown(panel)
    rose = panel._wind_editor
    assert not rose.isVisible()
    qtbot.mouseClick(palette_row(panel, "Wind"), LEFT)
    assert rose.isVisible()
    panel.select("wall")
    assert not rose.isVisible()


def test_a_narrow_window_folds_the_tiles_to_their_swatches(qtbot, shown):
    panel = PalettePanel()
    window = shown(panel)
    told = heard(panel.tile_selected)
    tall = panel.sizeHint().height()
    panel.set_compact(True)
    qtbot.waitUntil(lambda: panel.sizeHint().height() < 0.8 * tall)
    qtbot.waitUntil(lambda: palette_row(panel, "Cliff").width() == 44)
    first, third = palette_row(panel, "Floor"), palette_row(panel, "Start")
    assert third.y() > first.y()  # two in a row
    assert third.x() == first.x()
    qtbot.mouseClick(palette_row(panel, "Cliff"), LEFT)
    qtbot.keyClick(window, Qt.Key.Key_9)
    assert told == ["cliff", "wind"]
    assert panel._wind_editor.isVisible()
    panel.set_compact(False)
    panel.select("wall")
    qtbot.waitUntil(lambda: panel.sizeHint().height() == tall)


def test_tools_need_less_width_when_folded(qtbot, shown):
    panel = ToolsPanel(TOOLS)
    shown(panel, 200)
    assert panel.minimumSizeHint().width() == 28 + 4 * 44 + 3 * 4
    panel.set_compact(True)
    qtbot.waitUntil(lambda: panel.minimumSizeHint().width() == 28 + 2 * 44 + 4)


def test_a_wind_is_a_direction_times_a_strength(qtbot, shown):
    editor = WindEditor()
    shown(editor, 90)
    told = heard(editor.edited)
    assert editor.wind() == (-1, 0)
    qtbot.mouseClick(editor._rose, LEFT, pos=QPoint(60, 60))  # the lower right square
    assert told == [(1, 1)]
    editor._field.setFocus()
    qtbot.keyClick(editor._field, Qt.Key.Key_Up)
    assert told[-1] == (2, 2)
    editor._rose.setFocus()
    qtbot.keyClick(editor._rose, Qt.Key.Key_Right)  # clockwise: from lower right to down
    assert told[-1] == (2, 0)
    editor.set_wind((0, -3))
    assert (editor.wind(), len(told)) == ((0, -3), 3)
