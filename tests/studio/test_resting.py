"""A run that rests is shown as it rests: nobody hears of a state before its frame is there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from rlsandbox.learning.agent import View
from rlsandbox.studio.frames import Frame
from rlsandbox.studio.main_window import MainWindow
from rlsandbox.studio.worker import Trainer
from rlsandbox.training.pace import Pace
from rlsandbox.training.session import RunSpec, TrainingSession
from rlsandbox.worlds.files import open_world
from rlsandbox.worlds.point_world import PointWorld
from tests.helpers import corridor


@pytest.fixture
def trainer() -> Iterator[Trainer]:
    result = Trainer()
    result.start()
    yield result
    result.close()


def test_frames_come_in_the_midst_of_updates_that_take_their_time(qtbot: QtBot, trainer: Trainer) -> None:
    """Three agents, two parts of a batch, critics and actor: twelve chances an update."""
    spec = RunSpec("sac", PointWorld(corridor(5)), {"learning_starts": 10}, seeds=(0, 1, 2), steps=10**6)
    inside: list[Frame | None] = []

    def watch(session: TrainingSession) -> None:
        agent, give_way = session.agent, session.agent.give_way

        def look() -> None:
            trainer.ask(View())
            give_way()
            inside.append(trainer.take())

        agent.give_way = look

    trainer.start_run(0, spec)
    trainer.call(watch)
    qtbot.waitUntil(lambda: len(inside) > 24, timeout=60_000)
    assert {frame.state for frame in inside if frame is not None} == {"training"}


def test_every_state_of_rest_comes_after_its_frame(qtbot: QtBot, trainer: Trainer) -> None:
    told: list[tuple[str, Frame | None]] = []

    def take(_run_id: int, state: str, _sentence: str) -> None:
        told.append((state, trainer.take()))

    trainer.state_changed.connect(take, Qt.ConnectionType.DirectConnection)  # at the very moment, over there
    trainer.start_run(0, RunSpec("q_learning", corridor(4), seeds=(0, 1), episodes=20))
    qtbot.waitUntil(lambda: [state for state, _ in told] == ["training", "finished"])
    trainer.continue_run(None, 5)
    qtbot.waitUntil(lambda: len(told) == 4)
    trainer.continue_run(None, 10**9)
    trainer.pause_run()
    qtbot.waitUntil(lambda: len(told) == 6)
    trainer.step_run()
    trainer.select_run(0)
    qtbot.waitUntil(lambda: len(told) == 9)
    for state, frame in told:
        if state != "training":
            assert frame is not None and (frame.state, frame.run_id) == (state, 0)
    episodes = [told[k][1].progress.snapshot.episodes.tolist() for k in (1, 3)]  # type: ignore[union-attr]
    assert episodes == [[20, 20], [25, 25]]


def test_a_view_of_a_seed_that_a_run_lacks_is_of_its_first(qtbot: QtBot, window: MainWindow) -> None:
    window.control.set_pace(Pace(None, None))
    window.agent.seeds.set_value(4)
    window.agent.primary.click()
    qtbot.waitUntil(lambda: window.control.state == "finished")
    window.control.set_replica(3)
    window.open_document(open_world("frozen_lake_4x4"))
    window.agent.seeds.set_value(1)
    window.agent.primary.click()
    qtbot.waitUntil(lambda: window.control.state == "finished")
    frame = window.control.frame
    assert frame is not None and frame.progress.snapshot.replica == 0


def test_a_window_that_never_looked_shows_the_end(qtbot: QtBot, window: MainWindow) -> None:
    window.control._timer.stop()  # as if every frame came too late
    window.control.set_pace(Pace(None, None))
    for algorithm in ("q_learning", "value_iteration"):
        window.agent.set_algorithm(algorithm)
        window.reset()
        window.train()
        assert window.control.state == "training", "a click shows at once"
        qtbot.waitUntil(lambda: window.control.state == "finished", timeout=30_000)
        frame = window.control.frame
        assert frame is not None and frame.state == "finished" and frame.progress.finished
        assert frame.progress.oracle is not None and window.control.marks
        run = window.control.runs[frame.run_id]
        assert run.frame is not None and run.frame.evaluation is not None, "its figures are there as well"
    window.go_on()
    assert window.control.state == "training"
    window.bring_back(0)
    assert window.control.state == "empty"
    qtbot.waitUntil(lambda: window.control.state == "finished")
    frame = window.control.frame
    assert frame is not None and (frame.run_id, frame.state) == (0, "finished")
