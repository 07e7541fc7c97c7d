"""Saved policies in the window: shown where they were trained, dropped onto it, and gone on from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

import rlsandbox
from rlsandbox.learning.agent import Snapshot
from rlsandbox.learning.deep import DeepAgent
from rlsandbox.marks import Arrows, Badges, Heatmap
from rlsandbox.policies.files import load_policy
from rlsandbox.policies.saved import SavedPolicy
from rlsandbox.studio.main_window import MainWindow
from rlsandbox.studio.training_control import POLICY
from rlsandbox.training.playing import PlayedEpisode
from rlsandbox.worlds.files import open_world
from rlsandbox.worlds.gym_world import GymWorld
from rlsandbox.worlds.point_world import PointWorld

SMALL = {"units": 8, "layers": 1, "n_steps": 16, "minibatch": 16, "epochs": 1}


def trained(path: Path, algorithm: str, world: str, seeds: int = 2, steps: int = 128, **options: Any) -> str:
    """A file of a policy that has learnt for a moment."""
    rlsandbox.train(algorithm, world, steps=128, seeds=seeds, **options).policy.save(path)
    return str(path)


@pytest.fixture(scope="module")
def point_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    return trained(tmp_path_factory.mktemp("p") / "point.rlpolicy", "ppo", "point:grid_4x4", **SMALL)


@pytest.fixture(scope="module")
def cart_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    return trained(tmp_path_factory.mktemp("p") / "cart.rlpolicy", "ppo", "gym:CartPole-v1", 1, **SMALL)


@pytest.fixture(scope="module")
def grid_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    return trained(tmp_path_factory.mktemp("p") / "grid.rlpolicy", "ppo", "grid_4x4", 1, **SMALL)


def learnt(qtbot: QtBot, window: MainWindow) -> Snapshot:
    """What is shown of a policy, as soon as there is something."""
    qtbot.waitUntil(lambda: window.control.progress is not None, timeout=30_000)
    assert window.control.progress is not None
    return window.control.progress.snapshot


def asked_at(window: MainWindow, snapshot: Snapshot) -> np.ndarray:
    """`[S, D]`: the places that the view asks about, and that a snapshot tells of."""
    place = window.places.place
    assert snapshot.played is not None and isinstance(place, PointWorld | GymWorld)
    chosen = window.control.slice
    assert chosen is not None and snapshot.played.slice == chosen
    return chosen.points(place.dimensions)


def train(qtbot: QtBot, window: MainWindow, steps: int) -> None:
    window.agent.budget.set_value(("steps", steps))
    window.agent.primary.click()
    qtbot.waitUntil(lambda: window.control.state == "finished", timeout=60_000)


def dropped(window: MainWindow, path: str) -> bool:
    """Drop a file onto the window, as a file manager does; whether the window takes it."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(path)])
    action, button, keys = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(9, 9), action, data, button, keys)
    enter.ignore()
    QApplication.sendEvent(window, enter)
    if enter.isAccepted():
        QApplication.sendEvent(window, QDropEvent(QPointF(9, 9), action, data, button, keys))
    return enter.isAccepted()


# -- shown -------------------------------------------------------------------------------------------


def test_a_policy_of_a_point_shows_its_values_and_forces(
    qtbot: QtBot, window: MainWindow, point_file: str
) -> None:
    window.policies.open_path(point_file)
    snapshot = learnt(qtbot, window)
    saved = load_policy(point_file)
    assert saved.network is not None
    assert window.places.kind == "point" and window.document.world == open_world("grid_4x4")
    played = snapshot.played
    assert played is not None
    forces = saved.network.chosen(saved.network.outputs(asked_at(window, snapshot)))
    np.testing.assert_allclose(played.forces, forces, atol=1e-5)
    assert snapshot.steps.tolist() == list(saved.card.steps)
    qtbot.waitUntil(lambda: any(isinstance(mark, Arrows) for mark in window.control.marks))
    heat = next(mark for mark in window.control.marks if isinstance(mark, Heatmap))
    assert heat.values.shape == (24, 24) and np.isfinite(heat.values[:18]).all()
    assert any(isinstance(mark, Badges) for mark in window.control.marks), "where it stands"
    assert window.spot_panel.texts()
    assert not window.control.runs, "a policy is no run"
    assert (window.control.current, window.control.state) == (None, "empty")
    assert window.agent.picker.algorithm() == "ppo"
    window.showing.take_replica(1)
    qtbot.waitUntil(lambda: learnt(qtbot, window).replica == 1)
    other = learnt(qtbot, window)
    assert other.played is not None
    forces = saved.network.chosen(saved.network.outputs(asked_at(window, other), 1))
    np.testing.assert_allclose(other.played.forces, forces, atol=1e-5)


