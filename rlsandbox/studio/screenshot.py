"""Makes the README's pictures: `python -m rlsandbox.studio.screenshot FOLDER`, with or without a screen.

The real window: Q-learning and then SARSA on cliff walking (Sutton & Barto, example 6.6), 16 seeds each.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEventLoop, QSettings, QTimer

from rlsandbox.studio.app import application
from rlsandbox.studio.main_window import MainWindow
from rlsandbox.studio.theme import theme_manager
from rlsandbox.training.pace import Pace

_SHOWN = ("sarsa", "q_learning")
_EXAMPLE = {"alpha": 0.5, "gamma": 1.0, "epsilon": 0.1}
_SECONDS_AFTER = 0.8


def take(folder: Path) -> None:
    """Write `studio-dark.png` and `studio-light.png` into a folder."""
    QSettings.setDefaultFormat(QSettings.Format.IniFormat)
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, tempfile.mkdtemp())
    app = application()
    theme_manager().apply(app, "dark")
    window = MainWindow()
    window.resize(1440, 900)
    window.show()
    _wait(lambda: window.warm.is_ready)
    window.control.set_pace(Pace(None, None))
    for algorithm in _SHOWN:
        window.agent.set_algorithm(algorithm, _EXAMPLE)
        window.reset()
        window.train()
        _wait(lambda: window.control.state == "finished")
        _sleep(_SECONDS_AFTER)  # its last curves come a little later
    window.canvas.select((2, 3))
    window.control.record()
    _wait(lambda: window.control.episode is not None)
    window.transport.pause()
    window.transport.set_frame(5)
    window.control.show_episode_frame(5)
    for theme in ("dark", "light"):
        theme_manager().apply(app, theme)  # type: ignore[arg-type]
        window.agent.seeds.setFocus()
        _sleep(_SECONDS_AFTER)
        window.grab().save(str(folder / f"studio-{theme}.png"))
    window.document.undo_stack.setClean()
    window.close()


def _wait(until: Callable[[], bool]) -> None:
    """Let the window live until something holds."""
    while not until():
        _sleep(0.05)


def _sleep(seconds: float) -> None:
    """Let the window live for a while."""
    loop = QEventLoop()
    QTimer.singleShot(int(1000 * seconds), loop.quit)
    loop.exec()


if __name__ == "__main__":
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    take(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("assets/screenshots"))
