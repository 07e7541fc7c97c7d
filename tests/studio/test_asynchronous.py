"""Runs with processes of their own, in the studio: none outlives a run that is left, a lost one is missed."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from rlsandbox.learning.agent import View
from rlsandbox.studio.worker import Trainer
from rlsandbox.training.session import RunSpec
from tests.algorithms.deep.recorded import SMALL, brisk


def gone(pids: list[int]) -> bool:
    return not any(Path(f"/proc/{pid}").exists() for pid in pids)


def test_no_process_outlives_a_run_that_is_left_and_a_lost_one_fails_it(qtbot: QtBot) -> None:
    trainer, told, pids = Trainer(), [], []
    trainer.state_changed.connect(
        lambda run, state, sentence: told.append((run, state, sentence)), Qt.ConnectionType.DirectConnection
    )

    def look(session: Any) -> None:
        crew = session.agent.workers._crew
        pids[:] = [] if crew is None or session.clock == 0 else [process.pid for process in crew.processes]

    def running() -> bool:
        trainer.call(look)
        return len(pids) == 2

    trainer.start()
    try:
        trainer.ask(View())
        trainer.start_run(0, RunSpec("a3c", brisk(), {**SMALL, "workers": 2}, (0, 1), steps=10**9))
        qtbot.waitUntil(running, timeout=60_000)
        trainer.pause_run()
        qtbot.waitUntil(lambda: told[-1][1] == "paused")
        frame = trainer.take()
        assert frame is not None and frame.progress.snapshot.update is not None

        first = pids.copy()
        trainer.start_run(1, RunSpec("q_learning", brisk(), episodes=5))
        qtbot.waitUntil(lambda: told[-1][:2] == (1, "finished"))
        assert gone(first)

        trainer.select_run(0)
        trainer.resume_run()
        pids.clear()
        qtbot.waitUntil(lambda: running() and pids != first, timeout=60_000)
        os.kill(pids[0], signal.SIGKILL)
        qtbot.waitUntil(lambda: told[-1][:2] == (0, "failed"))
        assert told[-1][2].startswith("worker 1 of 2 ended unexpectedly (exit code -9)")
        assert gone(pids)
        trainer.recover_run()
        qtbot.waitUntil(lambda: told[-1][:2] == (0, "paused"))

        pids.clear()
        trainer.resume_run()
        qtbot.waitUntil(running, timeout=60_000)
    finally:
        trainer.close()
    assert gone(pids)