def test_an_episode_of_a_points_policy_is_played(qtbot: QtBot, window: MainWindow, point_file: str) -> None:
    window.policies.open_path(point_file)
    learnt(qtbot, window)
    assert window.transport.record.isEnabled()
    window.transport.record.click()
    qtbot.waitUntil(lambda: window.control.episode is not None, timeout=10_000)
    episode = window.control.episode
    assert isinstance(episode, PlayedEpisode) and window.transport.mode() == "episode"
    network = load_policy(point_file).network
    assert network is not None
    np.testing.assert_allclose(episode.actions, network.chosen(network.outputs(episode.seen[:-1])), atol=1e-5)
    window.showing.live()
    assert window.transport.mode() == "live" and window.transport.play.isEnabled()


def test_a_policy_of_an_environment_shows_its_map_and_picture(
    qtbot: QtBot, window: MainWindow, cart_file: str
) -> None:
    window.policies.open_path(cart_file)
    snapshot = learnt(qtbot, window)
    view = window.environments.view
    assert window.places.place == GymWorld("CartPole-v1") and window.stage.currentWidget() is view
    network = load_policy(cart_file).network
    assert network is not None
    said = network.outputs(asked_at(window, snapshot))
    probs = np.exp(said) / np.exp(said).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(snapshot.policy, probs, atol=1e-5)
    qtbot.waitUntil(lambda: view.map._image.image is not None, timeout=10_000)
    qtbot.waitUntil(view.picture.has_picture, timeout=10_000)
    window.transport.record.click()
    qtbot.waitUntil(lambda: window.control.episode is not None, timeout=20_000)
    episode = window.control.episode
    assert isinstance(episode, PlayedEpisode) and len(episode.pictures) == len(episode) + 1


def test_reset_lets_go_of_a_shown_policy(qtbot: QtBot, window: MainWindow, point_file: str) -> None:
    window.policies.open_path(point_file)
    learnt(qtbot, window)
    window.reset()
    assert window.control.policy is None and window.control.progress is None and not window.canvas.marks
    qtbot.waitUntil(lambda: POLICY not in window.control.trainer._sessions)


def test_a_policy_of_a_drawn_world_fills_the_panel_as_well(window: MainWindow, grid_file: str) -> None:
    window.policies.open_path(grid_file)
    assert window.places.kind == "grid" and window.control.progress is not None
    assert window.notice.text() == "PPO, trained on Grid world 4x4."
    assert window.agent.picker.algorithm() == "ppo"
    assert window.agent.settings()["config"]["units"] == 8


# -- gone on from ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["grid", "point", "cart"])
def test_a_run_begins_with_the_networks_of_a_file(
    qtbot: QtBot,
    window: MainWindow,
    kind: str,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = request.getfixturevalue(f"{kind}_file")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (path, ""))
    window.policies.ask_to_train_on()
    saved, line = load_policy(path), window.agent.start_row
    assert line.isVisible() and line.label.text() == f"starts from {kind}.rlpolicy"
    assert window.places.place.digest == saved.place.digest
    asked = window.agent.settings()
    assert asked["algorithm"] == "ppo" and asked["seeds"] == saved.card.seeds
    assert {name: asked["config"][name] for name in SMALL} == SMALL
    window.step()
    qtbot.waitUntil(lambda: window.control.state == "paused", timeout=30_000)
    assert window.control.current is not None
    session = window.control.trainer._sessions[window.control.current]
    assert saved.network is not None and isinstance(session.agent, DeepAgent)
    for name, nets in session.agent.networks().items():
        flat = saved.network.networks[name].flat(session.agent.n_seeds)
        np.testing.assert_array_equal(nets.flat.numpy(), flat)
    assert not window.notice.isVisible(), "the offer is taken"


def test_the_cross_drops_the_policy(qtbot: QtBot, window: MainWindow, grid_file: str) -> None:
    window.policies.open_path(grid_file, train_on=True)
    line = window.agent.start_row
    qtbot.mouseClick(line.drop, Qt.MouseButton.LeftButton)
    assert not line.isVisible() and "start" not in window.agent.run_request()
    train(qtbot, window, 32)
    assert window.control.current is not None
    assert window.control.trainer._sessions[window.control.current].spec.start is None


def test_a_run_remembers_what_it_began_with(qtbot: QtBot, window: MainWindow, grid_file: str) -> None:
    window.policies.open_path(grid_file, train_on=True)
    train(qtbot, window, 32)
    assert window.agent.primary.text() == "Continue"
    window.agent.start_row.drop.click()
    assert window.agent.primary.text() == "Train", "without the file it is another run"
    window.bring_back(0)
    assert window.agent.start_row.label.text() == "starts from grid.rlpolicy"
    assert window.control.runs[0].row().details.endswith("starts from grid.rlpolicy")


