"""What somebody does who has never seen the window: nothing gets lost, nothing is drawn by accident."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from rlsandbox.studio.app import application
from rlsandbox.studio.main_window import MainWindow
from rlsandbox.studio.theme import theme_manager
from rlsandbox.worlds.tiles import CODE


@pytest.fixture
def window(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch):
    theme_manager().apply(application(), "dark")
    monkeypatch.setattr(QMessageBox, "exec", lambda self: QMessageBox.StandardButton.Discard)
    window = MainWindow()
    qtbot.addWidget(window)
    window.resize(1440, 900)
    window.show()
    yield window
    window.close()


def middle_of(window: MainWindow, row: int, column: int) -> QPoint:
    middle = window.canvas.view.rect(row, column).center() / window.canvas.devicePixelRatioF()
    return middle.toPoint()


def test_a_first_click_looks_at_a_cell_and_draws_nothing(qtbot: QtBot, window: MainWindow) -> None:
    before = window.document.world
    qtbot.mouseClick(window.canvas, Qt.MouseButton.LeftButton, pos=middle_of(window, 1, 6))
    assert window.canvas.selected_cell == (1, 6)
    assert window.document.world == before


@pytest.mark.parametrize("tool", ["select", "eraser", "eyedropper", "pan"])
def test_who_takes_a_tile_draws_with_it(qtbot: QtBot, window: MainWindow, tool: str) -> None:
    window.tools.tool_actions[tool].trigger()
    window.palette_panel.tile_actions["Wall"].trigger()
    assert window.tools.selected() == "brush"
    qtbot.mouseClick(window.canvas, Qt.MouseButton.LeftButton, pos=middle_of(window, 1, 6))
    assert window.document.world.terrain[1, 6] == CODE["wall"]


def test_a_tile_leaves_a_tool_that_lays_tiles_in_hand(window: MainWindow) -> None:
    window.tools.tool_actions["rectangle"].trigger()
    window.palette_panel.tile_actions["Goal"].trigger()
    assert window.tools.selected() == "rectangle"


def test_escape_gives_up_a_stroke(qtbot: QtBot, window: MainWindow) -> None:
    left = Qt.MouseButton.LeftButton
    before = window.document.world
    window.palette_panel.tile_actions["Wall"].trigger()
    qtbot.mousePress(window.canvas, left, pos=middle_of(window, 1, 6))
    qtbot.mouseMove(window.canvas, pos=middle_of(window, 1, 8))
    qtbot.keyClick(window.canvas, Qt.Key.Key_Escape)
    qtbot.mouseRelease(window.canvas, left, pos=middle_of(window, 1, 8))
    assert window.document.world == before


def test_another_world_opens_with_nothing_selected(window: MainWindow) -> None:
    window.canvas.select((1, 1))
    window.files.open_gallery("key_door")
    assert window.canvas.selected_cell is None
    assert window.control.selected is None
