"""Closing the window while it trains at full speed: does the process end cleanly, and how soon?"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import Any

TIMES = 50
_PROGRAM = """
import tempfile, time
from PySide6.QtCore import QSettings, QTimer
QSettings.setDefaultFormat(QSettings.Format.IniFormat)
QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, tempfile.mkdtemp())
from rlsandbox.studio.app import application
from rlsandbox.studio.main_window import MainWindow
from rlsandbox.training.pace import Pace
app = application()
window = MainWindow()
window.show()
window.control.set_pace(Pace(None, None))
budget = {"steps": 10**15, "episodes": None}
request = {"algorithm": "q_learning", "config": {}, "seeds": tuple(range(16)), **budget}
QTimer.singleShot(50, lambda: window.control.train(window.document.world, request))
def close():
    assert window.control.state == "training", window.control.state
    print(time.time(), flush=True)
    window.close()
def wait():
    frame = window.control.frame
    if frame is not None and frame.state == "training" and frame.progress.clock > 10**6:
        waiting.stop()
        QTimer.singleShot(100, close)
waiting = QTimer()
waiting.timeout.connect(wait)
waiting.start(20)
raise SystemExit(app.exec())
"""


def run(seconds: float | None = None) -> dict[str, Any]:
    """Close the window 50 times (as often as fits into `seconds`) in processes of their own, offscreen."""
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    took: list[float] = []
    clean, began = 0, time.perf_counter()
    while len(took) < TIMES and (seconds is None or not took or time.perf_counter() - began < seconds):
        answer = subprocess.run(
            [sys.executable, "-c", _PROGRAM],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        closed = float(answer.stdout.split()[0]) if answer.stdout.split() else float("nan")
        took.append(time.time() - closed)
        clean += answer.returncode == 0 and not answer.stderr.strip() and took[-1] < 2
        if answer.returncode != 0 or answer.stderr.strip():
            print(answer.returncode, answer.stderr, file=sys.stderr)
    return {"times": len(took), "clean_within_2_s": clean, "longest_s": round(max(took), 3)}
