"""A point in the continuous form of a drawing: chosen, trained, asked about, edited, replayed."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from rlsandbox.learning.agent import Snapshot
from rlsandbox.marks import Arrows, Badge, Badges, Heatmap, Paths
from rlsandbox.studio.canvas.velocity_pad import VelocityPad
from rlsandbox.studio.main_window import MainWindow
from rlsandbox.studio.space_control import finest, top_speed
from rlsandbox.training.pace import Pace
from rlsandbox.training.playing import PlayedEpisode
from rlsandbox.worlds.files import open_world
from rlsandbox.worlds.point import Physics
from rlsandbox.worlds.point_world import PointWorld
from rlsandbox.worlds.simulation import Slice
from rlsandbox.worlds.tiles import CODE
from rlsandbox.worlds.world import World


def snapshot(window: MainWindow) -> Snapshot | None:
    return None if window.control.frame is None else window.control.frame.progress.snapshot


def learnt(window: MainWindow) -> Snapshot:
    found = snapshot(window)
    assert found is not None
    return found


def badge(window: MainWindow) -> Badge | None:
    found = [b for m in window.control.marks if isinstance(m, Badges) for b in m.badges if b.kind == "point"]
    return found[0] if found else None


def go(qtbot: QtBot, window: MainWindow, world: str = "grid_4x4") -> None:
    """Train a point, until there is something to see."""
    window.open_document(open_world(world))
    window.place_panel.choice.buttons["point"].click()
    qtbot.waitUntil(lambda: window.agent.picker.algorithm() == "ppo", timeout=20_000)
    window.control.set_pace(Pace(None, None))
    window.agent.primary.click()
    qtbot.waitUntil(
        lambda: window.control.frame is not None and bool(learnt(window).steps.any()), timeout=30_000
    )
    qtbot.waitUntil(lambda: any(isinstance(mark, Heatmap) for mark in window.control.marks), timeout=30_000)


def test_a_newcomer_takes_the_point_and_presses_train(qtbot: QtBot, window: MainWindow) -> None:
    go(qtbot, window)
    assert window.notice.text() == "PPO instead of Q-learning, which does not train here."
    played = learnt(window).played
    assert played is not None and played.slice == Slice(0, 1, 24, 24, (0.0, 0.0, 0.0, 0.0))
    heat = next(mark for mark in window.control.marks if isinstance(mark, Heatmap))
    assert heat.per_cell == 6 and heat.values.shape == (24, 24)
    assert np.isnan(heat.values[18:, 18:]).all() and np.isfinite(heat.values[:18]).all(), (
        "the goal has no value"
    )
    arrows = next(mark for mark in window.control.marks if isinstance(mark, Arrows))
    assert arrows.per_cell == 3 and arrows.rows.size == 9 * 15
    assert badge(window) is not None
    assert window.agent.settings()["seeds"] == (0, 1, 2, 3) and window.agent.settings()["steps"] == 20_000


def test_back_on_the_grid_everything_is_as_it_was(qtbot: QtBot, window: MainWindow) -> None:
    before = window.agent.settings()
    go(qtbot, window, "cliff_walking")
    window.place_panel.choice.buttons["grid"].click()
    qtbot.waitUntil(lambda: window.agent.picker.algorithm() == "q_learning", timeout=10_000)
    assert window.agent.settings() == before and window.notice.text() == ""
    assert window.places.place is window.document.world and not window.space.pad.isVisible()
    assert window.control.slice is None
    window.agent.primary.click()
    qtbot.waitUntil(lambda: snapshot(window) is not None and learnt(window).played is None, timeout=20_000)
    assert window.control.state == "training"


def test_what_has_no_continuous_form_says_why(qtbot: QtBot, window: MainWindow) -> None:
    point = window.place_panel.choice.buttons["point"]
    assert point.isEnabled()
    window.document.edit(window.document.world.painted([(0, 3)], "key"), "Paint")
    assert not point.isEnabled()
    assert point.toolTip() == "A point carries nothing: remove keys, doors and coins."
    window.document.undo_stack.undo()
    point.click()
    window.document.edit(window.document.world.painted([(0, 3)], "key"), "Paint")
    assert window.places.kind == "grid"
    assert window.notice.text() == "Back on the grid: a point carries nothing: remove keys, doors and coins."


def test_the_algorithms_that_do_not_fit_say_why(qtbot: QtBot, window: MainWindow) -> None:
    window.place_panel.choice.buttons["point"].click()
    qtbot.waitUntil(lambda: window.agent.picker.algorithm() == "ppo", timeout=20_000)
    items = window.agent.picker._items
    title = "Q-learning trains on drawn grid worlds, not on continuous worlds and Gymnasium environments."
    assert items["q_learning"].toolTip() == title and not items["q_learning"].isEnabled()
    assert items["dqn"].toolTip().startswith("DQN chooses numbered actions") and items["a2c"].isEnabled()


def test_a_wall_is_drawn_while_a_point_learns(qtbot: QtBot, window: MainWindow) -> None:
    go(qtbot, window)
    window.document.edit(window.document.world.painted([(1, 1)], "wall"), "Paint")

    def heat() -> Heatmap | None:
        return next((mark for mark in window.control.marks if isinstance(mark, Heatmap)), None)

    qtbot.waitUntil(
        lambda: (found := heat()) is not None and bool(np.isnan(found.by_cell[1, 1])), timeout=10_000
    )
    assert window.control.state == "training"
    place = window.control.frame.progress.place if window.control.frame else None
    assert isinstance(place, PointWorld) and place.drawn.terrain[1, 1] == CODE["wall"]
    window.document.edit(window.document.world.resized(5, 6), "Resize")
    qtbot.waitUntil(lambda: (found := heat()) is not None and found.values.shape == (30, 36), timeout=10_000)


def test_values_are_asked_at_the_velocity_of_the_pad(qtbot: QtBot, window: MainWindow) -> None:
    go(qtbot, window)
    window.space.pad.set_velocity(2.0, -4.0)
    wanted = Slice(0, 1, 24, 24, (0.0, 0.0, 0.22375, -0.4475))  # cut at 4 cells/s, in units of 8

    def asked() -> Slice | None:
        played = learnt(window).played
        return None if played is None else played.slice

    qtbot.waitUntil(lambda: asked() == wanted, timeout=10_000)
    window.space.pad.set_velocity(0.0, 0.0)
    qtbot.waitUntil(lambda: asked() == Slice(0, 1, 24, 24, (0.0,) * 4), timeout=10_000)


def test_a_click_asks_about_the_very_spot(qtbot: QtBot, window: MainWindow) -> None:
    go(qtbot, window)
    window.agent.primary.click()
    qtbot.waitUntil(lambda: window.control.state == "paused", timeout=10_000)
    qtbot.waitUntil(lambda: window.control.frame is not None and window.control.frame.state == "paused")
    view, scale = window.canvas.view, window.canvas.devicePixelRatioF()
    at = QPoint(int((view.left + 1.5 * view.cell) / scale), int((view.top + 0.75 * view.cell) / scale))
    qtbot.mouseClick(window.canvas, Qt.MouseButton.LeftButton, pos=at)
    texts = window.spot_panel.texts()
    place = [float(part) for part in texts["x, y"].split(", ")]
    assert place == pytest.approx([1.5, 0.75], abs=0.02)
    found = learnt(window)
    state = int(0.75 * 6) * 24 + int(place[0] * 6)
    assert found.played is not None
    assert texts["V"].replace("−", "-") == f"{found.v[state]:.2f}"
    force = [float(part) for part in texts["Force"].replace("−", "-").split(", ")]
    assert force == pytest.approx(found.played.forces[state], abs=0.005)
    assert texts["Velocity asked"] == "0.00, 0.00"


def test_an_episode_of_a_point_is_recorded_and_scrubbed(qtbot: QtBot, window: MainWindow) -> None:
    go(qtbot, window)
    window.agent.primary.click()
    qtbot.waitUntil(lambda: window.control.state == "paused", timeout=10_000)
    window.control.record()
    qtbot.waitUntil(lambda: window.control.episode is not None, timeout=20_000)
    episode = window.control.episode
    assert isinstance(episode, PlayedEpisode) and episode.seen.shape == (len(episode) + 1, 4)
    window.transport.pause()
    for t in (0, len(episode)):
        window.transport.set_frame(t)
        window.control.show_episode_frame(t)
        disc, seen = badge(window), (episode.seen[t, :2] + 1) * 2  # 4 cells over 2 units
        assert disc is not None and (disc.column, disc.row) == pytest.approx(tuple(seen), abs=1e-5)
    path = next(mark for mark in window.control.marks if isinstance(mark, Paths))
    assert len(path.points) == len(episode) + 1
    window.driving.export()
    assert window.notice.text() == "Only episodes of grids can be written to a file."


def test_nobody_drives_a_point(qtbot: QtBot, window: MainWindow) -> None:
    window.place_panel.choice.buttons["point"].click()
    window.drive()
    assert not window.driving.is_driving
    assert window.agent._said[0] == "One drives through a grid: choose Grid at the upper left."


def test_a_run_of_a_point_is_brought_back(qtbot: QtBot, window: MainWindow) -> None:
    go(qtbot, window)
    window.place_panel.choice.buttons["grid"].click()
    assert window.control.state == "empty"
    window.bring_back(0)
    qtbot.waitUntil(lambda: snapshot(window) is not None, timeout=10_000)
    assert window.places.kind == "point" and learnt(window).played is not None
    assert window.agent.picker.algorithm() == "ppo"


@pytest.mark.parametrize(
    ("height", "width", "parts"), [(4, 4, 6), (10, 10, 4), (13, 13, 3), (20, 20, 2), (40, 40, 1)]
)
def test_a_cell_is_cut_into_as_many_parts_as_there_is_time_for(height: int, width: int, parts: int) -> None:
    chosen = finest(PointWorld(World.blank(height, width)), (4.0, -8.0))
    assert (chosen.rows, chosen.columns) == (parts * height, parts * width)
    assert chosen.rows * chosen.columns <= 1600
    assert chosen.at == (0.0, 0.0, 0.5, -1.0)


def test_the_rim_is_what_a_force_reaches_on_floor() -> None:
    assert top_speed(Physics()) == 4.0
    assert top_speed(Physics(drag=0.5)) == 8.0
    assert top_speed(Physics(drag=0.0)) == 8.0


def test_the_pad_is_dragged_typed_on_and_reset(qtbot: QtBot) -> None:
    pad = VelocityPad()
    qtbot.addWidget(pad)
    pad.set_top(4.0)
    said: list[tuple[float, float]] = []
    pad.changed.connect(lambda x, y: said.append((x, y)))
    middle = QPoint(pad.width() // 2, 38)
    qtbot.mousePress(pad, Qt.MouseButton.LeftButton, pos=middle + QPoint(16, 0))
    assert pad.velocity() == (2.0, 0.0), "half way to the rim"
    qtbot.keyClick(pad, Qt.Key.Key_Up)
    assert pad.velocity() == (2.0, -0.25) and pad.text() == "2.0, −0.2 cells/s"
    qtbot.keyClick(pad, Qt.Key.Key_Delete)
    assert said[-1] == (0.0, 0.0) and pad.text() == "asked at rest"
    qtbot.mousePress(pad, Qt.MouseButton.LeftButton, pos=middle + QPoint(0, 40))
    assert pad.velocity() == (0.0, 4.0), "no further than the rim"
    qtbot.mouseDClick(pad, Qt.MouseButton.LeftButton, pos=middle)
    assert pad.velocity() == (0.0, 0.0)
