"""A few of the window's tests once more in a real window, on an X server of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FEW = "newcomer or pause_step or wall_put or closing_while"


@pytest.mark.skipif(shutil.which("xvfb-run") is None, reason="needs an X server: xvfb is not installed")
def test_the_window_works_on_a_real_screen() -> None:
    environment = {**os.environ, "QT_QPA_PLATFORM": "xcb"}
    tests = Path(__file__).with_name("test_main_window.py")
    screen = ["xvfb-run", "-a", "-s", "-screen 0 1440x900x24"]
    pytest_command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tests), "-k", FEW]
    answer = subprocess.run(
        [*screen, *pytest_command], env=environment, capture_output=True, text=True, timeout=240, check=False
    )
    assert answer.returncode == 0, answer.stdout[-4000:] + answer.stderr[-2000:]
    assert "4 passed" in answer.stdout
