"""What somebody does who has never seen the window: nothing gets lost, nothing is drawn by accident."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

import rlsandbox
from rlsandbox.studio.main_window import MainWindow
from rlsandbox.worlds.tiles import CODE


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


def answer_dialogs(monkeypatch: pytest.MonkeyPatch, path: Path, chosen: str = "") -> None:
    for name in ("getSaveFileName", "getOpenFileName"):
        monkeypatch.setattr(QFileDialog, name, lambda *_: (str(path), chosen))


def test_exports_end_as_the_filter_says_and_tell_where_they_are(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    answer_dialogs(monkeypatch, tmp_path / "picture", "SVG (*.svg)")
    window.files.export_picture()
    assert (tmp_path / "picture.svg").stat().st_size > 1000
    assert str(tmp_path / "picture.svg") in window.notice.text()
    answer_dialogs(monkeypatch, tmp_path / "curves")
    window.files.export_curves()
    assert "no curves yet" in window.notice.text()


def test_an_old_complaint_goes_when_the_next_file_is_good(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "bad.txt").write_text("hello")
    (tmp_path / "good.txt").write_text("S.G")
    answer_dialogs(monkeypatch, tmp_path / "bad.txt")
    window.files.import_map()
    assert "no tile" in window.notice.text()
    answer_dialogs(monkeypatch, tmp_path / "good.txt")
    window.files.import_map()
    assert window.document.world.width == 3
    assert not window.notice.isVisible()


def test_episodes_of_an_opened_policy_can_be_watched(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    rlsandbox.train("value_iteration", "grid_4x4", steps=50).policy.save(tmp_path / "p.rlpolicy")
    answer_dialogs(monkeypatch, tmp_path / "p.rlpolicy")
    window.policies.ask()
    assert window.transport.record.isEnabled()
    window.transport.record.click()
    assert window.transport.mode() == "episode"


def test_who_draws_no_policy_is_told_so_under_train(qtbot: QtBot, window: MainWindow) -> None:
    window.agent.set_algorithm("td0", {"policy": "drawn"})
    window.agent.primary.click()
    qtbot.waitUntil(lambda: "no policy is drawn on this world" in window.agent._notice.text())
    window.document.edit(window.document.world.with_cell((3, 0), policy=0), "Draw policy")
    window.agent.budget.set_value(("episodes", 3))
    window.agent.primary.click()
    qtbot.waitUntil(lambda: window.control.state == "finished")
