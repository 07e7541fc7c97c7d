"""From launch to a painted window, and what `import rlsandbox` costs; every start is a process of its own."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from typing import Any

TIMES = 5
_WINDOW = """
import sys, time, tempfile
from PySide6.QtCore import QSettings
QSettings.setDefaultFormat(QSettings.Format.IniFormat)
QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, tempfile.mkdtemp())
from rlsandbox.studio import app
from rlsandbox.studio.canvas import Canvas
paint = Canvas.paintEvent
def timed(self, event):
    paint(self, event)
    print(time.time(), "torch" in sys.modules, flush=True)
    Canvas.paintEvent = paint
    self.window().close()
Canvas.paintEvent = timed
raise SystemExit(app.main())
"""
_IMPORT = "import time; import rlsandbox; print(time.time(), False)"


def run(seconds: float | None = None) -> dict[str, Any]:
    """Median and longest of five starts after one that is not counted, offscreen."""
    report: dict[str, Any] = {}
    for name, program in (("window", _WINDOW), ("import", _IMPORT)):
        took = [_start(program) for _ in range(1 + TIMES)][1:]
        report[f"{name}_s_median"] = round(statistics.median(took), 3)
        report[f"{name}_s_longest"] = round(max(took), 3)
    return report


def _start(program: str) -> float:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    began = time.time()
    answer = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    ready, loads_torch = answer.stdout.split()[:2]
    assert loads_torch == "False", "the window must not load torch"
    return float(ready) - began
