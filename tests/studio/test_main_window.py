"""The real window, driven as a person drives it."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtWidgets import QFileDialog, QMessageBox
from pytestqt.qtbot import QtBot

from rlsandbox.marks import Badges, Heatmap, Paths
from rlsandbox.studio.frames import Frame
from rlsandbox.studio.main_window import MainWindow
from rlsandbox.training.pace import Pace
from rlsandbox.training.session import RunSpec, TrainingSession
from rlsandbox.worlds.files import open_world, save_world
from rlsandbox.worlds.tiles import CODE

AS_FAST_AS_IT_GOES = Pace(None, None)


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    """Compile what a run needs before a window waits for it."""
    session = TrainingSession(RunSpec("q_learning", open_world("cliff_walking"), episodes=5))
    session.tracks_gap = True
    session.run()
    session.evaluate()


def train(window: MainWindow, episodes: int = 200, seeds: int = 2, pace: Pace = AS_FAST_AS_IT_GOES) -> None:
    window.agent.seeds.set_value(seeds)
    window.agent.budget.set_value(("episodes", episodes))
    window.control.set_pace(pace)
    window.agent.primary.click()


def wait_for(qtbot: QtBot, window: MainWindow, state: str) -> None:
    qtbot.waitUntil(lambda: window.control.state == state, timeout=30_000)


def click_cell(qtbot: QtBot, window: MainWindow, row: int, column: int) -> None:
    found = [
        QPoint(x, y)
        for x in range(0, window.canvas.width(), 4)
        for y in range(0, window.canvas.height(), 4)
        if window.canvas.cell_at(QPointF(x, y)) == (row, column)
    ]
    qtbot.mouseClick(window.canvas, Qt.MouseButton.LeftButton, pos=found[len(found) // 2])


def frame_of(window: MainWindow) -> Frame:
    frame = window.control.frame
    assert frame is not None
    return frame


def shown_terrain(window: MainWindow, row: int, column: int) -> int:
    frame = window.control.frame
    return -1 if frame is None else int(frame.progress.world.terrain[row, column])


def test_a_newcomer_presses_train_and_sees_an_agent_learn(qtbot: QtBot, window: MainWindow) -> None:
    window.agent.primary.click()
    qtbot.waitUntil(lambda: window.control.frame is not None and window.control.frame.progress.clock > 100)
    # a frame may show the first state of an episode, which has no path yet
    qtbot.waitUntil(lambda: {Heatmap, Paths} <= {type(mark) for mark in window.control.marks})
    assert window.control.state == "training"
    episodes = frame_of(window).progress.snapshot.episodes[0]
    assert episodes < 200, "a run starts at a pace that one can follow"


def test_the_window_learns_what_the_headless_session_learns(qtbot: QtBot, window: MainWindow) -> None:
    train(window, episodes=120, seeds=3)
    wait_for(qtbot, window, "finished")
    request = window.agent.run_request()
    headless = TrainingSession(RunSpec(world=window.document.world, **request))
    headless.run()
    tables: list[np.ndarray] = []
    window.control.trainer.call(lambda session: tables.append(session.agent.state()["tables.q"]))
    qtbot.waitUntil(lambda: bool(tables))
    np.testing.assert_array_equal(tables[0], headless.agent.state()["tables.q"])


def test_pause_step_episode_continue_stop_reset(qtbot: QtBot, window: MainWindow) -> None:
    train(window, episodes=100_000_000)
    wait_for(qtbot, window, "training")
    window.agent.primary.click()
    wait_for(qtbot, window, "paused")
    qtbot.waitUntil(lambda: frame_of(window).state == "paused")
    clock = frame_of(window).progress.clock
    window.agent.buttons["step"].click()
    qtbot.waitUntil(lambda: frame_of(window).progress.clock == clock + 1)
    update = frame_of(window).progress.snapshot.update
    assert update is not None and update.step == clock + 1
    assert any(isinstance(mark, Badges) for mark in window.control.marks)
    episode = int(frame_of(window).progress.snapshot.episodes[0])
    window.agent.buttons["episode"].click()
    qtbot.waitUntil(lambda: int(frame_of(window).progress.snapshot.episodes[0]) == episode + 1)
    wait_for(qtbot, window, "paused")
    window.agent.primary.click()
    wait_for(qtbot, window, "training")
    window.agent.buttons["stop"].click()
    wait_for(qtbot, window, "finished")
    window.agent.buttons["reset"].click()
    wait_for(qtbot, window, "empty")
    assert not window.control.marks


def test_continue_extends_the_budget(qtbot: QtBot, window: MainWindow) -> None:
    train(window, episodes=50)
    wait_for(qtbot, window, "finished")
    qtbot.waitUntil(lambda: window.control.frame is not None and window.control.frame.state == "finished")
    assert frame_of(window).progress.snapshot.episodes.tolist() == [50, 50]
    window.agent.primary.click()
    qtbot.waitUntil(
        lambda: frame_of(window).progress.snapshot.episodes.tolist() == [100, 100], timeout=10_000
    )


def test_a_wall_put_in_the_agents_way_while_it_learns(qtbot: QtBot, window: MainWindow) -> None:
    train(window, episodes=100_000_000)
    wait_for(qtbot, window, "training")
    window.palette_panel.select("wall")
    window._pick_tile()
    click_cell(qtbot, window, 2, 5)
    assert window.document.world.terrain[2, 5] == CODE["wall"]
    qtbot.waitUntil(lambda: shown_terrain(window, 2, 5) == CODE["wall"])
    assert frame_of(window).progress.edits[-1][1] == "world edited"
    assert window.control.state == "training"
    window.document.undo_stack.undo()
    qtbot.waitUntil(lambda: shown_terrain(window, 2, 5) == CODE["floor"])


def test_a_hyperparameter_changes_during_the_run(qtbot: QtBot, window: MainWindow) -> None:
    train(window, episodes=100_000_000)
    wait_for(qtbot, window, "training")
    qtbot.waitUntil(lambda: window.control.runs[0].curves is not None)
    window.agent.form.edited.emit("epsilon", 0.5)
    qtbot.waitUntil(
        lambda: (
            window.control.frame is not None
            and window.control.frame.progress.snapshot.metrics["epsilon"] == 0.5
        )
    )

    def shown_epsilon() -> list[float]:
        curves = window.control.runs[0].curves
        return [] if curves is None else curves.epsilon[1].tolist()

    qtbot.waitUntil(lambda: shown_epsilon()[-1:] == [0.5])
    assert shown_epsilon()[0] == 0.1


def test_an_episode_is_recorded_and_scrubbed(qtbot: QtBot, window: MainWindow) -> None:
    train(window, episodes=500, seeds=1)
    wait_for(qtbot, window, "finished")
    window.control.record()
    qtbot.waitUntil(lambda: window.control.episode is not None)
    episode = window.control.episode
    assert episode is not None and episode.terminated and len(episode) == 13, "the greedy path along the edge"
    window.control.show_episode_frame(13)
    agents = [b for m in window.control.marks if isinstance(m, Badges) for b in m.badges if b.kind == "agent"]
    assert (agents[0].row, agents[0].column) == (3.5, 11.5)
    window.control.show_episode_frame(0)
    agents = [b for m in window.control.marks if isinstance(m, Badges) for b in m.badges if b.kind == "agent"]
    assert (agents[0].row, agents[0].column) == (3.5, 0.5)


def test_a_broken_file_leaves_the_open_world_untouched(qtbot: QtBot, window: MainWindow, tmp_path) -> None:
    before = window.document.world
    broken = tmp_path / "broken.rlworld.json"
    broken.write_text('{"format": "rlsandbox.world", "version": 1, "terr')
    window.files.open_path(str(broken))
    assert window.document.world is before
    assert "broken.rlworld.json" in window.notice.text()


def test_saving_and_opening(qtbot: QtBot, window: MainWindow, tmp_path) -> None:
    path = tmp_path / "mine.rlworld.json"
    window.document.edit(window.document.world.painted([(0, 0)], "wall"), "Paint")
    assert window.document.unsaved
    window.document.save(path)
    assert not window.document.unsaved and window.document.title == "mine.rlworld.json"
    assert open_world(str(path)) == window.document.world


def test_cancel_keeps_unsaved_edits(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.document.edit(window.document.world.painted([(0, 0)], "wall"), "Paint")
    monkeypatch.setattr(QMessageBox, "exec", lambda self: QMessageBox.StandardButton.Cancel)
    assert not window.close()
    assert window.isVisible()
    monkeypatch.setattr(QMessageBox, "exec", lambda self: QMessageBox.StandardButton.Discard)


def test_runs_are_compared_and_brought_back(qtbot: QtBot, window: MainWindow) -> None:
    train(window, episodes=60)
    wait_for(qtbot, window, "finished")
    window.agent.set_algorithm("sarsa")
    window.agent.algorithm_changed.emit("sarsa")
    wait_for(qtbot, window, "empty")
    train(window, episodes=60)
    wait_for(qtbot, window, "finished")
    assert [run.spec.algorithm for run in window.control.runs.values()] == ["q_learning", "sarsa"]
    qtbot.waitUntil(lambda: all(run.curves is not None for run in window.control.runs.values()))
    window.bring_back(0)
    qtbot.waitUntil(lambda: window.control.frame is not None and window.control.frame.run_id == 0)
    assert window.agent.run_request()["algorithm"] == "q_learning"


def test_every_action_has_a_name_and_shortcuts_are_not_ambiguous(window: MainWindow) -> None:
    seen: dict[str, str] = {}
    for action in window.actions() + window.tools.actions() + window.palette_panel.actions():
        assert action.text()
        for keys in action.shortcuts():
            text = keys.toString()
            assert seen.setdefault(text, action.text()) == action.text(), f"{text} means two things"


def test_closing_while_it_trains_ends_the_thread(qtbot: QtBot, window: MainWindow) -> None:
    train(window, episodes=100_000_000)
    wait_for(qtbot, window, "training")
    window.close()
    assert window.control.trainer.isFinished()


def test_a_world_that_was_saved_headless_opens(qtbot: QtBot, window: MainWindow, tmp_path) -> None:
    path = tmp_path / "lake.rlworld.json"
    save_world(open_world("frozen_lake_4x4"), path)
    window.files.open_path(str(path))
    assert window.document.world.height == 4
    train(window, episodes=20)
    wait_for(qtbot, window, "finished")
    assert frame_of(window).progress.world.height == 4


def test_a_world_of_the_gallery_brings_its_hyperparameters(window: MainWindow) -> None:
    window.files.open_gallery("frozen_lake_4x4")
    request = window.agent.run_request()
    assert request["config"]["epsilon_schedule"] == "exponential" and request["episodes"] == 20_000
    window.files.open_gallery("dyna_maze")
    request = window.agent.run_request()
    assert request["config"] == {"alpha": 0.5, "gamma": 0.95} and request["episodes"] == 500


def test_slow_steps_are_written_out_while_it_trains(qtbot: QtBot, window: MainWindow) -> None:
    train(window, pace=Pace(5, None))
    qtbot.waitUntil(lambda: window.control.frame is not None and window.control.frame.progress.clock >= 2)
    assert window.control.is_stepping
    window.control.set_pace(AS_FAST_AS_IT_GOES)
    assert not window.control.is_stepping


def test_a_policy_is_saved_opened_and_saved_in_another_format(
    qtbot: QtBot, window: MainWindow, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = tmp_path / "cliff.rlpolicy", tmp_path / "cliff.py"
    names = iter([str(first), str(second)])
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (next(names), ""))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(first), ""))
    train(window, episodes=50)
    wait_for(qtbot, window, "finished")
    window.files.save_policy()
    qtbot.waitUntil(lambda: window.notice.text().startswith("Policy saved"))
    window.policies.ask()
    assert window.control.policy is not None and window.control.current is None
    assert any(isinstance(mark, Heatmap) for mark in window.control.marks)
    window.canvas.select((3, 0))
    shown = {name: label.text() for name, label in window.inspector.values.items()}
    assert (shown["optimal"], shown["policy"], shown["visits"]) == ("−13.00", "up", "–")
    window.control.record()
    assert window.transport.mode() == "episode"
    window.showing.live()
    assert window.transport.mode() == "live" and window.transport.play.isEnabled()
    window.showing.take_replica(None)
    assert window.control.progress is not None and window.control.progress.snapshot.replica is None
    window.files.save_policy()
    assert "def act(" in second.read_text()


def test_the_picker_learns_what_suits_the_world(qtbot: QtBot, window: MainWindow) -> None:
    bandits = window.agent.picker._items["gradient_bandit"]
    qtbot.waitUntil(lambda: not bandits.isEnabled())
    assert "trains on bandits" in bandits.toolTip()
    window.open_document(open_world("ten_armed_testbed"))
    qtbot.waitUntil(bandits.isEnabled)