def test_a_file_that_is_dropped_is_shown_and_offered(
    qtbot: QtBot, window: MainWindow, grid_file: str
) -> None:
    assert dropped(window, grid_file)
    assert window.control.policy is not None and not window.agent.start_row.isVisible()
    assert window.notice.action_button.text() == "Train on from it"
    qtbot.mouseClick(window.notice.action_button, Qt.MouseButton.LeftButton)
    assert window.agent.start_row.isVisible() and not window.notice.isVisible()
    assert not dropped(window, "/tmp/notes.txt")


def test_an_offer_ends_when_a_run_begins(qtbot: QtBot, window: MainWindow, grid_file: str) -> None:
    window.policies.open_path(grid_file)
    assert window.notice.isVisible()
    train(qtbot, window, 32)
    assert not window.notice.isVisible() and window.control.policy is None


# -- what does not fit -------------------------------------------------------------------------------


def test_a_table_is_refused_and_nothing_is_lost(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    path = trained(tmp_path / "table.rlpolicy", "q_learning", "grid_4x4", 1)
    world, settings = window.document.world, window.agent.settings()
    window.policies.open_path(path, train_on=True)
    sentence = "table.rlpolicy: this policy is a table without networks: a run cannot begin with it."
    assert window.notice.text() == sentence
    assert window.document.world is world and window.agent.settings() == settings
    assert window.control.policy is None and not window.agent.start_row.isVisible()
    window.policies.open_path(path)
    assert window.control.policy is not None and not window.notice.action_button.isVisible()


def test_an_environment_that_is_not_there_is_a_sentence(
    window: MainWindow, cart_file: str, tmp_path: Path
) -> None:
    saved = load_policy(cart_file)
    gone = SavedPolicy(saved.q, saved.probs, GymWorld("Gone-v0"), saved.card, network=saved.network)
    gone.save(tmp_path / "gone.rlpolicy")
    place = window.places.place
    window.policies.open_path(str(tmp_path / "gone.rlpolicy"), train_on=True)
    assert "there is no environment 'Gone-v0'" in window.notice.text()
    assert window.places.place is place and window.control.policy is None


def test_networks_of_other_sizes_are_a_sentence_under_train(
    qtbot: QtBot, window: MainWindow, grid_file: str
) -> None:
    window.policies.open_path(grid_file, train_on=True)
    window.agent.form.rows["units"].set_value(16)
    window.agent.primary.click()
    qtbot.waitUntil(lambda: bool(window.agent._notice.text()), timeout=30_000)
    wanted = "the hidden layers of its networks: 8; of those of this run: 16."
    assert wanted in window.agent._notice.text()
    assert not window.control.runs and window.agent.start_row.isVisible()
    window.agent.form.rows["units"].set_value(8)
    train(qtbot, window, 32)
    assert list(window.control.runs) == [1]


def test_another_world_is_refused_before_a_run_begins(window: MainWindow, grid_file: str) -> None:
    window.policies.open_path(grid_file, train_on=True)
    window.open_document(open_world("cliff_walking"))
    window.agent.primary.click()
    assert "this policy is for 4 x 4 cells" in window.agent._notice.text()
    assert not window.control.runs and window.control.state == "empty"


def test_the_policy_is_shown_again_when_its_run_is_refused(
    qtbot: QtBot, window: MainWindow, grid_file: str
) -> None:
    window.policies.open_path(grid_file, train_on=True)
    shown = window.control.policy
    window.agent.form.rows["units"].set_value(16)
    window.agent.primary.click()
    assert window.control.policy is None
    qtbot.waitUntil(lambda: window.control.policy is shown, timeout=10_000)
    assert "cannot begin" in window.agent._notice.text() and window.transport.record.isEnabled()


def test_another_opened_policy_is_not_what_the_line_spoke_of(
    window: MainWindow, grid_file: str, tmp_path: Path
) -> None:
    window.policies.open_path(grid_file, train_on=True)
    window.policies.open_path(trained(tmp_path / "table.rlpolicy", "q_learning", "grid_4x4", 1))
    assert not window.agent.start_row.isVisible() and window.agent.picker.algorithm() == "q_learning"


def test_a_sentence_under_the_buttons_is_scrolled_to(qtbot: QtBot, window: MainWindow) -> None:
    window.resize(1100, 700)
    window.agent.set_algorithm("dqn")
    notice = window.agent._notice
    window.agent.set_notice("What was asked for cannot be done. " * 4, "bad")
    qtbot.waitUntil(lambda: notice.visibleRegion().boundingRect().height() == notice.height())
