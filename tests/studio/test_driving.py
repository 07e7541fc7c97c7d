"""The person drives: keys move the agent, the score is shown, the episode is replayed and exported."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from rlsandbox.marks import Badges, Paths
from rlsandbox.studio.driving_control import keys_of_actions
from rlsandbox.studio.main_window import MainWindow
from rlsandbox.training.episodes import Episode
from rlsandbox.worlds.files import open_world
from rlsandbox.worlds.generators import bandit_of
from rlsandbox.worlds.rules import DIRECTIONS
from rlsandbox.worlds.tiles import CODE
from rlsandbox.worlds.world import World
from tests.studio.hands import stroke

Key = Qt.Key


def drive(qtbot: QtBot, window: MainWindow, *keys: Qt.Key) -> None:
    window.drive()
    for key in keys:
        qtbot.keyClick(window.canvas, key)


def agent_of(window: MainWindow) -> tuple[float, float]:
    badges = [b for mark in window.canvas.marks if isinstance(mark, Badges) for b in mark.badges]
    return next((badge.row, badge.column) for badge in badges if badge.kind == "agent")


def shown_notice(window: MainWindow) -> str:
    return window.canvas._notice


def test_every_action_has_a_key():
    kings = World.blank(2, 2).with_rules(moves=8, stay=True).actions
    keys = {kings[number].name: key for key, number in keys_of_actions(kings).items()}
    assert set(keys) == set(DIRECTIONS)
    assert (keys["up"], keys["up left"], keys["stay"]) == (Key.Key_Up, Key.Key_Home, Key.Key_Space)
    arms = World.blank(1, 10).painted([(0, column) for column in range(10)], "arm").with_rules(moves=0)
    assert [chr(key.value) for key in keys_of_actions(arms.actions)] == list("1234567890")
    taxi = open_world("taxi").actions
    keys = {taxi[number].name: key for key, number in keys_of_actions(taxi).items()}
    assert (keys["down"], keys["pick up"], keys["drop off"]) == (Key.Key_Down, Key.Key_1, Key.Key_2)


def test_the_arrow_keys_drive_before_anything_is_trained(qtbot: QtBot, window: MainWindow) -> None:
    drive(qtbot, window, Key.Key_Up, Key.Key_Right)
    assert agent_of(window) == (2.5, 1.5)
    assert any(isinstance(mark, Paths) for mark in window.canvas.marks)
    assert shown_notice(window) == "You drive: step 2, return −2 · optimal −13"
    assert window.canvas.selected_cell is None, "the keys move the agent, not the selection"
    assert window.control.current is None


def test_the_end_is_replayed_from_where_it_ended(qtbot: QtBot, window: MainWindow) -> None:
    drive(qtbot, window, Key.Key_Up, *[Key.Key_Right] * 11, Key.Key_Down)
    assert not window.driving.is_driving
    assert shown_notice(window) == ""
    assert window.notice.text().startswith("Ended at step 13: return −13 · optimal −13.")
    assert (window.transport.mode(), window.transport.frame()) == ("episode", 13)
    assert not window.transport.is_playing()
    assert agent_of(window) == (3.5, 11.5)
    window.transport.set_frame(1)
    assert agent_of(window) == (2.5, 0.5)
    qtbot.keyClick(window.canvas, Key.Key_Right)
    assert window.canvas.selected_cell is not None, "the keys are the canvas's again"
    window.showing.live()
    assert window.transport.mode() == "idle"
    assert window.canvas.marks == ()


def test_escape_ends_the_episode_and_then_leaves_it(qtbot: QtBot, window: MainWindow) -> None:
    drive(qtbot, window, Key.Key_Up, Key.Key_Escape)
    assert not window.driving.is_driving
    assert window.control.episode is not None
    assert len(window.control.episode) == 1
    assert window.notice.text().startswith("Cut at step 1: ")
    window.driving.leave()
    assert window.control.episode is None
    drive(qtbot, window, Key.Key_Escape)
    assert window.control.episode is None and not window.notice.isVisible()
    assert window.transport.mode() == "idle"


def test_digits_are_actions_while_somebody_drives_and_tiles_else(qtbot: QtBot, window: MainWindow) -> None:
    window.files.open_gallery("taxi")
    drive(qtbot, window, Key.Key_1)
    assert shown_notice(window).startswith("You drive: step 1, return −")
    assert "1 pick up, 2 drop off" in window.notice.text()
    assert window.tools.selected() == "select"


def test_a_click_beside_the_agent_moves_it_and_farther_away_looks_at_a_cell(
    qtbot: QtBot, window: MainWindow
) -> None:
    window.drive()
    stroke(window.canvas, (2, 0))
    stroke(window.canvas, (2, 1))
    assert agent_of(window) == (2.5, 1.5)
    assert window.canvas.selected_cell is None
    stroke(window.canvas, (0, 8))
    assert window.canvas.selected_cell == (0, 8)
    assert shown_notice(window).startswith("You drive: step 2,")
    assert "The arrow keys move, or a click beside the agent." in window.notice.text()


def test_with_a_brush_in_hand_a_click_is_a_stroke(qtbot: QtBot, window: MainWindow) -> None:
    window.drive()
    window.palette_panel.tile_actions["Wall"].trigger()
    stroke(window.canvas, (2, 0))
    assert window.document.world.terrain[2, 0] == CODE["wall"]
    assert not window.driving.is_driving


def test_more_arms_than_keys_are_chosen_or_clicked(qtbot: QtBot, window: MainWindow) -> None:
    window.open_document(bandit_of(np.arange(12.0), "Twelve arms"))
    world = window.document.world

    def pulled() -> list[int]:
        assert window.control.episode is not None and not window.driving.is_driving
        return window.control.episode.actions.tolist()  # an episode is one pull

    drive(qtbot, window, Key.Key_2)
    assert pulled() == [1]
    window.drive()
    assert window.notice.text().startswith(
        "Keys 1 to 0: arm 1 to arm 10, a click on an arm pulls it, Tab chooses any and Return does it."
    )
    eleventh, last = (divmod(int(world.arms[number]), world.width) for number in (10, 11))
    stroke(window.canvas, eleventh)
    assert pulled() == [10]
    drive(qtbot, window, Key.Key_Tab)
    assert shown_notice(window).endswith(" · Return: arm 1")
    qtbot.keyClick(window.canvas, Key.Key_Backtab, Qt.KeyboardModifier.ShiftModifier)
    assert shown_notice(window).endswith(" · Return: arm 12")
    assert window.canvas._highlight == last
    qtbot.keyClick(window.canvas, Key.Key_Return)
    assert pulled() == [11]
    assert window.canvas._highlight is None


def test_tab_leaves_the_canvas_where_every_action_has_a_key(qtbot: QtBot, window: MainWindow) -> None:
    window.drive()
    qtbot.waitUntil(window.canvas.hasFocus)
    qtbot.keyClick(window.canvas, Key.Key_Tab)
    assert not window.canvas.hasFocus()


def test_an_edit_of_the_world_ends_the_drive(qtbot: QtBot, window: MainWindow) -> None:
    drive(qtbot, window, Key.Key_Up)
    window.document.edit(window.document.world.painted([(0, 0)], "wall"), "Wall")
    assert not window.driving.is_driving
    assert (window.control.episode, shown_notice(window)) == (None, "")
    assert window.canvas.world == window.document.world


def test_one_can_drive_while_an_agent_is_there_and_go_back_to_it(qtbot: QtBot, window: MainWindow) -> None:
    window.agent.budget.set_value(("episodes", 20))
    window.agent.primary.click()
    qtbot.waitUntil(lambda: window.control.state == "finished")
    drive(qtbot, window, Key.Key_Up)
    assert agent_of(window) == (2.5, 0.5)
    assert window.control.progress is not None
    window.driving.leave()
    window.driving.leave()
    assert window.transport.mode() == "live"
    drive(qtbot, window, Key.Key_Up)
    window.step()
    assert not window.driving.is_driving
    assert shown_notice(window) == ""


def test_the_dice_are_others_each_time(qtbot: QtBot, window: MainWindow) -> None:
    window.document.edit(window.document.world.with_rules(slip=0.9, slip_kind="random"), "Slip")
    ways = set()
    for _ in range(3):
        drive(qtbot, window, *[Key.Key_Up] * 12)
        assert isinstance(window.control.episode, Episode)
        ways.add(tuple(window.control.episode.states.tolist()))
    assert len(ways) == 3


def test_an_episode_is_exported(qtbot: QtBot, window: MainWindow, monkeypatch, tmp_path: Path) -> None:
    window.driving.export()
    assert window.notice.text().startswith("There is no episode yet")
    drive(qtbot, window, Key.Key_Up, Key.Key_Escape)
    target = tmp_path / "mine"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *args: (str(target), "JSON (*.json)"))
    window.driving.export()
    assert (tmp_path / "mine.json").exists()
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *args: (f"{target}.csv", ""))
    window.driving.export()
    with open(f"{target}.csv", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["action"], row["reward"], row["next_row"], row["truncated"]) == ("up", "-1.0", "2", "1")


def test_a_world_without_an_end_has_no_optimal_return(qtbot: QtBot, window: MainWindow) -> None:
    window.document.edit(World.blank(2, 2).painted([(0, 0)], "start").with_rules(step_reward=1.0), "Open")
    drive(qtbot, window, Key.Key_Right)
    assert shown_notice(window) == "You drive: step 1, return 1"


def test_nobody_drives_where_nobody_can_act(window: MainWindow) -> None:
    window.document.edit(World.blank(1, 1).painted([(0, 0)], "goal"), "Goal")
    window.drive()
    assert not window.driving.is_driving
    assert "nobody can act" in window.agent._notice.text()


@pytest.mark.parametrize("name", ["Drive", "Export episode…"])
def test_it_stands_in_the_menus(window: MainWindow, name: str) -> None:
    assert any(action.text().replace("&", "") == name for action in window.actions())
