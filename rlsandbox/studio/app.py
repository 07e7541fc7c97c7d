"""Starts the studio."""

from __future__ import annotations

import os
import signal
import sys

from PySide6.QtCore import QCoreApplication, QTimer
from PySide6.QtWidgets import QApplication

from rlsandbox.studio.theme import icon, theme_manager
from rlsandbox.worlds.errors import SandboxError

SWITCH_INTERVAL = 0.001
"""Seconds after which window and trainer give each other the interpreter; Python's own 5 ms cost a frame."""


def application() -> QApplication:
    """The application of this process, named and ready to be dressed."""
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        QCoreApplication.setOrganizationName("RL Sandbox")
        QCoreApplication.setApplicationName("studio")
        app = QApplication(sys.argv[:1])
        app.setApplicationDisplayName("RL Sandbox")
        app.setDesktopFileName("rl-sandbox")
    return app


def main(file: str | None = None) -> int:
    """Open the studio, with a file or a world of the gallery, and return when its window is closed."""
    from rlsandbox.studio.main_window import MainWindow
    from rlsandbox.studio.settings import settings

    sys.setswitchinterval(SWITCH_INTERVAL)
    app = application()
    theme_manager().apply(app, str(settings().value("theme", "dark")))  # type: ignore[arg-type]
    app.setWindowIcon(icon("app"))
    window = MainWindow()
    if file is not None:
        try:
            window.document.open_file(file)
        except SandboxError as error:
            window.say(str(error), "bad")
    window.show()
    signal.signal(signal.SIGINT, lambda *_: window.close())
    beat = QTimer()  # lets Python look at signals while Qt waits for events
    beat.start(200)
    beat.timeout.connect(lambda: None)
    quit_after = os.environ.get("RLSANDBOX_QUIT_AFTER")
    if quit_after:
        QTimer.singleShot(int(1000 * float(quit_after)), window.close)
    return app.exec()
